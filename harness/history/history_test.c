// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/shell.h"
#include "harness/history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    char folder[64];
    char path[100];
    struct history *h;
    int64_t now_us;
};

static void init(struct fixture *f)
{
    *f = (struct fixture){.folder = "/tmp/hubrig-history-XXXXXX", .now_us = 1000000};
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/h.sqlite", f->folder);
    assert_int_equal(history_open(f->path, true, &f->h), 0);
}

static void release(struct fixture *f)
{
    char command[128];
    history_close(f->h);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
}

// One verdict; with `recovery_us` it leaves evidence of a drop and a return.
static void add(struct fixture *f, const char *device, const char *firmware, enum verdict verdict,
                unsigned recovery_us)
{
    struct outcome o;
    char path[200];
    char journal[600];
    outcome_init(&o);
    o.verdict = verdict;
    o.started_us = f->now_us += 1000000;
    outcome_set(&o.device, device);
    outcome_set(&o.scenario, "smoke.drop");
    outcome_set(&o.firmware, firmware);
    outcome_set(&o.cause, verdict == VERDICT_FAIL ? "it sleeps" : "");
    o.runs = 1;
    o.good_runs = verdict_is_good(verdict);
    o.bad_runs = verdict == VERDICT_FAIL;
    if (recovery_us) {
        snprintf(path, sizeof path, "%s/journal.jsonl", f->folder);
        snprintf(journal, sizeof journal,
                 "{\"at_us\":1,\"event\":\"tcp.accepted\",\"connection\":1,\"peer\":\"a:1\"}\n"
                 "{\"at_us\":2,\"event\":\"mqtt.connected\",\"connection\":1}\n"
                 "{\"at_us\":10,\"event\":\"tcp.closed\",\"connection\":1,\"by\":\"hub\"}\n"
                 "{\"at_us\":%u,\"event\":\"mqtt.connected\",\"connection\":2}\n",
                 10 + recovery_us);
        assert_int_equal(fs_write_file(path, span_text(journal), 0600), 0);
        outcome_set(&o.evidence, f->folder);
    }
    assert_int_equal(history_add(f->h, &o, 1), 0);
    outcome_deinit(&o);
}

static struct trend *look(struct fixture *f, size_t expected)
{
    struct trend *trends = NULL;
    size_t count = 0;
    assert_int_equal(history_trends(f->h, NULL, NULL, &trends, &count), 0);
    assert_int_equal(count, expected);
    return trends;
}

static void a_change_is_told_with_its_firmware_and_date(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    add(&f, "a", "1.0", VERDICT_PASS, 0);
    add(&f, "a", "1.1", VERDICT_PASS, 0);
    add(&f, "a", "1.2", VERDICT_FAIL, 0); // at 4 s
    add(&f, "a", "1.3", VERDICT_FAIL, 0);
    struct trend *t = look(&f, 1);
    assert_string_equal(t->verdict, "fail");
    assert_string_equal(t->firmware, "1.3");
    assert_string_equal(t->since_firmware, "1.2");
    assert_int_equal(t->since_us, 4000000);
    assert_int_equal(t->at_us, 5000000);
    assert_string_equal(t->before, "pass");
    assert_string_equal(t->before_firmware, "1.0");
    assert_string_equal(t->cause, "it sleeps");
    assert_int_equal(t->bad_percent, 0); // it fails always
    free(t);
    release(&f);
}

static void wavering_is_counted_within_one_firmware(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    add(&f, "a", "1", VERDICT_FAIL, 0);
    add(&f, "a", "2", VERDICT_PASS, 0);
    add(&f, "a", "2", VERDICT_FAIL, 0);
    add(&f, "a", "2", VERDICT_PASS, 0);
    add(&f, "a", "2", VERDICT_PASS, 0);
    struct trend *t = look(&f, 1);
    assert_int_equal(t->runs, 4);
    assert_int_equal(t->bad_percent, 25);
    free(t);
    release(&f);
}

