// SPDX-License-Identifier: MIT
#include "simulator/net/dns_packet.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

enum {
    HEADER_BYTES = 12,
    LABEL_BYTES_MOST = 63,
    BIT_RESPONSE = 0x8000,
    BIT_AUTHORITATIVE = 0x0400,
    BIT_TRUNCATED = 0x0200,
    BIT_RECURSION_WANTED = 0x0100,
    BIT_RECURSION_THERE = 0x0080,
    MASK_OPCODE = 0x7800,
    CLASS_IN = 1,
    EDNS_UDP_BYTES = 1232,
    EDNS_BYTES = 11,
};

static uint16_t u16_at(struct span s, size_t at)
{
    return (uint16_t)(s.ptr[at] << 8 | s.ptr[at + 1]);
}

// A question's name is never compressed: nothing stands before it.
static int read_name(struct span message, size_t *at, char out[DNS_NAME_BYTES_MOST + 1])
{
    size_t used = 0;
    for (;;) {
        ENSURE(*at < message.len, ERR_SYNTAX);
        size_t len = message.ptr[(*at)++];
        if (len == 0) {
            out[used ? used - 1 : 0] = '\0';
            return 0;
        }
        ENSURE(len <= LABEL_BYTES_MOST && message.len - *at >= len, ERR_SYNTAX);
        ENSURE(used + len + 1 <= DNS_NAME_BYTES_MOST, ERR_SYNTAX);
        for (size_t i = 0; i < len; i++) {
            int c = message.ptr[*at + i];
            out[used++] = isgraph(c) && c != '.' ? (char)tolower(c) : '?';
        }
        out[used++] = '.';
        *at += len;
    }
}

// The only record that may follow a question of ours: OPT, with a root name.
static void read_edns(struct span message, struct dns_query *out)
{
    size_t at = out->question_end;
    bool is_opt = message.len >= at + EDNS_BYTES && message.ptr[at] == 0 &&
                  u16_at(message, at + 1) == DNS_OPT;
    if (is_opt && u16_at(message, 10) > 0) {
        uint16_t bytes = u16_at(message, at + 3);
        out->has_edns = true;
        out->udp_bytes = bytes > DNS_UDP_BYTES ? bytes : DNS_UDP_BYTES;
    }
}

static enum dns_code read_question(struct span message, struct dns_query *out)
{
    size_t at = HEADER_BYTES;
    if ((u16_at(message, 2) & MASK_OPCODE) != 0) {
        return DNS_NOT_IMPLEMENTED;
    }
    if (u16_at(message, 4) != 1 || read_name(message, &at, out->name) < 0 ||
        message.len - at < 4) {
        out->name[0] = '\0';
        return DNS_FORMAT_ERROR;
    }
    out->type = u16_at(message, at);
    out->class_code = u16_at(message, at + 2);
    out->question_end = at + 4;
    read_edns(message, out);
    return out->class_code == CLASS_IN ? DNS_OK : DNS_REFUSED;
}

int dns_read_query(struct span message, struct dns_query *out)
{
    *out = (struct dns_query){.udp_bytes = DNS_UDP_BYTES, .question_end = HEADER_BYTES};
    if (message.len < HEADER_BYTES || u16_at(message, 2) & BIT_RESPONSE) {
        FAIL(ERR_SYNTAX, "%zu bytes that are no DNS query", message.len);
    }
    out->id = u16_at(message, 0);
    out->wants_recursion = u16_at(message, 2) & BIT_RECURSION_WANTED;
    out->code = read_question(message, out);
    return 0;
}

static void patch_u16(struct buf *out, size_t at, unsigned value)
{
    out->data[at] = (uint8_t)(value >> 8);
    out->data[at + 1] = (uint8_t)value;
}

int dns_begin_answer(struct dns_answer *a, const struct dns_query *query, struct span message,
                     enum dns_code code, struct buf *out)
{
    bool has_question = query->question_end > HEADER_BYTES;
    *a = (struct dns_answer){.start = out->len, .has_edns = query->has_edns};
    TRY(buf_append_u16be(out, query->id));
    TRY(buf_append_u16be(out, (uint16_t)(BIT_RESPONSE | BIT_AUTHORITATIVE | BIT_RECURSION_THERE |
                                         (query->wants_recursion ? BIT_RECURSION_WANTED : 0) |
                                         (unsigned)code)));
    TRY(buf_append_u16be(out, has_question));
    TRY(buf_append(out, SPAN_LITERAL("\0\0\0\0\0\0"))); // counts, set at the end
    return buf_append(out,
                      span_slice(message, HEADER_BYTES, query->question_end - HEADER_BYTES));
}

static int put_name(const char *name, struct buf *out)
{
    if (!name) { // a pointer to the question, in the asker's spelling
        return buf_append_u16be(out, 0xC000 | HEADER_BYTES);
    }
    struct span rest = span_text(name);
    while (rest.len > 0) {
        struct span label = span_cut(rest, '.', &rest);
        ENSURE(label.len > 0 && label.len <= LABEL_BYTES_MOST, ERR_VALUE);
        TRY(buf_append_u8(out, (uint8_t)label.len));
        TRY(buf_append(out, label));
    }
    return buf_append_u8(out, 0);
}

static int put_head(struct dns_answer *a, const char *name, enum dns_type type, uint32_t ttl_s,
                    struct buf *out)
{
    a->records++;
    TRY(put_name(name, out));
    TRY(buf_append_u16be(out, (uint16_t)type));
    TRY(buf_append_u16be(out, CLASS_IN));
    return buf_append_u32be(out, ttl_s);
}

int dns_put_alias(struct dns_answer *a, const char *name, uint32_t ttl_s, const char *target,
                  struct buf *out)
{
    TRY(put_head(a, name, DNS_CNAME, ttl_s, out));
    size_t at = out->len;
    TRY(buf_append_u16be(out, 0));
    TRY(put_name(target, out));
    patch_u16(out, at, (unsigned)(out->len - at - 2));
    return 0;
}

int dns_put_address(struct dns_answer *a, const char *name, uint32_t ttl_s, const char *address,
                    struct buf *out)
{
    uint8_t bytes[16];
    bool is_v6 = strchr(address, ':') != NULL;
    size_t size = is_v6 ? 16 : 4;
    ENSURE(inet_pton(is_v6 ? AF_INET6 : AF_INET, address, bytes) == 1, ERR_VALUE);
    TRY(put_head(a, name, is_v6 ? DNS_AAAA : DNS_A, ttl_s, out));
    TRY(buf_append_u16be(out, (uint16_t)size));
    return buf_append(out, span_of(bytes, size));
}

int dns_end_answer(struct dns_answer *a, struct buf *out)
{
    patch_u16(out, a->start + 6, a->records);
    patch_u16(out, a->start + 10, a->has_edns);
    if (!a->has_edns) {
        return 0;
    }
    TRY(buf_append_u8(out, 0));
    TRY(buf_append_u16be(out, DNS_OPT));
    TRY(buf_append_u16be(out, EDNS_UDP_BYTES));
    return buf_append(out, SPAN_LITERAL("\0\0\0\0\0\0")); // extended code, version, flags, no options
}

void dns_truncate(struct dns_answer *a, const struct dns_query *query, struct buf *out)
{
    buf_truncate(out, a->start + query->question_end);
    patch_u16(out, a->start + 2,
              (unsigned)(out->data[a->start + 2] << 8 | out->data[a->start + 3]) | BIT_TRUNCATED);
    patch_u16(out, a->start + 6, 0);
    patch_u16(out, a->start + 10, 0);
}
