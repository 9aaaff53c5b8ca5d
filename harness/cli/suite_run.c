// SPDX-License-Identifier: MIT
#include "harness/cli/suite_run.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/cli/again.h"
#include "harness/cli/claim.h"
#include "harness/cli/live.h"
#include "harness/cli/suites.h"
#include "harness/history/history.h"
#include "harness/runner/runner.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AGAIN_BYTES_MOST = 256 << 10 };

struct state {
    struct suite_run *run;
    struct suite_numbers numbers;
    struct plan_set set;
    struct run_entry *entries; // plans times devices; their texts belong to them
    size_t count;
    struct outcome *outcomes;
    const char *names[SUITE_DEVICES_MOST];
    size_t done_of[SUITE_DEVICES_MOST];
    struct live live;
    const char *evidence;
};

// ---- entries

// One device: a folder per scenario. Several: these below a folder per device.
static int add_entry(struct state *s, const struct bench_device *device, const struct plan *plan)
{
    char folder[PATH_MAX];
    struct buf again HR_CLEANUP(buf_deinit);
    buf_init(&again, AGAIN_BYTES_MOST);
    if (s->run->device_count > 1) {
        TRY(fs_join(folder, sizeof folder, device->name, plan->name));
    } else {
        ENSURE(span_copy_text(span_text(plan->name), folder, sizeof folder), ERR_TOO_BIG);
    }
    TRY(again_command(s->run, &s->numbers, plan, device, &again));
    struct run_entry *entry = &s->entries[s->count++];
    *entry = (struct run_entry){.plan = plan, .device = device, .is_alone = bench_is_hardware(device)};
    entry->folder = span_dup_text(span_text(folder));
    entry->again = buf_take_text(&again);
    ENSURE(entry->folder != NULL && entry->again != NULL, ERR_NO_MEMORY);
    return 0;
}

static int make_entries(struct state *s)
{
    size_t most = s->set.count * s->run->device_count;
    size_t place = 0;
    s->entries = calloc(most ? most : 1, sizeof *s->entries);
    s->outcomes = calloc(most ? most : 1, sizeof *s->outcomes);
    ENSURE(s->entries != NULL && s->outcomes != NULL, ERR_NO_MEMORY);
    for (size_t d = 0; d < s->run->device_count; d++) {
        for (size_t i = 0; i < s->set.count; i++, place++) {
            if (place % s->numbers.shards == s->numbers.shard - 1) {
                TRY(add_entry(s, s->run->devices[d], &s->set.plans[i]));
            }
        }
    }
    for (size_t i = 0; i < s->set.count; i++) {
        TRY(tls_policy_prefer(&s->set.plans[i].settings.tls, s->run->options.tls_engine));
        if (s->numbers.slow != 1) {
            plan_slow_down(&s->set.plans[i], s->numbers.slow);
        }
    }
    return 0;
}

// ---- showing

static size_t longest_name(const struct state *s)
{
    size_t most = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t len = strlen(s->entries[i].folder);
        most = len > most ? len : most;
    }
    return most;
}

static void prepare_live(struct state *s)
{
    s->live = (struct live){
        .devices = s->names,
        .done_of = s->done_of,
        .device_count = s->run->device_count,
        .total_of = s->count * (size_t)s->numbers.rounds / s->run->device_count,
        .is_terminal = isatty(STDERR_FILENO),
        .is_quiet = s->run->reports.json != NULL,
        .has_rounds = s->numbers.rounds != 1,
        .style = {.has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                  .name_columns = longest_name(s),
                  .shows_device = s->run->device_count > 1},
    };
    for (size_t i = 0; i < s->run->device_count; i++) {
        s->names[i] = s->run->devices[i]->name;
    }
}

static void show_plan(const struct state *s)
{
    char time[32];
    uint64_t longest = runner_longest_us(s->entries, s->count, s->numbers.jobs);
    uint64_t rounds = s->numbers.rounds;
    fprintf(stderr, "%zu scenario%s on", s->count, s->count == 1 ? "" : "s");
    for (size_t i = 0; i < s->run->device_count; i++) {
        fprintf(stderr, "%s %s", i ? "," : "", s->names[i]);
    }
    if (rounds != 1) {
        fprintf(stderr, rounds ? ", %" PRIu64 " times" : ", until one fails", rounds);
    }
    fprintf(stderr, ", %zu side by side, at most %s%s, seed %" PRIu64 "\n", s->numbers.jobs,
            duration_print((int64_t)(longest * (rounds ? rounds : 1)), time),
            rounds ? "" : " each round", s->numbers.seed);
}

