// SPDX-License-Identifier: MIT
// `hubrig boards` from outside, over the scripted board: whole rigs, and rigs that are broken in one
// place, which must be the place that is named.
#include "base/test.h"
#include "harness/cli/scripted.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESET   "  reset       command sh -c \"echo reset > {bench}/port.ctl\"\n"
#define POWER   "  power       command sh -c \"echo {power} > {bench}/port.ctl\"\n"
#define CLOCK   "  clock       console send date {clock.epoch}\n  ask         clock date\n"
#define NAME    "  ask         name lookup {hub.host}\n"

// A board whose bench has all that can be checked, but for what `changed` leaves out or breaks.
static void write_bench(const char *name, const char *baud, const char *changed)
{
    char text[4096];
    snprintf(text, sizeof text,
             "board scripted\n"
             "  about       \"a board that is a program\"\n"
             "  serial      path {bench}/port\n"
             "  baud        %s\n"
             "  banner      \"scripted board\" within 800ms\n"
             SCRIPTED_CREDENTIALS
             "  script      send start\n"
             "  hub-address 127.0.0.1\n"
             "  hub-name    localhost\n"
             "  hub-port    %d\n"
             "  tags        esp32 slow\n"
             "%s"
             "end\n",
             baud, 20000 + (int)(getpid() % 12000), changed);
    shell_write(name, text);
}

static int set_up(void **state)
{
    if (scripted_set_up(state) < 0) {
        return -1;
    }
    write_bench("good.bench", "921600", RESET POWER CLOCK NAME);
    return 0;
}

static void a_whole_rig_is_proven_part_by_part(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig boards --bench good.bench --check; echo code $?");
    static const char *const parts[] = {"serial", "reset", "baud",    "script",
                                        "name",   "clock", "connect", "power"};
    for (size_t i = 0; i < HR_COUNT_OF(parts); i++) {
        char line[64];
        snprintf(line, sizeof line, "good        %-7s  scripted:", parts[i]);
        shell_assert_says(&r, line);
    }
    shell_assert_says(&r, "left-out    prepare");
    shell_assert_says(&r, "code 0");
    shell_release(&r);
}

// The first broken part, and nothing else, is what the rig lacks.
static void check_broken(const char *baud, const char *changed, const char *part, const char *seen)
{
    struct shell_result r;
    char line[64];
    write_bench("bad.bench", baud, changed);
    shell_run(&r, "timeout 25 hubrig boards --bench bad.bench --check; echo code $?");
    snprintf(line, sizeof line, "broken      %-7s  scripted:", part);
    shell_assert_says(&r, line);
    shell_assert_says(&r, seen);
    shell_assert_says(&r, "  try       ");
    shell_assert_says(&r, "code 1");
    const char *at = strstr(buf_text(&r.out), "broken ");
    assert_non_null(at);
    assert_null(strstr(at + 1, "broken "));
    shell_release(&r);
}

static void a_wrong_baud_rate_is_named(void **state)
{
    (void)state;
    check_broken("115200", RESET POWER CLOCK NAME, "baud", "bytes that are no text: ");
}

static void a_reset_line_that_is_not_there_is_named(void **state)
{
    (void)state;
    check_broken("921600", "  reset command true\n" POWER CLOCK NAME, "reset",
                 "waited 800 ms for the banner 'scripted board'; seen: ");
}

static void a_hub_that_lies_about_power_is_named(void **state)
{
    (void)state;
    check_broken("921600", RESET "  power command true {power}\n" CLOCK NAME, "power",
                 "after power off the serial port is still there: the power does not really go off");
}

static void a_board_without_reset_is_booted_by_its_power(void **state)
{
    (void)state;
    struct shell_result r;
    write_bench("power.bench", "921600", POWER);
    shell_run(&r, "hubrig boards --bench power.bench --check; echo code $?");
    shell_assert_says(&r, "good        power");
    shell_assert_says(&r, "left-out    clock    scripted: its clock is the one that was set? the bench has no "
                          "`ask clock` line");
    shell_assert_says(&r, "code 0");
    shell_release(&r);
}

