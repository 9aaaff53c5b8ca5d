// SPDX-License-Identifier: MIT
// Text encodings: base64 (RFC 4648 4), percent-encoding (RFC 3986 2.1), hexadecimal, shell words.
// All write to a buf and return 0, ERR_SYNTAX on bad input, or the buf's own errors; on error
// nothing is appended.
#pragma once
#include "base/span.h"

int base64_encode(struct span bytes, struct buf *out) HR_NODISCARD;
// Strict: padding required, no blanks.
int base64_decode(struct span text, struct buf *out) HR_NODISCARD;
// Letters, digits and -._~ stay; all else becomes %XX with upper-case digits.
int percent_encode(struct span bytes, struct buf *out) HR_NODISCARD;
// %XX in either case; a stray % is ERR_SYNTAX; '+' stays a plus sign.
int percent_decode(struct span text, struct buf *out) HR_NODISCARD;
int hex_encode(struct span bytes, struct buf *out) HR_NODISCARD; // lower case
int hex_decode(struct span text, struct buf *out) HR_NODISCARD;  // either case, no separators
// The bytes as the inside of a JSON string: quotes, backslashes, control characters escaped;
// what is not UTF-8 becomes U+FFFD, so the result always is valid JSON.
int json_escape(struct span bytes, struct buf *out) HR_NODISCARD;
// One word of a POSIX shell: as it is where that is safe, else between single quotes.
int shell_quote(struct span text, struct buf *out) HR_NODISCARD;
// "01234567-89ab-cdef-0123-456789abcdef": the bytes as they stand.
enum { GUID_TEXT_BYTES = 37 };
void guid_print(const uint8_t bytes[16], char out[GUID_TEXT_BYTES]);
