// SPDX-License-Identifier: MIT
// `hubrig certs limbo`: x509-limbo's path validation cases, served over the wire to a device. Each
// case is a scenario of its own; what the device does next is its answer.
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "base/when.h"
#include "certs/limbo.h"
#include "harness/bench/bench.h"
#include "harness/cli/certs_parts.h"
#include "harness/runner/runner.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum answer { ANSWER_AGREES, ANSWER_FALSE_ACCEPT, ANSWER_FALSE_REJECT, ANSWER_NONE, ANSWERS };

struct score {
    size_t by_importance[LIMBO_IMPORTANCES][ANSWERS];
    size_t disagreements; // in cases without optional features
};

struct limbo_run {
    struct limbo_file file;
    const char *only;
    const char *json;
    struct plan *plans;
    struct given_chain *given;
    size_t *case_of; // per plan
    size_t plan_count;
    struct outcome *outcomes;
    struct bench bench;
    const struct bench_device *device;
    const char *evidence;
    size_t jobs;
};

// ---- cases to plans

static void scenario_name(const char *id, char *out, size_t capacity)
{
    size_t n = 0;
    for (; *id && n + 1 < capacity; id++) {
        bool is_plain = (*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9');
        char c = *id >= 'A' && *id <= 'Z' ? (char)(*id + 32) : is_plain ? *id : '-';
        if (c != '-' || (n > 0 && out[n - 1] != '-')) {
            out[n++] = c;
        }
    }
    out[n] = '\0';
}

// Accepted means that MQTT was spoken over the chain, refused that the device gave up before.
static int write_plan(const struct limbo_case *c, const char *name, struct buf *out)
{
    char at[32];
    utc_print(c->utc_s * 1000000, at);
    TRY(buf_printf(out, "scenario limbo.%s\nlimit 60s\n", name));
    if (c->has_time) {
        TRY(buf_printf(out, "needs clock\nset device.clock = %s\nset hub.clock = %s\n", at, at));
    }
    return buf_printf(out, "never %s\nboot device\nexpect %s within 20s\n",
                      c->expects_success ? "tls.refused" : "mqtt.connect",
                      c->expects_success ? "mqtt.connect" : "tls.refused");
}

static int add_plan(struct limbo_run *run, size_t index)
{
    const struct limbo_case *c = &run->file.cases[index];
    char name[120];
    char file[160];
    struct buf text HR_CLEANUP(buf_deinit);
    struct diag_list diags;
    buf_init(&text, 4096);
    scenario_name(c->id, name, sizeof name);
    snprintf(file, sizeof file, "limbo/%s.scn", name);
    TRY(write_plan(c, name, &text));
    diag_init(&diags);
    struct plan *plan = &run->plans[run->plan_count];
    int code = plan_parse(file, buf_span(&text), NULL, 0, plan, &diags);
    diag_deinit(&diags);
    if (code < 0) {
        plan_deinit(plan);
        FAIL(ERR_INTERNAL, "case %s makes no scenario", c->id);
    }
    run->given[run->plan_count] = (struct given_chain){&c->chain, c->host, c->is_address};
    run->case_of[run->plan_count++] = index;
    return 0;
}

static int make_plans(struct limbo_run *run)
{
    run->plans = calloc(run->file.count + 1, sizeof *run->plans);
    run->given = calloc(run->file.count + 1, sizeof *run->given);
    run->case_of = calloc(run->file.count + 1, sizeof *run->case_of);
    run->outcomes = calloc(run->file.count + 1, sizeof *run->outcomes);
    ENSURE(run->plans && run->given && run->case_of && run->outcomes, ERR_NO_MEMORY);
    for (size_t i = 0; i < run->file.count; i++) {
        const struct limbo_case *c = &run->file.cases[i];
        bool is_wanted = !run->only || strstr(c->id, run->only);
        if (is_wanted && !c->unfit[0]) {
            TRY(add_plan(run, i));
        }
    }
    return 0;
}

// ---- answers

static enum answer answer_of(const struct limbo_run *run, size_t plan)
{
    const struct limbo_case *c = &run->file.cases[run->case_of[plan]];
    const struct outcome *o = &run->outcomes[plan];
    // a never that broke is the opposite answer; a time-out or a rig's trouble is none
    bool is_opposite = o->verdict == VERDICT_FAIL && strncmp(o->statement, "never", 5) == 0;
    if (o->verdict == VERDICT_PASS) {
        return ANSWER_AGREES;
    }
    if (!is_opposite) {
        return ANSWER_NONE;
    }
    return c->expects_success ? ANSWER_FALSE_REJECT : ANSWER_FALSE_ACCEPT;
}

static const char *answer_word(enum answer answer)
{
    static const char *const words[] = {"agrees", "false accept", "false reject", "no answer"};
    return words[answer];
}

static void add_scores(const struct limbo_run *run, struct score *score)
{
    *score = (struct score){0};
    for (size_t i = 0; i < run->plan_count; i++) {
        const struct limbo_case *c = &run->file.cases[run->case_of[i]];
        enum answer answer = answer_of(run, i);
        score->by_importance[c->importance][answer]++;
        bool counts = !c->features[0] && (answer == ANSWER_FALSE_ACCEPT || answer == ANSWER_FALSE_REJECT);
        score->disagreements += counts;
    }
}

static void print_answers(const struct limbo_run *run)
{
    for (size_t i = 0; i < run->plan_count; i++) {
        const struct limbo_case *c = &run->file.cases[run->case_of[i]];
        enum answer answer = answer_of(run, i);
        if (answer == ANSWER_AGREES) {
            continue;
        }
        printf("%-13s %-12s %s%s%s\n              %s\n", answer_word(answer),
               limbo_importance_word(c->importance), c->id, c->features[0] ? "  optional: " : "",
               c->features, answer == ANSWER_NONE ? run->outcomes[i].observed : c->description);
    }
}

static void print_unfit(const struct limbo_run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->file.count; i++) {
        count += run->file.cases[i].unfit[0] != '\0';
    }
    if (count > 0) {
        printf("\n%zu cases cannot be served to a device:\n", count);
    }
    for (size_t i = 0; i < run->file.count; i++) {
        if (run->file.cases[i].unfit[0]) {
            printf("  %s: %s\n", run->file.cases[i].id, run->file.cases[i].unfit);
        }
    }
}

