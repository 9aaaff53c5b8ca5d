// SPDX-License-Identifier: MIT
#include "certs/chain.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "certs/verify_peer.h"

#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOST "myhub.azure-devices.net"

enum { DAY_S = 86400 };
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

static void make_at(struct workshop *w, const char *name, int64_t utc_s, struct chain *out)
{
    struct chain_request rq = {.hub_host = HOST, .utc_s = utc_s};
    int code = chain_make(w, name, &rq, out);
    if (code < 0) {
        fail_msg("%s: %s", name, error_text(code));
    }
}

static int verify(const struct chain *sent, const struct chain *trusted, const char *host,
                  int64_t utc_s)
{
    return peer_verify(buf_span(&sent->sent_pem), buf_span(&trusted->root_pem), host, utc_s);
}

static const char *const good_names[] = {"azure/digicert-g2", "azure/digicert-g2-2023",
                                         "azure/baltimore"};

static void good_chains_verify_and_never_send_their_root(void **state)
{
    static const size_t sent_counts[] = {3, 2, 2};
    for (size_t i = 0; i < HR_COUNT_OF(good_names); i++) {
        struct chain chain;
        make_at(*state, good_names[i], now_s, &chain);
        assert_string_equal(chain.name, good_names[i]);
        assert_true(strlen(chain.about) > 10);
        assert_int_equal(verify(&chain, &chain, HOST, now_s), X509_V_OK);
        assert_int_equal(verify(&chain, &chain, "other.example", now_s),
                         X509_V_ERR_HOSTNAME_MISMATCH);
        assert_int_equal(chain.sent_count, sent_counts[i]);
        struct peer_certs sent;
        peer_read_pem(buf_span(&chain.sent_pem), &sent);
        assert_int_equal(sent.count, sent_counts[i]);
        for (int k = 0; k < sent.count; k++) {
            assert_int_not_equal(X509_check_issued(sent.items[k], sent.items[k]), X509_V_OK);
        }
        peer_free(&sent);
        chain_deinit(&chain);
    }
}

static void each_bad_chain_fails_with_exactly_its_error(void **state)
{
    static const struct {
        const char *name;
        int error;
        size_t sent_count;
    } rows[] = {
        {"bad/expired-leaf", X509_V_ERR_CERT_HAS_EXPIRED, 3},
        {"bad/not-yet-valid", X509_V_ERR_CERT_NOT_YET_VALID, 3},
        {"bad/wrong-host", X509_V_ERR_HOSTNAME_MISMATCH, 3},
        {"bad/unknown-root", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 3},
        {"bad/self-signed", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 1},
        {"bad/missing-intermediate", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1},
    };
    struct chain good;
    make_at(*state, "azure/digicert-g2", now_s, &good);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain bad;
        make_at(*state, rows[i].name, now_s, &bad);
        int error = verify(&bad, &good, HOST, now_s);
        if (error != rows[i].error || bad.sent_count != rows[i].sent_count) {
            fail_msg("%s: error %d with %zu certificates sent, expected %d with %zu", rows[i].name,
                     error, bad.sent_count, rows[i].error, rows[i].sent_count);
        }
        chain_deinit(&bad);
    }
    chain_deinit(&good);
}

static void a_bad_chain_verifies_once_its_one_fault_is_put_right(void **state)
{
    static const struct {
        const char *name;
        const char *host;
        int64_t utc_s;
        const char *trusted;
    } rows[] = {
        {"bad/expired-leaf", HOST, now_s - 2 * DAY_S, "azure/digicert-g2"},
        {"bad/not-yet-valid", HOST, now_s + 3 * DAY_S, "azure/digicert-g2"},
        {"bad/wrong-host", "other.example", now_s, "azure/digicert-g2"},
        {"bad/unknown-root", HOST, now_s, "bad/unknown-root"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain bad, trusted;
        make_at(*state, rows[i].name, now_s, &bad);
        make_at(*state, rows[i].trusted, now_s, &trusted);
        assert_int_equal(verify(&bad, &trusted, rows[i].host, rows[i].utc_s), X509_V_OK);
        chain_deinit(&bad);
        chain_deinit(&trusted);
    }
}

static void the_missing_intermediates_are_those_of_the_good_chain(void **state)
{
    struct chain bad, good;
    make_at(*state, "bad/missing-intermediate", now_s, &bad);
    make_at(*state, "azure/digicert-g2", now_s, &good);
    assert_int_equal(buf_append(&bad.sent_pem, buf_span(&good.sent_pem)), 0);
    assert_int_equal(verify(&bad, &good, HOST, now_s), X509_V_OK);
    chain_deinit(&bad);
    chain_deinit(&good);
}

static void recipes_that_share_a_root_give_the_same_root(void **state)
{
    static const char *const names[] = {"azure/digicert-g2-2023", "bad/expired-leaf",
                                        "bad/self-signed", "bad/missing-intermediate"};
    struct chain good;
    make_at(*state, "azure/digicert-g2", now_s, &good);
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        struct chain other;
        make_at(*state, names[i], now_s - 400 * DAY_S, &other);
        assert_string_equal(buf_text(&good.root_pem), buf_text(&other.root_pem));
        chain_deinit(&other);
    }
    chain_deinit(&good);
}