static void a_slower_recovery_is_told_between_two_firmwares(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    add(&f, "a", "1", VERDICT_PASS, 1000000);
    add(&f, "a", "1", VERDICT_PASS, 1100000);
    add(&f, "a", "2", VERDICT_PASS, 2000000);
    add(&f, "b", "1", VERDICT_PASS, 1000000);
    add(&f, "b", "2", VERDICT_PASS, 1400000); // not by half
    struct trend *t = look(&f, 2);
    assert_true(t[0].is_slower);
    assert_int_equal(t[0].recovery_us, 2000000);
    assert_int_equal(t[0].recovery_before_us, 1100000);
    assert_string_equal(t[1].device, "b");
    assert_false(t[1].is_slower);
    free(t);
    release(&f);
}

// What a person reads of it, to the letter.
static void the_command_tells_changes_wavering_and_slower_recoveries(void **state)
{
    (void)state;
    struct fixture f;
    struct shell_result r;
    init(&f);
    add(&f, "press-4", "1.0", VERDICT_PASS, 1000000);
    add(&f, "press-4", "1.0", VERDICT_PASS, 1100000);
    add(&f, "press-4", "1.1", VERDICT_PASS, 2000000);
    add(&f, "press-4", "1.1", VERDICT_FAIL, 0);
    add(&f, "press-4", "1.1", VERDICT_PASS, 2200000);
    add(&f, "press-4", "1.1", VERDICT_PASS, 2100000);
    add(&f, "pump-1", "1.0", VERDICT_PASS, 0);
    add(&f, "pump-1", "1.1", VERDICT_FAIL, 0);
    shell_run(&r, "hubrig history %s", f.path);
    assert_string_equal(
        buf_text(&r.out),
        "press-4\n"
        "  smoke.drop  pass         since 1970-01-01T00:00:06Z with firmware 1.1, before fail with "
        "firmware 1.1; 25 % of 4 runs did not pass; recovers in 2.1 s, before in 1.1 s\n"
        "pump-1\n"
        "  smoke.drop  fail         since 1970-01-01T00:00:09Z with firmware 1.1, before pass with "
        "firmware 1.0\n"
        "              cause        it sleeps\n");
    shell_release(&r);
    release(&f);
}

static void skipped_scenarios_leave_no_trace(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    add(&f, "a", "1", VERDICT_SKIPPED, 0);
    assert_null(look(&f, 0));
    release(&f);
}

static void devices_and_scenarios_can_be_chosen(void **state)
{
    (void)state;
    struct fixture f;
    struct trend *trends = NULL;
    size_t count = 0;
    init(&f);
    add(&f, "a", "1", VERDICT_PASS, 0);
    add(&f, "b", "1", VERDICT_PASS, 0);
    assert_int_equal(history_trends(f.h, "b", "smoke.*", &trends, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(trends[0].device, "b");
    free(trends);
    assert_int_equal(history_trends(f.h, NULL, "tls.*", &trends, &count), 0);
    assert_int_equal(count, 0);
    free(trends);
    release(&f);
}

static void a_file_of_another_kind_is_left_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct history *h = NULL;
    struct buf back HR_CLEANUP(buf_deinit);
    char path[120];
    buf_init(&back, 10000);
    init(&f);
    snprintf(path, sizeof path, "%s/other", f.folder);
    assert_int_equal(history_open(path, false, &h), ERR_NO_FILE);
    assert_int_equal(
        fs_write_file(path, SPAN_LITERAL("what a person wrote, longer than a header"), 0600), 0);
    assert_int_equal(history_open(path, true, &h), ERR_SYNTAX);
    assert_int_equal(fs_read_file(path, &back), 0);
    assert_string_equal(buf_text(&back), "what a person wrote, longer than a header");
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_told_with_its_firmware_and_date),
        cmocka_unit_test(wavering_is_counted_within_one_firmware),
        cmocka_unit_test(a_slower_recovery_is_told_between_two_firmwares),
        cmocka_unit_test(the_command_tells_changes_wavering_and_slower_recoveries),
        cmocka_unit_test(skipped_scenarios_leave_no_trace),
        cmocka_unit_test(devices_and_scenarios_can_be_chosen),
        cmocka_unit_test(a_file_of_another_kind_is_left_alone),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
