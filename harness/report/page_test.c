// SPDX-License-Identifier: MIT
// Marks, timelines, packet numbers, the page and the remarks for CI systems.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/report/grade.h"
#include "harness/report/html.h"
#include "harness/report/packets.h"
#include "harness/report/report.h"
#include "harness/report/timeline.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sample_journal[] =
    "{\"seq\":1,\"at_us\":100,\"event\":\"run.started\",\"connection\":0,\"device\":\"\","
    "\"scenario\":\"s.a\"}\n"
    "{\"seq\":2,\"at_us\":1000,\"event\":\"device.output\",\"connection\":0,\"device\":\"\","
    "\"stream\":\"out\",\"text\":\"<b>up</b>\"}\n"
    "{\"seq\":3,\"at_us\":2000,\"event\":\"tcp.accepted\",\"connection\":1,\"device\":\"\","
    "\"peer\":\"10.9.0.2:40000\",\"endpoint\":\"mqtts\"}\n"
    "{\"seq\":4,\"at_us\":3000,\"event\":\"tls.client_hello\",\"connection\":1,\"device\":\"\","
    "\"sni\":\"h\"}\n"
    "{\"seq\":5,\"at_us\":5000,\"event\":\"tls.established\",\"connection\":1,\"device\":\"\","
    "\"version\":\"1.2\"}\n"
    "{\"seq\":6,\"at_us\":7000,\"event\":\"mqtt.connected\",\"connection\":1,\"device\":\"d\","
    "\"auth\":\"sas\"}\n"
    "{\"seq\":7,\"at_us\":8000,\"event\":\"fault.fired\",\"connection\":1,\"device\":\"d\","
    "\"fault\":\"drop\"}\n"
    "{\"seq\":8,\"at_us\":9000,\"event\":\"tcp.closed\",\"connection\":1,\"device\":\"d\",\"by\":"
    "\"hub\",\"how\":\"rst\"}\n"
    "{\"seq\":9,\"at_us\":9500,\"event\":\"hub.clock\",\"connection\":0,\"device\":\"\",\"utc\":"
    "\"x\"}\n"
    "{\"seq\":10,\"at_us\":20000,\"event\":\"tcp.accepted\",\"connection\":2,\"device\":\"\","
    "\"peer\":\"10.9.0.2:40001\",\"endpoint\":\"mqtts\"}\n"
    "{\"seq\":11,\"at_us\":29000,\"event\":\"mqtt.connected\",\"connection\":2,\"device\":\"d\","
    "\"auth\":\"sas\"}\n"
    "{\"seq\":12,\"at_us\":30000,\"event\":\"mqtt.refused\",\"connection\":2,\"device\":\"d\","
    "\"code\":5}\n"
    "{\"seq\":13,\"at_us\":40000,\"event\":\"run.verdict\",\"connection\":0,\"device\":\"\","
    "\"verdict\":\"fail\",\"line\":7}\n"
    "{\"seq\":14,\"at_us\":40";

// ---- a capture as simulator/net/capture.c writes it, with one TCP frame per packet

static void put_u32(struct buf *b, uint32_t v)
{
    assert_int_equal(buf_append(b, span_of(&v, sizeof v)), 0);
}

static void put_packet(struct buf *b, uint64_t at_us, unsigned port, bool from_device,
                       uint8_t flags)
{
    uint8_t frame[40] = {0x45, [9] = 6, [12] = 10, 9, 0, 1, 10, 9, 0, 1, [33] = flags};
    size_t device = from_device ? 0 : 1;
    frame[12 + 4 * device + 3] = 2; // 10.9.0.2 is the device
    frame[20 + 2 * device] = (uint8_t)(port >> 8);
    frame[20 + 2 * device + 1] = (uint8_t)port;
    put_u32(b, 6);
    put_u32(b, 32 + 40);
    put_u32(b, 0);
    put_u32(b, (uint32_t)(at_us >> 32));
    put_u32(b, (uint32_t)at_us);
    put_u32(b, 40);
    put_u32(b, 40);
    assert_int_equal(buf_append(b, span_of(frame, sizeof frame)), 0);
    put_u32(b, 32 + 40);
}

static void put_capture(struct buf *b)
{
    static const uint8_t header[] = {0x0a, 0x0d, 0x0d, 0x0a, 12, 0, 0, 0, 12, 0, 0, 0};
    const uint64_t began = UINT64_C(1700000000000000);
    assert_int_equal(buf_append(b, span_of(header, sizeof header)), 0);
    put_packet(b, began + 2100, 40000, true, 2);   // 1: SYN
    put_packet(b, began + 2100, 40000, false, 18); // 2
    put_packet(b, began + 20050, 40001, true, 2);  // 3: written early, because it was not held back
    put_packet(b, began + 3050, 40000, true, 24);  // 4: ClientHello
    put_packet(b, began + 7080, 40000, false, 24); // 5: CONNACK
    put_packet(b, began + 30040, 40001, false, 24); // 6
}

