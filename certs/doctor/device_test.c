// SPDX-License-Identifier: MIT
// Families D and K.
#include "base/test.h"
#include "base/text_code.h"
#include "certs/doctor/case.h"
#include "certs/doctor/doctor_kit.h"

#include <stdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define DEVICE(id) .settings = {.device_id = id}

static void each_rule_of_the_device_certificate_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"D-01",
         {.inputs = {"client-cert.pem: {root}"}},
         {.inputs = {"client-cert.pem: {device}"}}},
        {"D-01",
         {.inputs = {"cert.pem: {some}", "private.pem: {rootkey}"}},
         {.inputs = {"cert.pem: {some}", "private.pem: {otherkey}"}}},
        {"D-02",
         {DEVICE("Bench-01"), .inputs = {"device.pem: {device}"}},
         {DEVICE("bench-01"), .inputs = {"device.pem: {device}"}}},
        {"D-02",
         {.inputs = {"device.pem: {device}",
                     "arg: HostName=h.azure-devices.net;DeviceId=x;x509=true"}},
         {.inputs = {"device.pem: {device}",
                     "arg: HostName=h.azure-devices.net;DeviceId=bench-01;x509=true"}}},
        {"D-03", {.inputs = {"device.pem: {nameless}"}}, {.inputs = {"device.pem: {device}"}}},
        {"D-04",
         {.inputs = {"device.pem: {device}", "device.key: {otherkey}"}},
         {.inputs = {"device.pem: {device}", "device.key: {devicekey}"}}},
        {"D-05", {.inputs = {"device.pem: {expired}"}}, {.inputs = {"device.pem: {device}"}}},
        {"D-06",
         {.inputs = {"device.pem: {deep}", "ca.pem: {root}"}},
         {.inputs = {"device.pem: {deep}{inter}", "ca.pem: {root}"}}},
        {"D-07",
         {.inputs = {"device.pem: {device}{root}",
                     "n.c: void f(void) { nx_secure_tls_session_create(&s); }"}},
         {.inputs = {"device.pem: {device}",
                     "n.c: void f(void) { nx_secure_tls_session_create(&s); }"}}},
        {"D-08", {.inputs = {"device.pem: {noclient}"}}, {.inputs = {"device.pem: {device}"}}},
        {"D-09",
         {.settings = {.stack = STACK_MBEDTLS_228},
          .is_plain_stack = true,
          .inputs = {"device.pem: {devrsa}"}},
         {.settings = {.stack = STACK_MBEDTLS_228},
          .is_plain_stack = true,
          .inputs = {"device.pem: {device}"}}},
        {"D-10", {.inputs = {"device.pem: {devsha1}"}}, {.inputs = {"device.pem: {device}"}}},
        {"D-11",
         {.inputs = {"device.pem: {inter}{deep}"}},
         {.inputs = {"device.pem: {deep}{inter}"}}},
        {"D-12",
         {.settings = {.thumbprint = "0123456789012345678901234567890123456789"},
          .inputs = {"device.pem: {device}"}},
         {.inputs = {"device.pem: {device}"}}},
        {"D-13",
         {.settings = {.thumbprint = "01:23:45:67:89:01:23:45:67:89:01:23:45:67:89:01:23:45:67:89"},
          .inputs = {"device.pem: {device}"}},
         {.settings = {.thumbprint = "0123456789012345678901234567890123456789"},
          .inputs = {"device.pem: {device}"}}},
        {"D-15",
         {.inputs = {"device.pem: {self}", "ca.pem: {root}"}},
         {.inputs = {"device.pem: {device}", "ca.pem: {root}"}}},
        {"D-16",
         {.inputs =
              {"device.pem: {device}",
               "arg: HostName=h.azure-devices.net;DeviceId=bench-01;SharedAccessKey={secret}"}},
         {.inputs = {"device.pem: {device}",
                     "arg: HostName=h.azure-devices.net;DeviceId=bench-01;x509=true"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static struct doctor *run_thumbprint(const char *thumbprint)
{
    const struct kit_case c = {.settings = {.thumbprint = thumbprint},
                               .inputs = {"device.pem: {device}"}};
    return kit_run(&c);
}

static void thumbprints_are_compared_in_both_kinds(void **state)
{
    (void)state;
    char sha1[41];
    char sha256[65];
    char both[120];
    struct doctor *d = run_thumbprint("00");
    for (size_t i = 0; i < 32; i++) {
        snprintf(sha256 + 2 * i, 3, "%02X", d->certs[0]->sha256[i]);
    }
    for (size_t i = 0; i < 20; i++) {
        snprintf(sha1 + 2 * i, 3, "%02x", d->certs[0]->sha1[i]);
    }
    assert_non_null(kit_find(d, "D-13")); // two digits are none
    doctor_free(d);
    d = run_thumbprint(sha256);
    assert_null(kit_find(d, "D-12"));
    assert_null(kit_find(d, "D-13"));
    assert_null(kit_find(d, "D-14"));
    doctor_free(d);
    d = run_thumbprint(sha1);
    assert_null(kit_find(d, "D-12"));
    assert_non_null(kit_find(d, "D-14"));
    doctor_free(d);
    snprintf(both, sizeof both, "%s,%s", sha1, sha256);
    d = run_thumbprint(both);
    assert_non_null(strstr(kit_find(d, "D-13")->what, "different kinds"));
    doctor_free(d);
    snprintf(both, sizeof both, "\xe2\x80\x8e%s", sha1); // as copied from a certificate dialog
    d = run_thumbprint(both);
    assert_non_null(strstr(kit_find(d, "D-13")->what, "1 invisible"));
    doctor_free(d);
}

// The device key in another shape, written by OpenSSL.
static void write_key(struct buf *out, const char *format)
{
    struct span pem = kit_fixture(strcmp(format, "rsa-pkcs8") == 0 ? "rsakey" : "devicekey");
    BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *pk = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    if (strcmp(format, "encrypted") == 0) {
        PEM_write_bio_PKCS8PrivateKey(bio, pk, EVP_aes_128_cbc(), "password", 8, NULL, NULL);
    } else if (strcmp(format, "traditional-encrypted") == 0) {
        PEM_write_bio_PrivateKey_traditional(bio, pk, EVP_aes_128_cbc(),
                                             (const unsigned char *)"password", 8, NULL, NULL);
    } else if (strcmp(format, "ed25519") == 0) {
        EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        PEM_write_bio_PKCS8PrivateKey(bio, ed, NULL, NULL, 0, NULL, NULL);
        EVP_PKEY_free(ed);
    } else {
        PEM_write_bio_PKCS8PrivateKey(bio, pk, NULL, NULL, 0, NULL, NULL);
    }
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    assert_int_equal(buf_append(out, span_of(data, (size_t)len)), 0);
    EVP_PKEY_free(pk);
    BIO_free(bio);
    BIO_free(in);
}

static void relabel(struct span pem, const char *old, const char *new, struct buf *out)
{
    while (pem.len) {
        size_t at = text_find(pem, old);
        assert_int_equal(buf_append(out, span_slice(pem, 0, at)), 0);
        assert_int_equal(at < pem.len ? buf_append_text(out, new) : 0, 0);
        pem = span_from(pem, at < pem.len ? at + strlen(old) : pem.len);
    }
}

static const char *const key_rules[] = {"K-01", "K-02", "K-03", "K-04", "K-05",
                                        "K-06", "K-07", "K-09", "K-10"};

// `rule` and no other of the family; NULL: none.
static void check_key(struct span pem, const char *rule)
{
    struct doctor *d = kit_run_bytes(
        &(struct doctor_settings){.stack = STACK_ANY, .cloud = CLOUD_ANY}, "device.key", pem);
    for (size_t i = 0; i < HR_COUNT_OF(key_rules); i++) {
        bool is_expected = rule && strcmp(key_rules[i], rule) == 0;
        if ((kit_find(d, key_rules[i]) != NULL) != is_expected) {
            fail_msg("expected %s, and %s is %s", rule ? rule : "none", key_rules[i],
                     is_expected ? "missing" : "there");
        }
    }
    doctor_free(d);
}

static void each_form_of_a_key_is_told_from_the_others(void **state)
{
    (void)state;
    struct buf pkcs8 HR_CLEANUP(buf_wipe);
    struct buf rsa HR_CLEANUP(buf_wipe);
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&pkcs8, 1 << 16);
    buf_init(&rsa, 1 << 16);
    buf_init(&text, 1 << 16);
    write_key(&pkcs8, "pkcs8");
    write_key(&rsa, "rsa-pkcs8");
    check_key(kit_fixture("rsakey"), NULL);    // PKCS#1
    check_key(kit_fixture("devicekey"), NULL); // SEC1
    check_key(buf_span(&pkcs8), NULL);
    check_key(buf_span(&rsa), NULL);
    relabel(buf_span(&rsa), " PRIVATE KEY", " RSA PRIVATE KEY", &text);
    check_key(buf_span(&text), "K-02");
    buf_clear(&text);
    relabel(kit_fixture("rsakey"), "RSA PRIVATE", "PRIVATE", &text);
    check_key(buf_span(&text), "K-03");
    buf_clear(&text);
    relabel(kit_fixture("devicekey"), "EC PRIVATE", "PRIVATE", &text);
    check_key(buf_span(&text), "K-04");
    buf_clear(&text);
    write_key(&text, "encrypted");
    check_key(buf_span(&text), "K-01");
    buf_clear(&text);
    write_key(&text, "traditional-encrypted");
    check_key(buf_span(&text), "K-01");
    buf_clear(&text);
    write_key(&text, "ed25519");
    check_key(buf_span(&text), "K-07");
    check_key(kit_fixture("public"), "K-05");
    check_key(kit_fixture("device"), "K-05");
    check_key(kit_fixture("p521key"), "K-10");
    check_key(
        SPAN_LITERAL("-----BEGIN OPENSSH PRIVATE KEY-----\n"
                     "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
                     "-----END OPENSSH PRIVATE KEY-----\n"),
        "K-06");
}

static void a_key_that_others_read_is_reported(void **state)
{
    (void)state;
    struct doctor *d = NULL;
    for (int i = 0; i < 2; i++) {
        const struct doctor_settings s = {
            .now_s = kit_now_s, .stack = STACK_ANY, .cloud = CLOUD_ANY};
        assert_int_equal(doctor_new(&s, &d), 0);
        const struct doctor_input input = {
            .name = "device.key", .bytes = kit_fixture("devicekey"), .is_world_readable = i};
        assert_int_equal(doctor_add(d, &input), 0);
        assert_int_equal(doctor_run(d), 0);
        assert_int_equal(kit_find(d, "K-08") != NULL, i);
        doctor_free(d);
    }
}

static void keys_in_sources_and_for_netx_are_reported(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"K-08",
         {.inputs = {"certs.h: #define CLIENT_PRIVATE_KEY \\\n{devicekey.macro}"}},
         {.inputs = {"certs.h: #define CLIENT_CERTIFICATE \\\n{device.macro}"}}},
        {"K-09",
         {.inputs = {"device.key: {rsakey}",
                     "n.c: void f(void) { nx_secure_x509_certificate_initialize(&c); }"}},
         {.inputs = {"device.key: {rsakey}", "n.c: void f(void) { other(&c); }"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void a_device_in_order_is_said_to_be(void **state)
{
    (void)state;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 16);
    const struct kit_case c = {DEVICE("bench-01"),
                               .inputs = {"device.pem: {device}", "device.key: {devicekey}"}};
    struct doctor *d = kit_run(&c);
    kit_print(d, &text);
    static const char *const expected[] = {
        "right the private key belongs to the device certificate",
        "right the common name of the device certificate",
        "right the device certificate is valid until 2046"};
    for (size_t i = 0; i < HR_COUNT_OF(expected); i++) {
        if (!strstr(buf_text(&text), expected[i])) {
            fail_msg("'%s' is not in:\n%s", expected[i], buf_text(&text));
        }
    }
    doctor_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_of_the_device_certificate_has_a_case_and_a_neighbour),
        cmocka_unit_test(thumbprints_are_compared_in_both_kinds),
        cmocka_unit_test(each_form_of_a_key_is_told_from_the_others),
        cmocka_unit_test(a_key_that_others_read_is_reported),
        cmocka_unit_test(keys_in_sources_and_for_netx_are_reported),
        cmocka_unit_test(a_device_in_order_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
