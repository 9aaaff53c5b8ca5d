// SPDX-License-Identifier: MIT
// How oracles are written in a scenario, and what they say of themselves.
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/plan.h"

#include <stdio.h>
#include <string.h>

static void each_mistake_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *statement, *mistake;
    } rows[] = {
        {"expect backoff", "unknown type of back-off ''"},
        {"expect backoff exponental", "did you mean exponential?"},
        {"expect backoff linear|steep", "unknown type of back-off 'steep'"},
        {"expect backoff linear factor 3..2", "'3..2' is not a range of factors"},
        {"expect backoff linear factor 2", "'2' is not a range of factors"},
        {"expect backoff linear after sunset", "unknown cause of failed attempts 'sunset'"},
        {"expect backoff linear after connack-6", "unknown cause of failed attempts 'connack-6'"},
        {"expect backoff linear samples 1", "'1' is not a number from 2 to 1000"},
        {"expect backoff linear jiter",
         "unknown part of a back-off 'jiter' (did you mean jitter?)"},
        {"expect backoff linear within 5s 6s", "'6s' is too much here"},
        {"never backoff none within 5s", "'within' is too much here"},
        {"expect rate tcp.accepted 5 per 1s for 5s",
         "expected 'at most N per DURATION for DURATION'"},
        {"expect rate tcp.accepted at most 5 for 5s", "expected 'per DURATION'"},
        {"expect rate tcp.accepted at most 5 per 1s", "expected 'for DURATION'"},
        {"never rate tcp.accepted at most 5 per 1s", "expected 'above N per DURATION'"},
        {"expect quiet tcp.accepted within 5s", "expected 'for DURATION'"},
        {"expect silence 5s for 10s", "expected 'at most DURATION for DURATION'"},
        {"expect memory at most 5 KB for 1m", "expected 'growth at most N KB for DURATION'"},
        {"expect memory growth at most 5 MB for 1m", "expected 'KB'"},
        {"expect memory growth at most 5 KB", "expected 'for DURATION'"},
        {"expect memory growth at most 5 KB for 1m", "memory needs a device whose memory can be watched; add: needs memory"},
        {"expect ledger up", "unknown way of messages 'up'"},
        {"expect ledger d2c missing 0", "unknown column of a ledger 'missing'"},
        {"expect ledger d2c lost x", "'x' is not a range"},
        {"expect keepalive 30s within 5s", "'30s' is not a range of times, such as 30s..4m"},
        {"expect keepalive 5%..9% within 5s", "is not a range of times, such as 30s..4m"},
        {"expect keepalive 10s..30s", "expected 'within DURATION'"},
        {"expect renewal 5s..9s within 5s", "expected 'margin A..B'"},
        {"expect renewal margin 5..9 within 5s", "such as 30s..4m or 5%..25%"},
        {"expect renewal margin 5%..109% within 5s", "such as 30s..4m or 5%..25%"},
        {"expect alert unknown_cra within 5s",
         "unknown alert 'unknown_cra' (did you mean unknown_ca?)"},
        {"expect alert unknown_ca", "expected 'within DURATION'"},
        {"expect detect", "expected 'within DURATION'"},
        {"expect leak within 5s", "'leak' goes with never: never leak"},
        {"never recovery within 5s",
         "'recovery' goes with expect: expect recovery within DURATION"},
        {"never leak 5s", "'5s' is too much here"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct plan plan;
        struct diag_list diags;
        char text[400];
        diag_init(&diags);
        snprintf(text, sizeof text, "scenario t.a\nboot device\n%s\n", rows[i].statement);
        assert_int_equal(plan_parse("t/a.scn", span_text(text), NULL, 0, &plan, &diags),
                         ERR_SYNTAX);
        assert_int_equal(diags.count, 1);
        if (!strstr(diags.items[0].message, rows[i].mistake)) {
            assert_string_equal(diags.items[0].message, rows[i].mistake);
        }
        plan_deinit(&plan);
        diag_deinit(&diags);
    }
}

