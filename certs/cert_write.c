// SPDX-License-Identifier: MIT
#include "certs/cert_write.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"

#include <mbedtls/md.h>
#include <string.h>

const char *const cert_hash_words[CERT_HASH_COUNT] = {
#define X(hash, word, md, rsa, ecdsa) [hash] = word,
    CERT_HASH_TABLE(X)
#undef X
};

static const struct cert_hash_row {
    mbedtls_md_type_t md;
    const char *rsa_oid;
    const char *ecdsa_oid;
} hash_rows[CERT_HASH_COUNT] = {
#define X(hash, word, md, rsa, ecdsa) [hash] = {md, rsa, ecdsa},
    CERT_HASH_TABLE(X)
#undef X
};

int cert_write_name(const struct name_part *parts, size_t count, struct buf *out)
{
    struct der d = der_begin(out);
    size_t name = der_open(&d, DER_SEQUENCE);
    for (size_t i = 0; i < count; i++) {
        size_t rdn = der_open(&d, DER_SET);
        size_t pair = der_open(&d, DER_SEQUENCE);
        der_oid(&d, parts[i].oid);
        der_text(&d, parts[i].value);
        der_close(&d, pair);
        der_close(&d, rdn);
    }
    der_close(&d, name);
    return d.code;
}

struct extension_marks extension_open(struct der *d, const char *oid, bool is_critical)
{
    struct extension_marks marks = {.extension = der_open(d, DER_SEQUENCE)};
    der_oid(d, span_text(oid));
    if (is_critical) {
        der_boolean(d, true); // FALSE is the default and must not be written
    }
    marks.value = der_open(d, DER_OCTET_STRING);
    return marks;
}

void extension_close(struct der *d, struct extension_marks marks)
{
    der_close(d, marks.value);
    der_close(d, marks.extension);
}

void extension_basic_constraints(struct der *d, bool is_critical, bool is_ca, int path_length)
{
    struct extension_marks marks = extension_open(d, "2.5.29.19", is_critical);
    size_t constraints = der_open(d, DER_SEQUENCE);
    if (is_ca) {
        der_boolean(d, true);
    }
    if (path_length >= 0) {
        der_number(d, (uint8_t)path_length);
    }
    der_close(d, constraints);
    extension_close(d, marks);
}

void extension_key_usage(struct der *d, bool is_critical, unsigned bits)
{
    uint8_t bytes[2] = {0};
    int last = -1;
    for (int i = 0; i < 16; i++) {
        if (bits >> i & 1) {
            bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
            last = i;
        }
    }
    struct extension_marks marks = extension_open(d, "2.5.29.15", is_critical);
    uint8_t unused = last < 0 ? 0 : (uint8_t)(7 - last % 8); // trailing zero bits are cut in DER
    der_bit_string(d, span_of(bytes, last < 0 ? 0 : (size_t)last / 8 + 1), unused);
    extension_close(d, marks);
}

int cert_key_id(mbedtls_pk_context *pk, uint8_t out[KEY_ID_BYTES])
{
    unsigned char bits[1024];
    unsigned char *at = bits + sizeof bits;
    int len = mbedtls_pk_write_pubkey(&at, bits, pk);
    ENSURE(len > 0, ERR_CRYPTO);
    return hash_sha1(span_of(at, (size_t)len), out);
}

static void put_algorithm(struct der *d, const struct cert_plan *plan)
{
    bool is_rsa = mbedtls_pk_get_type(plan->issuer_key) == MBEDTLS_PK_RSA;
    const struct cert_hash_row *row = &hash_rows[plan->hash];
    size_t algorithm = der_open(d, DER_SEQUENCE);
    der_oid(d, span_text(is_rsa ? row->rsa_oid : row->ecdsa_oid));
    if (is_rsa) {
        der_null(d);
    }
    der_close(d, algorithm);
}

