// SPDX-License-Identifier: MIT
// Names the shape of a row of waits. Pure numbers: robust against jitter (medians of pairwise
// slopes) and against a cap at the end of the row.
//
//     none         half of the waits are under 250 ms
//     constant     the largest is less than 1.5 times the smallest, or under three quarters of the
//                  pairs rise
//     linear, exponential   what is closer; both when neither is clearly closer, or when fewer than
//                  six waits have jitter
#pragma once
#include "harness/scenario/oracle_spec.h"

#define BACKOFF_NONE_US      250000 // under it a wait is no wait
#define BACKOFF_GROWTH_LEAST 1.5    // the largest by the smallest
#define BACKOFF_RISING_LEAST 0.75   // share of pairs
#define BACKOFF_CAP_NEAR     0.8    // of the largest: the row has reached its cap
#define BACKOFF_JITTER_LEAST 0.04   // off the curve, as a share
#define BACKOFF_SURE_COUNT   6    // fewer waits with jitter can be linear as well as exponential
#define BACKOFF_NOISE_US     30000  // of the machine, not of the device

struct backoff_fit {
    unsigned shapes; // of enum backoff_shape: one, or linear and exponential
    double factor;   // growth from one wait to the next, 1 when constant
    double growth;   // the largest by the smallest
    double rising;   // share of pairs that rise
    double off;      // furthest off the curve, as a share
    bool has_jitter;
    uint64_t cap_us; // 0 = none seen
};

// `count` at least 1. ERR_NO_MEMORY.
int backoff_fit_of(const uint64_t *gaps_us, size_t count, struct backoff_fit *out) HR_NODISCARD;
int backoff_print(const struct backoff_fit *fit, struct buf *out) HR_NODISCARD;
