// SPDX-License-Identifier: MIT
#include "certs/key_form.h"
#include "base/error.h"
#include "base/text_code.h"
#include "certs/der.h"

#include <mbedtls/aes.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/platform_util.h>
#include <string.h>

const char *const key_form_words[KEY_FORM_COUNT] = {
#define X(form, word, meaning) [form] = word,
    KEY_FORM_TABLE(X)
#undef X
};

enum { BLOCK = 16, SALT_BYTES = 16, KEY_BYTES = 32, ROUNDS = 100000, PASSWORD_MOST = 1024 };

static int write_pem(const char *label, struct span der, struct buf *out)
{
    struct buf text;
    buf_init(&text, KEY_PEM_BYTES_MOST);
    int code = buf_reserve(&text, KEY_PEM_BYTES_MOST);
    code = code ? code : base64_encode(der, &text);
    code = code ? code : buf_reserve(out, KEY_PEM_BYTES_MOST);
    code = code ? code : buf_printf(out, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < text.len && code == 0; at += 64) {
        code = buf_append(out, span_slice(buf_span(&text), at, 64));
        code = code ? code : buf_append_u8(out, '\n');
    }
    buf_wipe(&text);
    return code ? code : buf_printf(out, "-----END %s-----\n", label);
}

// The form that mbedTLS writes by itself: RFC 8017 A.1.2 for RSA, RFC 5915 for curves.
static int write_plain(mbedtls_pk_context *pk, const char *label, struct buf *out)
{
    unsigned char der[4096];
    int len = mbedtls_pk_write_key_der(pk, der, sizeof der);
    int code =
        len < 0 ? error_set(ERR_CRYPTO, "a key cannot be written (mbedTLS -0x%04x)", (unsigned)-len)
                : write_pem(label, span_of(der + sizeof der - len, (size_t)len), out);
    mbedtls_platform_zeroize(der, sizeof der);
    return code;
}

// PBES2 ------------------------------------------------------------------------------------------

struct sealing {
    unsigned char salt[SALT_BYTES], iv[BLOCK], key[KEY_BYTES];
    struct buf text; // padded, then encrypted in place
};

static int derive(struct sealing *s, const char *password, mbedtls_ctr_drbg_context *random)
{
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    bool is_done =
        mbedtls_ctr_drbg_random(random, s->salt, sizeof s->salt) == 0 &&
        mbedtls_ctr_drbg_random(random, s->iv, sizeof s->iv) == 0 &&
        mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1) == 0 &&
        mbedtls_pkcs5_pbkdf2_hmac(&md, (const unsigned char *)password, strlen(password), s->salt,
                                  sizeof s->salt, ROUNDS, sizeof s->key, s->key) == 0;
    mbedtls_md_free(&md);
    ENSURE(is_done, ERR_CRYPTO);
    return 0;
}

static int encrypt(struct sealing *s)
{
    unsigned char iv[BLOCK]; // mbedTLS moves it along
    mbedtls_aes_context aes;
    size_t padding = BLOCK - s->text.len % BLOCK;
    for (size_t i = 0; i < padding; i++) {
        TRY(buf_append_u8(&s->text, (uint8_t)padding));
    }
    memcpy(iv, s->iv, sizeof iv);
    mbedtls_aes_init(&aes);
    bool is_done = mbedtls_aes_setkey_enc(&aes, s->key, KEY_BYTES * 8) == 0 &&
                   mbedtls_aes_crypt_cbc(&aes, MBEDTLS_AES_ENCRYPT, s->text.len, iv, s->text.data,
                                         s->text.data) == 0;
    mbedtls_aes_free(&aes);
    ENSURE(is_done, ERR_CRYPTO);
    return 0;
}

