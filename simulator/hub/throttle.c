// SPDX-License-Identifier: MIT
#include "simulator/hub/throttle.h"
#include "base/error.h"

static const char *const throttle_words[] = {
#define X(name, word, meaning) word,
    THROTTLE_TABLE(X)
#undef X
};

const char *throttle_word(enum throttle throttle)
{
    return throttle_words[throttle];
}

struct tier_row {
    const char *word;
    uint64_t blocks_a_day;
    uint32_t block_bytes;
    uint32_t least_per_minute;
    uint32_t unit_per_minute;
};

static const struct tier_row tiers[] = {
#define X(name, word, blocks, bytes, least, unit) {word, blocks, bytes, least, unit},
    HUB_TIER_TABLE(X)
#undef X
};

// The other throttles, operations a minute: least, per unit.
static const struct {
    uint32_t least, unit;
} rates[HUB_TIER_COUNT][THROTTLE_COUNT] = {
    [HUB_TIER_F1] = {[THROTTLE_C2D] = {0, 100},
                     [THROTTLE_TWIN_READ] = {6000, 0},
                     [THROTTLE_TWIN_UPDATE] = {3000, 0},
                     [THROTTLE_METHOD] = {0, 2400}},
    [HUB_TIER_S1] = {[THROTTLE_C2D] = {0, 100},
                     [THROTTLE_TWIN_READ] = {6000, 0},
                     [THROTTLE_TWIN_UPDATE] = {3000, 0},
                     [THROTTLE_METHOD] = {0, 2400}},
    [HUB_TIER_S2] = {[THROTTLE_C2D] = {0, 100},
                     [THROTTLE_TWIN_READ] = {6000, 600},
                     [THROTTLE_TWIN_UPDATE] = {3000, 300},
                     [THROTTLE_METHOD] = {0, 7200}},
    [HUB_TIER_S3] = {[THROTTLE_C2D] = {0, 5000},
                     [THROTTLE_TWIN_READ] = {0, 30000},
                     [THROTTLE_TWIN_UPDATE] = {0, 15000},
                     [THROTTLE_METHOD] = {0, 368640}},
};

static const uint64_t queue_us = UINT64_C(10000000);
static const uint64_t minute_ns = UINT64_C(60000000000);
enum { PER_SECOND_MOST = 1000000 };

const char *hub_tier_word(enum hub_tier tier)
{
    return tiers[tier].word;
}

int hub_tier_of(struct span word)
{
    for (int i = 0; i < HUB_TIER_COUNT; i++) {
        if (span_equals_nocase(word, span_text(tiers[i].word))) {
            return i;
        }
    }
    return -1;
}

void hub_limits_of_tier(enum hub_tier tier, uint32_t units, struct hub_limits *out)
{
    const struct tier_row *row = &tiers[tier];
    *out =
        (struct hub_limits){.blocks_a_day = row->blocks_a_day * (tier == HUB_TIER_F1 ? 1 : units),
                            .block_bytes = row->block_bytes};
    for (int i = 0; i < THROTTLE_COUNT; i++) {
        bool is_common = i == THROTTLE_CONNECT || i == THROTTLE_D2C;
        uint32_t least = is_common ? row->least_per_minute : rates[tier][i].least;
        uint32_t of_units = (is_common ? row->unit_per_minute : rates[tier][i].unit) * units;
        uint32_t rate = of_units > least ? of_units : least;
        out->rates[i] =
            (struct throttle_rate){.per_minute = rate, .burst = rate, .longest_us = queue_us};
    }
}

int throttle_rate_parse(struct span text, struct throttle_rate *out)
{
    struct span unit;
    struct span number = span_cut(text, '/', &unit);
    uint64_t n = 0;
    *out = (struct throttle_rate){0};
    if (span_equals_text(text, "none")) {
        return 0;
    }
    bool is_second = span_equals_text(unit, "s");
    if ((!is_second && !span_equals_text(unit, "m")) || span_parse_u64(number, &n) == ERR_SYNTAX) {
        FAIL(ERR_SYNTAX, "expected a rate as in 10/s or 600/m, or none");
    }
    uint64_t most = is_second ? PER_SECOND_MOST : PER_SECOND_MOST * UINT64_C(60);
    if (n == 0 || n > most) {
        FAIL(ERR_VALUE, "a rate is at least 1 and at most %d/s", PER_SECOND_MOST);
    }
    *out = (struct throttle_rate){.per_minute = (uint32_t)(is_second ? n * 60 : n),
                                  .burst = (uint32_t)n,
                                  .longest_us = queue_us};
    return 0;
}

bool throttle_take(struct throttle_bucket *bucket, const struct throttle_rate *rate,
                   uint64_t now_us, uint64_t *delay_us)
{
    return throttle_take_many(bucket, rate, 1, now_us, delay_us);
}

bool throttle_take_many(struct throttle_bucket *bucket, const struct throttle_rate *rate,
                        uint32_t count, uint64_t now_us, uint64_t *delay_us)
{
    *delay_us = 0;
    if (rate->per_minute == 0) {
        return true;
    }
    uint64_t interval_ns = minute_ns / rate->per_minute;
    uint64_t saved_ns = interval_ns * (rate->burst > 0 ? rate->burst - 1 : 0);
    uint64_t now_ns = now_us * 1000;
    uint64_t next_ns = bucket->next_ns > now_ns ? bucket->next_ns : now_ns;
    uint64_t wait_ns = next_ns - now_ns > saved_ns ? next_ns - now_ns - saved_ns : 0;
    if (wait_ns / 1000 > rate->longest_us) {
        return false;
    }
    bucket->next_ns = next_ns + interval_ns * count;
    *delay_us = wait_ns / 1000;
    return true;
}