static void packets_are_found_by_connection_and_time(void **state)
{
    (void)state;
    struct buf file HR_CLEANUP(buf_deinit);
    struct packet_index *index = NULL;
    buf_init(&file, 10000);
    put_capture(&file);
    assert_int_equal(packets_read(buf_span(&file), &index), 0);
    assert_int_equal(packets_number_at(index, "10.9.0.2:40000", 2000, 2000), 2);
    assert_int_equal(packets_number_at(index, "10.9.0.2:40000", 2000, 3000), 4);
    assert_int_equal(packets_number_at(index, "10.9.0.2:40000", 2000, 7000), 5);
    assert_int_equal(packets_number_at(index, "10.9.0.2:40001", 20000, 20000), 3);
    assert_int_equal(packets_number_at(index, "10.9.0.2:40001", 20000, 30000), 6);
    assert_int_equal(packets_number_at(index, "10.9.0.2:40002", 20000, 30000), 0);
    packets_free(index);
}

static void a_damaged_capture_is_refused_or_read_to_where_it_broke(void **state)
{
    (void)state;
    struct buf file HR_CLEANUP(buf_deinit);
    buf_init(&file, 10000);
    put_capture(&file);
    for (size_t len = 0; len < file.len; len++) {
        struct packet_index *index = NULL;
        int code = packets_read(span_of(file.data, len), &index);
        assert_true(code == 0 || code == ERR_SYNTAX);
        packets_free(index);
    }
}

static void a_timeline_has_lanes_bars_packets_and_the_slowest_recovery(void **state)
{
    (void)state;
    struct timeline t;
    struct buf file HR_CLEANUP(buf_deinit);
    buf_init(&file, 10000);
    put_capture(&file);
    assert_int_equal(timeline_parse(span_text(sample_journal), buf_span(&file), &t), 0);
    static const enum lane lanes[] = {
        LANE_SCENARIO, LANE_DEVICE, LANE_TCP, LANE_TLS,  LANE_TLS,  LANE_MQTT,    LANE_FAULTS,
        LANE_TCP,      LANE_CLOCK,  LANE_TCP, LANE_MQTT, LANE_MQTT, LANE_SCENARIO};
    assert_int_equal(t.count, HR_COUNT_OF(lanes)); // the last line is cut off
    for (size_t i = 0; i < t.count; i++) {
        assert_int_equal(t.marks[i].lane, lanes[i]);
    }
    assert_int_equal(t.marks[5].packet, 5);
    assert_true(t.marks[11].is_bad);
    assert_string_equal(t.marks[11].text, "mqtt.refused code=5");
    assert_int_equal(t.verdict_us, 40000);
    assert_int_equal(t.recovery_us, 20000); // from the hub's RST to the next CONNACK
    assert_int_equal(t.bar_count, 6); // two TCP, a handshake, a TLS session, two MQTT sessions
    timeline_deinit(&t);
}

static void any_prefix_of_a_journal_is_read(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof sample_journal; len++) {
        struct timeline t;
        assert_int_equal(timeline_parse(span_of(sample_journal, len), SPAN_EMPTY, &t), 0);
        timeline_deinit(&t);
    }
}

// ---- marks

struct judged {
    enum verdict verdict;
    const char *level;
    const char *statement;
};