// EncryptedPrivateKeyInfo (RFC 5958 section 3) with PBES2-params (RFC 8018 A.4).
static int write_envelope(const struct sealing *s, struct buf *out)
{
    static const uint8_t rounds[] = {ROUNDS >> 16 & 0xff, ROUNDS >> 8 & 0xff, ROUNDS & 0xff};
    struct der d = der_begin(out);
    size_t info = der_open(&d, DER_SEQUENCE);
    size_t algorithm = der_open(&d, DER_SEQUENCE);
    der_oid(&d, span_text("1.2.840.113549.1.5.13")); // PBES2
    size_t parameters = der_open(&d, DER_SEQUENCE);
    size_t derivation = der_open(&d, DER_SEQUENCE);
    der_oid(&d, span_text("1.2.840.113549.1.5.12")); // PBKDF2
    size_t pbkdf2 = der_open(&d, DER_SEQUENCE);
    der_value(&d, DER_OCTET_STRING, span_of(s->salt, sizeof s->salt));
    der_unsigned(&d, span_of(rounds, sizeof rounds));
    size_t prf = der_open(&d, DER_SEQUENCE);
    der_oid(&d, span_text("1.2.840.113549.2.9")); // hmacWithSHA256
    der_null(&d);
    der_close(&d, prf);
    der_close(&d, pbkdf2);
    der_close(&d, derivation);
    size_t cipher = der_open(&d, DER_SEQUENCE);
    der_oid(&d, span_text("2.16.840.1.101.3.4.1.42")); // aes256-CBC
    der_value(&d, DER_OCTET_STRING, span_of(s->iv, sizeof s->iv));
    der_close(&d, cipher);
    der_close(&d, parameters);
    der_close(&d, algorithm);
    der_value(&d, DER_OCTET_STRING, buf_span(&s->text));
    der_close(&d, info);
    return d.code;
}

// The DER inside of what key_write_pem wrote.
static int read_pkcs8(mbedtls_pk_context *pk, struct buf *der)
{
    struct buf pem;
    mbedtls_pem_context read;
    size_t used = 0;
    buf_init(&pem, KEY_PEM_BYTES_MOST);
    mbedtls_pem_init(&read);
    int code = buf_reserve(&pem, KEY_PEM_BYTES_MOST);
    code = code ? code : key_write_pem(pk, &pem);
    if (code == 0) {
        int failed = mbedtls_pem_read_buffer(&read, "-----BEGIN PRIVATE KEY-----",
                                             "-----END PRIVATE KEY-----", pem.data, NULL, 0, &used);
        code = failed ? error_set(ERR_CRYPTO, "a key cannot be read back")
                      : buf_append(der, span_of(read.buf, read.buflen));
    }
    mbedtls_pem_free(&read);
    buf_wipe(&pem);
    return code;
}

static int write_encrypted(mbedtls_pk_context *pk, const char *password,
                           mbedtls_ctr_drbg_context *random, struct buf *out)
{
    struct sealing s = {0};
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&s.text, KEY_PEM_BYTES_MOST);
    buf_init(&der, KEY_PEM_BYTES_MOST);
    int code = buf_reserve(&s.text, KEY_PEM_BYTES_MOST);
    code = code ? code : read_pkcs8(pk, &s.text);
    code = code ? code : derive(&s, password, random);
    code = code ? code : encrypt(&s);
    code = code ? code : write_envelope(&s, &der);
    buf_wipe(&s.text);
    mbedtls_platform_zeroize(&s, sizeof s);
    return code ? code : write_pem("ENCRYPTED PRIVATE KEY", buf_span(&der), out);
}

int key_form_write(mbedtls_pk_context *pk, enum key_form form, const char *password,
                   mbedtls_ctr_drbg_context *random, struct buf *out)
{
    bool is_rsa = mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA;
    if (form != KEY_FORM_ENCRYPTED && password) {
        FAIL(ERR_VALUE, "a password goes with the key form 'encrypted', not with '%s'",
             key_form_words[form]);
    }
    switch (form) {
    case KEY_FORM_PKCS8:
        return key_write_pem(pk, out);
    case KEY_FORM_PKCS1:
        if (!is_rsa) {
            FAIL(ERR_VALUE, "the form pkcs1 is for RSA keys: ask for an RSA key, or for sec1");
        }
        return write_plain(pk, "RSA PRIVATE KEY", out);
    case KEY_FORM_SEC1:
        if (is_rsa) {
            FAIL(ERR_VALUE, "the form sec1 is for elliptic curves: ask for p256, or for pkcs1");
        }
        return write_plain(pk, "EC PRIVATE KEY", out);
    case KEY_FORM_ENCRYPTED:
        if (!password || !password[0] || strlen(password) > PASSWORD_MOST) {
            FAIL(ERR_VALUE, "the form encrypted needs a password of 1 to %d bytes", PASSWORD_MOST);
        }
        return write_encrypted(pk, password, random, out);
    case KEY_FORM_COUNT:
        break;
    }
    FAIL(ERR_VALUE, "no such key form");
}