static void show_summary(struct state *s, uint64_t wall_us)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    live_wipe(&s->live);
    if (!s->live.is_quiet &&
        report_console_causes(s->outcomes, s->count, &s->live.style, &text) == 0 &&
        report_console_summary(s->outcomes, s->count, wall_us, &s->live.style, &text) == 0) {
        fputs(buf_text(&text), stdout);
    }
}

// ---- running

static int add_history(const struct state *s)
{
    struct history *history = NULL;
    if (!s->run->options.history) {
        return 0;
    }
    TRY(history_open(s->run->options.history, true, &history));
    int code = history_add(history, s->outcomes, s->count);
    history_close(history);
    return code;
}

static int run_entries(struct state *s)
{
    struct env env = env_system();
    uint64_t began_us = env.mono_us(env.world);
    const struct suite_options *o = &s->run->options;
    const struct run_settings settings = {
        .entries = s->entries,
        .entry_count = s->count,
        .rounds = s->numbers.rounds,
        .bench_folder = s->run->bench_folder,
        .evidence = s->evidence,
        .firmware = o->firmware,
        .jobs = s->numbers.jobs,
        .network = (enum network)s->numbers.network,
        .has_interface_capture = s->numbers.has_interface_capture,
        .seed = s->numbers.seed,
        .is_shuffled = o->shuffle != NULL,
        .stops_at_bad = o->fail_fast != NULL,
        .retries = s->numbers.retries,
        .is_resumed = o->resume != NULL,
        .on_outcome = live_outcome,
        .on_run = live_run,
        .on_progress = live_progress,
        .context = &s->live,
    };
    int code = runner_run(&settings, s->outcomes);
    if (code < 0) {
        return cli_fail(s->run->command, code);
    }
    show_summary(s, env.mono_us(env.world) - began_us);
    code = add_history(s);
    int exit_code = code < 0 ? cli_fail(s->run->command, code) : EXIT_PASS;
    s->run->reports.evidence = s->evidence;
    int written = reports_write(&s->run->reports, s->outcomes, s->count);
    int judged = verdicts_exit_code(s->outcomes, s->count);
    return written ? written : exit_code ? exit_code : judged;
}

static int complain_empty(const struct state *s)
{
    fprintf(stderr, "hubrig %s: of %zu scenarios none fits", s->run->command, s->set.seen);
    for (size_t i = 0; s->run->wish.tags[i]; i++) {
        fprintf(stderr, " --tag %s", s->run->wish.tags[i]);
    }
    fprintf(stderr, "%s%s; try: hubrig suites\n", s->run->wish.only ? " --only " : "",
            s->run->wish.only ? s->run->wish.only : "");
    return EXIT_USAGE;
}

// What cannot be written is told before hours are spent.
static int run_claimed(struct state *s)
{
    int claim = -1;
    struct history *history = NULL;
    int code = claim_evidence(s->evidence, s->numbers.seed, &claim);
    if (code == 0 && s->run->options.history) {
        code = history_open(s->run->options.history, true, &history);
        history_close(history);
    }
    code = code ? code : reports_check_places(&s->run->reports);
    int exit_code = code < 0 ? cli_fail(s->run->command, code) : EXIT_PASS;
    if (code == 0) {
        show_plan(s);
        exit_code = run_entries(s);
    }
    if (claim >= 0) {
        close(claim);
    }
    return exit_code;
}

static int read_and_run(struct state *s)
{
    int exit_code = suite_run_numbers(s->run, &s->numbers);
    exit_code = exit_code ? exit_code : reports_check(&s->run->reports);
    if (exit_code != EXIT_PASS) {
        return exit_code;
    }
    int code = plan_set_read(&s->set, &s->run->wish);
    if (code == 0 && s->set.count && s->run->options.list) {
        code = suites_print(&s->set, s->run->reports.json ? SUITES_JSON : SUITES_LINES);
        return code < 0 ? cli_fail(s->run->command, code) : EXIT_PASS;
    }
    code = code ? code : make_entries(s);
    if (code < 0) {
        return cli_fail(s->run->command, code);
    }
    if (s->set.count == 0) {
        return complain_empty(s);
    }
    prepare_live(s);
    return run_claimed(s);
}

int suite_run(struct suite_run *run)
{
    struct state s = {.run = run, .evidence = run->options.evidence};
    s.evidence = s.evidence ? s.evidence : "evidence";
    run->reports.command = run->command;
    int exit_code = read_and_run(&s);
    for (size_t i = 0; i < s.count; i++) {
        outcome_deinit(&s.outcomes[i]);
        free((char *)(uintptr_t)s.entries[i].folder);
        free((char *)(uintptr_t)s.entries[i].again);
    }
    free(s.entries);
    free(s.outcomes);
    plan_set_deinit(&s.set);
    return exit_code;
}
