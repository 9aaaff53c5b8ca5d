// SPDX-License-Identifier: MIT
#include "simulator/tls/policy.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

static void words_become_a_policy(void **state)
{
    (void)state;
    struct tls_policy p = {0};
    struct buf text;
    buf_init(&text, 1000);
    assert_int_equal(tls_policy_print(&p, &text), 0);
    assert_string_equal(buf_text(&text), "");
    assert_int_equal(tls_policy_most(&p), 0x0303);
    assert_int_equal(tls_policy_engine(&p), TLS_ENGINE_MBEDTLS);
    static const char *const values[] = {
        "auto", "1.2..1.3", "TLS_AES_128_GCM_SHA256, tls_ecdhe_rsa_with_aes_128_gcm_sha256",
        "secp384r1,x25519", "stale", "required", "3"};
    for (int i = 0; i < POLICY_KEY_COUNT; i++) {
        assert_int_equal(tls_policy_set(&p, (enum tls_policy_key)i, span_text(values[i])), 0);
    }
    assert_int_equal(tls_policy_check(&p), 0);
    assert_int_equal(tls_policy_print(&p, &text), 0);
    assert_string_equal(buf_text(&text),
                        "TLS 1.2..1.3 by openssl, suites TLS_AES_128_GCM_SHA256,"
                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, curves secp384r1,x25519, session "
                        "tickets stale, client certificate required, 3 CA names in the request for it");
    buf_deinit(&text);
}

static void a_version_without_a_listed_suite_keeps_its_own(void **state)
{
    (void)state;
    struct tls_policy p = {0};
    uint16_t out[TLS_POLICY_SUITES_MOST];
    assert_int_equal(tls_policy_set(&p, POLICY_TLS_VERSIONS, SPAN_LITERAL("1.2..1.3")), 0);
    assert_int_equal(
        tls_policy_set(&p, POLICY_TLS_SUITES, SPAN_LITERAL("TLS_CHACHA20_POLY1305_SHA256")), 0);
    assert_int_equal(tls_policy_suites(&p, true, out), 1);
    assert_int_equal(out[0], 0x1303);
    assert_int_equal(tls_policy_suites(&p, false, out), 8);
    assert_int_equal(tls_policy_set(&p, POLICY_TLS_VERSIONS, SPAN_LITERAL("1.0..1.3")), 0);
    assert_int_equal(tls_policy_suites(&p, false, out), 14); // and those that TLS 1.0 knows
}

static void mistakes_say_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        enum tls_policy_key key;
        const char *value;
        const char *says;
    } rows[] = {
        {POLICY_TLS_ENGINE, "wolfssl", "'wolfssl' is not one of auto|mbedtls|openssl"},
        {POLICY_TLS_VERSIONS, "1.4", "'1.4' is no TLS version; expected 1.0"},
        {POLICY_TLS_VERSIONS, "1.3..1.2", "is empty; its lower end comes first"},
        {POLICY_TLS_VERSIONS, "1.2...3", "is no TLS version"},
        {POLICY_TLS_VERSIONS, "", "is no TLS version"},
        {POLICY_TLS_SUITES, "TLS_NOTHING", "'TLS_NOTHING' is no cipher suite"},
        {POLICY_TLS_SUITES, "TLS_AES_128_GCM_SHA256,", "'' is no cipher suite"},
        {POLICY_TLS_GROUPS, "p256", "'p256' is no curve that is known here; names read secp256r1"},
        {POLICY_TLS_GROUPS, "x25519,x25519,x25519,x25519,x25519,x25519,x25519,x25519,x25519",
         "more than 8 names"},
        {POLICY_TLS_TICKETS, "on", "off|honoured|refused|stale"},
        {POLICY_CLIENT_CERTIFICATE, "yes", "optional|required|none"},
        {POLICY_CLIENT_CAS, "401", "none or 1 to 400"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct tls_policy p = {0};
        assert_int_equal(tls_policy_set(&p, rows[i].key, span_text(rows[i].value)), ERR_VALUE);
        if (!strstr(error_text(ERR_VALUE), rows[i].says)) {
            fail_msg("expected '%s', seen '%s'", rows[i].says, error_text(ERR_VALUE));
        }
    }
}

static void values_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct tls_policy policy;
        const char *says;
    } rows[] = {
        {{.engine = TLS_ENGINE_MBEDTLS, .version_least = 0x0303, .version_most = 0x0304},
         "ends at TLS 1.2"},
        {{.suites = {0x1301}, .suite_count = 1}, "TLS_AES_128_GCM_SHA256 belongs to TLS 1.3"},
        {{.version_least = 0x0304, .version_most = 0x0304, .suites = {0xC02F}, .suite_count = 1},
         "belongs to TLS 1.2 and before"},
        {{.client_certificate = TLS_CLIENT_CERTIFICATE_NONE, .ca_count = 1}, "none is asked for"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_int_equal(tls_policy_check(&rows[i].policy), ERR_VALUE);
        assert_non_null(strstr(error_text(ERR_VALUE), rows[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_a_policy),
        cmocka_unit_test(a_version_without_a_listed_suite_keeps_its_own),
        cmocka_unit_test(mistakes_say_what_was_expected),
        cmocka_unit_test(values_that_do_not_go_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
