// SPDX-License-Identifier: MIT
// device, while and when, as they are read and explained.
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/parsed.h"

#include <stdio.h>
#include <string.h>

#define HEAD "scenario t.a\nneeds power reset console\n"

static void a_device_is_switched_reset_and_typed_to(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, HEAD "boot device\ndevice power off\ndevice power on\n"
                                          "device reset\ndevice send set  wifi \"a  b\"\n"),
                     0);
    const struct step *s = f.plan.steps;
    assert_int_equal(s[1].kind, STEP_DEVICE);
    assert_int_equal(s[1].act, DEVICE_POWER_OFF);
    assert_int_equal(s[2].act, DEVICE_POWER_ON);
    assert_int_equal(s[3].act, DEVICE_RESET);
    assert_int_equal(s[4].act, DEVICE_SEND);
    assert_string_equal(s[4].text, "set wifi a  b");
    parsed_release(&f);
}

static void a_while_has_two_ends_and_what_is_judged_between(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(
        parsed_from(&f, "scenario t.a\n"
                        "while mqtt.connected until tcp.closed with by = device never mqtt.error\n"
                        "while mqtt.connected until tcp.closed expect d2c.message within 10s\n"
                        "while mqtt.connected until tcp.closed expect count mqtt.ping ..3\n"
                        "boot device\n"),
        0);
    const struct step *s = f.plan.steps;
    assert_int_equal(s[0].kind, STEP_WHILE);
    assert_int_equal(s[0].during->from.type, EVENT_MQTT_CONNECTED);
    assert_int_equal(s[0].before.type, EVENT_TCP_CLOSED);
    assert_int_equal(s[0].before.where_count, 1);
    assert_int_equal(s[0].match.type, EVENT_MQTT_ERROR);
    assert_true(s[0].during->is_never);
    assert_int_equal(s[1].during->within_us, 10000000);
    assert_int_equal(s[1].least, 1);
    assert_true(s[1].most == UINT64_MAX);
    assert_int_equal(s[2].least, 0);
    assert_int_equal(s[2].most, 3);
    assert_int_equal(plan_longest_us(&f.plan), 0); // nobody waits for them
    parsed_release(&f);
}

static void a_when_carries_the_act_that_stands_behind_do(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nneeds power\nboot device\n"
                                     "when d2c.message do hub drop rst\n"
                                     "when mqtt.connected times 3 do time hub = +1h\n"
                                     "when tcp.closed do device power off\n"
                                     "when tcp.closed do log it is  gone\n"),
                     0);
    const struct step *s = f.plan.steps;
    assert_int_equal(f.plan.step_count, 5);
    assert_int_equal(s[1].kind, STEP_WHEN);
    assert_int_equal(s[1].times, 1);
    assert_int_equal(s[1].then->kind, STEP_HUB);
    assert_int_equal(s[1].then->verb, HUB_DROP);
    assert_int_equal(s[1].then->line, 4);
    assert_string_equal(s[1].then->source, "hub drop rst");
    assert_int_equal(s[2].times, 3);
    assert_int_equal(s[2].then->kind, STEP_TIME);
    assert_int_equal(s[3].then->act, DEVICE_POWER_OFF);
    assert_string_equal(s[4].then->text, "it is gone");
    parsed_release(&f);
}

static void they_explain_themselves(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, HEAD "while mqtt.connected until tcp.closed never mqtt.error\n"
                                          "while mqtt.connected until tcp.closed expect d2c.message "
                                          "within 10s\n"
                                          "boot device\ndevice send go\n"
                                          "when d2c.message times 2 do device reset\n"
                                          "never device.output with text has PANIC\n"),
                     0);
    assert_int_equal(plan_explain(&f.plan, &f.printed), 0);
    static const char *const lines[] = {
        "   3  From here on, each time between mqtt.connected and tcp.closed, fail at once on "
        "mqtt.error.\n",
        "   4  From here on, each time between mqtt.connected and tcp.closed, require at least 1 "
        "d2c.message within 10 s.\n",
        "   6  Type on the device's console: go.\n",
        "   7  From here on, at the next 2 d2c.message: Reset the device.\n",
        "   8  From here on fail at once on device.output with text has PANIC.\n"};
    for (size_t i = 0; i < HR_COUNT_OF(lines); i++) {
        assert_non_null(strstr(buf_text(&f.printed), lines[i]));
    }
    parsed_release(&f);
}

