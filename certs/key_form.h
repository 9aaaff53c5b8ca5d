// SPDX-License-Identifier: MIT
// A private key in the text forms that devices ask for.
#pragma once
#include "certs/key_cache.h"

#include <mbedtls/ctr_drbg.h>

//     form                 word         meaning
#define KEY_FORM_TABLE(X)                                                                          \
    X(KEY_FORM_PKCS8, "pkcs8", "PRIVATE KEY, any kind of key")                                     \
    X(KEY_FORM_PKCS1, "pkcs1", "RSA PRIVATE KEY")                                                  \
    X(KEY_FORM_SEC1, "sec1", "EC PRIVATE KEY")                                                     \
    X(KEY_FORM_ENCRYPTED, "encrypted", "ENCRYPTED PRIVATE KEY: PKCS#8 under a password")

enum key_form {
#define X(form, word, meaning) form,
    KEY_FORM_TABLE(X)
#undef X
        KEY_FORM_COUNT
};
extern const char *const key_form_words[KEY_FORM_COUNT];

// Appended to `out`; secret. pkcs1 takes RSA keys and sec1 elliptic curves (ERR_VALUE); encrypted
// wants a password (ERR_VALUE without): PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018),
// as openssl writes it. The password is not used by other forms and must be NULL there.
int key_form_write(mbedtls_pk_context *pk, enum key_form form, const char *password,
                   mbedtls_ctr_drbg_context *random, struct buf *out) HR_NODISCARD;
