// SPDX-License-Identifier: MIT
#include "certs/cert_write.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"

#include <mbedtls/md.h>
#include <mbedtls/rsa.h>
#include <string.h>

// Room for the public part of RSA-8192.
enum { PUBLIC_KEY_BYTES_MOST = 2048 };

const char *const cert_hash_words[CERT_HASH_COUNT] = {
#define X(hash, word, md, own, rsa, ecdsa) [hash] = word,
    CERT_HASH_TABLE(X)
#undef X
};

static const struct cert_hash_row {
    mbedtls_md_type_t md;
    const char *own_oid;
    const char *rsa_oid;
    const char *ecdsa_oid;
} hash_rows[CERT_HASH_COUNT] = {
#define X(hash, word, md, own, rsa, ecdsa) [hash] = {md, own, rsa, ecdsa},
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
        if (parts[i].tag) {
            der_value(&d, parts[i].tag, parts[i].value);
        } else {
            der_text(&d, parts[i].value);
        }
        der_close(&d, pair);
        der_close(&d, rdn);
    }
    der_close(&d, name);
    return d.code;
}

struct extension_marks extension_open(struct der *d, struct span oid, bool is_critical)
{
    struct extension_marks marks = {.extension = der_open(d, DER_SEQUENCE)};
    der_oid(d, oid);
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
    struct extension_marks marks = extension_open(d, SPAN_LITERAL("2.5.29.19"), is_critical);
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
    struct extension_marks marks = extension_open(d, SPAN_LITERAL("2.5.29.15"), is_critical);
    int unused = last < 0 ? 0 : 7 - last % 8; // trailing zero bits are cut in DER
    der_bit_string(d, span_of(bytes, last < 0 ? 0 : (size_t)last / 8 + 1), (uint8_t)unused);
    extension_close(d, marks);
}

int cert_key_id(mbedtls_pk_context *pk, uint8_t out[KEY_ID_BYTES])
{
    unsigned char bits[PUBLIC_KEY_BYTES_MOST];
    unsigned char *at = bits + sizeof bits;
    int len = mbedtls_pk_write_pubkey(&at, bits, pk);
    ENSURE(len > 0, ERR_CRYPTO);
    return hash_sha1(span_of(at, (size_t)len), out);
}

static bool is_rsa_key(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA;
}

bool cert_can_sign(bool is_rsa, const struct cert_signing *signing)
{
    return is_rsa || (!signing->is_pss && hash_rows[signing->hash].ecdsa_oid != NULL);
}

// A hash as AlgorithmIdentifier, in a field with context tag `number` of RSASSA-PSS-params.
static void put_pss_hash(struct der *d, uint8_t number, const char *mask, const char *hash)
{
    size_t field = der_open(d, (uint8_t)(DER_CONTEXT_CONSTRUCTED + number));
    size_t outer = der_open(d, DER_SEQUENCE);
    if (mask) {
        der_oid(d, span_text(mask));
    }
    size_t inner = mask ? der_open(d, DER_SEQUENCE) : 0;
    der_oid(d, span_text(hash));
    der_null(d);
    if (mask) {
        der_close(d, inner);
    }
    der_close(d, outer);
    der_close(d, field);
}

// RFC 4055 3.1.
static void put_pss(struct der *d, const struct cert_hash_row *row)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(row->md);
    der_oid(d, span_text("1.2.840.113549.1.1.10"));
    size_t params = der_open(d, DER_SEQUENCE);
    put_pss_hash(d, 0, NULL, row->own_oid);
    put_pss_hash(d, 1, "1.2.840.113549.1.1.8", row->own_oid);
    size_t salt = der_open(d, DER_CONTEXT_CONSTRUCTED + 2);
    der_number(d, md ? mbedtls_md_get_size(md) : 0);
    der_close(d, salt);
    der_close(d, params);
}

static void put_algorithm(struct der *d, bool is_rsa, const struct cert_signing *signing)
{
    const struct cert_hash_row *row = &hash_rows[signing->hash];
    size_t algorithm = der_open(d, DER_SEQUENCE);
    if (signing->is_pss) {
        put_pss(d, row);
    } else {
        der_oid(d, span_text(is_rsa ? row->rsa_oid : row->ecdsa_oid));
    }
    if (is_rsa && !signing->is_pss) {
        der_null(d);
    }
    der_close(d, algorithm);
}

static void put_extensions(struct der *d, const struct cert_plan *plan)
{
    if (plan->extensions.len == 0 || plan->version == 1) {
        return;
    }
    size_t wrapper = der_open(d, DER_CONTEXT_CONSTRUCTED + 3);
    size_t list = der_open(d, DER_SEQUENCE);
    der_raw(d, plan->extensions);
    der_close(d, list);
    der_close(d, wrapper);
}

