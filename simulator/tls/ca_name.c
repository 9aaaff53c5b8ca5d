// SPDX-License-Identifier: MIT
#include "simulator/tls/ca_name.h"
#include "base/error.h"

#include <stdio.h>

int ca_name_make(size_t number, struct buf *out)
{
    char text[60];
    int len = snprintf(text, sizeof text, "Foreign Device CA %zu", number);
    // SEQUENCE { SET { SEQUENCE { OID 2.5.4.3, UTF8String } } }, each length in one byte
    const uint8_t head[] = {
        0x30, (uint8_t)(len + 11), 0x31, (uint8_t)(len + 9),   0x30, (uint8_t)(len + 7), 0x06, 0x03,
        0x55, 0x04,                0x03, 0x0C, (uint8_t)len,
    };
    TRY(buf_append(out, span_of(head, sizeof head)));
    return buf_append(out, span_of(text, (size_t)len));
}
