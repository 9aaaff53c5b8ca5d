// SPDX-License-Identifier: MIT
// Families S, T, P and L.
#include "base/error.h"
#include "base/hash.h"
#include "base/test.h"
#include "base/text_code.h"
#include "certs/doctor/case.h"
#include "certs/doctor/doctor_kit.h"

#include <stdio.h>
#include <string.h>

#define HOST "HostName=h.azure-devices.net;"
#define ID   "DeviceId=d;"
#define KEY  "SharedAccessKey={secret}"
#define SOUND                                                                                      \
    {                                                                                              \
        .inputs = { "arg: " HOST ID KEY }                                                          \
    }

static void each_rule_of_the_connection_string_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"S-01", {.inputs = {"arg: " HOST ID "SharedAccessKey=c2VjcmV0LXNlY3JldC1zZWN"}}, SOUND},
        {"S-01", {.inputs = {"arg: " HOST ID "SharedAccessKey=c2Vj"}}, SOUND},
        {"S-02", {.inputs = {"arg: HostName=h.azure-devices.net"}}, SOUND},
        {"S-03", {.inputs = {"arg: " HOST "SharedAccessKeyName=iothubowner;" KEY}}, SOUND},
        {"S-04", {.inputs = {"arg: HostName=<my hub>;" ID KEY}}, SOUND},
        {"S-04", {.inputs = {"arg: HostName=xxx.azure-devices.net;" ID KEY}}, SOUND},
        {"S-04",
         {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_HOSTNAME=\"your-hub.azure-devices.net\"\n"}},
         {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_HOSTNAME=\"plant7.azure-devices.net\"\n"}}},
        {"S-05", {.inputs = {"arg: HostName=https://h.azure-devices.net/;" ID KEY}}, SOUND},
        {"S-05", {.inputs = {"arg: HostName=h.azure-devices.net.;" ID KEY}}, SOUND},
        {"S-06",
         {.settings = {.hub_host = "other.azure-devices.net"}, .inputs = {"arg: " HOST ID KEY}},
         {.settings = {.hub_host = "H.azure-devices.net"}, .inputs = {"arg: " HOST ID KEY}}},
        {"S-06",
         {.settings = {.cloud = CLOUD_CHINA}, .inputs = {"arg: " HOST ID KEY}},
         {.settings = {.cloud = CLOUD_CHINA},
          .inputs = {"arg: HostName=h.azure-devices.cn;" ID KEY}}},
        {"S-07", {.inputs = {"arg: HostName=h.azure-devices.net ;" ID KEY}}, SOUND},
        {"S-07", {.inputs = {"arg: \xe2\x80\x8bHostName=h.azure-devices.net;" ID KEY}}, SOUND},
        {"S-07", {.inputs = {"arg: \"" HOST ID KEY "\""}}, SOUND},
        {"S-07",
         {.inputs = {"string.txt: " HOST ID KEY "\r\n"}},
         {.inputs = {"string.txt: " HOST ID KEY "\n"}}},
        {"S-08", {.inputs = {"arg: " HOST ID "SharedAccessKey=abc%2Bdef%3D"}}, SOUND},
        {"S-09", {.inputs = {"arg: " HOST "DeviceId=a/b;" KEY}}, SOUND},
        {"S-10", {.inputs = {"arg: " HOST ID KEY ";GatewayHostName=gw"}}, SOUND},
        {"S-11", {.inputs = {"arg: " HOST ID KEY ";x509=true"}}, SOUND},
        {"S-11",
         {.inputs = {"arg: " HOST "DeviceId=d"}},
         {.inputs = {"arg: " HOST ID "x509=true"}}},
        {"S-12", {.inputs = {"arg: hostname=h.azure-devices.net;" ID KEY}}, SOUND},
        {"S-12", {.inputs = {"arg: " HOST ID ID KEY}}, SOUND},
        {"S-12", {.inputs = {"arg: " HOST ID KEY ";Colour=red"}}, SOUND},
        {"S-13", {.inputs = {"arg: HostName=h.azure-devices.net:443;" ID KEY}}, SOUND},
        {"S-13",
         {.inputs = {"prj.conf: CONFIG_MQTT_BROKER_PORT=1883\n"}},
         {.inputs = {"prj.conf: CONFIG_MQTT_BROKER_PORT=8883\n"}}},
        {"T-15",
         {.inputs = {"c.h: #define SAS_TOKEN \"" HOST ID KEY "\""}},
         {.inputs = {"c.h: #define CONNECTION_STRING \"" HOST ID KEY "\""}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void a_string_in_order_is_said_to_be(void **state)
{
    (void)state;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 16);
    struct doctor *d = kit_run(&(struct kit_case)SOUND);
    kit_print(d, &text);
    assert_non_null(strstr(buf_text(&text), "right the connection string is well formed"));
    doctor_free(d);
}

#define TOKEN "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2Fd"
#define SIG   "&sig=c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlMTIz%3D"
#define LATER "&se=1795183000"
#define GOOD                                                                                       \
    {                                                                                              \
        .inputs = { "arg: " TOKEN SIG LATER }                                                      \
    }
#define FOR(id) .settings = {.device_id = id, .hub_host = "h.azure-devices.net"}

static void each_rule_of_the_token_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"T-01", {.inputs = {"arg: sr=h.azure-devices.net%2Fdevices%2Fd" SIG LATER}}, GOOD},
        {"T-01", {.inputs = {"arg: " TOKEN LATER}}, GOOD},
        {"T-02", {.inputs = {"arg: " TOKEN SIG "&se=1700000000"}}, GOOD},
        {"T-03", {.inputs = {"arg: " TOKEN SIG "&se=1795183000000"}}, GOOD},
        {"T-04",
         {.inputs = {"arg: " TOKEN SIG "&se=1795168810"}},
         {.inputs = {"arg: " TOKEN SIG "&se=1795170000"}}},
        {"T-05", {.inputs = {"arg: " TOKEN SIG "&se=3600"}}, GOOD},
        {"T-06", {.inputs = {"arg: " TOKEN SIG "&se=2147483647"}}, GOOD},
        {"T-09",
         {.inputs = {"arg: SharedAccessSignature sr=h.azure-devices.net/devices/d" SIG LATER}},
         GOOD},
        {"T-10",
         {.inputs = {"arg: " TOKEN "&sig=c2lnbmF0dXJl+2lnbmF0dXJlc2lnbmF0dXJlMTIz=" LATER}},
         GOOD},
        {"T-11",
         {.inputs = {"arg: SharedAccessSignature sr=h.azure-devices.net%2fdevices%2fd" SIG LATER}},
         GOOD},
        {"T-12",
         {FOR("other"), .inputs = {"arg: " TOKEN SIG LATER}},
         {FOR("d"), .inputs = {"arg: " TOKEN SIG LATER}}},
        {"T-13",
         {.inputs = {"arg: " TOKEN SIG LATER "&skn=iothubowner"}},
         {.inputs = {"arg: " TOKEN SIG LATER "&skn="}}},
        {"T-14",
         {.inputs = {"arg: SharedAccessSignature sr=0ne00ABCDEF%2Fregistrations%2Fd" SIG LATER}},
         {.inputs = {"arg: SharedAccessSignature sr=0ne00ABCDEF%2Fregistrations%2Fd" SIG LATER
                     "&skn=registration"}}},
        {"T-15",
         {.inputs = {"c.h: #define CONNECTION_STRING \"" TOKEN SIG LATER "\""}},
         {.inputs = {"c.h: #define PASSWORD \"" TOKEN SIG LATER "\""}}},
        {"T-16", {.inputs = {"arg: " TOKEN SIG "&se=1795176060"}}, GOOD},
        {"T-16", {.inputs = {"arg: " TOKEN SIG "&se=1895176060"}}, GOOD},
        {"T-17",
         {.inputs = {"token.txt: \"" TOKEN SIG LATER "\"\n"}},
         {.inputs = {"token.txt: " TOKEN SIG LATER "\n"}}},
        {"T-17", {.inputs = {"arg: " TOKEN SIG LATER "\n"}}, GOOD},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

