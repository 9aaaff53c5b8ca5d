// SPDX-License-Identifier: MIT
// `hubrig certs` from outside: what it writes, what it says, and its exit codes.
#include "base/test.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void every_sub_command_has_help_with_its_exit_codes(void **state)
{
    (void)state;
    static const char *const names[] = {"list",  "make",   "show",        "export",
                                        "graph", "device", "verify-code", "timeline"};
    char command[100], usage[100];
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        snprintf(command, sizeof command, "hubrig certs %s --help", names[i]);
        snprintf(usage, sizeof usage, "usage: hubrig certs %s", names[i]);
        shell_assert(command, 0, usage);
        shell_assert(command, 0, "exit: 0 ");
        snprintf(command, sizeof command, "hubrig certs --help");
        shell_assert(command, 0, names[i]);
    }
    shell_assert("hubrig --help", 0, "certs");
}

static void wrong_words_are_answered_with_the_right_ones(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"", 2, "usage: hubrig certs"},
        {"mak", 2, "did you mean make?"},
        {"make", 2, "--all"},
        {"make azure/digicert-g2 --all", 2, "--all"},
        {"make azure/digicert-g3", 2, "did you mean azure/digicert-g2?"},
        {"make azure/digicert-g2 --at yesterday", 2, "'yesterday' is no date"},
        {"make azure/digicert-g2 --host 'a b'", 2, "host name"},
        {"make timeline/1999-01-01", 2, "timeline/2019-06-01"},
        {"show", 2, "is missing"},
        {"show none.pem", 2, "none.pem"},
        {"show azure/digicert-g2 --jsn", 2, "did you mean --json?"},
        {"export azure/digicert-g2", 2, "--format is missing"},
        {"export azure/digicert-g2 --format c-arry", 2, "did you mean c-array?"},
        {"export azure/digicert-g2 --format pem --symbol x", 2, "--symbol goes with"},
        {"export azure/digicert-g2 --format pem --password x", 2, "--password goes with"},
        {"export azure/digicert-g2 --format pem --sec-tag 1", 2, "--sec-tag goes with"},
        {"export azure/digicert-g2 --format zephyr --sec-tag x", 2, "expected a number"},
        {"export azure/digicert-g2 --format c-array --symbol int", 2, "symbol 'int'"},
        {"device", 2, "ID is missing"},
        {"device d --kind self-sined", 2, "did you mean self-signed?"},
        {"device d --key-form pkcs9", 2, "did you mean pkcs"},
        {"device d --key p257", 2, "did you mean p256?"},
        {"device d --key rsa2048 --key-form sec1", 2, "elliptic curves"},
        {"device d --key-form encrypted", 2, "needs a password"},
        {"verify-code --code X", 2, "--ca and --code are missing"},
        {"verify-code --ca a --code X", 2, "--ca-key"},
        {"verify-code --ca a --code X --check b --out c", 2, "do not go with --check"},
        {"verify-code --ca a.pem --code X --check b.pem", 2, "a.pem"},
        {"timeline --at 1999-01-01", 2, "nothing is known"},
        {"timeline more", 2, "too many words"},
    };
    shell_assert_rows("hubrig certs", rows, HR_COUNT_OF(rows));
}

static void a_chain_is_written_with_its_key_closed_to_others(void **state)
{
    (void)state;
    shell_assert("hubrig certs make azure/hub-ecc-g3 --out one --host gw.example --name a.example "
               "--name=10.0.0.1 --at 2026-11-20",
               0, "wrote one/chain.pem\nwrote one/root.pem\nwrote one/key.pem\n");
    shell_assert("stat -c %a one/key.pem one/root.pem", 0, "600\n644\n");
    shell_assert("openssl x509 -in one/chain.pem -noout -ext subjectAltName", 0,
               "DNS:gw.example, DNS:a.example, IP Address:10.0.0.1");
    shell_assert("openssl verify -attime 1795132800 -CAfile one/root.pem -untrusted one/chain.pem "
               "one/chain.pem",
               0, "one/chain.pem: OK");
    shell_assert("openssl pkey -in one/key.pem -pubout > k; openssl x509 -in one/chain.pem -pubkey "
               "-noout | cmp - k && echo same",
               0, "same");
}

