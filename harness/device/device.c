// SPDX-License-Identifier: MIT
#include "harness/device/device.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/device/clock.h"
#include "harness/device/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define MEMORY_EVERY_US UINT64_C(10000000)

int device_new(const struct device_settings *settings, struct device **out)
{
    const struct device_kind *kind =
        settings->bench->kind == BENCH_PROCESS ? &device_kind_program : &device_kind_hardware;
    return kind->make(settings, out);
}

void device_prepare(struct device *d)
{
    d->kind->prepare(d);
}

void device_boot(struct device *d, int64_t utc_us)
{
    d->kind->boot(d, utc_us);
}

void device_reset(struct device *d)
{
    EMIT(d->settings.journal, DEVICE_RESET, 0, NULL);
    d->kind->reset(d);
}

void device_power(struct device *d, bool is_on)
{
    EMIT(d->settings.journal, DEVICE_POWER, 0, NULL, F_TEXT("power", is_on ? "on" : "off"));
    d->kind->power(d, is_on);
}

void device_send(struct device *d, const char *text)
{
    d->kind->send(d, text);
}

int device_set_clock(struct device *d, int64_t utc_us)
{
    return d->kind->set_clock(d, utc_us);
}

bool device_is_busy(const struct device *d)
{
    return d->kind->is_busy(d);
}

int device_result(struct device *d)
{
    return d->kind->result(d);
}

enum device_part device_failed_part(const struct device *d)
{
    return d->kind->failed_part(d);
}

struct span device_heard(const struct device *d)
{
    return d->kind->heard(d);
}

void device_stop(struct device *d, uint64_t grace_us)
{
    d->kind->stop(d, grace_us);
}

bool device_is_running(const struct device *d)
{
    return d->kind->is_running(d);
}

void device_free(struct device *d)
{
    if (d) {
        d->kind->free(d);
    }
}

// ---- a program on this machine

struct program {
    struct device base;
    struct process *process;
    int64_t ahead_us; // its clock, of the machine's
    bool has_lived;   // it was started before: its log goes on
    int code;
    char sentence[1100];
};

static struct program *of(struct device *d)
{
    return (struct program *)d;
}

static void settle(struct program *p, int code)
{
    p->code = code;
    if (code < 0) {
        snprintf(p->sentence, sizeof p->sentence, "%s", error_text(code));
    }
}

static int program_make(const struct device_settings *settings, struct device **out)
{
    struct program *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, ERR_NO_MEMORY);
    p->base = (struct device){&device_kind_program, *settings};
    *out = &p->base;
    return 0;
}

static void program_prepare(struct device *d)
{
    settle(of(d), 0);
}

static int64_t machine_us(const struct device_settings *s)
{
    return s->env->utc_us(s->env->world);
}

static int program_set_clock(struct device *d, int64_t utc_us)
{
    const struct device_settings *s = &d->settings;
    of(d)->ahead_us = utc_us - machine_us(s);
    return clock_write(s->around->clock_path, s->env, of(d)->ahead_us);
}

static int program_start(struct device *d)
{
    const struct device_settings *s = &d->settings;
    char clock_text[32];
    utc_print(machine_us(s) + of(d)->ahead_us, clock_text);
    struct process_settings settings = {
        .loop = s->loop,
        .env = s->env,
        .journal = s->journal,
        .argv = s->around->argv,
        .envp = s->around->envp,
        .log_path = s->around->log_path,
        .command_text = s->around->command_text,
        .clock_text = s->has_clock ? clock_text : "machine",
        .memory_every_us = s->watches_memory ? MEMORY_EVERY_US : 0,
        .goes_on = of(d)->has_lived,
    };
    of(d)->has_lived = true;
    return process_start(&settings, &of(d)->process);
}

static void program_boot(struct device *d, int64_t utc_us)
{
    int code = d->settings.has_clock ? program_set_clock(d, utc_us) : 0;
    settle(of(d), code < 0 ? code : program_start(d));
}

// Without a farewell, and with all that it has started.
static void program_cut(struct device *d)
{
    struct program *p = of(d);
    if (!p->process) {
        return;
    }
    process_kill(p->process);
    while (process_is_running(p->process)) {
        uv_run(d->settings.loop, UV_RUN_ONCE);
    }
    process_free(p->process);
    p->process = NULL;
}

// Its clock goes on meanwhile, as one with a battery does.
static void program_power(struct device *d, bool is_on)
{
    if (!is_on) {
        program_cut(d);
    }
    settle(of(d), is_on && !of(d)->process ? program_start(d) : 0);
}

static void program_reset(struct device *d)
{
    program_cut(d);
    settle(of(d), program_start(d));
}

static void program_send(struct device *d, const char *text)
{
    (void)text;
    settle(of(d), error_set(ERR_USAGE, "the process %s has no console", d->settings.bench->name));
}

static bool program_is_busy(const struct device *d)
{
    (void)d;
    return false;
}

static int program_result(struct device *d)
{
    return of(d)->code < 0 ? error_set(of(d)->code, "%s", of(d)->sentence) : 0;
}

static enum device_part program_failed_part(const struct device *d)
{
    (void)d;
    return DEVICE_PART_NONE;
}

static struct span program_heard(const struct device *d)
{
    (void)d;
    return SPAN_EMPTY;
}

static bool program_is_running(const struct device *d)
{
    const struct program *p = (const struct program *)d;
    return p->process && process_is_running(p->process);
}

static void program_stop(struct device *d, uint64_t grace_us)
{
    if (of(d)->process) {
        process_stop(of(d)->process, grace_us);
    }
}

static void program_free(struct device *d)
{
    process_free(of(d)->process);
    free(d);
}

const struct device_kind device_kind_program = {
    program_make,   program_prepare, program_boot,   program_reset, program_power,      program_send,
    program_set_clock, program_is_busy, program_result, program_failed_part, program_heard,
    program_stop, program_is_running, program_free,
};
