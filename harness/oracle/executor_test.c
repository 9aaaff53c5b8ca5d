// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/oracle/event_queue.h"
#include "harness/oracle/played.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_scenario_passes_when_everything_expected_was_seen(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "about a b\nlog hello\nboot device\nexpect mqtt.connected within 20s\n"
                  "hub drop fin\nexpect mqtt.connected within 20s\ntime hub = +1h\n");
    assert_string_equal(buf_text(&r.asked), "note hello;boot;");
    assert_true(executor_deadline_us(r.x) == 70 * SECOND);
    rig_pass_time(&r, SECOND);
    SEND(&r, MQTT_CONNECTED, F_TEXT("client_id", "d"));
    assert_string_equal(buf_text(&r.asked), "note hello;boot;hub 1;");
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, 2 * SECOND);
    SEND(&r, MQTT_CONNECTED, F_TEXT("client_id", "d"));
    assert_string_equal(buf_text(&r.asked), "note hello;boot;hub 1;time 0;");
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    const struct outcome *o = executor_outcome(r.x);
    assert_string_equal(o->scenario, "t.a");
    assert_string_equal(o->about, "a b");
    assert_string_equal(o->file, "t/a.scn");
    assert_int_equal(o->duration_us, 3 * SECOND);
    assert_int_equal(o->events, 8); // six statements began, two connects
    rig_deinit(&r);
}

static void an_expect_that_is_not_met_fails_with_what_was_seen_instead(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    for (int i = 0; i < 3; i++) {
        rig_pass_time(&r, SECOND);
        SEND(&r, TCP_ACCEPTED);
        SEND(&r, TLS_ALERT, F_TEXT("name", "bad_certificate"));
        SEND(&r, TLS_FAILED);
    }
    rig_pass_time(&r, 17 * SECOND - 1);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, 1);
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "mqtt.connected within 20 s",
                   "no mqtt.connected in 20 s; seen: 3 tcp.accepted, 3 tls.alert, 3 tls.failed (last: "
                   "tls.alert name=bad_certificate)");
    assert_string_equal(executor_outcome(r.x)->statement, "expect mqtt.connected within 20s");
    assert_int_equal(executor_outcome(r.x)->duration_us, 20 * SECOND);
    rig_deinit(&r);
}

static void a_silent_device_is_said_to_be_silent_with_its_last_output(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    rig_pass_time(&r, 20 * SECOND);
    rig_assert_outcome(
        &r, VERDICT_FAIL, 3, "mqtt.connected within 20 s",
        "no mqtt.connected in 20 s; nothing at all from the device: no TCP connection");
    rig_deinit(&r);
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    SEND(&r, DEVICE_OUTPUT, F_TEXT("text", "one"));
    SEND(&r, DEVICE_OUTPUT, F_TEXT("text", "two"));
    SEND(&r, DEVICE_OUTPUT, F_TEXT("text", "three"));
    SEND(&r, DEVICE_OUTPUT, F_TEXT("text", "four"));
    rig_pass_time(&r, 20 * SECOND);
    assert_string_equal(executor_outcome(r.x)->observed,
                        "no mqtt.connected in 20 s; nothing at all from the device: no TCP "
                        "connection; it last printed: 'two', 'three', 'four'");
    rig_deinit(&r);
}

static void the_right_event_with_wrong_fields_is_shown_as_the_last_one(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected with auth = x509 within 20s\n");
    SEND(&r, MQTT_CONNECTED, F_TEXT("auth", "sas"));
    SEND(&r, MQTT_REFUSED, F_INT("code", 5));
    rig_pass_time(&r, 20 * SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "mqtt.connected with auth = x509 within 20 s",
                   "no mqtt.connected with auth = x509 in 20 s; seen: 1 mqtt.connected, 1 mqtt.refused "
                   "(last: mqtt.connected auth=sas)");
    rig_deinit(&r);
}

static void what_came_before_the_last_match_is_not_seen_again(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\nexpect tcp.accepted within 5s\n");
    SEND(&r, TCP_ACCEPTED);
    SEND(&r, MQTT_CONNECTED);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, 5 * SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 4, "tcp.accepted within 5 s",
                   "no tcp.accepted in 5 s; nothing on the wire in that time");
    rig_deinit(&r);
}

