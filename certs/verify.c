// SPDX-License-Identifier: MIT
#include "certs/verify.h"
#include "base/error.h"
#include "base/when.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 100 };

// What the callback of the library notes while it walks from the anchor down to the leaf.
struct walk {
    int64_t utc_s;
    const struct span *anchors;
    size_t anchor_count;
    size_t anchor;
    bool has_anchor;
    bool is_out_of_date;
    struct cert_judgement *out;
};

static int64_t seconds_of(const mbedtls_x509_time *t)
{
    struct civil_date d = {t->year, t->mon, t->day, t->hour, t->min, t->sec};
    return utc_from_civil(&d);
}

static const char *name_of(const mbedtls_x509_crt *crt, char out[NAME_BYTES])
{
    if (mbedtls_x509_dn_gets(out, NAME_BYTES, &crt->subject) < 0) {
        snprintf(out, NAME_BYTES, "(a name of more than %d bytes)", NAME_BYTES - 1);
    }
    return out;
}

static void note_dates(struct walk *walk, const mbedtls_x509_crt *crt)
{
    char name[NAME_BYTES];
    char date[32];
    char now[32];
    int64_t from_s = seconds_of(&crt->valid_from);
    int64_t to_s = seconds_of(&crt->valid_to);
    if (walk->utc_s >= from_s && walk->utc_s <= to_s) {
        return;
    }
    bool is_early = walk->utc_s < from_s;
    walk->is_out_of_date = true;
    snprintf(walk->out->why, sizeof walk->out->why, "%s %s %s, the clock says %s",
             name_of(crt, name), is_early ? "begins at" : "ended at",
             utc_print((is_early ? from_s : to_s) * 1000000, date),
             utc_print(walk->utc_s * 1000000, now));
}

// The library judges dates by the machine's clock: that is taken back here.
static int on_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct walk *walk = context;
    (void)depth;
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    struct span der = span_of(crt->raw.p, crt->raw.len);
    for (size_t i = 0; i < walk->anchor_count && !walk->has_anchor; i++) {
        walk->has_anchor = span_equals(der, walk->anchors[i]);
        walk->anchor = i;
    }
    note_dates(walk, crt);
    return 0;
}

struct flag_row {
    uint32_t flag;
    const char *sentence;
};

static const struct flag_row flag_rows[] = {
    {MBEDTLS_X509_BADCERT_BAD_MD,
     "a signature uses a hash that is too weak (SHA-256 is the least)"},
    {MBEDTLS_X509_BADCERT_BAD_KEY, "a key is too weak (RSA needs 2048 bits)"},
    {MBEDTLS_X509_BADCERT_BAD_PK, "a key is of a kind that is not accepted"},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, "the chain does not lead to a known CA"},
};

static void note_refusal(const mbedtls_x509_crt *chain, uint32_t flags, struct cert_judgement *out)
{
    const char *sentence = "the chain was refused";
    char issuer[NAME_BYTES];
    for (size_t i = 0; i < HR_COUNT_OF(flag_rows); i++) {
        if (flags & flag_rows[i].flag) {
            sentence = flag_rows[i].sentence;
            break;
        }
    }
    const mbedtls_x509_crt *last = chain;
    while (last->next) {
        last = last->next;
    }
    if (mbedtls_x509_dn_gets(issuer, sizeof issuer, &last->issuer) < 0) {
        snprintf(issuer, sizeof issuer, "(a long name)");
    }
    out->verdict = CERT_UNTRUSTED;
    snprintf(out->why, sizeof out->why, "%s; the last certificate sent was issued by %s", sentence,
             issuer);
}

