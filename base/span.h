// SPDX-License-Identifier: MIT
// struct span borrows bytes, struct buf owns and grows them up to a cap given at init.
//
//     struct buf b;
//     buf_init(&b, LIMIT_PACKET_BYTES);
//     TRY(buf_printf(&b, "%s/%d", name, n));
//     write(fd, b.data, b.len);
//     buf_deinit(&b);
#pragma once
#include "base/compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const uint8_t *ptr;
    size_t len;
};

#define SPAN_LITERAL(text) ((struct span){(const uint8_t *)("" text), sizeof(text) - 1})
#define SPAN_EMPTY         ((struct span){NULL, 0})
// For printf: "%.*s".
#define SPAN_ARG(s) (int)(s).len, (const char *)(s).ptr

struct span span_of(const void *ptr, size_t len_bytes);
struct span span_text(const char *text); // NULL gives an empty span
bool span_equals(struct span a, struct span b);
bool span_equals_text(struct span a, const char *text);
bool span_equals_nocase(struct span a, struct span b); // ASCII letters only
// Where `s` stands among `words`; count when it is none of them.
size_t span_index(struct span s, const char *const *words, size_t count);
bool span_starts_with(struct span s, struct span prefix);
bool span_ends_with(struct span s, struct span suffix);
// Offset of the first `byte`, or s.len when there is none.
size_t span_find(struct span s, uint8_t byte);
// `s` from `offset` on, at most `len` bytes; clamped to what is there.
struct span span_slice(struct span s, size_t offset, size_t len_bytes);
struct span span_from(struct span s, size_t offset);
// Cut `s` at the first `byte`: returns what stands before it and moves *rest behind it. Without the
// byte all of `s` is returned and *rest is empty with a NULL pointer.
struct span span_cut(struct span s, uint8_t byte, struct span *rest);
struct span span_trim(struct span s); // blanks, tabs, CR, LF at both ends
// Copy into a NUL-terminated array, cut at capacity - 1. Returns false when it was cut.
bool span_copy_text(struct span s, char *out, size_t capacity_bytes);
// A heap copy with a NUL behind it, or NULL without memory. The caller frees it.
char *span_dup_text(struct span s);
// Decimal digits only, no sign, no blanks. ERR_SYNTAX or ERR_VALUE (does not fit).
int span_parse_u64(struct span s, uint64_t *out) HR_NODISCARD;
// Compare without leaking the position of the first difference through time.
bool span_equals_constant_time(struct span a, struct span b);

struct buf {
    uint8_t *data; // always NUL-terminated behind len once something was appended
    size_t len;
    size_t capacity;
    size_t cap; // most bytes that len may reach
};

void buf_init(struct buf *b, size_t cap_bytes);
void buf_deinit(struct buf *b); // memory given back, the cap stays: it may be used again; also a cleanup handler: HR_CLEANUP(buf_deinit)
void buf_wipe(struct buf *b);   // overwrite the bytes, then deinit; for secrets
void buf_clear(struct buf *b);  // len = 0, memory kept
// All return 0, ERR_TOO_BIG (the cap) or ERR_NO_MEMORY; on error the buffer is as before.
int buf_reserve(struct buf *b, size_t more_bytes) HR_NODISCARD;
int buf_append(struct buf *b, struct span s) HR_NODISCARD;
int buf_append_text(struct buf *b, const char *text) HR_NODISCARD;
int buf_append_u8(struct buf *b, uint8_t v) HR_NODISCARD;
int buf_append_u16be(struct buf *b, uint16_t v) HR_NODISCARD;
int buf_append_u32be(struct buf *b, uint32_t v) HR_NODISCARD;
int buf_printf(struct buf *b, const char *format, ...) HR_PRINTF(2, 3) HR_NODISCARD;
// Shorten to `len_bytes` (no longer than it is).
void buf_truncate(struct buf *b, size_t len_bytes);
// Drop the first `n` bytes (all of them when n > len).
void buf_consume(struct buf *b, size_t n);
struct span buf_span(const struct buf *b);
const char *buf_text(const struct buf *b); // "" when empty
// Move the bytes out as a NUL-terminated heap string (the caller frees it); `b` is empty after.
// NULL without memory.
char *buf_take_text(struct buf *b);
