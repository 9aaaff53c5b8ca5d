// SPDX-License-Identifier: MIT
// Private keys that are made once and then stay: one PKCS#8 PEM file per key, NAME.KIND.pem (mode
// 0600), in a folder that only its owner may enter (mode 0700). Several threads and processes may
// ask for the same missing key at once: one makes it, the others wait and take that one.
//
//     struct key_wish wish = {.kind = KEY_P256, .name = "my-leaf"};
//     TRY(key_cache_load(folder, &wish, 1));
//     sign(&wish.pk);
//     key_wishes_free(&wish, 1);
#pragma once
#include "base/span.h"

#include <mbedtls/pk.h>

//     kind         word       mbedTLS type        RSA bits or curve
#define KEY_KIND_TABLE(X)                                                                          \
    X(KEY_RSA1024, "rsa1024", MBEDTLS_PK_RSA, 1024)                                                \
    X(KEY_RSA2048, "rsa2048", MBEDTLS_PK_RSA, 2048)                                                \
    X(KEY_RSA3072, "rsa3072", MBEDTLS_PK_RSA, 3072)                                                \
    X(KEY_RSA4096, "rsa4096", MBEDTLS_PK_RSA, 4096)                                                \
    X(KEY_RSA8192, "rsa8192", MBEDTLS_PK_RSA, 8192)                                                \
    X(KEY_P192, "p192", MBEDTLS_PK_ECKEY, MBEDTLS_ECP_DP_SECP192R1)                                \
    X(KEY_P256, "p256", MBEDTLS_PK_ECKEY, MBEDTLS_ECP_DP_SECP256R1)                                \
    X(KEY_P384, "p384", MBEDTLS_PK_ECKEY, MBEDTLS_ECP_DP_SECP384R1)                                \
    X(KEY_P521, "p521", MBEDTLS_PK_ECKEY, MBEDTLS_ECP_DP_SECP521R1)                                \
    X(KEY_K256, "k256", MBEDTLS_PK_ECKEY, MBEDTLS_ECP_DP_SECP256K1)

enum key_kind {
#define X(kind, word, type, size) kind,
    KEY_KIND_TABLE(X)
#undef X
        KEY_KIND_COUNT
};
extern const char *const key_kind_words[KEY_KIND_COUNT];
bool key_kind_is_rsa(enum key_kind kind);

enum { KEY_NAME_BYTES_MOST = 80, KEY_PEM_BYTES_MOST = 8192 };

struct key_wish {
    enum key_kind kind;
    char name[KEY_NAME_BYTES_MOST + 1]; // key_name_is_good
    mbedtls_pk_context pk;              // filled by key_cache_load
};

// Letters, digits and "._+-", not starting with a dot, at most KEY_NAME_BYTES_MOST: a file name.
bool key_name_is_good(struct span name);

// Make the folder if it is missing and close it to others. ERR_PERMISSION when it belongs to
// somebody else, ERR_IO and the other file errors when it cannot be made.
int key_cache_prepare(const char *folder) HR_NODISCARD;

// Load all keys and make the missing ones, on as many threads as there are processors: RSA-4096
// takes seconds, RSA-8192 up to a minute. Waits at most ten minutes for another process that makes
// the same key (ERR_TIMEOUT). ERR_PERMISSION: a key file that others may read; ERR_IO: a damaged
// file or one that holds another kind of key; ERR_CRYPTO. Free the wishes in every case.
int key_cache_load(const char *folder, struct key_wish *wishes, size_t count) HR_NODISCARD;
void key_wishes_free(struct key_wish *wishes, size_t count); // wipes the keys

// A private key as PKCS#8 PEM (RFC 5958 version 0), appended to `out`; secret.
int key_write_pem(mbedtls_pk_context *pk, struct buf *out) HR_NODISCARD;
