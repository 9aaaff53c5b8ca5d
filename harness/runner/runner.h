// SPDX-License-Identifier: MIT
// Runs plans on devices side by side, one worker process each, and gathers their outcomes.
#pragma once
#include "harness/runner/worker.h"

struct run_entry {
    const struct plan *plan;
    const struct bench_device *device;
    const struct given_chain *given; // or NULL
    const char *folder;              // below the evidence folder; distinct for every entry
    const char *again;               // the command that runs this entry alone, or NULL
    bool is_alone;                   // its device takes one scenario at a time: a board
};

struct run_progress {
    size_t done, total; // runs, not entries; total 0 = without an end
    uint64_t left_us;   // estimate; 0 = unknown
    struct {
        const char *scenario;
        const char *device;
        uint64_t since_us; // how long it runs already
    } running[64];
    size_t running_count;
};

struct run_settings {
    const struct run_entry *entries;
    size_t entry_count;
    uint64_t rounds; // how often each entry runs; 0 = until one is not good
    const char *bench_folder;
    const char *evidence; // an entry's folder is made below it; with rounds, run-N below that
    const char *firmware; // label for outcomes, or NULL
    size_t jobs;          // workers at a time, at least 1
    enum network network;
    bool has_interface_capture; // dumpcap beside each run
    uint64_t seed;     // of all random bytes of the rigs, and of the order
    bool is_shuffled;  // by the seed; else entries run in their order
    bool stops_at_bad; // no run begins after one that was not good
    unsigned retries;  // of a run that ended with infra
    bool is_resumed;   // verdict.json files in the evidence folder count as runs
    // Called in the order of the entries, as soon as an entry and all before it are over.
    void (*on_outcome)(void *context, const struct outcome *o);
    // Called after every run, in the order in which they end. `again` = it will be repeated because
    // the rig failed. May be NULL.
    void (*on_run)(void *context, const struct outcome *o, bool again);
    // Called whenever a run begins or ends, and about twice a second. May be NULL.
    void (*on_progress)(void *context, const struct run_progress *progress);
    void *context;
};

// Fills outcomes[entry_count] (initialised here, deinitialised by the caller). Ctrl-C or SIGTERM
// ends the workers and fills what is left as infra. Returns 0 or an error of the runner itself.
int runner_run(const struct run_settings *settings, struct outcome *outcomes) HR_NODISCARD;
// Default for jobs: four per processor, since scenarios mostly wait; at most 16.
size_t runner_default_jobs(void);
// The longest that a run of these entries can take, once each, with `jobs` side by side.
uint64_t runner_longest_us(const struct run_entry *entries, size_t count, size_t jobs);
