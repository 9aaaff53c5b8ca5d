// SPDX-License-Identifier: MIT
#include "certs/doctor/openssl_hash.h"
#include "base/hash.h"
#include "certs/der.h"
#include "certs/doctor/der_read.h"

#include <stdio.h>

enum { NAME_BYTES_MOST = 1 << 16 };

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Blanks at the ends go, inner runs become one, ASCII letters become lower case.
static int fold(struct span value, struct buf *out)
{
    while (value.len && is_space(value.ptr[0])) {
        value = span_from(value, 1);
    }
    while (value.len && is_space(value.ptr[value.len - 1])) {
        value.len--;
    }
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        bool is_run = is_space(c) && i > 0 && is_space(value.ptr[i - 1]);
        int code = 0;
        if (is_space(c)) {
            code = is_run ? 0 : buf_append_u8(out, ' ');
        } else {
            code = buf_append_u8(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
        }
        if (code < 0) {
            return code;
        }
    }
    return 0;
}

static bool fold_attribute(struct der *d, struct span attribute)
{
    struct der_item sequence;
    struct der_item oid;
    struct der_item value;
    if (!der_next(&attribute, &sequence) || !der_next(&sequence.value, &oid) ||
        !der_next(&sequence.value, &value)) {
        return false;
    }
    // UTF8String, PrintableString, IA5String
    bool is_text = value.tag == 0x0c || value.tag == 0x13 || value.tag == 0x16;
    size_t mark = der_open(d, DER_SEQUENCE);
    der_raw(d, oid.whole);
    if (is_text) {
        struct buf folded HR_CLEANUP(buf_deinit);
        buf_init(&folded, NAME_BYTES_MOST);
        d->code = d->code < 0 ? d->code : fold(value.value, &folded);
        der_value(d, DER_UTF8_STRING, buf_span(&folded));
    }
    der_close(d, mark);
    return is_text;
}

bool openssl_name_hash(struct span name, char out[9])
{
    struct buf canonical HR_CLEANUP(buf_deinit);
    struct der_item sequence;
    struct der_item set;
    uint8_t sha1[HASH_SHA1_BYTES];
    buf_init(&canonical, NAME_BYTES_MOST);
    struct der d = der_begin(&canonical);
    if (!der_next(&name, &sequence)) {
        return false;
    }
    while (der_next(&sequence.value, &set)) {
        size_t mark = der_open(&d, DER_SET);
        bool is_done = fold_attribute(&d, set.value);
        der_close(&d, mark);
        if (!is_done) {
            return false;
        }
    }
    if (d.code < 0 || hash_sha1(buf_span(&canonical), sha1) < 0) {
        return false;
    }
    snprintf(out, 9, "%02x%02x%02x%02x", sha1[3], sha1[2], sha1[1], sha1[0]);
    return true;
}
