// SPDX-License-Identifier: MIT
// What a certificate says, through mbedTLS, and what mbedTLS alone would refuse.
#include "base/error.h"
#include "base/hash.h"
#include "base/when.h"
#include "certs/doctor/case.h"
#include "certs/doctor/der_read.h"

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>

// mbedTLS asks about each extension that it does not know: all are let through, the critical ones
// remembered, because a device's mbedTLS has no such patience.
static int note_extension(void *ctx, mbedtls_x509_crt const *crt, mbedtls_x509_buf const *oid,
                          int is_critical, const unsigned char *p, const unsigned char *end)
{
    struct cert *cert = ctx;
    (void)crt;
    (void)p;
    (void)end;
    if (is_critical && !cert->odd_oid[0]) {
        der_oid_text(span_of(oid->p, oid->len), cert->odd_oid, sizeof cert->odd_oid);
    }
    return 0;
}

static int64_t date_of(const mbedtls_x509_time *t)
{
    struct civil_date c = {t->year, t->mon, t->day, t->hour, t->min, t->sec};
    return utc_from_civil(&c);
}

static void copy_value(const mbedtls_x509_name *name, char *out, size_t capacity_bytes)
{
    span_copy_text(span_of(name->val.p, name->val.len), out, capacity_bytes);
    for (char *c = out; *c; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
    }
}

static void read_names(struct cert *cert)
{
    for (const mbedtls_x509_name *n = &cert->crt.subject; n && n->oid.p; n = n->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) == 0) {
            copy_value(n, cert->name, sizeof cert->name);
            cert->name_count++;
        }
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORGANIZATION, &n->oid) == 0) {
            copy_value(n, cert->organization, sizeof cert->organization);
        }
    }
    if (cert->name_count == 0) {
        memcpy(cert->name, cert->organization, sizeof cert->name);
    }
    for (const mbedtls_x509_name *n = &cert->crt.issuer; n && n->oid.p; n = n->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) == 0 || !cert->issuer[0]) {
            copy_value(n, cert->issuer, sizeof cert->issuer);
        }
    }
}

static bool is_signed_by(mbedtls_x509_crt *issuer, mbedtls_x509_crt *crt)
{
    unsigned char hash[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(crt->sig_md);
    if (!md || mbedtls_md(md, crt->tbs.p, crt->tbs.len, hash) != 0 ||
        !mbedtls_pk_can_do(&issuer->pk, crt->sig_pk)) {
        return false;
    }
    return mbedtls_pk_verify_ext(crt->sig_pk, crt->sig_opts, &issuer->pk, crt->sig_md, hash,
                                 mbedtls_md_get_size(md), crt->sig.p, crt->sig.len) == 0;
}

bool cert_is_named_issuer(const struct cert *issuer, const struct cert *cert)
{
    const mbedtls_x509_buf *a = &issuer->crt.subject_raw;
    const mbedtls_x509_buf *b = &cert->crt.issuer_raw;
    return issuer->is_parsed && cert->is_parsed &&
           span_equals(span_of(a->p, a->len), span_of(b->p, b->len));
}

bool cert_issued(const struct cert *issuer, const struct cert *cert)
{
    return cert_is_named_issuer(issuer, cert) &&
           is_signed_by((mbedtls_x509_crt *)&issuer->crt, (mbedtls_x509_crt *)&cert->crt);
}

bool cert_is_root(const struct cert *cert)
{
    return cert->is_parsed && cert->is_ca && cert->is_self_issued && !cert->is_damaged &&
           !cert->is_glued && !cert->is_altered;
}

static bool has_usage(const struct cert *cert, const char *oid, size_t len)
{
    return mbedtls_x509_crt_check_extended_key_usage(&cert->crt, oid, len) == 0;
}

static void read_facts(struct cert *cert)
{
    mbedtls_x509_crt *crt = &cert->crt;
    read_names(cert);
    cert->from_s = date_of(&crt->valid_from);
    cert->to_s = date_of(&crt->valid_to);
    cert->is_self_issued = cert_is_named_issuer(cert, cert);
    // version 1 has no extensions: a self-issued one is a root of old
    cert->is_ca = crt->ca_istrue || (crt->version == 1 && cert->is_self_issued);
    cert->has_eku = crt->ext_types & MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
    cert->has_client_auth = cert->has_eku && has_usage(cert, MBEDTLS_OID_CLIENT_AUTH,
                                                       MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
    cert->has_server_auth = cert->has_eku && has_usage(cert, MBEDTLS_OID_SERVER_AUTH,
                                                       MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
    cert->known = known_root_of(cert->sha1, cert->sha256);
    cert->claimed = known_root_named(span_text(cert->name), span_text(cert->organization));
    cert->is_altered = cert->is_self_issued && !is_signed_by(crt, crt);
}

static int parse(struct cert *cert)
{
    struct span der = buf_span(&cert->der);
    mbedtls_x509_crt strict;
    mbedtls_x509_crt_init(&strict);
    cert->strict_error = mbedtls_x509_crt_parse_der(&strict, der.ptr, der.len);
    mbedtls_x509_crt_free(&strict);
    mbedtls_x509_crt_init(&cert->crt);
    int code = mbedtls_x509_crt_parse_der_with_ext_cb(&cert->crt, der.ptr, der.len, 1,
                                                      note_extension, cert);
    if (code == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        FAIL(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    }
    cert->is_parsed = code == 0;
    TRY(hash_sha1(der, cert->sha1));
    TRY(hash_sha256(der, cert->sha256));
    if (cert->is_parsed) {
        read_facts(cert);
    }
    return 0;
}

struct cert *cert_read(struct doctor *d, struct span der)
{
    struct cert *cert = calloc(1, sizeof *cert);
    if (!cert) {
        d->code = error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
        return NULL;
    }
    size_t claimed = der_claimed_bytes(der);
    buf_init(&cert->der, der.len + 1);
    d->code = buf_append(&cert->der, span_slice(der, 0, claimed ? claimed : der.len));
    d->code = d->code < 0 ? d->code : parse(cert);
    if (d->code < 0) {
        cert_free(cert);
        return NULL;
    }
    return cert;
}

void cert_free(struct cert *cert)
{
    if (cert) {
        mbedtls_x509_crt_free(&cert->crt);
        buf_deinit(&cert->der);
        free(cert);
    }
}
