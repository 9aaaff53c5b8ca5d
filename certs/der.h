// SPDX-License-Identifier: MIT
// A small DER writer (X.690) on top of struct buf. Errors stick: after the first one every call
// does nothing, so that code reads like the schema and checks once, at the end.
//
//     struct der d = der_begin(&out);
//     size_t rdn = der_open(&d, DER_SEQUENCE);
//     der_oid(&d, span_text("2.5.4.3"));
//     der_text(&d, span_text("myhub"));
//     der_close(&d, rdn);
//     TRY(d.code);
#pragma once
#include "base/span.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_TELETEX_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,             // + number, primitive
    DER_CONTEXT_CONSTRUCTED = 0xa0, // + number
};

struct der {
    struct buf *out; // borrowed
    int code;        // 0, or the first error: the buf's, ERR_SYNTAX (OID) or ERR_VALUE (date)
};

struct der der_begin(struct buf *out);
// Start a value whose length is not known yet; der_close takes what der_open gave. They nest.
size_t der_open(struct der *d, uint8_t tag);
void der_close(struct der *d, size_t mark);
void der_value(struct der *d, uint8_t tag, struct span bytes);
void der_raw(struct der *d, struct span encoded); // bytes that are DER already

void der_boolean(struct der *d, bool value);
void der_null(struct der *d);
// An INTEGER of unsigned big-endian bytes: leading zeros go, a sign byte comes where it must.
void der_unsigned(struct der *d, struct span big_endian);
void der_number(struct der *d, uint8_t value);
void der_bit_string(struct der *d, struct span bytes, uint8_t unused_bits);
void der_oid(struct der *d, struct span dotted); // "2.5.4.3"
// PrintableString where its letters allow it, else UTF8String.
void der_text(struct der *d, struct span text);
// How a date is written. All but the first break RFC 5280 4.1.2.5 for some dates or for all.
enum der_time_form {
    DER_TIME_BY_YEAR = 0, // UTCTime for 1950 to 2049, else GeneralizedTime
    DER_TIME_GENERALIZED, // GeneralizedTime for every year
    DER_TIME_NO_SECONDS,  // UTCTime without seconds
    DER_TIME_OFFSET,      // UTCTime with +0000 in place of Z
};
// ERR_VALUE outside the years 0 to 9999.
void der_time(struct der *d, int64_t utc_s);
void der_time_as(struct der *d, int64_t utc_s, enum der_time_form form);

bool der_is_printable(struct span text); // the letters of PrintableString (X.680 41.4)
bool der_is_oid(struct span dotted);     // at least two arcs, each within 64 bits
