// SPDX-License-Identifier: MIT
// What the bench gives a device to trust and to be known by joins the findings of its failures.
#include "base/test.h"
#include "harness/cli/shell.h"

static int set_up(void **state)
{
    struct shell_result r;
    if (shell_set_up(state) < 0) {
        return -1;
    }
    shell_write(
        "own.bench",
        "process rig\n"
        "  command reference_device --root {root.pem} --connection-string "
        "{device.connection_string}\n"
        "end\n"
        "process own\n"
        "  command reference_device --root own.pem --connection-string {device.connection_string}\n"
        "end\n"
        "process label\n"
        "  command sleep 98781\n"
        "  env CA_FILE=label.pem\n"
        "end\n"
        "process ends\n"
        "  command reference_device --root label.pem --connection-string "
        "{device.connection_string}\n"
        "end\n"
        "process elsewhere\n"
        "  command sleep 98782\n"
        "  env CS=HostName=other.azure-devices.net;DeviceId=a;SharedAccessKey="
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"
        "end\n");
    shell_write("connect.scn", "scenario connect\nlimit 20s\nset hub.chain = azure/hub-ecc-g3\nset "
                               "device.root = azure/hub-ecc-g3\n"
                               "boot device\nexpect mqtt.connected within 3s\n");
    shell_write("right.scn", "scenario right\nlimit 20s\nset hub.chain = azure/hub-ecc-g3\nset "
                             "device.root = azure/hub-ecc-g3\n"
                             "boot device\nexpect mqtt.connected within 15s\n");
    shell_write("late.scn",
                "scenario late\nlimit 20s\nset device.root = azure/baltimore\n"
                "set hub.chain = azure/baltimore\nboot device\nexpect mqtt.connected within 10s\n"
                "hub chain azure/digicert-g2\nhub drop rst\nexpect mqtt.connected within 3s\n");
    // A root of the right name, made in another folder of keys: another key.
    shell_run(&r, "HUBRIG_CACHE=$PWD/keys hubrig certs make azure/hub-ecc-g3 && cp "
                  "chain-files/root.pem own.pem "
                  "&& sed 's/ CERTIFICATE/ CA CERTIFICATE/' own.pem > label.pem");
    int code = r.code;
    shell_release(&r);
    return code;
}

static void run_and_expect(const char *scenario, const char *device, const char *cause)
{
    struct shell_result r;
    shell_run(&r, "hubrig run %s --bench own.bench --device %s", scenario, device);
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, cause);
    shell_release(&r);
}

static void a_root_that_the_device_was_not_given_is_named_with_what_it_has(void **state)
{
    (void)state;
    run_and_expect(
        "late.scn", "rig",
        "cause     the device's root file root.pem does not contain DigiCert Global Root "
        "G2 (hubrig test), the root of the chain azure/digicert-g2; it holds Baltimore "
        "CyberTrust Root (hubrig test)");
}

static void a_root_of_the_same_name_and_another_key_is_told_apart(void **state)
{
    (void)state;
    run_and_expect("connect.scn", "own",
                   "cause     the DigiCert Global Root G3 (hubrig test) in the device's root file "
                   "own.pem has another key");
}

static void a_root_file_that_no_stack_reads_is_named_before_a_packet_was_sent(void **state)
{
    (void)state;
    run_and_expect("connect.scn", "label",
                   "cause     no packet reached the hub, and the device may not get past its root "
                   "file: label.pem: the label is not CERTIFICATE");
}

static void a_program_that_ends_over_its_root_file_shows_both_findings(void **state)
{
    (void)state;
    run_and_expect("connect.scn", "ends", "cause     the device's program ended by itself");
    run_and_expect("connect.scn", "ends",
                   "likely    no packet reached the hub, and the device may not");
}

static void a_connection_string_of_another_hub_is_named(void **state)
{
    (void)state;
    run_and_expect("connect.scn", "elsewhere",
                   "cause     no packet reached the hub: the bench gives the device a connection "
                   "string for other.azure-devices.net; the rig's hub is myhub.azure-devices.net");
    struct shell_result r;
    shell_run(&r, "grep -c MDEyMzQ evidence/connect/journal.jsonl evidence/connect/verdict.json");
    assert_int_equal(r.code, 1); // the key stands nowhere
    shell_release(&r);
}

static void what_is_right_is_no_finding(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(
        &r,
        "hubrig run right.scn --bench own.bench --device rig; grep -o "
        "'\"doctor.root\",\"file\":\"root.pem\",\"missing\":\"\"' evidence/right/journal.jsonl; "
        "grep -c 'doctor.[bi]' evidence/right/journal.jsonl");
    shell_assert_says(&r, "1 pass");
    shell_assert_says(&r, "\"missing\":\"\"\n0\n");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_that_the_device_was_not_given_is_named_with_what_it_has),
        cmocka_unit_test(a_root_of_the_same_name_and_another_key_is_told_apart),
        cmocka_unit_test(a_root_file_that_no_stack_reads_is_named_before_a_packet_was_sent),
        cmocka_unit_test(a_program_that_ends_over_its_root_file_shows_both_findings),
        cmocka_unit_test(a_connection_string_of_another_hub_is_named),
        cmocka_unit_test(what_is_right_is_no_finding),
    };
    return cmocka_run_group_tests(tests, set_up, shell_tear_down);
}