static void questions_to_the_provisioning_service_are_on_the_wire(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 5s\n");
    SEND(&r, DPS_STATUS);
    rig_pass_time(&r, 5 * SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "mqtt.connected within 5 s",
                       "no mqtt.connected in 5 s; seen: 1 dps.status (last: dps.status)");
    rig_deinit(&r);
}

static void events_that_come_during_a_wait_are_kept_for_the_next_expects_in_order(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nwait 10s\nexpect tcp.accepted within 1s\nexpect mqtt.connect within "
                  "1s\nexpect mqtt.connected within 1s\n");
    rig_pass_time(&r, SECOND);
    SEND(&r, TCP_ACCEPTED);
    SEND(&r, MQTT_CONNECT);
    SEND(&r, MQTT_CONNECTED);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, 9 * SECOND);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
}

static void an_action_hides_what_came_before_it_but_not_what_it_causes(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "boot device\nexpect mqtt.connected within 20s\nwait 1s\nhub drop rst\n"
                 "expect tcp.closed within 1s\nexpect tcp.accepted within 1s\n");
    r.hub_emits = true;
    executor_start(r.x, r.now_us);
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, TCP_ACCEPTED); // before the drop: no reconnect
    rig_pass_time(&r, SECOND);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 7, "tcp.accepted within 1 s",
                   "no tcp.accepted in 1 s; nothing on the wire in that time");
    rig_deinit(&r);
}

static void an_event_from_inside_the_boot_is_judged_after_it(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "never device.started with pid = 7\nboot device\nhub clear\nwait 1s\n");
    r.boots_with_an_event = true;
    executor_start(r.x, r.now_us);
    rig_assert_outcome(&r, VERDICT_FAIL, 2, "never device.started with pid = 7",
                   "device.started pid=7 0 us after boot");
    assert_string_equal(buf_text(&r.asked), "boot;"); // the hub was not reached
    rig_deinit(&r);
}

static void a_never_ends_the_run_at_once_with_the_event_and_its_time(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "never mqtt.connect # never\nboot device\nexpect tls.alert within 20s\n");
    rig_pass_time(&r, 1200000);
    SEND(&r, MQTT_CONNECT, F_TEXT("client_id", "bench-01"));
    rig_assert_outcome(&r, VERDICT_FAIL, 2, "never mqtt.connect",
                   "mqtt.connect client_id=bench-01 1.2 s after boot");
    assert_string_equal(executor_outcome(r.x)->statement, "never mqtt.connect");
    rig_deinit(&r);
}

static void a_never_holds_only_from_its_line_on(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\nnever mqtt.connect\nwait 5s\n");
    SEND(&r, MQTT_CONNECT);
    SEND(&r, MQTT_CONNECTED);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, SECOND);
    SEND(&r, MQTT_CONNECT);
    rig_assert_outcome(&r, VERDICT_FAIL, 4, "never mqtt.connect", "mqtt.connect 1 s after boot");
    rig_deinit(&r);
}

static void a_never_with_before_ends_with_that_event(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nnever mqtt.connect before tls.established\nwait 5s\n");
    SEND(&r, TLS_ESTABLISHED);
    SEND(&r, MQTT_CONNECT);
    rig_pass_time(&r, 5 * SECOND);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
    rig_start(&r, "boot device\nnever mqtt.connect before tls.established\nwait 5s\n");
    SEND(&r, MQTT_CONNECT);
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "never mqtt.connect before tls.established",
                   "mqtt.connect 0 us after boot");
    rig_deinit(&r);
}

static void what_was_emitted_before_the_start_disarms_and_matches_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "never mqtt.connect before hub.chain\nboot device\nexpect hub.chain within 1s\n");
    SEND(&r, HUB_CHAIN, F_TEXT("name", "bad/expired-leaf"));
    executor_start(r.x, r.now_us);
    assert_false(executor_is_done(r.x));
    SEND(&r, MQTT_CONNECT);
    rig_assert_outcome(&r, VERDICT_FAIL, 2, "never mqtt.connect before hub.chain",
                   "mqtt.connect 0 us after boot");
    // The diagnosis knows it all the same.
    assert_non_null(strstr(executor_outcome(r.x)->cause, "does not check notAfter"));
    rig_deinit(&r);
}