static void print_scores(const struct score *score)
{
    printf("\n%-14s%8s%14s%14s%11s\n", "importance", "agrees", "false accept", "false reject", "no answer");
    for (int i = LIMBO_IMPORTANCES - 1; i >= 0; i--) {
        const size_t *row = score->by_importance[i];
        printf("%-14s%8zu%14zu%14zu%11zu\n", limbo_importance_word((enum limbo_importance)i),
               row[ANSWER_AGREES], row[ANSWER_FALSE_ACCEPT], row[ANSWER_FALSE_REJECT], row[ANSWER_NONE]);
    }
    printf("%zu disagreements in cases without optional features\n", score->disagreements);
}

static int append_result(const struct limbo_run *run, size_t plan, struct buf *out)
{
    const struct limbo_case *c = &run->file.cases[run->case_of[plan]];
    enum answer answer = answer_of(run, plan);
    bool is_success = c->expects_success == (answer == ANSWER_AGREES);
    const char *result = answer == ANSWER_NONE ? "SKIPPED" : is_success ? "SUCCESS" : "FAILURE";
    TRY(buf_append_text(out, "{\"id\":\""));
    TRY(json_escape(span_text(c->id), out));
    TRY(buf_printf(out, "\",\"actual_result\":\"%s\",\"context\":\"", result));
    TRY(json_escape(span_text(run->outcomes[plan].observed), out));
    return buf_append_text(out, "\"}");
}

// The result format of limbo's own tools.
static int print_json(const struct limbo_run *run)
{
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 64 << 20);
    TRY(buf_append_text(&out, "{\"version\":1,\"harness\":\"hubrig/"));
    TRY(json_escape(span_text(run->device->name), &out));
    TRY(buf_append_text(&out, "\",\"results\":["));
    for (size_t i = 0; i < run->plan_count; i++) {
        TRY(i ? buf_append_text(&out, ",\n") : 0);
        TRY(append_result(run, i, &out));
    }
    TRY(buf_append_text(&out, "]}\n"));
    fputs(buf_text(&out), stdout);
    return 0;
}

// ---- the command

static void on_outcome(void *context, const struct outcome *o)
{
    (void)context;
    (void)o;
}

static void on_progress(void *context, const struct run_progress *p)
{
    (void)context;
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K%zu/%zu %s", p->done, p->total,
                p->running_count ? p->running[0].scenario : "");
    }
}

static int judge(struct limbo_run *run)
{
    struct score score;
    add_scores(run, &score);
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
    if (run->json) {
        int code = print_json(run);
        return code < 0 ? cli_fail("certs limbo", code) : score.disagreements ? EXIT_FAIL : EXIT_PASS;
    }
    print_answers(run);
    print_unfit(run);
    print_scores(&score);
    return score.disagreements ? EXIT_FAIL : EXIT_PASS;
}

