// SPDX-License-Identifier: MIT
#include "certs/possession.h"
#include "base/error.h"
#include "base/test.h"
#include "certs/device_files.h"
#include "certs/verify_peer.h"

#include <openssl/x509v3.h>
#include <string.h>

#define CODE "7A69A5D3B1F40C2E8D6B9F0A1C3E5D7B9A2C4E6F8091A3B5"

enum { DAY_S = 86400 };
static const int64_t now_s = 1795161645; // 2026-11-20T08:00:45Z

struct stage {
    struct workshop *w;
    struct device_files ca;     // a root and its key
    struct device_files device; // a certificate of another root, no CA
};

static int set_up(void **state)
{
    static struct stage s;
    struct device_wish ca = {
        .id = "d", .kind = DEVICE_CA_AS_DEVICE, .key = KEY_P256, .utc_s = now_s};
    struct device_wish device = {.id = "d", .key = KEY_P256, .utc_s = now_s};
    *state = &s;
    return workshop_open(NULL, &s.w) | device_files_make(s.w, &ca, &s.ca) |
           device_files_make(s.w, &device, &s.device);
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    device_files_deinit(&s->ca);
    device_files_deinit(&s->device);
    workshop_close(s->w);
    return 0;
}

static struct possession_wish wish_of(const struct stage *s)
{
    return (struct possession_wish){.ca_pem = buf_span(&s->ca.cert_pem),
                                    .ca_key_pem = buf_span(&s->ca.key_pem),
                                    .code = CODE,
                                    .utc_s = now_s};
}

static void make_proof(const struct stage *s, struct buf *out)
{
    struct possession_wish wish = wish_of(s);
    buf_init(out, 1 << 16);
    assert_int_equal(possession_make(s->w, &wish, out), 0);
}

static void the_proof_names_the_code_and_is_signed_by_the_ca(void **state)
{
    const struct stage *s = *state;
    struct buf proof;
    struct peer_certs certs, ca;
    char name[200];
    make_proof(s, &proof);
    peer_read_pem(buf_span(&proof), &certs);
    peer_read_pem(buf_span(&s->ca.cert_pem), &ca);
    assert_int_equal(certs.count, 1);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certs.items[0]), NID_commonName, name,
                              sizeof name);
    assert_string_equal(name, CODE);
    assert_int_equal(X509_check_issued(ca.items[0], certs.items[0]), X509_V_OK);
    assert_int_equal(X509_verify(certs.items[0], X509_get0_pubkey(ca.items[0])), 1);
    peer_free(&certs);
    peer_free(&ca);
    buf_deinit(&proof);
}

static void a_good_proof_has_nothing_against_it(void **state)
{
    const struct stage *s = *state;
    struct buf proof, findings HR_CLEANUP(buf_deinit);
    buf_init(&findings, 1 << 16);
    make_proof(s, &proof);
    assert_int_equal(
        possession_check(buf_span(&s->ca.cert_pem), buf_span(&proof), CODE, now_s, &findings), 0);
    assert_string_equal(buf_text(&findings), "");
    buf_deinit(&proof);
}

static void each_fault_of_a_proof_is_named(void **state)
{
    const struct stage *s = *state;
    struct buf proof;
    make_proof(s, &proof);
    struct span ca = buf_span(&s->ca.cert_pem), device = buf_span(&s->device.cert_pem);
    const struct {
        struct span ca, proof;
        const char *code;
        int64_t utc_s;
        const char *says;
    } rows[] = {
        {ca, buf_span(&proof), "OTHER", now_s, "expected the code 'OTHER'"},
        {ca, buf_span(&proof), "7a69a5d3b1f40c2e8d6b9f0a1c3e5d7b9a2c4e6f8091a3b5", now_s,
         "small and capital letters count"},
        {ca, buf_span(&proof), CODE, now_s + 40 * DAY_S, "the certificate ended on 2026-12-20"},
        {ca, buf_span(&proof), CODE, now_s - 40 * DAY_S, "the certificate starts on 2026-11-19"},
        {ca, ca, "hubrig test device root", now_s, "this is the CA itself"},
        {ca, device, "d", now_s, "it is signed by itself"},
        {device, buf_span(&proof), CODE, now_s, "its issuer is 'CN=hubrig test device root'"},
        {device, buf_span(&proof), CODE, now_s, "'d' is no CA"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct buf findings;
        buf_init(&findings, 1 << 16);
        assert_int_equal(
            possession_check(rows[i].ca, rows[i].proof, rows[i].code, rows[i].utc_s, &findings), 0);
        if (!strstr(buf_text(&findings), rows[i].says)) {
            fail_msg("expected '%s' in '%s'", rows[i].says, buf_text(&findings));
        }
        buf_deinit(&findings);
    }
    buf_deinit(&proof);
}

static void a_key_that_is_not_the_cas_is_refused(void **state)
{
    const struct stage *s = *state;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1 << 16);
    struct possession_wish wish = wish_of(s);
    wish.ca_key_pem = buf_span(&s->device.key_pem);
    assert_int_equal(possession_make(s->w, &wish, &out), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "does not belong to the CA"));
    wish.ca_key_pem = SPAN_LITERAL("no key");
    assert_int_equal(possession_make(s->w, &wish, &out), ERR_VALUE);
    wish = wish_of(s);
    wish.ca_pem = buf_span(&s->device.cert_pem);
    wish.ca_key_pem = buf_span(&s->device.key_pem);
    assert_int_equal(possession_make(s->w, &wish, &out), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "is no CA"));
    wish = wish_of(s);
    wish.code = "two words";
    assert_int_equal(possession_make(s->w, &wish, &out), ERR_VALUE);
    wish = wish_of(s);
    wish.ca_pem = SPAN_LITERAL("no certificate");
    assert_int_equal(possession_make(s->w, &wish, &out), ERR_SYNTAX);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_proof_names_the_code_and_is_signed_by_the_ca),
        cmocka_unit_test(a_good_proof_has_nothing_against_it),
        cmocka_unit_test(each_fault_of_a_proof_is_named),
        cmocka_unit_test(a_key_that_is_not_the_cas_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
