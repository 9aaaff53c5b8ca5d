// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/report/report.h"

#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <string.h>

enum { OUTCOMES = 5 };

struct fixture {
    struct outcome o[OUTCOMES];
    struct buf out;
};

static const struct report_style plain = {.name_columns = 28};
static const struct report_style coloured = {.has_colour = true, .name_columns = 28};

static void begin(struct fixture *f, size_t i, enum verdict verdict, const char *name,
                  const char *file)
{
    outcome_init(&f->o[i]);
    f->o[i].verdict = verdict;
    outcome_set(&f->o[i].scenario, name);
    outcome_set(&f->o[i].file, file);
    outcome_set(&f->o[i].device, "reference");
}

static void init(struct fixture *f)
{
    buf_init(&f->out, 1 << 20);
    begin(f, 0, VERDICT_PASS, "smoke.connect-sas", "suites/smoke/connect-sas.scn");
    f->o[0].duration_us = 1200000;
    begin(f, 1, VERDICT_FAIL, "smoke.expired-leaf", "suites/smoke/expired-leaf.scn");
    f->o[1].duration_us = 4100000;
    f->o[1].line = 7;
    f->o[1].column = 1;
    outcome_set(&f->o[1].statement, "never mqtt.connect");
    outcome_set(&f->o[1].expected, "never mqtt.connect");
    outcome_set(&f->o[1].observed, "mqtt.connect client_id=bench-01 1.2 s after boot");
    outcome_set(&f->o[1].cause, "the device does not check notAfter");
    outcome_set(&f->o[1].try_text, "turn verification on");
    outcome_set(&f->o[1].evidence, "evidence/smoke.expired-leaf");
    outcome_set(&f->o[1].again, "hubrig run suites/smoke/expired-leaf.scn --seed 7");
    begin(f, 2, VERDICT_INCONCLUSIVE, "smoke.silent", "suites/smoke/silent.scn");
    f->o[2].duration_us = 20000000;
    f->o[2].line = 5;
    outcome_set(&f->o[2].expected, "mqtt.connected within 20 s");
    outcome_set(&f->o[2].observed, "it printed '\033[31m<a> & \"b\" \x01'\nand more \xef\xbf\xbf");
    begin(f, 3, VERDICT_INFRA, "smoke.rig", "suites/smoke/rig.scn");
    f->o[3].duration_us = 12000;
    outcome_set(&f->o[3].observed, "no such program: \xff # dut");
    outcome_set(&f->o[3].evidence, "evidence/smoke.rig/");
    begin(f, 4, VERDICT_SKIPPED, "x509.connect", "suites/x509/connect.scn");
    outcome_set(&f->o[4].observed, "the device does not offer x509");
}

static void release(struct fixture *f)
{
    for (size_t i = 0; i < OUTCOMES; i++) {
        outcome_deinit(&f->o[i]);
    }
    buf_deinit(&f->out);
}

static void the_console_shows_one_aligned_line_each_and_detail_below_trouble(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    for (size_t i = 0; i < OUTCOMES; i++) {
        assert_int_equal(report_console_line(&f.o[i], &plain, &f.out), 0);
        assert_int_equal(report_console_detail(&f.o[i], &plain, &f.out), 0);
    }
    assert_int_equal(report_console_summary(f.o, OUTCOMES, 9800000, &plain, &f.out), 0);
    assert_string_equal(
        buf_text(&f.out),
        "pass  smoke.connect-sas             1.2 s\n"
        "fail  smoke.expired-leaf            4.1 s\n"
        "      where     suites/smoke/expired-leaf.scn:7\n"
        "      expected  never mqtt.connect\n"
        "      observed  mqtt.connect client_id=bench-01 1.2 s after boot\n"
        "      cause     the device does not check notAfter\n"
        "      try       turn verification on\n"
        "      again     hubrig run suites/smoke/expired-leaf.scn --seed 7\n"
        "      evidence  evidence/smoke.expired-leaf/\n"
        "inconclusive  smoke.silent          20 s\n"
        "      where     suites/smoke/silent.scn:5\n"
        "      expected  mqtt.connected within 20 s\n"
        "      observed  it printed ' [31m<a> & \"b\"  ' and more \xef\xbf\xbf\n"
        "infra  smoke.rig                    12 ms\n"
        "      where     suites/smoke/rig.scn\n"
        "      observed  no such program: \xff # dut\n"
        "      evidence  evidence/smoke.rig/\n"
        "skipped  x509.connect               the device does not offer x509\n"
        "5 scenarios: 1 pass, 1 fail, 1 inconclusive, 1 infra, 1 skipped in 9.8 s\n");
    release(&f);
}

