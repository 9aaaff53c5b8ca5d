// SPDX-License-Identifier: MIT
#include "certs/doctor/der_read.h"

#include <stdio.h>
#include <string.h>

// Length of tag and length bytes, and of the value. False: not definite, or over four bytes.
static bool read_header(struct span s, size_t *header_bytes, size_t *value_bytes)
{
    if (s.len < 2 || (s.ptr[0] & 0x1f) == 0x1f) {
        return false;
    }
    if (s.ptr[1] < 0x80) {
        *header_bytes = 2;
        *value_bytes = s.ptr[1];
        return true;
    }
    size_t count = s.ptr[1] & 0x7f;
    if (count == 0 || count > 4 || s.len < 2 + count) {
        return false;
    }
    size_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | s.ptr[2 + i];
    }
    *header_bytes = 2 + count;
    *value_bytes = value;
    return true;
}

size_t der_claimed_bytes(struct span s)
{
    size_t header = 0;
    size_t value = 0;
    return read_header(s, &header, &value) ? header + value : 0;
}

bool der_next(struct span *rest, struct der_item *out)
{
    size_t header = 0;
    size_t value = 0;
    if (!read_header(*rest, &header, &value) || value > rest->len - header) {
        return false;
    }
    out->tag = rest->ptr[0];
    out->value = span_slice(*rest, header, value);
    out->whole = span_slice(*rest, 0, header + value);
    *rest = span_from(*rest, header + value);
    return true;
}

const char *der_oid_text(struct span value, char *out, size_t capacity_bytes)
{
    size_t used = 0;
    uint64_t number = 0;
    bool is_first = true;
    out[0] = '\0';
    for (size_t i = 0; i < value.len; i++) {
        if (number >> 56) {
            out[0] = '\0';
            return out;
        }
        number = number << 7 | (value.ptr[i] & 0x7f);
        if (value.ptr[i] & 0x80) {
            continue;
        }
        uint64_t head = number < 80 ? number / 40 : 2;
        int n =
            is_first
                ? snprintf(out + used, capacity_bytes - used, "%llu.%llu", (unsigned long long)head,
                           (unsigned long long)(number - head * 40))
                : snprintf(out + used, capacity_bytes - used, ".%llu", (unsigned long long)number);
        used += (size_t)n;
        if (used >= capacity_bytes) {
            out[0] = '\0';
            return out;
        }
        is_first = false;
        number = 0;
    }
    return out;
}
