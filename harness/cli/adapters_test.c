// SPDX-License-Identifier: MIT
// Every kind of device and every way in which credentials reach it, from `hubrig run` to CONNACK 0,
// and what is named when a piece of it is broken.
#include "base/error.h"
#include "base/test.h"
#include "harness/cli/scripted.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>

// `lines` stand between a board's port and its address.
static void write_board(const char *name, const char *lines)
{
    char text[4096];
    snprintf(text, sizeof text,
             "board scripted\n"
             "  serial      path {bench}/port\n"
             "  baud        921600\n"
             "  banner      \"scripted board\" within 5s\n"
             "  hub-address %s\n"
             "%s"
             "end\n",
             scripted_address(), lines);
    shell_write(name, text);
}

#define RESET "  reset       command sh -c \"echo reset > {bench}/port.ctl\"\n"
#define POWER "  power       command sh -c \"echo {power} > {bench}/port.ctl\"\n"
#define TYPED SCRIPTED_CREDENTIALS "  script      send start\n"

static int set_up(void **state)
{
    if (scripted_set_up(state) < 0) {
        return -1;
    }
    shell_write("connect.scn", "scenario connect\nlimit 40s\nboot device\n"
                               "expect mqtt.connected within 20s\n");
    // an emulator on standard input and output, and one that announces its pseudo-terminal
    shell_write("stdio.sh", "#!/bin/sh\nrm -f \"$1.ctl\"\n"
                            "exec scripted_board \"$1\" stdio reference_device\n");
    shell_write("pty.sh",
                "#!/bin/sh\nrm -f \"$1.up\" \"$1.ctl\"\nmkfifo \"$1.up\"\n"
                "scripted_board \"$1\" 115200 reference_device > \"$1.up\" &\n"
                "read word < \"$1.up\"\n"
                "echo \"char device redirected to $(readlink \"$1\") (label serial0)\"\nwait\n");
    return 0;
}

// Whatever a test has put into the board is gone.
static int wipe(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "rm -rf port.flash port.disk emu* evidence image.*");
    shell_release(&r);
    return 0;
}

static void assert_run(const char *bench, const char *device, int code, const char *says)
{
    struct shell_result r;
    shell_run(&r, "timeout 60 hubrig run connect.scn --bench %s --device %s", bench, device);
    shell_assert_says(&r, says);
    assert_int_equal(r.code, code);
    shell_release(&r);
}

// ---- emulators

#define BANNER "  banner  \"scripted board\" within 5s\n"

static void write_emulator(const char *lines)
{
    char text[2048];
    snprintf(text, sizeof text, "qemu emu\n%s" TYPED "end\n",
             lines);
    shell_write("emu.bench", text);
}

static void an_emulator_on_standard_input_and_output_is_booted_and_typed_to(void **state)
{
    (void)state;
    struct shell_result r;
    write_emulator("  command {bench}/stdio.sh {bench}/emu\n  serial  stdio\n" BANNER);
    assert_run("emu.bench", "emu", 0, "pass  connect");
    shell_run(&r, "cat evidence/connect/device.log");
    shell_assert_says(&r, "com| scripted board 1.0");
    shell_release(&r);
    assert_int_equal(shell_count_processes("emu stdio"), 0);
}

static void an_emulator_that_announces_its_terminal_is_found_there(void **state)
{
    (void)state;
    struct shell_result r;
    write_emulator("  command {bench}/pty.sh {bench}/emu\n  serial  announced\n"
                   "  script  send wake\n"); // what it said before its terminal was open is lost
    assert_run("emu.bench", "emu", 0, "pass  connect");
    shell_run(&r, "grep -o 'redirected\\|921600 baud\\|pty.sh' evidence/connect/journal.jsonl");
    shell_assert_says(&r, "pty.sh"); // device.started names the machine
    shell_release(&r);
    assert_int_equal(shell_count_processes("emu 115200"), 0);
}

