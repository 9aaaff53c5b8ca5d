// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/plan.h"

#include <stdio.h>
#include <string.h>

// All statements of a scenario as "line:source;", or its mistakes.
static void read_all(const char *body, struct buf *out)
{
    struct plan plan;
    struct diag_list diags;
    char text[2000];
    diag_init(&diags);
    buf_init(out, 1 << 20);
    snprintf(text, sizeof text, "%s", body);
    int code = plan_parse("t/a.scn", span_text(text), NULL, 0, &plan, &diags);
    if (code < 0) {
        assert_int_equal(code, ERR_SYNTAX);
        assert_int_equal(diag_print(&diags, out), 0);
    }
    for (size_t i = 0; code == 0 && i < plan.step_count; i++) {
        assert_int_equal(buf_printf(out, "%d:%s;", plan.steps[i].line, plan.steps[i].source), 0);
    }
    plan_deinit(&plan);
    diag_deinit(&diags);
}

static const struct {
    const char *body, *want;
} good[] = {
    {"scenario t.a\nboot device\nrepeat 2\nwait 1s\nlog a\nend\nwait 2s\n",
     "2:boot device;4:wait 1s;5:log a;4:wait 1s;5:log a;7:wait 2s;"},
    {"scenario t.a\nboot device\nrepeat s in 1s 250ms\nwait {s}\nend\n", "2:boot device;4:wait 1s;4:wait 250ms;"},
    {"scenario t.a\nparam s = 3s\nboot device\nwait {s}\n", "3:boot device;4:wait 3s;"},
    {"scenario t.a\nboot device\nrepeat a in x y\nrepeat b in 1 2\nlog {a}{b} {c}\nend\nend\n",
     "2:boot device;5:log x1 {c};5:log x2 {c};5:log y1 {c};5:log y2 {c};"},
    // JSON keeps its braces.
    {"scenario t.a\nparam rate = 5\nboot device\nhub desired \"{\\\"rate\\\":{rate}}\"\n",
     "3:boot device;4:hub desired \"{\\\"rate\\\":5}\";"},
    // The newest of a name counts, and a repeat's name ends with it.
    {"scenario t.a\nparam s = 3s\nboot device\nrepeat s in 1s\nwait {s}\nend\nwait {s}\n",
     "3:boot device;5:wait 1s;7:wait 3s;"},
    {"scenario t.a\nboot device\nrepeat 3\nend\n", "2:boot device;"},
};

static void repeats_and_names_are_written_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(good); i++) {
        struct buf out HR_CLEANUP(buf_deinit);
        read_all(good[i].body, &out);
        assert_string_equal(buf_text(&out), good[i].want);
    }
}

static const struct {
    const char *body, *mistake;
} bad[] = {
    {"scenario t.a\nboot device\nrepeat 2\nwait 1s\n", "t/a.scn:3:1: this repeat has no 'end'"},
    {"scenario t.a\nboot device\nend\n", "t/a.scn:3:1: no repeat begins before this 'end'"},
    {"scenario t.a\nboot device\nrepeat 0\nend\n", "3:8: expected: repeat N, 1 to 1000"},
    {"scenario t.a\nboot device\nrepeat 1001\nend\n", "3:8: expected: repeat N, 1 to 1000"},
    {"scenario t.a\nboot device\nrepeat s in\nend\n", "3:8: expected: repeat N, 1 to 1000"},
    {"scenario t.a\nboot device\nrepeat S in a\nend\n", "3:8: expected: repeat N, 1 to 1000"},
    {"scenario t.a\nparam a b\nboot device\n", "2:7: expected: param NAME = VALUE"},
    {"scenario t.a\nparam 1 = b\nboot device\n", "2:7: expected: param NAME = VALUE"},
    {"param a = b\nscenario t.a\nboot device\n", "1:1: the first statement must be: scenario NAME"},
    {"scenario t.a\nrepeat 2\nboot device\nend\n", "3:1: the device is booted already on line 3"},
    {"scenario t.a\nboot device\nrepeat s in 1s nonsense\nwait {s}\nend\n",
     "4:6: 'nonsense' is not a duration"},
    {"scenario t.a\nparam v = repeat\nboot device\n{v} 3\n", "4:1: repeat, end, param and include must stand there"},
    {"scenario t.a\nparam q = \"\\\"\"\nboot device\nlog {q}\n", "4:5: the quote that opens here is never closed"},
    {"scenario t.a\nboot device\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nend\nend\nend\nend\nend\n",
     "7:1: more than 4 repeats and includes within each other"},
    {"scenario t.a\nboot device\nrepeat 1000\nrepeat 1000\nrepeat 1000\nend\nend\nend\n",
     "more than 20000 lines when it is written out"},
};

static void each_mistake_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(bad); i++) {
        struct buf out HR_CLEANUP(buf_deinit);
        read_all(bad[i].body, &out);
        if (!strstr(buf_text(&out), bad[i].mistake)) {
            assert_string_equal(buf_text(&out), bad[i].mistake);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_and_names_are_written_out),
        cmocka_unit_test(each_mistake_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