// A token with `sent` as sr, signed over `text` with the bytes (or the text) of the key.
static struct doctor *run_signed(const char *sent, const char *text, bool is_raw_key)
{
    uint8_t mac[HASH_SHA256_BYTES];
    struct buf key HR_CLEANUP(buf_wipe);
    struct buf sig HR_CLEANUP(buf_wipe);
    struct buf encoded HR_CLEANUP(buf_wipe);
    struct doctor *d = NULL;
    char token[512];
    char connection[256];
    buf_init(&key, 256);
    buf_init(&sig, 256);
    buf_init(&encoded, 256);
    assert_int_equal(is_raw_key ? buf_append_text(&key, kit_secret)
                                : base64_decode(span_text(kit_secret), &key),
                     0);
    assert_int_equal(hash_hmac_sha256(buf_span(&key), span_text(text), mac), 0);
    assert_int_equal(base64_encode(span_of(mac, sizeof mac), &sig), 0);
    assert_int_equal(percent_encode(buf_span(&sig), &encoded), 0);
    snprintf(token, sizeof token, "SharedAccessSignature sr=%s&sig=%s&se=1795183000", sent,
             buf_text(&encoded));
    snprintf(connection, sizeof connection,
             "HostName=Hub7.azure-devices.net;DeviceId=Bench-01;SharedAccessKey=%s", kit_secret);
    const struct doctor_settings s = {.now_s = kit_now_s, .stack = STACK_ANY, .cloud = CLOUD_ANY};
    assert_int_equal(doctor_new(&s, &d), 0);
    const char *const texts[] = {connection, token};
    for (size_t i = 0; i < 2; i++) {
        const struct doctor_input input = {
            .name = "arg", .bytes = span_text(texts[i]), .is_text = true};
        assert_int_equal(doctor_add(d, &input), 0);
    }
    assert_int_equal(doctor_run(d), 0);
    return d;
}

