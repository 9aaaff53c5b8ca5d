// SPDX-License-Identifier: MIT
#include "simulator/mqtt/mangle.h"
#include "base/error.h"
#include "simulator/mqtt/packet.h"

#include <string.h>

enum { RESERVED_TYPE = 15, FLAG_BITS = 15, QOS_BITS = 6, FLAG_DUP = 8, ID_FLIP = 0x4000 };

// As the words of malform stand in its row.
enum malform { MALFORM_LENGTH, MALFORM_TRUNCATED, MALFORM_TYPE, MALFORM_QOS3, MALFORM_FLAGS };

struct parts {
    uint8_t first;
    struct span body;
};

static struct parts split(struct span packet)
{
    size_t at = 1;
    while (at < packet.len && packet.ptr[at] & 0x80) {
        at++;
    }
    return (struct parts){packet.ptr[0], span_from(packet, at + 1)};
}

static enum packet_type type_of(struct span packet)
{
    return (enum packet_type)(packet.ptr[0] >> 4);
}

// Writes the packet again with one byte of its first eight bits or its body changed.
static int append_changed(struct span packet, size_t at, uint8_t value, struct buf *out)
{
    size_t start = out->len;
    TRY(buf_append(out, packet));
    out->data[start + at] = value;
    return 0;
}

static int send_twice(const struct fault_decision *d, struct span packet, struct buf *out)
{
    (void)d;
    bool has_dup = type_of(packet) == PACKET_PUBLISH && packet.ptr[0] & QOS_BITS;
    TRY(buf_append(out, packet));
    return append_changed(packet, 0, (uint8_t)(packet.ptr[0] | (has_dup ? FLAG_DUP : 0)), out);
}

static int inject(const struct fault_decision *d, struct span packet, struct buf *out)
{
    TRY(buf_append(out, span_of(d->bytes, d->byte_count)));
    return buf_append(out, packet);
}

// The last character behind "$rid=", as another one that any client can read.
static int change_rid(struct span packet, struct buf *out)
{
    static const char mark[] = "$rid=";
    struct parts p = split(packet);
    struct mqtt_packet parsed = {PACKET_PUBLISH, p.first & FLAG_BITS, p.body};
    struct mqtt_publish publish;
    TRY(mqtt_read_publish(&parsed, &publish));
    const uint8_t *at = memmem(publish.topic.ptr, publish.topic.len, mark, sizeof mark - 1);
    ENSURE(at != NULL, ERR_INTERNAL);
    size_t begin = (size_t)(at - publish.topic.ptr) + sizeof mark - 1;
    size_t len = span_find(span_from(publish.topic, begin), '&');
    size_t last = (size_t)(publish.topic.ptr - packet.ptr) + begin + len - 1;
    return append_changed(packet, last, packet.ptr[last] == '0' ? '1' : '0', out);
}

static int change_id(const struct fault_decision *d, struct span packet, struct buf *out)
{
    (void)d;
    if (type_of(packet) == PACKET_PUBLISH) {
        return change_rid(packet, out);
    }
    size_t at = packet.len - split(packet).body.len;
    unsigned id = (unsigned)(packet.ptr[at] << 8 | packet.ptr[at + 1]) ^ ID_FLIP;
    id = id ? id : 1;
    size_t start = out->len;
    TRY(buf_append(out, packet));
    out->data[start + at] = (uint8_t)(id >> 8);
    out->data[start + at + 1] = (uint8_t)id;
    return 0;
}

static int break_length(const struct parts *p, struct buf *out)
{
    TRY(mqtt_write_header((enum packet_type)(p->first >> 4), p->first & FLAG_BITS, p->body.len + 1,
                          out));
    return buf_append(out, p->body);
}

// The header says what is there, but the fields need more. Of a packet without a body the first
// byte is left.
static int cut_short(const struct parts *p, struct buf *out)
{
    size_t kept = p->body.len / 2;
    if (p->body.len == 0) {
        return buf_append_u8(out, p->first);
    }
    TRY(mqtt_write_header((enum packet_type)(p->first >> 4), p->first & FLAG_BITS, kept, out));
    return buf_append(out, span_of(p->body.ptr, kept));
}

static int malform(const struct fault_decision *d, struct span packet, struct buf *out)
{
    struct parts p = split(packet);
    switch (d->number[0]) {
    case MALFORM_LENGTH:
        return break_length(&p, out);
    case MALFORM_TRUNCATED:
        return cut_short(&p, out);
    case MALFORM_TYPE:
        return append_changed(packet, 0, RESERVED_TYPE << 4, out);
    case MALFORM_QOS3:
        return append_changed(packet, 0, p.first | QOS_BITS, out);
    case MALFORM_FLAGS:
        return append_changed(packet, 0, p.first | FLAG_BITS, out);
    default: // remaining-length
        TRY(buf_append_u8(out, p.first));
        TRY(buf_append(out, SPAN_LITERAL("\xFF\xFF\xFF\xFF\x7F")));
        return buf_append(out, p.body);
    }
}

static int change_suback(const struct fault_decision *d, struct span packet, struct buf *out)
{
    size_t codes = split(packet).body.len - 2;
    TRY(buf_append(out, packet));
    memset(out->data + out->len - codes, (int)d->number[0], codes);
    return 0;
}

enum { CONNACK_FLAGS_AT = 2 };

static int lie_about_session(const struct fault_decision *d, struct span packet, struct buf *out)
{
    (void)d;
    return append_changed(packet, CONNACK_FLAGS_AT, packet.ptr[CONNACK_FLAGS_AT] ^ 1, out);
}

static int set_reserved_bits(const struct fault_decision *d, struct span packet, struct buf *out)
{
    (void)d;
    return append_changed(packet, CONNACK_FLAGS_AT, packet.ptr[CONNACK_FLAGS_AT] | 0xFE, out);
}

static int (*const manglers[FAULT_KIND_COUNT])(const struct fault_decision *d, struct span packet,
                                               struct buf *out) = {
    [FAULT_DOUBLE] = send_twice,
    [FAULT_INJECT] = inject,
    [FAULT_WRONG_ID] = change_id,
    [FAULT_MALFORM] = malform,
    [FAULT_SUBACK_CODE] = change_suback,
    [FAULT_SESSION_LIE] = lie_about_session,
    [FAULT_RESERVED_BITS] = set_reserved_bits,
};

bool mangle_is_for(enum fault_kind kind)
{
    return manglers[kind] != NULL;
}

int mangle_packet(const struct fault_decision *decision, struct span packet, struct buf *out)
{
    return manglers[decision->kind] ? manglers[decision->kind](decision, packet, out)
                                    : buf_append(out, packet);
}