static int run_cases(struct limbo_run *run)
{
    struct run_entry *entries = calloc(run->plan_count ? run->plan_count : 1, sizeof *entries);
    if (!entries) {
        return cli_fail("certs limbo", ERR_NO_MEMORY);
    }
    for (size_t i = 0; i < run->plan_count; i++) {
        entries[i] = (struct run_entry){.plan = &run->plans[i],
                                        .device = run->device,
                                        .given = &run->given[i],
                                        .folder = run->plans[i].name};
    }
    struct run_settings settings = {
        .entries = entries,
        .entry_count = run->plan_count,
        .rounds = 1,
        .retries = 1,
        .seed = 1,
        .bench_folder = run->bench.folder,
        .evidence = run->evidence,
        .jobs = run->jobs,
        .network = NETWORK_PRIVATE,
        .on_outcome = on_outcome,
        .on_progress = on_progress,
        .context = run,
    };
    int code = runner_run(&settings, run->outcomes);
    free(entries);
    return code < 0 ? cli_fail("certs limbo", code) : judge(run);
}

static int open_device(struct limbo_run *run, const char *bench, const char *device)
{
    char standard[PATH_MAX];
    struct diag_list diags;
    diag_init(&diags);
    TRY(fs_join(standard, sizeof standard, fs_data_folder(), "fixtures/devices.bench"));
    int code = bench_read(bench ? bench : standard, &run->bench, &diags);
    diag_deinit(&diags);
    TRY(code);
    return bench_find(&run->bench, device, &run->device);
}

static void close_run(struct limbo_run *run)
{
    for (size_t i = 0; i < run->plan_count; i++) {
        plan_deinit(&run->plans[i]);
        outcome_deinit(&run->outcomes[i]);
    }
    free(run->plans);
    free(run->given);
    free(run->case_of);
    free(run->outcomes);
    bench_deinit(&run->bench);
    limbo_deinit(&run->file);
}

static int limbo_command(int argc, char **argv)
{
    struct limbo_run run = {.evidence = "evidence"};
    const char *file = NULL;
    const char *device = NULL;
    const char *bench = NULL;
    const char *jobs = NULL;
    const struct option_spec specs[] = {
        {"--device", "NAME", &device}, {"--bench", "FILE", &bench},
        {"--only", "TEXT", &run.only}, {"--evidence", "FOLDER", &run.evidence},
        {"--jobs", "N", &jobs},        {"-j", "N", &jobs},
        {"--json", NULL, &run.json},
    };
    size_t words = 0;
    int code = cli_options(&command_certs_limbo, argc, argv, specs, HR_COUNT_OF(specs), false, &file, 1,
                           &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    uint64_t job_count = runner_default_jobs();
    if (words != 1 || !device || (jobs && (span_parse_u64(span_text(jobs), &job_count) < 0 ||
                                           job_count < 1 || job_count > 64))) {
        fputs("hubrig certs limbo: expected a file, --device NAME and -j from 1 to 64\n"
              "Try: hubrig certs limbo limbo.json --device reference\n",
              stderr);
        return EXIT_USAGE;
    }
    run.jobs = (size_t)job_count;
    code = limbo_read(file, &run.file);
    code = code < 0 ? code : open_device(&run, bench, device);
    code = code < 0 ? code : make_plans(&run);
    code = code < 0 ? cli_fail("certs limbo", code) : run_cases(&run);
    close_run(&run);
    return code;
}

const struct command command_certs_limbo = {
    .name = "certs limbo",
    .summary = "serve x509-limbo's cases to a device and score it",
    .run = limbo_command,
    .help =
        "usage: hubrig certs limbo FILE --device NAME [options]\n"
        "\n"
        "FILE is x509-limbo's limbo.json, which you bring. Every server case that has a private key\n"
        "is served to the device: under the name that the case expects, with the case's trusted\n"
        "certificates as its roots and the case's time on its clock. A device that speaks MQTT over\n"
        "the chain has accepted it; one that ends the connection before has refused it. Needs a\n"
        "private network and the library hubrig-clock.so.\n"
        "\n"
        "Prints what the device answered otherwise than expected, what could not be served and why,\n"
        "and a table by importance. Cases with features are optional behaviour: they are shown, and\n"
        "do not count towards the exit code.\n"
        "\n"
        "  --device NAME       a device of the bench\n"
        "  --bench FILE        the inventory; default: fixtures/devices.bench of hubrig\n"
        "  --only TEXT         only cases with this in their id\n"
        "  --evidence FOLDER   one folder per case; default: evidence\n"
        "  --jobs N, -j N      cases side by side; default: four per processor\n"
        "  --json              results in limbo's own result format\n"
        "\n"
        "Exit codes: 0 no disagreement, 1 some, 2 usage or no limbo file, 3 the rig failed.\n",
};
