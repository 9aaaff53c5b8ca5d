// SPDX-License-Identifier: MIT
#include "harness/cli/suite_run.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "certs/chain.h"
#include "harness/cli/cli.h"
#include "harness/report/report.h"
#include "harness/runner/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
    const struct suite_run *run;
    struct plan *plans;
    size_t plan_count;
    struct outcome *outcomes;
    char **chain_names;
    size_t chain_count;
    struct report_style style;
    bool has_live_line;
    enum network network;
    size_t jobs;
};

static int usage_error(const struct state *s, const char *text)
{
    fprintf(stderr, "hubrig %s: %s\n", s->run->command, text);
    return EXIT_USAGE;
}

// ---- reading

static int read_plan(struct state *s, const char *file, struct diag_list *diags)
{
    struct plan *grown = realloc(s->plans, (s->plan_count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    s->plans = grown;
    struct plan *plan = &s->plans[s->plan_count];
    int code = plan_read(file, (const char *const *)s->chain_names, s->chain_count, plan, diags);
    code = code < 0 ? code : tls_policy_prefer(&plan->settings.tls, s->run->tls_engine);
    bool is_wanted = code == 0 && (!s->run->only || strcmp(plan->name, s->run->only) == 0);
    if (is_wanted) {
        s->plan_count++;
    } else {
        plan_deinit(plan);
    }
    return code;
}

static int read_suite(struct state *s, const char *suite, struct diag_list *diags)
{
    char path[4096];
    char **files = NULL;
    size_t count = 0;
    // a suite that ships with hubrig may be named from anywhere
    if (!fs_exists(suite) && suite[0] != '/' &&
        fs_join(path, sizeof path, fs_data_folder(), suite) == 0 && fs_exists(path)) {
        suite = path;
    }
    TRY(suite_files(suite, &files, &count));
    int worst = 0;
    for (size_t i = 0; i < count; i++) {
        int code = read_plan(s, files[i], diags);
        worst = code < 0 && worst == 0 ? code : worst;
        if (code < 0 && code != ERR_SYNTAX) {
            break;
        }
    }
    suite_free(files, count);
    return worst;
}

static int read_chain_names(struct state *s)
{
    struct workshop *w = NULL;
    struct workshop_settings settings = {0};
    TRY(workshop_open(&settings, &w));
    int code = workshop_names(w, &s->chain_names, &s->chain_count);
    workshop_close(w);
    return code;
}

static int read_suites(struct state *s)
{
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    int worst = 0;
    buf_init(&text, 1 << 20);
    diag_init(&diags);
    for (size_t i = 0; i < s->run->suite_count; i++) {
        int code = read_suite(s, s->run->suites[i], &diags);
        worst = code < 0 && worst == 0 ? code : worst;
    }
    if (diag_print(&diags, &text) == 0 && text.len > 0) {
        fputs(buf_text(&text), stderr);
        error_set(ERR_SYNTAX, "the suite has mistakes; nothing was run");
    }
    diag_deinit(&diags);
    return worst;
}

static int read_options(struct state *s)
{
    const char *network = s->run->network;
    s->network = NETWORK_AUTO;
    if (network && strcmp(network, "private") == 0) {
        s->network = NETWORK_PRIVATE;
    } else if (network && strcmp(network, "host") == 0) {
        s->network = NETWORK_HOST;
    } else if (network && strcmp(network, "auto") != 0) {
        return usage_error(s, "--network takes auto, private or host");
    }
    uint64_t jobs = runner_default_jobs();
    if (s->run->jobs && (span_parse_u64(span_text(s->run->jobs), &jobs) < 0 || jobs < 1 || jobs > 64)) {
        return usage_error(s, "-j takes a number from 1 to 64");
    }
    bool is_single = s->run->device->kind == BENCH_BOARD || s->run->device->kind == BENCH_BLACKBOX;
    s->jobs = is_single ? 1 : (size_t)jobs; // one board runs one scenario at a time
    return EXIT_PASS;
}

// ---- showing

static void wipe_live_line(struct state *s)
{
    if (s->has_live_line) {
        fputs("\r\033[K", stderr);
        s->has_live_line = false;
    }
}

static void on_outcome(void *context, const struct outcome *o)
{
    struct state *s = context;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    wipe_live_line(s);
    if (s->run->json || report_console_line(o, &s->style, &text) < 0 ||
        report_console_detail(o, &s->style, &text) < 0) {
        return;
    }
    fputs(buf_text(&text), stdout);
    fflush(stdout);
}

static void on_progress(void *context, size_t done, const char *const *running, size_t count)
{
    struct state *s = context;
    if (!isatty(STDERR_FILENO)) {
        return;
    }
    char line[100];
    size_t len = (size_t)snprintf(line, sizeof line, "%zu/%zu done; running", done, s->plan_count);
    for (size_t i = 0; i < count && len < sizeof line; i++) {
        len += (size_t)snprintf(line + len, sizeof line - len, " %s", running[i]);
    }
    wipe_live_line(s);
    fputs(line, stderr);
    s->has_live_line = true;
}

static int write_report(struct state *s, const char *path, struct span text)
{
    int code = fs_write_file(path, text, 0644);
    return code < 0 ? cli_fail(s->run->command, code) : EXIT_PASS;
}

static int write_reports(struct state *s)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 64 << 20);
    int exit_code = EXIT_PASS;
    if (s->run->junit && report_junit(s->outcomes, s->plan_count, "hubrig", &text) == 0) {
        exit_code = write_report(s, s->run->junit, buf_span(&text));
    }
    buf_clear(&text);
    if (s->run->tap && report_tap(s->outcomes, s->plan_count, &text) == 0) {
        int code = write_report(s, s->run->tap, buf_span(&text));
        exit_code = code ? code : exit_code;
    }
    buf_clear(&text);
    if (s->run->json && report_json(s->outcomes, s->plan_count, &text) == 0) {
        puts(buf_text(&text));
    }
    return exit_code;
}

