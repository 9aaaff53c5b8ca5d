// SPDX-License-Identifier: MIT
// What hub files and `--set` make of the hub of `hubrig serve`, as outside clients meet it: openssl
// makes certificates and signs tokens, the Mosquitto client sends.
#include "base/test.h"
#include "harness/cli/served.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>

#define PUB                                                                                        \
    "mosquitto_pub -V mqttv311 -h localhost -p %d --cafile hub-files/root.pem -i press-7 "         \
    "-u 'localhost/press-7/?api-version=2021-04-12' -q 1 "
#define TOPIC "devices/press-7/messages/events/"

static int make_certificates(void **state)
{
    struct shell_result r;
    if (shell_set_up(state) != 0) {
        return -1;
    }
    shell_run(&r, "%s",
              "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out factory.pem -days 9 "
              "-subj /CN=Factory && openssl req -newkey rsa:2048 -nodes -keyout press.key -subj "
              "/CN=press-7 | openssl x509 -req -CA factory.pem -CAkey ca.key -CAcreateserial -days 9 "
              "-out press.pem && mkdir sub && mv factory.pem sub");
    int code = r.code;
    shell_release(&r);
    return code;
}

static void publish_with_certificate(const char *statement)
{
    struct shell_result r;
    char file[200];
    snprintf(file, sizeof file, "device press-7 ca\n%s\n", statement);
    shell_write("sub/a.hub", file);
    served_start("--hub sub/a.hub");
    shell_run(&r, PUB "--cert press.pem --key press.key -t " TOPIC " -m hello", served_port());
    shell_release(&r);
}

static void a_ca_of_the_hub_file_opens_the_hub_to_its_devices(void **state)
{
    (void)state;
    publish_with_certificate("ca factory factory.pem");
    assert_non_null(strstr(served_await("\"d2c.message\""), "press-7"));
}

static void an_unverified_ca_of_the_hub_file_opens_nothing(void **state)
{
    (void)state;
    publish_with_certificate("ca factory factory.pem unverified");
    assert_non_null(strstr(served_await("\"mqtt.refused\""), "certificate-unverified-ca"));
}

#define KEY "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// With a token for `resource` that KEY signed; `claim` goes behind its other fields, `properties`
// behind the topic. Says 'sent' once the message is acknowledged.
static void publish_with_token(struct shell_result *r, const char *resource, const char *claim,
                               const char *properties)
{
    shell_run(r,
              "sr='%s'; sig=$(printf '%%s\n4000000000' $sr | openssl dgst -sha256 -hmac "
              "0123456789abcdef0123456789abcdef -binary | base64 | "
              "sed 's/+/%%2B/g; s/\\//%%2F/g; s/=/%%3D/g'); timeout 20 " PUB
              "-P \"SharedAccessSignature sr=$sr&sig=$sig&se=4000000000%s\" "
              "-t '" TOPIC "%s' -m hello && echo sent",
              resource, served_port(), claim, properties);
}

static void publish_with_policy(const char *claim)
{
    struct shell_result r;
    shell_write("p.hub", "device press-7\n"
                         "policy gateway DeviceConnect primary " KEY "\n"
                         "policy looker RegistryRead secondary " KEY "\n"
                         "policy device secondary " KEY "\n");
    served_start("--hub p.hub");
    publish_with_token(&r, "localhost", claim, "");
    shell_release(&r);
}

static void a_token_of_a_policy_of_the_hub_file_opens_the_hub(void **state)
{
    (void)state;
    publish_with_policy("&skn=gateway");
    assert_non_null(strstr(served_await("\"d2c.message\""), "press-7"));
}

static void a_policy_that_every_hub_has_takes_the_key_of_the_hub_file(void **state)
{
    (void)state;
    publish_with_policy("&skn=device");
    assert_non_null(strstr(served_await("\"d2c.message\""), "press-7"));
}

