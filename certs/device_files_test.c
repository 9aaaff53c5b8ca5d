// SPDX-License-Identifier: MIT
// Device credentials of every kind and key form, with OpenSSL as the judge.
#include "certs/device_files.h"
#include "base/error.h"
#include "base/test.h"
#include "certs/verify_peer.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
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

static void make(struct workshop *w, const struct device_wish *given, struct device_files *out)
{
    struct device_wish wish = *given;
    wish.utc_s = now_s;
    int code = device_files_make(w, &wish, out);
    if (code < 0) {
        fail_msg("%s: %s", given->id, error_text(code));
    }
}

static struct device_wish wish_for(enum credential_kind kind)
{
    return (struct device_wish){.id = kind == DEVICE_MODULE ? "sensor-7/camera" : "sensor-7",
                                .kind = kind,
                                .key = KEY_P256};
}

static X509 *read_one(const struct buf *pem)
{
    struct peer_certs certs;
    peer_read_pem(buf_span(pem), &certs);
    assert_int_equal(certs.count, 1);
    return certs.items[0];
}

static EVP_PKEY *read_key(const struct buf *pem, const char *password)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)password);
    BIO_free(bio);
    return key;
}

// What a hub that was given these roots says about a client with this chain.
static int verify_client(const struct buf *chain_pem, const struct buf *root_pem)
{
    struct peer_certs sent, roots;
    peer_read_pem(buf_span(chain_pem), &sent);
    peer_read_pem(buf_span(root_pem), &roots);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    assert_int_equal(roots.count, 1);
    X509_STORE_add_cert(store, roots.items[0]);
    for (int i = 1; i < sent.count; i++) {
        sk_X509_push(others, sent.items[i]);
    }
    assert_int_equal(X509_STORE_CTX_init(ctx, store, sent.items[0], others), 1);
    X509_STORE_CTX_set_default(ctx, "ssl_client");
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)now_s);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
    X509_verify_cert(ctx);
    int result = X509_STORE_CTX_get_error(ctx);
    sk_X509_free(others);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    peer_free(&sent);
    peer_free(&roots);
    return result;
}

static void each_kind_is_right_or_wrong_in_its_own_way(void **state)
{
    static const struct {
        enum credential_kind kind;
        const char *common_name;
        bool has_ca, is_self_signed, is_ca, key_fits, is_in_date;
    } rows[] = {
        {DEVICE_SELF_SIGNED, "sensor-7", false, true, false, true, true},
        {DEVICE_CA_SIGNED, "sensor-7", true, false, false, true, true},
        {DEVICE_MODULE, "sensor-7/camera", false, true, false, true, true},
        {DEVICE_EXPIRED, "sensor-7", false, true, false, true, false},
        {DEVICE_WRONG_CN, "sensor-7-other", true, false, false, true, true},
        {DEVICE_CA_AS_DEVICE, "hubrig test device root", true, true, true, true, true},
        {DEVICE_KEY_MISMATCH, "sensor-7", false, true, false, false, true},
    };
    assert_int_equal(HR_COUNT_OF(rows), DEVICE_KIND_COUNT);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct device_files files;
        struct device_wish wish = wish_for(rows[i].kind);
        char name[200];
        time_t clock = (time_t)now_s;
        print_message("%s\n", device_kind_words[rows[i].kind]);
        make(*state, &wish, &files);
        X509 *cert = read_one(&files.cert_pem);
        EVP_PKEY *key = read_key(&files.key_pem, NULL);
        assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(cert)), 1);
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
        assert_string_equal(name, rows[i].common_name);
        assert_string_equal(files.common_name, rows[i].common_name);
        assert_int_equal(files.chain_pem.len > 0, rows[i].has_ca);
        assert_int_equal(files.ca_pem.len > 0, rows[i].has_ca);
        assert_int_equal(X509_verify(cert, X509_get0_pubkey(cert)) == 1, rows[i].is_self_signed);
        assert_int_equal(X509_check_ca(cert) == 1, rows[i].is_ca);
        assert_int_equal(X509_check_private_key(cert, key) == 1, rows[i].key_fits);
        assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert), &clock) > 0, rows[i].is_in_date);
        assert_true(X509_cmp_time(X509_get0_notBefore(cert), &clock) < 0);
        EVP_PKEY_free(key);
        X509_free(cert);
        device_files_deinit(&files);
    }
}

