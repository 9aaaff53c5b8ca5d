// SPDX-License-Identifier: MIT
// What `run` and `try` share: suites and options in, a run with its reports out.
#pragma once
#include "harness/bench/bench.h"

struct suite_run {
    const char *command; // "run" or "try", for messages
    const char *const *suites;
    size_t suite_count;
    const struct bench_device *device;
    const char *bench_folder;
    const char *evidence; // NULL = "evidence"
    const char *jobs;     // as given, NULL = default
    const char *network;  // as given, NULL = auto
    const char *only;     // run the scenario of this name only; NULL = all
    const char *tls_engine; // for scenarios that leave it open; NULL = auto
    const char *junit;    // file, NULL = none
    const char *tap;      // file, NULL = none
    const char *json;     // not NULL: outcomes as JSON on stdout instead of lines
};

// Prints and returns the exit code.
int suite_run(const struct suite_run *run);
