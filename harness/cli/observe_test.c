// SPDX-License-Identifier: MIT
// `hubrig observe` from outside: the reference device as a program and on a port, Microsoft's Node
// SDK when it is there, and mistakes.
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/shell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *profile_of(const char *program)
{
    struct shell_result r;
    shell_run(&r, "hubrig observe --watch 1s --json --evidence ev --bench own.bench --name mine -- %s", program);
    const char *start = strchr(buf_text(&r.out), '{');
    json_t *json = start ? json_loads(start, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    if (r.code != 0 || !json) {
        fail_msg("code %d: %s", r.code, buf_text(&r.out));
    }
    shell_release(&r);
    return json;
}

static void assert_text(const json_t *json, const char *name, const char *part)
{
    const char *text = json_string_value(json_object_get(json, name));
    if (!text || !strstr(text, part)) {
        fail_msg("%s: expected '%s', seen '%s'", name, part, text ? text : "nothing");
    }
}

// The type of the row after CONNACK 3; the hub refuses four times.
static const char *backoff_after_refusals(const json_t *json)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(json, "backoff"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "after")), "CONNACK 3") == 0) {
            assert_int_equal(json_array_size(json_object_get(row, "waits_us")), 4);
            return json_string_value(json_object_get(row, "type"));
        }
    }
    fail_msg("no wait after CONNACK 3");
    return "";
}

// What is proposed can be run as it is called.
static void assert_suites_exist(const json_t *json)
{
    size_t i = 0;
    json_t *name = NULL;
    const json_t *suites = json_object_get(json, "suites");
    assert_true(json_array_size(suites) > 2);
    json_array_foreach(suites, i, name)
    {
        char command[100];
        snprintf(command, sizeof command, "hubrig suites %s", json_string_value(name));
        shell_assert(command, 0, json_string_value(name));
    }
}

static void the_reference_has_its_profile_and_an_entry_that_runs(void **state)
{
    (void)state;
    char program[600];
    struct shell_result r;
    snprintf(program, sizeof program, "reference_device --root {root.pem}");
    json_t *json = profile_of(program);
    assert_text(json, "sni", "myhub.azure-devices.net");
    assert_text(json, "tls_versions", "TLSv1.2");
    assert_text(json, "auth", "sas");
    assert_text(json, "sdk", "none of Microsoft's");
    assert_text(json, "api_version", "2021-04-12");
    assert_int_equal(json_integer_value(json_object_get(json, "sessions")), 4);
    assert_int_equal(json_array_size(json_object_get(json, "subscribes")), 4);
    assert_true(json_integer_value(json_object_get(json, "telemetry")) > 0);
    assert_true(json_integer_value(json_object_get(json, "twin_reads")) > 0);
    const char *type = backoff_after_refusals(json);
    assert_true(strstr(type, "exponential") != NULL);
    assert_suites_exist(json);
    json_decref(json);
    shell_assert("hubrig check own.bench", 0, "");
    shell_run(&r, "hubrig run smoke.wrong-host --bench own.bench --device mine --evidence ev2");
    shell_assert_says(&r, "pass  smoke.wrong-host");
    assert_int_equal(r.code, 0);
    shell_release(&r);
}

static void a_device_without_back_off_is_told_apart(void **state)
{
    (void)state;
    char program[600];
    snprintf(program, sizeof program, "reference_device --root {root.pem} --flaw hammer-busy");
    shell_write("own.bench", ""); // a fresh one
    json_t *json = profile_of(program);
    assert_non_null(strstr(backoff_after_refusals(json), "no back-off"));
    json_decref(json);
}

static void microsofts_node_sdk_is_recognised(void **state)
{
    (void)state;
    char program[600];
    char mark[600];
    const char *sdk_node = getenv("SDK_NODE");
    assert_non_null(sdk_node);
    snprintf(mark, sizeof mark, "%s/installed.json", sdk_node);
    if (!fs_exists(mark)) {
        print_message("the Node SDK is not installed: see fixtures/README.md\n");
        skip();
    }
    snprintf(program, sizeof program, "node %s/device.js", sdk_node);
    shell_write("own.bench", "");
    json_t *json = profile_of(program);
    assert_text(json, "sdk", "Node SDK");
    assert_text(json, "product", "azure-iot-device/");
    assert_int_equal(json_integer_value(json_object_get(json, "keep_alive_s")), 180);
    json_decref(json);
}

static void a_device_on_a_port_is_watched_without_disturbance(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write(
        "port.sh",
        "#!/bin/sh\n"
        "mkfifo lines\n"
        "hubrig observe --passive --for 4s --port 0 --files pf --bench box.bench --name box 2>lines &\n"
        "hub=$!\n"
        "while read -r line; do case $line in HostName=*) break;; esac; done <lines\n"
        "IOTHUB_DEVICE_CONNECTION_STRING=$line reference_device --root pf/root.pem >/dev/null &\n"
        "device=$!\n"
        "wait $hub; code=$?\n"
        "kill $device; wait $device\n"
        "hubrig check box.bench && cat box.bench; exit $code\n");
    shell_run(&r, "exec 3<>/dev/null; ./port.sh");
    shell_assert_says(&r, "device-1: 1 connections, 1 sessions");
    shell_assert_says(&r, "blackbox box");
    shell_assert_says(&r, "hub-address localhost");
    assert_int_equal(r.code, 0);
    assert_int_equal(shell_count_processes("--files pf"), 0);
    shell_release(&r);
}

static void the_tls_engine_is_chosen_by_option_and_environment(void **state)
{
    (void)state;
    shell_assert("HUBRIG_TLS_ENGINE=nosuch hubrig observe --evidence ev -- true", 2, "'nosuch' is not one of");
    shell_assert("hubrig observe --tls-engine nosuch -- true", 2, "'nosuch' is not one of");
}

static void mistakes_and_silence_have_their_codes(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"--listen 127.0.0.1 -- true", 2, "--listen is for a device on a port"},
        {"--watch soon -- true", 2, "--watch takes a duration"},
        {"--for 3s -- true", 2, "--for is for --passive"},
        {"--evidence x", 2, "--evidence is for a program"},
        {"--no-such", 2, "--no-such"},
        {"--port 0 --files none --chain no/such", 2, "no/such"},
        {"--port 0 --files none --for 500ms", 1, "never got a session"},
        {"--evidence quiet -- true", 1, "never got a session"},
        {"--evidence quiet -- ./no-such-program", 3, "no-such-program"},
    };
    shell_assert_rows("hubrig observe", rows, HR_COUNT_OF(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_has_its_profile_and_an_entry_that_runs),
        cmocka_unit_test(a_device_without_back_off_is_told_apart),
        cmocka_unit_test(microsofts_node_sdk_is_recognised),
        cmocka_unit_test(a_device_on_a_port_is_watched_without_disturbance),
        cmocka_unit_test(the_tls_engine_is_chosen_by_option_and_environment),
        cmocka_unit_test(mistakes_and_silence_have_their_codes),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
