// SPDX-License-Identifier: MIT
#include "certs/device_ca.h"
#include "base/error.h"
#include "certs/cert_write.h"
#include "certs/credential_parts.h"

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_csr.h>

#include <stdio.h>
#include <string.h>

#define CA_FROM_S INT64_C(946684800)  // 2000-01-01
#define CA_TO_S   INT64_C(2524607999) // 2049-12-31

// ---- the two certificates

static int write_ca(struct workshop *w, struct device_ca *ca, enum device_ca_level level)
{
    struct credential_plan plan = {
        .subject = buf_span(&ca->names[level]),
        .issuer = buf_span(&ca->names[DEVICE_CA_ROOT]),
        .subject_key = &ca->keys[level].pk,
        .issuer_key = &ca->keys[DEVICE_CA_ROOT].pk,
        .from_s = CA_FROM_S,
        .to_s = CA_TO_S,
        .is_ca = true,
        .path_length = level == DEVICE_CA_ROOT ? -1 : 0,
    };
    return credential_write(w, &plan, &ca->der[level]);
}

static int open_ca(struct workshop *w, struct device_ca *ca)
{
    static const struct {
        const char *key;
        struct span name;
    } rows[DEVICE_CA_COUNT] = {{"ca+root", SPAN_LITERAL(DEVICE_CA_ROOT_NAME)},
                               {"ca+issuing", SPAN_LITERAL("hubrig test device issuing")}};
    for (size_t i = 0; i < DEVICE_CA_COUNT; i++) {
        ca->keys[i].kind = KEY_P256;
        snprintf(ca->keys[i].name, sizeof ca->keys[i].name, "%s", rows[i].key);
        TRY(credential_write_cn(rows[i].name, &ca->names[i]));
    }
    TRY(key_cache_load(w->devices, ca->keys, DEVICE_CA_COUNT));
    TRY(write_ca(w, ca, DEVICE_CA_ROOT));
    return write_ca(w, ca, DEVICE_CA_ISSUING);
}

int device_ca_open(struct workshop *w, struct device_ca *ca)
{
    *ca = (struct device_ca){0};
    for (size_t i = 0; i < DEVICE_CA_COUNT; i++) {
        mbedtls_pk_init(&ca->keys[i].pk);
        buf_init(&ca->names[i], CERT_DER_BYTES_MOST);
        buf_init(&ca->der[i], CERT_DER_BYTES_MOST);
    }
    int code = open_ca(w, ca);
    if (code < 0) {
        device_ca_close(ca);
    }
    return code;
}

void device_ca_close(struct device_ca *ca)
{
    key_wishes_free(ca->keys, DEVICE_CA_COUNT);
    for (size_t i = 0; i < DEVICE_CA_COUNT; i++) {
        buf_deinit(&ca->names[i]);
        buf_deinit(&ca->der[i]);
    }
}

// ---- signing requests

static int check_signature(mbedtls_x509_csr *csr)
{
    uint8_t digest[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(csr->sig_md);
    if (!md || mbedtls_md(md, csr->cri.p, csr->cri.len, digest) != 0 ||
        mbedtls_pk_verify_ext(csr->sig_pk, csr->sig_opts, &csr->pk, csr->sig_md, digest,
                              mbedtls_md_get_size(md), csr->sig.p, csr->sig.len) != 0) {
        FAIL(ERR_VALUE, "the signing request is not signed with the key that it names");
    }
    return 0;
}

static int check_common_name(const mbedtls_x509_csr *csr, const char *expected)
{
    struct span seen = SPAN_EMPTY;
    for (const mbedtls_x509_name *n = &csr->subject; n; n = n->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) == 0) {
            seen = span_of(n->val.p, n->val.len);
        }
    }
    if (!span_equals_text(seen, expected)) {
        struct span shown = span_slice(seen, 0, 140);
        FAIL(ERR_VALUE, "the CN of the signing request is '%.*s', expected '%s'", SPAN_ARG(shown),
             expected);
    }
    return 0;
}

static int write_leaf(struct workshop *w, struct device_ca *ca, mbedtls_x509_csr *csr,
                      int64_t from_s, int64_t to_s, struct buf *der)
{
    const struct credential_plan plan = {
        .subject = span_of(csr->subject_raw.p, csr->subject_raw.len),
        .issuer = buf_span(&ca->names[DEVICE_CA_ISSUING]),
        .subject_key = &csr->pk,
        .issuer_key = &ca->keys[DEVICE_CA_ISSUING].pk,
        .from_s = from_s,
        .to_s = to_s,
    };
    return credential_write(w, &plan, der);
}

static int issue(struct workshop *w, mbedtls_x509_csr *csr, int64_t from_s, int64_t to_s,
                 struct device_chain *out)
{
    struct device_ca ca;
    TRY(device_ca_open(w, &ca));
    int code = write_leaf(w, &ca, csr, from_s, to_s, &out->der[0]);
    code = code < 0 ? code : buf_append(&out->der[1], buf_span(&ca.der[DEVICE_CA_ISSUING]));
    code = code < 0 ? code : buf_append(&out->der[2], buf_span(&ca.der[DEVICE_CA_ROOT]));
    device_ca_close(&ca);
    return code;
}

static int read_and_issue(struct workshop *w, mbedtls_x509_csr *csr, struct span csr_der,
                          const char *common_name, int64_t from_s, int64_t to_s,
                          struct device_chain *out)
{
    int mbed = mbedtls_x509_csr_parse_der(csr, csr_der.ptr, csr_der.len);
    if (mbed == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        return ERR_NO_MEMORY;
    }
    if (mbed != 0) {
        FAIL(ERR_VALUE, "the signing request is no PKCS#10 DER");
    }
    TRY(check_signature(csr));
    TRY(check_common_name(csr, common_name));
    return issue(w, csr, from_s, to_s, out);
}

int device_ca_issue(struct workshop *w, struct span csr_der, const char *common_name,
                    int64_t from_s, int64_t to_s, struct device_chain *out)
{
    mbedtls_x509_csr csr;
    *out = (struct device_chain){0};
    TRY(credential_check_clock(from_s));
    TRY(credential_check_clock(to_s));
    for (size_t i = 0; i < DEVICE_CHAIN_COUNT; i++) {
        buf_init(&out->der[i], CERT_DER_BYTES_MOST);
    }
    mbedtls_x509_csr_init(&csr);
    int code = read_and_issue(w, &csr, csr_der, common_name, from_s, to_s, out);
    mbedtls_x509_csr_free(&csr);
    if (code < 0) {
        device_chain_deinit(out);
    }
    return code;
}

void device_chain_deinit(struct device_chain *chain)
{
    for (size_t i = 0; i < DEVICE_CHAIN_COUNT; i++) {
        buf_deinit(&chain->der[i]);
    }
}

int device_ca_root(struct workshop *w, struct buf *out)
{
    struct device_ca ca;
    TRY(device_ca_open(w, &ca));
    int code = buf_append(out, buf_span(&ca.der[DEVICE_CA_ROOT]));
    device_ca_close(&ca);
    return code;
}
