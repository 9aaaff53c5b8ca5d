// SPDX-License-Identifier: MIT
#include "simulator/tls/offer.h"
#include "base/test.h"

#include <string.h>

// An offer that meets every rule.
static struct client_hello good(void)
{
    return (struct client_hello){
        .version = 0x0304,
        .legacy_version = 0x0303,
        .sni = "myhub.azure-devices.net",
        .suites = {0x1301, 0xC02F, 0xC02B, 0x00FF},
        .suite_count = 4,
        .versions = {{0x0A0A, 0x0304, 0x0303}, 3},
        .groups = {{0x1A1A, 29, 23}, 3},
        .signatures = {{0x0401, 0x0503}, 2},
        .point_formats = {{0}, 1},
        .extensions = {{0x2A2A, 0, 10, 11, 13, 43}, 6},
        .has_groups = true,
        .has_signatures = true,
        .has_extended_master_secret = true,
        .has_renegotiation_info = true,
    };
}

static struct offer_judgement judge(const struct client_hello *h, const char *rule)
{
    for (size_t i = 0; i < offer_rule_count(); i++) {
        struct offer_judgement j = offer_judge(h, i);
        if (strcmp(j.rule, rule) == 0) {
            return j;
        }
    }
    fail_msg("no rule %s", rule);
    return (struct offer_judgement){0};
}

static void a_good_offer_meets_every_rule(void **state)
{
    (void)state;
    struct client_hello h = good();
    for (size_t i = 0; i < offer_rule_count(); i++) {
        struct offer_judgement j = offer_judge(&h, i);
        if (j.verdict != OFFER_OK) {
            fail_msg("%s: %s", j.rule, j.why);
        }
    }
}

static void only_tls_1_1(struct client_hello *h)
{
    h->version = h->legacy_version = 0x0302;
    h->versions.count = 0;
}
static void tls_1_1_too(struct client_hello *h)
{
    h->versions.at[h->versions.count++] = 0x0302;
}
static void tls_1_3_alone(struct client_hello *h)
{
    h->versions = (struct client_hello_list){{0x0304}, 1};
}
static void tls_1_2_alone(struct client_hello *h)
{
    h->version = 0x0303;
    h->versions.count = 0;
}
static void one_suite(struct client_hello *h, uint16_t suite)
{
    h->suites[0] = suite;
    h->suite_count = 1;
}
static void static_rsa(struct client_hello *h)
{
    one_suite(h, 0x009C);
}
static void cbc_alone(struct client_hello *h)
{
    one_suite(h, 0xC027);
}
static void ecdsa_alone(struct client_hello *h)
{
    one_suite(h, 0xC02B);
}
static void rc4_too(struct client_hello *h)
{
    h->suites[h->suite_count++] = 0x0005;
}
static void triple_des_too(struct client_hello *h)
{
    h->suites[h->suite_count++] = 0x000A;
}
static void x25519_alone(struct client_hello *h)
{
    h->groups = (struct client_hello_list){{29}, 1};
}
static void no_curves(struct client_hello *h)
{
    h->has_groups = false;
    h->groups.count = 0;
}
static void no_signatures(struct client_hello *h)
{
    h->has_signatures = false;
    h->signatures.count = 0;
}
static void sha256_alone(struct client_hello *h)
{
    h->signatures.count = 1;
}
static void no_sni(struct client_hello *h)
{
    h->sni[0] = '\0';
}
static void sni_with_port(struct client_hello *h)
{
    strcpy(h->sni, "myhub.azure-devices.net:8883");
}
static void sni_of_address(struct client_hello *h)
{
    strcpy(h->sni, "203.0.113.7");
}
static void small_fragments(struct client_hello *h)
{
    h->max_fragment_bytes = 1024;
}
static void no_renegotiation_info(struct client_hello *h)
{
    h->has_renegotiation_info = false;
}
static void no_master_secret(struct client_hello *h)
{
    h->has_extended_master_secret = false;
}
static void compressed(struct client_hello *h)
{
    h->has_compression = true;
}

