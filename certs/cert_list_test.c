// SPDX-License-Identifier: MIT
#include "certs/cert_list.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "certs/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void load(struct workshop *w, const char *name, struct cert_list *list)
{
    struct chain chain;
    struct chain_request rq = {.hub_host = "myhub.azure-devices.net", .utc_s = now_s};
    assert_int_equal(chain_make(w, name, &rq, &chain), 0);
    cert_list_init(list);
    assert_int_equal(cert_list_add_chain(list, &chain), 0);
    cert_list_find_signers(list);
    chain_deinit(&chain);
}

static void a_chain_is_read_with_its_facts(void **state)
{
    struct cert_list list;
    load(*state, "azure/hub-ecc-g3", &list);
    assert_string_equal(list.name, "azure/hub-ecc-g3");
    assert_non_null(strstr(list.about, "elliptic"));
    assert_int_equal(list.count, 3);
    const struct cert_facts *leaf = list.items[0], *issuing = list.items[1], *root = list.items[2];
    assert_string_equal(leaf->subject_cn, "*.azure-devices.net");
    assert_string_equal(leaf->key, "P-256");
    assert_string_equal(leaf->hash, "SHA-384");
    assert_string_equal(leaf->usages, "digitalSignature");
    assert_string_equal(leaf->purposes, "serverAuth clientAuth");
    assert_non_null(strstr(buf_text(&leaf->names), "dns:myhub.azure-devices.net\n"));
    assert_true(leaf->has_constraints && !leaf->is_ca);
    assert_int_equal(leaf->from_s, now_s - now_s % 60 - 30 * DAY_S);
    assert_string_equal(issuing->key, "P-384");
    assert_true(issuing->is_ca);
    assert_int_equal(issuing->path_length, 0);
    assert_int_equal(root->path_length, -1);
    assert_int_equal(root->role, CERT_ROLE_TRUSTED);
    assert_int_equal(issuing->number, 2);
    assert_int_equal(root->number, 1);
    assert_string_equal(root->subject, "C=US, O=DigiCert Inc, OU=www.digicert.com, "
                                       "CN=DigiCert Global Root G3 (hubrig test)");
    cert_list_deinit(&list);
}

static void signers_are_found_by_their_signatures(void **state)
{
    struct cert_list list;
    load(*state, "azure/digicert-g2", &list);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(list.items[i]->signer, SIGNER_FOUND);
        assert_int_equal(list.items[i]->signer_at, i + 1);
    }
    assert_int_equal(list.items[3]->signer, SIGNER_SELF);
    cert_list_deinit(&list);
    load(*state, "bad/missing-intermediate", &list);
    assert_int_equal(list.items[0]->signer, SIGNER_ABSENT);
    cert_list_deinit(&list);
}

// The last byte belongs to the signature.
static void a_damaged_signature_is_told_from_a_missing_signer(void **state)
{
    struct cert_list good, list;
    load(*state, "azure/hub-2025-g2", &good);
    good.items[0]->der.data[good.items[0]->der.len - 1] ^= 1;
    cert_list_init(&list);
    for (size_t i = 0; i < good.count; i++) {
        assert_int_equal(cert_list_add_der(&list, buf_span(&good.items[i]->der), CERT_ROLE_FILE),
                         0);
    }
    cert_list_find_signers(&list);
    assert_int_equal(list.items[0]->signer, SIGNER_WRONG);
    assert_int_equal(list.items[0]->signer_at, 1);
    assert_int_equal(list.items[1]->signer, SIGNER_FOUND);
    cert_list_deinit(&good);
    cert_list_deinit(&list);
}

static void an_unreadable_certificate_is_kept_with_its_trouble(void **state)
{
    (void)state;
    struct cert_list list;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1 << 16);
    cert_list_init(&list);
    assert_int_equal(cert_list_add_der(&list, SPAN_LITERAL("\x30\x03\x02\x01\x01"), CERT_ROLE_FILE),
                     0);
    cert_list_find_signers(&list);
    assert_false(list.items[0]->is_readable);
    assert_non_null(strstr(list.items[0]->trouble, "mbedTLS -0x2"));
    struct show_settings settings = {.utc_s = now_s};
    assert_int_equal(show_print(&list, &settings, &out), 0);
    assert_non_null(strstr(buf_text(&out), "number 1  UNREADABLE (mbedTLS"));
    cert_list_deinit(&list);
}

