// SPDX-License-Identifier: MIT
// What executor.c and executor_fail.c share. Not for others.
#pragma once
#include "harness/diagnosis/diagnosis.h"
#include "harness/oracle/event_queue.h"
#include "harness/oracle/executor.h"
#include "harness/oracle/panel.h"
#include "harness/oracle/seen.h"
#include "harness/oracle/standing.h"

enum { SENTENCE_BYTES_MOST = 8192 };

struct executor {
    const struct plan *plan;
    struct executor_actions actions;
    struct diagnosis *diagnosis;
    struct panel *panel;
    struct outcome outcome;
    struct event_queue events;
    struct seen_output output;
    struct standing *standing; // what never, while and when wait for
    uint64_t judged;  // events before this number have passed
    uint64_t mark;    // an expect looks at events from this number on
    uint64_t scanned; // those before it the present expect has looked at
    uint64_t counted; // by the present count
    size_t at;        // the present statement; step_count = all are over
    bool has_begun;   // the present statement has
    bool is_running;  // an action is under way or events are being judged
    bool is_started, is_done;
    bool has_told_drop;
    bool has_accepted; // the device opened a TCP connection
    bool is_booted;
    bool is_off;         // its power is, as the scenario wants
    char gone_port[300]; // the board's serial port, while it is gone: which, and why
    uint64_t start_us, boot_us, now_us;
    uint64_t step_deadline_us;
};

// The present statement, NULL behind the last.
const struct step *executor_present(const struct executor *x);
// The end; `step` NULL: at no statement.
void executor_end(struct executor *x, enum verdict verdict, const struct step *step,
                  const char *expected, const char *observed);
// As executor_end with VERDICT_FAIL, with cause and advice from the evidence. `violated` may be NULL.
void executor_fail(struct executor *x, const struct step *step, const char *expected,
                   struct buf *observed, const struct event *violated);
// The time of an expect or a count is over.
void executor_fail_missing(struct executor *x, const struct step *step);
// This event may not be; `count`: it is that many too many, 0 = not one may be.
void executor_fail_event(struct executor *x, const struct step *step, const struct event *e,
                         uint64_t count);
void executor_fail_limit(struct executor *x);
// A device.exited fails the run unless it was asked for or is expected.
void executor_judge_exit(struct executor *x, const struct event *e);
