// SPDX-License-Identifier: MIT
// `hubrig certs` from outside: what it writes, what it says, and its exit codes.
#include "base/test.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// $H is hubrig.
static void assert_run(const char *command, int code, const char *says)
{
    struct shell_result r;
    shell_run(&r, "H=$HUBRIG; %s", command);
    if (r.code != code || !strstr(buf_text(&r.out), says)) {
        fail_msg("%s\nexit %d, expected %d and '%s' in:\n%s", command, r.code, code, says,
                 buf_text(&r.out));
    }
    shell_release(&r);
}

static int set_up(void **state)
{
    (void)state;
    return getenv("HUBRIG") && shell_open() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return shell_close();
}

static void every_sub_command_has_help_with_its_exit_codes(void **state)
{
    (void)state;
    static const char *const names[] = {"list",  "make",   "show",        "export",
                                        "graph", "device", "verify-code", "timeline"};
    char command[100], usage[100];
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        snprintf(command, sizeof command, "$H certs %s --help", names[i]);
        snprintf(usage, sizeof usage, "usage: hubrig certs %s", names[i]);
        assert_run(command, 0, usage);
        assert_run(command, 0, "exit: 0 ");
        snprintf(command, sizeof command, "$H certs --help");
        assert_run(command, 0, names[i]);
    }
    assert_run("$H --help", 0, "certs");
}