static void assert_names_are_printable(const X509_NAME *name)
{
    char text[400];
    X509_NAME_oneline(name, text, sizeof text);
    assert_non_null(strstr(text, "hubrig test"));
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
        // the asterisk is the one letter here that PrintableString does not have
        bool has_star = memchr(ASN1_STRING_get0_data(value), '*', (size_t)value->length) != NULL;
        assert_int_equal(ASN1_STRING_type(value),
                         has_star ? V_ASN1_UTF8STRING : V_ASN1_PRINTABLESTRING);
    }
}

static void names_are_printable_strings_and_marked_as_test(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(good_names); i++) {
        struct chain chain;
        make_at(*state, good_names[i], now_s, &chain);
        struct peer_certs all[2];
        peer_read_pem(buf_span(&chain.sent_pem), &all[0]);
        peer_read_pem(buf_span(&chain.root_pem), &all[1]);
        assert_int_equal(all[1].count, 1);
        for (size_t k = 0; k < 2; k++) {
            for (int n = 0; n < all[k].count; n++) {
                assert_names_are_printable(X509_get_subject_name(all[k].items[n]));
                assert_names_are_printable(X509_get_issuer_name(all[k].items[n]));
            }
            peer_free(&all[k]);
        }
        chain_deinit(&chain);
    }
}

struct shape {
    const char *chain;
    int index; // in the chain as sent; -1: the root
    int key_bits, signature, serial_bytes;
    bool has_constraints, is_ca;
    long path_length; // -1: none
    uint32_t key_usage;
    bool is_usage_critical;
    uint32_t purposes; // XKU_*; 0: no such extension
    long days;
};

#define CA_USAGE   (KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN | KU_CRL_SIGN)
#define LEAF_USAGE (KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT)
#define BOTH       (XKU_SSL_SERVER | XKU_SSL_CLIENT)

static const struct shape shapes[] = {
    {"azure/digicert-g2", 0, 2048, NID_sha384WithRSAEncryption, 19, true, false, -1, LEAF_USAGE,
     true, XKU_SSL_SERVER, 180},
    {"azure/digicert-g2", 1, 4096, NID_sha384WithRSAEncryption, 19, true, true, 0, CA_USAGE, true,
     XKU_SSL_SERVER, 1401},
    {"azure/digicert-g2", 2, 4096, NID_sha384WithRSAEncryption, 16, true, true, -1, CA_USAGE, true,
     XKU_SSL_SERVER, 1490},
    {"azure/digicert-g2", -1, 2048, NID_sha256WithRSAEncryption, 16, true, true, -1, CA_USAGE, true,
     0, 8933},
    {"azure/digicert-g2-2023", 0, 2048, NID_sha384WithRSAEncryption, 19, true, false, -1,
     LEAF_USAGE, true, BOTH, 180},
    {"azure/digicert-g2-2023", 1, 4096, NID_sha384WithRSAEncryption, 16, true, true, 0, CA_USAGE,
     true, BOTH, 1174},
    {"azure/baltimore", 0, 2048, NID_sha256WithRSAEncryption, 19, false, false, -1,
     LEAF_USAGE | KU_DATA_ENCIPHERMENT, false, BOTH, 150},
    {"azure/baltimore", 1, 4096, NID_sha256WithRSAEncryption, 16, true, true, 0, CA_USAGE, true,
     BOTH, 1540},
    {"azure/baltimore", -1, 2048, NID_sha1WithRSAEncryption, 4, true, true, 3,
     KU_KEY_CERT_SIGN | KU_CRL_SIGN, true, 0, 9131},
};

