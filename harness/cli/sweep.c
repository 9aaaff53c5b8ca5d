// SPDX-License-Identifier: MIT
// `hubrig sweep`.
#include "base/diag.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "base/when.h"
#include "certs/timeline.h"
#include "harness/cli/cli.h"
#include "harness/cli/suite_run.h"
#include "harness/device/lock.h"
#include "harness/sweep/sweep.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_BYTES_MOST = 4 << 20, JOBS_SWEEP_MOST = 64 };

struct wish {
    const char *device, *bench, *chain, *root, *from, *to, *step, *precision, *within, *json;
    const char *evidence;
    struct suite_run shared; // for --jobs, --network, --seed and their mistakes
};

static int read_date(const char *text, const char *standard, int64_t *utc_s)
{
    return timeline_parse_date(text ? text : standard, utc_s);
}

static int read_duration(const char *option, const char *text, const char *standard,
                         int64_t *out_us)
{
    if (duration_parse(span_text(text ? text : standard), out_us) < 0 || *out_us < 1000000) {
        FAIL(ERR_USAGE, "%s takes a duration from 1s on, such as 90d or 1m, seen '%s'", option,
             text);
    }
    return 0;
}

static int read_wish(const struct wish *w, struct sweep_settings *s)
{
    int64_t step_us = 0, precision_us = 0, patience_us = 0;
    bool is_timeline = w->chain && strcmp(w->chain, "timeline") == 0;
    s->chain = is_timeline ? NULL : w->chain ? w->chain : "azure/digicert-g2";
    s->root = w->root ? w->root : is_timeline ? "azure/digicert-g2" : NULL;
    TRY(read_date(w->from, is_timeline ? "2015-08-27" : "2000-01-01", &s->from_s));
    TRY(read_date(w->to, "2050-01-01", &s->to_s));
    TRY(read_duration("--step", w->step, "365d", &step_us));
    TRY(read_duration("--precision", w->precision, "1s", &precision_us));
    TRY(read_duration("--within", w->within, "20s", &patience_us));
    s->step_s = step_us / 1000000;
    s->precision_s = precision_us / 1000000;
    s->patience_us = (uint64_t)patience_us;
    if (s->from_s >= s->to_s) {
        FAIL(ERR_USAGE, "--from must be before --to, seen %s and %s",
             w->from ? w->from : "2000-01-01", w->to ? w->to : "2050-01-01");
    }
    if ((s->to_s - s->from_s) / s->step_s > 5000) {
        FAIL(ERR_USAGE, "--step %s makes more than 5000 dates; take a longer one", w->step);
    }
    struct timeline_row row;
    if (is_timeline && !timeline_at("public", s->from_s, &row)) {
        FAIL(ERR_USAGE, "the timeline begins 2015-08-27, seen --from %s", w->from);
    }
    return 0;
}

// ---- text

static int print_span(bool connects, int64_t from_s, int64_t to_s, struct buf *out)
{
    char from[32], to[32];
    utc_print(from_s * 1000000, from);
    utc_print(to_s * 1000000, to);
    return buf_printf(out, "  %-15s %s to %s\n", connects ? "connects" : "does not", from, to);
}

static int print_edge(const struct sweep_edge *e, struct buf *out)
{
    char date[32], before[32];
    const struct outcome *bad = e->stops ? e->after : e->before;
    utc_print(e->after_s * 1000000, date);
    utc_print(e->before_s * 1000000, before);
    TRY(buf_printf(out, "%s  %s\n", date, e->stops ? "stops connecting" : "starts connecting"));
    TRY(e->why[0] ? buf_printf(out, "      turns     %s\n", e->why) : 0);
    TRY(buf_printf(out, "      observed  %s\n", bad->observed));
    TRY(bad->cause[0] ? buf_printf(out, "      cause     %s\n", bad->cause) : 0);
    TRY(bad->try_text[0] ? buf_printf(out, "      try       %s\n", bad->try_text) : 0);
    return buf_printf(out, "      evidence  %s (%s, before)\n                %s (after)\n",
                      e->before->evidence, before, e->after->evidence);
}

static int print_text(const struct sweep_settings *s, const struct sweep *sweep, struct buf *out)
{
    bool connects = sweep->connects_first;
    int64_t from_s = s->from_s;
    TRY(buf_printf(out, "%s, chain %s%s%s: %zu dates tried, %zu edge%s\n", s->device->name,
                   s->chain ? s->chain : "of the timeline", s->root ? ", root " : "",
                   s->root ? s->root : "", sweep->tried, sweep->edge_count,
                   sweep->edge_count == 1 ? "" : "s"));
    for (size_t i = 0; i < sweep->edge_count; i++) {
        TRY(print_span(connects, from_s, sweep->edges[i].before_s, out));
        from_s = sweep->edges[i].after_s;
        connects = !connects;
    }
    TRY(print_span(connects, from_s, s->to_s, out));
    if (sweep->good == 0) {
        const struct outcome *first = &sweep->outcomes[0];
        TRY(buf_printf(out, "It connects at no date.\n      observed  %s\n      cause     %s\n",
                       first->observed, first->cause));
    }
    for (size_t i = 0; i < sweep->edge_count; i++) {
        TRY(print_edge(&sweep->edges[i], out));
    }
    return 0;
}

