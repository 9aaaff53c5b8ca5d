// SPDX-License-Identifier: MIT
// `hubrig certs limbo` on a file in the public format, made from recipes whose verdict is known.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "certs/chain.h"
#include "certs/limbo.h"
#include "harness/cli/shell.h"
#include "harness/runner/sandbox.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_S = 1780000000 }; // 2026-05-28, written below as limbo writes it

static json_t *new_case(const char *id, const char *recipe, const char *host, const char *kind,
                        const char *expected, const char *importance)
{
    struct workshop *w = NULL;
    struct workshop_settings settings = {0};
    struct chain chain;
    struct chain_request request = {.hub_host = host, .utc_s = NOW_S};
    assert_int_equal(workshop_open(&settings, &w), 0);
    assert_int_equal(chain_make(w, recipe, &request, &chain), 0);
    json_t *c = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:[], s:s, s:n}", "id", id,
                          "importance", importance, "validation_kind", "SERVER", "description",
                          "first line\nsecond line", "validation_time", "2026-05-28T20:26:40+00:00",
                          "expected_peer_name", "kind", kind, "value", host, "expected_result", expected,
                          "features", "peer_certificate_key", buf_text(&chain.key_pem),
                          "max_chain_depth");
    assert_non_null(c);
    const char *pem = buf_text(&chain.sent_pem);
    const char *end_mark = "-----END CERTIFICATE-----\n";
    json_t *intermediates = json_array();
    bool is_first = true;
    while (*pem) {
        const char *end = strstr(pem, end_mark) + strlen(end_mark);
        json_t *text = json_stringn(pem, (size_t)(end - pem));
        if (is_first) {
            json_object_set_new(c, "peer_certificate", text);
        } else {
            json_array_append_new(intermediates, text);
        }
        is_first = false;
        pem = end;
    }
    json_object_set_new(c, "untrusted_intermediates", intermediates);
    json_t *roots = json_array();
    json_array_append_new(roots, json_string(buf_text(&chain.root_pem)));
    json_object_set_new(c, "trusted_certs", roots);
    chain_deinit(&chain);
    workshop_close(w);
    return c;
}

static void write_limbo(const char *name, json_t *cases)
{
    char path[200];
    json_t *root = json_pack("{s:i, s:o}", "version", 1, "testcases", cases);
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    assert_int_equal(json_dump_file(root, path, 0), 0);
    json_decref(root);
}

static json_t *five_cases(void)
{
    json_t *cases = json_array();
    json_array_append_new(cases, new_case("rfc::good", "azure/digicert-g2", "limbo.example.com", "DNS", "SUCCESS",
                                          "critical"));
    json_array_append_new(cases, new_case("rfc::Expired-Leaf", "bad/expired-leaf", "limbo.example.com", "DNS",
                                          "FAILURE", "critical"));
    json_array_append_new(cases, new_case("rfc::wrong-host", "bad/wrong-host", "limbo.example.com", "DNS",
                                          "FAILURE", "high"));
    json_array_append_new(cases, new_case("ip::address", "azure/digicert-g2", "198.51.100.20", "IP", "SUCCESS",
                                          "low"));
    json_t *keyless = new_case("online::keyless", "azure/digicert-g2", "limbo.example.com", "DNS", "SUCCESS",
                               "low");
    json_object_set_new(keyless, "peer_certificate_key", json_null());
    json_array_append_new(cases, keyless);
    return cases;
}

static void the_reference_device_agrees_with_every_case(void **state)
{
    (void)state;
    struct shell_result r;
    write_limbo("limbo.json", five_cases());
    shell_run(&r, "hubrig certs limbo limbo.json --device reference");
    shell_assert_says(&r, "online::keyless: the file holds no private key for it");
    shell_assert_says(&r, "critical             2             0             0          0");
    shell_assert_says(&r, "high                 1             0             0          0");
    shell_assert_says(&r, "low                  1             0             0          0");
    shell_assert_says(&r, "0 disagreements");
    assert_int_equal(r.code, 0);
    shell_release(&r);
}

static void a_device_without_verification_is_scored_down(void **state)
{
    (void)state;
    struct shell_result r;
    write_limbo("limbo.json", five_cases());
    shell_run(&r, "hubrig certs limbo limbo.json --device any-certificate");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "false accept  critical     rfc::Expired-Leaf");
    shell_assert_says(&r, "false accept  high         rfc::wrong-host");
    shell_assert_says(&r, "2 disagreements");
    shell_release(&r);
    shell_run(&r, "hubrig certs limbo limbo.json --device any-certificate --json --only Expired");
    shell_assert_says(&r, "{\"version\":1,\"harness\":\"hubrig/any-certificate\",\"results\":[{\"id\":"
                          "\"rfc::Expired-Leaf\",\"actual_result\":\"SUCCESS\"");
    shell_release(&r);
}

static void a_false_reject_is_told_from_a_false_accept(void **state)
{
    (void)state;
    struct shell_result r;
    json_t *cases = json_array();
    json_array_append_new(cases, new_case("odd::expired-is-fine", "bad/expired-leaf", "limbo.example.com", "DNS",
                                          "SUCCESS", "medium"));
    write_limbo("odd.json", cases);
    shell_run(&r, "hubrig certs limbo odd.json --device reference");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "false reject  medium       odd::expired-is-fine");
    shell_release(&r);
}

static void what_is_no_limbo_file_is_refused(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("not.json", "{\"version\": 2}");
    shell_run(&r, "hubrig certs limbo not.json --device reference");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "not.json: expected x509-limbo's limbo.json");
    shell_release(&r);
    shell_write("broken.json", "{\"version\": 1,\n  oops");
    shell_run(&r, "hubrig certs limbo broken.json --device reference");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "line 2, column");
    shell_release(&r);
    shell_run(&r, "hubrig certs limbo nowhere.json --device reference");
    assert_int_equal(r.code, 2);
    shell_release(&r);
}

static void cases_that_no_device_can_be_given_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *json;
        const char *why;
    } rows[] = {
        {"validation_kind", "\"CLIENT\"", "validates a client's certificate"},
        {"crls", "[\"x\"]", "revocation lists"},
        {"max_chain_depth", "3", "depth"},
        {"expected_peer_name", "null", "no host name to dial"},
        {"expected_peer_name", "{\"kind\":\"IP\",\"value\":\"::1\"}", "IPv6"},
        {"expected_peer_name", "{\"kind\":\"DNS\",\"value\":\"a b\"}", "hosts file"},
        {"peer_certificate", "\"no pem\"", "no PEM"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct limbo_file file;
        json_t *c = new_case("a::b", "azure/digicert-g2", "limbo.example.com", "DNS", "SUCCESS", "low");
        json_object_set_new(c, rows[i].field, json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
        json_t *root = json_pack("{s:i, s:[o]}", "version", 1, "testcases", c);
        char *text = json_dumps(root, 0);
        assert_int_equal(limbo_parse(span_text(text), &file), 0);
        if (!strstr(file.cases[0].unfit, rows[i].why)) {
            assert_string_equal(file.cases[0].unfit, rows[i].why);
        }
        limbo_deinit(&file);
        free(text);
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_device_agrees_with_every_case),
        cmocka_unit_test(a_device_without_verification_is_scored_down),
        cmocka_unit_test(a_false_reject_is_told_from_a_false_accept),
        cmocka_unit_test(what_is_no_limbo_file_is_refused),
        cmocka_unit_test(cases_that_no_device_can_be_given_say_why),
    };
    if (sandbox_probe() < 0) {
        puts("skipped: this machine allows no private network");
        return 77;
    }
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
