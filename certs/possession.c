// SPDX-License-Identifier: MIT
#include "certs/possession.h"
#include "base/error.h"
#include "certs/cert_write.h"
#include "certs/credential_parts.h"
#include "certs/show.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DAY_S = 86400, PROOF_DAYS = 30 };

static int add_first(struct cert_list *list, struct span pem, const char *what)
{
    struct cert_list all;
    cert_list_init(&all);
    int code = cert_list_add_pem(&all, pem, CERT_ROLE_FILE);
    if (code == 0 && (all.count == 0 || !all.items[0]->is_readable)) {
        code = error_set(ERR_SYNTAX, "%s: expected a certificate as PEM%s%s", what,
                         all.count ? ", seen one that cannot be read: " : "",
                         all.count ? all.items[0]->trouble : "");
    }
    if (code == 0) {
        code = cert_list_add_der(list, buf_span(&all.items[0]->der), CERT_ROLE_FILE);
    }
    cert_list_deinit(&all);
    return code;
}

// Making -----------------------------------------------------------------------------------------

static int parse_ca_key(const struct possession_wish *wish, mbedtls_x509_crt *ca,
                        mbedtls_pk_context *key)
{
    struct buf text;
    buf_init(&text, CERT_FILE_BYTES_MOST);
    int code = buf_reserve(&text, wish->ca_key_pem.len + 1);
    code = code ? code : buf_append(&text, wish->ca_key_pem);
    if (code == 0) {
        size_t password_len = wish->password ? strlen(wish->password) : 0;
        int failed = mbedtls_pk_parse_key(key, (const unsigned char *)buf_text(&text), text.len + 1,
                                          (const unsigned char *)wish->password, password_len);
        if (failed != 0) {
            code = error_set(
                ERR_VALUE,
                "the CA's key cannot be read (mbedTLS -0x%04x): expected a private key "
                "as PEM%s",
                (unsigned)-failed,
                failed == MBEDTLS_ERR_PK_PASSWORD_REQUIRED ? "; this one is encrypted" : "");
        } else if (mbedtls_pk_check_pair(&ca->pk, key) != 0) {
            code = error_set(ERR_VALUE, "the key does not belong to the CA's certificate: give the "
                                        "key that the CA was made with");
        }
    }
    buf_wipe(&text);
    return code;
}

static int write_proof(struct workshop *w, const struct possession_wish *wish, mbedtls_x509_crt *ca,
                       mbedtls_pk_context *ca_key, struct key_wish *own, struct buf *out)
{
    struct buf name HR_CLEANUP(buf_deinit);
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&name, CERT_DER_BYTES_MOST);
    buf_init(&der, CERT_DER_BYTES_MOST);
    TRY(parse_ca_key(wish, ca, ca_key));
    TRY(key_cache_load(w->devices, own, 1));
    TRY(credential_write_cn(span_text(wish->code), &name));
    int64_t today_s = credential_midnight(wish->utc_s);
    struct credential_plan plan = {
        .subject = buf_span(&name),
        .issuer = span_of(ca->subject_raw.p, ca->subject_raw.len), // byte for byte, in its encoding
        .subject_key = &own->pk,
        .issuer_key = ca_key,
        .from_s = today_s - DAY_S,
        .to_s = today_s + PROOF_DAYS * (int64_t)DAY_S,
    };
    TRY(credential_write(w, &plan, &der));
    return cert_write_pem(buf_span(&der), out);
}

int possession_make(struct workshop *w, const struct possession_wish *wish, struct buf *out)
{
    struct cert_list list;
    struct key_wish own = {.kind = KEY_P256, .name = "proof+of-possession"};
    mbedtls_pk_context ca_key;
    TRY(credential_check_id("verification code", span_text(wish->code)));
    TRY(credential_check_clock(wish->utc_s));
    cert_list_init(&list);
    mbedtls_pk_init(&ca_key);
    mbedtls_pk_init(&own.pk);
    int code = add_first(&list, wish->ca_pem, "the CA");
    if (code == 0 && !list.items[0]->is_ca) {
        code = error_set(ERR_VALUE,
                         "'%s' is no CA (no basicConstraints CA:TRUE): the service refuses it",
                         list.items[0]->subject_cn);
    }
    if (code == 0) {
        code = write_proof(w, wish, &list.items[0]->crt, &ca_key, &own, out);
    }
    mbedtls_pk_free(&ca_key);
    key_wishes_free(&own, 1);
    cert_list_deinit(&list);
    return code;
}

// Checking ---------------------------------------------------------------------------------------

static int check_name(const struct cert_facts *proof, const char *code, struct buf *findings)
{
    if (strcmp(proof->subject_cn, code) == 0) {
        return 0;
    }
    bool is_near = strcasecmp(proof->subject_cn, code) == 0;
    return buf_printf(findings, "the common name is '%s', expected the code '%s'%s\n",
                      proof->subject_cn, code, is_near ? " (small and capital letters count)" : "");
}

static int check_signer(const struct cert_list *list, struct buf *findings)
{
    const struct cert_facts *ca = list->items[0], *proof = list->items[1];
    if (span_equals(buf_span(&ca->der), buf_span(&proof->der))) {
        return buf_append_text(findings, "this is the CA itself, expected a certificate that it "
                                         "has signed\n");
    }
    switch (proof->signer) {
    case SIGNER_FOUND:
        return 0;
    case SIGNER_SELF:
        return buf_printf(findings, "it is signed by itself, expected '%s'\n", ca->subject_cn);
    case SIGNER_WRONG:
        return buf_printf(findings, "it names '%s', but another key made the signature\n",
                          proof->issuer_cn);
    case SIGNER_ABSENT:
        break;
    }
    return buf_printf(findings, "its issuer is '%s', expected '%s'\n", proof->issuer, ca->subject);
}

static int check_dates(const struct cert_facts *f, const char *what, int64_t utc_s,
                       struct buf *findings)
{
    char date[32];
    switch (show_state_of(f, utc_s)) {
    case SHOW_EXPIRED:
        return buf_printf(findings, "%s ended on %s\n", what, show_date(f->to_s, date));
    case SHOW_NOT_YET:
        return buf_printf(findings, "%s starts on %s\n", what, show_date(f->from_s, date));
    case SHOW_VALID:
    case SHOW_ENDS_SOON:
        break;
    }
    return 0;
}

static int check(struct cert_list *list, const char *code, int64_t utc_s, struct buf *findings)
{
    const struct cert_facts *ca = list->items[0], *proof = list->items[1];
    cert_list_find_signers(list);
    TRY(check_name(proof, code, findings));
    TRY(check_signer(list, findings));
    TRY(check_dates(proof, "the certificate", utc_s, findings));
    TRY(check_dates(ca, "the CA", utc_s, findings));
    return ca->is_ca ? 0
                     : buf_printf(findings, "'%s' is no CA (no basicConstraints CA:TRUE)\n",
                                  ca->subject_cn);
}

int possession_check(struct span ca_pem, struct span cert_pem, const char *code, int64_t utc_s,
                     struct buf *findings)
{
    struct cert_list list;
    cert_list_init(&list);
    int failed = add_first(&list, ca_pem, "the CA");
    failed = failed ? failed : add_first(&list, cert_pem, "the proof");
    failed = failed ? failed : check(&list, code, utc_s, findings);
    cert_list_deinit(&list);
    return failed;
}
