// SPDX-License-Identifier: MIT
// Whole cases as users had them, and that no secret leaves the doctor.
#include "base/test.h"
#include "base/text_code.h"
#include "certs/doctor/case.h"
#include "certs/doctor/doctor_kit.h"

#include <string.h>

enum { TEXT_BYTES_MOST = 1 << 18 };

static void need_real_roots(void)
{
    if (!kit_has_real_roots()) {
        print_message("skipped: /usr/share/ca-certificates/mozilla has not all of the roots\n");
        skip();
    }
}

struct expected {
    const char *rule;
    enum doctor_severity severity;
    const char *file;
    int line;
    const char *shows; // part of it
};

static void check_story(const struct kit_case *c, const struct expected *expected, size_t count)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    struct doctor *d = kit_run(c);
    kit_print(d, &text);
    for (size_t i = 0; i < count; i++) {
        const struct expected *e = &expected[i];
        bool is_there = false;
        for (size_t k = 0; k < doctor_finding_count(d); k++) {
            const struct doctor_finding *f = doctor_finding(d, k);
            is_there = is_there || (strcmp(doctor_rule_id(f->rule), e->rule) == 0 &&
                                    f->severity == e->severity && strcmp(f->file, e->file) == 0 &&
                                    f->line == e->line && strstr(f->shows, e->shows));
        }
        if (!is_there) {
            fail_msg("%s at %s:%d with '%s' is missing in:\n%s", e->rule, e->file, e->line,
                     e->shows, buf_text(&text));
        }
    }
    doctor_free(d);
}

static void no_root_on_the_device_and_a_clock_of_1980(void **state)
{
    (void)state;
    static const struct kit_case c = {
        .settings = {.has_device_clock = true, .device_clock_s = INT64_C(315964820)},
        .inputs = {"ca-certificates.crt:  ",
                   "arg: HostName=plant7.azure-devices.net;DeviceId=gw-1;SharedAccessKey={secret}",
                   "device.log: starting\nverify error:num=20\nmqtt connect failed\n"}};
    static const struct expected expected[] = {
        {"B-17", DOCTOR_ERROR, "ca-certificates.crt", 0, ""},
        {"R-15", DOCTOR_ERROR, "ca-certificates.crt", 0, "verify code 20"},
        {"C-01", DOCTOR_ERROR, "--device-clock", 0, "0x200"},
        {"L-13", DOCTOR_ERROR, "device.log", 2, ""},
    };
    check_story(&c, expected, HR_COUNT_OF(expected));
    static const struct kit_case epoch = {
        .settings = {.has_device_clock = true, .device_clock_s = 12},
        .inputs = {"ca-certificates.crt:  "}};
    static const struct expected same[] = {
        {"C-01", DOCTOR_ERROR, "--device-clock", 0, "CONNACK 5"},
    };
    check_story(&epoch, same, HR_COUNT_OF(same));
}

static void the_c_sdk_without_trusted_certificates_in_azure_china(void **state)
{
    (void)state;
    need_real_roots();
    static const struct kit_case c = {
        .inputs = {"certs.c: /* trimmed */\nconst char certificates[] =\n{G2.c}{BALTIMORE.c};\n",
                   "main.c: void run(void)\n{\n    h = "
                   "IoTHubDeviceClient_LL_CreateFromConnectionString(text, MQTT_Protocol);\n}\n",
                   "arg: HostName=fabrik.azure-devices.cn;DeviceId=d1;SharedAccessKey={secret}"}};
    static const struct expected expected[] = {
        {"R-03", DOCTOR_ERROR, "certs.c", 3, "alert 48"},
        {"R-04", DOCTOR_WARNING, "certs.c", 25, "0x1"},
        {"C-06", DOCTOR_WARNING, "main.c", 3, "0x200"},
    };
    check_story(&c, expected, HR_COUNT_OF(expected));
}

static void the_nordic_project_with_mqtt_certs_h(void **state)
{
    (void)state;
    need_real_roots();
    static const struct kit_case c = {
        .settings = {.stack = STACK_MODEM, .device_id = "bench-01"},
        .is_plain_stack = true,
        .inputs = {"mqtt-certs.h: #define CA_CERTIFICATE \\\n"
                   "\"-----BEGIN CA CERTIFICATE-----\\n\" \\\n"
                   "\"MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\\n\" \\\n"
                   "\"-----END CA CERTIFICATE-----\\n\"\n"
                   "#define CLIENT_PUBLIC_CERTIFICATE \\\n{root.macro}\n"
                   "#define CLIENT_PRIVATE_KEY \"-----PRIVATE KEY-----\\n\"\n",
                   "ca-cert-2.pem: {BALTIMORE}",
                   "prj.conf: CONFIG_AZURE_IOT_HUB_SECONDARY_SEC_TAG=-1\n"
                   "CONFIG_AZURE_IOT_HUB_HOSTNAME=\"hostname\"\n"
                   "CONFIG_AZURE_IOT_HUB_DPS_ID_SCOPE=\"MY_ID_SCOPE\"\n",
                   "modem.log: azure_iot_hub: mqtt_connect error: -22\n"}};
    static const struct expected expected[] = {
        {"B-01", DOCTOR_ERROR, "mqtt-certs.h", 2, "-0x2180"},
        {"B-21", DOCTOR_ERROR, "prj.conf", 1, "-22"},
        {"R-02", DOCTOR_ERROR, "ca-cert-2.pem", 1, "-9984"},
        {"D-01", DOCTOR_ERROR, "mqtt-certs.h", 6, "CONNACK 5"},
        {"S-04", DOCTOR_ERROR, "prj.conf", 2, "-2"},
        {"P-04", DOCTOR_ERROR, "prj.conf", 3, "401"},
        {"L-01", DOCTOR_ERROR, "modem.log", 1, ""},
    };
    check_story(&c, expected, HR_COUNT_OF(expected));
}

