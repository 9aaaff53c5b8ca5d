// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/bench/bench.h"
#include "harness/cli/cli.h"
#include "harness/cli/suite_run.h"
#include "harness/device/lock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

static int check_installed(const struct bench_device *device)
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
    bool is_hardware = device->kind == BENCH_BOARD || device->kind == BENCH_BLACKBOX;
    return is_hardware ? lock_take(device->name, (uint64_t)wait_us, fd) : 0;
}

static int run_on_bench(const char *bench_path, const char *device, const char *wait,
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
        code = bench_find(&bench, device, &run->device);
    }
    if (code == 0) {
        code = check_installed(run->device);
    }
    int lock_fd = -1;
    if (code == 0) {
        code = lock_device(run->device, wait, &lock_fd);
    }
    if (code < 0) {
        exit_code = cli_fail("run", code);
    } else {
        run->bench_folder = bench.folder;
        exit_code = suite_run(run);
    }
    if (lock_fd >= 0) {
        close(lock_fd);
    }
    bench_deinit(&bench);
    return exit_code;
}

static int run_command(int argc, char **argv)
{
    struct suite_run run = {.command = "run", .tls_engine = getenv("HUBRIG_TLS_ENGINE")};
    const char *suites[SUITES_MOST];
    const char *device = NULL;
    const char *bench = NULL;
    const char *wait = NULL;
    char standard[PATH_MAX];
    const struct option_spec specs[] = {
        {"--device", "NAME", &device},         {"--bench", "FILE", &bench},
        {"--evidence", "FOLDER", &run.evidence}, {"--only", "NAME", &run.only},
        {"--wait", "DURATION", &wait},
        {"--jobs", "N", &run.jobs},            {"-j", "N", &run.jobs},
        {"--tls-engine", "NAME", &run.tls_engine},
        {"--network", "KIND", &run.network},   {"--junit", "FILE", &run.junit},
        {"--tap", "FILE", &run.tap},           {"--json", NULL, &run.json},
    };
    int code = cli_options(&command_run, argc, argv, specs, HR_COUNT_OF(specs), false, suites,
                           SUITES_MOST, &run.suite_count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (run.suite_count == 0 || !device) {
        fputs("hubrig run: expected a suite and --device NAME; try: hubrig run suites/smoke --device "
              "reference\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!bench && fs_join(standard, sizeof standard, fs_data_folder(), "fixtures/devices.bench") == 0) {
        bench = standard;
    }
    run.suites = suites;
    return run_on_bench(bench, device, wait, &run);
}

const struct command command_run = {
    .name = "run",
    .summary = "run suites of scenarios against a device of the bench",
    .run = run_command,
    .help =
        "usage: hubrig run SUITE... --device NAME [options]\n"
        "\n"
        "Runs every .scn file of the suites (files or folders) against a device, each in a process\n"
        "and, where the machine allows it, in a private network of its own. One line per verdict;\n"
        "what did not pass is followed by where, expected, observed, cause, try and evidence.\n"
        "\n"
        "  --device NAME       a device of the bench\n"
        "  --bench FILE        the inventory; default: fixtures/devices.bench of hubrig\n"
        "  --wait DURATION     wait that long for a board that somebody else uses; default: not at all\n"
        "  --evidence FOLDER   where scenarios leave journal, logs and verdict; default: evidence\n"
        "  --only NAME         run this scenario only\n"
        "  --jobs N, -j N      scenarios side by side; default: four per processor\n"
        "  --network KIND      auto: private where possible (default); private: or fail;\n"
        "                      host: an address of its own in 127.0.0.0/8, port 8883\n"
        "  --tls-engine NAME   mbedtls or openssl, for scenarios that do not choose; default:\n"
        "                      what HUBRIG_TLS_ENGINE says, else auto (by the TLS versions)\n"
        "  --junit FILE        also write JUnit XML\n"
        "  --tap FILE          also write TAP 13\n"
        "  --json              print the outcomes as JSON instead of lines\n"
        "\n"
        "Exit codes: 0 all passed, 1 a device failed, 2 usage or a mistake in a file,\n"
        "      3 the rig failed, 77 everything was skipped\n",
};