static void a_policy_without_the_right_to_connect_opens_nothing(void **state)
{
    (void)state;
    publish_with_policy("&skn=looker");
    assert_non_null(strstr(served_await("\"mqtt.refused\""), "policy 'looker' has no DeviceConnect"));
}

#define OP "AzIoTHub_FaultOperation"

static void publish_with_key(struct shell_result *r, const char *options, const char *properties)
{
    shell_write("k.hub", "device press-7 key " KEY "\n");
    served_start(options);
    publish_with_token(r, "localhost%2Fdevices%2Fpress-7", "", properties);
}

static void a_fault_that_a_message_asks_for_acts_once_it_is_switched_on(void **state)
{
    (void)state;
    struct shell_result r;
    publish_with_key(&r, "--hub k.hub --set hub.sdk_faults=on", OP "Type=KillTcp&" OP "DelayInSecs=0");
    assert_non_null(strstr(served_await("\"sdk.fault\""), "KillTcp"));
    assert_non_null(strstr(served_await("\"tcp.closed\""), "hub"));
    shell_release(&r);
}

static void a_message_that_asks_for_a_fault_is_telemetry_unless_that_is_switched_on(void **state)
{
    (void)state;
    struct shell_result r;
    publish_with_key(&r, "--hub k.hub", OP "Type=KillTcp");
    shell_assert_says(&r, "sent");
    assert_non_null(strstr(served_await("\"d2c.message\""), OP));
    shell_release(&r);
}

static void a_knob_with_a_mistake_keeps_the_hub_from_starting(void **state)
{
    static const struct shell_row rows[] = {
        {"hub.tier=S9", 2, "hubrig serve: --set hub.tier=S9: 'S9' is no tier"},
        {"hub.chian=x", 2, "did you mean hub.chain?"},
        {"hub.chain=x", 2, "this knob is for scenarios; try --chain"},
        {"hub.quota=1 --set hub.quota=2", 2, "hub.quota is set already"},
    };
    (void)state;
    shell_assert_rows("hubrig serve --port 0 --set", rows, HR_COUNT_OF(rows));
}

static void check_reads_the_certificates_that_a_hub_file_names(void **state)
{
    static const struct shell_row rows[] = {
        {"sub/factory.pem", 0, "no mistakes"},
        {"nothing.pem", 2, "c.hub:1:6: cannot open nothing.pem"},
        {"press.key", 2, "c.hub:1:6: press.key: expected certificates"},
        {"press.pem", 2, "c.hub:1:6: the certificate of 'press-7' is no CA's"},
        {"two.pem", 2, "c.hub:1:6: expected the one certificate of the CA, seen 2"},
    };
    (void)state;
    shell_write("check", "printf 'ca a %s\\n' $1 >c.hub; cat press.pem press.pem >two.pem; "
                         "hubrig check c.hub\n");
    shell_assert_rows("sh ./check", rows, HR_COUNT_OF(rows));
}

int main(void)
{
#define SERVED(name) cmocka_unit_test_teardown(name, served_stop)
    const struct CMUnitTest tests[] = {
        SERVED(a_ca_of_the_hub_file_opens_the_hub_to_its_devices),
        SERVED(an_unverified_ca_of_the_hub_file_opens_nothing),
        SERVED(a_token_of_a_policy_of_the_hub_file_opens_the_hub),
        SERVED(a_policy_that_every_hub_has_takes_the_key_of_the_hub_file),
        SERVED(a_policy_without_the_right_to_connect_opens_nothing),
        SERVED(a_fault_that_a_message_asks_for_acts_once_it_is_switched_on),
        SERVED(a_message_that_asks_for_a_fault_is_telemetry_unless_that_is_switched_on),
        cmocka_unit_test(a_knob_with_a_mistake_keeps_the_hub_from_starting),
        cmocka_unit_test(check_reads_the_certificates_that_a_hub_file_names),
    };
    return cmocka_run_group_tests(tests, make_certificates, shell_tear_down);
}
