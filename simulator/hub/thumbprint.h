// SPDX-License-Identifier: MIT
// Certificate thumbprints: SHA-1 (40 hexadecimal digits) or SHA-256 (64) of the DER bytes, written
// in either case and with any separators.
#pragma once
#include "base/span.h"

enum { THUMBPRINT_TEXT_BYTES = 65 };

// Lower-case digits without separators (: - blank). ERR_VALUE with a sentence unless 40 or 64
// digits remain.
int thumbprint_normalise(struct span text, char out[THUMBPRINT_TEXT_BYTES]) HR_NODISCARD;
// `registered` is normalised; "" never matches.
bool thumbprint_matches(const char *registered, const uint8_t sha1[20], const uint8_t sha256[32]);
void thumbprint_print(struct span hash, char out[THUMBPRINT_TEXT_BYTES]);