static void assert_shape(const struct shape *shape, X509 *cert)
{
    int days = 0, seconds = 0;
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert), X509_get0_notAfter(cert));
    print_message("%s certificate %d\n", shape->chain, shape->index);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), shape->key_bits);
    assert_int_equal(X509_get_signature_nid(cert), shape->signature);
    assert_int_equal(X509_get0_serialNumber(cert)->length, shape->serial_bytes);
    assert_int_equal(X509_get0_serialNumber(cert)->type, V_ASN1_INTEGER); // not negative
    assert_int_equal(days, shape->days);
    int at = X509_get_ext_by_NID(cert, NID_basic_constraints, -1);
    assert_int_equal(at >= 0, shape->has_constraints);
    assert_true(at < 0 || X509_EXTENSION_get_critical(X509_get_ext(cert, at)));
    assert_int_equal(X509_check_ca(cert) == 1, shape->is_ca);
    assert_int_equal(X509_get_pathlen(cert), shape->path_length);
    at = X509_get_ext_by_NID(cert, NID_key_usage, -1);
    assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(cert, at)), shape->is_usage_critical);
    assert_int_equal(X509_get_key_usage(cert), shape->key_usage);
    assert_int_equal(X509_get_extended_key_usage(cert),
                     shape->purposes ? shape->purposes : UINT32_MAX);
    assert_int_equal(X509_get0_subject_key_id(cert)->length, 20);
    assert_int_equal(X509_get0_authority_key_id(cert) != NULL, shape->index >= 0);
}

static void certificates_have_the_shape_of_the_real_ones(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(shapes); i++) {
        struct chain chain;
        struct peer_certs certs;
        make_at(*state, shapes[i].chain, now_s, &chain);
        peer_read_pem(buf_span(shapes[i].index < 0 ? &chain.root_pem : &chain.sent_pem), &certs);
        int index = shapes[i].index < 0 ? 0 : shapes[i].index;
        assert_true(index < certs.count);
        assert_shape(&shapes[i], certs.items[index]);
        peer_free(&certs);
        chain_deinit(&chain);
    }
}

// An extension as OpenSSL prints it, without line ends.
static void print_extension(X509 *cert, int nid, char *out, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int at = X509_get_ext_by_NID(cert, nid, -1);
    assert_true(at >= 0);
    assert_int_equal(X509V3_EXT_print(bio, X509_get_ext(cert, at), 0, 0), 1);
    int len = BIO_read(bio, out, (int)room - 1);
    out[len > 0 ? len : 0] = '\0';
    for (char *c = out; *c; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
    BIO_free(bio);
}

static void the_leaf_points_to_policies_ocsp_and_crl(void **state)
{
    static const struct {
        int nid;
        const char *parts[3];
    } rows[] = {
        {NID_certificate_policies,
         {"Policy: 2.23.140.1.2.2", "Policy: 1.3.6.1.4.1.311.76.509.1.1"}},
        {NID_info_access,
         {"OCSP - URI:http://oneocsp.microsoft.com/ocsp", "CA Issuers - URI:http:"}},
        {NID_crl_distribution_points, {"Full Name:", "URI:http://www.microsoft.com/pkiops/crl/"}},
    };
    struct chain chain;
    struct peer_certs sent;
    make_at(*state, "azure/digicert-g2", now_s, &chain);
    peer_read_pem(buf_span(&chain.sent_pem), &sent);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char text[2000];
        print_extension(sent.items[0], rows[i].nid, text, sizeof text);
        for (size_t k = 0; rows[i].parts[k]; k++) {
            if (!strstr(text, rows[i].parts[k])) {
                fail_msg("expected '%s' in '%s'", rows[i].parts[k], text);
            }
        }
    }
    peer_free(&sent);
    chain_deinit(&chain);
}

static void make_san(struct workshop *w, const struct chain_request *rq, char *out, size_t room)
{
    struct chain chain;
    struct peer_certs sent;
    assert_int_equal(chain_make(w, "azure/digicert-g2", rq, &chain), 0);
    peer_read_pem(buf_span(&chain.sent_pem), &sent);
    print_extension(sent.items[0], NID_subject_alt_name, out, room);
    peer_free(&sent);
    chain_deinit(&chain);
}