static void marks_follow_the_rule_and_its_caps(void **state)
{
    (void)state;
    static const struct {
        struct judged runs[4];
        size_t count;
        const char *mark;
    } cases[] = {
        {{{VERDICT_PASS, "must", ""}, {VERDICT_PASS, "should", ""}}, 2, "A+"},
        {{{VERDICT_PASS, "must", ""}, {VERDICT_SKIPPED, "must", ""}}, 2, "A"},
        {{{VERDICT_WARN, "must", ""}}, 1, "B"},
        {{{VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_FAIL, "must", "expect x"}},
         4,
         "D"},
        {{{VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_FAIL, "must", "never mqtt.connect"}},
         4,
         "F"},
        {{{VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_FLAKY, "must", ""}},
         4,
         "C"},
        {{{VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_FAIL, "should", "never x"}},
         4,
         "B"},
        {{{VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_PASS, "must", ""},
          {VERDICT_FAIL, "info", "never x"}},
         4,
         "A"},
        {{{VERDICT_INFRA, "must", ""}, {VERDICT_SKIPPED, "must", ""}}, 2, "-"},
        {{{VERDICT_FAIL, "info", ""}}, 1, "F"},
        {{{VERDICT_PASS, "", ""}}, 1, "A+"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct outcome o[4];
        struct grade grades[GRADES_MOST];
        for (size_t k = 0; k < cases[i].count; k++) {
            outcome_init(&o[k]);
            o[k].verdict = cases[i].runs[k].verdict;
            outcome_set(&o[k].scenario, "tls.x");
            outcome_set(&o[k].level, cases[i].runs[k].level);
            outcome_set(&o[k].statement, cases[i].runs[k].statement);
        }
        assert_int_equal(grade_families(o, cases[i].count, grades), 1);
        if (strcmp(grades[0].mark, cases[i].mark) != 0) {
            fail_msg("case %zu: expected %s, seen %s (%s)", i, cases[i].mark, grades[0].mark,
                     grades[0].why);
        }
        for (size_t k = 0; k < cases[i].count; k++) {
            outcome_deinit(&o[k]);
        }
    }
}

static void each_family_has_a_mark_of_its_own(void **state)
{
    (void)state;
    struct outcome o[3];
    struct grade grades[GRADES_MOST];
    static const char *const names[] = {"tls.a", "auth.b", "tls.c"};
    for (size_t i = 0; i < 3; i++) {
        outcome_init(&o[i]);
        o[i].verdict = i == 2 ? VERDICT_FAIL : VERDICT_PASS;
        outcome_set(&o[i].scenario, names[i]);
    }
    assert_int_equal(grade_families(o, 3, grades), 2);
    assert_string_equal(grades[0].family, "tls");
    assert_string_equal(grades[0].why, "tls.c did not pass");
    assert_int_equal(grades[0].good, 1);
    assert_string_equal(grades[1].mark, "A+");
    for (size_t i = 0; i < 3; i++) {
        outcome_deinit(&o[i]);
    }
}

// ---- the page

static void hostile_text_stays_text(void **state)
{
    (void)state;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1000);
    assert_int_equal(html_text(&out, "<script>\"a\" & 'b'\x1b[31m"), 0);
    assert_string_equal(buf_text(&out), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39; [31m");
    buf_clear(&out);
    assert_int_equal(html_element(&out, "td class=x", "\xff<"), 0);
    assert_string_equal(buf_text(&out), "<td class=x>?&lt;</td>");
}

static void make_evidence(const char *folder)
{
    char path[300];
    struct buf file HR_CLEANUP(buf_deinit);
    buf_init(&file, 10000);
    put_capture(&file);
    assert_int_equal(fs_make_folder(folder, 0755), 0);
    snprintf(path, sizeof path, "%s/journal.jsonl", folder);
    assert_int_equal(fs_write_file(path, span_text(sample_journal), 0644), 0);
    snprintf(path, sizeof path, "%s/wire.pcapng", folder);
    assert_int_equal(fs_write_file(path, buf_span(&file), 0644), 0);
}

static void fill(struct outcome *o, enum verdict verdict, const char *name, const char *level)
{
    outcome_init(o);
    o->verdict = verdict;
    o->duration_us = 1200000;
    o->seed = 42;
    o->started_us = INT64_C(1700000000000000);
    outcome_set(&o->scenario, name);
    outcome_set(&o->device, "press <4>");
    outcome_set(&o->file, "/repo/suites/tls/x.scn");
    outcome_set(&o->level, level);
    outcome_set(&o->about, "what it is about");
}

enum { SAMPLES = 5 };

static void fill_samples(struct outcome *o)
{
    fill(&o[0], VERDICT_PASS, "smoke.connect", "must");
    fill(&o[1], VERDICT_FAIL, "tls.expired-leaf", "must");
    o[1].line = 7;
    o[1].column = 3;
    outcome_set(&o[1].statement, "never mqtt.connect");
    outcome_set(&o[1].expected, "never mqtt.connect");
    outcome_set(&o[1].observed, "mqtt.connect, 100%: <img src=x onerror=alert(1)>\nline 2");
    outcome_set(&o[1].cause, "the device does not check notAfter");
    outcome_set(&o[1].try_text, "turn verification on");
    outcome_set(&o[1].firmware, "1.2");
    outcome_set(&o[1].why, "anybody could read what it sends");
    outcome_set(&o[1].clause, "RFC 5280 6.1.3");
    fill(&o[2], VERDICT_FLAKY, "smoke.drop", "must");
    o[2].runs = 4;
    o[2].good_runs = 3;
    o[2].run = 2;
    fill(&o[3], VERDICT_SKIPPED, "auth.x509", "should");
    outcome_set(&o[3].observed, "device press does not offer x509");
    fill(&o[4], VERDICT_WARN, "auth.sas", "should");
    outcome_set(&o[4].observed, "renewed late");
}

static void release_samples(struct outcome *o)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        outcome_deinit(&o[i]);
    }
}

