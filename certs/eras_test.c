// SPDX-License-Identifier: MIT
// The timeline, and the look-alikes of Azure's chains that it names, judged by OpenSSL now and at
// the dates they stand for.
#include "base/error.h"
#include "base/test.h"
#include "certs/chain.h"
#include "certs/key_pool.h"
#include "certs/timeline.h"
#include "certs/verify_peer.h"

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

static int64_t utc_of(const char *date)
{
    int64_t utc_s = 0;
    assert_int_equal(timeline_parse_date(date, &utc_s), 0);
    return utc_s;
}

static void make_at(struct workshop *w, const char *name, const char *host, int64_t utc_s,
                    struct chain *out)
{
    struct chain_request rq = {.hub_host = host, .utc_s = utc_s};
    int code = chain_make(w, name, &rq, out);
    if (code < 0) {
        fail_msg("%s: %s", name, error_text(code));
    }
}

// Chains -----------------------------------------------------------------------------------------

static const struct era {
    const char *name;
    const char *date; // of its time
    const char *host;
    const char *root;
    size_t sent_count;
    int leaf_bits, issuer_bits, leaf_hash, issuer_hash, root_hash;
    int leaf_serial_bytes;
    long leaf_days;
    int leaf_constraints; // 1: there
    size_t message_bytes; // of the TLS Certificate message, header included; 0: not on record
} eras[] = {
    {"azure/hub-2015", "2015-09-01", "a.azure-devices.net", "Baltimore CyberTrust Root", 2, 2048,
     4096, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha1WithRSAEncryption, 19,
     730, 0, 3085},
    {"azure/hub-2018", "2018-11-01", "a.azure-devices.net", "Baltimore CyberTrust Root", 2, 2048,
     4096, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha1WithRSAEncryption, 19,
     730, 0, 3264},
    {"azure/hub-2020", "2021-06-01", "a.azure-devices.net", "Baltimore CyberTrust Root", 2, 2048,
     4096, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha1WithRSAEncryption, 19,
     150, 0, 0},
    {"azure/hub-2023-g2", "2023-11-01", "a.azure-devices.net", "DigiCert Global Root G2", 2, 2048,
     4096, NID_sha384WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha256WithRSAEncryption,
     19, 360, 1, 0},
    {"azure/hub-2023-sha256", "2023-11-01", "a.azure-devices.net", "DigiCert Global Root G2", 2,
     2048, 4096, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption,
     NID_sha256WithRSAEncryption, 16, 150, 1, 0},
    {"azure/hub-2025-g2", "2025-06-01", "a.azure-devices.net", "DigiCert Global Root G2", 2, 2048,
     4096, NID_sha384WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha256WithRSAEncryption,
     19, 180, 1, 0},
    {"azure/hub-2025-msroot", "2025-06-01", "a.azure-devices.net",
     "Microsoft RSA Root Certificate Authority 2017", 2, 2048, 4096, NID_sha384WithRSAEncryption,
     NID_sha384WithRSAEncryption, NID_sha384WithRSAEncryption, 19, 180, 1, 0},
    {"azure/hub-2026-msg2-selfroot", "2029-07-01", "a.azure-devices.net",
     "Microsoft TLS RSA Root G2", 2, 2048, 4096, NID_sha384WithRSAEncryption,
     NID_sha384WithRSAEncryption, NID_sha384WithRSAEncryption, 19, 180, 1, 0},
    {"azure/hub-ecc-g3", "2025-06-01", "a.azure-devices.net", "DigiCert Global Root G3", 2, 256,
     384, NID_ecdsa_with_SHA384, NID_ecdsa_with_SHA384, NID_ecdsa_with_SHA384, 19, 180, 1, 0},
    {"azure/gov-g1", "2026-01-01", "a.azure-devices.us", "DigiCert Global Root CA", 2, 2048, 2048,
     NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha1WithRSAEncryption, 16, 360,
     1, 0},
    {"azure/china-g1", "2019-01-01", "a.azure-devices.cn", "DigiCert Global Root CA", 2, 2048, 2048,
     NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha1WithRSAEncryption, 16, 360,
     1, 0},
    {"azure/china-g2", "2025-10-01", "a.azure-devices.cn", "DigiCert Global Root G2", 2, 2048, 4096,
     NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, 16, 360,
     1, 0},
    {"azure/china-wosign", "2017-06-01", "a.azure-devices.cn", "Certification Authority of WoSign",
     2, 2048, 2048, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption,
     NID_sha1WithRSAEncryption, 16, 730, 1, 0},
    {"azure/germany", "2018-01-01", "a.azure-devices.de", "D-TRUST Root Class 3 CA 2 2009", 2, 2048,
     2048, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption, NID_sha256WithRSAEncryption,
     16, 730, 1, 0},
};