static int judge(mbedtls_x509_crt *chain, mbedtls_x509_crt *anchors, struct walk *walk)
{
    uint32_t flags = 0;
    int code = mbedtls_x509_crt_verify_with_profile(chain, anchors, NULL,
                                                    &mbedtls_x509_crt_profile_default, NULL, &flags,
                                                    on_certificate, walk);
    if (code == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        return ERR_NO_MEMORY;
    }
    if (code != 0 && code != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        walk->out->verdict = CERT_UNTRUSTED;
        snprintf(walk->out->why, sizeof walk->out->why,
                 "the chain is too long or cannot be judged");
        return 0;
    }
    if (flags != 0 || !walk->has_anchor) {
        note_refusal(chain, flags, walk->out);
        return 0;
    }
    walk->out->anchor = walk->anchor;
    walk->out->verdict = walk->is_out_of_date ? CERT_OUT_OF_DATE : CERT_TRUSTED;
    if (!walk->is_out_of_date) {
        snprintf(walk->out->why, sizeof walk->out->why, "the chain leads to a known CA");
    }
    return 0;
}

// False when one of them cannot be read; *code tells a lack of memory apart.
static bool read_all(const struct span *ders, size_t count, mbedtls_x509_crt *out, int *code)
{
    for (size_t i = 0; i < count; i++) {
        int result = mbedtls_x509_crt_parse_der(out, ders[i].ptr, ders[i].len);
        bool is_whole = result == 0;
        const mbedtls_x509_crt *last = out;
        while (is_whole && last->next) {
            last = last->next;
        }
        if (!is_whole || last->raw.len != ders[i].len) { // something stands behind the certificate
            *code = result == MBEDTLS_ERR_X509_ALLOC_FAILED ? ERR_NO_MEMORY : 0;
            return false;
        }
    }
    return true;
}

int cert_chain_leads_to(const struct span *chain_der, size_t chain_count,
                        const struct span *anchors_der, size_t anchor_count, int64_t utc_s,
                        struct cert_judgement *out)
{
    mbedtls_x509_crt chain;
    mbedtls_x509_crt anchors;
    int code = 0;
    *out = (struct cert_judgement){.verdict = CERT_UNREADABLE};
    struct walk walk = {
        .utc_s = utc_s, .anchors = anchors_der, .anchor_count = anchor_count, .out = out};
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&anchors);
    if (chain_count == 0) {
        snprintf(out->why, sizeof out->why, "there is no certificate");
    } else if (!read_all(chain_der, chain_count, &chain, &code)) {
        snprintf(out->why, sizeof out->why, "a certificate of the chain is not X.509 DER");
    } else if (!read_all(anchors_der, anchor_count, &anchors, &code)) {
        snprintf(out->why, sizeof out->why, "a CA certificate is not X.509 DER");
    } else if (anchor_count == 0) {
        out->verdict = CERT_UNTRUSTED;
        snprintf(out->why, sizeof out->why, "no CA certificate is known");
    } else {
        code = judge(&chain, &anchors, &walk);
    }
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&anchors);
    ENSURE(code == 0, code);
    return 0;
}

static int copy_common_name(const mbedtls_x509_crt *crt, char *out, size_t capacity_bytes)
{
    out[0] = '\0';
    for (const mbedtls_x509_name *name = &crt->subject; name; name = name->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0) {
            continue;
        }
        struct span value = span_of(name->val.p, name->val.len);
        if (span_find(value, 0) != value.len || !span_copy_text(value, out, capacity_bytes)) {
            FAIL(ERR_TOO_BIG, "the CN of the certificate has %zu bytes or holds a NUL", value.len);
        }
    }
    return 0;
}

int cert_common_name(struct span der, char *out, size_t capacity_bytes)
{
    mbedtls_x509_crt crt;
    int code = 0;
    mbedtls_x509_crt_init(&crt);
    if (mbedtls_x509_crt_parse_der(&crt, der.ptr, der.len) != 0) {
        code = error_set(ERR_SYNTAX, "not an X.509 certificate in DER");
    } else {
        code = copy_common_name(&crt, out, capacity_bytes);
    }
    mbedtls_x509_crt_free(&crt);
    return code;
}
