// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

struct read {
    struct plan plan;
    struct diag_list diags;
    struct buf printed; // mistakes, without the folder
};

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(fs_write_file(path, span_text(text), 0600), 0);
}

// a.scn of the folder, with `body` behind "scenario a\n".
static int read_scenario(struct read *r, const char *body)
{
    char text[1000], path[128];
    snprintf(text, sizeof text, "scenario %s.a\n%s", strrchr(folder, '/') + 1, body);
    snprintf(path, sizeof path, "%s/a.scn", folder);
    put("a.scn", text);
    diag_init(&r->diags);
    buf_init(&r->printed, 1 << 20);
    int code = plan_read(path, NULL, 0, &r->plan, &r->diags);
    for (size_t i = 0; i < r->diags.count; i++) {
        const struct diag *d = &r->diags.items[i];
        assert_int_equal(buf_printf(&r->printed, "%s:%d:%d: %s\n", strrchr(d->file, '/') + 1, d->line,
                                    d->column, d->message),
                         0);
    }
    return code;
}

static void release(struct read *r)
{
    plan_deinit(&r->plan);
    diag_deinit(&r->diags);
    buf_deinit(&r->printed);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/hubrig-include-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"a.scn", "up.part", "loop.part", "bad.part"};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void its_statements_stand_in_the_scenario_and_keep_their_own_place(void **state)
{
    (void)state;
    struct read r;
    put("up.part", "# up\nboot device\nexpect mqtt.connected within {time}\n");
    assert_int_equal(read_scenario(&r, "param time = 20s\ninclude up.part\nwait 1s\n"), 0);
    const struct step *s = r.plan.steps;
    assert_int_equal(r.plan.step_count, 3);
    assert_int_equal(s[1].line, 3);
    assert_int_equal(s[1].duration_us, 20000000);
    assert_non_null(strstr(s[1].file, "/up.part"));
    assert_int_equal(s[2].line, 4);
    assert_null(s[2].file);
    assert_int_equal(plan_explain(&r.plan, &r.printed), 0);
    assert_non_null(strstr(buf_text(&r.printed), "   2  Start the device (of "));
    release(&r);
}

static void a_file_is_read_once_and_stands_as_often_as_it_is_included(void **state)
{
    (void)state;
    struct read r;
    put("up.part", "hub drop fin\nlog {n}\n");
    assert_int_equal(read_scenario(&r, "boot device\nrepeat n in one two\ninclude up.part\nend\n"), 0);
    assert_int_equal(r.plan.included_count, 1);
    assert_int_equal(r.plan.step_count, 5);
    assert_string_equal(r.plan.steps[2].text, "one");
    assert_string_equal(r.plan.steps[4].text, "two");
    release(&r);
}

// So that a run that is resumed notices a change, and the evidence tells what was run.
static void the_source_has_the_included_text_behind_its_own_lines(void **state)
{
    (void)state;
    struct read r;
    put("up.part", "log a\nlog b\n");
    assert_int_equal(read_scenario(&r, "boot device\ninclude up.part\n"), 0);
    const char *at = strstr(r.plan.source, "\n# include ");
    assert_non_null(at);
    assert_non_null(strstr(at, "/up.part\n#   log a\n#   log b\n"));
    release(&r);
}

static void a_mistake_is_told_in_the_file_where_it_stands(void **state)
{
    (void)state;
    struct read r;
    put("bad.part", "log a\nlgo b\nscenario x\nlog \"open\n");
    assert_int_equal(read_scenario(&r, "boot device\ninclude bad.part\nfly\n"), ERR_SYNTAX);
    assert_string_equal(buf_text(&r.printed),
                        "a.scn:4:1: unknown verb 'fly'\n"
                        "bad.part:2:1: unknown verb 'lgo' (did you mean log?)\n"
                        "bad.part:3:1: 'scenario' stands already on line 1; one scenario per file\n"
                        "bad.part:4:5: the quote that opens here is never closed\n");
    release(&r);
}

static void what_cannot_be_included_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"boot device\ninclude\n", "expected: include FILE, a path from the folder of this file"},
        {"boot device\ninclude /etc/passwd\n",
         "expected: include FILE, a path from the folder of this file"},
        {"boot device\ninclude b.scn\n", "a .scn file is a scenario of its own"},
        {"boot device\ninclude none.part\n", "none.part: No such file or directory"},
        {"boot device\ninclude loop.part\n", "more than 4 repeats and includes within each other"},
    };
    put("loop.part", "include loop.part\n");
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct read r;
        assert_int_equal(read_scenario(&r, cases[i].body), ERR_SYNTAX);
        if (!strstr(buf_text(&r.printed), cases[i].message)) {
            fail_msg("expected '%s' in: %s", cases[i].message, buf_text(&r.printed));
        }
        release(&r);
    }
}

static void the_first_statement_is_still_the_name(void **state)
{
    (void)state;
    struct plan plan;
    struct diag_list diags;
    diag_init(&diags);
    assert_int_equal(plan_parse("t/a.scn", SPAN_LITERAL("include up.part\nboot device\n"), NULL, 0,
                                &plan, &diags),
                     ERR_SYNTAX);
    assert_string_equal(diags.items[0].message, "the first statement must be: scenario NAME");
    plan_deinit(&plan);
    diag_deinit(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_statements_stand_in_the_scenario_and_keep_their_own_place),
        cmocka_unit_test(a_file_is_read_once_and_stands_as_often_as_it_is_included),
        cmocka_unit_test(the_source_has_the_included_text_behind_its_own_lines),
        cmocka_unit_test(a_mistake_is_told_in_the_file_where_it_stands),
        cmocka_unit_test(what_cannot_be_included_says_why),
        cmocka_unit_test(the_first_statement_is_still_the_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