static void a_date_can_name_the_chain(void **state)
{
    (void)state;
    shell_assert("hubrig certs make timeline/2019-06-01 --out old --at 2019-06-01 && openssl x509 -in "
               "old/chain.pem -noout -issuer -startdate",
               0, "CN = Microsoft IT TLS CA 2 (hubrig test)\nnotBefore=Mar  3 00:00:00 2019 GMT");
    shell_assert(
        "printf 'scenario x\\nset hub.chain = timeline/2019-06-01\\nboot device\\n' > x.scn; "
        "hubrig check x.scn",
        0, "no mistakes");
    shell_assert(
        "printf 'scenario x\\nset hub.chain = timeline/1999-06-01\\nboot device\\n' > x.scn; "
        "hubrig check x.scn",
        2, "unknown chain");
}

static void recipes_and_the_timeline_are_listed_for_people_and_programs(void **state)
{
    (void)state;
    shell_assert("hubrig certs list", 0, "azure/hub-2018 ");
    shell_assert("hubrig certs list --json", 0,
               "{\"name\":\"azure/hub-2018\",\"about\":\"public cloud "
               "2017");
    shell_assert("hubrig certs timeline --at 2024-01-01", 0, "public   2023-10-15  azure/hub-2023-g2");
    shell_assert("hubrig certs timeline --at 2024-01-01 --json", 0,
               "{\"cloud\":\"germany\",\"date\":\"2021-10-29\",\"recipe\":null,");
    shell_assert("hubrig certs timeline | grep -c .", 0, "17\n");
}

static void a_file_is_shown_as_well_as_a_recipe(void **state)
{
    (void)state;
    shell_assert("hubrig certs show azure/hub-ecc-g3", 0,
               "P-256, signed with SHA-384 by Microsoft Azure");
    shell_assert("hubrig certs make azure/hub-ecc-g3 --out s >s.txt && hubrig certs show s/root.pem", 0,
               "root.pem\n\nnumber 1  DigiCert Global Root G3 (hubrig test)\n");
    shell_assert("openssl x509 -in s/root.pem -outform DER -out s/root.der && hubrig certs show "
               "s/root.der --json",
               0, "\"signer\":\"self\"");
    shell_assert("(cat s/root.pem; echo '-----BEGIN CERTIFICATE-----'; echo MAMCAQE=; echo "
               "'-----END CERTIFICATE-----') > s/bad.pem; hubrig certs show s/bad.pem",
               1, "UNREADABLE");
    shell_assert("echo nothing > s/none.pem; hubrig certs show s/none.pem", 2, "s/none.pem: expected");
}

static void an_export_goes_to_a_file_or_to_stdout(void **state)
{
    (void)state;
    shell_assert("hubrig certs export azure/hub-ecc-g3 --format c-string --symbol hub_root", 0,
               "const char hub_root[] =\n    \"-----BEGIN CERTIFICATE-----\\n\"\n");
    shell_assert("hubrig certs export azure/hub-ecc-g3 --format c-array", 0,
               "const unsigned char azure_hub_ecc_g3_root[] = {");
    shell_assert("hubrig certs export azure/hub-ecc-g3 --format der --out r.der && openssl x509 -inform "
               "DER -in r.der -noout -subject",
               0, "CN = DigiCert Global Root G3 (hubrig test)");
    shell_assert("hubrig certs export r.der --format pem | openssl x509 -noout -subject", 0, "Root G3");
    shell_assert("hubrig certs export azure/hub-ecc-g3 --format zephyr --sec-tag 7 | tail -1", 0,
               "cred add 7 CA DEFAULT bint");
    shell_assert("hubrig certs export azure/hub-ecc-g3 --format pem --out no/such/folder/x", 2,
               "no/such/folder/x");
    shell_assert("hubrig certs export azure/hub-ecc-g3 --format pem > /dev/full", 3, "stdout");
}

static void a_picture_is_drawn(void **state)
{
    (void)state;
    shell_assert("hubrig certs graph azure/hub-ecc-g3 --out g.svg && head -c 4 g.svg", 0, "wrote g.svg");
    shell_assert("hubrig certs graph azure/hub-ecc-g3 --at 2026-11-20", 0, "Microsoft Azure ECC TLS");
}

