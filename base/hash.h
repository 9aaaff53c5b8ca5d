// SPDX-License-Identifier: MIT
// MD5, SHA-1, SHA-256 and HMAC-SHA256 behind plain C types, so that pure rooms need no TLS header.
#pragma once
#include "base/span.h"

enum { HASH_MD5_BYTES = 16, HASH_SHA1_BYTES = 20, HASH_SHA256_BYTES = 32 };

// 0, or ERR_CRYPTO when the library refuses. Outputs are raw bytes.
int hash_md5(struct span bytes, uint8_t out[HASH_MD5_BYTES]) HR_NODISCARD; // fingerprints alone
int hash_sha1(struct span bytes, uint8_t out[HASH_SHA1_BYTES]) HR_NODISCARD;
int hash_sha256(struct span bytes, uint8_t out[HASH_SHA256_BYTES]) HR_NODISCARD;
int hash_hmac_sha256(struct span key, struct span message, uint8_t out[HASH_SHA256_BYTES])
    HR_NODISCARD; // RFC 2104
