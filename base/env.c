// SPDX-License-Identifier: MIT
#include "base/env.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t system_mono_us(void *world)
{
    (void)world;
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000U + (uint64_t)ts.tv_nsec / 1000U;
}

static int64_t system_utc_us(void *world)
{
    (void)world;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + (int64_t)(ts.tv_nsec / 1000);
}

static int system_random(void *world, void *out, size_t len_bytes)
{
    (void)world;
    uint8_t *at = out;
    while (len_bytes > 0) {
        ssize_t n = getrandom(at, len_bytes, 0);
        ENSURE(n > 0, ERR_CRYPTO);
        at += n;
        len_bytes -= (size_t)n;
    }
    return 0;
}

static void system_log(void *world, enum log_level level, const char *line)
{
    (void)world;
    if (level >= LOG_WARN || getenv("HUBRIG_DEBUG")) {
        fprintf(stderr, "hubrig: %s\n", line);
    }
}

struct env env_system(void)
{
    return (struct env){NULL, system_mono_us, system_utc_us, system_random, system_log, NULL};
}

uint64_t env_mix(uint64_t a, uint64_t b)
{
    uint64_t z = a + b * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int seeded_random(void *world, void *out, size_t len_bytes)
{
    struct seeded_world *w = world;
    uint8_t *at = out;
    while (len_bytes > 0) {
        uint64_t block = env_mix(atomic_fetch_add(&w->state, UINT64_C(0x9E3779B97F4A7C15)), 1);
        size_t n = len_bytes < sizeof block ? len_bytes : sizeof block;
        memcpy(at, &block, n);
        at += n;
        len_bytes -= n;
    }
    return 0;
}

struct env env_seeded(struct seeded_world *w)
{
    return (struct env){w, system_mono_us, system_utc_us, seeded_random, system_log, NULL};
}

static uint64_t fake_mono_us(void *world)
{
    return ((struct fake_world *)world)->mono_us;
}

static int64_t fake_utc_us(void *world)
{
    return ((struct fake_world *)world)->utc_us;
}

static int fake_random(void *world, void *out, size_t len_bytes)
{
    struct fake_world *w = world;
    for (size_t i = 0; i < len_bytes; i++) {
        ((uint8_t *)out)[i] = w->seed++;
    }
    return 0;
}

static void fake_log(void *world, enum log_level level, const char *line)
{
    (void)world;
    (void)level;
    (void)line;
}

struct env env_fake(struct fake_world *w)
{
    return (struct env){w, fake_mono_us, fake_utc_us, fake_random, fake_log, NULL};
}

static uint64_t paced_mono_us(void *world)
{
    const struct paced_world *w = world;
    int64_t gone_us = (int64_t)(w->below.mono_us(w->below.world) - w->pace.mono_us);
    return w->pace.mono_us + (uint64_t)rate_faster(gone_us, w->pace.rate_ppm);
}

static int64_t paced_utc_us(void *world)
{
    const struct paced_world *w = world;
    return w->pace.utc_us + (int64_t)(paced_mono_us(world) - w->pace.mono_us);
}

static int paced_random(void *world, void *out, size_t len_bytes)
{
    const struct paced_world *w = world;
    return w->below.random(w->below.world, out, len_bytes);
}

static void paced_log(void *world, enum log_level level, const char *line)
{
    const struct paced_world *w = world;
    w->below.log(w->below.world, level, line);
}

struct env env_paced(struct paced_world *w, const struct env *below, uint32_t rate_ppm)
{
    *w = (struct paced_world){
        .below = *below,
        .pace = {rate_ppm, below->mono_us(below->world), below->utc_us(below->world)}};
    return (struct env){w, paced_mono_us, paced_utc_us, paced_random, paced_log, &w->pace};
}

uint64_t env_machine_us(const struct env *env, uint64_t us)
{
    return env->pace ? (uint64_t)rate_slower((int64_t)us, env->pace->rate_ppm) : us;
}

uint64_t env_wait_ms(const struct env *env, uint64_t at_us)
{
    uint64_t now_us = env->mono_us(env->world);
    return at_us > now_us ? (env_machine_us(env, at_us - now_us) + 999) / 1000 : 0;
}

void env_log(const struct env *env, enum log_level level, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    env->log(env->world, level, line);
}