static void each_rule_is_broken_by_what_it_is_about(void **state)
{
    (void)state;
    static const struct {
        void (*change)(struct client_hello *h);
        const char *rule;
        enum offer_verdict verdict;
    } rows[] = {
        {only_tls_1_1, "tls-1.2", OFFER_FAIL},
        {tls_1_3_alone, "tls-1.2", OFFER_FAIL},
        {tls_1_2_alone, "tls-1.2", OFFER_OK},
        {tls_1_1_too, "old-versions", OFFER_WARN},
        {static_rsa, "suite", OFFER_FAIL},
        {static_rsa, "suite-gcm", OFFER_OK}, // said once
        {cbc_alone, "suite-gcm", OFFER_WARN},
        {cbc_alone, "suite-tls-1.3", OFFER_FAIL},
        {ecdsa_alone, "ecdsa-only", OFFER_WARN},
        {rc4_too, "suite-weak", OFFER_WARN},
        {triple_des_too, "suite-weak", OFFER_WARN},
        {x25519_alone, "curve", OFFER_WARN},
        {no_curves, "curve", OFFER_WARN},
        {no_signatures, "signature", OFFER_FAIL},
        {sha256_alone, "sha-384", OFFER_WARN},
        {no_sni, "sni", OFFER_WARN},
        {no_sni, "sni-text", OFFER_OK},
        {sni_with_port, "sni-text", OFFER_FAIL},
        {sni_of_address, "sni-text", OFFER_FAIL},
        {small_fragments, "max-fragment", OFFER_WARN},
        {no_renegotiation_info, "renegotiation-info", OFFER_WARN},
        {no_master_secret, "extended-master-secret", OFFER_WARN},
        {compressed, "compression", OFFER_WARN},
        {tls_1_2_alone, "tls-1.3", OFFER_WARN},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct client_hello h = good();
        rows[i].change(&h);
        struct offer_judgement j = judge(&h, rows[i].rule);
        if (j.verdict != rows[i].verdict) {
            fail_msg("row %zu, %s: expected %s, seen %s", i, j.rule,
                     offer_verdict_word(rows[i].verdict), offer_verdict_word(j.verdict));
        }
        assert_true(strlen(j.why) > 10 && strlen(j.requirement) > 10);
    }
}

static void lists_and_fingerprint_leave_grease_out(void **state)
{
    (void)state;
    struct client_hello h = good();
    struct offer_text text;
    struct buf ja3;
    buf_init(&ja3, 1000);
    assert_int_equal(offer_print_ja3(&h, &ja3), 0);
    assert_string_equal(buf_text(&ja3), "771,4865-49199-49195-255,0-10-11-13-43,29-23,0");
    assert_int_equal(offer_describe(&h, &text), 0);
    assert_string_equal(text.versions, "TLSv1.3,TLSv1.2");
    assert_string_equal(text.suites,
                        "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,renegotiation-signal");
    assert_string_equal(text.groups, "x25519,secp256r1");
    assert_string_equal(text.signatures, "rsa_pkcs1_sha256,ecdsa_secp384r1_sha384");
    assert_int_equal(strlen(text.ja3), 32);
    buf_deinit(&ja3);
}

static void more_than_is_kept_is_no_overrun(void **state)
{
    (void)state;
    struct client_hello h = good();
    struct offer_text text;
    for (size_t i = 0; i < CLIENT_HELLO_SUITES_MOST; i++) {
        h.suites[i] = 0xC02F;
    }
    h.suite_count = 10000;
    h.groups.count = 10000;
    h.extensions.count = 10000;
    assert_int_equal(offer_describe(&h, &text), 0);
    assert_true(strlen(text.suites) < sizeof text.suites);
    assert_int_equal(judge(&h, "suite").verdict, OFFER_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_offer_meets_every_rule),
        cmocka_unit_test(each_rule_is_broken_by_what_it_is_about),
        cmocka_unit_test(lists_and_fingerprint_leave_grease_out),
        cmocka_unit_test(more_than_is_kept_is_no_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