#define THREE                                                                                      \
    "DNS:*.azure-devices.net, DNS:*.amqpws.azure-devices.net, "                                    \
    "DNS:*.su.management-azure-devices.net, "

static void names_of_the_request_join_the_leaf_without_doubles(void **state)
{
    static const char *const more[] = {"a.example", "10.1.2.3", "A.example",
                                       HOST,        "::1",      "*.azure-devices.net"};
    struct chain_request rq = {
        .hub_host = HOST, .more_names = more, .more_name_count = HR_COUNT_OF(more), .utc_s = now_s};
    char text[2000];
    make_san(*state, &rq, text, sizeof text);
    assert_string_equal(text, THREE "DNS:" HOST ", DNS:a.example, IP Address:10.1.2.3, "
                                    "IP Address:0:0:0:0:0:0:0:1");
}

static void an_address_as_hub_host_becomes_an_address_of_the_leaf(void **state)
{
    struct chain_request rq = {.hub_host = "127.0.0.5", .utc_s = now_s};
    char text[2000];
    make_san(*state, &rq, text, sizeof text);
    assert_string_equal(text, THREE "IP Address:127.0.0.5");
    struct chain chain;
    assert_int_equal(chain_make(*state, "azure/digicert-g2", &rq, &chain), 0);
    assert_int_equal(verify(&chain, &chain, "127.0.0.5", now_s), X509_V_OK);
    assert_int_equal(verify(&chain, &chain, "127.0.0.6", now_s), X509_V_ERR_IP_ADDRESS_MISMATCH);
    chain_deinit(&chain);
}

static void the_leafs_key_fits_the_leaf(void **state)
{
    struct chain chain;
    struct peer_certs sent;
    make_at(*state, "azure/digicert-g2", now_s, &chain);
    peer_read_pem(buf_span(&chain.sent_pem), &sent);
    BIO *bio = BIO_new_mem_buf(chain.key_pem.data, (int)chain.key_pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_non_null(key);
    assert_int_equal(X509_check_private_key(sent.items[0], key), 1);
    EVP_PKEY_free(key);
    BIO_free(bio);
    peer_free(&sent);
    chain_deinit(&chain);
}

static void the_der_views_are_the_certificates_that_are_sent(void **state)
{
    struct chain chain;
    struct peer_certs sent;
    make_at(*state, "azure/digicert-g2", now_s, &chain);
    peer_read_pem(buf_span(&chain.sent_pem), &sent);
    for (size_t i = 0; i < chain.sent_count; i++) {
        const uint8_t *at = chain.sent_der[i].ptr;
        X509 *cert = d2i_X509(NULL, &at, (long)chain.sent_der[i].len);
        assert_non_null(cert);
        assert_ptr_equal(at, chain.sent_der[i].ptr + chain.sent_der[i].len);
        assert_int_equal(X509_cmp(cert, sent.items[i]), 0);
        X509_free(cert);
    }
    peer_free(&sent);
    chain_deinit(&chain);
}

static void a_chain_made_again_is_the_same_until_its_dates_move(void **state)
{
    static const struct {
        int64_t later_s;
        bool is_leaf_same, are_others_same;
    } rows[] = {{10, true, true}, {60, false, true}, {57000, false, true}, {58000, false, false}};
    struct chain first;
    make_at(*state, "azure/baltimore", now_s, &first);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain again;
        make_at(*state, "azure/baltimore", now_s + rows[i].later_s, &again);
        assert_int_equal(span_equals(first.sent_der[0], again.sent_der[0]), rows[i].is_leaf_same);
        assert_int_equal(span_equals(first.sent_der[1], again.sent_der[1]),
                         rows[i].are_others_same);
        assert_int_equal(strcmp(buf_text(&first.root_pem), buf_text(&again.root_pem)) == 0,
                         rows[i].are_others_same);
        chain_deinit(&again);
    }
    chain_deinit(&first);
}

