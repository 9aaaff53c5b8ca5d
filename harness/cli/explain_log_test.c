// SPDX-License-Identifier: MIT
// Logs as people post them, shortened: what `hubrig explain-log` says of the whole of each.
#include "base/test.h"
#include "harness/cli/shell.h"

#include <string.h>

static void each_log_leads_to_its_cause(void **state)
{
    (void)state;
    static const struct {
        const char *log, *cause;
    } rows[] = {
        // C SDK, both of its formats
        {"-> 08:15:41 CONNECT | VER: 4 | KEEPALIVE: 240 | FLAGS: 192 | PWD: XXXX | CLEAN: 0\n"
         "<- 08:15:42 CONNACK | SESSION_PRESENT: false | RETURN_CODE: 0x5\n"
         "-> 08:15:42 DISCONNECT\n",
         "the hub refused CONNECT (azure-c CONNACK-5)"},
        {"Connection Not Accepted: 0x5: Not Authorized\nTLS failed sending data\n"
         "Error: mqtt_client_disconnect send failed\n",
         "the hub refused CONNECT (azure-c CONNACK-5)"},
        {"Error: Time:Tue Jun  8 10:49:25 2021 File:/a/socketio_berkeley.c Func:socketio_dowork "
         "Line:1068\nerrno: 22\nError: Time:Tue Jun  8 10:49:25 2021 File:/a/src/mqtt_client.c "
         "Func:onOpenComplete Line:454 Error: failure opening\n",
         "the connection could not be opened: TCP or TLS failed (azure-c open)"},
        // Python: the traceback's last line is the vaguest
        {"transport.connect raised error\nTraceback (most recent call last):\n"
         "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
         "failed: "
         "unable to get local issuer certificate (_ssl.c:1108)\n"
         "azure.iot.device.exceptions.CredentialError: Credentials invalid, could not connect\n",
         "the chain leads to no root that Python trusts (azure-python tls)"},
        {"Caused by: com.microsoft.azure.sdk.iot.device.transport.mqtt.exceptions."
         "MqttUnauthorizedException: Unable to establish MQTT connection\n",
         "the hub refused the credentials (azure-java unauthorized)"},
        {"Microsoft.Azure.Devices.Client.Exceptions.UnauthorizedException: CONNECT failed: "
         "RefusedNotAuthorized:\n   at System.Runtime.CompilerServices.TaskAwaiter\n",
         "the hub refused the credentials (azure-csharp RefusedNotAuthorized)"},
        // NetX: the same text, and the number decides
        {"SNTP time update: Apr 5, 2023 15:29:55.558 UTC\nSUCCESS: SNTP initialized\n"
         "ERROR: nx_azure_iot_hub_client_connect (0x000000a3)\n",
         "the host name does not resolve (threadx 0xa3)"},
        {"[ERROR] IoTHub client connect fail: MQTT CONNECT FAIL status: 65541\n"
         "Disconnected from IoTHub!: error code = 0x00010005\n",
         "the connection failed before the hub answered: TCP or TLS (threadx 0x10005)"},
        {"[ERROR] IoTHub client connect fail: MQTT CONNECT FAIL status: 65669\n",
         "the hub refused the credentials (threadx 65669)"},
        {"I (1931) wifi: state: init -> auth (b0)\nW (23892) esp-tls: Failed to open new "
         "connection "
         "in specified timeout\nE (23892) MQTT_CLIENT: Error transport connect\n",
         "the connection did not come up in time (esp-idf 0x8006)"},
        {"Connected to wifi.\nplease start sntp first !\nTLS failed to start the connection "
         "process.\nError: io_open failed\nfailure connecting to address h.azure-devices.net:0.\n",
         "the device did not get the time (arduino sntp)"},
        {" failed\n  ! mbedtls_ssl_handshake returned -0x50\n",
         "the connection was reset (mbedtls -0x50)"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct shell_result r;
        shell_write("device.log", rows[i].log);
        shell_run(&r, "hubrig explain-log device.log | sed -n 's/^cause   //p'");
        buf_truncate(&r.out, r.out.len ? r.out.len - 1 : 0); // its line end
        if (strcmp(buf_text(&r.out), rows[i].cause) != 0) {
            fail_msg("row %zu: expected '%s', seen '%s'", i, rows[i].cause, buf_text(&r.out));
        }
        shell_release(&r);
    }
}

static void readings_are_ranked_with_their_lines(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("device.log",
                "E (74107) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700\n"
                "E (74108) TRANSPORT_BASE: Failed to open a new connection\n"
                "[ERROR] esp_tls_stack_err=9984; esp_tls_cert_verify_flags=8;esp_transport\n"
                "E (84108) TRANSPORT_BASE: Failed to open a new connection\n");
    shell_run(&r, "hubrig explain-log device.log");
    assert_string_equal(
        buf_text(&r.out),
        "cause   the chain leads to no root that the device trusts (esp-idf flags-8)\n"
        "try     add DigiCert Global Root G2 to the bundle or the PEM of the client\n"
        "where   device.log:3, 1 time: [ERROR] esp_tls_stack_err=9984; "
        "esp_tls_cert_verify_flags=8;esp_transport\n"
        "also    the server's chain did not verify (mbedtls -0x2700)\n"
        "try     print mbedtls_ssl_get_verify_result: 0x8 root, 0x1 or 0x200 clock, 0x4 name\n"
        "where   device.log:1, 1 time: E (74107) esp-tls-mbedtls: mbedtls_ssl_handshake returned "
        "-0x2700\n"
        "also    the TLS handshake failed (esp-idf handshake)\n"
        "try     the line before it has mbedTLS's code; root, clock and memory come first\n"
        "where   device.log:2, 2 times: E (74108) TRANSPORT_BASE: Failed to open a new "
        "connection\n");
    shell_release(&r);
    shell_assert("hubrig explain-log --json device.log", 1,
                 "\"readings\":[{\"event\":\"log.error\"");
}

static void a_log_without_a_failure_says_so(void **state)
{
    (void)state;
    shell_write("quiet.log", "temperature: -22 degrees\nboot 5\n");
    shell_assert("hubrig explain-log quiet.log", 0, "2 lines, and none that a dialect knows");
    shell_assert("hubrig explain-log none.log", 2, "none.log");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_log_leads_to_its_cause),
        cmocka_unit_test(readings_are_ranked_with_their_lines),
        cmocka_unit_test(a_log_without_a_failure_says_so),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
