// SPDX-License-Identifier: MIT
#include "harness/observe/profile.h"
#include "base/test.h"
#include "harness/bench/bench.h"

#include <jansson.h>
#include <string.h>

static struct profile p;
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    profile_init(&p);
    buf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    profile_deinit(&p);
    buf_deinit(&out);
    return 0;
}

static void tell(const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(profile_line(&p, span_text(lines[i])), 0);
    }
}

#define TELL(...)                                                                                  \
    do {                                                                                           \
        static const char *const lines_[] = {__VA_ARGS__};                                         \
        tell(lines_, HR_COUNT_OF(lines_));                                                         \
    } while (0)

#define CONNECT(product)                                                                           \
    "{\"at_us\":10,\"event\":\"mqtt.connect\",\"connection\":1,\"device\":\"d\",\"client_id\":"    \
    "\"d\","                                                                                       \
    "\"username\":\"h/d/?api-version=2021-04-12&DeviceClientType=" product                         \
    "\",\"clean\":true,\"keep_alive_s\":240,\"api_version\":\"2021-04-12\"}"
#define CONNECTED                                                                                  \
    "{\"at_us\":11,\"event\":\"mqtt.connected\",\"connection\":1,\"device\":\"d\",\"auth\":"       \
    "\"sas\","                                                                                     \
    "\"sas_expires_in_s\":3599}"

static void assert_prints(const char *text)
{
    buf_clear(&out);
    assert_int_equal(profile_print_text(&p, &out), 0);
    if (!strstr(buf_text(&out), text)) {
        fail_msg("no '%s' in:\n%s", text, buf_text(&out));
    }
}

