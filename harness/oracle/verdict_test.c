// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/oracle/verdict.h"

#include <string.h>

static void every_verdict_has_a_word_that_reads_back(void **state)
{
    (void)state;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        assert_int_equal(verdict_of(span_text(verdict_word((enum verdict)v))), v);
        assert_true(strlen(verdict_meaning((enum verdict)v)) > 0);
    }
    assert_int_equal(verdict_of(SPAN_LITERAL("Pass")), -1);
    assert_int_equal(verdict_of(SPAN_EMPTY), -1);
}

static void the_exit_code_is_that_of_the_worst_verdict(void **state)
{
    (void)state;
    static const struct {
        enum verdict verdicts[3];
        size_t count;
        int exit_code;
    } cases[] = {
        {{VERDICT_PASS, VERDICT_WARN, VERDICT_SKIPPED}, 3, 0},
        {{VERDICT_PASS, VERDICT_FAIL, VERDICT_PASS}, 3, 1},
        {{VERDICT_PASS, VERDICT_INCONCLUSIVE, VERDICT_PASS}, 3, 1},
        {{VERDICT_FAIL, VERDICT_INFRA, VERDICT_PASS}, 3, 3},
        {{VERDICT_SKIPPED, VERDICT_SKIPPED, VERDICT_SKIPPED}, 3, 77},
        {{VERDICT_SKIPPED, VERDICT_FAIL}, 2, 1},
        {{VERDICT_PASS}, 0, 0},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct outcome outcomes[3];
        for (size_t k = 0; k < 3; k++) {
            outcome_init(&outcomes[k]);
            outcomes[k].verdict = cases[i].verdicts[k];
        }
        assert_int_equal(verdicts_exit_code(outcomes, cases[i].count), cases[i].exit_code);
    }
}

static void an_outcome_survives_its_json(void **state)
{
    (void)state;
    struct outcome o, back;
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, 100000);
    outcome_init(&o);
    o.verdict = VERDICT_INFRA;
    o.line = 7;
    o.column = 3;
    o.duration_us = 4100000;
    o.events = 42;
    outcome_set(&o.scenario, "smoke.a");
    outcome_set(&o.observed, "a \"quote\"\n\033[31m \xff");
    outcome_set(&o.try_text, "x");
    outcome_set(&o.try_text, NULL);
    for (int i = 0; i < OUTCOME_FINDINGS_MOST + 1; i++) {
        outcome_add_finding(&o, "root-unknown", "likely", i ? "another \xff" : "the root", "");
    }
    const struct measure measured = {"largest x", "bytes", 4096, 8192, false};
    const struct measure most = {"largest \xff", "messages", 7, 0, true};
    measures_set(&o.measures, &measured);
    measures_set(&o.measures, &most);
    assert_int_equal(outcome_to_json(&o, &json), 0);
    assert_int_equal(outcome_from_json(buf_span(&json), &back), 0);
    assert_int_equal(back.verdict, VERDICT_INFRA);
    assert_int_equal(back.line, 7);
    assert_int_equal(back.column, 3);
    assert_int_equal(back.duration_us, 4100000);
    assert_int_equal(back.events, 42);
    assert_string_equal(back.scenario, "smoke.a");
    assert_string_equal(back.observed, "a \"quote\"\n\033[31m ?"); // not UTF-8: cannot be JSON
    assert_string_equal(back.try_text, "");
    assert_string_equal(back.device, "");
    assert_int_equal(back.finding_count, OUTCOME_FINDINGS_MOST);
    assert_string_equal(back.findings[0].id, "root-unknown");
    assert_string_equal(back.findings[0].sure, "likely");
    assert_string_equal(back.findings[0].cause, "the root");
    assert_string_equal(back.findings[3].cause, "another ?");
    assert_string_equal(back.findings[3].try_text, "");
    assert_int_equal(back.measures.count, 2);
    assert_string_equal(back.measures.list[0].name, "largest x");
    assert_string_equal(back.measures.list[0].unit, "bytes");
    assert_int_equal(back.measures.list[0].value, 4096);
    assert_int_equal(back.measures.list[0].missed, 8192);
    assert_false(back.measures.list[0].is_most);
    assert_string_equal(back.measures.list[1].name, "largest ?");
    assert_true(back.measures.list[1].is_most);
    outcome_deinit(&back);
    outcome_deinit(&o);
}

static void a_damaged_verdict_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char good[] =
        "{\"verdict\":\"pass\",\"scenario\":\"\",\"about\":\"\",\"file\":\"\",\"statement\":\"\","
        "\"expected\":\"\",\"observed\":\"\",\"cause\":\"\",\"try\":\"\",\"evidence\":\"\",\"device\":"
        "\"\",\"line\":0,\"column\":0,\"duration_us\":0,\"events\":0}";
    static const struct {
        const char *from, *to;
        const char *sentence;
    } cases[] = {
        {"\"pass\"", "\"passed\"", "'passed' is not a verdict"},
        {"\"pass\"", "1", "'' is not a verdict"},
        {"\"about\":\"\"", "\"about\":1", "the text 'about' is missing"},
        {"\"line\":0", "\"line\":-1", "'line' must be a number from 0 on"},
        {"\"line\":0", "\"line\":4294967296", "'line' must be a number from 0 on"},
        {"\"line\":0", "\"findings\":1,\"line\":0", "'findings' must be a list"},
        {"\"line\":0", "\"findings\":[{}],\"line\":0", "a finding's text 'id' is missing"},
        {"\"line\":0", "\"findings\":[{\"id\":\"a\",\"sure\":\"\",\"cause\":\"\",\"try\":1}],\"line\":0",
         "a finding's text 'try' is missing"},
        {"\"line\":0", "\"measures\":1,\"line\":0", "'measures' must be a list"},
        {"\"line\":0", "\"measures\":[{\"name\":\"a\"}],\"line\":0", "a short name and a short unit"},
        {"\"line\":0", "\"measures\":[{\"name\":\"a\",\"unit\":\"b\"}],\"line\":0",
         "'value' must be a number"},
        {"\"events\":0", "\"events\":\"0\"", "'events' must be a number from 0 on"},
        {"\"events\":0}", "\"events\":0", "verdict.json:1:"},
        {"{\"verdict\"", "[\"verdict\"", "verdict.json:1:"},
    };
    struct outcome o;
    assert_int_equal(outcome_from_json(span_text(good), &o), 0);
    outcome_deinit(&o);
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct buf json HR_CLEANUP(buf_deinit);
        buf_init(&json, 10000);
        const char *at = strstr(good, cases[i].from);
        assert_non_null(at);
        assert_int_equal(buf_append(&json, span_of(good, (size_t)(at - good))), 0);
        assert_int_equal(buf_append_text(&json, cases[i].to), 0);
        assert_int_equal(buf_append_text(&json, at + strlen(cases[i].from)), 0);
        assert_int_equal(outcome_from_json(buf_span(&json), &o), ERR_SYNTAX);
        if (!strstr(error_text(ERR_SYNTAX), cases[i].sentence)) {
            assert_string_equal(error_text(ERR_SYNTAX), cases[i].sentence);
        }
        outcome_deinit(&o);
    }
    assert_int_equal(outcome_from_json(SPAN_EMPTY, &o), ERR_SYNTAX);
    outcome_deinit(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_has_a_word_that_reads_back),
        cmocka_unit_test(the_exit_code_is_that_of_the_worst_verdict),
        cmocka_unit_test(an_outcome_survives_its_json),
        cmocka_unit_test(a_damaged_verdict_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