static void a_ca_signed_chain_leads_to_the_root_that_is_registered(void **state)
{
    static const enum credential_kind kinds[] = {DEVICE_CA_SIGNED, DEVICE_WRONG_CN};
    for (size_t i = 0; i < HR_COUNT_OF(kinds); i++) {
        struct device_files files;
        struct device_wish wish = wish_for(kinds[i]);
        make(*state, &wish, &files);
        assert_int_equal(verify_client(&files.chain_pem, &files.ca_pem), X509_V_OK);
        // without its intermediate it is the most common mistake of all
        assert_int_equal(verify_client(&files.cert_pem, &files.ca_pem),
                         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
        device_files_deinit(&files);
    }
}

static void the_ca_is_the_same_for_every_device_and_every_day(void **state)
{
    struct device_files one, other;
    struct device_wish wish = wish_for(DEVICE_CA_SIGNED);
    make(*state, &wish, &one);
    wish.id = "sensor-8";
    wish.utc_s = now_s + 1000 * (int64_t)86400;
    assert_int_equal(device_files_make(*state, &wish, &other), 0);
    assert_string_equal(buf_text(&one.ca_pem), buf_text(&other.ca_pem));
    assert_string_not_equal(one.sha256_hex, other.sha256_hex);
    device_files_deinit(&one);
    device_files_deinit(&other);
}

static void a_self_signed_one_is_that_of_the_simulator(void **state)
{
    struct device_files files;
    struct device_credential credential;
    struct device_wish wish = wish_for(DEVICE_SELF_SIGNED);
    make(*state, &wish, &files);
    assert_int_equal(device_credential_make(*state, "sensor-7", now_s, &credential), 0);
    assert_string_equal(buf_text(&files.cert_pem), buf_text(&credential.cert_pem));
    assert_string_equal(buf_text(&files.key_pem), buf_text(&credential.key_pem));
    assert_string_equal(files.sha1_hex, credential.sha1_hex);
    assert_string_equal(files.sha256_hex, credential.sha256_hex);
    device_credential_deinit(&credential);
    device_files_deinit(&files);
}

static void every_key_form_holds_the_key_under_its_label(void **state)
{
    static const struct {
        enum key_kind key;
        enum key_form form;
        const char *label, *password;
    } rows[] = {
        {KEY_P256, KEY_FORM_PKCS8, "-----BEGIN PRIVATE KEY-----\n", NULL},
        {KEY_RSA2048, KEY_FORM_PKCS8, "-----BEGIN PRIVATE KEY-----\n", NULL},
        {KEY_RSA2048, KEY_FORM_PKCS1, "-----BEGIN RSA PRIVATE KEY-----\n", NULL},
        {KEY_P256, KEY_FORM_SEC1, "-----BEGIN EC PRIVATE KEY-----\n", NULL},
        {KEY_P384, KEY_FORM_SEC1, "-----BEGIN EC PRIVATE KEY-----\n", NULL},
        {KEY_P256, KEY_FORM_ENCRYPTED, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "open sesame"},
        {KEY_RSA2048, KEY_FORM_ENCRYPTED, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "x"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct device_files files;
        struct device_wish wish = wish_for(DEVICE_SELF_SIGNED);
        wish.key = rows[i].key;
        wish.form = rows[i].form;
        wish.password = rows[i].password;
        print_message("%s %s\n", key_kind_words[rows[i].key], key_form_words[rows[i].form]);
        make(*state, &wish, &files);
        assert_true(span_starts_with(buf_span(&files.key_pem), span_text(rows[i].label)));
        X509 *cert = read_one(&files.cert_pem);
        EVP_PKEY *key = read_key(&files.key_pem, rows[i].password);
        assert_non_null(key);
        assert_int_equal(X509_check_private_key(cert, key), 1);
        if (rows[i].password) {
            assert_null(read_key(&files.key_pem, "another"));
        }
        EVP_PKEY_free(key);
        X509_free(cert);
        device_files_deinit(&files);
    }
}

static void an_encrypted_key_is_salted_anew_each_time(void **state)
{
    struct device_files one, other;
    struct device_wish wish = wish_for(DEVICE_SELF_SIGNED);
    wish.form = KEY_FORM_ENCRYPTED;
    wish.password = "open sesame";
    make(*state, &wish, &one);
    make(*state, &wish, &other);
    assert_string_not_equal(buf_text(&one.key_pem), buf_text(&other.key_pem));
    device_files_deinit(&one);
    device_files_deinit(&other);
}

static void wishes_that_make_no_sense_are_refused(void **state)
{
    static const struct device_wish rows[] = {
        {.id = ""},
        {.id = "a b"},
        {.id = "a/b"},
        {.id = "a", .kind = DEVICE_MODULE},
        {.id = "a/", .kind = DEVICE_MODULE},
        {.id = "/b", .kind = DEVICE_MODULE},
        {.id = "a", .key = KEY_P256, .form = KEY_FORM_PKCS1},
        {.id = "a", .key = KEY_RSA2048, .form = KEY_FORM_SEC1},
        {.id = "a", .key = KEY_P256, .form = KEY_FORM_ENCRYPTED},
        {.id = "a", .key = KEY_P256, .form = KEY_FORM_ENCRYPTED, .password = ""},
        {.id = "a", .key = KEY_P256, .form = KEY_FORM_PKCS8, .password = "x"},
        {.id = "a", .key = KEY_P256, .utc_s = INT64_MAX},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct device_files files;
        print_message("row %zu\n", i);
        assert_int_equal(device_files_make(*state, &rows[i], &files), ERR_VALUE);
        assert_int_equal(files.key_pem.len, 0);
        device_files_deinit(&files); // harmless
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_right_or_wrong_in_its_own_way),
        cmocka_unit_test(a_ca_signed_chain_leads_to_the_root_that_is_registered),
        cmocka_unit_test(the_ca_is_the_same_for_every_device_and_every_day),
        cmocka_unit_test(a_self_signed_one_is_that_of_the_simulator),
        cmocka_unit_test(every_key_form_holds_the_key_under_its_label),
        cmocka_unit_test(an_encrypted_key_is_salted_anew_each_time),
        cmocka_unit_test(wishes_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
