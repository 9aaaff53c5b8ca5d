// SPDX-License-Identifier: MIT
// Runs a device at many dates and finds those from which on it no longer connects, or connects
// again. Every date is a scenario of its own, run by the runner: device and hub live at that date.
//
//     struct sweep sweep;
//     int code = sweep_run(&settings, &sweep);
//     use sweep.edges[0 .. sweep.edge_count]; sweep_deinit(&sweep);
#pragma once
#include "harness/oracle/verdict.h"
#include "harness/runner/runner.h"

struct sweep_settings {
    const struct bench_device *device;
    const char *bench_folder;
    const char *chain; // NULL = what the public cloud shows at the date
    const char *root;  // whose trust anchors the device has; NULL = the chain's own
    int64_t from_s, to_s;
    int64_t step_s, precision_s;
    uint64_t patience_us; // for the device to connect
    const char *evidence; // folder; what stands beside an edge is kept in it
    size_t jobs;
    enum network network;
    const char *tls_engine; // where the chain and the TLS versions leave it open; NULL = auto
    uint64_t seed;
    // After each round; may be NULL.
    void (*on_round)(void *context, size_t tried, size_t left);
    void *context;
};

enum { SWEEP_EDGES_MOST = 200, SWEEP_WHY_BYTES = 900 };

struct sweep_edge {
    int64_t before_s, after_s; // neighbours that were tried
    bool stops;                // connects before, not after
    const struct outcome *before, *after;
    char why[SWEEP_WHY_BYTES]; // what turns there; "" when nothing is known
};

struct sweep {
    struct outcome *outcomes; // one per date that was tried
    size_t tried;
    bool connects_first; // at from_s
    size_t good;         // dates at which it connected
    size_t edge_count;
    struct sweep_edge edges[SWEEP_EDGES_MOST];
};

// ERR_UNKNOWN_NAME: no such chain; ERR_NAMESPACE, ERR_IO and others of the rig with what it said;
// ERR_VALUE: the device has no clock that may be set. ERR_LIMIT: too many edges. `out` is to be
// deinitialised in every case.
int sweep_run(const struct sweep_settings *settings, struct sweep *out) HR_NODISCARD;
void sweep_deinit(struct sweep *sweep);