static void an_emulator_that_announces_nothing_or_ends_is_named(void **state)
{
    (void)state;
    write_emulator("  command sh -c \"sleep 100\"\n  serial  stdio\n" BANNER);
    struct shell_result r;
    shell_run(&r, "sed -i 's/within 5s/within 300ms/' emu.bench");
    shell_release(&r);
    assert_run("emu.bench", "emu", 3, "emu.bench:4: waited 300 ms for the banner 'scripted board'; seen: nothing");
    write_emulator("  command {bench}/no-such-emulator\n  serial  stdio\n" BANNER);
    assert_run("emu.bench", "emu", 3, "no-such-emulator': No such file or directory");
    // at once, not when the banner is overdue
    write_emulator("  command sh -c \"echo no such machine >&2; exit 3\"\n  serial  stdio\n"
                   "  banner  \"scripted board\" within 50s\n");
    assert_run("emu.bench", "emu", 3, "the emulator ended with code 3; its last words: no such machine");
}

static void an_emulator_loses_its_power_by_being_ended_and_is_reset_by_a_new_start(void **state)
{
    (void)state;
    struct shell_result r;
    write_emulator("  command {bench}/stdio.sh {bench}/emu\n  serial  stdio\n" BANNER);
    shell_write("life.scn", "scenario life\nneeds power reset console\nboot device\n"
                            "expect mqtt.connected within 20s\ndevice power off\n"
                            "never tcp.accepted before device.power with power = on\nwait 300ms\n"
                            "device power on\nexpect mqtt.connected within 20s\ndevice reset\n"
                            "expect mqtt.connected within 20s\n");
    shell_run(&r, "timeout 60 hubrig run life.scn --bench emu.bench --device emu");
    shell_assert_says(&r, "pass  life");
    shell_release(&r);
    shell_run(&r, "grep -c device.started evidence/life/journal.jsonl");
    assert_string_equal(buf_text(&r.out), "3\n");
    shell_release(&r);
}

// A real one: a boot sector on QEMU, on both kinds of console.
static void qemu_boots_a_firmware_at_a_date_and_is_switched_and_reset(void **state)
{
    (void)state;
    static const char machine[] =
        "  command qemu-system-x86_64 -display none -monitor none -nodefaults -rtc base={clock.utc} "
        "-drive file={bench}/emu.img,format=raw,if=floppy -snapshot -serial ";
    char text[2048];
    struct shell_result r;
    shell_run(&r, "command -v qemu-system-x86_64 && as --32 -o emu.o %s/fixtures/board/tiny.s && "
                  "ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o emu.img emu.o", HUBRIG_SOURCE_FOLDER);
    if (r.code != 0) {
        print_message("no QEMU for x86, or no assembler for it: %s", buf_text(&r.out));
        shell_release(&r);
        skip();
    }
    shell_release(&r);
    snprintf(text, sizeof text,
             "qemu stdio\n%sstdio\n  serial stdio\n  clock emulator\n  banner \"tiny 1.0\" within 30s\nend\n"
             "qemu pty\n%spty\n  serial announced\n  clock emulator\n  script send wake\n"
             "  script expect \"heard wake\" within 30s\nend\n",
             machine, machine);
    shell_write("emu.bench", text);
    shell_write("life.scn", "scenario life\nneeds clock power reset console\nlimit 3m\n"
                            "set device.clock = 2030-05-06T07:08:09Z\nboot device\n"
                            "device send hello\n"
                            "expect device.output with text has \"heard hello\" within 20s\n"
                            "device send d\n"
                            "expect device.output with text has 20300506 within 20s\n"
                            "device reset\ndevice power off\ndevice power on\ndevice send again\n"
                            "expect device.output with text has \"heard again\" within 20s\n");
    shell_assert("timeout 200 hubrig run life.scn --bench emu.bench --device stdio --device pty", 0,
                 "2 scenarios: 2 pass");
    assert_int_equal(shell_count_processes("emu.img"), 0);
}

// ---- the device verbs on a board

static void a_board_is_switched_reset_and_typed_to_while_a_scenario_runs(void **state)
{
    (void)state;
    struct shell_result r;
    write_board("desk.bench", RESET POWER TYPED);
    shell_write("life.scn", "scenario life\nneeds power reset console\nlimit 2m\nboot device\n"
                            "expect mqtt.connected within 20s\n"
                            "when d2c.message do device power off\n"
                            "expect device.unplugged within 20s\ndevice power on\n"
                            "expect mqtt.connected within 20s\ndevice reset\n"
                            "expect mqtt.connected within 20s\ndevice send lookup example\n"
                            "expect device.output with text has \"example is 127.0.0.1\" within 5s\n");
    shell_run(&r, "timeout 100 hubrig run life.scn --bench desk.bench --device scripted");
    shell_assert_says(&r, "pass  life");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "grep -ho '\"event\":\"device.\\(started\\|power\\|reset\\|unplugged\\|replugged\\)\"' "
                  "evidence/life/journal.jsonl | cut -d. -f2 | tr '\\n\"' ' '");
    assert_string_equal(buf_text(&r.out),
"started  power  unplugged  power  replugged  started  reset  started  ");
    shell_release(&r);
}

