// SPDX-License-Identifier: MIT
// `hubrig boards`: what is plugged in, what the bench names, and whether each board works.
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/cli/boards_parts.h"
#include "harness/cli/cli.h"
#include "harness/cli/ctest_boards.h"
#include "harness/device/inventory.h"
#include "harness/device/lock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wish {
    const char *bench, *json, *write, *paths, *check, *wait, *spec;
    uint64_t wait_us; // for a lock
    const char *names[OPTION_LIST_MOST + 1]; // --device
};

static int read_bench(const char *path, struct bench *out)
{
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    diag_init(&diags);
    int code = bench_read(path, out, &diags);
    if (diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
    }
    diag_deinit(&diags);
    return code;
}

// ---- --write

static int write_inventory(const struct boards *b, const struct wish *wish)
{
    struct buf text HR_CLEANUP(buf_deinit);
    size_t boards = 0;
    buf_init(&text, 1 << 20);
    if (fs_exists(wish->write)) {
        FAIL(ERR_USAGE, "%s exists already and is left as it is; choose another file", wish->write);
    }
    TRY(inventory_write(b->ports, b->port_count, wish->paths != NULL, &text, &boards));
    if (boards == 0) {
        FAIL(ERR_IO, "no board is plugged in%s: nothing is written",
             b->port_count && !wish->paths ? " that has a USB id; --paths also takes the others" : "");
    }
    TRY(fs_write_file(wish->write, buf_span(&text), 0644));
    printf("%s: %zu boards; fill in what it marks, then: hubrig boards --bench %s --check\n", wish->write,
           boards, wish->write);
    return 0;
}

// ---- --resource-spec

static int write_spec(const struct boards *b, const char *path)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    TRY(ctest_boards_write(&b->bench, &text));
    TRY(fs_write_file(path, buf_span(&text), 0644));
    printf("%s: for ctest --resource-spec-file %s, tests with RESOURCE_GROUPS board:1 and "
           "hubrig run --device " CTEST_DEVICE "\n", path, path);
    return 0;
}

// ---- --check

static bool is_wanted(const struct wish *wish, const struct bench_device *device)
{
    for (size_t i = 0; wish->names[i]; i++) {
        if (strcmp(wish->names[i], device->name) == 0) {
            return true;
        }
    }
    return !wish->names[0];
}

// The exit code that one board asks for.
static int check_one(const struct boards *b, const struct wish *wish,
                     const struct bench_device *device, struct buf *json)
{
    static struct board_check check; // large
    const struct board_check_settings settings = {device, b->bench.folder};
    int lock = -1;
    int code = bench_is_hardware(device) ? lock_take(device->name, wish->wait_us, &lock) : 0;
    if (code == 0) {
        code = board_check_run(&settings, &check);
        code = code == 0 && check.code < 0 ? error_set(check.code, "%s: %s", device->name, check.sentence)
                                           : code;
    }
    if (lock >= 0) {
        close(lock);
    }
    if (code < 0) {
        return cli_fail("boards", code) == EXIT_USAGE ? EXIT_USAGE : EXIT_INFRA;
    }
    if (!wish->json) {
        boards_print_check(device, &check);
        fflush(stdout);
    } else if (buf_append_text(json, json->len > 1 ? ",\n " : "\n ") < 0 ||
               boards_check_json(device, &check, json) < 0) {
        return EXIT_INFRA;
    }
    return board_check_is_broken(&check) ? EXIT_FAIL : EXIT_PASS;
}

static int check_boards(const struct boards *b, const struct wish *wish)
{
    struct buf json HR_CLEANUP(buf_deinit);
    int worst = EXIT_PASS;
    size_t count = 0;
    buf_init(&json, 4 << 20);
    int code = buf_append_u8(&json, '[');
    for (size_t i = 0; code == 0 && i < b->bench.count; i++) {
        const struct bench_device *device = &b->bench.devices[i];
        if (!device->board || !is_wanted(wish, device)) {
            continue;
        }
        int one = check_one(b, wish, device, &json);
        worst = one > worst ? one : worst;
        count++;
    }
    if (count == 0) {
        code = error_set(ERR_USAGE, "%s names no board, emulator or black box to check", b->bench.file);
    }
    if (code == 0 && wish->json) {
        printf("%s\n]\n", buf_text(&json));
    }
    return code < 0 ? cli_fail("boards", code) : worst;
}

// ---- the command

static int check_names(const struct boards *b, const struct wish *wish)
{
    const struct bench_device *device = NULL;
    for (size_t i = 0; wish->names[i]; i++) {
        TRY(bench_find(&b->bench, wish->names[i], &device));
        if (!device->board) {
            FAIL(ERR_USAGE, "%s is a program of this machine: there is no hardware to check",
                 wish->names[i]);
        }
    }
    return 0;
}

