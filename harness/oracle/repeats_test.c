// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/oracle/verdict.h"

#include <string.h>

static void add(struct outcome *sum, enum verdict verdict, unsigned number, const char *observed)
{
    struct outcome run;
    outcome_init(&run);
    run.verdict = verdict;
    run.run = number;
    run.duration_us = 10;
    run.attempts = 1;
    outcome_set(&run.scenario, "smoke.a");
    outcome_set(&run.observed, observed);
    outcome_add_run(sum, &run);
    outcome_deinit(&run);
}

static void verdicts_that_agree_are_the_verdict(void **state)
{
    (void)state;
    static const struct {
        enum verdict runs[3];
        enum verdict sum;
    } cases[] = {
        {{VERDICT_PASS, VERDICT_PASS, VERDICT_PASS}, VERDICT_PASS},
        {{VERDICT_PASS, VERDICT_WARN, VERDICT_PASS}, VERDICT_WARN},
        {{VERDICT_FAIL, VERDICT_FAIL, VERDICT_INCONCLUSIVE}, VERDICT_FAIL},
        {{VERDICT_SKIPPED, VERDICT_SKIPPED, VERDICT_SKIPPED}, VERDICT_SKIPPED},
        {{VERDICT_PASS, VERDICT_FAIL, VERDICT_PASS}, VERDICT_FLAKY},
        {{VERDICT_FAIL, VERDICT_PASS, VERDICT_FAIL}, VERDICT_FLAKY},
        {{VERDICT_WARN, VERDICT_INCONCLUSIVE, VERDICT_PASS}, VERDICT_FLAKY},
        {{VERDICT_PASS, VERDICT_INFRA, VERDICT_PASS}, VERDICT_INFRA},
        {{VERDICT_PASS, VERDICT_FAIL, VERDICT_INFRA}, VERDICT_INFRA},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct outcome sum;
        outcome_init(&sum);
        for (unsigned k = 0; k < 3; k++) {
            add(&sum, cases[i].runs[k], k + 1, "");
        }
        if (sum.verdict != cases[i].sum) {
            fail_msg("case %zu: expected %s, seen %s", i, verdict_word(cases[i].sum),
                     verdict_word(sum.verdict));
        }
        assert_int_equal(sum.runs, 3);
        assert_int_equal(sum.duration_us, 30);
        outcome_deinit(&sum);
    }
}

static void a_flaky_outcome_tells_of_its_bad_run(void **state)
{
    (void)state;
    struct outcome sum;
    outcome_init(&sum);
    add(&sum, VERDICT_PASS, 1, "");
    add(&sum, VERDICT_FAIL, 2, "no mqtt.connected");
    add(&sum, VERDICT_PASS, 3, "");
    assert_int_equal(sum.verdict, VERDICT_FLAKY);
    assert_int_equal(sum.run, 2);
    assert_int_equal(sum.good_runs, 2);
    assert_int_equal(sum.bad_runs, 1);
    assert_string_equal(sum.observed, "in run 2: no mqtt.connected");
    outcome_deinit(&sum);
}

static void the_measure_of_many_runs_is_the_lowest_that_the_device_had_a_part_in(void **state)
{
    (void)state;
    static const struct {
        enum verdict verdict;
        uint64_t value;
    } runs[] = {{VERDICT_WARN, 8}, {VERDICT_INFRA, 2}, {VERDICT_WARN, 4}, {VERDICT_PASS, 9}};
    struct outcome sum;
    outcome_init(&sum);
    for (size_t i = 0; i < HR_COUNT_OF(runs); i++) {
        struct outcome run;
        const struct measure m = {.name = "x", .unit = "bytes", .value = runs[i].value};
        outcome_init(&run);
        run.verdict = runs[i].verdict;
        measures_set(&run.measures, &m);
        outcome_add_run(&sum, &run);
        outcome_deinit(&run);
    }
    assert_int_equal(sum.measures.count, 1);
    assert_int_equal(sum.measures.list[0].value, 4);
    outcome_deinit(&sum);
}

static void numbers_of_runs_survive_their_json(void **state)
{
    (void)state;
    struct outcome sum, back;
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, 10000);
    outcome_init(&sum);
    add(&sum, VERDICT_PASS, 1, "");
    add(&sum, VERDICT_FAIL, 2, "x");
    sum.seed = 77;
    sum.started_us = 1700000000000000;
    outcome_set(&sum.firmware, "1.2");
    outcome_set(&sum.level, "should");
    assert_int_equal(outcome_to_json(&sum, &json), 0);
    assert_int_equal(outcome_from_json(buf_span(&json), &back), 0);
    assert_int_equal(back.verdict, VERDICT_FLAKY);
    assert_int_equal(back.runs, 2);
    assert_int_equal(back.good_runs, 1);
    assert_int_equal(back.bad_runs, 1);
    assert_int_equal(back.run, 2);
    assert_int_equal(back.seed, 77);
    assert_int_equal(back.started_us, 1700000000000000);
    assert_string_equal(back.firmware, "1.2");
    assert_string_equal(back.level, "should");
    assert_string_equal(back.why, "");
    outcome_deinit(&sum);
    outcome_deinit(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_that_agree_are_the_verdict),
        cmocka_unit_test(a_flaky_outcome_tells_of_its_bad_run),
        cmocka_unit_test(the_measure_of_many_runs_is_the_lowest_that_the_device_had_a_part_in),
        cmocka_unit_test(numbers_of_runs_survive_their_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
