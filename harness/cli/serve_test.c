// SPDX-License-Identifier: MIT
// `hubrig serve` as its users meet it: openssl, the Mosquitto client, and peers that misbehave.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/served.h"
#include "harness/cli/shell.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void the_ready_line_comes_first_and_names_everything(void **state)
{
    (void)state;
    served_start("--host myhub.azure-devices.net");
    assert_true(strncmp(served_ready(), "ready host=myhub.azure-devices.net address=127.0.0.1 port=", 58) == 0);
    assert_non_null(strstr(served_ready(), "root=hub-files/root.pem chain=azure/digicert-g2"));
}

static void openssl_verifies_the_chain_with_the_root_and_not_without(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("");
    shell_run(&r, "openssl s_client -connect localhost:%d -CAfile hub-files/root.pem -verify_return_error </dev/null",
              served_port());
    shell_assert_says(&r, "Verify return code: 0 (ok)");
    shell_assert_says(&r, "No client certificate CA names sent");
    shell_assert_says(&r, "Client Certificate Types"); // asked for, without a CA list
    shell_release(&r);
    shell_run(&r, "openssl s_client -connect localhost:%d </dev/null", served_port());
    shell_assert_says(&r, "Verify return code: 20");
    shell_release(&r);
    shell_run(&r, "openssl s_client -connect localhost:%d -showcerts -CAfile hub-files/root.pem </dev/null | grep -c BEGIN",
              served_port());
    shell_assert_says(&r, "3\n"); // leaf and intermediates, never the root
    shell_release(&r);
}

static void an_expired_leaf_is_answered_with_code_10(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("--chain bad/expired-leaf");
    shell_run(&r, "openssl s_client -connect localhost:%d -CAfile hub-files/root.pem </dev/null", served_port());
    shell_assert_says(&r, "Verify return code: 10");
    shell_release(&r);
}

static void a_client_alert_is_an_event_with_its_name(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("--chain bad/expired-leaf");
    shell_run(&r, "openssl s_client -connect localhost:%d -CAfile hub-files/root.pem -verify_return_error </dev/null",
              served_port());
    const char *line = served_await("\"tls.alert\"");
    assert_non_null(strstr(line, "\"by\":\"device\",\"level\":\"fatal\",\"name\":\"certificate_expired\",\"code\":45"));
    served_await("\"tls.failed\"");
    shell_release(&r);
}

static void a_message_of_mosquitto_pub_is_in_the_journal(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("--device press-4 --x509");
    shell_run(&r,
              "mosquitto_pub -V mqttv311 -h localhost -p %d --cafile hub-files/root.pem --cert "
              "hub-files/device.crt --key hub-files/device.key -i press-4 -u "
              "'localhost/press-4/?api-version=2021-04-12' -q 1 -t "
              "'devices/press-4/messages/events/colour=dark%%20red&$.mid=m-1' -m 'it is warm'",
              served_port());
    assert_int_equal(r.code, 0);
    const char *line = served_await("\"d2c.message\"");
    assert_non_null(strstr(line, "\"message_id\":\"m-1\""));
    assert_non_null(strstr(line, "\"body\":\"it is warm\""));
    assert_non_null(strstr(line, "dark red"));
    shell_release(&r);
}

static void the_printed_token_connects_and_a_wrong_one_is_told_why(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "serve; "
                  "eval \"$(grep -o 'mosquitto_pub.*' lines)\"; echo good $?; "
                  "eval \"$(grep -o 'mosquitto_pub.*' lines | sed 's/sig=...../sig=AAAAA/')\"; echo bad $?; "
                  "until grep -q mqtt.refused lines; do :; done; finish; cat lines");
    shell_assert_says(&r, "good 0");
    shell_assert_says(&r, "bad 5");
    shell_assert_says(&r, "hub 0");
    shell_assert_says(&r, "reason=sas-wrong-signature");
    shell_release(&r);
}

static void the_sas_key_survives_a_restart(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "for i in 1 2; do serve --files kept; finish >code; grep -o 'SharedAccessKey=.*' lines; "
                  "done | sort -u | wc -l; stat -c %%a kept/device.sas-key");
    shell_assert_says(&r, "1\n600\n");
    shell_release(&r);
}

static int dial(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)served_port())};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void peers_that_speak_no_tls_are_named_and_the_hub_goes_on(void **state)
{
    (void)state;
    static const struct {
        struct span bytes;
        const char *says;
    } rows[] = {
        {SPAN_LITERAL("GET / HTTP/1.1\r\n\r\n"), "spoke HTTP without TLS"},
        {SPAN_LITERAL("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"), "spoke MQTT without TLS"},
        {SPAN_LITERAL("\xff\xfe\xfd"), "spoke an unknown protocol without TLS"},
        {SPAN_LITERAL("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), "ClientHello"},
    };
    struct shell_result r;
    served_start("");
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        int fd = dial();
        assert_int_equal(write(fd, rows[i].bytes.ptr, rows[i].bytes.len), rows[i].bytes.len);
        assert_non_null(strstr(served_await("\"tls.failed\""), rows[i].says));
        char rest[100];
        while (read(fd, rest, sizeof rest) > 0) {
        }
        close(fd);
    }
    shell_run(&r, "openssl s_client -connect localhost:%d -CAfile hub-files/root.pem </dev/null", served_port());
    shell_assert_says(&r, "Verify return code: 0 (ok)");
    shell_release(&r);
}

static void a_device_that_hangs_up_at_every_byte_of_a_handshake_does_no_harm(void **state)
{
    (void)state;
    struct shell_result r;
    static const uint8_t noise[64] = {0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3};
    served_start("");
    for (size_t n = 0; n <= sizeof noise; n++) {
        int fd = dial();
        assert_int_equal(write(fd, noise, n), n);
        struct linger at_once = {1, 0};
        if (n % 2) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        close(fd);
    }
    for (size_t n = 0; n <= sizeof noise; n++) {
        served_await("\"tcp.closed\"");
    }
    shell_run(&r, "openssl s_client -connect localhost:%d -CAfile hub-files/root.pem </dev/null", served_port());
    shell_assert_says(&r, "Verify return code: 0 (ok)");
    shell_release(&r);
}

int main(void)
{
#define SERVED(name) cmocka_unit_test_teardown(name, served_stop)
    const struct CMUnitTest tests[] = {
        SERVED(the_ready_line_comes_first_and_names_everything),
        SERVED(openssl_verifies_the_chain_with_the_root_and_not_without),
        SERVED(an_expired_leaf_is_answered_with_code_10),
        SERVED(a_client_alert_is_an_event_with_its_name),
        SERVED(a_message_of_mosquitto_pub_is_in_the_journal),
        SERVED(the_printed_token_connects_and_a_wrong_one_is_told_why),
        SERVED(the_sas_key_survives_a_restart),
        SERVED(peers_that_speak_no_tls_are_named_and_the_hub_goes_on),
        SERVED(a_device_that_hangs_up_at_every_byte_of_a_handshake_does_no_harm),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
