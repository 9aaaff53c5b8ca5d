// SPDX-License-Identifier: MIT
// CONNECT (MQTT 3.1).
#include "base/error.h"
#include "simulator/mqtt/packet.h"

enum {
    FLAG_RESERVED = 1,
    FLAG_CLEAN = 2,
    FLAG_WILL = 4,
    WILL_QOS_SHIFT = 3,
    FLAG_WILL_RETAIN = 32,
    FLAG_PASSWORD = 64,
    FLAG_USERNAME = 128,
    WILL_BITS = 0x38
};

static int read_protocol(struct span *rest, uint8_t *level)
{
    struct span name;
    TRY(mqtt_take_text(rest, &name));
    if (!span_equals_text(name, "MQTT")) {
        FAIL(ERR_PROTOCOL, "the protocol name is '%.*s', expected MQTT",
             (int)(name.len < 16 ? name.len : 16), (const char *)name.ptr);
    }
    return mqtt_take_u8(rest, level);
}

static int check_flags(uint8_t flags)
{
    if (flags & FLAG_RESERVED) {
        FAIL(ERR_PROTOCOL, "the reserved bit of the CONNECT flags is set");
    }
    if (!(flags & FLAG_WILL) && flags & WILL_BITS) {
        FAIL(ERR_PROTOCOL, "will QoS or will retain is set without a will");
    }
    if ((flags >> WILL_QOS_SHIFT & 3) == 3) {
        FAIL(ERR_PROTOCOL, "the will asks for QoS 3");
    }
    if (flags & FLAG_PASSWORD && !(flags & FLAG_USERNAME)) {
        FAIL(ERR_PROTOCOL, "a password without a user name");
    }
    return 0;
}

int mqtt_read_connect(const struct mqtt_packet *p, struct mqtt_connect *out)
{
    struct span rest = p->body;
    uint8_t flags = 0;
    *out = (struct mqtt_connect){0};
    TRY(read_protocol(&rest, &out->level));
    if (out->level != MQTT_LEVEL) {
        return 0; // other levels lay out the rest in another way
    }
    TRY(mqtt_take_u8(&rest, &flags));
    TRY(check_flags(flags));
    out->is_clean = flags & FLAG_CLEAN;
    out->has_will = flags & FLAG_WILL;
    out->is_will_retained = flags & FLAG_WILL_RETAIN;
    out->will_qos = flags >> WILL_QOS_SHIFT & 3;
    TRY(mqtt_take_u16(&rest, &out->keepalive_s));
    TRY(mqtt_take_text(&rest, &out->client_id));
    TRY(out->has_will ? mqtt_take_text(&rest, &out->will_topic) : 0);
    TRY(out->has_will ? mqtt_take_bytes(&rest, &out->will_body) : 0);
    TRY(flags & FLAG_USERNAME ? mqtt_take_text(&rest, &out->username) : 0);
    TRY(flags & FLAG_PASSWORD ? mqtt_take_bytes(&rest, &out->password) : 0);
    return mqtt_take_end(rest);
}

static uint8_t flags_of(const struct mqtt_connect *c)
{
    int flags = (c->is_clean ? FLAG_CLEAN : 0) | (c->username.ptr ? FLAG_USERNAME : 0) |
                (c->password.ptr ? FLAG_PASSWORD : 0);
    if (c->has_will) {
        flags |= FLAG_WILL | c->will_qos << WILL_QOS_SHIFT;
        flags |= c->is_will_retained ? FLAG_WILL_RETAIN : 0;
    }
    return (uint8_t)flags;
}

static size_t field_bytes(struct span field, bool is_present)
{
    return is_present ? field.len + 2 : 0;
}

int mqtt_write_connect(const struct mqtt_connect *c, struct buf *out)
{
    size_t remaining =
        10 + field_bytes(c->client_id, true) + field_bytes(c->will_topic, c->has_will) +
        field_bytes(c->will_body, c->has_will) + field_bytes(c->username, c->username.ptr) +
        field_bytes(c->password, c->password.ptr);
    TRY(mqtt_write_header(PACKET_CONNECT, 0, remaining, out));
    TRY(mqtt_write_bytes(SPAN_LITERAL("MQTT"), out));
    TRY(buf_append_u8(out, c->level));
    TRY(buf_append_u8(out, flags_of(c)));
    TRY(buf_append_u16be(out, c->keepalive_s));
    TRY(mqtt_write_bytes(c->client_id, out));
    TRY(c->has_will ? mqtt_write_bytes(c->will_topic, out) : 0);
    TRY(c->has_will ? mqtt_write_bytes(c->will_body, out) : 0);
    TRY(c->username.ptr ? mqtt_write_bytes(c->username, out) : 0);
    TRY(c->password.ptr ? mqtt_write_bytes(c->password, out) : 0);
    return 0;
}