static void critical_extensions_that_mbedtls_does_not_know_are_named(void **state)
{
    struct cert_list list;
    struct buf out HR_CLEANUP(buf_deinit);
    struct show_settings settings = {.utc_s = now_s};
    buf_init(&out, 1 << 16);
    load(*state, "catalogue/c-nc-bad", &list);
    size_t named = 0;
    for (size_t i = 0; i < list.count; i++) {
        assert_true(list.items[i]->is_readable);
        named += strcmp(list.items[i]->unknown_critical, "2.5.29.30") == 0;
    }
    assert_int_equal(named, 1);
    assert_int_equal(show_print(&list, &settings, &out), 0);
    assert_non_null(strstr(buf_text(&out), "critical 2.5.29.30, which"));
    assert_non_null(strstr(buf_text(&out), "a client that is in order: reject"));
    cert_list_deinit(&list);
}

static void mistakes_in_pem_come_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *pem, *says;
    } rows[] = {
        {"\n\n-----BEGIN CERTIFICATE-----\nMIIB\n", "line 3: a certificate begins"},
        {"-----BEGIN CERTIFICATE-----\nM!IB\n-----END CERTIFICATE-----\n", "line 1: "},
        {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "damaged"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct cert_list list;
        cert_list_init(&list);
        assert_int_equal(cert_list_add_pem(&list, span_text(rows[i].pem), CERT_ROLE_FILE),
                         ERR_SYNTAX);
        if (!strstr(error_text(ERR_SYNTAX), rows[i].says)) {
            fail_msg("expected '%s' in '%s'", rows[i].says, error_text(ERR_SYNTAX));
        }
        cert_list_deinit(&list);
    }
}

static void a_file_is_read_as_pem_or_der_and_refused_as_anything_else(void **state)
{
    (void)state;
    static const char other[] = "hello\n", garbage[] = "\x30\x82\x01\x01garbage";
    char path[] = "/tmp/hubrig-cert-list-XXXXXX", golden[256];
    struct cert_list list;
    cert_list_init(&list);
    snprintf(golden, sizeof golden, "%s/root.der", HUBRIG_GOLDEN);
    assert_int_equal(cert_list_add_file(&list, golden), 0);
    assert_string_equal(list.name, "root.der");
    snprintf(golden, sizeof golden, "%s/bundle.pem", HUBRIG_GOLDEN);
    assert_int_equal(cert_list_add_file(&list, golden), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0]->sha256_hex, list.items[2]->sha256_hex);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(fs_write_file(path, span_text(other), 0600), 0);
    assert_int_equal(cert_list_add_file(&list, path), ERR_SYNTAX);
    assert_non_null(strstr(error_text(ERR_SYNTAX), path));
    assert_int_equal(fs_write_file(path, span_text(garbage), 0600), 0);
    assert_int_equal(cert_list_add_file(&list, path), ERR_SYNTAX);
    unlink(path);
    assert_int_equal(cert_list_add_file(&list, path), ERR_NO_FILE);
    cert_list_deinit(&list);
}

// show -------------------------------------------------------------------------------------------

static void dates_are_judged_from_the_given_clock(void **state)
{
    struct cert_list list;
    load(*state, "azure/digicert-g2", &list);
    const struct cert_facts *leaf = list.items[0];
    assert_int_equal(show_state_of(leaf, leaf->from_s - 1), SHOW_NOT_YET);
    assert_int_equal(show_state_of(leaf, leaf->from_s), SHOW_VALID);
    assert_int_equal(show_state_of(leaf, leaf->to_s - 30 * DAY_S), SHOW_VALID);
    assert_int_equal(show_state_of(leaf, leaf->to_s - 30 * DAY_S + 1), SHOW_ENDS_SOON);
    assert_int_equal(show_state_of(leaf, leaf->to_s), SHOW_ENDS_SOON);
    assert_int_equal(show_state_of(leaf, leaf->to_s + 1), SHOW_EXPIRED);
    cert_list_deinit(&list);
}