// ---- JSON

static int put_text(struct buf *out, const char *name, const char *text)
{
    TRY(buf_printf(out, ",\"%s\":\"", name));
    TRY(json_escape(span_text(text), out));
    return buf_append_text(out, "\"");
}

static int put_date(struct buf *out, const char *name, int64_t utc_s)
{
    char date[32];
    return put_text(out, name, utc_print(utc_s * 1000000, date));
}

static int put_edge(const struct sweep_edge *e, struct buf *out)
{
    const struct outcome *bad = e->stops ? e->after : e->before;
    TRY(buf_printf(out, "{\"change\":\"%s\"", e->stops ? "stops" : "starts"));
    TRY(put_date(out, "at", e->after_s));
    TRY(put_date(out, "before", e->before_s));
    TRY(put_text(out, "turns", e->why));
    TRY(put_text(out, "observed", bad->observed));
    TRY(put_text(out, "finding", bad->finding_count ? bad->findings[0].id : ""));
    TRY(put_text(out, "cause", bad->cause));
    TRY(put_text(out, "try", bad->try_text));
    TRY(put_text(out, "evidence_before", e->before->evidence));
    TRY(put_text(out, "evidence_after", e->after->evidence));
    return buf_append_u8(out, '}');
}

static int print_json(const struct sweep_settings *s, const struct sweep *sweep, struct buf *out)
{
    TRY(buf_printf(out, "{\"dates\":%zu,\"good\":%zu,\"precision_s\":%" PRId64, sweep->tried,
                   sweep->good, s->precision_s));
    TRY(put_text(out, "device", s->device->name));
    TRY(put_text(out, "chain", s->chain ? s->chain : "timeline"));
    TRY(put_text(out, "root", s->root ? s->root : s->chain));
    TRY(put_date(out, "from", s->from_s));
    TRY(put_date(out, "to", s->to_s));
    TRY(buf_printf(out, ",\"connects_first\":%s,\"edges\":[",
                   sweep->connects_first ? "true" : "false"));
    for (size_t i = 0; i < sweep->edge_count; i++) {
        TRY(i ? buf_append_u8(out, ',') : 0);
        TRY(put_edge(&sweep->edges[i], out));
    }
    return buf_append_text(out, "]}\n");
}

// ---- running

static void on_round(void *context, size_t tried, size_t left)
{
    const struct sweep_settings *s = context;
    fprintf(stderr, "%s: %zu dates tried, %zu to try now\n", s->device->name, tried, left);
}

static int run_and_print(const struct wish *w, struct sweep_settings *s)
{
    struct sweep sweep;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, REPORT_BYTES_MOST);
    s->on_round = on_round;
    s->context = s;
    int code = sweep_run(s, &sweep);
    code = code ? code : w->json ? print_json(s, &sweep, &out) : print_text(s, &sweep, &out);
    int exit_code = sweep.good == sweep.tried ? EXIT_PASS : EXIT_FAIL;
    if (code == 0) {
        fputs(buf_text(&out), stdout);
    } else {
        exit_code = cli_fail("sweep", code);
    }
    sweep_deinit(&sweep);
    return exit_code;
}

static int sweep_device(const struct wish *w, const struct bench *bench, struct sweep_settings *s)
{
    int code = bench_find(bench, w->device, &s->device);
    code = code ? code : run_check_installed(s->device);
    code = code ? code : read_wish(w, s);
    if (code < 0) {
        return cli_fail("sweep", code);
    }
    if (!(s->device->offers & CAN(CLOCK))) {
        fprintf(stderr, "hubrig sweep: device %s does not offer clock: its time cannot be set\n",
                w->device);
        return EXIT_SKIPPED;
    }
    int lock = -1;
    code = bench_is_hardware(s->device) ? lock_take(s->device->name, 0, &lock) : 0;
    if (code < 0) {
        return cli_fail("sweep", code);
    }
    s->bench_folder = bench->folder;
    int exit_code = run_and_print(w, s);
    if (lock >= 0) {
        close(lock);
    }
    return exit_code;
}

