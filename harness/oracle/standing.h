// SPDX-License-Identifier: MIT
// Statements that hold from their line on: never, while and when. One state per statement of the
// plan; the executor shows each of them every event and the time, and acts on what they say.
//
//     standing_arm(s, i);                                   // statement i begins to hold
//     says = standing_event(s, i, e, now);                  // each event, each that is armed
//     standing_take_due(s, &i)                              // then what whens ask for
//     standing_expired(s, now, &i)                          // and at standing_deadline_us
#pragma once
#include "harness/scenario/plan.h"

enum standing_says {
    STANDING_FINE,
    STANDING_BROKEN, // this event may not be, or is one too many
    STANDING_MISSING // the time between is over, and too little was seen
};

struct standing;

// `plan` is borrowed. NULL without memory.
struct standing *standing_new(const struct plan *plan);
void standing_free(struct standing *s); // NULL is allowed
void standing_arm(struct standing *s, size_t step);
bool standing_is_armed(const struct standing *s, size_t step);
enum standing_says standing_event(struct standing *s, size_t step, const struct event *e,
                                  uint64_t now_us);
// A when whose event came and that has not acted on it yet; false when there is none.
bool standing_take_due(struct standing *s, size_t *step);
// When a while that waits for its event gives up; UINT64_MAX = none waits.
uint64_t standing_deadline_us(const struct standing *s);
bool standing_expired(const struct standing *s, uint64_t now_us, size_t *step);
// How many the present or last time between has seen.
uint64_t standing_counted(const struct standing *s, size_t step);
// Behind STANDING_MISSING and standing_expired: what was seen instead.
int standing_print_missing(const struct standing *s, size_t step, uint64_t now_us,
                           struct buf *out) HR_NODISCARD;
// At the end of the scenario: how often a while was judged, as a sentence. False: not once.
bool standing_print_end(const struct standing *s, size_t step, struct buf *out);
