// SPDX-License-Identifier: MIT
// SUBSCRIBE (MQTT 3.8) and what a topic filter may look like (MQTT 4.7).
#include "base/error.h"
#include "simulator/mqtt/packet.h"

bool mqtt_filter_is_valid(struct span filter)
{
    struct span rest = filter;
    while (rest.ptr && filter.len > 0) {
        struct span level = span_cut(rest, '/', &rest);
        bool has_hash = span_find(level, '#') < level.len;
        bool has_plus = span_find(level, '+') < level.len;
        if ((has_hash || has_plus) && level.len > 1) {
            return false;
        }
        if (has_hash && rest.ptr) {
            return false; // only the last level
        }
    }
    return filter.len > 0;
}

static int take_filter(struct span *rest, struct mqtt_filter *out)
{
    uint8_t qos = 0;
    TRY(mqtt_take_text(rest, &out->text));
    TRY(mqtt_take_u8(rest, &qos));
    if (!mqtt_filter_is_valid(out->text)) {
        FAIL(ERR_PROTOCOL, "a topic filter is empty or has a wildcard inside a level");
    }
    if (qos > 2) {
        FAIL(ERR_PROTOCOL, "a filter asks for QoS %d; expected 0 to 2", qos);
    }
    out->qos = qos;
    return 0;
}

int mqtt_read_subscribe(const struct mqtt_packet *p, struct mqtt_subscribe *out)
{
    struct span rest = p->body;
    *out = (struct mqtt_subscribe){0};
    TRY(mqtt_take_id(&rest, &out->packet_id));
    out->filters = rest;
    while (rest.len) {
        struct mqtt_filter filter;
        TRY(take_filter(&rest, &filter));
        out->count++;
    }
    if (out->count == 0) {
        FAIL(ERR_PROTOCOL, "SUBSCRIBE has no topic filter");
    }
    return 0;
}

bool mqtt_next_subscribe(struct span *filters, struct mqtt_filter *out)
{
    return filters->len && take_filter(filters, out) == 0;
}

int mqtt_write_subscribe(uint16_t packet_id, const struct mqtt_filter *filters, size_t count,
                         struct buf *out)
{
    size_t remaining = 2;
    for (size_t i = 0; i < count; i++) {
        remaining += filters[i].text.len + 3;
    }
    TRY(mqtt_write_header(PACKET_SUBSCRIBE, 2, remaining, out));
    TRY(buf_append_u16be(out, packet_id));
    for (size_t i = 0; i < count; i++) {
        TRY(mqtt_write_bytes(filters[i].text, out));
        TRY(buf_append_u8(out, (uint8_t)filters[i].qos));
    }
    return 0;
}