static void a_clock_that_is_set_while_the_power_is_off_is_that_of_the_next_boot(void **state)
{
    (void)state;
    struct shell_result r;
    write_board("desk.bench", RESET POWER TYPED "  clock       console send date {clock.epoch}\n");
    shell_write("life.scn", "scenario life\nneeds clock power console\nboot device\n"
                            "expect mqtt.connected within 20s\ndevice power off\n"
                            "time device = 2030-01-01T00:00:10Z\ndevice power on\ndevice send date\n"
                            "expect device.output with text has 18934560 within 5s\n");
    shell_run(&r, "timeout 60 hubrig run life.scn --bench desk.bench --device scripted");
    shell_assert_says(&r, "pass  life");
    shell_release(&r);
}

static void what_its_bench_has_no_line_for_is_skipped(void **state)
{
    (void)state;
    struct shell_result r;
    write_board("desk.bench", RESET TYPED);
    shell_write("life.scn", "scenario life\nneeds power\nboot device\ndevice power off\n");
    shell_run(&r, "hubrig run life.scn --bench desk.bench --device scripted");
    shell_assert_says(&r, "device scripted does not offer power");
    assert_int_equal(r.code, 77);
    shell_release(&r);
}

static void a_power_line_that_does_nothing_is_named(void **state)
{
    (void)state;
    struct shell_result r;
    write_board("desk.bench", RESET "  power       command true {power}\n" TYPED);
    shell_write("life.scn", "scenario life\nneeds power\nboot device\nexpect mqtt.connected within 20s\n"
                            "device power off\n");
    shell_run(&r, "timeout 60 hubrig run life.scn --bench desk.bench --device scripted --retries 0");
    shell_assert_says(&r, "after power off the serial port is still there");
    assert_int_equal(r.code, 3);
    shell_release(&r);
}

// ---- black boxes

static void write_box(const char *lines)
{
    char text[2048];
    snprintf(text, sizeof text, "blackbox box\n  hub-address %s\n%send\n", scripted_address(), lines);
    shell_write("box.bench", text);
}

static void a_black_box_is_reset_by_a_command_and_seen_on_the_wire_alone(void **state)
{
    (void)state;
    struct shell_result r;
    write_box("  credentials files {bench}/port.disk\n" RESET);
    shell_run(&r, "mkdir port.disk");
    shell_release(&r);
    assert_run("box.bench", "box", 0, "pass  connect");
    shell_run(&r, "cat evidence/connect/journal.jsonl");
    shell_assert_says(&r, "\"command\":\"black box\"");
    assert_null(strstr(buf_text(&r.out), "device.output"));
    shell_release(&r);
}

static void a_black_box_without_reset_is_started_by_a_person_who_is_asked(void **state)
{
    (void)state;
    struct shell_result r;
    write_box("  credentials files {bench}/port.disk\n");
    // The person: presses the button once the line is there.
    shell_run(&r, "mkdir port.disk; mkfifo emu.said; hubrig run connect.scn --bench box.bench --device box "
                  "> emu.said 2>&1 & while read line; do echo \"$line\"; case $line in "
                  "*'start box now, by hand'*) echo reset > port.ctl;; esac; done < emu.said; wait %%1; echo code $?");
    shell_assert_says(&r, "start box now, by hand");
    shell_assert_says(&r, "pass  connect");
    shell_assert_says(&r, "code 0");
    shell_release(&r);
}

// ---- how credentials get in

static void credentials_reach_commands_in_their_environment(void **state)
{
    (void)state;
    write_board("desk.bench",
                "  credentials environment\n"
                "  reset       command sh -c \"{{ echo $IOTHUB_DEVICE_CONNECTION_STRING; cat "
                "$HUBRIG_ROOT_PEM; } > {bench}/port.flash; echo reset > {bench}/port.ctl\"\n");
    assert_run("desk.bench", "scripted", 0, "pass  connect");
}