// TBSCertificate from its signature field on: all that stands behind the serial number.
static int write_body(const struct cert_plan *plan, struct buf *out)
{
    unsigned char public_key[PUBLIC_KEY_BYTES_MOST];
    int len = mbedtls_pk_write_pubkey_der(plan->subject_key, public_key, sizeof public_key);
    ENSURE(len > 0, ERR_CRYPTO);
    struct der d = der_begin(out);
    put_algorithm(&d, is_rsa_key(plan->issuer_key),
                  plan->inner_signing ? plan->inner_signing : &plan->signing);
    der_raw(&d, plan->issuer);
    size_t validity = der_open(&d, DER_SEQUENCE);
    der_time_as(&d, plan->from_s, plan->time_form);
    der_time_as(&d, plan->to_s, plan->time_form);
    der_close(&d, validity);
    der_raw(&d, plan->subject);
    der_raw(&d, span_of(public_key + sizeof public_key - len, (size_t)len));
    put_extensions(&d, plan);
    return d.code;
}

static void put_serial(struct der *d, const struct cert_plan *plan, struct span serial)
{
    if (plan->is_serial_raw) {
        der_value(d, DER_INTEGER, serial);
    } else {
        der_unsigned(d, serial);
    }
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
    if (plan->version != 1) { // the default, which DER leaves out
        size_t version = der_open(&d, DER_CONTEXT_CONSTRUCTED + 0);
        der_number(&d, plan->version == 2 ? 1 : 2);
        der_close(&d, version);
    }
    put_serial(&d, plan, serial);
    der_raw(&d, body);
    der_close(&d, tbs);
    TRY(d.code);
    return plan->edit ? plan->edit(plan->edit_ctx, out) : 0;
}

static int sign_pss(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random,
                    const unsigned char *digest, unsigned char *signature)
{
    mbedtls_rsa_context *rsa = mbedtls_pk_rsa(*plan->issuer_key);
    mbedtls_md_type_t md = hash_rows[plan->signing.hash].md;
    mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, (int)md);
    int failed = mbedtls_rsa_rsassa_pss_sign(
        rsa, mbedtls_ctr_drbg_random, random, MBEDTLS_RSA_PRIVATE, md,
        mbedtls_md_get_size(mbedtls_md_info_from_type(md)), digest, signature);
    mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE); // others share this key
    return failed;
}

static int sign_digest(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random,
                       struct span digest, unsigned char *signature, size_t *len)
{
    mbedtls_md_type_t md = hash_rows[plan->signing.hash].md;
    int failed = 0;
    if (plan->is_draft && is_rsa_key(plan->issuer_key)) {
        *len = mbedtls_pk_get_len(plan->issuer_key);
        memset(signature, 0, *len);
    } else if (plan->signing.is_pss) {
        failed = sign_pss(plan, random, digest.ptr, signature);
        *len = mbedtls_pk_get_len(plan->issuer_key);
    } else {
        failed = mbedtls_pk_sign(plan->issuer_key, md, digest.ptr, digest.len, signature, len,
                                 mbedtls_ctr_drbg_random, random);
    }
    if (failed != 0) {
        FAIL(ERR_CRYPTO, "a certificate cannot be signed (mbedTLS -0x%04x)", (unsigned)-failed);
    }
    return 0;
}

static int sign(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random, struct span tbs,
                struct buf *out)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(hash_rows[plan->signing.hash].md);
    unsigned char digest[MBEDTLS_MD_MAX_SIZE];
    unsigned char signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t signature_len = 0;
    ENSURE(md && mbedtls_md(md, tbs.ptr, tbs.len, digest) == 0, ERR_CRYPTO);
    TRY(sign_digest(plan, random, span_of(digest, mbedtls_md_get_size(md)), signature,
                    &signature_len));
    struct der d = der_begin(out);
    size_t certificate = der_open(&d, DER_SEQUENCE);
    der_raw(&d, tbs);
    put_algorithm(&d, is_rsa_key(plan->issuer_key), &plan->signing);
    der_bit_string(&d, span_of(signature, signature_len), 0);
    der_close(&d, certificate);
    return d.code;
}

int cert_write(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random, struct buf *out)
{
    struct buf body HR_CLEANUP(buf_deinit);
    struct buf tbs HR_CLEANUP(buf_deinit);
    bool is_rsa = is_rsa_key(plan->issuer_key);
    buf_init(&body, CERT_DER_BYTES_MOST);
    buf_init(&tbs, CERT_DER_BYTES_MOST);
    ENSURE(plan->serial_made_bytes <= CERT_SERIAL_BYTES_MOST, ERR_VALUE);
    if (!cert_can_sign(is_rsa, &plan->signing) ||
        (plan->inner_signing && !cert_can_sign(is_rsa, plan->inner_signing))) {
        FAIL(ERR_VALUE, "an elliptic curve key makes no PSS and no MD5 signatures");
    }
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