static int sweep_on_bench(const struct wish *w, struct sweep_settings *s)
{
    struct bench bench;
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    char standard[PATH_MAX];
    diag_init(&diags);
    buf_init(&text, 1 << 20);
    int code = fs_join(standard, sizeof standard, fs_data_folder(), "fixtures/devices.bench");
    code = code ? code : bench_read(w->bench ? w->bench : standard, &bench, &diags);
    if (diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
    }
    int exit_code = code < 0 ? cli_fail("sweep", code) : sweep_device(w, &bench, s);
    bench_deinit(&bench);
    return exit_code;
}

static int sweep_command(int argc, char **argv)
{
    struct wish w = {.shared = {.command = "sweep"}};
    struct suite_options *o = &w.shared.options;
    struct suite_numbers numbers;
    size_t words = 0;
    const struct option_spec specs[] = {
        {"--device", "NAME", &w.device},     {"--bench", "FILE", &w.bench},
        {"--chain", "NAME", &w.chain},       {"--root", "NAME", &w.root},
        {"--from", "DATE", &w.from},         {"--to", "DATE", &w.to},
        {"--step", "DURATION", &w.step},     {"--precision", "DURATION", &w.precision},
        {"--within", "DURATION", &w.within}, {"--evidence", "FOLDER", &w.evidence},
        {"--jobs", "N", &o->jobs},           {"-j", "N", &o->jobs},
        {"--network", "KIND", &o->network},  {"--seed", "N", &o->seed},
        {"--tls-engine", "NAME", &o->tls_engine}, {"--json", NULL, &w.json},
    };
    o->tls_engine = getenv("HUBRIG_TLS_ENGINE");
    int code =
        cli_options(&command_sweep, argc, argv, specs, HR_COUNT_OF(specs), false, NULL, 0, &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (!w.device) {
        fputs("hubrig sweep: expected --device NAME; try: hubrig sweep --device reference\n",
              stderr);
        return EXIT_USAGE;
    }
    code = suite_run_numbers(&w.shared, &numbers);
    if (code != EXIT_PASS) {
        return code;
    }
    struct sweep_settings s = {.evidence = w.evidence ? w.evidence : "evidence/sweep",
                               .jobs = numbers.jobs,
                               .network = (enum network)numbers.network,
                               .tls_engine = o->tls_engine,
                               .seed = numbers.seed};
    return sweep_on_bench(&w, &s);
}

const struct command command_sweep = {
    .name = "sweep",
    .summary = "at which dates a device stops connecting, or starts, and why",
    .run = sweep_command,
    .help =
        "usage: hubrig sweep --device NAME [options]\n"
        "\n"
        "Runs the device at many dates: its clock and the hub's stand at the date, the hub "
        "presents\n"
        "a chain that was issued lately, the device keeps its root. First in coarse steps and on\n"
        "both sides of dates at which clocks and certificates are known to turn, then between\n"
        "neighbours that differ. Each edge is told with what turns there, what was seen on the\n"
        "side that fails, and its finding; the evidence of both sides is kept.\n"
        "\n"
        "  --device NAME         a device of the bench that offers clock\n"
        "  --bench FILE          the inventory; default: fixtures/devices.bench of hubrig\n"
        "  --from DATE           default: 2000-01-01; with --chain timeline 2015-08-27\n"
        "  --to DATE             default: 2050-01-01\n"
        "  --step DURATION       between coarse dates; default: 365d. What is wrong for a shorter\n"
        "                        time than this and away from known dates is not found\n"
        "  --precision DURATION  of an edge; default: 1s. A device that dials late after its "
        "start\n"
        "                        shows its edges earlier by as much\n"
        "  --chain NAME          what the hub presents; default: azure/digicert-g2; timeline: "
        "what\n"
        "                        Azure's hubs showed at the date, or will (hubrig certs "
        "timeline);\n"
        "                        catalogue/base has a root that ends in 2049\n"
        "  --root NAME           the chain whose trust anchors the device has; default: the same;\n"
        "                        with --chain timeline azure/digicert-g2\n"
        "  --within DURATION     how long the device has to connect at each date; default: 20s.\n"
        "                        A refusal or a failed handshake fails a date at once\n"
        "  --evidence FOLDER     default: evidence/sweep\n"
        "  --jobs N, -j N        dates side by side; default: four per processor, at most 16\n"
        "  --network KIND        auto, private or host, as in hubrig run\n"
        "  --tls-engine NAME     mbedtls or openssl; default: what HUBRIG_TLS_ENGINE says, else auto\n"
        "  --seed N              of all random bytes of the hubs\n"
        "  --json                one object: dates, connects_first, edges\n"
        "\n"
        "Exit codes: 0 it connects at every date, 1 at some or none, 2 usage, 3 the rig failed,\n"
        "      77 the device does not offer clock\n",
};
