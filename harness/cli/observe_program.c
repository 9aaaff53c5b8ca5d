// SPDX-License-Identifier: MIT
// `hubrig observe -- PROGRAM`: one generated scenario in the private network, then its journal.
#include "base/diag.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/cli/observe_parts.h"
#include "harness/runner/runner.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { PLAN_BYTES_MOST = 4096, JOURNAL_BYTES_MOST = 256 << 20 };

static bool mentions(const struct observe_wish *w, const char *text)
{
    for (size_t i = 0; i < w->word_count; i++) {
        if (strstr(w->words[i], text)) {
            return true;
        }
    }
    return false;
}

static int write_plan(const struct observe_wish *w, struct buf *out)
{
    TRY(buf_printf(out, "scenario observe.device\nabout what a program does\nlimit %" PRIu64 "ms\n",
                   (w->watch_us + w->most_us) / 1000 + 600000));
    TRY(mentions(w, "{dps.")
            ? buf_append_text(out, "needs dps\nset device.provisioning = symmetric\n")
            : 0);
    TRY(w->is_x509 ? buf_append_text(out, "set device.auth = x509\n") : 0);
    TRY(w->chain ? buf_printf(out, "set hub.chain = %s\nset device.root = %s\n", w->chain, w->chain)
                 : 0);
    TRY(buf_append_text(out, "boot device\nexpect mqtt.connected within 60s\n"));
    if (w->is_passive) {
        return buf_printf(out, "wait %" PRIu64 "ms\n", w->most_us / 1000);
    }
    TRY(buf_printf(out, "wait %" PRIu64 "ms\n", w->watch_us / 1000));
    return buf_append_text(out, "hub drop fin\nexpect mqtt.connected within 90s\nwait 3s\n"
                                "hub drop rst\nexpect mqtt.connected within 90s\nwait 3s\n"
                                "hub refuse 3 times 4\nhub drop fin\n"
                                "expect count mqtt.refused 4.. within 3m\n"
                                "expect mqtt.connected within 2m\nwait 3s\n");
}

static int read_journal(const char *folder, struct profile *p)
{
    char path[PATH_MAX];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, JOURNAL_BYTES_MOST);
    TRY(fs_join(path, sizeof path, folder, "journal.jsonl"));
    TRY(fs_read_file(path, &text));
    struct span rest = buf_span(&text);
    while (rest.len) {
        struct span line = span_cut(rest, '\n', &rest);
        TRY(profile_line(p, line));
    }
    return 0;
}

static void on_outcome(void *context, const struct outcome *o)
{
    (void)context; // one entry: read when the run is over
    (void)o;
}

static int run_plan(const struct observe_wish *w, const struct plan *plan, struct outcome *o)
{
    static char name[] = "program";
    struct bench_device device = {.name = name,
                                  .about = name,
                                  .command_count = w->word_count,
                                  .offers = CAN(X509) | CAN(DPS)};
    for (size_t i = 0; i < w->word_count; i++) {
        device.command[i] = (char *)(uintptr_t)w->words[i]; // read only
    }
    const struct run_entry entry = {.plan = plan, .device = &device, .folder = "observe.device"};
    const struct run_settings settings = {.entries = &entry,
                                          .entry_count = 1,
                                          .rounds = 1,
                                          .bench_folder = ".",
                                          .evidence = w->evidence,
                                          .jobs = 1,
                                          .network = NETWORK_AUTO,
                                          .seed = 1,
                                          .on_outcome = on_outcome};
    return runner_run(&settings, o);
}

static int judge_run(const struct outcome *o, struct profile *p)
{
    if (o->verdict == VERDICT_INFRA) {
        FAIL(ERR_IO, "%s", o->observed);
    }
    if (!verdict_is_good(o->verdict)) {
        fprintf(stderr,
                "hubrig observe: it did not take part to the end: expected %s; observed %s\n",
                o->expected, o->observed);
    }
    return read_journal(o->evidence, p);
}

int observe_program(const struct observe_wish *w, struct profile *p)
{
    struct plan plan = {0};
    struct outcome o;
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    diag_init(&diags);
    buf_init(&text, PLAN_BYTES_MOST);
    TRY(write_plan(w, &text));
    int code = plan_parse("observe/device.scn", buf_span(&text), NULL, 0, &plan, &diags);
    if (code < 0) {
        plan_deinit(&plan);
        FAIL(code, "%s", diags.count ? diags.items[0].message : error_text(code));
    }
    outcome_init(&o);
    code = tls_policy_prefer(&plan.settings.tls, w->tls_engine);
    code = code ? code : run_plan(w, &plan, &o);
    code = code ? code : judge_run(&o, p);
    outcome_deinit(&o);
    plan_deinit(&plan);
    return code;
}