static void chains_can_be_made_for_any_hub_clock(void **state)
{
    static const int64_t clocks_s[] = {0, -86400 * 30LL, 2147483648, 2682374400 /* 2055 */};
    for (size_t i = 0; i < HR_COUNT_OF(clocks_s); i++) {
        struct chain chain;
        make_at(*state, "azure/baltimore", clocks_s[i], &chain);
        assert_int_equal(verify(&chain, &chain, HOST, clocks_s[i]), X509_V_OK);
        chain_deinit(&chain);
    }
}

static void dates_are_floored_before_1970_as_well(void **state)
{
    struct chain chain;
    struct peer_certs sent;
    make_at(*state, "azure/baltimore", -45, &chain);
    peer_read_pem(buf_span(&chain.sent_pem), &sent);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(sent.items[0]), -30 * DAY_S - 60), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(sent.items[1]), -701 * DAY_S), 0);
    peer_free(&sent);
    chain_deinit(&chain);
}

static void requests_that_fit_into_no_certificate_are_refused(void **state)
{
    static const char *const bad_names[] = {"a b"};
    static const struct chain_request requests[] = {
        {.hub_host = NULL},
        {.hub_host = ""},
        {.hub_host = "a b"},
        {.hub_host = "h\xc3\xbc"},
        {.hub_host = "x", .more_names = bad_names, .more_name_count = 1},
        {.hub_host = "x", .utc_s = INT64_MAX},
        {.hub_host = "x", .utc_s = INT64_MIN},
        {.hub_host = "x", .utc_s = 400000000000},
    };
    for (size_t i = 0; i < HR_COUNT_OF(requests); i++) {
        struct chain chain;
        assert_int_equal(chain_make(*state, "azure/digicert-g2", &requests[i], &chain), ERR_VALUE);
        assert_int_equal(chain.sent_count, 0);
        chain_deinit(&chain); // harmless
    }
}

static void unknown_recipes_are_named_with_the_nearest_one(void **state)
{
    static const struct {
        const char *name;
        const char *text;
    } rows[] = {{"azure/digicert-g3", "(did you mean azure/digicert-g2?)"},
                {"../certs/recipes/azure/digicert-g2", "there is no recipe"},
                {"azure//digicert-g2", "there is no recipe"},
                {"", "there is no recipe"}};
    struct chain_request rq = {.hub_host = HOST, .utc_s = now_s};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain chain;
        assert_int_equal(chain_make(*state, rows[i].name, &rq, &chain), ERR_UNKNOWN_NAME);
        assert_non_null(strstr(error_text(ERR_UNKNOWN_NAME), rows[i].text));
    }
}

static void all_shipped_recipes_are_listed_in_order_and_sound(void **state)
{
    char **names;
    size_t count;
    assert_int_equal(workshop_names(*state, &names, &count), 0);
    assert_true(count >= 9);
    for (size_t i = 0; i < count; i++) {
        struct diag_list diags;
        diag_init(&diags);
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        assert_int_equal(chain_check(*state, names[i], &diags), 0);
        assert_int_equal(diags.count, 0);
        diag_deinit(&diags);
    }
    assert_true(span_starts_with(span_text(names[0]), SPAN_LITERAL("azure/")));
    workshop_names_free(names, count);
}

// A recipe file of one's own.
struct own_recipe {
    char folder[64];
    char path[128];
};

static void write_own(struct own_recipe *own, const char *text)
{
    snprintf(own->folder, sizeof own->folder, "/tmp/hubrig-recipe-XXXXXX");
    assert_non_null(mkdtemp(own->folder));
    snprintf(own->path, sizeof own->path, "%s/own.chain", own->folder);
    assert_int_equal(fs_write_file(own->path, span_text(text), 0600), 0);
}

static void remove_own(const struct own_recipe *own)
{
    unlink(own->path);
    rmdir(own->folder);
}

#define DATES "serial random 20\nvalid -1d +1d\n"

