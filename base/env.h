// SPDX-License-Identifier: MIT
// The world as core code sees it: clock, randomness and log are fields of one struct, so that a
// test can replace any of them. Nothing in a pure room asks the system for time or randomness.
//
//     struct env env = env_system();                       // programs
//     struct fake_world w = {.mono_us = 1000};  struct env env = env_fake(&w);  // tests
#pragma once
#include "base/compat.h"
#include "base/rate.h"

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct env {
    void *world;                                                // passed to every function below
    uint64_t (*mono_us)(void *world);                           // monotonic microseconds
    int64_t (*utc_us)(void *world);                             // microseconds since 1970, real clock
    int (*random)(void *world, void *out, size_t len_bytes);    // 0 or ERR_CRYPTO
    void (*log)(void *world, enum log_level level, const char *line);
    const struct env_pace *pace; // how its clocks differ from the machine's; NULL = not at all
};

// Clocks that run faster or slower than the machine's since `mono_us` and `utc_us`, when they agreed.
struct env_pace {
    uint32_t rate_ppm;
    uint64_t mono_us;
    int64_t utc_us;
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
// The same world with clocks that run at rate_ppm from now on. All its parts are borrowed.
struct paced_world {
    struct env below;
    struct env_pace pace;
};
struct env env_paced(struct paced_world *w, const struct env *below, uint32_t rate_ppm);
// What a timer of the machine must be set to for env->mono_us to be at `at_us`; rounded up, 0 when it
// is over already.
uint64_t env_wait_ms(const struct env *env, uint64_t at_us);
// So much of the env's time in the machine's, rounded up.
uint64_t env_machine_us(const struct env *env, uint64_t us);
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
