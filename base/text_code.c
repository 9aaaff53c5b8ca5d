// SPDX-License-Identifier: MIT
#include "base/text_code.h"
#include "base/error.h"

#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct span bytes, struct buf *out)
{
    TRY(buf_reserve(out, (bytes.len + 2) / 3 * 4));
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = (uint32_t)bytes.ptr[i] << 16;
        group |= n > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
        group |= n > 2 ? (uint32_t)bytes.ptr[i + 2] : 0;
        char four[4] = {base64_digits[group >> 18 & 63], base64_digits[group >> 12 & 63],
                        n > 1 ? base64_digits[group >> 6 & 63] : '=',
                        n > 2 ? base64_digits[group & 63] : '='};
        TRY(buf_append(out, span_of(four, 4)));
    }
    return 0;
}

static int base64_value(uint8_t c)
{
    const char *hit = c ? strchr(base64_digits, c) : NULL;
    return hit ? (int)(hit - base64_digits) : -1;
}

int base64_decode(struct span text, struct buf *out)
{
    ENSURE(text.len % 4 == 0, ERR_SYNTAX);
    TRY(buf_reserve(out, text.len / 4 * 3));
    size_t before = out->len;
    for (size_t i = 0; i < text.len; i += 4) {
        bool is_last = i + 4 == text.len;
        size_t pad = 0;
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            uint8_t c = text.ptr[i + k];
            int v = base64_value(c);
            if (c == '=' && is_last && (k == 3 || (k == 2 && text.ptr[i + 3] == '='))) {
                pad++;
                v = 0;
            }
            if (v < 0) {
                buf_truncate(out, before);
                FAIL(ERR_SYNTAX, "not base64 at offset %zu", i + k);
            }
            group = group << 6 | (uint32_t)v;
        }
        uint8_t three[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
        TRY(buf_append(out, span_of(three, 3 - pad)));
    }
    return 0;
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

int percent_encode(struct span bytes, struct buf *out)
{
    size_t before = out->len;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        int code = is_unreserved(c) ? buf_append_u8(out, c) : buf_printf(out, "%%%02X", c);
        if (code < 0) {
            buf_truncate(out, before);
            return code;
        }
    }
    return 0;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int percent_decode(struct span text, struct buf *out)
{
    TRY(buf_reserve(out, text.len));
    size_t before = out->len;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                buf_truncate(out, before);
                FAIL(ERR_SYNTAX, "a %% without two hexadecimal digits at offset %zu", i);
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        TRY(buf_append_u8(out, c));
    }
    return 0;
}

int hex_encode(struct span bytes, struct buf *out)
{
    TRY(buf_reserve(out, bytes.len * 2));
    for (size_t i = 0; i < bytes.len; i++) {
        TRY(buf_printf(out, "%02x", bytes.ptr[i]));
    }
    return 0;
}

int hex_decode(struct span text, struct buf *out)
{
    ENSURE(text.len % 2 == 0, ERR_SYNTAX);
    TRY(buf_reserve(out, text.len / 2));
    size_t before = out->len;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value(text.ptr[i]);
        int low = hex_value(text.ptr[i + 1]);
        if (high < 0 || low < 0) {
            buf_truncate(out, before);
            FAIL(ERR_SYNTAX, "not hexadecimal at offset %zu", i);
        }
        TRY(buf_append_u8(out, (uint8_t)(high << 4 | low)));
    }
    return 0;
}

// Length of the well-formed UTF-8 sequence at `s` (RFC 3629 4), 0 when there is none.
static size_t utf8_length(struct span s)
{
    uint8_t c = s.ptr[0];
    if (c < 0x80) {
        return 1;
    }
    size_t n = c >= 0xF0 && c <= 0xF4 ? 4 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xC2 && c < 0xE0 ? 2 : 0;
    if (n == 0 || s.len < n) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((s.ptr[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    uint8_t second = s.ptr[1];
    bool is_overlong = (c == 0xE0 && second < 0xA0) || (c == 0xF0 && second < 0x90);
    bool is_surrogate = c == 0xED && second >= 0xA0;
    bool is_beyond = c == 0xF4 && second >= 0x90;
    return is_overlong || is_surrogate || is_beyond ? 0 : n;
}

// How many bytes at the start stand in JSON as they are; ASCII only.
static size_t plain_run(struct span bytes)
{
    size_t n = 0;
    while (n < bytes.len && bytes.ptr[n] >= 0x20 && bytes.ptr[n] < 0x7F && bytes.ptr[n] != '"' &&
           bytes.ptr[n] != '\\') {
        n++;
    }
    return n;
}

int json_escape(struct span bytes, struct buf *out)
{
    size_t before = out->len;
    int code = 0;
    while (bytes.len > 0 && code == 0) {
        size_t run = plain_run(bytes);
        uint8_t c = bytes.ptr[0];
        size_t n = run > 0 ? run : utf8_length(bytes);
        if (run > 0) {
            code = buf_append(out, span_slice(bytes, 0, run));
        } else if (n == 0) {
            code = buf_append_text(out, "\xEF\xBF\xBD");
            n = 1;
        } else if (c == '"' || c == '\\') {
            code = buf_printf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7F) {
            code = buf_printf(out, "\\u%04x", c);
        } else {
            code = buf_append(out, span_slice(bytes, 0, n));
        }
        bytes = span_from(bytes, n);
    }
    if (code < 0) {
        buf_truncate(out, before);
    }
    return code;
}

static bool is_shell_plain(struct span text)
{
    bool is_plain = text.len > 0;
    for (size_t i = 0; i < text.len && is_plain; i++) {
        uint8_t c = text.ptr[i];
        is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                   (c && strchr("_-./:=@%+,", c));
    }
    return is_plain;
}

int shell_quote(struct span text, struct buf *out)
{
    size_t before = out->len;
    if (is_shell_plain(text)) {
        return buf_append(out, text);
    }
    int code = buf_append_u8(out, '\'');
    for (size_t i = 0; i < text.len && code == 0; i++) {
        code = text.ptr[i] == '\'' ? buf_append_text(out, "'\\''")
                                   : buf_append_u8(out, text.ptr[i]);
    }
    code = code ? code : buf_append_u8(out, '\'');
    if (code < 0) {
        buf_truncate(out, before);
    }
    return code;
}

void guid_print(const uint8_t b[16], char out[GUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *at = out;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = digits[b[i] >> 4];
        *at++ = digits[b[i] & 15];
    }
    *at = '\0';
}
