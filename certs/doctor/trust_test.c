// SPDX-License-Identifier: MIT
// Families R and C, and the outlook.
#include "base/fs.h"
#include "base/test.h"
#include "certs/doctor/case.h"
#include "certs/doctor/doctor_kit.h"
#include "certs/doctor/openssl_hash.h"
#include "certs/doctor/predict.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MOST = 1 << 20 };

#define ON(name)   .settings = {.stack = name}, .is_plain_stack = true
#define HOST(name) .settings = {.hub_host = name}

static void need_real_roots(void)
{
    if (!kit_has_real_roots()) {
        print_message("skipped: /usr/share/ca-certificates/mozilla has not all of the roots\n");
        skip();
    }
}

static void each_rule_of_trust_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    need_real_roots();
    static const struct kit_row rows[] = {
        {"R-01", {.inputs = {"ca.pem: {root}"}}, {.inputs = {"ca.pem: {G2}"}}},
        {"R-01",
         {.inputs = {"ca.pem: {some}", "device.key: {rootkey}"}},
         {.inputs = {"ca.pem: {some}"}}},
        {"R-02", {.inputs = {"ca.pem: {BALTIMORE}"}}, {.inputs = {"ca.pem: {BALTIMORE}{G2}"}}},
        {"R-03",
         {HOST("h.azure-devices.cn"), .inputs = {"ca.pem: {G2}"}},
         {HOST("h.azure-devices.cn"), .inputs = {"ca.pem: {G2}{G1}"}}},
        {"R-03", {.inputs = {"ca.pem: {G3}"}}, {.inputs = {"ca.pem: {G3}{G2}"}}},
        {"R-04", {.inputs = {"ca.pem: {G2}{old}"}}, {.inputs = {"ca.pem: {G2}{some}"}}},
        {"R-05", {.inputs = {"ca.pem: {G2}{short}"}}, {.inputs = {"ca.pem: {G2}{some}"}}},
        {"R-06", {.inputs = {"ca.pem: {inter}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"R-07", {.inputs = {"ca.pem: {leaf}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"R-08", {.inputs = {"ca.pem: {G2}"}}, {.inputs = {"ca.pem: {G2}{MSRSA}"}}},
        {"R-09",
         {.inputs = {"ca.pem: {G2}", "user_settings.h: #define WOLFSSL_SHA384\n#define HAVE_ECC\n"
                                     "#define NO_RSA\n"}},
         {.inputs = {"ca.pem: {G2}{G3}", "user_settings.h: #define WOLFSSL_SHA384\n"
                                         "#define HAVE_ECC\n#define NO_RSA\n"}}},
        {"R-11", {.inputs = {"ca.pem: {sha1}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"R-12", {.inputs = {"ca.pem: {some}{twin}"}}, {.inputs = {"ca.pem: {some}{root}"}}},
        {"R-13", {.inputs = {"ca.pem: {odd}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"R-14", {.inputs = {"ca.pem: {v1}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"R-15", {.inputs = {"ca.pem:  "}}, {.inputs = {"ca.pem: {some}"}}},
        {"R-15",
         {.settings = {.now_s = INT64_C(2150000000)}, .inputs = {"ca.pem: {G2}"}},
         {.inputs = {"ca.pem: {G2}"}}},
        {"R-17",
         {.inputs =
              {"n.c: void f(void) { mbedtls_ssl_conf_authmode(&c, MBEDTLS_SSL_VERIFY_NONE); }"}},
         {.inputs =
              {"n.c: void f(void) { mbedtls_ssl_conf_authmode(&c, MBEDTLS_SSL_VERIFY_REQUIRED); "
               "/* MBEDTLS_SSL_VERIFY_NONE */ }"}}},
        {"R-17",
         {.inputs = {"n.c: void f(void) { SSL_connect(s); }"}},
         {.inputs = {"n.c: void f(void) { SSL_set1_host(s, h); SSL_connect(s); }"}}},
        {"R-17",
         {.inputs = {"n.c: struct x c = {.skip_cert_common_name_check = true};"}},
         {.inputs = {"n.c: struct x c = {.skip_cert_common_name_check = false};"}}},
        {"R-17",
         {.inputs = {"sdkconfig: CONFIG_ESP_TLS_INSECURE=y\n"}},
         {.inputs = {"sdkconfig: # CONFIG_ESP_TLS_INSECURE is not set\n"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void a_root_of_a_system_bundle_is_not_a_copy_of_ones_own(void **state)
{
    (void)state;
    need_real_roots();
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    for (int i = 0; i < 60; i++) {
        kit_expand(i ? "{some}" : "{G1}{G2}", &text);
    }
    const struct doctor_settings china = {.stack = STACK_ANY, .cloud = CLOUD_CHINA};
    struct doctor *d = kit_run_bytes(&china, "bundle.pem", buf_span(&text));
    assert_non_null(kit_find(d, "R-10"));
    doctor_free(d);
    buf_truncate(&text, kit_fixture("G1").len + kit_fixture("G2").len);
    d = kit_run_bytes(&china, "bundle.pem", buf_span(&text));
    assert_null(kit_find(d, "R-10"));
    doctor_free(d);
}

static void the_simulators_own_root_is_no_mistake(void **state)
{
    (void)state;
    struct doctor *d = kit_run(&(struct kit_case){.inputs = {"ca.pem: {simulator}"}});
    assert_non_null(kit_find(d, "R-01"));
    assert_int_equal(kit_find(d, "R-01")->severity, DOCTOR_INFO);
    doctor_free(d);
}

static void a_genuine_root_is_said_to_be_genuine(void **state)
{
    (void)state;
    need_real_roots();
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    struct doctor *d = kit_run(&(struct kit_case){.inputs = {"ca.pem: {G2}{MSRSA}"}});
    kit_print(d, &text);
    assert_non_null(strstr(buf_text(&text), "right DigiCert Global Root G2 is there and genuine"));
    assert_int_equal(doctor_finding_count(d), 0);
    doctor_free(d);
}

static void every_known_root_is_in_the_table_as_debian_has_it(void **state)
{
    (void)state;
    need_real_roots();
    static const struct {
        const char *fixture;
        enum known_root_id id;
    } rows[] = {{"G1", ROOT_G1},
                {"G2", ROOT_G2},
                {"G3", ROOT_G3},
                {"MSRSA", ROOT_MS_RSA_2017},
                {"BALTIMORE", ROOT_BALTIMORE}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct doctor *d =
            kit_run_bytes(&(struct doctor_settings){.stack = STACK_ANY, .cloud = CLOUD_ANY},
                          "ca.pem", kit_fixture(rows[i].fixture));
        assert_int_equal(d->cert_count, 1);
        assert_ptr_equal(d->certs[0]->known, &known_roots[rows[i].id]);
        assert_ptr_equal(d->certs[0]->claimed, &known_roots[rows[i].id]);
        assert_int_equal(d->certs[0]->to_s, known_roots[rows[i].id].not_after_s);
        doctor_free(d);
    }
}

static void debians_bundle_has_no_error(void **state)
{
    (void)state;
    struct buf text HR_CLEANUP(buf_deinit);
    struct buf said HR_CLEANUP(buf_deinit);
    buf_init(&text, 4 << 20);
    buf_init(&said, TEXT_BYTES_MOST);
    if (fs_read_file("/etc/ssl/certs/ca-certificates.crt", &text) < 0) {
        print_message("skipped: no /etc/ssl/certs/ca-certificates.crt\n");
        skip();
    }
    struct doctor *d =
        kit_run_bytes(&(struct doctor_settings){.stack = STACK_ANY, .cloud = CLOUD_ANY},
                      "ca-certificates.crt", buf_span(&text));
    kit_print(d, &said);
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        if (doctor_finding(d, i)->severity == DOCTOR_ERROR) {
            fail_msg("a false alarm in:\n%s", buf_text(&said));
        }
    }
    doctor_free(d);
}

static bool has_outlook(const struct doctor *d, const char *start, const char *part)
{
    for (size_t i = 0; i < doctor_outlook_count(d); i++) {
        const char *text = doctor_outlook(d, i);
        if (strncmp(text, start, strlen(start)) == 0 && strstr(text, part)) {
            return true;
        }
    }
    return false;
}

static bool has_date(const struct doctor *d, int64_t at_s, const char *part)
{
    for (size_t i = 0; i < doctor_date_count(d); i++) {
        if (doctor_date(d, i)->at_s == at_s && strstr(doctor_date(d, i)->text, part)) {
            return true;
        }
    }
    return false;
}

static void the_outlook_names_the_chain_the_anchor_and_the_dates(void **state)
{
    (void)state;
    need_real_roots();
    struct doctor *d = kit_run(&(struct kit_case){.inputs = {"ca.pem: {G2}"}});
    assert_true(has_outlook(d, "works against Microsoft TLS G2 RSA", "until 2029-06-03"));
    assert_true(has_date(d, INT64_C(2147169600), "DigiCert Global Root G2"));
    assert_true(has_date(d, INT64_C(2147483647), "overflow"));
    doctor_free(d);
    d = kit_run(&(struct kit_case){.inputs = {"ca.pem: {BALTIMORE}"}});
    assert_true(has_outlook(d, "fails against Microsoft TLS G2 RSA", "its root is not here"));
    doctor_free(d);
    // in 2022 Baltimore was right, and its end was in sight
    d = kit_run(&(struct kit_case){.settings = {.now_s = INT64_C(1650000000)},
                                   .inputs = {"ca.pem: {BALTIMORE}"}});
    assert_true(has_outlook(d, "works against Microsoft RSA TLS CA 01", "until 2023-10-15"));
    assert_true(has_date(d, INT64_C(1747094340), "Baltimore"));
    doctor_free(d);
}

static void the_chain_of_a_day_is_the_one_that_was_served_then(void **state)
{
    (void)state;
    assert_null(hub_chain_at(CLOUD_PUBLIC, INT64_C(1000000000)));
    assert_non_null(strstr(hub_chain_at(CLOUD_PUBLIC, INT64_C(1650000000))->name, "TLS CA 01"));
    assert_non_null(strstr(hub_chain_at(CLOUD_PUBLIC, INT64_C(1700000000))->name, "CA 04"));
    assert_non_null(strstr(hub_chain_at(CLOUD_PUBLIC, kit_now_s)->name, "TLS G2"));
}

#define CLOCK(seconds) .settings = {.has_device_clock = true, .device_clock_s = seconds}
#define NOW            INT64_C(1795176000)

static void each_rule_of_the_clock_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"C-01",
         {CLOCK(10), .inputs = {"ca.pem: {some}"}},
         {CLOCK(NOW), .inputs = {"ca.pem: {some}"}}},
        {"C-01",
         {CLOCK(INT64_C(315964800)), .inputs = {"ca.pem: {some}"}},
         {CLOCK(NOW - 3600 * 24 * 100), .inputs = {"ca.pem: {some}"}}},
        {"C-02",
         {CLOCK(NOW + 3600 * 24 * 400), .inputs = {"ca.pem: {some}"}},
         {CLOCK(NOW + 3600 * 24 * 100), .inputs = {"ca.pem: {some}"}}},
        {"C-03",
         {CLOCK(NOW + 2 * 3600 + 3), .inputs = {"ca.pem: {some}"}},
         {CLOCK(NOW + 2 * 3600 + 300), .inputs = {"ca.pem: {some}"}}},
        {"C-03",
         {CLOCK(NOW - 19800), .inputs = {"ca.pem: {some}"}},
         {CLOCK(NOW - 600), .inputs = {"ca.pem: {some}"}}},
        {"C-04",
         {CLOCK(NOW - 1000), .inputs = {"ca.pem: {some}"}},
         {CLOCK(NOW - 200), .inputs = {"ca.pem: {some}"}}},
        {"C-05",
         {.inputs = {"ca.pem: {some}", "t.c: int f(void) { return (int32_t)time(NULL); }"}},
         {.inputs = {"ca.pem: {some}", "t.c: long f(void) { return (int64_t)time(NULL); }"}}},
        {"C-06",
         {.inputs = {"m.c: void f(void) { mbedtls_ssl_handshake(&s); }"}},
         {.inputs = {"m.c: void f(void) { esp_sntp_init(); mbedtls_ssl_handshake(&s); }"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void the_epochs_of_boards_are_named(void **state)
{
    (void)state;
    static const struct {
        int64_t clock_s;
        const char *says;
    } rows[] = {{10, "Unix epoch"},
                {INT64_C(315964810), "GPS epoch"},
                {INT64_C(943920010), "date of zeros"},
                {INT64_C(946684810), "many RTCs"}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        const struct kit_case c = {
            .settings = {.has_device_clock = true, .device_clock_s = rows[i].clock_s},
            .inputs = {"ca.pem: {some}"}};
        struct doctor *d = kit_run(&c);
        assert_non_null(strstr(kit_find(d, "C-01")->what, rows[i].says));
        doctor_free(d);
    }
}

static void the_hash_of_a_name_is_openssls(void **state)
{
    (void)state;
    static const char *const names[] = {"root",      "some", "inter", "device",
                                        "simulator", "G2",   "MSRSA"};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        if (i >= 5 && !kit_has_real_roots()) {
            continue;
        }
        struct span pem = kit_fixture(names[i]);
        BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
        X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        unsigned char *der = NULL;
        int len = i2d_X509_NAME(X509_get_subject_name(x), &der);
        char expected[9];
        char seen[9] = "";
        snprintf(expected, sizeof expected, "%08lx", X509_subject_name_hash(x));
        assert_true(openssl_name_hash(span_of(der, (size_t)len), seen));
        assert_string_equal(seen, expected);
        OPENSSL_free(der);
        X509_free(x);
        BIO_free(bio);
    }
    char out[9];
    assert_false(openssl_name_hash(SPAN_LITERAL("\x31\x01"), out));
}

static struct doctor *run_folder(const char *second_name)
{
    struct doctor *d = NULL;
    const struct doctor_settings s = {
        .now_s = kit_now_s, .stack = STACK_OPENSSL, .cloud = CLOUD_ANY};
    const char *const names[] = {"certs/ca.pem", second_name};
    assert_int_equal(doctor_new(&s, &d), 0);
    for (size_t i = 0; i < 2; i++) {
        const struct doctor_input input = {
            .name = names[i], .bytes = kit_fixture("some"), .is_of_folder = true};
        assert_int_equal(doctor_add(d, &input), 0);
    }
    assert_int_equal(doctor_run(d), 0);
    return d;
}

static void a_folder_for_openssl_needs_hash_names(void **state)
{
    (void)state;
    struct doctor *d = run_folder("certs/other.pem");
    const struct doctor_finding *f = kit_find(d, "R-16");
    assert_non_null(f);
    char name[64];
    snprintf(name, sizeof name, "certs/%.10s", strstr(f->what, "name ") + 5);
    doctor_free(d);
    d = run_folder(name);
    assert_null(kit_find(d, "R-16"));
    doctor_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_of_trust_has_a_case_and_a_neighbour),
        cmocka_unit_test(a_root_of_a_system_bundle_is_not_a_copy_of_ones_own),
        cmocka_unit_test(the_simulators_own_root_is_no_mistake),
        cmocka_unit_test(a_genuine_root_is_said_to_be_genuine),
        cmocka_unit_test(every_known_root_is_in_the_table_as_debian_has_it),
        cmocka_unit_test(debians_bundle_has_no_error),
        cmocka_unit_test(the_outlook_names_the_chain_the_anchor_and_the_dates),
        cmocka_unit_test(the_chain_of_a_day_is_the_one_that_was_served_then),
        cmocka_unit_test(each_rule_of_the_clock_has_a_case_and_a_neighbour),
        cmocka_unit_test(the_epochs_of_boards_are_named),
        cmocka_unit_test(the_hash_of_a_name_is_openssls),
        cmocka_unit_test(a_folder_for_openssl_needs_hash_names),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