static void the_page_has_all_and_needs_nothing_else(void **state)
{
    (void)state;
    struct outcome o[SAMPLES];
    struct buf out HR_CLEANUP(buf_deinit);
    char root[] = "/tmp/hubrig-page-XXXXXX";
    char folder[100];
    char command[100];
    assert_non_null(mkdtemp(root));
    snprintf(folder, sizeof folder, "%s/tls.expired leaf", root);
    make_evidence(folder);
    buf_init(&out, 1 << 24);
    fill_samples(o);
    outcome_set(&o[1].evidence, folder);
    outcome_set(&o[1].again, "hubrig run x --seed 42");
    outcome_add_finding(&o[1], "not-after", "sure", o[1].cause, o[1].try_text);
    outcome_add_finding(&o[2], "not-after", "sure", o[1].cause, o[1].try_text);
    assert_int_equal(report_html(o, SAMPLES, root, &out), 0);
    const char *page = buf_text(&out);
    static const char *const needed[] = {
        "press &lt;4&gt;",
        "firmware",
        "seed 42",
        "never mqtt.connect",
        "the device does not check notAfter",
        "turn verification on",
        "RFC 5280 6.1.3",
        "href=\"tls.expired%20leaf/wire.pcapng\">5</a>",
        "&lt;b&gt;up&lt;/b&gt;",
        "<b>F</b>",
        "did what it must never do",
        "3 of 4 passed; shown is run 2",
        "does not offer x509",
        "<span class=word>2</span> <a href=\"#cause-0\">the device does not check notAfter</a>",
        "<h3 class=family id=cause-0>2 scenarios: the device does not check notAfter</h3>",
        "<dt>again</dt><dd class=mono>hubrig run x --seed 42",
        "passed 1 of 1, 1 not judged",
        "device log</li>",
        "prefers-color-scheme:dark",
        "@media print"};
    static const char *const forbidden[] = {"<img",     "<link",       "<iframe", "http://",
                                            "https://", "<script src", "@import", "url("};
    for (size_t i = 0; i < HR_COUNT_OF(needed); i++) {
        if (!strstr(page, needed[i])) {
            fail_msg("the page lacks '%s'", needed[i]);
        }
    }
    for (size_t i = 0; i < HR_COUNT_OF(forbidden); i++) {
        const char *at = strstr(page, forbidden[i]);
        if (at) {
            fail_msg("the page has '%s': %.60s", forbidden[i], at);
        }
    }
    const char *sample = getenv("HUBRIG_TEST_PAGE"); // for the test in a browser
    if (sample) {
        assert_int_equal(fs_write_file(sample, buf_span(&out), 0644), 0);
    }
    release_samples(o);
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void a_page_that_outgrows_its_buffer_is_an_error(void **state)
{
    (void)state;
    struct outcome o[SAMPLES];
    fill_samples(o);
    for (size_t cap = 0; cap < 20000; cap += 331) {
        struct buf out HR_CLEANUP(buf_deinit);
        buf_init(&out, cap);
        int code = report_html(o, SAMPLES, NULL, &out);
        assert_true(code == ERR_TOO_BIG || code == 0);
    }
    release_samples(o);
}

// ---- remarks and tables

static void github_gets_commands_with_what_they_forbid_escaped(void **state)
{
    (void)state;
    struct outcome o[SAMPLES];
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 10000);
    fill_samples(o);
    assert_int_equal(report_annotations(o, 2, ANNOTATE_GITHUB, "/repo/", &out), 0);
    assert_string_equal(
        buf_text(&out),
        "::error file=suites/tls/x.scn,line=7,col=3,title=fail%3A tls.expired-leaf on press <4>::"
        "mqtt.connect, 100%25: <img src=x onerror=alert(1)>%0Aline 2%0Aexpected: never mqtt.connect"
        "%0Acause: the device does not check notAfter%0Atry: turn verification on\n");
    buf_clear(&out);
    assert_int_equal(report_annotations(&o[4], 1, ANNOTATE_GITHUB, "/rep", &out), 0);
    assert_string_equal(buf_text(&out),
                        "::warning file=/repo/suites/tls/x.scn,line=1,title=warn%3A auth.sas on "
                        "press <4>::renewed late\n");
    release_samples(o);
}