static int verify(const struct chain *sent, const struct chain *trusted, const char *host,
                  int64_t utc_s)
{
    return peer_verify(buf_span(&sent->sent_pem), buf_span(&trusted->root_pem), host, utc_s);
}

static void every_look_alike_verifies_now_and_at_its_time(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(eras); i++) {
        const int64_t clocks[] = {now_s, utc_of(eras[i].date)};
        for (size_t k = 0; k < HR_COUNT_OF(clocks); k++) {
            struct chain chain;
            // the name comes from the recipe's wildcard, not from the request
            make_at(*state, eras[i].name, "unrelated.example", clocks[k], &chain);
            print_message("%s clock %zu\n", eras[i].name, k);
            assert_int_equal(chain.sent_count, eras[i].sent_count);
            assert_int_equal(verify(&chain, &chain, eras[i].host, clocks[k]), X509_V_OK);
            assert_int_equal(verify(&chain, &chain, "other.example", clocks[k]),
                             X509_V_ERR_HOSTNAME_MISMATCH);
            chain_deinit(&chain);
        }
    }
}

static void assert_marked(X509 *cert)
{
    char text[400];
    X509_NAME_oneline(X509_get_subject_name(cert), text, sizeof text);
    assert_non_null(strstr(text, "hubrig test"));
}

static void assert_root(const struct era *era, X509 *root)
{
    char name[200];
    X509_NAME_get_text_by_NID(X509_get_subject_name(root), NID_commonName, name, sizeof name);
    assert_true(span_starts_with(span_text(name), span_text(era->root)));
    assert_non_null(strstr(name, "(hubrig test)"));
    assert_int_equal(X509_get_signature_nid(root), era->root_hash);
    assert_int_equal(X509_verify(root, X509_get0_pubkey(root)), 1);
}

static void assert_era(const struct era *era, const struct peer_certs *sent)
{
    int days = 0, seconds = 0;
    X509 *leaf = sent->items[0], *issuer = sent->items[1];
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf));
    assert_int_equal(days, era->leaf_days);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(leaf)), era->leaf_bits);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(issuer)), era->issuer_bits);
    assert_int_equal(X509_get_signature_nid(leaf), era->leaf_hash);
    assert_int_equal(X509_get_signature_nid(issuer), era->issuer_hash);
    assert_int_equal(X509_get0_serialNumber(leaf)->length, era->leaf_serial_bytes);
    assert_int_equal(X509_get_ext_by_NID(leaf, NID_basic_constraints, -1) >= 0,
                     era->leaf_constraints);
    assert_int_equal(X509_get_pathlen(issuer), 0);
    assert_marked(leaf);
    assert_marked(issuer);
}