static void ones_own_test_ca_as_the_servers_anchor(void **state)
{
    (void)state;
    static const struct kit_case c = {
        .settings = {.stack = STACK_MBEDTLS_228, .device_id = "bench-01"},
        .is_plain_stack = true,
        .inputs = {"azure-iot-test-only.root.ca.cert.pem: {root}", "new-device.cert.pem: {device}",
                   "new-device.key.pem: {devicekey}",
                   "serial.log: connecting\nmbedtls_ssl_handshake returned -9984\n"}};
    static const struct expected expected[] = {
        {"R-01", DOCTOR_ERROR, "azure-iot-test-only.root.ca.cert.pem", 1, "-9984"},
        {"L-05", DOCTOR_ERROR, "serial.log", 2, ""},
    };
    check_story(&c, expected, HR_COUNT_OF(expected));
}

// Every kind of input that may hold a secret, right and wrong.
static const struct kit_case secret_cases[] = {
    {.inputs = {"arg: HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey={secret}"}},
    {.inputs = {"arg: HostName={secret};DeviceId=d;SharedAccessKey={secret}"}},
    {.inputs = {"arg: HostName=h;DeviceId={secret};SharedAccessKey={secret}"}},
    {.inputs = {"arg: HostName=h;DeviceId=d;{secret}"}},
    {.inputs = {"arg: HostName=h;DeviceId=d;GatewayHostName={secret};ModuleId={secret}"}},
    {.inputs = {"arg: HostName=h;{secret}=x;SharedAccessKey=%2B{secret}"}},
    {.inputs =
         {"arg: HostName=h;DeviceId=d;SharedAccessKeyName={secret};SharedAccessKey={secret}"}},
    {.inputs = {"arg: SharedAccessSignature sr={secret}&sig={secret}&se={secret}&skn={secret}"}},
    {.inputs = {"arg: SharedAccessSignature sr=h%2Fdevices%2F{secret}&sig={secret}&se=1700000000",
                "arg: HostName=h;DeviceId=d;SharedAccessKey={secret}"}},
    {.inputs = {"c.h: #define DEVICE_KEY \"{secret}\"\n#define IOTHUB_HOSTNAME \"{secret}\"\n"
                "#define ID_SCOPE \"{secret}\"\n"}},
    {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_HOSTNAME=\"{secret}\"\n"
                "CONFIG_AZURE_IOT_HUB_DPS_ID_SCOPE=\"{secret}\"\n"}},
    {.inputs = {"d.log: connect with SharedAccessKey={secret} error -22\n"}},
    {.inputs = {"device.key: {devicekey}"}},
    {.inputs = {"ca.pem: {devicekey}{root}"}},
    {.inputs = {"certs.h: #define CLIENT_PRIVATE_KEY \\\n{devicekey.macro}"}},
    {.inputs = {"key.pem: -----BEGIN {secret}-----\n{secret}\n-----END X-----\n"}},
    {.settings = {.device_id = kit_secret, .thumbprint = kit_secret, .hub_host = kit_secret},
     .inputs = {"device.pem: {device}"}},
};

static void check_absence(const struct doctor *d, const char *secret, size_t part_len, size_t row)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    kit_print(d, &text);
    for (size_t i = 0; secret[i] && strlen(secret + i) >= part_len; i++) {
        char part[32] = "";
        memcpy(part, secret + i, part_len);
        if (strstr(buf_text(&text), part)) {
            fail_msg("row %zu: '%s' of the secret is in:\n%s", row, part, buf_text(&text));
        }
    }
}

static void no_part_of_a_secret_is_in_any_output(void **state)
{
    (void)state;
    char key_line[65] = "";
    struct span pem = kit_fixture("devicekey");
    memcpy(key_line, pem.ptr + text_find(pem, "\n") + 1, 64);
    for (size_t i = 0; i < HR_COUNT_OF(secret_cases); i++) {
        struct doctor *d = kit_run(&secret_cases[i]);
        check_absence(d, kit_secret, 8, i);
        check_absence(d, key_line, 8, i);
        doctor_free(d);
    }
}

static void settings_that_are_too_long_are_refused(void **state)
{
    (void)state;
    char big[2000];
    struct doctor *d = (struct doctor *)1;
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    const struct doctor_settings s = {
        .stack = STACK_ANY, .cloud = CLOUD_ANY, .hub_host = "h", .device_id = big};
    assert_true(doctor_new(&s, &d) < 0);
    assert_null(d);
    doctor_free(NULL);
}

static void each_rule_has_an_id_of_its_own_and_a_title(void **state)
{
    (void)state;
    for (enum doctor_rule a = 0; a < DOCTOR_RULE_COUNT; a++) {
        assert_true(strlen(doctor_rule_title(a)) > 5);
        for (enum doctor_rule b = 0; b < a; b++) {
            assert_string_not_equal(doctor_rule_id(a), doctor_rule_id(b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_root_on_the_device_and_a_clock_of_1980),
        cmocka_unit_test(the_c_sdk_without_trusted_certificates_in_azure_china),
        cmocka_unit_test(the_nordic_project_with_mqtt_certs_h),
        cmocka_unit_test(ones_own_test_ca_as_the_servers_anchor),
        cmocka_unit_test(no_part_of_a_secret_is_in_any_output),
        cmocka_unit_test(settings_that_are_too_long_are_refused),
        cmocka_unit_test(each_rule_has_an_id_of_its_own_and_a_title),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
