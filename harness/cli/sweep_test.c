// SPDX-License-Identifier: MIT
// `hubrig sweep` from outside, on the reference device and on one whose clock turns in 2038.
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/shell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The object that --json printed: the last line, behind the progress on stderr.
static json_t *sweep_json(const char *options, int exit_code)
{
    struct shell_result r;
    shell_run(&r, "rm -rf ev; hubrig sweep --json --evidence ev -j 4 %s", options);
    if (r.code != exit_code) {
        print_error("%s\n", buf_text(&r.out));
    }
    assert_int_equal(r.code, exit_code);
    const char *start = strchr(buf_text(&r.out), '{');
    assert_non_null(start);
    json_t *json = json_loads(start, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(json);
    shell_release(&r);
    return json;
}

static const char *text_of(const json_t *edge, const char *name)
{
    const char *text = json_string_value(json_object_get(edge, name));
    assert_non_null(text);
    return text;
}

static void the_end_of_a_root_is_found_to_the_second_on_both_sides(void **state)
{
    (void)state;
    json_t *json = sweep_json("--device reference --from 2030-01-01 --to 2045-01-01", 1);
    const json_t *edges = json_object_get(json, "edges");
    assert_int_equal(json_array_size(edges), 1);
    const json_t *edge = json_array_get(edges, 0);
    assert_string_equal(text_of(edge, "change"), "stops");
    // a device may look at its clock in the second after its start
    const char *at = text_of(edge, "at");
    assert_true(strcmp(at, "2038-01-15T11:59:58Z") >= 0);
    assert_true(strcmp(at, "2038-01-15T12:00:01Z") <= 0);
    assert_non_null(strstr(text_of(edge, "turns"), "root certificate 'DigiCert Global Root G2 "));
    assert_non_null(strstr(text_of(edge, "turns"), "ends 2038-01-15T12:00:00Z"));
    assert_non_null(strstr(text_of(edge, "observed"), "tls.failed"));
    const char *kept[] = {text_of(edge, "evidence_before"), text_of(edge, "evidence_after")};
    for (size_t i = 0; i < HR_COUNT_OF(kept); i++) {
        char path[600];
        assert_int_equal(fs_join(path, sizeof path, shell_folder, kept[i]), 0);
        assert_true(fs_is_folder(kept[i][0] == '/' ? kept[i] : path));
    }
    json_decref(json);
}

static void only_the_evidence_beside_edges_is_kept(void **state)
{
    (void)state;
    struct shell_result r;
    json_decref(
        sweep_json("--device reference --from 2037-06-01 --to 2038-06-01 --precision 1h", 1));
    shell_run(&r, "ls ev | wc -l");
    assert_string_equal(buf_text(&r.out), "2\n");
    shell_release(&r);
}

static void seconds_in_32_bits_are_found_where_the_root_lives_on(void **state)
{
    (void)state;
    json_t *json =
        sweep_json("--device time-32 --chain catalogue/base --from 2035-01-01 --to 2045-01-01", 1);
    const json_t *edges = json_object_get(json, "edges");
    assert_int_equal(json_array_size(edges), 1);
    const json_t *edge = json_array_get(edges, 0);
    assert_true(strncmp(text_of(edge, "at"), "2038-01-19T03:14:0", 18) == 0);
    assert_string_equal(text_of(edge, "turns"), "seconds since 1970 leave 32 bits with a sign");
    json_decref(json);
}

static void a_device_that_connects_throughout_passes(void **state)
{
    (void)state;
    json_t *json = sweep_json(
        "--device reference --chain catalogue/base --from 2035-01-01 --to 2045-01-01", 0);
    assert_int_equal(json_array_size(json_object_get(json, "edges")), 0);
    assert_true(json_is_true(json_object_get(json, "connects_first")));
    json_decref(json);
}

static void the_timeline_shows_both_moves_of_the_root(void **state)
{
    (void)state;
    json_t *json =
        sweep_json("--device reference --chain timeline --from 2022-01-01 --to 2030-01-01", 1);
    const json_t *edges = json_object_get(json, "edges");
    assert_int_equal(json_array_size(edges), 2);
    assert_string_equal(text_of(json_array_get(edges, 0), "change"), "starts");
    assert_true(strncmp(text_of(json_array_get(edges, 0), "at"), "2023-02-15T00:00:0", 18) == 0);
    assert_non_null(strstr(text_of(json_array_get(edges, 0), "turns"), "DigiCert Global Root G2"));
    assert_string_equal(text_of(json_array_get(edges, 1), "change"), "stops");
    assert_true(strncmp(text_of(json_array_get(edges, 1), "at"), "2029-06-04T00:00:0", 18) == 0);
    json_decref(json);
}

static void mistakes_are_told_before_anything_runs(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"", 2, "expected --device NAME"},
        {"--device reference --from 2030-13-01", 2, "is no date"},
        {"--device reference --from 2030-01-01 --to 2029-01-01", 2, "--from must be before --to"},
        {"--device reference --precision 10ms", 2, "--precision takes a duration"},
        {"--device reference --step 1h", 2, "more than 5000 dates"},
        {"--device reference --chain azure/digicert-g3x", 2, "azure/digicert-g"},
        {"--device reference --chain timeline --from 2010-01-01", 2, "timeline begins 2015-08-27"},
        {"--device no-such", 2, "no-such"},
        {"--device reference --tls-engine mbedssl", 2, "mbedssl"},
        {"--bench still.bench --device still", 77, "does not offer clock"},
    };
    shell_write("still.bench", "process still\n  command sleep 1\n  offers nothing\nend\n");
    shell_assert_rows("hubrig sweep", rows, HR_COUNT_OF(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_root_is_found_to_the_second_on_both_sides),
        cmocka_unit_test(only_the_evidence_beside_edges_is_kept),
        cmocka_unit_test(seconds_in_32_bits_are_found_where_the_root_lives_on),
        cmocka_unit_test(a_device_that_connects_throughout_passes),
        cmocka_unit_test(the_timeline_shows_both_moves_of_the_root),
        cmocka_unit_test(mistakes_are_told_before_anything_runs),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