static void wrong_words_are_answered_with_the_right_ones(void **state)
{
    (void)state;
    static const struct {
        const char *command, *says;
    } rows[] = {
        {"$H certs", "usage: hubrig certs"},
        {"$H certs mak", "did you mean make?"},
        {"$H certs make", "--all"},
        {"$H certs make azure/digicert-g2 --all", "--all"},
        {"$H certs make azure/digicert-g3", "did you mean azure/digicert-g2?"},
        {"$H certs make azure/digicert-g2 --at yesterday", "'yesterday' is no date"},
        {"$H certs make azure/digicert-g2 --host 'a b'", "host name"},
        {"$H certs make timeline/1999-01-01", "timeline/2019-06-01"},
        {"$H certs show", "is missing"},
        {"$H certs show none.pem", "none.pem"},
        {"$H certs show azure/digicert-g2 --jsn", "did you mean --json?"},
        {"$H certs export azure/digicert-g2", "--format is missing"},
        {"$H certs export azure/digicert-g2 --format c-arry", "did you mean c-array?"},
        {"$H certs export azure/digicert-g2 --format pem --symbol x", "--symbol goes with"},
        {"$H certs export azure/digicert-g2 --format pem --password x", "--password goes with"},
        {"$H certs export azure/digicert-g2 --format pem --sec-tag 1", "--sec-tag goes with"},
        {"$H certs export azure/digicert-g2 --format zephyr --sec-tag x", "expected a number"},
        {"$H certs export azure/digicert-g2 --format c-array --symbol int", "symbol 'int'"},
        {"$H certs device", "ID is missing"},
        {"$H certs device d --kind self-sined", "did you mean self-signed?"},
        {"$H certs device d --key-form pkcs9", "did you mean pkcs"},
        {"$H certs device d --key p257", "did you mean p256?"},
        {"$H certs device d --key rsa2048 --key-form sec1", "elliptic curves"},
        {"$H certs device d --key-form encrypted", "needs a password"},
        {"$H certs verify-code --code X", "--ca and --code are missing"},
        {"$H certs verify-code --ca a --code X", "--ca-key"},
        {"$H certs verify-code --ca a --code X --check b --out c", "do not go with --check"},
        {"$H certs verify-code --ca a.pem --code X --check b.pem", "a.pem"},
        {"$H certs timeline --at 1999-01-01", "nothing is known"},
        {"$H certs timeline more", "too many words"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_run(rows[i].command, 2, rows[i].says);
    }
}

static void a_chain_is_written_with_its_key_closed_to_others(void **state)
{
    (void)state;
    assert_run("$H certs make azure/hub-ecc-g3 --out one --host gw.example --name a.example "
               "--name=10.0.0.1 --at 2026-11-20",
               0, "wrote one/chain.pem\nwrote one/root.pem\nwrote one/key.pem\n");
    assert_run("stat -c %a one/key.pem one/root.pem", 0, "600\n644\n");
    assert_run("openssl x509 -in one/chain.pem -noout -ext subjectAltName", 0,
               "DNS:gw.example, DNS:a.example, IP Address:10.0.0.1");
    assert_run("openssl verify -attime 1795132800 -CAfile one/root.pem -untrusted one/chain.pem "
               "one/chain.pem",
               0, "one/chain.pem: OK");
    assert_run("openssl pkey -in one/key.pem -pubout > k; openssl x509 -in one/chain.pem -pubkey "
               "-noout | cmp - k && echo same",
               0, "same");
}

static void a_date_can_name_the_chain(void **state)
{
    (void)state;
    assert_run("$H certs make timeline/2019-06-01 --out old --at 2019-06-01 && openssl x509 -in "
               "old/chain.pem -noout -issuer -startdate",
               0, "CN = Microsoft IT TLS CA 2 (hubrig test)\nnotBefore=Mar  3 00:00:00 2019 GMT");
    assert_run(
        "printf 'scenario x\\nset hub.chain = timeline/2019-06-01\\nboot device\\n' > x.scn; "
        "$H check x.scn",
        0, "no mistakes");
    assert_run(
        "printf 'scenario x\\nset hub.chain = timeline/1999-06-01\\nboot device\\n' > x.scn; "
        "$H check x.scn",
        2, "unknown chain");
}

static void recipes_and_the_timeline_are_listed_for_people_and_programs(void **state)
{
    (void)state;
    assert_run("$H certs list", 0, "azure/hub-2018 ");
    assert_run("$H certs list --json", 0,
               "{\"name\":\"azure/hub-2018\",\"about\":\"public cloud "
               "2017");
    assert_run("$H certs timeline --at 2024-01-01", 0, "public   2023-10-15  azure/hub-2023-g2");
    assert_run("$H certs timeline --at 2024-01-01 --json", 0,
               "{\"cloud\":\"germany\",\"date\":\"2021-10-29\",\"recipe\":null,");
    assert_run("$H certs timeline | grep -c .", 0, "17\n");
}

static void a_file_is_shown_as_well_as_a_recipe(void **state)
{
    (void)state;
    assert_run("$H certs show azure/hub-ecc-g3", 0,
               "P-256, signed with SHA-384 by Microsoft Azure");
    assert_run("$H certs make azure/hub-ecc-g3 --out s >s.txt && $H certs show s/root.pem", 0,
               "root.pem\n\nnumber 1  DigiCert Global Root G3 (hubrig test)\n");
    assert_run("openssl x509 -in s/root.pem -outform DER -out s/root.der && $H certs show "
               "s/root.der --json",
               0, "\"signer\":\"self\"");
    assert_run("(cat s/root.pem; echo '-----BEGIN CERTIFICATE-----'; echo MAMCAQE=; echo "
               "'-----END CERTIFICATE-----') > s/bad.pem; $H certs show s/bad.pem",
               1, "UNREADABLE");
    assert_run("echo nothing > s/none.pem; $H certs show s/none.pem", 2, "s/none.pem: expected");
}

static void an_export_goes_to_a_file_or_to_stdout(void **state)
{
    (void)state;
    assert_run("$H certs export azure/hub-ecc-g3 --format c-string --symbol hub_root", 0,
               "const char hub_root[] =\n    \"-----BEGIN CERTIFICATE-----\\n\"\n");
    assert_run("$H certs export azure/hub-ecc-g3 --format c-array", 0,
               "const unsigned char azure_hub_ecc_g3_root[] = {");
    assert_run("$H certs export azure/hub-ecc-g3 --format der --out r.der && openssl x509 -inform "
               "DER -in r.der -noout -subject",
               0, "CN = DigiCert Global Root G3 (hubrig test)");
    assert_run("$H certs export r.der --format pem | openssl x509 -noout -subject", 0, "Root G3");
    assert_run("$H certs export azure/hub-ecc-g3 --format zephyr --sec-tag 7 | tail -1", 0,
               "cred add 7 CA DEFAULT bint");
    assert_run("$H certs export azure/hub-ecc-g3 --format pem --out no/such/folder/x", 2,
               "no/such/folder/x");
    assert_run("$H certs export azure/hub-ecc-g3 --format pem > /dev/full", 3, "stdout");
}

static void a_picture_is_drawn(void **state)
{
    (void)state;
    assert_run("$H certs graph azure/hub-ecc-g3 --out g.svg && head -c 4 g.svg", 0, "wrote g.svg");
    assert_run("$H certs graph azure/hub-ecc-g3 --at 2026-11-20", 0, "Microsoft Azure ECC TLS");
}

static void a_device_gets_its_files_and_thumbprints(void **state)
{
    (void)state;
    assert_run("$H certs device sensor-7 --kind ca-signed --out d && openssl verify -CAfile "
               "d/device-ca.pem -untrusted d/device-chain.pem d/device.crt",
               0, "d/device.crt: OK");
    assert_run("$H certs device sensor-7 --kind ca-signed --out d | grep \"$(openssl x509 -in "
               "d/device.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f)\"",
               0, "sha256  ");
    assert_run("stat -c %a d/device.key", 0, "600");
    assert_run("$H certs device sensor-7 --key-form pkcs1 --out p && head -1 p/device.key", 0,
               "-----BEGIN RSA PRIVATE KEY-----");
    assert_run("$H certs device sensor-7 --key-form encrypted --password sesame --out e && openssl "
               "pkey -in e/device.key -passin pass:sesame -noout && echo opened",
               0, "opened");
    assert_run("$H certs device gateway/camera --kind module --out m", 0, "name    gateway/camera");
}

static void possession_is_proven_and_checked(void **state)
{
    (void)state;
    assert_run("$H certs device x --kind ca-as-device --out ca && $H certs verify-code --ca "
               "ca/device.crt --ca-key ca/device.key --code ABC123 --out proof.pem",
               0, "wrote proof.pem");
    assert_run("openssl verify -CAfile ca/device.crt proof.pem && openssl x509 -in proof.pem "
               "-noout -subject",
               0, "subject=CN = ABC123");
    assert_run("$H certs verify-code --ca ca/device.crt --check proof.pem --code ABC123", 0,
               "proof.pem: proves possession");
    assert_run("$H certs verify-code --ca ca/device.crt --check proof.pem --code ABC124", 1,
               "the common name is 'ABC123', expected the code 'ABC124'");
    assert_run("$H certs device y --out y && $H certs verify-code --ca ca/device.crt --ca-key "
               "y/device.key --code ABC123",
               2, "does not belong to the CA");
}

// A CA from elsewhere: RSA, other string types in its name, an encrypted key.
static void an_openssl_ca_proves_possession_too(void **state)
{
    (void)state;
    assert_run(
        "openssl req -x509 -newkey rsa:2048 -keyout o.key -passout pass:sesame -out o.pem "
        "-subj '/C=DE/O=Gr\xc3\xbc\xc3\x9f\x65/CN=Own CA' -utf8 -days 30 2>/dev/null; openssl "
        "pkey -in o.key -passin pass:sesame -out o.plain; $H certs verify-code --ca o.pem "
        "--ca-key o.plain --code ABC --out o-proof.pem && openssl verify -CAfile o.pem "
        "o-proof.pem && $H certs verify-code --ca o.pem --check o-proof.pem --code ABC",
        0, "o-proof.pem: OK\no-proof.pem: proves possession");
    assert_run("$H certs verify-code --ca o.pem --ca-key o.key --code ABC", 2,
               "the CA's key cannot be read");
}

static void keys_stay_out_of_what_is_printed(void **state)
{
    (void)state;
    assert_run("{ $H certs make azure/hub-ecc-g3 --out k; $H certs device d --out k; $H certs show "
               "azure/hub-ecc-g3; $H certs list; } | grep -c 'PRIVATE KEY'",
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
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
