// SPDX-License-Identifier: MIT
#include "certs/device_chain.h"
#include "base/error.h"
#include "base/test.h"
#include "base/text_code.h"
#include "certs/chain.h"
#include "certs/verify_peer.h"

#include <openssl/x509.h>
#include <string.h>

static const int64_t now_s = 1795161645; // 2026-11-20T08:00:45Z
static const int64_t day_s = 86400;

struct set {
    struct workshop *w;
    struct device_credential device; // under "ca-one"
    struct buf ca_one, ca_two;       // PEM
    struct buf chain_der;            // device, ca-one
    size_t leaf_bytes;
};

static void to_der(struct span pem, struct buf *out, size_t *leaf_bytes)
{
    struct peer_certs certs;
    peer_read_pem(pem, &certs);
    for (int i = 0; i < certs.count; i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(certs.items[i], &der);
        assert_int_equal(buf_append(out, span_of(der, (size_t)len)), 0);
        *leaf_bytes = i == 0 ? (size_t)len : *leaf_bytes;
        OPENSSL_free(der);
    }
    peer_free(&certs);
}

static int set_up(void **state)
{
    static struct set s;
    struct device_credential other;
    memset(&s, 0, sizeof s);
    *state = &s;
    buf_init(&s.ca_one, 1 << 16);
    buf_init(&s.ca_two, 1 << 16);
    buf_init(&s.chain_der, 1 << 16);
    assert_int_equal(workshop_open(NULL, &s.w), 0);
    assert_int_equal(
        device_credential_issue(s.w, "ca-one", "member-1", now_s, &s.device, &s.ca_one), 0);
    assert_int_equal(device_credential_issue(s.w, "ca-two", "member-2", now_s, &other, &s.ca_two),
                     0);
    device_credential_deinit(&other);
    to_der(buf_span(&s.device.cert_pem), &s.chain_der, &s.leaf_bytes);
    return 0;
}

static int tear_down(void **state)
{
    struct set *s = *state;
    device_credential_deinit(&s->device);
    buf_deinit(&s->ca_one);
    buf_deinit(&s->ca_two);
    buf_deinit(&s->chain_der);
    workshop_close(s->w);
    return 0;
}

static bool check(struct span chain, const struct buf *ca, int64_t at_s, char *why)
{
    bool is_good = false;
    assert_int_equal(device_chain_check(chain, buf_span(ca), at_s, &is_good, why), 0);
    return is_good;
}

static void a_chain_leads_to_the_ca_that_signed_it(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    assert_true(check(buf_span(&s->chain_der), &s->ca_one, now_s, why));
    struct span leaf = span_slice(buf_span(&s->chain_der), 0, s->leaf_bytes);
    assert_true(check(leaf, &s->ca_one, now_s, why));
}

static void a_chain_does_not_lead_to_another_ca(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    assert_false(check(buf_span(&s->chain_der), &s->ca_two, now_s, why));
    assert_non_null(strstr(why, "does not lead to the group's CA"));
}

static void dates_count_at_the_time_that_is_given(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    assert_true(check(buf_span(&s->chain_der), &s->ca_one, now_s + 363 * day_s, why));
    assert_false(check(buf_span(&s->chain_der), &s->ca_one, now_s + 366 * day_s, why));
    assert_non_null(strstr(why, "is valid from"));
    assert_false(check(buf_span(&s->chain_der), &s->ca_one, now_s - 2 * day_s, why));
    assert_non_null(strstr(why, "is valid from"));
}

static void the_ca_itself_is_no_device(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    struct span ca = span_from(buf_span(&s->chain_der), s->leaf_bytes);
    assert_false(check(ca, &s->ca_one, now_s, why));
}

static void a_self_signed_certificate_leads_nowhere(void **state)
{
    struct set *s = *state;
    struct device_credential alone;
    struct buf der HR_CLEANUP(buf_deinit);
    char why[DEVICE_CHAIN_WHY_BYTES];
    size_t leaf_bytes = 0;
    buf_init(&der, 1 << 16);
    assert_int_equal(device_credential_make(s->w, "member-1", now_s, &alone), 0);
    to_der(buf_span(&alone.cert_pem), &der, &leaf_bytes);
    device_credential_deinit(&alone);
    assert_false(check(buf_span(&der), &s->ca_one, now_s, why));
}

static void a_forged_signature_is_seen(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    uint8_t copy[4096];
    assert_true(s->chain_der.len < sizeof copy);
    memcpy(copy, s->chain_der.data, s->chain_der.len);
    copy[s->leaf_bytes - 1] ^= 1;
    assert_false(check(span_of(copy, s->chain_der.len), &s->ca_one, now_s, why));
}

static void every_cut_of_the_bytes_is_refused_but_the_whole_certificates(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    for (size_t n = 0; n < s->chain_der.len; n++) {
        bool is_good = check(span_slice(buf_span(&s->chain_der), 0, n), &s->ca_one, now_s, why);
        assert_int_equal(is_good, n == s->leaf_bytes);
    }
}

static void a_ca_that_is_no_certificate_is_an_error(void **state)
{
    struct set *s = *state;
    char why[DEVICE_CHAIN_WHY_BYTES];
    bool is_good = true;
    assert_int_equal(
        device_chain_check(buf_span(&s->chain_der), SPAN_LITERAL("hello"), now_s, &is_good, why),
        ERR_SYNTAX);
    assert_false(is_good);
    assert_int_equal(device_chain_check(buf_span(&s->chain_der), SPAN_EMPTY, now_s, &is_good, why),
                     ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_leads_to_the_ca_that_signed_it),
        cmocka_unit_test(a_chain_does_not_lead_to_another_ca),
        cmocka_unit_test(dates_count_at_the_time_that_is_given),
        cmocka_unit_test(the_ca_itself_is_no_device),
        cmocka_unit_test(a_self_signed_certificate_leads_nowhere),
        cmocka_unit_test(a_forged_signature_is_seen),
        cmocka_unit_test(every_cut_of_the_bytes_is_refused_but_the_whole_certificates),
        cmocka_unit_test(a_ca_that_is_no_certificate_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
