// SPDX-License-Identifier: MIT
#include "base/span.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span span_of(const void *ptr, size_t len_bytes)
{
    return (struct span){ptr, len_bytes};
}

struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, text ? strlen(text) : 0};
}

bool span_equals(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool span_equals_text(struct span a, const char *text)
{
    return span_equals(a, span_text(text));
}

size_t span_index(struct span s, const char *const *words, size_t count)
{
    size_t i = 0;
    while (i < count && !span_equals_text(s, words[i])) {
        i++;
    }
    return i;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool span_equals_nocase(struct span a, struct span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool span_starts_with(struct span s, struct span prefix)
{
    return s.len >= prefix.len && span_equals(span_slice(s, 0, prefix.len), prefix);
}

bool span_ends_with(struct span s, struct span suffix)
{
    return s.len >= suffix.len && span_equals(span_from(s, s.len - suffix.len), suffix);
}

size_t span_find(struct span s, uint8_t byte)
{
    const uint8_t *hit = s.len ? memchr(s.ptr, byte, s.len) : NULL;
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

struct span span_slice(struct span s, size_t offset, size_t len_bytes)
{
    if (offset >= s.len) {
        return (struct span){s.ptr ? s.ptr + s.len : NULL, 0};
    }
    size_t left = s.len - offset;
    return (struct span){s.ptr + offset, len_bytes < left ? len_bytes : left};
}

struct span span_from(struct span s, size_t offset)
{
    return span_slice(s, offset, s.len);
}

struct span span_cut(struct span s, uint8_t byte, struct span *rest)
{
    size_t at = span_find(s, byte);
    *rest = at < s.len ? span_from(s, at + 1) : SPAN_EMPTY;
    return span_slice(s, 0, at);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span s)
{
    while (s.len && is_blank(s.ptr[0])) {
        s = span_from(s, 1);
    }
    while (s.len && is_blank(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

bool span_copy_text(struct span s, char *out, size_t capacity_bytes)
{
    size_t n = s.len < capacity_bytes - 1 ? s.len : capacity_bytes - 1;
    if (n) {
        memcpy(out, s.ptr, n);
    }
    out[n] = '\0';
    return n == s.len;
}

char *span_dup_text(struct span s)
{
    char *copy = malloc(s.len + 1);
    if (copy) {
        span_copy_text(s, copy, s.len + 1);
    }
    return copy;
}

int span_parse_u64(struct span s, uint64_t *out)
{
    ENSURE(s.len > 0, ERR_SYNTAX);
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        ENSURE(c >= '0' && c <= '9', ERR_SYNTAX);
        uint64_t digit = (uint64_t)(c - '0');
        ENSURE(value <= (UINT64_MAX - digit) / 10, ERR_VALUE);
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

bool span_equals_constant_time(struct span a, struct span b)
{
    if (a.len != b.len) {
        return false;
    }
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.len; i++) {
        difference = (uint8_t)(difference | (a.ptr[i] ^ b.ptr[i]));
    }
    return difference == 0;
}

void buf_init(struct buf *b, size_t cap_bytes)
{
    *b = (struct buf){.cap = cap_bytes};
}

void buf_deinit(struct buf *b)
{
    free(b->data);
    size_t cap = b->cap;
    *b = (struct buf){.cap = cap};
}

void buf_wipe(struct buf *b)
{
    if (b->data) {
        explicit_bzero(b->data, b->capacity);
    }
    buf_deinit(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data) {
        b->data[0] = '\0';
    }
}

int buf_reserve(struct buf *b, size_t more_bytes)
{
    ENSURE(more_bytes <= b->cap && b->len <= b->cap - more_bytes, ERR_TOO_BIG);
    size_t needed = b->len + more_bytes + 1;
    if (needed <= b->capacity) {
        return 0;
    }
    size_t grown = b->capacity ? b->capacity * 2 : 64;
    if (grown < needed) {
        grown = needed;
    }
    if (grown > b->cap + 1) {
        grown = b->cap + 1;
    }
    uint8_t *data = realloc(b->data, grown);
    ENSURE(data != NULL, ERR_NO_MEMORY);
    data[b->len] = '\0';
    b->data = data;
    b->capacity = grown;
    return 0;
}

int buf_append(struct buf *b, struct span s)
{
    TRY(buf_reserve(b, s.len));
    if (s.len) {
        memcpy(b->data + b->len, s.ptr, s.len);
    }
    b->len += s.len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_append_text(struct buf *b, const char *text)
{
    return buf_append(b, span_text(text));
}

int buf_append_u8(struct buf *b, uint8_t v)
{
    return buf_append(b, span_of(&v, 1));
}

int buf_append_u16be(struct buf *b, uint16_t v)
{
    uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    return buf_append(b, span_of(bytes, sizeof bytes));
}

int buf_append_u32be(struct buf *b, uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    return buf_append(b, span_of(bytes, sizeof bytes));
}

int buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    int code = needed < 0 ? ERR_INTERNAL : buf_reserve(b, (size_t)needed);
    if (code == 0) {
        vsnprintf((char *)b->data + b->len, (size_t)needed + 1, format, again);
        b->len += (size_t)needed;
    }
    va_end(again);
    return code;
}

void buf_truncate(struct buf *b, size_t len_bytes)
{
    if (len_bytes < b->len) {
        b->len = len_bytes;
        b->data[len_bytes] = '\0';
    }
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        buf_clear(b);
        return;
    }
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = '\0';
}

struct span buf_span(const struct buf *b)
{
    return (struct span){b->data, b->len};
}

const char *buf_text(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}

char *buf_take_text(struct buf *b)
{
    char *text = b->data ? (char *)b->data : span_dup_text(SPAN_EMPTY);
    size_t cap = b->cap;
    *b = (struct buf){.cap = cap};
    return text;
}