static void show(struct workshop *w, const char *name, int64_t utc_s, bool has_colour,
                 struct buf *out)
{
    struct cert_list list;
    struct show_settings settings = {.utc_s = utc_s, .has_colour = has_colour};
    load(w, name, &list);
    buf_init(out, 1 << 20);
    assert_int_equal(show_print(&list, &settings, out), 0);
    cert_list_deinit(&list);
}

static void a_person_reads_who_signed_whom_and_until_when(void **state)
{
    static const char *const says[] = {
        "bad/expired-leaf\nthe leaf expired yesterday\n",
        "EXPIRED 24 hours ago",
        "signed with SHA-384 by Microsoft TLS G2 RSA CA OCSP 02 (hubrig test) (sent 2)",
        "root 1    DigiCert Global Root G2 (hubrig test)",
        "signed with SHA-256 by itself",
        "CA, path length 0; digitalSignature keyCertSign cRLSign; serverAuth",
        "dns:myhub.azure-devices.net",
    };
    struct buf out;
    show(*state, "bad/expired-leaf", now_s, false, &out);
    for (size_t i = 0; i < HR_COUNT_OF(says); i++) {
        if (!strstr(buf_text(&out), says[i])) {
            fail_msg("expected '%s' in:\n%s", says[i], buf_text(&out));
        }
    }
    assert_null(strchr(buf_text(&out), '\x1b'));
    buf_deinit(&out);
    show(*state, "bad/missing-intermediate", now_s, false, &out);
    assert_non_null(strstr(buf_text(&out), "OCSP 02 (hubrig test) (not here)"));
    buf_deinit(&out);
}

static void colours_mark_what_is_near_and_past(void **state)
{
    struct buf out;
    show(*state, "bad/expired-leaf", now_s, true, &out);
    assert_non_null(strstr(buf_text(&out), "\x1b[31mEXPIRED"));
    assert_non_null(strstr(buf_text(&out), "\x1b[32m2 years left\x1b[0m"));
    buf_deinit(&out);
    show(*state, "azure/digicert-g2", now_s + 140 * DAY_S, true, &out);
    assert_non_null(strstr(buf_text(&out), "\x1b[33mends soon: "));
    buf_deinit(&out);
}

static void the_json_says_the_same_as_the_text(void **state)
{
    struct cert_list list;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1 << 20);
    load(*state, "bad/not-yet-valid", &list);
    assert_int_equal(show_json(&list, now_s, &out), 0);
    json_t *json = json_loads(buf_text(&out), 0, NULL);
    json_t *certs = json_object_get(json, "certificates");
    assert_int_equal(json_array_size(certs), 4);
    json_t *leaf = json_array_get(certs, 0);
    assert_string_equal(json_string_value(json_object_get(leaf, "state")), "not-yet-valid");
    assert_string_equal(json_string_value(json_object_get(leaf, "role")), "sent");
    assert_string_equal(json_string_value(json_object_get(leaf, "signer")), "found");
    assert_int_equal(json_integer_value(json_object_get(leaf, "signer_index")), 1);
    assert_string_equal(json_string_value(json_object_get(leaf, "sha256")),
                        list.items[0]->sha256_hex);
    assert_int_equal(json_array_size(json_object_get(leaf, "names")), 4);
    assert_string_equal(json_string_value(json_object_get(json_array_get(certs, 3), "from")),
                        "2013-08-01T12:00:00Z");
    json_decref(json);
    cert_list_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_read_with_its_facts),
        cmocka_unit_test(signers_are_found_by_their_signatures),
        cmocka_unit_test(a_damaged_signature_is_told_from_a_missing_signer),
        cmocka_unit_test(an_unreadable_certificate_is_kept_with_its_trouble),
        cmocka_unit_test(critical_extensions_that_mbedtls_does_not_know_are_named),
        cmocka_unit_test(mistakes_in_pem_come_with_their_line),
        cmocka_unit_test(a_file_is_read_as_pem_or_der_and_refused_as_anything_else),
        cmocka_unit_test(dates_are_judged_from_the_given_clock),
        cmocka_unit_test(a_person_reads_who_signed_whom_and_until_when),
        cmocka_unit_test(colours_mark_what_is_near_and_past),
        cmocka_unit_test(the_json_says_the_same_as_the_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