static void a_bounded_count_waits_to_the_end_and_judges_the_number(void **state)
{
    (void)state;
    static const struct {
        int events;
        const char *observed;
    } cases[] = {
        {0, "0 tcp.accepted in 10 s; nothing at all from the device: no TCP connection"},
        {1, "1 tcp.accepted in 10 s; seen: 1 tcp.accepted (last: tcp.accepted)"},
        {2, ""},
        {3, ""},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct rig r;
        rig_start(&r, "boot device\nexpect count tcp.accepted 2..3 within 10s\n");
        for (int k = 0; k < cases[i].events; k++) {
            rig_pass_time(&r, SECOND);
            SEND(&r, TCP_ACCEPTED);
        }
        assert_false(executor_is_done(r.x));
        rig_pass_time(&r, 10 * SECOND);
        bool is_good = cases[i].observed[0] == '\0';
        rig_assert_outcome(&r, is_good ? VERDICT_PASS : VERDICT_FAIL, is_good ? 0 : 3,
                       is_good ? "" : "2 to 3 tcp.accepted within 10 s", cases[i].observed);
        rig_deinit(&r);
    }
}

static void a_count_fails_as_soon_as_it_is_exceeded(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect count tcp.accepted 2 within 10s\n");
    rig_pass_time(&r, SECOND);
    SEND(&r, TCP_ACCEPTED);
    SEND(&r, TCP_ACCEPTED);
    assert_false(executor_is_done(r.x));
    SEND(&r, TCP_ACCEPTED, F_TEXT("peer", "10.0.0.1"));
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "exactly 2 tcp.accepted within 10 s",
                   "number 3: tcp.accepted peer=10.0.0.1 1 s after boot");
    rig_deinit(&r);
}

static void an_open_count_passes_as_soon_as_it_is_reached(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect count tcp.accepted 2.. within 10s\n");
    SEND(&r, TCP_ACCEPTED);
    assert_false(executor_is_done(r.x));
    SEND(&r, TCP_ACCEPTED);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
    rig_start(&r, "boot device\nexpect count tcp.accepted 2.. within 10s\n");
    rig_pass_time(&r, 10 * SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "at least 2 tcp.accepted within 10 s",
                   "0 tcp.accepted in 10 s; nothing at all from the device: no TCP connection");
    rig_deinit(&r);
}

static void after_a_count_an_expect_looks_behind_what_was_counted(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect count tcp.accepted 1..2 within 10s\nexpect mqtt.connect within "
                  "1s\nexpect tcp.accepted within 1s\n");
    SEND(&r, TCP_ACCEPTED);
    SEND(&r, TCP_ACCEPTED);
    SEND(&r, MQTT_CONNECT);
    rig_pass_time(&r, 10 * SECOND);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 5, "tcp.accepted within 1 s",
                   "no tcp.accepted in 1 s; nothing on the wire in that time");
    rig_deinit(&r);
}

static void an_exit_that_nobody_expects_fails_with_code_time_and_last_words(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    SEND(&r, DEVICE_OUTPUT, F_TEXT("text", "bad key"));
    rig_pass_time(&r, 300000);
    SEND(&r, DEVICE_EXITED, F_INT("code", 1), F_INT("signal", 0), F_BOOL("asked", false));
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "the device's program keeps running",
                   "the device's program ended with code 1 300 ms after boot; it last printed: 'bad "
                   "key'");
    assert_non_null(strstr(executor_outcome(r.x)->cause, "ended by itself with code 1"));
    rig_deinit(&r);
}

static void an_exit_behind_a_trace_is_told_with_the_error_above_it(void **state)
{
    (void)state;
    struct rig r;
    static const char *const lines[] = {"Error: Cannot find module 'x'", "at a", "at b", "}", "Node.js"};
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    for (size_t i = 0; i < HR_COUNT_OF(lines); i++) {
        SEND(&r, DEVICE_OUTPUT, F_TEXT("text", lines[i]));
    }
    SEND(&r, DEVICE_EXITED, F_INT("code", 1), F_INT("signal", 0), F_BOOL("asked", false));
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "the device's program keeps running",
                       "the device's program ended with code 1 0 us after boot; it last printed: 'at "
                       "b', '}', 'Node.js'; before that: 'Error: Cannot find module 'x''");
    rig_deinit(&r);
}