static void names_the_sdk_from_a_product_in_percent_signs(void **state)
{
    (void)state;
    static const struct {
        const char *line, *sdk;
    } rows[] = {
        {CONNECT("azure-iot-device%2F1.18.4%20(node%20v20)"), "Node SDK"},
        {CONNECT("azure-iot-device-iothub-py%2F2.12.0"), "Python SDK"},
        {CONNECT("iothubclient%2F1.3.0%20(native%3B%20Linux)"), "C SDK (azure-iot-sdk-c)"},
        {CONNECT("com.microsoft.azure.sdk.iot.iot-device-client%2F2.1"), "Java SDK"},
        {CONNECT("c%2F1.5.0(ard;esp32)"), "on Arduino"},
        {CONNECT("c%2F1.5.0"), "SDK for embedded C (azure-sdk-for-c)"},
        {CONNECT("toaster"), "unknown"},
        {CONNECT("%"), "unknown"},
        {CONNECT(""), "none of Microsoft's"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        tell(&rows[i].line, 1);
        assert_non_null(strstr(profile_sdk(&p), rows[i].sdk));
    }
}

static void tells_session_keep_alive_and_token(void **state)
{
    (void)state;
    TELL(CONNECT("x"), CONNECTED);
    assert_prints("keep-alive      240 s");
    assert_prints("session         clean");
    assert_prints("token lives     1 h");
    assert_prints("credentials     sas");
}

static void names_the_back_off_by_cause(void **state)
{
    (void)state;
    char line[200];
    uint64_t at_us = 1000000;
    TELL(CONNECT("x"), CONNECTED);
    for (unsigned i = 0; i < 6; i++) {
        snprintf(line, sizeof line, "{\"at_us\":%llu,\"event\":\"tcp.accepted\",\"connection\":%u}",
                 (unsigned long long)at_us, i + 2);
        assert_int_equal(profile_line(&p, span_text(line)), 0);
        snprintf(line, sizeof line,
                 "{\"at_us\":%llu,\"event\":\"mqtt.refused\",\"connection\":%u,\"code\":3}",
                 (unsigned long long)at_us + 1000, i + 2);
        assert_int_equal(profile_line(&p, span_text(line)), 0);
        at_us += 1000 + (UINT64_C(1000000) << i);
    }
    assert_prints("after CONNACK 3: 1 s, 2 s, 4 s, 8 s, 16 s = exponential, by 2.0 each");
}

static void suggests_suites_for_what_is_used_alone(void **state)
{
    (void)state;
    struct profile_suite suites[PROFILE_SUITES_MOST];
    TELL("{\"event\":\"tls.offer\",\"ja3\":\"j\",\"suites\":\"A,B\",\"versions\":\"TLSv1.2\"}",
         CONNECT("x"), CONNECTED,
         "{\"event\":\"mqtt.subscribed\",\"filter\":\"$iothub/methods/POST/#\",\"qos\":0}");
    size_t count = profile_suites(&p, suites);
    bool has_method = false, has_twin = false, has_quiet = false;
    for (size_t i = 0; i < count; i++) {
        has_method |= strcmp(suites[i].name, "method") == 0;
        has_quiet |= strcmp(suites[i].name, "quiet") == 0;
        has_twin |= strcmp(suites[i].name, "twin") == 0;
    }
    assert_true(has_method);
    assert_true(has_quiet);
    assert_false(has_twin);
}

static void leaves_another_device_of_the_hub_out(void **state)
{
    (void)state;
    TELL(CONNECT("x"), CONNECTED,
         "{\"event\":\"d2c.message\",\"connection\":9,\"device\":\"other\",\"qos\":1,\"body_"
         "bytes\":5}");
    assert_int_equal(p.telemetry.count, 0);
    assert_prints("left out        other");
}

static void shows_what_the_hub_does_not_like_of_the_offer(void **state)
{
    (void)state;
    TELL("{\"event\":\"tls.offer\",\"ja3\":\"j\",\"suites\":\"A\",\"versions\":\"TLSv1.1\"}",
         "{\"event\":\"tls.offer_judged\",\"ja3\":\"j\",\"rule\":\"tls-1.2\",\"verdict\":\"fail\","
         "\"requirement\":\"offers TLS 1.2\",\"why\":\"only 1.1\"}",
         "{\"event\":\"tls.offer_judged\",\"ja3\":\"j\",\"rule\":\"sni\",\"verdict\":\"ok\","
         "\"requirement\":\"names the host\",\"why\":\"met\"}");
    assert_prints("judged          fail: offers TLS 1.2 (only 1.1)\n");
}

static void lines_that_are_no_events_are_left_out(void **state)
{
    (void)state;
    TELL("", "{", "[]", "7", "{\"event\":7}", "{\"event\":\"no.such\"}",
         "{\"event\":\"mqtt.connect\"}",
         "{\"event\":\"d2c.message\",\"body_bytes\":\"text\",\"qos\":null}");
    buf_clear(&out);
    assert_int_equal(profile_print_json(&p, &out), 0);
    json_t *json = json_loads(buf_text(&out), 0, NULL);
    assert_non_null(json);
    json_decref(json);
}

static void the_bench_entry_reads_back(void **state)
{
    (void)state;
    static const char *const words[] = {"./my device", "--say", "\"hi\" \\ #1", "{device.cert}",
                                        "{root.pem}"};
    const struct profile_bench how = {.name = "mine", .words = words, .word_count = 5};
    const struct profile_bench box = {.name = "box", .address = "bench.local"};
    struct bench bench;
    struct diag_list diags HR_CLEANUP(diag_deinit);
    diag_init(&diags);
    TELL("{\"event\":\"tls.offer\",\"ja3\":\"j\",\"versions\":\"TLSv1.3,TLSv1.2\"}", CONNECT("x"));
    assert_int_equal(profile_print_bench(&p, &how, &out), 0);
    assert_int_equal(profile_print_bench(&p, &box, &out), 0);
    assert_int_equal(bench_parse("t.bench", buf_span(&out), &bench, &diags), 0);
    assert_int_equal(bench.count, 2);
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        assert_string_equal(bench.devices[0].command[i], words[i]);
    }
    assert_true((bench.devices[0].offers & CAN(X509)) && (bench.devices[0].offers & CAN(TLS13)));
    assert_false((bench.devices[0].offers & CAN(DPS)) || (bench.devices[1].offers & CAN(X509)));
    assert_int_equal(bench.devices[1].kind, BENCH_BLACKBOX);
    bench_deinit(&bench);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(names_the_sdk_from_a_product_in_percent_signs),
        ROW(tells_session_keep_alive_and_token),
        ROW(names_the_back_off_by_cause),
        ROW(suggests_suites_for_what_is_used_alone),
        ROW(leaves_another_device_of_the_hub_out),
        ROW(shows_what_the_hub_does_not_like_of_the_offer),
        ROW(lines_that_are_no_events_are_left_out),
        ROW(the_bench_entry_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