static void what_has_one_cause_is_told_once_with_its_scenarios(void **state)
{
    (void)state;
    static const char *const names[] = {"a.1", "a.2", "a.3", "a.4", "a.5", "b.1", "b.2"};
    struct outcome o[HR_COUNT_OF(names)];
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        outcome_init(&o[i]);
        o[i].verdict = i < 6 ? VERDICT_FAIL : VERDICT_SKIPPED;
        outcome_set(&o[i].scenario, names[i]);
        outcome_set(&o[i].observed, i == 0 ? "it printed nothing" : "the device does not offer x509");
    }
    for (size_t i = 1; i < 6; i++) {
        outcome_add_finding(&o[i], "no-host-check", "sure", "it compares no name", "compare it");
        outcome_set(&o[i].cause, "it compares no name");
        outcome_set(&o[i].try_text, "compare it");
        outcome_set(&o[i].again, "hubrig run x");
    }
    assert_int_equal(report_console_causes(o, HR_COUNT_OF(names), &plain, &out), 0);
    assert_string_equal(buf_text(&out), "\nskipped, by reason\n"
                                        "   1  the device does not offer x509\n"
                                        "\nnot passed, by cause\n"
                                        "   5  it compares no name\n"
                                        "      try       compare it\n"
                                        "      in        a.2, a.3, a.4, a.5 and 1 more\n"
                                        "      again     hubrig run x\n"
                                        "   1  it printed nothing\n"
                                        "      in        a.1\n\n");
    buf_clear(&out);
    assert_int_equal(report_console_causes(o, 1, &plain, &out), 0); // one alone has just been told
    assert_int_equal(out.len, 0);
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        outcome_deinit(&o[i]);
    }
}

static int print_tap(const struct outcome *o, struct buf *out)
{
    return report_tap(o, 1, 14, out);
}

static int print_junit(const struct outcome *o, struct buf *out)
{
    return report_junit(o, 1, "s", out);
}

static int print_detail(const struct outcome *o, struct buf *out)
{
    return report_console_detail(o, &plain, out);
}

static int print_github(const struct outcome *o, struct buf *out)
{
    return report_annotations(o, 1, ANNOTATE_GITHUB, NULL, out);
}

static int print_summary(const struct outcome *o, struct buf *out)
{
    return report_summary(o, 1, out);
}

static int print_json(const struct outcome *o, struct buf *out)
{
    return report_json(o, 1, out);
}

static int print_page(const struct outcome *o, struct buf *out)
{
    return report_html(o, 1, NULL, out);
}

static void every_format_shows_all_causes_the_best_first(void **state)
{
    (void)state;
    static int (*const formats[])(const struct outcome *o, struct buf *out) = {
        print_tap, print_junit, print_detail, print_github, print_summary, print_json, print_page};
    struct fixture f;
    init(&f);
    outcome_add_finding(&f.o[1], "a", "sure", f.o[1].cause, f.o[1].try_text);
    outcome_add_finding(&f.o[1], "b", "possible", "its clock stands still", "look at the crystal");
    outcome_set(&f.o[1].evidence, "");
    for (size_t i = 0; i < HR_COUNT_OF(formats); i++) {
        buf_clear(&f.out);
        assert_int_equal(formats[i](&f.o[1], &f.out), 0);
        const char *first = strstr(buf_text(&f.out), "the device does not check notAfter");
        const char *sure = first ? strstr(first, "possible") : NULL;
        if (!sure || !strstr(first, "its clock stands still") ||
            !strstr(first, "look at the crystal")) {
            fail_msg("format %zu:\n%s", i, buf_text(&f.out));
        }
    }
    release(&f);
}

