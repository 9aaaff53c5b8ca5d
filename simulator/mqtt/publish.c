// SPDX-License-Identifier: MIT
// PUBLISH (MQTT 3.3), both ways.
#include "base/error.h"
#include "simulator/mqtt/packet.h"

enum { FLAG_RETAIN = 1, FLAG_DUP = 8 };

static int check_topic(struct span topic)
{
    if (topic.len == 0) {
        FAIL(ERR_PROTOCOL, "the topic is empty");
    }
    if (span_find(topic, '#') < topic.len || span_find(topic, '+') < topic.len) {
        FAIL(ERR_PROTOCOL, "the topic contains a wildcard; percent-encode # as %%23 and + as %%2B");
    }
    return 0;
}

int mqtt_read_publish(const struct mqtt_packet *p, struct mqtt_publish *out)
{
    struct span rest = p->body;
    *out = (struct mqtt_publish){.qos = p->flags >> 1 & 3,
                                 .is_dup = p->flags & FLAG_DUP,
                                 .is_retain = p->flags & FLAG_RETAIN};
    if (out->qos == 3) {
        FAIL(ERR_PROTOCOL, "QoS 3 does not exist");
    }
    if (out->qos == 0 && out->is_dup) {
        FAIL(ERR_PROTOCOL, "DUP is set with QoS 0");
    }
    TRY(mqtt_take_text(&rest, &out->topic));
    TRY(check_topic(out->topic));
    TRY(out->qos ? mqtt_take_id(&rest, &out->packet_id) : 0);
    out->body = rest;
    return 0;
}

int mqtt_write_publish(const struct mqtt_publish *publish, struct buf *out)
{
    int flags = publish->qos << 1 | (publish->is_dup ? FLAG_DUP : 0) |
                (publish->is_retain ? FLAG_RETAIN : 0);
    size_t remaining = 2 + publish->topic.len + (publish->qos ? 2 : 0) + publish->body.len;
    TRY(mqtt_write_header(PACKET_PUBLISH, (uint8_t)flags, remaining, out));
    TRY(mqtt_write_bytes(publish->topic, out));
    TRY(publish->qos ? buf_append_u16be(out, publish->packet_id) : 0);
    return buf_append(out, publish->body);
}
