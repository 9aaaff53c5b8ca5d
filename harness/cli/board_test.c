// SPDX-License-Identifier: MIT
// Scenarios on a board: the scripted one of the fixtures, on a pseudo-terminal.
#include "base/test.h"
#include "harness/cli/scripted.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>

static int set_up(void **state)
{
    if (scripted_set_up(state) < 0) {
        return -1;
    }
    shell_write("connect.scn", "scenario connect\nlimit 40s\nboot device\n"
                               "expect mqtt.connected within 20s\nexpect d2c.message within 10s\n");
    scripted_bench("good.bench", "");
    return 0;
}

static void a_board_is_reset_given_its_credentials_and_judged(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig run connect.scn --bench good.bench --device scripted");
    shell_assert_says(&r, "pass  connect");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "cat evidence/connect/journal.jsonl evidence/connect/device.log");
    shell_assert_says(&r, "\"event\":\"device.started\"");
    shell_assert_says(&r, "921600 baud");
    shell_assert_says(&r, "com| scripted board 1.0"); // the half line became a whole one
    shell_release(&r);
}

static void the_raw_log_holds_every_byte_and_when_it_came(void **state)
{
    (void)state;
    struct shell_result r;
    scripted_bench("loud.bench", "  script command sh -c \"echo noise burst > {bench}/port.ctl\"\n"
                              "  script expect \"burst over\" within 20s\n");
    shell_run(&r, "hubrig run connect.scn --bench loud.bench --device scripted");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "cd evidence/connect; grep -ac '^burst [0-9]* 0123456789012345678901234567890$' serial.raw; "
                  "LC_ALL=C grep -acP '\\xff\\xfe\\x80\\x01' serial.raw; awk 'NF != 2 || $1 < o || $2 < t {exit 1} "
                  "{o = $1; t = $2}' serial.idx && echo in order");
    assert_string_equal(buf_text(&r.out), "2000\n1\nin order\n");
    shell_release(&r);
}

static void a_port_that_vanishes_and_returns_is_two_events(void **state)
{
    (void)state;
    struct shell_result r;
    scripted_bench("loose.bench", "  script command sh -c \"echo vanish > {bench}/port.ctl\"\n"
                               "  script wait 600ms\n");
    shell_run(&r, "hubrig run connect.scn --bench loose.bench --device scripted");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "grep -ho 'device.unplugged\\|device.replugged' evidence/connect/journal.jsonl");
    assert_string_equal(buf_text(&r.out), "device.unplugged\ndevice.replugged\n");
    shell_release(&r);
}

static void what_a_board_did_not_say_is_named_with_its_line(void **state)
{
    (void)state;
    struct shell_result r;
    scripted_bench("deaf.bench", "  script expect \"never said\" within 200ms\n");
    shell_run(&r, "hubrig run connect.scn --bench deaf.bench --device scripted");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "deaf.bench:14: waited 200 ms for 'never said'; seen: 'shell>'");
    shell_release(&r);
}

static void a_wrong_baud_rate_shows_as_a_missing_banner(void **state)
{
    (void)state;
    struct shell_result r;
    scripted_bench("slow.bench", "");
    shell_run(&r, "sed -i 's/921600/115200/; s/within 5s/within 300ms/' slow.bench; "
                  "hubrig run connect.scn --bench slow.bench --device scripted");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "slow.bench:5: waited 300 ms for the banner 'scripted board'; seen: '");
    shell_release(&r);
}

static void a_line_that_a_pseudo_terminal_has_not_is_refused(void **state)
{
    (void)state;
    struct shell_result r;
    scripted_bench("lines.bench", "  script lines dtr=on\n");
    shell_run(&r, "hubrig run connect.scn --bench lines.bench --device scripted");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "lines.bench:14");
    shell_assert_says(&r, "pseudo-terminal");
    shell_release(&r);
}

static void a_board_in_use_names_its_holder_and_is_waited_for(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "export HUBRIG_LOCKS=$PWD/locks; mkdir -p locks; touch locks/scripted.lock; "
                  "mkfifo held; flock locks/scripted.lock sh -c 'printf \"process 7 on lab, job x/9\" >"
                  "locks/scripted.lock; echo > held; read line < held' & read line < held; "
                  "hubrig run connect.scn --bench good.bench --device scripted; echo code $?; echo > held; "
                  "hubrig run connect.scn --bench good.bench --device scripted --wait 20s; echo code $?; "
                  "cat locks/scripted.lock");
    shell_assert_says(&r, "scripted is in use by process 7 on lab, job x/9");
    shell_assert_says(&r, "code 3");
    shell_assert_says(&r, "code 0\nprocess ");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_is_reset_given_its_credentials_and_judged),
        cmocka_unit_test(the_raw_log_holds_every_byte_and_when_it_came),
        cmocka_unit_test(a_port_that_vanishes_and_returns_is_two_events),
        cmocka_unit_test(what_a_board_did_not_say_is_named_with_its_line),
        cmocka_unit_test(a_wrong_baud_rate_shows_as_a_missing_banner),
        cmocka_unit_test(a_line_that_a_pseudo_terminal_has_not_is_refused),
        cmocka_unit_test(a_board_in_use_names_its_holder_and_is_waited_for),
    };
    return cmocka_run_group_tests(tests, set_up, scripted_tear_down);
}