static int check_wish(struct wish *wish)
{
    int64_t wait_us = 0;
    if (wish->write && (wish->check || wish->json)) {
        FAIL(ERR_USAGE, "--write goes neither with --check nor with --json");
    }
    if (wish->spec && (wish->write || wish->check || wish->json)) {
        FAIL(ERR_USAGE, "--resource-spec goes neither with --write, --check nor --json");
    }
    if (wish->paths && !wish->write) {
        FAIL(ERR_USAGE, "--paths goes with --write");
    }
    if ((wish->names[0] || wish->wait) && !wish->check) {
        FAIL(ERR_USAGE, "--device and --wait go with --check");
    }
    if (wish->wait && (duration_parse(span_text(wish->wait), &wait_us) < 0 || wait_us < 0)) {
        FAIL(ERR_USAGE, "--wait takes a duration such as 30s or 10m, seen '%s'", wish->wait);
    }
    wish->wait_us = (uint64_t)wait_us;
    return 0;
}

static int act(struct boards *b, const struct wish *wish)
{
    int code = ports_list(b->ports, &b->port_count);
    if (code == 0 && wish->write) {
        code = write_inventory(b, wish);
        return code < 0 ? cli_fail("boards", code) : EXIT_PASS;
    }
    code = code == 0 ? read_bench(wish->bench, &b->bench) : code;
    code = code == 0 ? check_names(b, wish) : code;
    if (code == 0 && wish->spec) {
        code = write_spec(b, wish->spec);
        return code < 0 ? cli_fail("boards", code) : EXIT_PASS;
    }
    if (code == 0 && wish->check) {
        return check_boards(b, wish);
    }
    code = code == 0 ? boards_list(b, wish->json != NULL) : code;
    return code < 0 ? cli_fail("boards", code) : EXIT_PASS;
}

static int boards_run(int argc, char **argv)
{
    struct wish wish = {0};
    char standard[PATH_MAX];
    size_t word_count = 0;
    const struct option_spec specs[] = {
        {"--bench", "FILE", &wish.bench}, {"--json", NULL, &wish.json},
        {"--write", "FILE", &wish.write}, {"--paths", NULL, &wish.paths},
        {"--check", NULL, &wish.check},   {"--wait", "DURATION", &wish.wait},
        {"--device", "NAME...", wish.names}, {"--resource-spec", "FILE", &wish.spec}};
    int code = cli_options(&command_boards, argc, argv, specs, HR_COUNT_OF(specs), false, NULL, 0,
                           &word_count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    code = check_wish(&wish);
    if (code < 0) {
        return cli_fail("boards", code);
    }
    if (!wish.bench && fs_join(standard, sizeof standard, fs_data_folder(), "fixtures/devices.bench") == 0) {
        wish.bench = standard;
    }
    struct boards *b = calloc(1, sizeof *b);
    if (!b) {
        return cli_fail("boards", ERR_NO_MEMORY);
    }
    int exit_code = act(b, &wish);
    bench_deinit(&b->bench);
    free(b);
    return exit_code;
}

const struct command command_boards = {
    .name = "boards",
    .summary = "list what is plugged in; write an inventory; check each board end to end",
    .run = boards_run,
    .help =
        "usage: hubrig boards [options]\n"
        "\n"
        "Lists the boards, emulators and black boxes of a bench, where each is plugged in, who\n"
        "holds it, what it offers, its tags; then the serial ports that the bench does not name.\n"
        "\n"
        "  --bench FILE   the inventory; default: fixtures/devices.bench of hubrig\n"
        "  --json         JSON instead of text, also of a check\n"
        "  --write FILE   make an inventory of what is plugged in, by USB id or place at the hub\n"
        "  --paths        and take ports without either, by a path that may be another tomorrow\n"
        "  --check        prove each board: serial, prepare (flash, credentials), reset, baud,\n"
        "                 script, name, clock, connect, power; a broken part is named with what\n"
        "                 was expected, what was seen and what to try. It resets the board and\n"
        "                 switches it off and on; its lock is held meanwhile\n"
        "  --device NAME  check only this one; may be repeated\n"
        "  --wait TIME    for a board that somebody else holds, such as 10m; default: not at all\n"
        "  --resource-spec FILE  the boards as resources for ctest --resource-spec-file FILE: tests\n"
        "                 with the property RESOURCE_GROUPS board:1 get one each, and\n"
        "                 `hubrig run --device @ctest` takes it; ci/templates/ctest.cmake shows it\n"
        "\n"
        "`ask name` and `ask clock` of the bench are what a check types to learn where the board\n"
        "finds the hub's name, and its time: ten digits of seconds, or 2026-11-20 08:00:00, UTC.\n"
        "\n"
        "Exit codes: 0 listed, written, or every board proven; 1 a part of a board is broken;\n"
        "2 usage or a mistake in a file; 3 no answer about the boards: one is in use, the hub cannot\n"
        "listen at its hub-address, nothing is plugged in to write\n",
};
