// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/bench/bench.h"
#include "harness/cli/cli.h"
#include "harness/cli/ctest_boards.h"
#include "harness/cli/suite_run.h"
#include "harness/device/lock.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SUITES_MOST = 64 };

// {bin} in the `requires` line of a bench is the folder of this program.
static int required_file(const struct bench_device *device, char *out, size_t capacity)
{
    char bin[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", bin, sizeof bin - 1);
    ENSURE(n > 0, ERR_IO);
    bin[n] = '\0';
    *strrchr(bin, '/') = '\0';
    struct placeholder table[] = {{"bin", bin}};
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, PATH_MAX);
    TRY(template_fill(device->requires, table, HR_COUNT_OF(table), &text));
    ENSURE(span_copy_text(buf_span(&text), out, capacity), ERR_TOO_BIG);
    return 0;
}

int run_check_installed(const struct bench_device *device)
{
    char path[PATH_MAX];
    if (!device->requires || !device->requires[0]) {
        return 0;
    }
    TRY(required_file(device, path, sizeof path));
    if (!fs_exists(path)) {
        FAIL(ERR_NO_FILE, "device %s is not installed: expected %s; fixtures/README.md says how",
             device->name, path);
    }
    return 0;
}

// Hardware has one user at a time; programs and emulators run side by side.
static int lock_device(const struct bench_device *device, const char *wait, int *fd)
{
    int64_t wait_us = 0;
    if (wait && (duration_parse(span_text(wait), &wait_us) < 0 || wait_us < 0)) {
        FAIL(ERR_USAGE, "--wait takes a duration such as 30s or 10m, seen '%s'", wait);
    }
    return bench_is_hardware(device) ? lock_take(device->name, (uint64_t)wait_us, fd) : 0;
}

static int find_devices(const struct bench *bench, const char *const *names, struct suite_run *run)
{
    for (size_t i = 0; names[i]; i++) {
        ENSURE(run->device_count < SUITE_DEVICES_MOST, ERR_LIMIT);
        if (strcmp(names[i], CTEST_DEVICE) == 0) {
            TRY(ctest_boards_given(bench, run->devices, SUITE_DEVICES_MOST, &run->device_count));
        } else {
            TRY(bench_find(bench, names[i], &run->devices[run->device_count++]));
        }
    }
    for (size_t i = 0; i < run->device_count; i++) {
        TRY(run_check_installed(run->devices[i]));
        for (size_t k = 0; k < i; k++) {
            if (run->devices[k] == run->devices[i]) {
                FAIL(ERR_USAGE, "--device %s is given twice", run->devices[i]->name);
            }
        }
    }
    return 0;
}

static int run_on_bench(const char *bench_path, const char *const *names, const char *wait,
                        struct suite_run *run)
{
    struct bench bench;
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    diag_init(&diags);
    int exit_code = EXIT_USAGE;
    int code = bench_read(bench_path, &bench, &diags);
    if (diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
    }
    diag_deinit(&diags);
    if (code == 0) {
        code = find_devices(&bench, names, run);
    }
    int locks[SUITE_DEVICES_MOST];
    size_t lock_count = 0;
    while (code == 0 && lock_count < run->device_count) {
        locks[lock_count] = -1;
        code = lock_device(run->devices[lock_count], wait, &locks[lock_count]);
        lock_count += code == 0;
    }
    if (code < 0) {
        exit_code = cli_fail("run", code);
    } else {
        run->bench_folder = bench.folder;
        exit_code = suite_run(run);
    }
    while (lock_count-- > 0) {
        if (locks[lock_count] >= 0) {
            close(locks[lock_count]);
        }
    }
    bench_deinit(&bench);
    return exit_code;
}

static int run_command(int argc, char **argv)
{
    struct suite_run run = {.command = "run"};
    const char *suites[SUITES_MOST];
    const char *devices[OPTION_LIST_MOST + 1] = {NULL};
    const char *wait = NULL;
    char standard[PATH_MAX];
    struct option_spec specs[SUITE_SPECS_MOST + 3] = {{"--device", "NAME...", devices},
                                                      {"--bench", "FILE", &run.bench},
                                                       {"--wait", "DURATION", &wait}};
    size_t spec_count = 3 + suite_run_specs(&run, specs + 3);
    int code = cli_options(&command_run, argc, argv, specs, spec_count, false, suites, SUITES_MOST,
                           &run.wish.suite_count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (run.wish.suite_count == 0 || (!devices[0] && !run.options.list)) {
        fputs("hubrig run: expected a suite and --device NAME; try: hubrig run suites/smoke --device "
              "reference\n",
              stderr);
        return EXIT_USAGE;
    }
    const char *path = run.bench;
    if (!path && fs_join(standard, sizeof standard, fs_data_folder(), "fixtures/devices.bench") == 0) {
        path = standard;
    }
    run.wish.suites = suites;
    return run_on_bench(path, devices, wait, &run);
}

const struct command command_run = {
    .name = "run",
    .summary = "run suites of scenarios against a device of the bench",
    .run = run_command,
    .help =
        "usage: hubrig run SUITE... --device NAME [options]\n"
        "\n"
        "Runs scenarios against a device, each in a process and, where the machine allows it, in a\n"
        "private network of its own. One line per verdict; what did not pass is followed by where,\n"
        "expected, observed, cause, try and evidence. SUITE is a .scn file, a folder, a bundle\n"
        "(.suite), or the name of a suite, bundle or scenario that `hubrig suites` lists.\n"
        "\n"
        "  --device NAME       a device of the bench; may be repeated: side by side;\n"
        "                      @ctest: the boards that CTest gives, see hubrig boards --help\n"
        "  --bench FILE        the inventory; default: fixtures/devices.bench of hubrig\n"
        "  --wait DURATION     wait that long for a board that somebody else uses; default: not at all\n"
        SUITE_RUN_HELP
        "\n"
        "Exit codes: 0 all passed, 1 a device failed or wavered, 2 usage or a mistake in a file,\n"
        "      3 the rig failed, 77 everything was skipped\n",
};