static void credentials_are_files_on_the_boards_disk(void **state)
{
    (void)state;
    struct shell_result r;
    write_board("desk.bench", "  credentials files {bench}/port.disk\n" RESET);
    assert_run("desk.bench", "scripted", 3, "port.disk"); // not mounted
    shell_run(&r, "mkdir port.disk");
    shell_release(&r);
    assert_run("desk.bench", "scripted", 0, "pass  connect");
    shell_run(&r, "cd port.disk; ls; stat -c %%a device.key");
    assert_string_equal(buf_text(&r.out), "connection_string.txt\ndevice.crt\ndevice.key\nroot.pem\n600\n");
    shell_release(&r);
}

static void credentials_fill_the_template_of_an_image_that_is_flashed(void **state)
{
    (void)state;
    write_board("desk.bench", "  credentials image {bench}/image.template {bench}/image.bin\n"
                              "  flash       command cp {bench}/image.bin {bench}/port.flash\n" RESET);
    assert_run("desk.bench", "scripted", 3, "image.template: No such file or directory");
    shell_write("image.template", "{device.connection_string}\n{root.text}");
    assert_run("desk.bench", "scripted", 0, "pass  connect");
    shell_write("image.template", "{device.conection_string}\n");
    assert_run("desk.bench", "scripted", 3, "unknown placeholder '{device.conection_string}'");
}

static void credentials_are_written_to_a_section_of_the_flash_by_a_program(void **state)
{
    (void)state;
    write_board("desk.bench",
                "  credentials command sh -c \"{{ echo '{device.connection_string}'; cat {root.pem}; } > "
                "{bench}/port.flash\"\n" RESET);
    assert_run("desk.bench", "scripted", 0, "pass  connect");
    write_board("desk.bench", "  credentials command sh -c \"echo no such section >&2; exit 4\"\n" RESET);
    assert_run("desk.bench", "scripted", 3, "'sh' ended with code 4; its last words: no such section");
}

static void flashing_comes_before_the_boot_and_its_failure_is_named(void **state)
{
    (void)state;
    struct shell_result r;
    write_board("desk.bench", TYPED RESET "  flash       command sh -c \"echo flashed >> {bench}/image.log\"\n"
                                          "  flash       command sh -c \"echo again >> {bench}/image.log\"\n");
    assert_run("desk.bench", "scripted", 0, "pass  connect");
    shell_run(&r, "cat image.log");
    assert_string_equal(buf_text(&r.out), "flashed\nagain\n"); // once per scenario, in order
    shell_release(&r);
    write_board("desk.bench", TYPED RESET "  flash       command sh -c \"echo Wrong chip; exit 2\"\n");
    assert_run("desk.bench", "scripted", 3, "desk.bench:16: 'sh' ended with code 2; its last words: Wrong chip");
    shell_run(&r, "timeout 30 hubrig boards --bench desk.bench --check; echo code $?");
    shell_assert_says(&r, "broken      prepare  scripted:");
    shell_assert_says(&r, "code 1");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, wipe)
        T(an_emulator_on_standard_input_and_output_is_booted_and_typed_to),
        T(an_emulator_that_announces_its_terminal_is_found_there),
        T(an_emulator_that_announces_nothing_or_ends_is_named),
        T(an_emulator_loses_its_power_by_being_ended_and_is_reset_by_a_new_start),
        T(qemu_boots_a_firmware_at_a_date_and_is_switched_and_reset),
        T(a_board_is_switched_reset_and_typed_to_while_a_scenario_runs),
        T(a_clock_that_is_set_while_the_power_is_off_is_that_of_the_next_boot),
        T(what_its_bench_has_no_line_for_is_skipped),
        T(a_power_line_that_does_nothing_is_named),
        T(a_black_box_is_reset_by_a_command_and_seen_on_the_wire_alone),
        T(a_black_box_without_reset_is_started_by_a_person_who_is_asked),
        T(credentials_reach_commands_in_their_environment),
        T(credentials_are_files_on_the_boards_disk),
        T(credentials_fill_the_template_of_an_image_that_is_flashed),
        T(credentials_are_written_to_a_section_of_the_flash_by_a_program),
        T(flashing_comes_before_the_boot_and_its_failure_is_named),
#undef T
    };
    return cmocka_run_group_tests(tests, set_up, scripted_tear_down);
}
