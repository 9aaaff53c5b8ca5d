// SPDX-License-Identifier: MIT
// Direct methods, rule by rule of "IoT Hub over MQTT, direct methods".
#include "simulator/hub/method.h"
#include "simulator/hub/hub_rig.h"

#include <stdlib.h>

#define DEVICE SPAN_LITERAL("bench-01")

struct device { // a connection that takes methods, or not
    struct hub_link link;
    bool is_subscribed;
    int count;
    char rid[20];
    char payload[100];
};

struct done {
    int count;
    struct method_outcome outcome;
    char payload[100];
};

static bool on_method(struct hub_link *link, const struct hub_method_request *request)
{
    struct device *d = (struct device *)(void *)link;
    if (!d->is_subscribed) {
        return false;
    }
    d->count++;
    span_copy_text(request->rid, d->rid, sizeof d->rid);
    span_copy_text(request->payload, d->payload, sizeof d->payload);
    return true;
}

static void on_close(struct hub_link *link, enum reason reason, uint32_t by)
{
    (void)link;
    (void)reason;
    (void)by;
}

static void on_done(void *context, const struct method_outcome *outcome)
{
    struct done *done = context;
    done->count++;
    done->outcome = *outcome;
    span_copy_text(outcome->payload, done->payload, sizeof done->payload);
}

static void connect_device(struct hub_rig *rig, struct device *d, bool is_subscribed)
{
    *d = (struct device){.link = {.close = on_close, .method = on_method, .connection = 3},
                         .is_subscribed = is_subscribed};
    d->link.identity = hub_find_identity(rig->hub, DEVICE);
    hub_attach(rig->hub, &d->link);
}

static struct method_call call_of(const char *payload)
{
    return (struct method_call){
        .name = DEVICE, .method = SPAN_LITERAL("reboot"), .payload = span_text(payload)};
}

static enum reason invoke(struct hub_rig *rig, struct method_call call, struct done *done)
{
    *done = (struct done){0};
    error_clear();
    return hub_method_invoke(rig->hub, &call, on_done, done, NULL);
}

static bool answer(struct hub_rig *rig, const char *rid, int status, const char *payload)
{
    return hub_method_answer(rig->hub, hub_find_identity(rig->hub, DEVICE), span_text(rid), status,
                             span_text(payload));
}

static void pass(struct hub_rig *rig, uint64_t seconds)
{
    rig->fake.mono_us += seconds * 1000000;
    hub_tick(rig->hub);
}

