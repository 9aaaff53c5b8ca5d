// SPDX-License-Identifier: MIT
#include "simulator/mqtt/packet.h"
#include "base/error.h"

enum { HEADER_BYTES_MOST = 5, KEPT_BYTES_MOST = 16384, STRING_BYTES_MOST = 65535 };

static const char *const names[16] = {
    [PACKET_CONNECT] = "CONNECT",   [PACKET_CONNACK] = "CONNACK",
    [PACKET_PUBLISH] = "PUBLISH",   [PACKET_PUBACK] = "PUBACK",
    [PACKET_PUBREC] = "PUBREC",     [PACKET_PUBREL] = "PUBREL",
    [PACKET_PUBCOMP] = "PUBCOMP",   [PACKET_SUBSCRIBE] = "SUBSCRIBE",
    [PACKET_SUBACK] = "SUBACK",     [PACKET_UNSUBSCRIBE] = "UNSUBSCRIBE",
    [PACKET_UNSUBACK] = "UNSUBACK", [PACKET_PINGREQ] = "PINGREQ",
    [PACKET_PINGRESP] = "PINGRESP", [PACKET_DISCONNECT] = "DISCONNECT",
};

const char *mqtt_packet_name(enum packet_type type)
{
    return names[type] ? names[type] : "";
}

void mqtt_reader_init(struct mqtt_reader *r)
{
    *r = (struct mqtt_reader){0};
    buf_init(&r->body, MQTT_PACKET_BYTES_MOST);
}

void mqtt_reader_deinit(struct mqtt_reader *r)
{
    buf_deinit(&r->body);
}

const char *mqtt_reader_packet(const struct mqtt_reader *r)
{
    return r->header_len > 0 ? mqtt_packet_name((enum packet_type)(r->first >> 4)) : "";
}

static int check_first(uint8_t first)
{
    const char *name = names[first >> 4];
    uint8_t flags = first & 15;
    if (!name) {
        FAIL(ERR_PROTOCOL, "packet type %d does not exist", first >> 4);
    }
    uint8_t type = first >> 4;
    bool wants_two =
        type == PACKET_PUBREL || type == PACKET_SUBSCRIBE || type == PACKET_UNSUBSCRIBE;
    if (type != PACKET_PUBLISH && flags != (wants_two ? 2 : 0)) {
        FAIL(ERR_PROTOCOL, "the flags of %s are %d, expected %d", name, flags, wants_two ? 2 : 0);
    }
    return 0;
}

static int take_header_byte(struct mqtt_reader *r, uint8_t byte)
{
    if (r->header_len == 0) {
        r->first = byte;
        r->header_len = 1;
        return check_first(byte);
    }
    r->remaining |= (size_t)(byte & 0x7F) << (7 * (r->header_len - 1));
    r->header_len++;
    r->has_header = (byte & 0x80) == 0;
    if (!r->has_header && r->header_len == HEADER_BYTES_MOST) {
        FAIL(ERR_PROTOCOL, "the remaining length has more than four bytes");
    }
    if (r->has_header && r->remaining + r->header_len > MQTT_PACKET_BYTES_MOST) {
        FAIL(ERR_TOO_BIG, "the packet has %zu bytes; the hub takes at most %d",
             r->remaining + r->header_len, MQTT_PACKET_BYTES_MOST);
    }
    return 0;
}

static void begin_next(struct mqtt_reader *r)
{
    if (r->body.capacity > KEPT_BYTES_MOST) {
        buf_deinit(&r->body);
    }
    buf_clear(&r->body);
    r->header_len = 0;
    r->remaining = 0;
    r->has_header = false;
    r->is_delivered = false;
}

int mqtt_reader_next(struct mqtt_reader *r, struct span *bytes, struct mqtt_packet *out)
{
    if (r->is_delivered) {
        begin_next(r);
    }
    while (!r->has_header) {
        if (bytes->len == 0) {
            return 0;
        }
        uint8_t byte = bytes->ptr[0];
        *bytes = span_from(*bytes, 1);
        TRY(take_header_byte(r, byte));
    }
    struct span part = span_slice(*bytes, 0, r->remaining - r->body.len);
    TRY(buf_append(&r->body, part));
    *bytes = span_from(*bytes, part.len);
    if (r->body.len < r->remaining) {
        return 0;
    }
    *out = (struct mqtt_packet){.type = (enum packet_type)(r->first >> 4),
                                .flags = r->first & 15,
                                .body = buf_span(&r->body)};
    r->is_delivered = true;
    return 1;
}

