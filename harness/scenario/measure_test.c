// SPDX-License-Identifier: MIT
#include "harness/scenario/measure.h"
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/parsed.h"

#include <string.h>

static void amounts_are_counted_in_the_units_that_people_use(void **state)
{
    (void)state;
    static const struct {
        struct measure m;
        const char *text;
    } cases[] = {
        {{.name = "a", .unit = "bytes", .value = 12288, .missed = 17408}, "a: 12 KB, but not 17 KB"},
        {{.name = "a", .unit = "bytes", .value = 65536, .is_most = true},
         "a: 64 KB, the most that was tried"},
        {{.name = "a", .unit = "bytes", .value = 1000, .missed = 3 << 20}, "a: 1000 bytes, but not 3 MB"},
        {{.name = "a", .unit = "messages", .value = 2048}, "a: 2048 messages"},
        {{.name = "a", .unit = "bytes", .value = 0}, "a: 0 bytes"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct buf text HR_CLEANUP(buf_deinit);
        buf_init(&text, 200);
        assert_int_equal(measure_print(&cases[i].m, &text), 0);
        assert_string_equal(buf_text(&text), cases[i].text);
    }
}

static void a_measure_is_read_with_its_amounts(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nboot device\n"
                                     "measure \"largest x\" = 12k bytes enough 1M\n"
                                     "measure queue = 7 messages\n"),
                     0);
    const struct step_measure *m = f.plan.steps[1].measure;
    assert_int_equal(f.plan.steps[1].kind, STEP_MEASURE);
    assert_string_equal(m->reached.name, "largest x");
    assert_string_equal(m->reached.unit, "bytes");
    assert_int_equal(m->reached.value, 12288);
    assert_int_equal(m->enough, 1 << 20);
    m = f.plan.steps[2].measure;
    assert_string_equal(m->reached.name, "queue");
    assert_int_equal(m->reached.value, 7);
    assert_int_equal(m->enough, 0);
    assert_ptr_equal(plan_next_measure(&f.plan, 0, "queue"), m);
    assert_ptr_equal(plan_next_measure(&f.plan, 2, NULL), m);
    assert_null(plan_next_measure(&f.plan, 2, "largest x"));
    assert_int_equal(plan_explain(&f.plan, &f.printed), 0);
    assert_non_null(strstr(buf_text(&f.printed), "   3  Keep for the reports: largest x: 12 KB; from "
                                                 "1 MB on, what is not met ends the run as warn.\n"
                                                 "   4  Keep for the reports: queue: 7 messages.\n"));
    parsed_release(&f);
}

static void the_lower_of_two_measures_is_that_of_both_runs(void **state)
{
    (void)state;
    struct measures sum = {.count = 0};
    const struct measures first = {
        .list = {{.name = "a", .value = 4}, {.name = "b", .value = 4}}, .count = 2};
    const struct measures second = {
        .list = {{.name = "b", .value = 3, .missed = 4}, {.name = "a", .value = 5}}, .count = 2};
    measures_lower(&sum, &first);
    measures_lower(&sum, &second);
    assert_int_equal(sum.count, 2);
    assert_int_equal(measures_find(&sum, "a")->value, 4);
    assert_int_equal(measures_find(&sum, "b")->value, 3);
    assert_int_equal(measures_find(&sum, "b")->missed, 4);
    assert_null(measures_find(&sum, "c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_counted_in_the_units_that_people_use),
        cmocka_unit_test(a_measure_is_read_with_its_amounts),
        cmocka_unit_test(the_lower_of_two_measures_is_that_of_both_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
