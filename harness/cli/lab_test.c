// SPDX-License-Identifier: MIT
// Runs on several boards, and boards whose run ends before its time: whoever comes next finds them
// with their power on, unlocked, and the evidence complete.
#include "base/error.h"
#include "base/test.h"
#include "harness/cli/scripted.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>

// The board `name` at the port of the same name. `power` is what its power line does with {power}.
static void write_board(FILE *out, const char *name, const char *power, int port)
{
    fprintf(out,
            "board %s\n"
            "  serial      path {bench}/%s\n"
            "  baud        921600\n"
            "  reset       command sh -c \"echo reset > {bench}/%s.ctl\"\n"
            "  power       command sh -c \"%s\"\n"
            "  banner      \"scripted board\" within 5s\n" SCRIPTED_CREDENTIALS
            "  script      send start\n"
            "  hub-address %s\n"
            "  hub-port    %d\n"
            "end\n",
            name, name, name, power, scripted_address(), port);
}

static int set_up(void **state)
{
    char path[100];
    if (scripted_set_up(state) < 0 || !scripted_plug("second")) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/lab.bench", shell_folder);
    FILE *out = fopen(path, "w");
    write_board(out, "port", "echo {power} > {bench}/port.ctl", 8883);
    write_board(out, "second", "echo {power} > {bench}/second.ctl", 8884);
    fclose(out);
    // the same board, whose power line tells the test what it does
    snprintf(path, sizeof path, "%s/told.bench", shell_folder);
    out = fopen(path, "w");
    write_board(out, "port", "echo {power} > {bench}/port.ctl; echo {power} > {bench}/told.{power}", 8883);
    fclose(out);
    shell_write("t-connect.scn", "scenario t-connect\nlimit 60s\nboot device\n"
                                 "expect mqtt.connected within 20s\nwait 1s\n");
    shell_write("t-off.scn", "scenario t-off\nneeds power\nlimit 3m\nboot device\n"
                             "expect mqtt.connected within 20s\ndevice power off\nwait 2m\n");
    shell_write("t-fails.scn", "scenario t-fails\nneeds power\nlimit 60s\nboot device\n"
                               "expect mqtt.connected within 20s\ndevice power off\n"
                               "expect mqtt.connected within 300ms\n");
    return 0;
}

static void assert_board_works(void)
{
    shell_assert("hubrig run t-connect.scn --bench lab.bench --device port --evidence after", 0,
                 "pass  t-connect");
}

static void boards_run_side_by_side_and_leave_evidence_each(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig run t-connect.scn --bench lab.bench --device port --device second; echo code $?");
    shell_assert_says(&r, "pass  port/t-connect");
    shell_assert_says(&r, "pass  second/t-connect");
    shell_assert_says(&r, "code 0");
    shell_release(&r);
    // each began before the other was over
    shell_run(&r, "for d in port second; do grep -o '\"started_us\":[0-9]*\\|\"duration_us\":[0-9]*' "
                  "evidence/$d/t-connect/verdict.json | cut -d: -f2 | tr '\\n' ' '; done | "
                  "awk '{a=$1<1e12?$2:$1; l=$1<1e12?$1:$2; b=$3<1e12?$4:$3; m=$3<1e12?$3:$4; "
                  "print (a < b + m && b < a + l) ? \"overlap\" : \"one after the other\"}'");
    assert_string_equal(buf_text(&r.out), "overlap\n");
    shell_release(&r);
}

static void a_terminal_shows_a_line_per_board_with_what_is_done_and_left(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "script -qec 'hubrig run t-connect.scn --bench lab.bench --device port --device second "
                  "--repeat 3' /dev/null | tr '\\r\\033' '\\n\\n'");
    shell_assert_says(&r, "port  1/3  about ");
    shell_assert_says(&r, " left");
    shell_assert_says(&r, "second  2/3");
    shell_assert_says(&r, "  t-connect 1s");
    shell_release(&r);
}

static void ctrl_c_gives_a_board_its_power_back_and_its_lock_free(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "mkfifo told.off told.on; env --default-signal=INT hubrig run t-off.scn --bench told.bench --device port "
                  "> said.txt 2>&1 & cat told.off; kill -INT $!; timeout 20 cat told.on; wait $!; "
                  "echo code $?");
    assert_string_equal(buf_text(&r.out), "off\non\ncode 3\n");
    shell_release(&r);
    shell_run(&r, "tail -n 4 evidence/t-off/journal.jsonl; cat evidence/t-off/verdict.json said.txt");
    shell_assert_says(&r, "\"event\":\"device.power\",\"power\":\"on\"");
    shell_assert_says(&r, "\"event\":\"run.verdict\",\"verdict\":\"infra\"");
    shell_assert_says(&r, "\"observed\":\"interrupted by ");
    shell_release(&r);
    assert_board_works();
    assert_int_equal(shell_count_processes("told.bench"), 0);
}

static void a_scenario_that_fails_with_the_power_off_gives_it_back(void **state)
{
    (void)state;
    shell_assert("hubrig run t-fails.scn t-connect.scn --bench lab.bench --device port", 1,
                 "pass  t-connect");
}

static void a_board_that_a_killed_worker_left_without_power_is_switched_on_at_the_next_boot(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig run t-off.scn --bench told.bench --device port --retries 0 "
                  "> said.txt 2>&1 & cat told.off; kill -KILL $(pgrep -P $!); wait $!; "
                  "echo code $?; test -e port || echo gone");
    assert_string_equal(buf_text(&r.out), "off\ncode 3\ngone\n");
    shell_release(&r);
    assert_board_works();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_run_side_by_side_and_leave_evidence_each),
        cmocka_unit_test(a_terminal_shows_a_line_per_board_with_what_is_done_and_left),
        cmocka_unit_test(ctrl_c_gives_a_board_its_power_back_and_its_lock_free),
        cmocka_unit_test(a_scenario_that_fails_with_the_power_off_gives_it_back),
        cmocka_unit_test(
            a_board_that_a_killed_worker_left_without_power_is_switched_on_at_the_next_boot),
    };
    return cmocka_run_group_tests(tests, set_up, scripted_tear_down);
}