// Each stands behind "scenario t.a\nneeds power reset console\nboot device\n".
static const struct {
    const char *statement, *message;
} mistakes[] = {
    {"device\n", "4:7: expected: device power on|off | reset | send WORDS"},
    {"device powr off\n", "4:8: unknown device verb 'powr' (did you mean power?)"},
    {"device power\n", "4:13: expected: device power on|off"},
    {"device power of\n", "4:14: expected: device power on|off"},
    {"device power off now\n", "4:18: 'now' is too much here: the statement is complete before it"},
    {"device send\n", "4:12: expected: device send WORDS"},
    {"while mqtt.connected never mqtt.error\n", "4:22: expected 'until MATCH' here"},
    {"while mqtt.conected until tcp.closed never mqtt.error\n",
     "4:7: unknown event 'mqtt.conected' (did you mean mqtt.connected?)"},
    {"while mqtt.connected until tcp.closed\n", "4:38: expected 'never MATCH' or 'expect ...' here"},
    {"while mqtt.connected until tcp.closed expect d2c.message within soon\n",
     "4:65: 'soon' is not a duration; durations read 250ms, 90s, 4m, 1h30m"},
    {"while mqtt.connected until tcp.closed expect count d2c.message\n",
     "4:63: '' is not a range; ranges read 3, 3.., ..5 or 3..5"},
    {"while mqtt.connected until tcp.closed never mqtt.error before mqtt.ping\n",
     "4:56: 'before' is too much here: the statement is complete before it"},
    {"when mqtt.connected hub drop fin\n", "4:21: expected 'do STATEMENT' here"},
    {"when mqtt.connected times 0 do hub drop fin\n", "4:27: expected: times N, 1 to 1000000"},
    {"when mqtt.connected do\n", "4:23: unknown act behind 'do' ''"},
    {"when mqtt.connected do wait 1s\n", "4:24: unknown act behind 'do' 'wait'"},
    {"when mqtt.connected do dvice reset\n",
     "4:24: unknown act behind 'do' 'dvice' (did you mean device?)"},
    {"when mqtt.connected do hub drop fim\n",
     "4:33: unknown way to drop 'fim' (did you mean fin?)"},
    {"never device.output with text ha PANIC\n",
     "4:31: expected '=', '!=' or 'has' with blanks around it"},
};

static void each_mistake_is_named_with_its_place_and_a_way_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(mistakes); i++) {
        struct parsed f;
        char text[400], want[400];
        snprintf(text, sizeof text, HEAD "boot device\n%s", mistakes[i].statement);
        snprintf(want, sizeof want, "suites/t/a.scn:%s\n", mistakes[i].message);
        assert_int_equal(parsed_from(&f, text), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), want);
        parsed_release(&f);
    }
}

static void what_the_device_must_offer_is_asked_for(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nboot device\ndevice power off\ndevice reset\n"
                                     "when tcp.closed do device send go\n"),
                     ERR_SYNTAX);
    assert_string_equal(
        buf_text(&f.printed),
        "suites/t/a.scn:3:1: 'device power' needs a device whose power can be cut; add: needs power\n"
        "suites/t/a.scn:4:1: 'device reset' needs a device that can be reset; add: needs reset\n"
        "suites/t/a.scn:5:20: 'device send' needs a device with a console; add: needs console\n");
    parsed_release(&f);
    assert_int_equal(parsed_from(&f, "scenario t.a\nneeds reset\ndevice reset\nboot device\n"), ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "suites/t/a.scn:3:1: this comes before 'boot device'\n");
    parsed_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_switched_reset_and_typed_to),
        cmocka_unit_test(a_while_has_two_ends_and_what_is_judged_between),
        cmocka_unit_test(a_when_carries_the_act_that_stands_behind_do),
        cmocka_unit_test(they_explain_themselves),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_a_way_out),
        cmocka_unit_test(what_the_device_must_offer_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