static void a_crash_is_named_by_its_signal(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nwait 20s\n");
    SEND(&r, DEVICE_EXITED, F_INT("code", 0), F_TEXT("signal", "SIGSEGV"), F_BOOL("asked", false));
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "the device's program keeps running",
                   "the device's program ended by signal SIGSEGV 0 us after boot");
    assert_string_equal(executor_outcome(r.x)->cause, "the device's program crashed: signal SIGSEGV");
    rig_deinit(&r);
}

static void a_program_that_could_not_start_is_trouble_of_the_rig(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    SEND(&r, DEVICE_EXITED, F_INT("code", 127), F_BOOL("asked", false));
    rig_assert_outcome(&r, VERDICT_INFRA, 3, "the device's program starts",
                   "the device's program ended with code 127 0 us after boot");
    assert_non_null(strstr(executor_outcome(r.x)->try_text, ".bench"));
    rig_deinit(&r);
}

static void what_is_missing_while_the_port_is_gone_is_trouble_of_the_rig(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 5s\n");
    SEND(&r, DEVICE_UNPLUGGED, F_TEXT("port", "/dev/ttyUSB0"), F_TEXT("why", "the port hung up"));
    rig_pass_time(&r, 5 * SECOND);
    rig_assert_outcome(&r, VERDICT_INFRA, 3, "the board's serial port is there",
                   "/dev/ttyUSB0 (the port hung up) went and did not return; no mqtt.connected in "
                   "5 s; nothing at all from the device: no TCP connection");
    assert_non_null(strstr(executor_outcome(r.x)->try_text, "cable"));
    rig_deinit(&r);
}

static void a_port_that_came_back_or_a_broken_rule_is_the_devices_own(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 5s\n");
    SEND(&r, DEVICE_UNPLUGGED, F_TEXT("port", "/dev/ttyUSB0"));
    SEND(&r, DEVICE_REPLUGGED, F_TEXT("port", "/dev/ttyUSB0"));
    rig_pass_time(&r, 5 * SECOND);
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    rig_deinit(&r);
    rig_start(&r, "boot device\nnever mqtt.connect\nwait 5s\n");
    SEND(&r, DEVICE_UNPLUGGED, F_TEXT("port", "/dev/ttyUSB0"));
    SEND(&r, MQTT_CONNECT, F_TEXT("client_id", "a"));
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    rig_deinit(&r);
}

static void an_exit_that_was_asked_for_or_is_expected_ends_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nwait 1s\n");
    SEND(&r, DEVICE_EXITED, F_INT("code", 0), F_BOOL("asked", true));
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
    rig_start(&r, "boot device\nwait 1s\nexpect device.exited with code = 0 within 5s\n");
    SEND(&r, DEVICE_EXITED, F_INT("code", 0), F_BOOL("asked", false));
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
    rig_start(&r, "boot device\nwait 1s\nexpect device.exited with code = 0 within 5s\n");
    SEND(&r, DEVICE_EXITED, F_INT("code", 3), F_BOOL("asked", false));
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "the device's program keeps running",
                   "the device's program ended with code 3 0 us after boot");
    rig_deinit(&r);
}

static void the_limit_ends_the_run_at_the_present_statement(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "limit 10s\nboot device\nwait 8s\nexpect mqtt.connected within 20s\n");
    rig_pass_time(&r, 8 * SECOND);
    assert_true(executor_deadline_us(r.x) == 60 * SECOND);
    rig_pass_time(&r, 2 * SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 5, "the scenario ends within its limit of 10 s",
                   "still at 'expect mqtt.connected within 20s'; nothing at all from the device: no "
                   "TCP connection");
    rig_deinit(&r);
}

static void an_action_that_fails_is_trouble_of_the_rig_with_its_sentence(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "boot device\nwait 1s\n");
    r.boot_code = ERR_SPAWN;
    executor_start(r.x, r.now_us);
    rig_assert_outcome(&r, VERDICT_INFRA, 2, "boot device", "no such program: dut");
    rig_deinit(&r);
}

