// SPDX-License-Identifier: MIT
// The world as core code sees it: clock, randomness and log are fields of one struct, so that a
// test can replace any of them. Nothing in a pure room asks the system for time or randomness.
//
//     struct env env = env_system();                       // programs
//     struct fake_world w = {.mono_us = 1000};  struct env env = env_fake(&w);  // tests
#pragma once
#include "base/compat.h"

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct env {
    void *world;                                                // passed to every function below
    uint64_t (*mono_us)(void *world);                           // monotonic microseconds
    int64_t (*utc_us)(void *world);                             // microseconds since 1970, real clock
    int (*random)(void *world, void *out, size_t len_bytes);    // 0 or ERR_CRYPTO
    void (*log)(void *world, enum log_level level, const char *line);
};

// The machine's clocks and getrandom(2); the log goes to stderr from LOG_WARN on (from LOG_DEBUG
// with HUBRIG_DEBUG set in the environment).
struct env env_system(void);

// The machine as well, but all random bytes follow from a seed, so that a run can be repeated.
// Threads may share it. Not for secrets that must hold.
struct seeded_world {
    _Atomic uint64_t state; // starts as the seed
};
struct env env_seeded(struct seeded_world *w);
// Two numbers into one that looks like neither (splitmix64's mixer).
uint64_t env_mix(uint64_t a, uint64_t b);

// A world that stands still until the test moves it; random bytes count up from `seed`.
struct fake_world {
    uint64_t mono_us;
    int64_t utc_us;
    uint8_t seed;
};
struct env env_fake(struct fake_world *w);

void env_log(const struct env *env, enum log_level level, const char *format, ...) HR_PRINTF(3, 4);
