// SPDX-License-Identifier: MIT
#include "harness/sweep/sweep.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/runner/earlier.h"
#include "harness/sweep/landmarks.h"
#include "harness/sweep/search.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_BYTES_MOST = 4096, NAME_BYTES = 64 };

struct batch {
    struct plan *plans;
    struct run_entry *entries;
    struct outcome *outcomes;
    size_t count;
    size_t filled; // plans
    size_t judged; // outcomes
};

// ---- one date as a scenario

static int name_date(int64_t utc_s, char out[NAME_BYTES])
{
    struct civil_date d = civil_from_utc(utc_s);
    int n = snprintf(out, NAME_BYTES, "%04" PRId64 "-%02d-%02dT%02d-%02d-%02dZ", d.year, d.month,
                     d.day, d.hour, d.minute, d.second);
    ENSURE(n > 0 && n < NAME_BYTES, ERR_VALUE);
    return 0;
}

static int write_plan(const struct sweep_settings *s, int64_t utc_s, struct buf *out)
{
    char date[32];
    char name[NAME_BYTES];
    utc_print(utc_s * 1000000, date);
    TRY(name_date(utc_s, name));
    TRY(buf_printf(out, "scenario sweep.%s\nabout connects at %s\nneeds clock\n", name, date));
    TRY(buf_printf(out, "limit %" PRIu64 "ms\n", s->patience_us / 1000 + 30000));
    TRY(buf_printf(out, "set hub.clock = %s\n", date));
    TRY(s->chain ? buf_printf(out, "set hub.chain = %s\n", s->chain)
                 : buf_printf(out, "set hub.chain = timeline/%.10s\n", date));
    const char *root = s->root ? s->root : s->chain;
    TRY(root ? buf_printf(out, "set device.root = %s\n", root) : 0);
    return buf_printf(out,
                      "never mqtt.refused\nnever tls.refused\nnever tls.failed\nboot device\n"
                      "expect mqtt.connected within %" PRIu64 "ms\n",
                      s->patience_us / 1000);
}

static int add_probe(const struct sweep_settings *s, int64_t utc_s, struct batch *b)
{
    char name[NAME_BYTES];
    char file[NAME_BYTES + 16];
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    diag_init(&diags);
    buf_init(&text, PLAN_BYTES_MOST);
    TRY(name_date(utc_s, name));
    TRY(write_plan(s, utc_s, &text));
    snprintf(file, sizeof file, "sweep/%s.scn", name);
    struct plan *plan = &b->plans[b->filled++];
    int code = plan_parse(file, buf_span(&text), NULL, 0, plan, &diags);
    if (code < 0) {
        FAIL(code, "%s: %s", file, diags.count ? diags.items[0].message : error_text(code));
    }
    TRY(tls_policy_prefer(&plan->settings.tls, s->tls_engine));
    b->entries[b->filled - 1] = (struct run_entry){.plan = plan,
                                                   .device = s->device,
                                                   .folder = plan->name + strlen("sweep."),
                                                   .is_alone = bench_is_hardware(s->device)};
    return 0;
}

static int batch_open(struct batch *b, size_t count)
{
    *b = (struct batch){.count = count};
    b->plans = calloc(count, sizeof *b->plans);
    b->entries = calloc(count, sizeof *b->entries);
    b->outcomes = calloc(count, sizeof *b->outcomes);
    ENSURE(b->plans != NULL && b->entries != NULL && b->outcomes != NULL, ERR_NO_MEMORY);
    return 0;
}

static void batch_close(struct batch *b)
{
    for (size_t i = 0; i < b->filled; i++) {
        plan_deinit(&b->plans[i]);
    }
    for (size_t i = 0; i < b->judged; i++) {
        outcome_deinit(&b->outcomes[i]);
    }
    free(b->plans);
    free(b->entries);
    free(b->outcomes);
}

static void on_outcome(void *context, const struct outcome *o)
{
    (void)context; // the whole batch is read when it is over
    (void)o;
}

static int run_batch(const struct sweep_settings *s, struct batch *b)
{
    const struct run_settings settings = {
        .entries = b->entries,
        .entry_count = b->count,
        .rounds = 1,
        .bench_folder = s->bench_folder,
        .evidence = s->evidence,
        .jobs = s->jobs,
        .network = s->network,
        .seed = s->seed,
        .retries = 1,
        .on_outcome = on_outcome,
    };
    b->judged = b->count; // the runner initialises them first
    return runner_run(&settings, b->outcomes);
}

// ---- rounds