static void each_statement_explains_itself(void **state)
{
    (void)state;
    static const struct {
        const char *statement, *sentence;
    } rows[] = {
        {"expect backoff exponential|linear factor 1.4..2.6 jitter after connack-3 samples 4 "
         "within 60s",
         "Require that 4 waits between failed attempts (connack-3) have the shape linear or "
         "exponential, "
         "growing by 1.4 to 2.6 each, with a random part; wait for them at most 1 min."},
        {"never backoff none after tcp",
         "From here on fail when 3 waits between failed attempts (tcp) have the shape none."},
        {"expect rate tcp.accepted at most 5 per 1s for 10s",
         "Require for 10 s at most 5 tcp.accepted in any 1 s."},
        {"never rate tcp.accepted above 5 per 1s",
         "From here on require at most 5 tcp.accepted in any 1 s."},
        {"expect quiet mqtt.connect for 5s", "Require that no mqtt.connect comes for 5 s."},
        {"expect silence at most 30s for 5m",
         "Require for 5 min that the device is never silent for longer than 30 s."},
        {"expect ledger d2c duplicated ..2 renumbered 0 messages 5.. within 30s",
         "Balance the books of device-to-cloud messages, lost: 0, duplicated: 0 to 2, renumbered: "
         "0, messages: at least 5, "
         "within 30 s."},
        {"expect keepalive 30s..4m within 5m",
         "Require a keep-alive of 30 s to 4 min, and that the device keeps to it; wait for it at "
         "most 5 min."},
        {"expect detect within 90s",
         "Wait at most 1 min 30 s for the device to give up the disturbed connection."},
        {"expect recovery within 30s",
         "Wait at most 30 s after the end of the trouble for the device to be connected again."},
        {"expect resubscribe within 10s",
         "Wait at most 10 s after the reconnect for every earlier topic filter."},
        {"expect twin-sync within 10s", "Wait at most 10 s after the reconnect for the device to "
                                        "have the newest desired version."},
        {"expect renewal margin 5%..25% within 2m",
         "Require a new token before the old one ends, by 5 to 25 % of its life; wait for it at "
         "most 2 min."},
        {"expect alert unknown_ca|bad_certificate|silence within 20s",
         "Wait at most 20 s for the device to refuse the chain by the alert unknown_ca or "
         "bad_certificate or "
         "closing without an alert."},
        {"never leak",
         "From here on fail when anything is sent over a chain that must be refused."},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct plan plan;
        struct diag_list diags;
        char text[400];
        struct buf out HR_CLEANUP(buf_deinit);
        buf_init(&out, 100000);
        diag_init(&diags);
        snprintf(text, sizeof text, "scenario t.a\nboot device\n%s\n", rows[i].statement);
        assert_int_equal(plan_parse("t/a.scn", span_text(text), NULL, 0, &plan, &diags), 0);
        assert_int_equal(plan_explain(&plan, &out), 0);
        if (!strstr(buf_text(&out), rows[i].sentence)) {
            assert_string_equal(buf_text(&out), rows[i].sentence);
        }
        plan_deinit(&plan);
        diag_deinit(&diags);
    }
}

static void an_oracle_needs_a_device_that_was_booted(void **state)
{
    (void)state;
    struct plan plan;
    struct diag_list diags;
    diag_init(&diags);
    assert_int_equal(
        plan_parse("t/a.scn",
                   SPAN_LITERAL("scenario t.a\nexpect recovery within 5s\nboot device\n"), NULL, 0,
                   &plan, &diags),
        ERR_SYNTAX);
    assert_non_null(strstr(diags.items[0].message, "before 'boot device'"));
    plan_deinit(&plan);
    diag_deinit(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_named),
        cmocka_unit_test(each_statement_explains_itself),
        cmocka_unit_test(an_oracle_needs_a_device_that_was_booted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
