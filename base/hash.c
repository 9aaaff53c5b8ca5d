// SPDX-License-Identifier: MIT
#include "base/hash.h"
#include "base/error.h"

#include <mbedtls/md.h>
#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

int hash_md5(struct span bytes, uint8_t out[HASH_MD5_BYTES])
{
    ENSURE(mbedtls_md5_ret(bytes.ptr, bytes.len, out) == 0, ERR_CRYPTO);
    return 0;
}

int hash_sha1(struct span bytes, uint8_t out[HASH_SHA1_BYTES])
{
    ENSURE(mbedtls_sha1_ret(bytes.ptr, bytes.len, out) == 0, ERR_CRYPTO);
    return 0;
}

int hash_sha256(struct span bytes, uint8_t out[HASH_SHA256_BYTES])
{
    ENSURE(mbedtls_sha256_ret(bytes.ptr, bytes.len, out, 0) == 0, ERR_CRYPTO);
    return 0;
}

int hash_hmac_sha256(struct span key, struct span message, uint8_t out[HASH_SHA256_BYTES])
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    ENSURE(info && mbedtls_md_hmac(info, key.ptr, key.len, message.ptr, message.len, out) == 0,
           ERR_CRYPTO);
    return 0;
}
