// SPDX-License-Identifier: MIT
// The n-th allocation fails, for every n, from an enrollment to the answer "assigned": nothing
// leaks, nothing crashes, and the device is told 500 or refused; the JSON reader keeps its memory, because jansson 2.14 crashes without.
#include "base/scarce.h"
#include "simulator/dps/dps_rig.h"

#include <stdlib.h>

static void take_operation(const struct dps_answer *answer, char out[80])
{
    static const char mark[] = "\"operationId\":\"";
    const char *at = answer->body.len ? strstr(buf_text(&answer->body), mark) : NULL;
    snprintf(out, 80, "%.70s", at ? at + sizeof mark - 1 : "none");
    out[strcspn(out, "\"")] = '\0';
}

// Asks for the state; returns the status of the answer.
static int ask(struct dps_rig *rig, const struct dps_caller *caller, const char *operation)
{
    struct dps_answer answer;
    dps_answer_init(&answer);
    dps_status(rig->dps, caller, span_text(operation), &answer);
    int status = answer.status;
    dps_answer_deinit(&answer);
    return status;
}

// Returns whether the device was told that it is assigned.
static bool provision(struct dps_rig *rig, const struct auth_request *request)
{
    static const struct span body =
        SPAN_LITERAL("{\"registrationId\":\"bench-01\",\"payload\":{\"a\":1}}");
    char working[DPS_WORKING_BYTES];
    char operation[80] = "none";
    struct dps_caller caller = {0};
    struct dps_answer answer;
    struct dps_enrollment e = {
        .name = "bench-01", .primary_key = DPS_RIG_KEY, .allocation = DPS_CUSTOM};
    bool is_fine = dps_put_enrollment(rig->dps, &e) == 0 &&
                   dps_connect(rig->dps, request, 1, &caller, working) == REASON_OK;
    if (!is_fine) {
        dps_caller_deinit(&caller);
        return false;
    }
    dps_answer_init(&answer);
    dps_register(rig->dps, &caller, body, &answer);
    assert_true(answer.status == 202 || scarce_has_failed());
    if (answer.status != 202 && answer.status != 500 && answer.status != 401) {
        fail_msg("status %d: %s", answer.status, buf_text(&answer.body));
    }
    take_operation(&answer, operation);
    dps_answer_deinit(&answer);
    rig->fake.mono_us += 3000000;
    dps_tick(rig->dps);
    int status = ask(rig, &caller, operation);
    dps_caller_deinit(&caller);
    return status == 200;
}

// *has_worked: the device was assigned.
static void live(void *has_worked)
{
    struct dps_rig rig;
    char token[600];
    const struct dps_settings settings = dps_rig_settings();
    // the rig itself is not under test
    dps_rig_open_with(&rig, &settings);
    journal_unlisten(rig.journal, event_log_add, &rig.log);
    dps_rig_token(&rig, DPS_RIG_SCOPE "%2Fregistrations%2Fbench-01", DPS_RIG_KEY, 3600,
                  "&skn=registration", token);
    const struct auth_request request = {
        .client_id = SPAN_LITERAL("bench-01"),
        .username = SPAN_LITERAL(DPS_RIG_SCOPE "/registrations/bench-01/api-version=2019-03-31"),
        .password = span_text(token)};
    scarce_begin();
    *(bool *)has_worked = provision(&rig, &request);
    scarce_end();
    dps_rig_close(&rig);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    bool has_worked = false;
    assert_true(scarce_live(live, &has_worked) > 8);
    assert_true(has_worked); // the last round had all the memory that it wanted
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
