// SPDX-License-Identifier: MIT
// UNSUBSCRIBE (MQTT 3.10).
#include "base/error.h"
#include "simulator/mqtt/packet.h"

static int take_filter(struct span *rest, struct span *out)
{
    TRY(mqtt_take_text(rest, out));
    if (!mqtt_filter_is_valid(*out)) {
        FAIL(ERR_PROTOCOL, "a topic filter is empty or has a wildcard inside a level");
    }
    return 0;
}

int mqtt_read_unsubscribe(const struct mqtt_packet *p, struct mqtt_subscribe *out)
{
    struct span rest = p->body;
    *out = (struct mqtt_subscribe){0};
    TRY(mqtt_take_id(&rest, &out->packet_id));
    out->filters = rest;
    while (rest.len) {
        struct span filter;
        TRY(take_filter(&rest, &filter));
        out->count++;
    }
    if (out->count == 0) {
        FAIL(ERR_PROTOCOL, "UNSUBSCRIBE has no topic filter");
    }
    return 0;
}

bool mqtt_next_unsubscribe(struct span *filters, struct span *out)
{
    return filters->len && take_filter(filters, out) == 0;
}

int mqtt_write_unsubscribe(uint16_t packet_id, const struct span *filters, size_t count,
                           struct buf *out)
{
    size_t remaining = 2;
    for (size_t i = 0; i < count; i++) {
        remaining += filters[i].len + 2;
    }
    TRY(mqtt_write_header(PACKET_UNSUBSCRIBE, 2, remaining, out));
    TRY(buf_append_u16be(out, packet_id));
    for (size_t i = 0; i < count; i++) {
        TRY(mqtt_write_bytes(filters[i], out));
    }
    return 0;
}
