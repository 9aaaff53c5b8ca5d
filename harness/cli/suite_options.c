// SPDX-License-Identifier: MIT
// The options of `run` and `try`, from words to numbers.
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/cli/suite_run.h"
#include "harness/runner/runner.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEAT_MOST = 100000, SHARDS_MOST = 10000, RETRIES_MOST = 10 };
#define SEED_MOST ((uint64_t)INT64_MAX)

size_t suite_run_specs(struct suite_run *run, struct option_spec *specs)
{
    struct suite_options *o = &run->options;
    const struct option_spec own[] = {
        {"--evidence", "FOLDER", &o->evidence},
        {"--only", "GLOB", &run->wish.only},
        {"--tag", "WORD...", o->tags},
        {"--jobs", "N", &o->jobs},
        {"-j", "N", &o->jobs},
        {"--network", "KIND", &o->network},
        {"--capture", "KIND", &o->capture},
        {"--shard", "I/N", &o->shard},
        {"--repeat", "N", &o->repeat},
        {"--until-fail", NULL, &o->until_fail},
        {"--seed", "N", &o->seed},
        {"--shuffle", NULL, &o->shuffle},
        {"--slow", "FACTOR", &o->slow},
        {"--fail-fast", NULL, &o->fail_fast},
        {"--resume", NULL, &o->resume},
        {"--retries", "N", &o->retries},
        {"--history", "FILE", &o->history},
        {"--firmware", "VERSION", &o->firmware},
        {"--list", NULL, &o->list},
        {"--expect", "FILE", &o->expect},
        {"--tls-engine", "NAME", &o->tls_engine},
    };
    size_t count = HR_COUNT_OF(own);
    memcpy(specs, own, sizeof own);
    run->wish.tags = o->tags;
    o->tls_engine = getenv("HUBRIG_TLS_ENGINE");
    return count + reports_specs(&run->reports, specs + count);
}

static int complain(const struct suite_run *run, const char *what, const char *seen)
{
    fprintf(stderr, "hubrig %s: %s, seen '%s'\n", run->command, what, seen);
    return EXIT_USAGE;
}

static int read_number(const struct suite_run *run, const char *text, uint64_t least, uint64_t most,
                       const char *what, uint64_t *out)
{
    uint64_t number = 0;
    if (!text) {
        return EXIT_PASS;
    }
    if (span_parse_u64(span_text(text), &number) < 0 || number < least || number > most) {
        return complain(run, what, text);
    }
    *out = number;
    return EXIT_PASS;
}

static int read_network(const struct suite_run *run, int *out)
{
    static const char *const words[] = {
        [NETWORK_AUTO] = "auto", [NETWORK_PRIVATE] = "private", [NETWORK_HOST] = "host"};
    const char *text = run->options.network;
    for (size_t i = 0; text && i < HR_COUNT_OF(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = (int)i;
            return EXIT_PASS;
        }
    }
    return text ? complain(run, "--network takes auto, private or host", text) : EXIT_PASS;
}

static int read_capture(const struct suite_run *run, bool *out)
{
    const char *text = run->options.capture;
    *out = text && strcmp(text, "interface") == 0;
    return text && !*out ? complain(run, "--capture takes interface; wire.pcapng is always there", text)
                         : EXIT_PASS;
}

static int read_shard(const struct suite_run *run, struct suite_numbers *out)
{
    const char *text = run->options.shard;
    struct span rest;
    if (!text) {
        return EXIT_PASS;
    }
    struct span first = span_cut(span_text(text), '/', &rest);
    if (span_parse_u64(first, &out->shard) < 0 || span_parse_u64(rest, &out->shards) < 0 ||
        out->shard < 1 || out->shard > out->shards || out->shards > SHARDS_MOST) {
        return complain(run, "--shard takes I/N with I from 1 to N, such as 2/3", text);
    }
    return EXIT_PASS;
}

static int read_slow(const struct suite_run *run, double *out)
{
    const char *text = run->options.slow;
    char *end = NULL;
    if (!text) {
        return EXIT_PASS;
    }
    double factor = strtod(text, &end);
    if (end == text || *end || !isfinite(factor) || factor < 0.1 || factor > 100) {
        return complain(run, "--slow takes a factor from 0.1 to 100", text);
    }
    *out = factor;
    return EXIT_PASS;
}

// The run that is resumed wrote its seed beside its evidence.
static bool seed_of_earlier(const struct suite_run *run, uint64_t *out)
{
    char path[PATH_MAX];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 100);
    return run->options.resume &&
           fs_join(path, sizeof path, run->options.evidence ? run->options.evidence : "evidence",
                   "seed") == 0 &&
           fs_read_file(path, &text) == 0 && span_parse_u64(span_trim(buf_span(&text)), out) == 0;
}

static void choose_seed(const struct suite_run *run, uint64_t *out)
{
    struct env env = env_system();
    uint32_t random = 0;
    if (seed_of_earlier(run, out)) {
        return;
    }
    if (env.random(env.world, &random, sizeof random) < 0) {
        random = (uint32_t)env.mono_us(env.world);
    }
    *out = random % 1000000 + 1; // short enough to be typed again
}

static int check_together(const struct suite_run *run)
{
    const struct suite_options *o = &run->options;
    if (o->until_fail && o->repeat) {
        return complain(run, "--until-fail has no number of its own; leave --repeat out",
                        o->repeat);
    }
    if (o->until_fail && o->resume) {
        return complain(run, "--until-fail keeps only the last run, so nothing can be resumed",
                        "--resume");
    }
    return EXIT_PASS;
}

int suite_run_numbers(const struct suite_run *run, struct suite_numbers *out)
{
    const struct suite_options *o = &run->options;
    uint64_t jobs = runner_default_jobs();
    uint64_t retries = 1;
    *out = (struct suite_numbers){
        .network = NETWORK_AUTO, .shard = 1, .shards = 1, .rounds = 1, .slow = 1};
    choose_seed(run, &out->seed);
    int code = read_number(run, o->jobs, 1, 64, "-j takes a number from 1 to 64", &jobs);
    code = code ? code : read_network(run, &out->network);
    code = code ? code : read_capture(run, &out->has_interface_capture);
    code = code ? code : read_shard(run, out);
    code = code ? code : read_slow(run, &out->slow);
    code = code ? code
                : read_number(run, o->repeat, 1, REPEAT_MOST,
                              "--repeat takes a number from 1 to 100000", &out->rounds);
    code = code ? code
                : read_number(run, o->seed, 1, SEED_MOST, "--seed takes a number from 1 on",
                              &out->seed);
    code = code ? code
                : read_number(run, o->retries, 0, RETRIES_MOST,
                              "--retries takes a number from 0 to 10", &retries);
    out->jobs = (size_t)jobs;
    out->retries = (unsigned)retries;
    out->rounds = o->until_fail ? 0 : out->rounds;
    return code ? code : check_together(run);
}
