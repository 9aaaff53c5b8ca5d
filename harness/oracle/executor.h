// SPDX-License-Identifier: MIT
// Runs a plan: takes journal events and the time, acts through callbacks, and ends with a verdict.
// Knows no socket, process or clock, so that a whole scenario can be tested in microseconds.
//
//     struct executor *x = executor_new(&plan, &actions);
//     executor_start(x, now);
//     on every event:  executor_event(x, event, now);
//     on the timer:    executor_tick(x, now);  timer_at(executor_deadline_us(x));
//     until executor_is_done(x); then outcome = executor_outcome(x);
#pragma once
#include "harness/oracle/verdict.h"
#include "harness/scenario/plan.h"

struct executor_actions {
    void *context;
    // Each returns 0 or an error; an error of class infra or internal ends the run as infra, one of
    // class usage too, with error_text() as the observation. They may emit events at once.
    int (*boot)(void *context);
    int (*hub)(void *context, const struct step *step);
    int (*time)(void *context, const struct step *step);
    int (*device)(void *context, const struct step *step);
    void (*note)(void *context, const char *text);
    void (*begin)(void *context, const struct step *step); // a statement begins (run.step)
};

struct executor;

// `plan` is borrowed and outlives the executor; actions are copied. NULL without memory.
struct executor *executor_new(const struct plan *plan, const struct executor_actions *actions);
void executor_free(struct executor *x);

// Events that were given before the start are evidence for the diagnosis and nothing else.
void executor_start(struct executor *x, uint64_t now_us);
// Events may arrive from inside an action; they are queued in order. DEVICE_EXITED that was not
// asked for ends the run as fail unless the present or a later statement expects it.
void executor_event(struct executor *x, const struct event *e, uint64_t now_us);
void executor_tick(struct executor *x, uint64_t now_us);
uint64_t executor_deadline_us(const struct executor *x); // UINT64_MAX when done
bool executor_is_done(const struct executor *x);
// End now with this verdict (rig trouble, Ctrl-C); no effect when done. `observed` is copied.
void executor_abort(struct executor *x, enum verdict verdict, const char *expected,
                    const char *observed, const char *try_text);
// Valid once done; borrowed from the executor. Cause and try come from the diagnosis table.
const struct outcome *executor_outcome(const struct executor *x);
