// SPDX-License-Identifier: MIT
// What a person sees while scenarios run: one line per device on a terminal, rewritten in place;
// elsewhere nothing but the outcomes, so that a CI log stays plain.
#pragma once
#include "harness/report/report.h"
#include "harness/runner/runner.h"

struct live {
    const char *const *devices;
    size_t *done_of; // runs that are over, per device
    size_t device_count;
    size_t total_of; // runs per device; 0 = without an end
    size_t lines;    // on the terminal now
    bool is_terminal;
    bool is_quiet; // outcomes are not printed: stdout holds JSON
    bool has_rounds;
    struct report_style style;
};

void live_wipe(struct live *live);
// For struct run_settings; `context` is a struct live.
void live_outcome(void *context, const struct outcome *o);
void live_run(void *context, const struct outcome *o, bool again);
void live_progress(void *context, const struct run_progress *p);
