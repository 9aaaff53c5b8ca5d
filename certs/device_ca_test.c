// SPDX-License-Identifier: MIT
#include "certs/device_ca.h"
#include "base/error.h"
#include "base/test.h"
#include "certs/random.h"
#include "certs/verify.h"
#include "certs/workshop.h"

#include <mbedtls/ecp.h>
#include <mbedtls/x509_csr.h>

#include <stdlib.h>
#include <string.h>

#define NOW_S INT64_C(1795168980)

static struct workshop *workshop;

static int open_workshop(void **state)
{
    (void)state;
    const struct workshop_settings settings = {.recipes = NULL};
    return workshop_open(&settings, &workshop);
}

static int close_workshop(void **state)
{
    (void)state;
    workshop_close(workshop);
    return 0;
}

// A request of a fresh P-384 key; `edit` is the place of a byte to be changed, 0: none.
static void make_request(const char *subject, size_t edit, struct buf *out)
{
    uint8_t space[2000];
    mbedtls_x509write_csr writer;
    mbedtls_pk_context key;
    mbedtls_ctr_drbg_context *drbg = &workshop->random.drbg;
    mbedtls_x509write_csr_init(&writer);
    mbedtls_pk_init(&key);
    assert_int_equal(mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP384R1, mbedtls_pk_ec(key),
                                         mbedtls_ctr_drbg_random, drbg),
                     0);
    mbedtls_x509write_csr_set_key(&writer, &key);
    mbedtls_x509write_csr_set_md_alg(&writer, MBEDTLS_MD_SHA384);
    assert_int_equal(mbedtls_x509write_csr_set_subject_name(&writer, subject), 0);
    int len =
        mbedtls_x509write_csr_der(&writer, space, sizeof space, mbedtls_ctr_drbg_random, drbg);
    assert_true(len > 0);
    space[sizeof space - (size_t)len + edit] ^= edit ? 1 : 0;
    assert_int_equal(buf_append(out, span_of(space + sizeof space - len, (size_t)len)), 0);
    mbedtls_x509write_csr_free(&writer);
    mbedtls_pk_free(&key);
}

static void a_request_becomes_a_chain_that_leads_to_the_root(void **state)
{
    (void)state;
    struct device_chain chain;
    struct cert_judgement judgement;
    struct buf request HR_CLEANUP(buf_deinit);
    struct buf root HR_CLEANUP(buf_deinit);
    char name[80];
    buf_init(&request, 4000);
    buf_init(&root, 4000);
    make_request("CN=bench-01", 0, &request);
    assert_int_equal(
        device_ca_issue(workshop, buf_span(&request), "bench-01", NOW_S, NOW_S + 86400, &chain), 0);
    assert_int_equal(device_ca_root(workshop, &root), 0);
    const struct span sent[] = {buf_span(&chain.der[0]), buf_span(&chain.der[1])};
    const struct span anchor = buf_span(&root);
    assert_true(span_equals(anchor, buf_span(&chain.der[2])));
    assert_int_equal(cert_common_name(sent[0], name, sizeof name), 0);
    assert_string_equal(name, "bench-01");
    static const struct {
        int64_t at_s;
        enum cert_verdict verdict;
    } rows[] = {{NOW_S, CERT_TRUSTED},
                {NOW_S + 86400, CERT_TRUSTED},
                {NOW_S - 1, CERT_OUT_OF_DATE},
                {NOW_S + 86401, CERT_OUT_OF_DATE}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_int_equal(cert_chain_leads_to(sent, 2, &anchor, 1, rows[i].at_s, &judgement), 0);
        assert_int_equal(judgement.verdict, rows[i].verdict);
    }
    device_chain_deinit(&chain);
}

static const struct {
    const char *row;
    const char *subject;
    size_t edit;       // a byte of the request
    size_t kept_bytes; // 0: all
    const char *why;
} rows[] = {
    {"the CN of another", "CN=bench-02", 0, 0, "is 'bench-02', expected 'bench-01'"},
    {"no CN", "O=bench-01", 0, 0, "is '', expected 'bench-01'"},
    {"half a request", "CN=bench-01", 0, 60, "no PKCS#10 DER"},
    {"a changed name", "CN=bench-01", 24, 0, "not signed with the key that it names"},
};

static void a_request_that_is_no_good_is_refused_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct device_chain chain;
        struct buf request HR_CLEANUP(buf_deinit);
        buf_init(&request, 4000);
        make_request(rows[i].subject, rows[i].edit, &request);
        if (rows[i].kept_bytes) {
            buf_truncate(&request, rows[i].kept_bytes);
        }
        int code =
            device_ca_issue(workshop, buf_span(&request), "bench-01", NOW_S, NOW_S + 1, &chain);
        if (code != ERR_VALUE || !strstr(error_detail(), rows[i].why)) {
            fail_msg("%s: seen %s '%s'", rows[i].row, error_name(code), error_detail());
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_becomes_a_chain_that_leads_to_the_root),
        cmocka_unit_test(a_request_that_is_no_good_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, open_workshop, close_workshop);
}