static int fail_short(void)
{
    FAIL(ERR_PROTOCOL, "the packet ends inside a field");
}

int mqtt_take_u8(struct span *rest, uint8_t *out)
{
    if (rest->len < 1) {
        return fail_short();
    }
    *out = rest->ptr[0];
    *rest = span_from(*rest, 1);
    return 0;
}

int mqtt_take_u16(struct span *rest, uint16_t *out)
{
    if (rest->len < 2) {
        return fail_short();
    }
    *out = (uint16_t)(rest->ptr[0] << 8 | rest->ptr[1]);
    *rest = span_from(*rest, 2);
    return 0;
}

int mqtt_take_bytes(struct span *rest, struct span *out)
{
    uint16_t len = 0;
    TRY(mqtt_take_u16(rest, &len));
    if (rest->len < len) {
        return fail_short();
    }
    *out = span_slice(*rest, 0, len);
    *rest = span_from(*rest, len);
    return 0;
}

int mqtt_take_text(struct span *rest, struct span *out)
{
    TRY(mqtt_take_bytes(rest, out));
    if (!mqtt_text_is_valid(*out)) {
        FAIL(ERR_PROTOCOL, "a text is not UTF-8 or contains U+0000");
    }
    return 0;
}

int mqtt_take_id(struct span *rest, uint16_t *out)
{
    TRY(mqtt_take_u16(rest, out));
    if (*out == 0) {
        FAIL(ERR_PROTOCOL, "the packet id is 0; expected 1 to 65535");
    }
    return 0;
}

int mqtt_take_end(struct span rest)
{
    if (rest.len > 0) {
        FAIL(ERR_PROTOCOL, "%zu bytes are left over behind the last field", rest.len);
    }
    return 0;
}

// Bytes of the well-formed sequence at the front (RFC 3629 4), 0 when there is none.
static size_t sequence_length(struct span s)
{
    uint8_t c = s.ptr[0];
    uint8_t least = 0x80;
    uint8_t most = 0xBF;
    size_t len = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (c == 0 || len == 0 || len > s.len) {
        return 0;
    }
    least = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : least;
    most = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : most;
    for (size_t i = 1; i < len; i++) {
        if (s.ptr[i] < least || s.ptr[i] > most) {
            return 0;
        }
        least = 0x80;
        most = 0xBF;
    }
    return len;
}

bool mqtt_text_is_valid(struct span text)
{
    while (text.len) {
        size_t len = sequence_length(text);
        if (len == 0) {
            return false;
        }
        text = span_from(text, len);
    }
    return true;
}

int mqtt_write_header(enum packet_type type, uint8_t flags, size_t remaining_bytes, struct buf *out)
{
    ENSURE(remaining_bytes < 1U << 28, ERR_TOO_BIG);
    TRY(buf_append_u8(out, (uint8_t)(type << 4 | flags)));
    do {
        uint8_t more = remaining_bytes > 127 ? 0x80 : 0;
        TRY(buf_append_u8(out, (uint8_t)((remaining_bytes & 0x7F) | more)));
        remaining_bytes >>= 7;
    } while (remaining_bytes > 0);
    return 0;
}

int mqtt_write_bytes(struct span bytes, struct buf *out)
{
    ENSURE(bytes.len <= STRING_BYTES_MOST, ERR_TOO_BIG);
    TRY(buf_append_u16be(out, (uint16_t)bytes.len));
    return buf_append(out, bytes);
}

int mqtt_write_id_packet(enum packet_type type, uint16_t packet_id, struct buf *out)
{
    TRY(mqtt_write_header(type, 0, 2, out));
    return buf_append_u16be(out, packet_id);
}

int mqtt_read_id_packet(const struct mqtt_packet *p, uint16_t *packet_id)
{
    struct span rest = p->body;
    TRY(mqtt_take_id(&rest, packet_id));
    return mqtt_take_end(rest);
}