static void a_wrong_signature_is_traced_to_what_was_signed(void **state)
{
    (void)state;
#define RAW     "Hub7.azure-devices.net/devices/Bench-01"
#define ENCODED "Hub7.azure-devices.net%2Fdevices%2FBench-01"
    static const struct {
        const char *sent;
        const char *text;
        bool is_raw_key;
        const char *rule; // NULL: the signature is right
        const char *says;
    } rows[] = {
        {ENCODED, ENCODED "\n1795183000", false, NULL, ""},
        {RAW, RAW "\n1795183000", false, NULL, ""},
        {ENCODED, RAW "\n1795183000", false, "T-07", "decoded resource"},
        {RAW, ENCODED "\n1795183000", false, "T-07", "percent-encoded resource"},
        {ENCODED, "Hub7.azure-devices.net%2fdevices%2fBench-01\n1795183000", false, "T-07",
         "lower-case percent-encoding"},
        {ENCODED, ENCODED "\n1795183000\n", false, "T-07", "line feed too many"},
        {ENCODED, ENCODED "\n1795183000", true, "T-07", "base64 text instead of its bytes"},
        {"hub7.azure-devices.net%2Fdevices%2Fbench-01", ENCODED "\n1795183000", false, "T-08",
         "case of host and device id"},
        {ENCODED, "hub7.azure-devices.net/devices/bench-01\n1795183000", false, "T-08",
         "lower case"},
        {ENCODED, "something else", false, "T-07", "none of the known ways"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct doctor *d = run_signed(rows[i].sent, rows[i].text, rows[i].is_raw_key);
        const struct doctor_finding *f = rows[i].rule ? kit_find(d, rows[i].rule) : NULL;
        if (rows[i].rule && (!f || !strstr(f->what, rows[i].says))) {
            fail_msg("row %zu: expected '%s', seen '%s'", i, rows[i].says, f ? f->what : "nothing");
        }
        if (!rows[i].rule) {
            assert_null(kit_find(d, "T-07"));
            assert_null(kit_find(d, "T-08"));
        }
        doctor_free(d);
    }
}

#define DPS(id) .settings = {.device_id = id, .hub_host = "global.azure-devices-provisioning.net"}

static void each_rule_of_provisioning_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"P-01",
         {DPS("Bench 01"), .inputs = {"arg: 0ne00ABCDEF"}},
         {DPS("bench-01"), .inputs = {"arg: 0ne00ABCDEF"}}},
        {"P-02",
         {DPS("bench-02"), .inputs = {"device.pem: {device}"}},
         {DPS("bench-01"), .inputs = {"device.pem: {device}"}}},
        {"P-03",
         {DPS("bench-01"), .inputs = {"device.pem: {spaced}"}},
         {DPS("bench-01"), .inputs = {"device.pem: {device}"}}},
        {"P-04", {.inputs = {"arg: 0ne00ABC"}}, {.inputs = {"arg: 0ne00ABCDEF"}}},
        {"P-04",
         {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_DPS_ID_SCOPE=\"MY_ID_SCOPE\"\n"}},
         {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_DPS_ID_SCOPE=\"0ne00ABCDEF\"\n"}}},
        {"P-05",
         {.settings = {.hub_host = "mine.azure-devices-provisioning.net"},
          .inputs = {"arg: 0ne00ABCDEF"}},
         {DPS("bench-01"), .inputs = {"arg: 0ne00ABCDEF"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void each_line_of_a_log_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"L-01",
         {.inputs = {"d.log: mqtt_connect error -22\n"}},
         {.inputs = {"d.log: mqtt_connect error -2\n"}}},
        {"L-02",
         {.inputs = {"d.log: mqtt_connect error -2\n"}},
         {.inputs = {"d.log: mqtt_connect error -22\n"}}},
        {"L-03",
         {.inputs = {"d.log: mbedtls_x509_crt_parse returned -0x2180\n"}},
         {.inputs = {"d.log: mbedtls_x509_crt_parse returned 0\n"}}},
        {"L-04",
         {.inputs = {"d.log: Failed to parse CA certificates, err: -0xfffffffe\n"}},
         {.inputs = {"d.log: Failed to parse CA certificates, err: -0x2180\n"}}},
        {"L-05",
         {.inputs = {"d.log: mbedtls_ssl_handshake returned -0x2700\n"}},
         {.inputs = {"d.log: mbedtls_ssl_handshake returned 0\n"}}},
        {"L-05",
         {.inputs = {"d.log: connect failed: -9984\n"}},
         {.inputs = {"d.log: connect failed: -99\n"}}},
        {"L-06",
         {.inputs = {"d.log: ! handshake: The certificate validity has expired\n"}},
         {.inputs = {"d.log: handshake done\n"}}},
        {"L-07",
         {.inputs = {"d.log: handshake -0x2700 flags 0x1c00d\n"}},
         {.inputs = {"d.log: handshake -0x2700 flags 0x8\n"}}},
        {"L-08",
         {.inputs = {"d.log: handshake returned -0x7100\n"}},
         {.inputs = {"d.log: handshake returned -0x7200\n"}}},
        {"L-09",
         {.inputs = {"d.log: handshake returned -0x7280\n"}},
         {.inputs = {"d.log: handshake returned 0\n"}}},
        {"L-10", {.inputs = {"d.log: CONNACK code 5\n"}}, {.inputs = {"d.log: CONNACK code 0\n"}}},
        {"L-11", {.inputs = {"d.log: CONNACK code 4\n"}}, {.inputs = {"d.log: CONNACK code 0\n"}}},
        {"L-12",
         {.inputs = {"d.log: error -1, provisioning answered 401002\n"}},
         {.inputs = {"d.log: error -1, provisioning answered 200\n"}}},
        {"L-13",
         {.inputs = {"d.log: Verify return code: 20 (x)\nverify return code: 20\n"}},
         {.inputs = {"d.log: verify return code: 0 (ok)\n"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void formats_halves_and_sentences_in_sources_are_no_connection_strings(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "m.c: char *a = "
        "\"HostName=%s;DeviceId=%s;SharedAccessKey=%s\";",
        "m.c: char *b = "
        "\"HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=\" KEY;",
        "m.c: char *c = "
        "\"usage: m --string HostName=...;DeviceId=...;SharedAccessKey=...\";",
    };
    for (size_t i = 0; i < HR_COUNT_OF(sources); i++) {
        struct doctor *d = kit_run(&(struct kit_case){.inputs = {sources[i]}});
        assert_int_equal(d->connection_count, 0);
        assert_int_equal(doctor_finding_count(d), 0);
        doctor_free(d);
    }
}

static void an_argument_that_is_nothing_is_refused(void **state)
{
    (void)state;
    struct doctor *d = NULL;
    const struct doctor_settings s = {.now_s = kit_now_s, .stack = STACK_ANY, .cloud = CLOUD_ANY};
    assert_int_equal(doctor_new(&s, &d), 0);
    const struct doctor_input input = {
        .name = "argument 1", .bytes = SPAN_LITERAL("no-such-file.pem"), .is_text = true};
    assert_int_equal(doctor_add(d, &input), ERR_UNKNOWN_NAME);
    doctor_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_of_the_connection_string_has_a_case_and_a_neighbour),
        cmocka_unit_test(a_string_in_order_is_said_to_be),
        cmocka_unit_test(each_rule_of_the_token_has_a_case_and_a_neighbour),
        cmocka_unit_test(a_wrong_signature_is_traced_to_what_was_signed),
        cmocka_unit_test(each_rule_of_provisioning_has_a_case_and_a_neighbour),
        cmocka_unit_test(each_line_of_a_log_has_a_case_and_a_neighbour),
        cmocka_unit_test(formats_halves_and_sentences_in_sources_are_no_connection_strings),
        cmocka_unit_test(an_argument_that_is_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
