// SPDX-License-Identifier: MIT
#include "simulator/hub/thumbprint.h"
#include "base/error.h"

#include <string.h>

enum { SHA1_DIGITS = 40, SHA256_DIGITS = 64 };

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c;
    }
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c : -1;
}

int thumbprint_normalise(struct span text, char out[THUMBPRINT_TEXT_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == ':' || c == '-' || c == ' ') {
            continue;
        }
        int digit = digit_of(c);
        if (digit < 0 || n == SHA256_DIGITS) {
            FAIL(ERR_VALUE,
                 "a thumbprint has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, seen "
                 "something else at offset %zu",
                 i);
        }
        out[n++] = (char)digit;
    }
    out[n] = '\0';
    if (n != SHA1_DIGITS && n != SHA256_DIGITS) {
        FAIL(ERR_VALUE, "a thumbprint has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, seen %zu",
             n);
    }
    return 0;
}

void thumbprint_print(struct span hash, char out[THUMBPRINT_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < hash.len && n < SHA256_DIGITS; i++) {
        out[n++] = digits[hash.ptr[i] >> 4];
        out[n++] = digits[hash.ptr[i] & 15];
    }
    out[n] = '\0';
}

bool thumbprint_matches(const char *registered, const uint8_t sha1[20], const uint8_t sha256[32])
{
    char text[THUMBPRINT_TEXT_BYTES];
    bool is_sha1 = strlen(registered) == SHA1_DIGITS;
    thumbprint_print(is_sha1 ? span_of(sha1, 20) : span_of(sha256, 32), text);
    return strcmp(text, registered) == 0;
}
