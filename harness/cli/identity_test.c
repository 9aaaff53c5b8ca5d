// SPDX-License-Identifier: MIT
// Which identity of the hub a device is given: one key or both, its secondary, a module's.
#include "base/test.h"
#include "harness/cli/shell.h"

static int set_up(void **state)
{
    if (shell_set_up(state) < 0) {
        return -1;
    }
    shell_write("both.scn", "scenario both\nlimit 20s\nneeds two-keys\nboot device\n"
                            "expect device.exited within 10s\n");
    shell_write("second.scn", "scenario second\nlimit 20s\nset device.key = secondary\nboot device\n"
                              "expect mqtt.connected with key = secondary within 15s\n");
    shell_write("module.scn", "scenario module\nlimit 20s\nneeds module\nset device.module = valve\n"
                              "boot device\nexpect device.exited within 10s\n");
    shell_write("tell.sh",
                "#!/bin/sh\necho \"first $IOTHUB_DEVICE_CONNECTION_STRING\"\n"
                "echo \"second $HUBRIG_SECONDARY_CONNECTION_STRING\"\necho \"module $HUBRIG_MODULE_ID\"\n");
    return 0;
}

static void one_key_is_skipped_where_two_are_needed_and_told_why(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite both.scn reference_device --root {root.pem}");
    assert_int_equal(r.code, 77);
    shell_assert_says(&r, "skipped  both");
    shell_assert_says(&r, "does not offer two-keys (this needs a device that knows both its keys)");
    shell_release(&r);
}

static void both_keys_are_given_where_two_are_needed_and_differ(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "chmod +x tell.sh; hubrig try --suite both.scn --offers two-keys $PWD/tell.sh && "
                  "sed -n 's/.*SharedAccessKey=//p' evidence/both/device.log | sort -u | wc -l");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "\n2\n");
    shell_release(&r);
    shell_run(&r, "hubrig try --suite module.scn --offers module $PWD/tell.sh && "
                  "cat evidence/module/device.log");
    shell_assert_says(&r, "DeviceId=bench-01;ModuleId=valve;SharedAccessKey=");
    shell_assert_says(&r, "module valve");
    shell_assert_says(&r, "second \n");
    shell_release(&r);
}

static void the_secondary_alone_opens_the_hub(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite second.scn reference_device --root {root.pem}");
    assert_int_equal(r.code, 0);
    shell_release(&r);
}

static void strings_of_two_devices_are_not_taken_for_two_keys(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "K='SharedAccessKey=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='; "
                  "reference_device --connection-string \"HostName=h;DeviceId=a;$K\" "
                  "--secondary-connection-string \"HostName=h;DeviceId=b;$K\"");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "another key for the same host and device, and nothing else");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_is_skipped_where_two_are_needed_and_told_why),
        cmocka_unit_test(both_keys_are_given_where_two_are_needed_and_differ),
        cmocka_unit_test(the_secondary_alone_opens_the_hub),
        cmocka_unit_test(strings_of_two_devices_are_not_taken_for_two_keys),
    };
    return cmocka_run_group_tests(tests, set_up, shell_tear_down);
}
