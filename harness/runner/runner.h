// SPDX-License-Identifier: MIT
// Runs plans side by side, one worker process each, and gathers their outcomes.
#pragma once
#include "harness/runner/worker.h"

struct run_settings {
    const struct plan *plans;
    size_t plan_count;
    const struct bench_device *device;
    const struct given_chain *given; // one per plan, or NULL
    const char *bench_folder;
    const char *evidence; // one folder per scenario is made below it
    size_t jobs;          // workers at a time, at least 1
    enum network network;
    // Called in the order of the plans, as soon as the outcome and all before it are known.
    void (*on_outcome)(void *context, const struct outcome *o);
    // Called whenever a scenario begins or ends: how many are over, and the names that run now.
    void (*on_progress)(void *context, size_t done, const char *const *running, size_t count);
    void *context;
};

// Fills outcomes[plan_count] (initialised here, deinitialised by the caller). Ctrl-C or SIGTERM
// ends the workers and fills what is left as infra. Returns 0 or an error of the runner itself.
int runner_run(const struct run_settings *settings, struct outcome *outcomes) HR_NODISCARD;
// Default for jobs: four per processor, since scenarios mostly wait; at most 16.
size_t runner_default_jobs(void);
