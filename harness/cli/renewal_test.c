// SPDX-License-Identifier: MIT
// Certificate renewal as a device does it that knows nothing of hubrig: openssl makes the signing
// request, Mosquitto's clients send it and fetch the answer, and the new certificate opens the hub.
#include "base/test.h"
#include "harness/cli/shell.h"

// `mqtt PROGRAM CERTIFICATE KEY WORD...` as press-1 with the preview's api-version.
static const char functions[] =
    "mqtt() { p=$1; c=$2; k=$3; shift 3; timeout 20 $p -V mqttv311 -h localhost -p $port "
    "--cafile hub-files/root.pem --cert $c --key $k -i press-1 -c -q 1 "
    "-u 'localhost/press-1/?api-version=2025-08-01-preview' \"$@\"; }\n"
    "post() { mqtt mosquitto_pub device-files/device-chain.pem device-files/device.key "
    "-t '$iothub/credentials/POST/issueCertificate/?$rid='$1 -m \"$2\"; }\n"
    "await() { until grep -q \"$1\" lines; do kill -0 $hub || break; done; }\n"
    "A='$iothub/credentials/res/#'\n"
    "printf 'device press-1 ca\\n' >p.hub\n"
    "hubrig certs device press-1 --kind ca-signed >made\n"
    "serve --hub p.hub --host localhost\n"
    "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout new.key "
    "-subj /CN=press-1 -outform DER -out new.csr 2>made\n";

static void a_renewed_certificate_opens_the_hub(void **state)
{
    (void)state;
    static const char script[] =
        "mqtt mosquitto_sub device-files/device-chain.pem device-files/device.key -t \"$A\" -E\n"
        "post 4711 \"{\\\"id\\\":\\\"press-1\\\",\\\"csr\\\":\\\"$(base64 -w0 new.csr)\\\"}\"\n"
        "await renewal.issued\n"
        "mqtt mosquitto_sub device-files/device-chain.pem device-files/device.key -t \"$A\" -C 1 "
        "-W 10 -F '%t %p' >answer\n"
        "cut -d' ' -f1 answer\n"
        "grep -o '\"certificates\":.*' answer | tr ',' '\\n' | grep -o '\"M[^\"]*\"' | tr -d '\"' "
        ">chain\n"
        ": >new.pem; while read -r line; do echo $line | base64 -d | "
        "openssl x509 -inform DER >>new.pem; done <chain\n"
        "openssl x509 -in new.pem -noout -subject -issuer; grep -c BEGIN new.pem\n"
        "mqtt mosquitto_pub new.pem new.key -t devices/press-1/messages/events/ -m renewed && "
        "grep -o 'mqtt.connected.*auth=ca' lines | tail -1; grep -o 'body=renewed' lines; finish";
    static const char *const says[] = {"$iothub/credentials/res/200/?$rid=4711",
                                       "CN = press-1",
                                       "CN = hubrig test device issuing",
                                       "\n3\n",
                                       "auth=ca",
                                       "body=renewed",
                                       "hub 0"};
    struct shell_result r;
    shell_run(&r, "%s%s", functions, script);
    shell_assert_says_all(&r, says, sizeof says / sizeof says[0]);
    shell_release(&r);
}

static void a_request_that_is_no_good_is_told_so(void **state)
{
    (void)state;
    static const char script[] =
        "openssl req -new -key new.key -subj /CN=press-2 -outform DER -out other.csr\n"
        "post 1 \"{\\\"id\\\":\\\"press-1\\\",\\\"csr\\\":\\\"$(base64 -w0 other.csr)\\\"}\"\n"
        "await 'renewal.refused.*rid=1'\n"
        "post 2 \"{\\\"id\\\":\\\"press-1\\\",\\\"csr\\\":\\\"bm9uZQ==\\\"}\"\n"
        "await 'renewal.refused.*rid=2'\n"
        "post 3 \"{\\\"id\\\":\\\"press-1\\\"}\"\n"
        "await 'renewal.refused.*rid=3'; grep -o 'renewal.refused.*' lines; finish";
    static const char *const says[] = {
        ("status=400 code=400037 why=\"the CN of the signing request is 'press-2', expected "
         "'press-1'\" rid=1"),
        "status=400 code=400037 why=\"the signing request is no PKCS#10 DER\" rid=2",
        "status=400 code=400004 why=\"'csr' is missing or empty", "hub 0"};
    struct shell_result r;
    shell_run(&r, "%s%s", functions, script);
    shell_assert_says_all(&r, says, sizeof says / sizeof says[0]);
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_renewed_certificate_opens_the_hub),
        cmocka_unit_test(a_request_that_is_no_good_is_told_so),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