static void an_abort_keeps_the_present_statement_and_the_first_word_stands(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nwait 1s\n");
    executor_abort(r.x, VERDICT_INFRA, "a network", "none", "ip link");
    executor_abort(r.x, VERDICT_FAIL, "x", "y", "z");
    rig_assert_outcome(&r, VERDICT_INFRA, 3, "a network", "none");
    assert_string_equal(executor_outcome(r.x)->try_text, "ip link");
    rig_deinit(&r);
    rig_init(&r, "boot device\nwait 1s\n");
    r.boot_aborts = true;
    executor_start(r.x, r.now_us);
    rig_assert_outcome(&r, VERDICT_INFRA, 2, "a", "from inside");
    rig_deinit(&r);
}

static void an_event_that_comes_late_does_not_save_an_expect(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    r.now_us += 20 * SECOND; // exactly in time
    SEND(&r, MQTT_CONNECTED);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
    rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
    r.now_us += 20 * SECOND + 1; // the timer is late, the verdict is not
    SEND(&r, MQTT_CONNECTED);
    rig_assert_outcome(&r, VERDICT_FAIL, 3, "mqtt.connected within 20 s",
                   "no mqtt.connected in 20 s; nothing at all from the device: no TCP connection");
    rig_deinit(&r);
}

static void a_flood_is_judged_and_its_oldest_events_are_dropped_with_a_note(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nwait 1s\nexpect mqtt.connect within 1s\n");
    SEND(&r, MQTT_CONNECT); // will be the oldest
    for (int i = 0; i < EVENT_QUEUE_MOST; i++) {
        SEND(&r, MQTT_PING);
    }
    assert_non_null(strstr(buf_text(&r.asked), "note more than 100000 events"));
    rig_pass_time(&r, SECOND);
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, SECOND);
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    rig_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenario_passes_when_everything_expected_was_seen),
        cmocka_unit_test(an_expect_that_is_not_met_fails_with_what_was_seen_instead),
        cmocka_unit_test(a_silent_device_is_said_to_be_silent_with_its_last_output),
        cmocka_unit_test(the_right_event_with_wrong_fields_is_shown_as_the_last_one),
        cmocka_unit_test(what_came_before_the_last_match_is_not_seen_again),
        cmocka_unit_test(questions_to_the_provisioning_service_are_on_the_wire),
        cmocka_unit_test(events_that_come_during_a_wait_are_kept_for_the_next_expects_in_order),
        cmocka_unit_test(an_action_hides_what_came_before_it_but_not_what_it_causes),
        cmocka_unit_test(an_event_from_inside_the_boot_is_judged_after_it),
        cmocka_unit_test(a_never_ends_the_run_at_once_with_the_event_and_its_time),
        cmocka_unit_test(a_never_holds_only_from_its_line_on),
        cmocka_unit_test(a_never_with_before_ends_with_that_event),
        cmocka_unit_test(what_was_emitted_before_the_start_disarms_and_matches_nothing),
        cmocka_unit_test(a_bounded_count_waits_to_the_end_and_judges_the_number),
        cmocka_unit_test(a_count_fails_as_soon_as_it_is_exceeded),
        cmocka_unit_test(an_open_count_passes_as_soon_as_it_is_reached),
        cmocka_unit_test(after_a_count_an_expect_looks_behind_what_was_counted),
        cmocka_unit_test(an_exit_that_nobody_expects_fails_with_code_time_and_last_words),
        cmocka_unit_test(an_exit_behind_a_trace_is_told_with_the_error_above_it),
        cmocka_unit_test(a_crash_is_named_by_its_signal),
        cmocka_unit_test(a_program_that_could_not_start_is_trouble_of_the_rig),
        cmocka_unit_test(what_is_missing_while_the_port_is_gone_is_trouble_of_the_rig),
        cmocka_unit_test(a_port_that_came_back_or_a_broken_rule_is_the_devices_own),
        cmocka_unit_test(an_exit_that_was_asked_for_or_is_expected_ends_nothing),
        cmocka_unit_test(the_limit_ends_the_run_at_the_present_statement),
        cmocka_unit_test(an_action_that_fails_is_trouble_of_the_rig_with_its_sentence),
        cmocka_unit_test(an_abort_keeps_the_present_statement_and_the_first_word_stands),
        cmocka_unit_test(an_event_that_comes_late_does_not_save_an_expect),
        cmocka_unit_test(a_flood_is_judged_and_its_oldest_events_are_dropped_with_a_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