static void a_recipe_file_of_ones_own_may_use_elliptic_curves(void **state)
{
    struct own_recipe own;
    write_own(&own,
              "chain own\n"
              "cert root\nsubject \"CN=r\"\nkey p521 test-p521\nissuer self\nhash sha512\n" DATES
              "ca true critical\nkey-usage critical keyCertSign\nsubject-key-id\nend\n"
              "cert sub\nsubject \"CN=s\"\nkey p384 test-p384\nissuer root\nhash sha384\n" DATES
              "ca true critical\nkey-usage critical keyCertSign\nsubject-key-id\n"
              "authority-key-id\nend\n"
              "cert leaf\nsubject \"CN={hub.host}\"\nkey p256 test-p256\nissuer sub\n"
              "hash sha256\n" DATES "san dns:x.{hub.host} ip:10.0.0.1\nauthority-key-id\n"
              "subject-key-id\nend\nsend leaf sub\ntrust root\n");
    struct chain chain;
    make_at(*state, own.path, now_s, &chain);
    assert_string_equal(chain.name, "own");
    assert_int_equal(verify(&chain, &chain, "x." HOST, now_s), X509_V_OK);
    assert_int_equal(verify(&chain, &chain, "10.0.0.1", now_s), X509_V_OK);
    assert_int_equal(verify(&chain, &chain, HOST, now_s), X509_V_ERR_HOSTNAME_MISMATCH);
    chain_deinit(&chain);
    remove_own(&own);
}

static void mistakes_in_a_recipe_come_with_their_place(void **state)
{
    struct own_recipe own;
    char expected[300];
    write_own(&own, "chain own\nbased-on azure/digicert-g2\nsend leaf isuing\n");
    snprintf(expected, sizeof expected,
             "%s:3:11: there is no cert 'isuing' (did you mean issuing?)", own.path);
    struct chain_request rq = {.hub_host = HOST, .utc_s = now_s};
    struct chain chain;
    assert_int_equal(chain_make(*state, own.path, &rq, &chain), ERR_SYNTAX);
    assert_string_equal(error_text(ERR_SYNTAX), expected);
    struct diag_list diags;
    diag_init(&diags);
    assert_int_equal(chain_check(*state, own.path, &diags), ERR_SYNTAX);
    assert_int_equal(diags.count, 1);
    assert_int_equal(diags.items[0].column, 11);
    diag_deinit(&diags);
    remove_own(&own);
}

#define SMALL_LEAF                                                                                 \
    "chain own\ncert leaf\nsubject \"CN=x\"\nkey p256 test-p256\nissuer self\nhash sha256\n" DATES
#define SMALL_END "end\nsend leaf\ntrust leaf\n"

static void what_cannot_be_made_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *lines, *top, *reason;
    } rows[] = {
        {"patch byte 9999 00\n", "", "own.chain:9:1: a patch at offset 9999 needs 1 bytes"},
        {"patch-tbs replace 0badc0de 00\n", "",
         "own.chain:9:1: a patch replaces 4 bytes that are not"},
        {"pad-to 200\n", "", "cert 'leaf' has "},
        {"pad-to 2000 san\n", "", "'pad-to' with san needs a 'san' line in cert 'leaf'"},
        {"", "pad-to 200\n", "the Certificate message has "},
        {"", "device-host {nul}\n", "device-host"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct own_recipe own;
        char text[600];
        snprintf(text, sizeof text, SMALL_LEAF "%s" SMALL_END "%s", rows[i].lines, rows[i].top);
        write_own(&own, text);
        struct chain_request rq = {.hub_host = HOST, .utc_s = now_s};
        struct chain chain;
        assert_int_equal(chain_make(*state, own.path, &rq, &chain), ERR_VALUE);
        if (!strstr(error_text(ERR_VALUE), rows[i].reason)) {
            fail_msg("expected '%s', seen '%s'", rows[i].reason, error_text(ERR_VALUE));
        }
        remove_own(&own);
    }
}

static void a_chain_says_what_it_is_for_with_the_hubs_name_filled_in(void **state)
{
    struct chain chain;
    struct chain_facts facts;
    make_at(*state, "catalogue/n-apex", now_s, &chain);
    assert_string_equal(chain.facts.id, "n-apex");
    assert_string_equal(chain.facts.device_host, "azure-devices.net");
    assert_int_equal(chain.facts.verdict, CHAIN_REJECT);
    assert_string_equal(chain_alert_word(chain.facts.alerts[0]), "bad_certificate");
    assert_string_equal(chain.about, chain.facts.about);
    assert_int_equal(verify(&chain, &chain, HOST, now_s), X509_V_OK);
    assert_int_equal(verify(&chain, &chain, chain.facts.device_host, now_s),
                     X509_V_ERR_HOSTNAME_MISMATCH);
    chain_deinit(&chain);
    assert_int_equal(chain_read_facts(*state, "catalogue/n-multi", "h.example", &facts), 0);
    assert_string_equal(facts.device_host, "a.h.example");
    assert_int_equal(chain_read_facts(*state, "catalogue/none", "h.example", &facts),
                     ERR_UNKNOWN_NAME);
}

