// SPDX-License-Identifier: MIT
// One direction of a slow or broken network: bytes go in, and come out when it is their time, in
// their order. Knows neither sockets nor clocks.
//
//     TRY(shape_push(&lane, &rules, now_us, bytes));
//     while ((due = shape_due(&lane, now_us)).len) { write(due); shape_drop(&lane, due.len); }
//     shape_deinit(&lane);
#pragma once
#include "base/compat.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SHAPE_LANE_BYTES_MOST = 8 << 20,  // as much as a TLS engine may have to say at once
    SHAPE_SEGMENT_BYTES = 1460,       // what gets lost, and what a line without a limit delivers
    SHAPE_RESEND_US = 200000,         // the shortest wait of TCP before it sends again
};

struct shape_rules {
    uint64_t latency_us;
    uint64_t jitter_us;
    uint64_t bandwidth_bytes_per_s; // 0 = without a limit
    uint32_t loss_ppm;              // of the segments
};

struct shape_chunk;
struct shape_lane {
    struct shape_chunk *first;
    struct shape_chunk *last;
    size_t bytes;         // that wait
    uint64_t free_us;     // when the line has sent what came before
    uint64_t last_due_us; // nothing overtakes
    uint64_t luck;        // jitter and loss follow from what the caller puts here at first
};

// Copies the bytes. ERR_TOO_BIG: nothing was taken; ERR_NO_MEMORY: perhaps a part, so the
// connection is lost.
int shape_push(struct shape_lane *lane, const struct shape_rules *rules, uint64_t now_us,
               struct span bytes) HR_NODISCARD;
// What is due, empty when nothing is; valid until shape_drop or shape_deinit.
struct span shape_due(const struct shape_lane *lane, uint64_t now_us);
void shape_drop(struct shape_lane *lane, size_t len); // of what shape_due returned
void shape_deinit(struct shape_lane *lane);
