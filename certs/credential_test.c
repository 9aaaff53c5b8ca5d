// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "certs/chain.h"
#include "certs/verify_peer.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static const int64_t now_s = 1795161645; // 2026-11-20T08:00:45Z

static int set_up(void **state)
{
    return workshop_open(NULL, (struct workshop **)state);
}

static int tear_down(void **state)
{
    workshop_close(*state);
    return 0;
}

static X509 *read_cert(const struct device_credential *c)
{
    struct peer_certs certs;
    peer_read_pem(buf_span(&c->cert_pem), &certs);
    assert_int_equal(certs.count, 1);
    return certs.items[0];
}

static void a_credential_is_a_self_signed_client_certificate(void **state)
{
    struct device_credential c;
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s, &c), 0);
    X509 *cert = read_cert(&c);
    char name[100];
    X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof name);
    assert_string_equal(name, "/CN=sensor-7");
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)), 0);
    assert_int_equal(X509_verify(cert, X509_get0_pubkey(cert)), 1);
    assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA256);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), 256);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_CLIENT);
    assert_int_equal(X509_check_purpose(cert, X509_PURPOSE_SSL_CLIENT, 0), 1);
    assert_int_equal(X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 0), 0);
    assert_int_equal(X509_check_ca(cert), 0);
    X509_free(cert);
    device_credential_deinit(&c);
}

static void a_credential_lives_from_a_day_before_for_a_year(void **state)
{
    struct device_credential c;
    int days = 0, seconds = 0;
    time_t midnight = (time_t)(now_s - now_s % 86400);
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s, &c), 0);
    X509 *cert = read_cert(&c);
    ASN1_TIME *today = ASN1_TIME_set(NULL, midnight);
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert), today), 1);
    assert_int_equal(days, 1);
    assert_int_equal(seconds, 0);
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, today, X509_get0_notAfter(cert)), 1);
    assert_int_equal(days, 364);
    ASN1_TIME_free(today);
    X509_free(cert);
    device_credential_deinit(&c);
}

static void the_thumbprints_are_those_that_openssl_computes(void **state)
{
    struct device_credential c;
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s, &c), 0);
    X509 *cert = read_cert(&c);
    const EVP_MD *kinds[] = {EVP_sha1(), EVP_sha256()};
    const char *ours[] = {c.sha1_hex, c.sha256_hex};
    for (size_t i = 0; i < 2; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        char hex[2 * EVP_MAX_MD_SIZE + 1];
        unsigned len = 0;
        assert_int_equal(X509_digest(cert, kinds[i], digest, &len), 1);
        for (unsigned k = 0; k < len; k++) {
            snprintf(hex + 2 * k, 3, "%02x", digest[k]);
        }
        assert_string_equal(ours[i], hex);
    }
    X509_free(cert);
    device_credential_deinit(&c);
}

static void the_key_fits_and_the_thumbprint_holds_all_day(void **state)
{
    struct device_credential morning, evening, next_day;
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s, &morning), 0);
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s + 50000, &evening), 0);
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s + 86400, &next_day), 0);
    assert_string_equal(morning.sha256_hex, evening.sha256_hex);
    assert_string_not_equal(morning.sha256_hex, next_day.sha256_hex);
    assert_string_equal(buf_text(&morning.key_pem), buf_text(&next_day.key_pem));
    X509 *cert = read_cert(&morning);
    BIO *bio = BIO_new_mem_buf(morning.key_pem.data, (int)morning.key_pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    EVP_PKEY_free(key);
    BIO_free(bio);
    X509_free(cert);
    device_credential_deinit(&morning);
    device_credential_deinit(&evening);
    device_credential_deinit(&next_day);
}

static void every_letter_of_a_device_id_can_be_used(void **state)
{
    static const char *const ids[] = {
        "a",
        "A-Z.0",
        "..",
        "../../etc/passwd",
        "dev:1%_#*?!(),=@$'+",
        "sha256+0",
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "8901234567890123456789012345678901234567"};
    char seen[HR_COUNT_OF(ids)][41];
    for (size_t i = 0; i < HR_COUNT_OF(ids); i++) {
        struct device_credential c;
        char name[200];
        assert_int_equal(device_credential_make(*state, ids[i], now_s, &c), 0);
        X509 *cert = read_cert(&c);
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
        assert_string_equal(name, ids[i]);
        memcpy(seen[i], c.sha1_hex, sizeof seen[i]);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(seen[i], seen[k]);
        }
        X509_free(cert);
        device_credential_deinit(&c);
    }
}

static void what_is_no_device_id_is_refused(void **state)
{
    char long_id[130];
    memset(long_id, 'x', sizeof long_id);
    long_id[129] = '\0';
    const char *const ids[] = {NULL, "", "a b", "\xc3\xbc", "a\n", long_id};
    for (size_t i = 0; i < HR_COUNT_OF(ids); i++) {
        struct device_credential c;
        assert_int_equal(device_credential_make(*state, ids[i], now_s, &c), ERR_VALUE);
        device_credential_deinit(&c); // harmless
    }
    struct device_credential c;
    assert_int_equal(device_credential_make(*state, "x", INT64_MIN, &c), ERR_VALUE);
    assert_int_equal(device_credential_make(*state, "x", INT64_MAX, &c), ERR_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_is_a_self_signed_client_certificate),
        cmocka_unit_test(a_credential_lives_from_a_day_before_for_a_year),
        cmocka_unit_test(the_thumbprints_are_those_that_openssl_computes),
        cmocka_unit_test(the_key_fits_and_the_thumbprint_holds_all_day),
        cmocka_unit_test(every_letter_of_a_device_id_can_be_used),
        cmocka_unit_test(what_is_no_device_id_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
