// SPDX-License-Identifier: MIT
// The limits of a hub: how many messages a day, how many operations a minute (reference: limits,
// tables 1 and 2). A throttle is a token bucket with a queue: a burst passes at once, then
// operations are served at the rate, which shows as late answers, and when the queue would be
// longer than `longest_us` they are refused.
//
//     struct hub_limits limits;
//     hub_limits_of_tier(HUB_TIER_S1, 1, &limits);
//     uint64_t delay_us;
//     if (!throttle_take(&bucket, &limits.rates[THROTTLE_D2C], now_us, &delay_us)) { refuse(); }
#pragma once
#include "base/span.h"

//    C name   word        what counts
#define THROTTLE_TABLE(X)                                                                          \
    X(CONNECT, "connects", "new device connections")                                               \
    X(D2C, "d2c", "telemetry messages")                                                            \
    X(C2D, "c2d", "messages that the service sends")                                               \
    X(TWIN_READ, "twin-reads", "twins that devices read")                                          \
    X(TWIN_UPDATE, "twin-updates", "reported properties that devices patch")                       \
    X(METHOD, "methods", "begun 4 KB of the payloads of method calls")                          \
    X(RENEWAL, "renewals", "requests for a renewed certificate")

enum throttle {
#define X(name, word, meaning) THROTTLE_##name,
    THROTTLE_TABLE(X)
#undef X
        THROTTLE_COUNT
};
const char *throttle_word(enum throttle throttle);

struct throttle_rate {
    uint32_t per_minute; // 0: no limit
    uint32_t burst;      // operations that pass at once after a rest; at least 1
    uint64_t longest_us; // the longest wait in the queue
};

struct hub_limits {
    uint64_t blocks_a_day; // the daily quota, UTC day of the hub's clock; 0: none
    uint32_t block_bytes;  // a message counts as one block for each begun block
    struct throttle_rate rates[THROTTLE_COUNT];
};

//    C name  word     blocks a day  block bytes  a minute: least, per unit of connects and d2c
#define HUB_TIER_TABLE(X)                                                                          \
    X(NONE, "none", 0, 4096, 0, 0)                                                                 \
    X(F1, "F1", 8000, 512, 6000, 720)                                                              \
    X(S1, "S1", 400000, 4096, 6000, 720)                                                           \
    X(S2, "S2", 6000000, 4096, 0, 7200)                                                            \
    X(S3, "S3", 300000000, 4096, 0, 360000)

enum hub_tier {
#define X(name, word, blocks, bytes, least, unit) HUB_TIER_##name,
    HUB_TIER_TABLE(X)
#undef X
        HUB_TIER_COUNT
};
const char *hub_tier_word(enum hub_tier tier);
int hub_tier_of(struct span word); // without case; -1 when unknown
// `units` from 1. Bursts of a minute's worth, a queue of 10 s.
void hub_limits_of_tier(enum hub_tier tier, uint32_t units, struct hub_limits *out);

// "10/s" or "600/m": N operations per second or minute, with N as the burst; "none". ERR_SYNTAX,
// ERR_VALUE (0, or more than 1000000 a second) with a sentence.
int throttle_rate_parse(struct span text, struct throttle_rate *out) HR_NODISCARD;

struct throttle_bucket {
    uint64_t next_ns; // when the queue is served to its end, if nothing was saved for a burst
};

// Counts one operation at `now_us`, a monotonic clock. True: it may be answered after *delay_us;
// false: it is refused and does not count.
bool throttle_take(struct throttle_bucket *bucket, const struct throttle_rate *rate,
                   uint64_t now_us, uint64_t *delay_us);
// The same for `count` operations at once.
bool throttle_take_many(struct throttle_bucket *bucket, const struct throttle_rate *rate,
                        uint32_t count, uint64_t now_us, uint64_t *delay_us);