static void every_format_shows_what_was_measured_also_where_all_passed(void **state)
{
    (void)state;
    static int (*const formats[])(const struct outcome *o, struct buf *out) = {
        print_tap, print_junit, print_detail, print_summary, print_page};
    static const struct measure measured = {"largest chain taken", "bytes", 12288, 17408, false};
    struct fixture f;
    init(&f);
    measures_set(&f.o[0].measures, &measured);
    for (size_t i = 0; i < HR_COUNT_OF(formats); i++) {
        buf_clear(&f.out);
        assert_int_equal(formats[i](&f.o[0], &f.out), 0);
        const char *name = strstr(buf_text(&f.out), "largest chain taken");
        if (!name || !strstr(name, "12 KB, but not 17 KB")) {
            fail_msg("format %zu:\n%s", i, buf_text(&f.out));
        }
    }
    f.o[0].verdict = VERDICT_WARN;
    buf_clear(&f.out);
    assert_int_equal(print_github(&f.o[0], &f.out), 0);
    assert_non_null(strstr(buf_text(&f.out), "measured: largest chain taken: 12 KB, but not 17 KB"));
    release(&f);
}

static void colours_come_only_when_asked_for_and_do_not_move_the_columns(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    assert_int_equal(report_console_line(&f.o[1], &coloured, &f.out), 0);
    assert_int_equal(report_console_summary(f.o, 1, 1000000, &coloured, &f.out), 0);
    assert_string_equal(buf_text(&f.out),
                        "\033[1;31mfail\033[0m  smoke.expired-leaf            4.1 s\n"
                        "1 scenario: 1 \033[32mpass\033[0m in 1 s\n");
    buf_clear(&f.out);
    assert_int_equal(report_console_line(&f.o[1], &plain, &f.out), 0);
    assert_null(strchr(buf_text(&f.out), '\033'));
    release(&f);
}

static void a_name_wider_than_its_column_keeps_two_blanks(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    const struct report_style narrow = {.name_columns = 4};
    assert_int_equal(report_console_line(&f.o[0], &narrow, &f.out), 0);
    assert_string_equal(buf_text(&f.out), "pass  smoke.connect-sas  1.2 s\n");
    release(&f);
}

static void put_tap(const char *variable, int version)
{
    struct fixture f;
    const char *path = getenv(variable); // for a parser that is not ours, which CTest runs then
    init(&f);
    outcome_set(&f.o[4].scenario, "x509.issue #7");
    assert_int_equal(report_tap(f.o, OUTCOMES, version, &f.out), 0);
    if (path) {
        assert_int_equal(fs_write_file(path, buf_span(&f.out), 0644), 0);
    }
    release(&f);
}

static void tap_14_escapes_what_13_must_drop(void **state)
{
    (void)state;
    struct fixture f;
    put_tap("HUBRIG_TEST_TAP13", 13);
    put_tap("HUBRIG_TEST_TAP14", 14);
    init(&f);
    outcome_set(&f.o[0].scenario, "a #1 \\ b");
    assert_int_equal(report_tap(f.o, 1, 14, &f.out), 0);
    assert_string_equal(buf_text(&f.out), "TAP version 14\n1..1\nok 1 - a \\#1 \\\\ b\n");
    buf_clear(&f.out);
    assert_int_equal(report_tap(f.o, 1, 13, &f.out), 0);
    assert_string_equal(buf_text(&f.out), "TAP version 13\n1..1\nok 1 - a  1 \\ b\n");
    release(&f);
}

