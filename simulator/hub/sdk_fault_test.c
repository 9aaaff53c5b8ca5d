// SPDX-License-Identifier: MIT
#include "simulator/hub/sdk_fault.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

#define OP "AzIoTHub_FaultOperation"

static const struct {
    const char *bag;
    bool is_asked;
    int code;
    enum sdk_fault_kind kind;
    uint64_t delay_s, duration_s;
    const char *text; // close reason, or a part of the mistake
} rows[] = {
    {OP "Type=KillTcp&" OP "CloseReason=boom&" OP "DelayInSecs=1&" OP "DurationInSecs=20", true, 0,
     SDK_FAULT_KILL_TCP, 1, 20, "boom"},
    {OP "Type=ShutDownMqtt&" OP "CloseReason=byebye&" OP "DelayInSecs=5", true, 0,
     SDK_FAULT_SHUT_DOWN_MQTT, 5, 0, "byebye"},
    {OP "Type=InvokeThrottling&" OP "DelayInSecs=0&" OP "DurationInSecs=5", true, 0,
     SDK_FAULT_INVOKE_THROTTLING, 0, 5, ""},
    {OP "Type=InvokeMaxMessageQuota", true, 0, SDK_FAULT_INVOKE_MAX_MESSAGE_QUOTA, 0, 0, ""},
    {OP "Type=InvokeAuthError", true, 0, SDK_FAULT_INVOKE_AUTH_ERROR, 0, 0, ""},
    {OP "Type=KillAmqpCBSLinkReq", true, 0, SDK_FAULT_KILL_AMQP_CBS_LINK_REQ, 0, 0, ""},
    {OP "Type=KillAmqpc2dLink", true, ERR_VALUE, 0, 0, 0,
     "no fault type 'KillAmqpc2dLink' (did you mean"},
    {OP "Type=InvalidateAuth", true, ERR_VALUE, 0, 0, 0, "no fault type 'InvalidateAuth'"},
    {OP "Type=", true, ERR_VALUE, 0, 0, 0, "no fault type ''"},
    {OP "Type=KillTcp&" OP "DelayInSecs=soon", true, ERR_SYNTAX, 0, 0, 0,
     "DelayInSecs wants whole seconds, seen 'soon'"},
    {OP "Type=KillTcp&" OP "DurationInSecs=-1", true, ERR_SYNTAX, 0, 0, 0, "DurationInSecs"},
    {OP "Type=KillTcp&" OP "DurationInSecs=86401", true, ERR_VALUE, 0, 0, 0, "more than a day"},
    {OP "CloseReason=boom", false, 0, 0, 0, 0, ""},
    {"%24.mid=" OP "Type", false, 0, 0, 0, 0, ""},
    {"", false, 0, 0, 0, 0, ""},
};

static void a_bag_says_which_fault_it_asks_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct bag bag;
        struct sdk_fault fault;
        int code = 1;
        assert_int_equal(bag_parse(span_text(rows[i].bag), &bag), 0);
        assert_int_equal(sdk_fault_read(&bag, &fault, &code), rows[i].is_asked);
        assert_int_equal(code, rows[i].code);
        if (code < 0) {
            assert_non_null(strstr(error_text(code), rows[i].text));
        } else if (rows[i].is_asked) {
            assert_int_equal(fault.kind, rows[i].kind);
            assert_int_equal(fault.delay_us, rows[i].delay_s * 1000000);
            assert_int_equal(fault.duration_us, rows[i].duration_s * 1000000);
            assert_string_equal(fault.close_reason, rows[i].text);
        }
        bag_deinit(&bag);
    }
}

static void five_faults_act_on_mqtt(void **state)
{
    (void)state;
    int count = 0;
    for (int i = 0; i < SDK_FAULT_COUNT; i++) {
        bool is_amqp = strstr(sdk_fault_word((enum sdk_fault_kind)i), "Amqp") != NULL;
        assert_int_equal(sdk_fault_is_mqtt((enum sdk_fault_kind)i), !is_amqp);
        count += !is_amqp;
    }
    assert_int_equal(count, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bag_says_which_fault_it_asks_for),
        cmocka_unit_test(five_faults_act_on_mqtt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