static void a_device_gets_its_files_and_thumbprints(void **state)
{
    (void)state;
    shell_assert("hubrig certs device sensor-7 --kind ca-signed --out d && openssl verify -CAfile "
               "d/device-ca.pem -untrusted d/device-chain.pem d/device.crt",
               0, "d/device.crt: OK");
    shell_assert("hubrig certs device sensor-7 --kind ca-signed --out d | grep \"$(openssl x509 -in "
               "d/device.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f)\"",
               0, "sha256  ");
    shell_assert("stat -c %a d/device.key", 0, "600");
    shell_assert("hubrig certs device sensor-7 --key-form pkcs1 --out p && head -1 p/device.key", 0,
               "-----BEGIN RSA PRIVATE KEY-----");
    shell_assert("hubrig certs device sensor-7 --key-form encrypted --password sesame --out e && openssl "
               "pkey -in e/device.key -passin pass:sesame -noout && echo opened",
               0, "opened");
    shell_assert("hubrig certs device gateway/camera --kind module --out m", 0, "name    gateway/camera");
}

static void possession_is_proven_and_checked(void **state)
{
    (void)state;
    shell_assert("hubrig certs device x --kind ca-as-device --out ca && hubrig certs verify-code --ca "
               "ca/device.crt --ca-key ca/device.key --code ABC123 --out proof.pem",
               0, "wrote proof.pem");
    shell_assert("openssl verify -CAfile ca/device.crt proof.pem && openssl x509 -in proof.pem "
               "-noout -subject",
               0, "subject=CN = ABC123");
    shell_assert("hubrig certs verify-code --ca ca/device.crt --check proof.pem --code ABC123", 0,
               "proof.pem: proves possession");
    shell_assert("hubrig certs verify-code --ca ca/device.crt --check proof.pem --code ABC124", 1,
               "the common name is 'ABC123', expected the code 'ABC124'");
    shell_assert("hubrig certs device y --out y && hubrig certs verify-code --ca ca/device.crt --ca-key "
               "y/device.key --code ABC123",
               2, "does not belong to the CA");
}

// A CA from elsewhere: RSA, other string types in its name, an encrypted key.
static void an_openssl_ca_proves_possession_too(void **state)
{
    (void)state;
    shell_assert(
        "openssl req -x509 -newkey rsa:2048 -keyout o.key -passout pass:sesame -out o.pem "
        "-subj '/C=DE/O=Gr\xc3\xbc\xc3\x9f\x65/CN=Own CA' -utf8 -days 30 2>/dev/null; openssl "
        "pkey -in o.key -passin pass:sesame -out o.plain; hubrig certs verify-code --ca o.pem "
        "--ca-key o.plain --code ABC --out o-proof.pem && openssl verify -CAfile o.pem "
        "o-proof.pem && hubrig certs verify-code --ca o.pem --check o-proof.pem --code ABC",
        0, "o-proof.pem: OK\no-proof.pem: proves possession");
    shell_assert("hubrig certs verify-code --ca o.pem --ca-key o.key --code ABC", 2,
               "the CA's key cannot be read");
}

static void keys_stay_out_of_what_is_printed(void **state)
{
    (void)state;
    shell_assert("{ hubrig certs make azure/hub-ecc-g3 --out k; hubrig certs device d --out k; hubrig certs show "
               "azure/hub-ecc-g3; hubrig certs list; } | grep -c 'PRIVATE KEY'",
               1, "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sub_command_has_help_with_its_exit_codes),
        cmocka_unit_test(wrong_words_are_answered_with_the_right_ones),
        cmocka_unit_test(a_chain_is_written_with_its_key_closed_to_others),
        cmocka_unit_test(a_date_can_name_the_chain),
        cmocka_unit_test(recipes_and_the_timeline_are_listed_for_people_and_programs),
        cmocka_unit_test(a_file_is_shown_as_well_as_a_recipe),
        cmocka_unit_test(an_export_goes_to_a_file_or_to_stdout),
        cmocka_unit_test(a_picture_is_drawn),
        cmocka_unit_test(a_device_gets_its_files_and_thumbprints),
        cmocka_unit_test(possession_is_proven_and_checked),
        cmocka_unit_test(an_openssl_ca_proves_possession_too),
        cmocka_unit_test(keys_stay_out_of_what_is_printed),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
