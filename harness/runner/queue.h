// SPDX-License-Identifier: MIT
// Which run comes next: entries times rounds, in order or shuffled by a seed, a board's one after
// the other. Knows no process and no clock.
#pragma once
#include "harness/runner/runner.h"

enum { JOBS_MOST = 64 };

struct queue_item {
    size_t entry;
    unsigned round;   // from 1
    unsigned attempt; // from 1
    bool is_taken;
};

struct queue {
    struct queue_item *items;
    size_t count;
    size_t head; // all before it are taken
};

// One more round of all entries; `seed` shuffles it unless it is 0.
int queue_add_round(struct queue *q, size_t entry_count, unsigned round,
                    uint64_t seed) HR_NODISCARD;
int queue_add(struct queue *q, struct queue_item item) HR_NODISCARD;
// The first item whose device `is_free`; false when there is none now.
bool queue_take(struct queue *q, bool (*is_free)(void *context, size_t entry), void *context,
                struct queue_item *out);
size_t queue_left(const struct queue *q);
void queue_deinit(struct queue *q);