static void azure_gets_commands_with_what_they_forbid_escaped(void **state)
{
    (void)state;
    struct outcome o[SAMPLES];
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 10000);
    fill_samples(o);
    outcome_set(&o[1].file, "/repo/a;b].scn");
    assert_int_equal(report_annotations(o, 2, ANNOTATE_AZURE, "/repo", &out), 0);
    assert_string_equal(
        buf_text(&out),
        "##vso[task.logissue type=error;sourcepath=a%3Bb%5D.scn;linenumber=7;columnnumber=3;"
        "code=tls.expired-leaf;]fail: tls.expired-leaf on press <4>%0Amqtt.connect, 100%AZP25: "
        "<img "
        "src=x onerror=alert(1)>%0Aline 2%0Aexpected: never mqtt.connect%0Acause: the device does "
        "not "
        "check notAfter%0Atry: turn verification on\n");
    release_samples(o);
}

static void gitlab_gets_a_code_quality_report(void **state)
{
    (void)state;
    struct outcome o[SAMPLES];
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 10000);
    fill_samples(o);
    assert_int_equal(report_annotations(o, SAMPLES, ANNOTATE_GITLAB, "/repo", &out), 0);
    json_t *list = json_loads(buf_text(&out), 0, NULL);
    assert_int_equal(json_array_size(list), 3); // fail, flaky, warn
    const json_t *first = json_array_get(list, 0);
    const json_t *location = json_object_get(first, "location");
    assert_string_equal(json_string_value(json_object_get(first, "check_name")),
                        "tls.expired-leaf");
    assert_string_equal(json_string_value(json_object_get(first, "severity")), "major");
    assert_int_equal(strlen(json_string_value(json_object_get(first, "fingerprint"))), 16);
    assert_string_equal(json_string_value(json_object_get(location, "path")), "suites/tls/x.scn");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(location, "lines"), "begin")), 7);
    json_decref(list);
    buf_clear(&out);
    assert_int_equal(report_annotations(o, 1, ANNOTATE_GITLAB, NULL, &out), 0);
    assert_string_equal(buf_text(&out), "[]\n");
    release_samples(o);
}

static void the_summary_is_markdown_that_no_text_can_break(void **state)
{
    (void)state;
    struct outcome o[SAMPLES];
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 10000);
    fill_samples(o);
    outcome_set(&o[1].cause, "a | b `c`");
    assert_int_equal(report_summary(o, SAMPLES, &out), 0);
    assert_string_equal(
        buf_text(&out),
        "### hubrig\n\n5 scenarios: **1** pass, **1** warn, **1** fail, **1** flaky, **1** "
        "skipped\n\n"
        "| scenarios | cause | try | such as |\n|---|---|---|---|\n"
        "| 1 | a \\| b \\`c\\` | turn verification on | tls.expired-leaf |\n"
        "| 1 | it passed and failed by turns |  | smoke.drop |\n\n"
        "| family | mark | passed | |\n|---|---|---|---|\n"
        "| smoke | **C** | 1 of 2 | smoke.drop is flaky |\n"
        "| tls | **F** | 0 of 1 | tls.expired-leaf did what it must never do |\n"
        "| auth | **B** | 1 of 1, 1 not judged | 75 percent |\n"
        "\n#### fail: tls.expired-leaf on press \\<4\\>\n\n- where: /repo/suites/tls/x.scn:7\n"
        "- expected: never mqtt.connect\n"
        "- observed: mqtt.connect, 100%: \\<img src=x onerror=alert(1)\\> line 2\n"
        "- cause: a \\| b \\`c\\`\n- try: turn verification on\n"
        "\n#### flaky: smoke.drop on press \\<4\\>\n\n- where: /repo/suites/tls/x.scn\n");
    release_samples(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_found_by_connection_and_time),
        cmocka_unit_test(a_damaged_capture_is_refused_or_read_to_where_it_broke),
        cmocka_unit_test(a_timeline_has_lanes_bars_packets_and_the_slowest_recovery),
        cmocka_unit_test(any_prefix_of_a_journal_is_read),
        cmocka_unit_test(marks_follow_the_rule_and_its_caps),
        cmocka_unit_test(each_family_has_a_mark_of_its_own),
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(the_page_has_all_and_needs_nothing_else),
        cmocka_unit_test(a_page_that_outgrows_its_buffer_is_an_error),
        cmocka_unit_test(github_gets_commands_with_what_they_forbid_escaped),
        cmocka_unit_test(azure_gets_commands_with_what_they_forbid_escaped),
        cmocka_unit_test(gitlab_gets_a_code_quality_report),
        cmocka_unit_test(the_summary_is_markdown_that_no_text_can_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