static void tap_numbers_every_scenario_and_explains_trouble_in_yaml(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    assert_int_equal(report_tap(f.o, OUTCOMES, 13, &f.out), 0);
    assert_string_equal(
        buf_text(&f.out),
        "TAP version 13\n"
        "1..5\n"
        "ok 1 - smoke.connect-sas\n"
        "not ok 2 - smoke.expired-leaf\n"
        "  ---\n"
        "  severity: \"fail\"\n"
        "  device: \"reference\"\n"
        "  file: \"suites/smoke/expired-leaf.scn\"\n"
        "  line: 7\n"
        "  statement: \"never mqtt.connect\"\n"
        "  expected: \"never mqtt.connect\"\n"
        "  observed: \"mqtt.connect client_id=bench-01 1.2 s after boot\"\n"
        "  cause: \"the device does not check notAfter\"\n"
        "  try: \"turn verification on\"\n"
        "  again: \"hubrig run suites/smoke/expired-leaf.scn --seed 7\"\n"
        "  evidence: \"evidence/smoke.expired-leaf\"\n"
        "  duration_ms: 4100\n"
        "  ...\n"
        "not ok 3 - smoke.silent\n"
        "  ---\n"
        "  severity: \"inconclusive\"\n"
        "  device: \"reference\"\n"
        "  file: \"suites/smoke/silent.scn\"\n"
        "  line: 5\n"
        "  expected: \"mqtt.connected within 20 s\"\n"
        "  observed: \"it printed '\\u001b[31m<a> & \\\"b\\\" \\u0001'\\u000aand more \xef\xbf\xbf\"\n"
        "  duration_ms: 20000\n"
        "  ...\n"
        "not ok 4 - smoke.rig\n"
        "  ---\n"
        "  severity: \"infra\"\n"
        "  device: \"reference\"\n"
        "  file: \"suites/smoke/rig.scn\"\n"
        "  observed: \"no such program: \xef\xbf\xbd # dut\"\n"
        "  evidence: \"evidence/smoke.rig/\"\n"
        "  duration_ms: 12\n"
        "  ...\n"
        "ok 5 - x509.connect # SKIP the device does not offer x509\n");
    release(&f);
}

static void json_is_an_array_of_verdicts(void **state)
{
    (void)state;
    struct fixture f;
    struct outcome back;
    init(&f);
    assert_int_equal(report_json(f.o, 0, &f.out), 0);
    assert_string_equal(buf_text(&f.out), "[]\n");
    buf_clear(&f.out);
    assert_int_equal(report_json(&f.o[0], 1, &f.out), 0);
    assert_string_equal(buf_text(&f.out),
                        "[\n {\"verdict\":\"pass\",\"scenario\":\"smoke.connect-sas\",\"about\":\"\","
                        "\"file\":\"suites/smoke/connect-sas.scn\",\"statement\":\"\",\"expected\":\"\","
                        "\"observed\":\"\",\"cause\":\"\",\"try\":\"\",\"evidence\":\"\",\"device\":"
                        "\"reference\",\"line\":0,\"column\":0,\"duration_us\":1200000,\"events\":0}\n]"
                        "\n");
    buf_clear(&f.out);
    assert_int_equal(report_json(f.o, OUTCOMES, &f.out), 0);
    json_t *array = json_loadb(buf_text(&f.out), f.out.len, 0, NULL);
    assert_int_equal(json_array_size(array), OUTCOMES);
    char *second = json_dumps(json_array_get(array, 1), 0);
    assert_int_equal(outcome_from_json(span_text(second), &back), 0);
    assert_string_equal(back.cause, f.o[1].cause);
    outcome_deinit(&back);
    free(second);
    json_decref(array);
    release(&f);
}

static int validate(xmlDocPtr doc)
{
    char path[4096];
    assert_int_equal(fs_join(path, sizeof path, HUBRIG_SOURCE_FOLDER, "harness/report/junit.xsd"), 0);
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    assert_non_null(schema);
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
    int result = xmlSchemaValidateDoc(valid, doc);
    xmlSchemaFreeValidCtxt(valid);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
    return result;
}