static void a_recipe_file_that_is_missing_is_named(void **state)
{
    struct chain_request rq = {.hub_host = HOST, .utc_s = now_s};
    struct chain chain;
    assert_int_equal(chain_make(*state, "/nonexistent/own.chain", &rq, &chain), ERR_NO_FILE);
    assert_non_null(strstr(error_text(ERR_NO_FILE), "/nonexistent/own.chain"));
}

static void a_workshop_keeps_its_keys_where_it_is_told(void **state)
{
    (void)state;
    char cache[] = "/tmp/hubrig-cache-XXXXXX", keys[64], devices[64];
    assert_non_null(mkdtemp(cache));
    snprintf(keys, sizeof keys, "%s/keys", cache);
    snprintf(devices, sizeof devices, "%s/devices", cache);
    struct workshop *w;
    assert_int_equal(workshop_open(&(struct workshop_settings){.key_cache = cache}, &w), 0);
    assert_true(fs_is_folder(keys) && fs_is_folder(devices));
    workshop_close(w);
    assert_int_equal(rmdir(keys) | rmdir(devices) | rmdir(cache), 0);
    assert_int_equal(workshop_open(&(struct workshop_settings){.key_cache = "/dev/null/x"}, &w),
                     ERR_IO);
    assert_null(w);
}

// Tells how long a warm chain takes; judging it is not a test's work.
static void the_time_of_a_warm_chain_is_shown(void **state)
{
    struct chain chain;
    struct timespec from, to;
    make_at(*state, "azure/digicert-g2", now_s, &chain);
    chain_deinit(&chain);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 5; i++) {
        make_at(*state, "azure/digicert-g2", now_s, &chain);
        assert_int_equal(chain.sent_count, 3);
        if (i < 4) {
            chain_deinit(&chain);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    print_message("azure/digicert-g2 with warm keys: %.1f ms, %zu bytes of DER\n", ms / 5,
                  chain.der.len);
    chain_deinit(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_chains_verify_and_never_send_their_root),
        cmocka_unit_test(each_bad_chain_fails_with_exactly_its_error),
        cmocka_unit_test(a_bad_chain_verifies_once_its_one_fault_is_put_right),
        cmocka_unit_test(the_missing_intermediates_are_those_of_the_good_chain),
        cmocka_unit_test(recipes_that_share_a_root_give_the_same_root),
        cmocka_unit_test(names_are_printable_strings_and_marked_as_test),
        cmocka_unit_test(certificates_have_the_shape_of_the_real_ones),
        cmocka_unit_test(the_leaf_points_to_policies_ocsp_and_crl),
        cmocka_unit_test(names_of_the_request_join_the_leaf_without_doubles),
        cmocka_unit_test(an_address_as_hub_host_becomes_an_address_of_the_leaf),
        cmocka_unit_test(the_leafs_key_fits_the_leaf),
        cmocka_unit_test(the_der_views_are_the_certificates_that_are_sent),
        cmocka_unit_test(a_chain_made_again_is_the_same_until_its_dates_move),
        cmocka_unit_test(chains_can_be_made_for_any_hub_clock),
        cmocka_unit_test(dates_are_floored_before_1970_as_well),
        cmocka_unit_test(requests_that_fit_into_no_certificate_are_refused),
        cmocka_unit_test(unknown_recipes_are_named_with_the_nearest_one),
        cmocka_unit_test(all_shipped_recipes_are_listed_in_order_and_sound),
        cmocka_unit_test(a_recipe_file_of_ones_own_may_use_elliptic_curves),
        cmocka_unit_test(mistakes_in_a_recipe_come_with_their_place),
        cmocka_unit_test(what_cannot_be_made_is_refused_with_its_reason),
        cmocka_unit_test(a_chain_says_what_it_is_for_with_the_hubs_name_filled_in),
        cmocka_unit_test(a_recipe_file_that_is_missing_is_named),
        cmocka_unit_test(a_workshop_keeps_its_keys_where_it_is_told),
        cmocka_unit_test(the_time_of_a_warm_chain_is_shown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