// Takes the outcome over.
static int take(struct sweep *sweep, struct outcome *o, struct search_point *point)
{
    bool is_skipped = o->verdict == VERDICT_SKIPPED;
    if (is_skipped || o->verdict == VERDICT_INFRA) {
        FAIL(is_skipped ? ERR_VALUE : ERR_IO, "%s: %s", o->scenario, o->observed);
    }
    struct outcome *grown = realloc(sweep->outcomes, (sweep->tried + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    sweep->outcomes = grown;
    point->state = verdict_is_good(o->verdict) ? SEARCH_CONNECTS : SEARCH_FAILS;
    point->tag = sweep->tried;
    sweep->good += point->state == SEARCH_CONNECTS;
    sweep->outcomes[sweep->tried++] = *o;
    outcome_init(o);
    return 0;
}

static int take_batch(struct sweep *sweep, struct search *search, struct batch *b)
{
    size_t next = 0;
    for (size_t i = 0; i < search->count; i++) {
        if (search->points[i].state == SEARCH_ASKED) {
            TRY(take(sweep, &b->outcomes[next++], &search->points[i]));
        }
    }
    return 0;
}

static int fill_batch(const struct sweep_settings *s, const struct search *search, struct batch *b)
{
    for (size_t i = 0; i < search->count; i++) {
        if (search->points[i].state == SEARCH_ASKED) {
            TRY(add_probe(s, search->points[i].utc_s, b));
        }
    }
    return 0;
}

// Folders of dates that no longer stand beside an edge.
static void drop_evidence(const struct search *search, const struct outcome *outcomes)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct search_point *p = &search->points[i];
        bool is_left = i > 0 && p[-1].state != p->state;
        bool is_right = i + 1 < search->count && p[1].state != p->state;
        const char *folder = outcomes[p->tag].evidence;
        if (!is_left && !is_right && folder[0] && fs_exists(folder)) {
            earlier_remove(folder);
        }
    }
}

static int run_round(const struct sweep_settings *s, struct search *search, size_t asked,
                     struct sweep *sweep)
{
    struct batch b;
    int code = batch_open(&b, asked);
    code = code ? code : fill_batch(s, search, &b);
    code = code ? code : run_batch(s, &b);
    code = code ? code : take_batch(sweep, search, &b);
    batch_close(&b);
    TRY(code);
    drop_evidence(search, sweep->outcomes);
    return 0;
}

static int prepare(const struct sweep_settings *s, struct search *search)
{
    const struct landmark_question q = {
        .chain = s->chain, .root = s->root, .from_s = s->from_s, .to_s = s->to_s};
    for (int64_t at_s = s->from_s; at_s < s->to_s; at_s += s->step_s) {
        TRY(search_add(search, at_s));
    }
    TRY(search_add(search, s->to_s));
    return landmarks_add(&q, search);
}

// ---- edges

static int add_edge(const struct sweep_settings *s, const struct search_point *a,
                    struct sweep *sweep)
{
    ENSURE(sweep->edge_count < SWEEP_EDGES_MOST, ERR_LIMIT);
    struct sweep_edge *edge = &sweep->edges[sweep->edge_count++];
    const struct landmark_question q = {
        .chain = s->chain, .root = s->root, .from_s = a->utc_s, .to_s = a[1].utc_s};
    struct buf why HR_CLEANUP(buf_deinit);
    buf_init(&why, SWEEP_WHY_BYTES - 1);
    *edge = (struct sweep_edge){.before_s = a->utc_s,
                                .after_s = a[1].utc_s,
                                .stops = a->state == SEARCH_CONNECTS,
                                .before = &sweep->outcomes[a->tag],
                                .after = &sweep->outcomes[a[1].tag]};
    TRY(landmarks_print(&q, edge->stops, &why));
    span_copy_text(buf_span(&why), edge->why, sizeof edge->why);
    return 0;
}

static int find_edges(const struct sweep_settings *s, const struct search *search,
                      struct sweep *sweep)
{
    sweep->connects_first = search->points[0].state == SEARCH_CONNECTS;
    for (size_t i = 0; i + 1 < search->count; i++) {
        if (search->points[i].state != search->points[i + 1].state) {
            TRY(add_edge(s, &search->points[i], sweep));
        }
    }
    return 0;
}

static int run_rounds(const struct sweep_settings *s, struct search *search, struct sweep *sweep)
{
    TRY(prepare(s, search));
    int asked = search_next(search, s->jobs);
    while (asked > 0) {
        if (s->on_round) {
            s->on_round(s->context, sweep->tried, (size_t)asked);
        }
        TRY(run_round(s, search, (size_t)asked, sweep));
        asked = search_next(search, s->jobs);
    }
    TRY(asked);
    return find_edges(s, search, sweep);
}

int sweep_run(const struct sweep_settings *settings, struct sweep *out)
{
    struct search search = {.precision_s = settings->precision_s};
    *out = (struct sweep){0};
    int code = run_rounds(settings, &search, out);
    search_deinit(&search);
    return code;
}

void sweep_deinit(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->tried; i++) {
        outcome_deinit(&sweep->outcomes[i]);
    }
    free(sweep->outcomes);
    *sweep = (struct sweep){0};
}
