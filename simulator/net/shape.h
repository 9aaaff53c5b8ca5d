// SPDX-License-Identifier: MIT
// One direction of a slow or broken network: bytes go in, and come out when it is their time, in
// their order. Knows neither sockets nor clocks.
//
//     TRY(shape_push(&lane, &rules, chance, now_us, bytes));
//     while ((due = shape_due(&lane, now_us)).len) { write(due); shape_drop(&lane, due.len); }
//     shape_deinit(&lane);
#pragma once
#include "base/compat.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHAPE_LANE_BYTES_MOST = 8 << 20 }; // as much as a TLS engine may have to say at once

struct shape_rules {
    uint64_t latency_us;
    uint64_t jitter_us;
    uint64_t bandwidth_bytes_per_s; // 0 = without a limit
};

struct shape_chunk;
struct shape_lane {
    struct shape_chunk *first;
    struct shape_chunk *last;
    size_t bytes;         // that wait
    uint64_t free_us;     // when the line has sent what came before
    uint64_t last_due_us; // nothing overtakes
};

// Copies the bytes; `chance` chooses within the jitter. ERR_TOO_BIG: nothing was taken; ERR_NO_MEMORY:
// perhaps a part, so the connection is lost.
int shape_push(struct shape_lane *lane, const struct shape_rules *rules, uint32_t chance,
               uint64_t now_us, struct span bytes) HR_NODISCARD;
// What is due, empty when nothing is; valid until shape_drop or shape_deinit.
struct span shape_due(const struct shape_lane *lane, uint64_t now_us);
void shape_drop(struct shape_lane *lane, size_t len); // of what shape_due returned
void shape_deinit(struct shape_lane *lane);