static void a_name_that_leads_elsewhere_is_named(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "echo name=127.0.0.12 > port.ctl");
    shell_release(&r);
    check_broken("921600", RESET NAME, "name", "localhost is 127.0.0.12");
    shell_run(&r, "echo name=127.0.0.1 > port.ctl");
    shell_release(&r);
}

static void a_clock_that_is_not_ours_is_named(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "echo clock=stuck > port.ctl");
    shell_release(&r);
    check_broken("921600", RESET CLOCK, "clock", "to which it was set");
    shell_run(&r, "echo clock=free > port.ctl");
    shell_release(&r);
}

static void a_program_may_set_the_clock(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "echo clock=stuck > port.ctl"); // the firmware's own command does nothing
    shell_release(&r);
    write_bench("rtc.bench", "921600",
                RESET "  clock       command sh -c \"echo clock={clock.epoch} > {bench}/port.ctl\"\n"
                      "  ask         clock date\n");
    shell_assert("hubrig boards --bench rtc.bench --check", 0, "good        clock");
    shell_run(&r, "echo clock=free > port.ctl");
    shell_release(&r);
}

static void an_absent_port_is_named_at_once(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "sed 's/path .*/usb 0f0f:0f0f:none/' good.bench > gone.bench; "
                  "hubrig boards --bench gone.bench --check --json; echo code $?");
    shell_assert_says(&r, "{\"part\":\"serial\",\"proof\":\"broken\"");
    shell_assert_says(&r, "gone.bench:3: no serial port with USB id 0f0f:0f0f:none is plugged in");
    shell_assert_says(&r, "{\"part\":\"power\",\"proof\":\"not-reached\"");
    shell_assert_says(&r, "code 1");
    shell_release(&r);
}

static void the_table_shows_port_holder_offers_and_tags(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig boards --bench good.bench; mkfifo held; flock scripted.lock sh -c 'printf \"process 7 on lab\" "
                  "> scripted.lock; echo > held; read line < held' & read line < held; "
                  "hubrig boards --bench good.bench --json; hubrig boards --bench good.bench --check; echo code $?; "
                  "echo > held");
    shell_assert_says(&r, "NAME      KIND   PLUGGED IN AT");
    shell_assert_says(&r, "./port         -        clock x509 power reset console  esp32 slow  a board");
    shell_assert_says(&r, "\"held_by\":\"process 7 on lab\",\"offers\":\"clock");
    shell_assert_says(&r, "scripted is in use by process 7 on lab");
    shell_assert_says(&r, "code 3");
    shell_release(&r);
}

static void what_goes_wrong_before_has_its_own_exit_code(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "for o in '--bench none.bench' '--device x' '--check --bench good.bench --device nobody' word "
                  "'--paths' '--wait 1s' '--check --wait x' '--write good.bench' --check; do hubrig boards $o >/dev/null 2>&1; printf '%%s ' $?; done; "
                  "sed 's/127.0.0.1/192.0.2.1/' good.bench > far.bench; "
                  "hubrig boards --bench far.bench --check; echo code $?");
    shell_assert_says(&r, "2 2 2 2 2 2 2 2 2 ");
    shell_assert_says(&r, "192.0.2.1");
    shell_assert_says(&r, "code 3");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_rig_is_proven_part_by_part),
        cmocka_unit_test(a_wrong_baud_rate_is_named),
        cmocka_unit_test(a_reset_line_that_is_not_there_is_named),
        cmocka_unit_test(a_hub_that_lies_about_power_is_named),
        cmocka_unit_test(a_board_without_reset_is_booted_by_its_power),
        cmocka_unit_test(a_name_that_leads_elsewhere_is_named),
        cmocka_unit_test(a_clock_that_is_not_ours_is_named),
        cmocka_unit_test(a_program_may_set_the_clock),
        cmocka_unit_test(an_absent_port_is_named_at_once),
        cmocka_unit_test(the_table_shows_port_holder_offers_and_tags),
        cmocka_unit_test(what_goes_wrong_before_has_its_own_exit_code),
    };
    return cmocka_run_group_tests(tests, set_up, scripted_tear_down);
}