// TBSCertificate from its signature field on: all that stands behind the serial number.
static int write_body(const struct cert_plan *plan, struct buf *out)
{
    unsigned char public_key[1024];
    int len = mbedtls_pk_write_pubkey_der(plan->subject_key, public_key, sizeof public_key);
    ENSURE(len > 0, ERR_CRYPTO);
    struct der d = der_begin(out);
    put_algorithm(&d, plan);
    der_raw(&d, plan->issuer);
    size_t validity = der_open(&d, DER_SEQUENCE);
    der_time(&d, plan->from_s);
    der_time(&d, plan->to_s);
    der_close(&d, validity);
    der_raw(&d, plan->subject);
    der_raw(&d, span_of(public_key + sizeof public_key - len, (size_t)len));
    if (plan->extensions.len > 0) {
        size_t wrapper = der_open(&d, DER_CONTEXT_CONSTRUCTED + 3);
        size_t list = der_open(&d, DER_SEQUENCE);
        der_raw(&d, plan->extensions);
        der_close(&d, list);
        der_close(&d, wrapper);
    }
    return d.code;
}

static int write_tbs(const struct cert_plan *plan, struct span body, struct buf *out)
{
    uint8_t made[HASH_SHA256_BYTES];
    struct span serial = plan->serial;
    if (plan->serial_made_bytes > 0) {
        TRY(hash_sha256(body, made));
        made[0] = (uint8_t)((made[0] & 0x7f) | 0x40); // positive, and no shorter than asked
        serial = span_of(made, plan->serial_made_bytes);
    }
    struct der d = der_begin(out);
    size_t tbs = der_open(&d, DER_SEQUENCE);
    size_t version = der_open(&d, DER_CONTEXT_CONSTRUCTED + 0);
    der_number(&d, 2); // v3
    der_close(&d, version);
    der_unsigned(&d, serial);
    der_raw(&d, body);
    der_close(&d, tbs);
    return d.code;
}

static int sign(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random, struct span tbs,
                struct buf *out)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(hash_rows[plan->hash].md);
    unsigned char digest[MBEDTLS_MD_MAX_SIZE];
    unsigned char signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t signature_len = 0;
    ENSURE(md && mbedtls_md(md, tbs.ptr, tbs.len, digest) == 0, ERR_CRYPTO);
    int failed =
        mbedtls_pk_sign(plan->issuer_key, hash_rows[plan->hash].md, digest, mbedtls_md_get_size(md),
                        signature, &signature_len, mbedtls_ctr_drbg_random, random);
    if (failed != 0) {
        FAIL(ERR_CRYPTO, "a certificate cannot be signed (mbedTLS -0x%04x)", (unsigned)-failed);
    }
    struct der d = der_begin(out);
    size_t certificate = der_open(&d, DER_SEQUENCE);
    der_raw(&d, tbs);
    put_algorithm(&d, plan);
    der_bit_string(&d, span_of(signature, signature_len), 0);
    der_close(&d, certificate);
    return d.code;
}

int cert_write(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random, struct buf *out)
{
    struct buf body HR_CLEANUP(buf_deinit);
    struct buf tbs HR_CLEANUP(buf_deinit);
    buf_init(&body, CERT_DER_BYTES_MOST);
    buf_init(&tbs, CERT_DER_BYTES_MOST);
    ENSURE(plan->serial_made_bytes <= CERT_SERIAL_BYTES_MOST, ERR_VALUE);
    TRY(write_body(plan, &body));
    TRY(write_tbs(plan, buf_span(&body), &tbs));
    return sign(plan, random, buf_span(&tbs), out);
}

int cert_write_pem(struct span der, struct buf *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, CERT_DER_BYTES_MOST * 2);
    TRY(base64_encode(der, &text));
    TRY(buf_append_text(out, "-----BEGIN CERTIFICATE-----\n"));
    for (size_t at = 0; at < text.len; at += 64) {
        TRY(buf_append(out, span_slice(buf_span(&text), at, 64)));
        TRY(buf_append_u8(out, '\n'));
    }
    return buf_append_text(out, "-----END CERTIFICATE-----\n");
}