static void a_call_reaches_the_device_and_its_answer_the_caller(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done;
    rig_open(&rig);
    connect_device(&rig, &d, true);
    assert_int_equal(invoke(&rig, call_of("{\"a\":1}"), &done), REASON_OK);
    assert_string_equal(d.rid, "1");
    assert_string_equal(d.payload, "{\"a\":1}");
    rig.fake.mono_us += 250000;
    assert_true(answer(&rig, "1", 404, "{\"b\":2}"));
    assert_int_equal(done.count, 1);
    assert_int_equal(done.outcome.reason, REASON_OK);
    assert_int_equal(done.outcome.status, 404);
    assert_string_equal(done.payload, "{\"b\":2}");
    assert_logged(&rig.log, "method.answered method=reboot status=404 payload={\"b\":2} payload_bytes=7 rid=1 "
                            "after_ms=250");
    assert_false(answer(&rig, "1", 200, "")); // once
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static void rids_count_in_hexadecimal_and_no_payload_is_null(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done[10];
    rig_open(&rig);
    connect_device(&rig, &d, true);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(invoke(&rig, call_of(""), &done[i]), REASON_OK);
    }
    assert_string_equal(d.rid, "a");
    assert_string_equal(d.payload, "null");
    assert_true(answer(&rig, "A", 200, "")); // hexadecimal has no case
    assert_string_equal(done[9].payload, "null");
    assert_int_equal(done[0].count, 0);
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static void a_device_that_is_not_there_is_404103_at_once(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done;
    rig_open(&rig);
    assert_int_equal(invoke(&rig, call_of(""), &done), REASON_DEVICE_NOT_ONLINE);
    assert_int_equal(reason_row(REASON_DEVICE_NOT_ONLINE)->hub_code, 404103);
    connect_device(&rig, &d, false);
    assert_int_equal(invoke(&rig, call_of(""), &done), REASON_DEVICE_NOT_ONLINE);
    assert_int_equal(done.count, 0);
    assert_string_equal(error_detail(),
                        "bench-01 is not connected, or has not subscribed to methods");
    assert_logged(&rig.log, "method.failed method=reboot reason=device-not-online");
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static void a_connect_timeout_waits_for_the_subscription(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done;
    struct method_call call = call_of("");
    call.connect_timeout_s = 10;
    rig_open(&rig);
    assert_int_equal(invoke(&rig, call, &done), REASON_OK);
    assert_false(answer(&rig, "1", 200, "")); // it was never asked
    connect_device(&rig, &d, false);
    hub_link_ready(rig.hub, &d.link);
    pass(&rig, 9);
    d.is_subscribed = true;
    hub_link_ready(rig.hub, &d.link);
    assert_int_equal(d.count, 1);
    pass(&rig, 29); // the answer's time begins with the sending
    assert_true(answer(&rig, d.rid, 200, "1"));
    assert_int_equal(done.outcome.reason, REASON_OK);
    hub_detach(rig.hub, &d.link);
    assert_int_equal(invoke(&rig, call, &done), REASON_OK);
    pass(&rig, 10);
    assert_int_equal(done.outcome.reason, REASON_DEVICE_NOT_ONLINE);
    rig_close(&rig);
}

static void no_answer_in_time_is_504101_and_a_late_one_is_ignored(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done;
    struct method_call call = call_of("");
    call.response_timeout_s = 5;
    rig_open(&rig);
    connect_device(&rig, &d, true);
    assert_int_equal(invoke(&rig, call, &done), REASON_OK);
    pass(&rig, 4);
    assert_int_equal(done.count, 0);
    pass(&rig, 1);
    assert_int_equal(done.count, 1);
    assert_int_equal(done.outcome.reason, REASON_METHOD_TIMEOUT);
    assert_int_equal(reason_row(REASON_METHOD_TIMEOUT)->hub_code, 504101);
    assert_false(answer(&rig, "1", 200, ""));
    assert_int_equal(done.count, 1);
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static void a_forgotten_call_tells_nobody(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done = {0};
    uint64_t id = 0;
    struct method_call call = call_of("");
    rig_open(&rig);
    connect_device(&rig, &d, true);
    assert_int_equal(hub_method_invoke(rig.hub, &call, on_done, &done, &id), REASON_OK);
    hub_method_forget(rig.hub, id);
    assert_true(answer(&rig, "1", 200, ""));
    assert_int_equal(done.count, 0);
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static void an_answer_that_is_no_json_is_a_bad_answer(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done;
    rig_open(&rig);
    connect_device(&rig, &d, true);
    assert_int_equal(invoke(&rig, call_of(""), &done), REASON_OK);
    assert_true(answer(&rig, "1", 200, "{oops"));
    assert_int_equal(done.outcome.reason, REASON_METHOD_BAD_ANSWER);
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static const struct {
    const char *rule;
    struct method_call call;
    enum reason reason;
} call_rows[] = {
    {"response of 5 s", {.response_timeout_s = 5}, REASON_DEVICE_NOT_ONLINE},
    {"response of 4 s", {.response_timeout_s = 4}, REASON_INVALID_ARGUMENT},
    {"response of 300 s", {.response_timeout_s = 300}, REASON_DEVICE_NOT_ONLINE},
    {"response of 301 s", {.response_timeout_s = 301}, REASON_INVALID_ARGUMENT},
    {"connect longer than response",
     {.response_timeout_s = 5, .connect_timeout_s = 6},
     REASON_INVALID_ARGUMENT},
    {"connect longer than the default response",
     {.connect_timeout_s = 31},
     REASON_INVALID_ARGUMENT},
    {"name with a slash", {.method = {(const uint8_t *)"a/b", 3}}, REASON_INVALID_ARGUMENT},
    {"name with a question mark", {.method = {(const uint8_t *)"a?b", 3}}, REASON_INVALID_ARGUMENT},
    {"name with a blank", {.method = {(const uint8_t *)"a b", 3}}, REASON_INVALID_ARGUMENT},
    {"payload that is a text",
     {.payload = {(const uint8_t *)"\"x\"", 3}},
     REASON_DEVICE_NOT_ONLINE},
    {"payload that is no JSON", {.payload = {(const uint8_t *)"x", 1}}, REASON_MALFORMED_JSON},
    {"unknown device", {.name = {(const uint8_t *)"nobody", 6}}, REASON_UNKNOWN_IDENTITY},
    {"disabled device", {.name = {(const uint8_t *)"off-01", 6}}, REASON_DISABLED},
};

static void a_call_is_judged_before_it_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(call_rows); i++) {
        struct hub_rig rig;
        struct done done;
        struct method_call call = call_rows[i].call;
        rig_open(&rig);
        call.name = call.name.len ? call.name : DEVICE;
        call.method = call.method.len ? call.method : SPAN_LITERAL("go");
        enum reason reason = invoke(&rig, call, &done);
        if (reason != call_rows[i].reason || done.count || !error_detail()[0]) {
            fail_msg("%s: seen %s '%s'", call_rows[i].rule, reason_row(reason)->word,
                     error_detail());
        }
        rig_close(&rig);
    }
}

static void a_payload_has_at_most_128_kb_each_way(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct device d;
    struct done done;
    char *text = calloc(1, 131074);
    assert_non_null(text);
    rig_open(&rig);
    connect_device(&rig, &d, true);
    memset(text, ' ', 131073);
    text[0] = '1';
    assert_int_equal(invoke(&rig, call_of(text), &done), REASON_METHOD_TOO_LARGE);
    text[131072] = '\0';
    assert_int_equal(invoke(&rig, call_of(text), &done), REASON_OK);
    assert_true(answer(&rig, d.rid, 200, text));
    assert_int_equal(done.outcome.reason, REASON_OK);
    text[131072] = ' ';
    assert_int_equal(invoke(&rig, call_of("1"), &done), REASON_OK);
    assert_true(answer(&rig, d.rid, 200, text));
    assert_int_equal(done.outcome.reason, REASON_METHOD_BAD_ANSWER);
    free(text);
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

static void the_throttle_of_methods_counts_payloads_in_4_kb(void **state)
{
    (void)state;
    struct hub_settings settings;
    struct hub_rig rig;
    struct device d;
    struct done done;
    static char payload[5000];
    memset(payload, ' ', sizeof payload - 1);
    payload[0] = '1';
    hub_settings_init(&settings, RIG_HOST);
    assert_int_equal(
        throttle_rate_parse(SPAN_LITERAL("3/m"), &settings.limits.rates[THROTTLE_METHOD]), 0);
    rig_open_with(&rig, &settings);
    connect_device(&rig, &d, true);
    assert_int_equal(invoke(&rig, call_of(payload), &done), REASON_OK); // two
    assert_int_equal(invoke(&rig, call_of("1"), &done), REASON_OK);
    assert_int_equal(invoke(&rig, call_of("1"), &done), REASON_THROTTLED);
    assert_int_equal(done.count, 0);
    rig.fake.mono_us += 20000000;
    assert_int_equal(invoke(&rig, call_of("1"), &done), REASON_OK);
    hub_detach(rig.hub, &d.link);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_reaches_the_device_and_its_answer_the_caller),
        cmocka_unit_test(rids_count_in_hexadecimal_and_no_payload_is_null),
        cmocka_unit_test(a_device_that_is_not_there_is_404103_at_once),
        cmocka_unit_test(a_connect_timeout_waits_for_the_subscription),
        cmocka_unit_test(no_answer_in_time_is_504101_and_a_late_one_is_ignored),
        cmocka_unit_test(a_forgotten_call_tells_nobody),
        cmocka_unit_test(an_answer_that_is_no_json_is_a_bad_answer),
        cmocka_unit_test(a_call_is_judged_before_it_is_sent),
        cmocka_unit_test(a_payload_has_at_most_128_kb_each_way),
        cmocka_unit_test(the_throttle_of_methods_counts_payloads_in_4_kb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