static void every_look_alike_has_the_shape_of_its_era(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(eras); i++) {
        struct chain chain;
        struct peer_certs sent, roots;
        make_at(*state, eras[i].name, "a.azure-devices.net", now_s, &chain);
        peer_read_pem(buf_span(&chain.sent_pem), &sent);
        peer_read_pem(buf_span(&chain.root_pem), &roots);
        print_message("%s\n", eras[i].name);
        assert_int_equal(sent.count, eras[i].sent_count);
        assert_int_equal(roots.count, 1);
        assert_era(&eras[i], &sent);
        assert_root(&eras[i], roots.items[0]);
        if (eras[i].message_bytes > 0) {
            assert_int_equal(4 + 3 + 3 * chain.sent_count + chain.der.len, eras[i].message_bytes);
        }
        assert_int_equal(chain.facts.verdict, CHAIN_ACCEPT);
        peer_free(&sent);
        peer_free(&roots);
        chain_deinit(&chain);
    }
}

static void chains_below_the_same_root_share_it_byte_for_byte(void **state)
{
    static const char *const families[][4] = {
        {"azure/baltimore", "azure/hub-2015", "azure/hub-2018", "azure/hub-2020"},
        {"azure/digicert-g2", "azure/hub-2023-g2", "azure/hub-2025-g2", "azure/china-g2"},
        {"azure/digicert-g2", "azure/hub-2023-sha256", "azure/digicert-g2-2023",
         "azure/hub-2023-g2"},
        {"azure/gov-g1", "azure/china-g1", "azure/china-g1", "azure/china-g1"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(families); i++) {
        struct chain first;
        make_at(*state, families[i][0], "a.example", now_s, &first);
        for (size_t k = 1; k < 4; k++) {
            struct chain other;
            make_at(*state, families[i][k], "a.example", now_s, &other);
            assert_string_equal(buf_text(&first.root_pem), buf_text(&other.root_pem));
            chain_deinit(&other);
        }
        chain_deinit(&first);
    }
}

// The exercise of each move: the old root refuses the new chain.
static void a_device_with_the_old_root_alone_refuses_the_new_chain(void **state)
{
    static const struct {
        const char *trusted, *sent;
    } rows[] = {
        {"azure/hub-2020", "azure/hub-2023-g2"},
        {"azure/hub-2025-g2", "azure/hub-2025-msroot"},
        {"azure/digicert-g2", "azure/hub-2026-msg2-selfroot"},
        {"azure/digicert-g2", "azure/hub-ecc-g3"},
        {"azure/china-wosign", "azure/china-g1"},
        {"azure/china-g1", "azure/china-g2"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain trusted, sent;
        make_at(*state, rows[i].trusted, "a.example", now_s, &trusted);
        make_at(*state, rows[i].sent, "a.example", now_s, &sent);
        assert_int_equal(verify(&sent, &trusted, "a.example", now_s),
                         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
        chain_deinit(&trusted);
        chain_deinit(&sent);
    }
}

static void an_emergency_root_move_keeps_the_leaf(void **state)
{
    struct chain before, after;
    make_at(*state, "azure/hub-2025-g2", "a.example", now_s, &before);
    make_at(*state, "azure/hub-2025-msroot", "a.example", now_s, &after);
    assert_true(span_equals(before.sent_der[0], after.sent_der[0]));
    assert_false(span_equals(before.sent_der[1], after.sent_der[1]));
    chain_deinit(&before);
    chain_deinit(&after);
}

// Timeline ---------------------------------------------------------------------------------------

static void the_table_is_sorted_and_names_recipes_that_exist(void **state)
{
    struct timeline_row row, before = {.cloud = ""};
    size_t clouds = 0;
    for (size_t i = 0; i < timeline_count(); i++) {
        struct chain_facts facts;
        timeline_row(i, &row);
        assert_int_equal(row.from_s, utc_of(row.date));
        bool is_new = strcmp(row.cloud, before.cloud) != 0;
        assert_true(is_new || row.from_s > before.from_s);
        if (is_new) {
            assert_string_equal(row.cloud, timeline_clouds[clouds++]);
        }
        if (row.recipe) {
            assert_int_equal(chain_read_facts(*state, row.recipe, "a.example", &facts), 0);
        }
        before = row;
    }
    assert_int_equal(clouds, timeline_cloud_count());
}

static void a_date_stands_for_the_recipe_of_its_time(void **state)
{
    (void)state;
    static const struct {
        const char *name, *recipe;
    } rows[] = {
        {"timeline/2015-08-27", "azure/hub-2015"},
        {"timeline/2019-06-01", "azure/hub-2018"},
        {"timeline/2020-10-04", "azure/hub-2018"},
        {"timeline/2020-10-05", "azure/hub-2020"},
        {"timeline/2023-12-01", "azure/hub-2023-g2"},
        {"timeline/2024-06-27T23:59:59Z", "azure/hub-2023-g2"},
        {"timeline/2024-06-28T00:00:00Z", "azure/hub-2025-g2"},
        {"timeline/2026-11-20", "azure/digicert-g2"},
        {"timeline/2030-01-01", "azure/hub-2026-msg2-selfroot"},
        {"timeline/public/2019-06-01", "azure/hub-2018"},
        {"timeline/china/2018-01-01", "azure/china-wosign"},
        {"timeline/china/2019-01-01", "azure/china-g1"},
        {"timeline/gov/2026-01-01", "azure/gov-g1"},
        {"timeline/germany/2020-01-01", "azure/germany"},
        {"azure/digicert-g2", "azure/digicert-g2"},
        {"timeline", "timeline"},
        {"timeline/2015-08-26", NULL},
        {"timeline/germany/2022-01-01", NULL},
        {"timeline/mars/2020-01-01", NULL},
        {"timeline/2019-13-01", NULL},
        {"timeline/yesterday", NULL},
        {"timeline/", NULL},
        {"timeline//", NULL},
        {"timeline/a-cloud-of-a-long-name/2019-06-01", NULL},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        const char *recipe = timeline_resolve(rows[i].name);
        if (!recipe != !rows[i].recipe || (recipe && strcmp(recipe, rows[i].recipe) != 0)) {
            fail_msg("%s: %s, expected %s", rows[i].name, recipe ? recipe : "nothing",
                     rows[i].recipe ? rows[i].recipe : "nothing");
        }
    }
}

static void a_chain_can_be_asked_for_by_its_date(void **state)
{
    struct chain chain;
    struct chain_request rq = {.hub_host = "a.example", .utc_s = now_s};
    assert_int_equal(chain_make(*state, "timeline/2019-06-01", &rq, &chain), 0);
    assert_string_equal(chain.name, "azure/hub-2018");
    chain_deinit(&chain);
    assert_int_equal(chain_make(*state, "timeline/1999-06-01", &rq, &chain), ERR_UNKNOWN_NAME);
    assert_non_null(strstr(error_text(ERR_UNKNOWN_NAME), "timeline/2019-06-01"));
}

static void a_pool_makes_each_key_once(void **state)
{
    static const char *const names[] = {"azure/hub-ecc-g3", "azure/hub-ecc-g3", "azure/gov-g1"};
    struct key_pool_count first, second;
    assert_int_equal(key_pool_fill(*state, names, HR_COUNT_OF(names), &first), 0);
    assert_int_equal(key_pool_fill(*state, names, HR_COUNT_OF(names), &second), 0);
    assert_int_equal(first.keys, 6);
    assert_int_equal(second.keys, 6);
    assert_int_equal(second.made, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_look_alike_verifies_now_and_at_its_time),
        cmocka_unit_test(every_look_alike_has_the_shape_of_its_era),
        cmocka_unit_test(chains_below_the_same_root_share_it_byte_for_byte),
        cmocka_unit_test(a_device_with_the_old_root_alone_refuses_the_new_chain),
        cmocka_unit_test(an_emergency_root_move_keeps_the_leaf),
        cmocka_unit_test(the_table_is_sorted_and_names_recipes_that_exist),
        cmocka_unit_test(a_date_stands_for_the_recipe_of_its_time),
        cmocka_unit_test(a_chain_can_be_asked_for_by_its_date),
        cmocka_unit_test(a_pool_makes_each_key_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