static void show_summary(struct state *s, uint64_t wall_us)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 4096);
    wipe_live_line(s);
    if (!s->run->json &&
        report_console_summary(s->outcomes, s->plan_count, wall_us, &s->style, &text) == 0) {
        fputs(buf_text(&text), stdout);
    }
}

// ---- running

static size_t longest_name(const struct state *s)
{
    size_t most = 0;
    for (size_t i = 0; i < s->plan_count; i++) {
        size_t len = strlen(s->plans[i].name);
        most = len > most ? len : most;
    }
    return most;
}

static int run_plans(struct state *s)
{
    struct env env = env_system();
    uint64_t began_us = env.mono_us(env.world);
    struct run_settings settings = {
        .plans = s->plans,
        .plan_count = s->plan_count,
        .device = s->run->device,
        .bench_folder = s->run->bench_folder,
        .evidence = s->run->evidence ? s->run->evidence : "evidence",
        .jobs = s->jobs,
        .network = s->network,
        .on_outcome = on_outcome,
        .on_progress = on_progress,
        .context = s,
    };
    s->outcomes = calloc(s->plan_count, sizeof *s->outcomes);
    if (!s->outcomes) {
        return cli_fail(s->run->command, ERR_NO_MEMORY);
    }
    s->style = (struct report_style){.has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                                     .name_columns = longest_name(s)};
    int code = runner_run(&settings, s->outcomes);
    if (code < 0) {
        return cli_fail(s->run->command, code);
    }
    show_summary(s, env.mono_us(env.world) - began_us);
    int exit_code = write_reports(s);
    int judged = verdicts_exit_code(s->outcomes, s->plan_count);
    return exit_code ? exit_code : judged;
}

static int read_and_run(struct state *s)
{
    int exit_code = read_options(s);
    if (exit_code != EXIT_PASS) {
        return exit_code;
    }
    int code = read_chain_names(s);
    if (code == 0) {
        code = read_suites(s);
    }
    if (code < 0) {
        return cli_fail(s->run->command, code);
    }
    if (s->plan_count == 0) {
        return usage_error(s, "no scenario of that name; `hubrig check` lists what a suite holds");
    }
    return run_plans(s);
}

int suite_run(const struct suite_run *run)
{
    struct state s = {.run = run};
    int exit_code = read_and_run(&s);
    for (size_t i = 0; i < s.plan_count; i++) {
        if (s.outcomes) {
            outcome_deinit(&s.outcomes[i]);
        }
        plan_deinit(&s.plans[i]);
    }
    free(s.plans);
    free(s.outcomes);
    workshop_names_free(s.chain_names, s.chain_count);
    return exit_code;
}
