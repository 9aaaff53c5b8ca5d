// SPDX-License-Identifier: MIT
// while and when in a run, and what is done to the device.
#include "base/error.h"
#include "base/test.h"
#include "harness/oracle/played.h"

#include <string.h>

#define LINK "while mqtt.connected until tcp.closed "

static void a_while_judges_each_time_between_its_events(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, LINK "never mqtt.error\nboot device\nwait 10s\n");
    SEND(&r, MQTT_ERROR); // not yet
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, TCP_CLOSED);
    SEND(&r, MQTT_ERROR); // no longer
    assert_false(executor_is_done(r.x));
    rig_pass_time(&r, SECOND);
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, MQTT_ERROR);
    rig_assert_outcome(&r, VERDICT_FAIL, 2, "while mqtt.connected until tcp.closed never mqtt.error",
                       "mqtt.error 1 s after boot");
    rig_deinit(&r);
}

static void a_while_that_held_says_how_often(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, LINK "expect d2c.message\nboot device\nwait 10s\n");
    for (int i = 0; i < 2; i++) {
        SEND(&r, MQTT_CONNECTED);
        SEND(&r, D2C_MESSAGE);
        SEND(&r, TCP_CLOSED);
    }
    rig_pass_time(&r, 10 * SECOND);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    assert_string_equal(buf_text(&r.asked),
                        "boot;note 'while mqtt.connected until tcp.closed expect d2c.message' held, "
                        "times: 2;");
    rig_deinit(&r);
}

static void a_time_between_that_ends_with_too_little_fails(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, LINK "expect count d2c.message 2..3\nboot device\nwait 10s\n");
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, D2C_MESSAGE);
    rig_pass_time(&r, 3 * SECOND);
    SEND(&r, TCP_CLOSED);
    rig_assert_outcome(&r, VERDICT_FAIL, 2,
                       "while mqtt.connected until tcp.closed expect count d2c.message 2..3",
                       "1 d2c.message in 3 s after mqtt.connected, then came tcp.closed");
    rig_deinit(&r);
}

static void one_too_many_fails_at_once_and_says_which(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, LINK "expect count d2c.message ..1\nboot device\nwait 10s\n");
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, D2C_MESSAGE);
    SEND(&r, D2C_MESSAGE);
    rig_assert_outcome(&r, VERDICT_FAIL, 2,
                       "while mqtt.connected until tcp.closed expect count d2c.message ..1",
                       "number 2: d2c.message 0 us after boot");
    rig_deinit(&r);
}

static void within_is_a_deadline_of_its_own(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, LINK "expect d2c.message within 4s\nboot device\nwait 20s\n");
    SEND(&r, MQTT_CONNECTED);
    rig_pass_time(&r, SECOND);
    assert_true(executor_deadline_us(r.x) == 54 * SECOND);
    SEND(&r, TCP_CLOSED); // too early to show anything
    rig_pass_time(&r, 5 * SECOND);
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, D2C_MESSAGE);
    assert_true(executor_deadline_us(r.x) == 70 * SECOND);
    SEND(&r, TCP_CLOSED);
    SEND(&r, MQTT_CONNECTED);
    rig_pass_time(&r, 4 * SECOND);
    rig_assert_outcome(&r, VERDICT_FAIL, 2,
                       "while mqtt.connected until tcp.closed expect d2c.message within 4s",
                       "no d2c.message in 4 s after mqtt.connected");
    rig_deinit(&r);
}

static void a_while_that_had_nothing_to_judge_is_inconclusive(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, LINK "never mqtt.error\nboot device\nwait 1s\n");
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_INCONCLUSIVE, 2,
                       "while mqtt.connected until tcp.closed never mqtt.error",
                       "never judged: no mqtt.connected was seen");
    rig_deinit(&r);
    rig_start(&r, LINK "expect d2c.message\nboot device\nwait 1s\n");
    SEND(&r, MQTT_CONNECTED);
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_INCONCLUSIVE, 2,
                       "while mqtt.connected until tcp.closed expect d2c.message",
                       "never judged: the scenario, or each time between, ended before enough was "
                       "seen");
    rig_deinit(&r);
}

static void a_when_acts_once_and_only_from_its_line_on(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "boot device\nexpect mqtt.connected within 5s\nwhen mqtt.connected do hub drop fin\n"
                  "wait 5s\n");
    SEND(&r, MQTT_CONNECTED);
    assert_string_equal(buf_text(&r.asked), "boot;");
    SEND(&r, MQTT_CONNECTED);
    SEND(&r, MQTT_CONNECTED);
    assert_string_equal(buf_text(&r.asked), "boot;hub 1;");
    rig_deinit(&r);
}

static void a_when_acts_as_often_as_it_says(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "when mqtt.connected times 2 do log seen\nboot device\nwait 5s\n");
    for (int i = 0; i < 3; i++) {
        SEND(&r, MQTT_CONNECTED);
    }
    assert_string_equal(buf_text(&r.asked), "boot;note seen;note seen;");
    rig_deinit(&r);
}

// It does not move the place from which an expect looks, nor does it end the wait for one.
static void what_a_when_does_leaves_the_present_expect_alone(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "when mqtt.connected do hub drop fin\nboot device\nexpect tcp.closed within 5s\n");
    r.hub_emits = true;
    executor_start(r.x, r.now_us);
    SEND(&r, MQTT_CONNECTED);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
    rig_start(&r, "when mqtt.connected do hub drop fin\nboot device\nwait 1s\n"
                  "expect mqtt.connected within 5s\n");
    SEND(&r, MQTT_CONNECTED);
    rig_pass_time(&r, SECOND);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
}

static void the_device_is_switched_in_its_turn_and_the_expect_looks_behind_it(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "needs power reset\nboot device\nexpect mqtt.connected within 5s\ndevice power off\n"
                  "device power on\nexpect mqtt.connected within 5s\ndevice reset\n");
    SEND(&r, MQTT_CONNECTED);
    assert_string_equal(buf_text(&r.asked), "boot;device 0;device 1;");
    assert_false(executor_is_done(r.x));
    SEND(&r, MQTT_CONNECTED);
    assert_string_equal(buf_text(&r.asked), "boot;device 0;device 1;device 2;");
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    rig_deinit(&r);
}

// Its port goes with its power: what does not come then is no fault of the rig.
static void a_port_that_goes_with_the_power_is_not_missed(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, "needs power\nboot device\ndevice power off\nexpect mqtt.connected within 5s\n");
    SEND(&r, DEVICE_POWER, F_TEXT("power", "off"));
    SEND(&r, DEVICE_UNPLUGGED, F_TEXT("port", "/dev/ttyX"), F_TEXT("why", "it is gone"));
    rig_pass_time(&r, 5 * SECOND);
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    rig_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_while_judges_each_time_between_its_events),
        cmocka_unit_test(a_while_that_held_says_how_often),
        cmocka_unit_test(a_time_between_that_ends_with_too_little_fails),
        cmocka_unit_test(one_too_many_fails_at_once_and_says_which),
        cmocka_unit_test(within_is_a_deadline_of_its_own),
        cmocka_unit_test(a_while_that_had_nothing_to_judge_is_inconclusive),
        cmocka_unit_test(a_when_acts_once_and_only_from_its_line_on),
        cmocka_unit_test(a_when_acts_as_often_as_it_says),
        cmocka_unit_test(what_a_when_does_leaves_the_present_expect_alone),
        cmocka_unit_test(a_port_that_goes_with_the_power_is_not_missed),
        cmocka_unit_test(the_device_is_switched_in_its_turn_and_the_expect_looks_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