static void junit_is_well_formed_and_valid_with_hostile_text_in_it(void **state)
{
    (void)state;
    struct fixture f;
    static const struct measure measured = {"largest <x>", "bytes", 4096, 8192, false};
    init(&f);
    measures_set(&f.o[1].measures, &measured);
    assert_int_equal(report_junit(f.o, OUTCOMES, "hub\x01rig", &f.out), 0);
    const char *path = getenv("HUBRIG_TEST_JUNIT"); // for xmllint, which CTest runs behind this test
    if (path) {
        assert_int_equal(fs_write_file(path, buf_span(&f.out), 0644), 0);
    }
    xmlDocPtr doc = xmlReadMemory(buf_text(&f.out), (int)f.out.len, "junit.xml", NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    assert_int_equal(validate(doc), 0);
    xmlFreeDoc(doc);
    release(&f);
}

static void junit_says_failure_error_and_skipped_with_file_and_line(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    assert_int_equal(report_junit(f.o, OUTCOMES, "hubrig", &f.out), 0);
    static const char *const parts[] = {
        "<testsuite name=\"hubrig\" tests=\"5\" failures=\"2\" errors=\"1\" skipped=\"1\" "
        "time=\"25.312\">",
        "<testcase name=\"connect-sas\" classname=\"reference.smoke\" time=\"1.200\" "
        "file=\"suites/smoke/connect-sas.scn\"/>",
        "<testcase name=\"expired-leaf\" classname=\"reference.smoke\" time=\"4.100\" "
        "file=\"suites/smoke/expired-leaf.scn\" line=\"7\">",
        "<failure message=\"mqtt.connect client_id=bench-01 1.2 s after boot\" type=\"fail\">      "
        "where     suites/smoke/expired-leaf.scn:7\n",
        "<system-out>evidence: evidence/smoke.expired-leaf</system-out>",
        "type=\"inconclusive\"",
        "it printed '[31m&lt;a&gt; &amp; &quot;b&quot; '&#10;and more \"",
        "<error message=\"no such program: ? # dut\" type=\"infra\">",
        "<skipped message=\"the device does not offer x509\"/>",
    };
    for (size_t i = 0; i < HR_COUNT_OF(parts); i++) {
        if (!strstr(buf_text(&f.out), parts[i])) {
            assert_string_equal(buf_text(&f.out), parts[i]);
        }
    }
    release(&f);
}

static void the_schema_refuses_what_is_not_junit(void **state)
{
    (void)state;
    static const char text[] = "<testsuites tests=\"1\"/>";
    xmlDocPtr doc = xmlReadMemory(text, sizeof text - 1, "bad.xml", NULL, XML_PARSE_NONET);
    assert_true(validate(doc) > 0);
    xmlFreeDoc(doc);
}

static void a_report_that_outgrows_its_buffer_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    struct buf small HR_CLEANUP(buf_deinit);
    init(&f);
    buf_init(&small, 40);
    assert_int_equal(report_tap(f.o, OUTCOMES, 13, &small), ERR_TOO_BIG);
    buf_clear(&small);
    assert_int_equal(report_junit(f.o, OUTCOMES, "s", &small), ERR_TOO_BIG);
    assert_int_equal(report_json(f.o, OUTCOMES, &small), ERR_TOO_BIG);
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_console_shows_one_aligned_line_each_and_detail_below_trouble),
        cmocka_unit_test(what_has_one_cause_is_told_once_with_its_scenarios),
        cmocka_unit_test(every_format_shows_all_causes_the_best_first),
        cmocka_unit_test(every_format_shows_what_was_measured_also_where_all_passed),
        cmocka_unit_test(colours_come_only_when_asked_for_and_do_not_move_the_columns),
        cmocka_unit_test(a_name_wider_than_its_column_keeps_two_blanks),
        cmocka_unit_test(tap_14_escapes_what_13_must_drop),
        cmocka_unit_test(tap_numbers_every_scenario_and_explains_trouble_in_yaml),
        cmocka_unit_test(json_is_an_array_of_verdicts),
        cmocka_unit_test(junit_is_well_formed_and_valid_with_hostile_text_in_it),
        cmocka_unit_test(junit_says_failure_error_and_skipped_with_file_and_line),
        cmocka_unit_test(the_schema_refuses_what_is_not_junit),
        cmocka_unit_test(a_report_that_outgrows_its_buffer_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
