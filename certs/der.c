// SPDX-License-Identifier: MIT
#include "certs/der.h"
#include "base/error.h"
#include "base/when.h"

#include <stdio.h>
#include <string.h>

struct der der_begin(struct buf *out)
{
    return (struct der){.out = out};
}

static void keep(struct der *d, int code)
{
    if (d->code == 0 && code < 0) {
        d->code = code;
    }
}

void der_raw(struct der *d, struct span encoded)
{
    if (d->code == 0 && encoded.len > 0) {
        keep(d, buf_append(d->out, encoded));
    }
}

static void put_byte(struct der *d, uint8_t byte)
{
    der_raw(d, span_of(&byte, 1));
}

size_t der_open(struct der *d, uint8_t tag)
{
    put_byte(d, tag);
    put_byte(d, 0); // the short length; der_close makes room for a long one
    return d->out->len;
}

void der_close(struct der *d, size_t mark)
{
    if (d->code < 0) {
        return;
    }
    size_t len = d->out->len - mark;
    if (len < 0x80) {
        d->out->data[mark - 1] = (uint8_t)len;
        return;
    }
    uint8_t more = 0;
    for (size_t rest = len; rest > 0; rest >>= 8) {
        more++;
    }
    static const uint8_t room[sizeof(size_t)];
    der_raw(d, span_of(room, more));
    if (d->code < 0) {
        return;
    }
    uint8_t *at = d->out->data + mark;
    memmove(at + more, at, len);
    at[-1] = (uint8_t)(0x80 | more);
    for (int i = more - 1; i >= 0; i--) {
        at[i] = (uint8_t)len;
        len >>= 8;
    }
}

void der_value(struct der *d, uint8_t tag, struct span bytes)
{
    size_t mark = der_open(d, tag);
    der_raw(d, bytes);
    der_close(d, mark);
}

void der_boolean(struct der *d, bool value)
{
    der_value(d, DER_BOOLEAN, span_of(value ? "\xff" : "\x00", 1));
}

void der_null(struct der *d)
{
    der_value(d, DER_NULL, SPAN_EMPTY);
}

void der_unsigned(struct der *d, struct span big_endian)
{
    while (big_endian.len > 1 && big_endian.ptr[0] == 0) {
        big_endian = span_from(big_endian, 1);
    }
    size_t mark = der_open(d, DER_INTEGER);
    if (big_endian.len == 0 || big_endian.ptr[0] >= 0x80) {
        put_byte(d, 0);
    }
    der_raw(d, big_endian);
    der_close(d, mark);
}

void der_number(struct der *d, uint8_t value)
{
    der_unsigned(d, span_of(&value, 1));
}

void der_bit_string(struct der *d, struct span bytes, uint8_t unused_bits)
{
    size_t mark = der_open(d, DER_BIT_STRING);
    put_byte(d, unused_bits);
    der_raw(d, bytes);
    der_close(d, mark);
}

// The next arc of a dotted OID; false when it is no number of 64 bits.
static bool next_arc(struct span *dotted, uint64_t *arc)
{
    struct span word = span_cut(*dotted, '.', dotted);
    return span_parse_u64(word, arc) == 0;
}

// The first two arcs, which share one number (X.690 8.19.4).
static bool first_arcs(struct span *dotted, uint64_t *joined)
{
    uint64_t first, second;
    if (!next_arc(dotted, &first) || !dotted->ptr || !next_arc(dotted, &second)) {
        return false;
    }
    *joined = first * 40 + second;
    return first < 2 ? second < 40 : first == 2 && second < UINT64_MAX - 80;
}

bool der_is_oid(struct span dotted)
{
    uint64_t arc;
    if (!first_arcs(&dotted, &arc)) {
        return false;
    }
    while (dotted.ptr) {
        if (!next_arc(&dotted, &arc)) {
            return false;
        }
    }
    return true;
}

static void put_arc(struct der *d, uint64_t arc)
{
    int shift = 63;
    while (shift > 0 && arc >> shift == 0) {
        shift -= 7;
    }
    for (; shift >= 0; shift -= 7) {
        put_byte(d, (uint8_t)((arc >> shift & 0x7f) | (shift > 0 ? 0x80 : 0)));
    }
}

void der_oid(struct der *d, struct span dotted)
{
    if (!der_is_oid(dotted)) {
        keep(d, error_set(ERR_SYNTAX, "'%.*s' is not an object identifier", SPAN_ARG(dotted)));
        return;
    }
    uint64_t arc = 0;
    size_t mark = der_open(d, DER_OID);
    bool has_arc = first_arcs(&dotted, &arc);
    put_arc(d, arc);
    while (has_arc && dotted.ptr) {
        has_arc = next_arc(&dotted, &arc);
        put_arc(d, arc);
    }
    der_close(d, mark);
}

bool der_is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '\0' || (!is_alnum && !strchr(" '()+,-./:=?", c))) {
            return false;
        }
    }
    return true;
}

void der_text(struct der *d, struct span text)
{
    der_value(d, der_is_printable(text) ? DER_PRINTABLE_STRING : DER_UTF8_STRING, text);
}

void der_time(struct der *d, int64_t utc_s)
{
    der_time_as(d, utc_s, DER_TIME_BY_YEAR);
}

void der_time_as(struct der *d, int64_t utc_s, enum der_time_form form)
{
    struct civil_date at = civil_from_utc(utc_s);
    if (at.year < 0 || at.year > 9999) {
        keep(d, error_set(ERR_VALUE, "a certificate cannot carry the year %lld (0 to 9999 only)",
                          (long long)at.year));
        return;
    }
    bool is_short = form != DER_TIME_GENERALIZED && at.year >= 1950 && at.year <= 2049;
    char text[40], seconds[16];
    snprintf(seconds, sizeof seconds, "%02d", at.second);
    int len = snprintf(text, sizeof text, "%0*d%02d%02d%02d%02d%s%s", is_short ? 2 : 4,
                       (int)at.year % (is_short ? 100 : 10000), at.month, at.day, at.hour,
                       at.minute, form == DER_TIME_NO_SECONDS ? "" : seconds,
                       form == DER_TIME_OFFSET ? "+0000" : "Z");
    der_value(d, is_short ? DER_UTC_TIME : DER_GENERALIZED_TIME, span_of(text, (size_t)len));
}
