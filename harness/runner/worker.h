// SPDX-License-Identifier: MIT
// One scenario, run in a process of its own: private network, hub on the real ports, device,
// executor, evidence. The outcome goes to a pipe as JSON and to verdict.json.
#pragma once
#include "certs/chain.h"
#include "harness/bench/bench.h"
#include "harness/oracle/verdict.h"
#include "harness/scenario/plan.h"

enum network { NETWORK_AUTO, NETWORK_PRIVATE, NETWORK_HOST };

// A chain that comes from elsewhere than a recipe, and the name under which the device dials it.
struct given_chain {
    const struct chain *chain;
    const char *host;
    bool is_address; // host is an IPv4 address: the private network takes it as its own
};

struct job {
    const struct plan *plan;
    const struct bench_device *device;
    const struct given_chain *given; // instead of the chain and root that the plan names; or NULL
    const char *bench_folder;
    const char *evidence; // folder of this scenario; made when missing
    enum network network;
    bool has_interface_capture; // dumpcap writes interface.pcapng beside wire.pcapng
    int index;            // distinguishes jobs that share the host's network
    const char *firmware; // a label of the person's, or NULL
    const char *again;    // the command that runs this alone, or NULL
    uint64_t seed;        // of the whole run
    unsigned round;       // which run of this scenario, from 1
    unsigned attempt;     // 2 = the rig failed in the first
};

// What is known of an outcome before anything has run: names, seed, round.
void job_describe(const struct job *job, struct outcome *o);
// The seed of this run alone. It does not depend on what ran before, so that one scenario repeats
// as in its suite.
uint64_t job_seed(const struct job *job);
// How fast the clocks of a run are: as the scenario says for a program whose clock can be set; real for
// all other devices, and for NULL.
uint32_t run_rate_ppm(const struct plan *plan, const struct bench_device *device);
// Run to the end; returns 0 when an outcome was written to `outcome_fd`, else an error. Never
// leaves a process of the device behind. Meant for a freshly forked, single-threaded process.
int worker_run(const struct job *job, int outcome_fd) HR_NODISCARD;
