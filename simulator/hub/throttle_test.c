// SPDX-License-Identifier: MIT
// limits, tables 1 and 2.
#include "simulator/hub/throttle.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

static const struct {
    const char *tier;
    uint32_t units;
    uint64_t blocks_a_day;
    uint32_t block_bytes;
    uint32_t per_minute;
} tier_rows[] = {
    {"none", 1, 0, 4096, 0},
    {"F1", 1, 8000, 512, 6000},         // 100/s
    {"S1", 1, 400000, 4096, 6000},      // max(100/s, 12/s/unit)
    {"S1", 10, 4000000, 4096, 7200},    // 120/s
    {"S2", 1, 6000000, 4096, 7200},     // 120/s/unit
    {"S3", 1, 300000000, 4096, 360000}, // 6000/s/unit
    {"s3", 10, 3000000000, 4096, 3600000},
};

static void a_tier_gives_the_documented_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(tier_rows); i++) {
        struct hub_limits limits;
        int tier = hub_tier_of(span_text(tier_rows[i].tier));
        assert_true(tier >= 0);
        hub_limits_of_tier((enum hub_tier)tier, tier_rows[i].units, &limits);
        assert_int_equal(limits.blocks_a_day, tier_rows[i].blocks_a_day);
        assert_int_equal(limits.block_bytes, tier_rows[i].block_bytes);
        assert_int_equal(limits.rates[THROTTLE_CONNECT].per_minute, tier_rows[i].per_minute);
        assert_int_equal(limits.rates[THROTTLE_D2C].per_minute, tier_rows[i].per_minute);
    }
    assert_int_equal(hub_tier_of(SPAN_LITERAL("S4")), -1);
}

static const struct {
    const char *tier;
    uint32_t units;
    uint32_t c2d, twin_reads, twin_updates, methods; // a minute
} service_rows[] = {
    {"none", 1, 0, 0, 0, 0},
    {"F1", 1, 100, 6000, 3000, 2400}, // 1.67/s, 100/s, 50/s, 160 KB/s
    {"S1", 3, 300, 6000, 3000, 7200},
    {"S2", 1, 100, 6000, 3000, 7200},      // 480 KB/s
    {"S2", 20, 2000, 12000, 6000, 144000}, // 10/s/unit, 5/s/unit
    {"S3", 1, 5000, 30000, 15000, 368640}, // 83.33/s, 500/s, 250/s, 24 MB/s
};

static void a_tier_gives_the_limits_of_messages_twins_and_methods(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(service_rows); i++) {
        struct hub_limits limits;
        int tier = hub_tier_of(span_text(service_rows[i].tier));
        hub_limits_of_tier((enum hub_tier)tier, service_rows[i].units, &limits);
        const struct throttle_rate *r = limits.rates;
        assert_int_equal(r[THROTTLE_C2D].per_minute, service_rows[i].c2d);
        assert_int_equal(r[THROTTLE_TWIN_READ].per_minute, service_rows[i].twin_reads);
        assert_int_equal(r[THROTTLE_TWIN_UPDATE].per_minute, service_rows[i].twin_updates);
        assert_int_equal(r[THROTTLE_METHOD].per_minute, service_rows[i].methods);
    }
}

static const struct {
    const char *text;
    int code;
    uint32_t per_minute, burst;
} rate_rows[] = {
    {"10/s", 0, 600, 10},
    {"90/m", 0, 90, 90},
    {"1/m", 0, 1, 1},
    {"1000000/s", 0, 60000000, 1000000},
    {"none", 0, 0, 0},
    {"0/s", ERR_VALUE, 0, 0},
    {"1000001/s", ERR_VALUE, 0, 0},
    {"99999999999999999999/s", ERR_VALUE, 0, 0},
    {"10", ERR_SYNTAX, 0, 0},
    {"10/h", ERR_SYNTAX, 0, 0},
    {"/s", ERR_SYNTAX, 0, 0},
    {"-1/s", ERR_SYNTAX, 0, 0},
    {"1.5/s", ERR_SYNTAX, 0, 0},
    {"", ERR_SYNTAX, 0, 0},
};

static void rates_are_read_with_their_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rate_rows); i++) {
        struct throttle_rate rate;
        int code = throttle_rate_parse(span_text(rate_rows[i].text), &rate);
        if (code != rate_rows[i].code || rate.per_minute != rate_rows[i].per_minute ||
            rate.burst != rate_rows[i].burst) {
            fail_msg("'%s': code %d, %u a minute, burst %u", rate_rows[i].text, code,
                     rate.per_minute, rate.burst);
        }
    }
}

static void a_burst_passes_then_the_rate_then_nothing(void **state)
{
    (void)state;
    const struct throttle_rate rate = {.per_minute = 600, .burst = 3, .longest_us = 1000000};
    struct throttle_bucket bucket = {0};
    uint64_t now_us = 5000000;
    uint64_t delay_us = 1;
    for (int i = 0; i < 3; i++) {
        assert_true(throttle_take(&bucket, &rate, now_us, &delay_us));
        assert_int_equal(delay_us, 0);
    }
    for (uint64_t i = 1; i <= 10; i++) {
        assert_true(throttle_take(&bucket, &rate, now_us, &delay_us));
        assert_int_equal(delay_us, i * 100000);
    }
    assert_false(throttle_take(&bucket, &rate, now_us, &delay_us));
    assert_true(throttle_take(&bucket, &rate, now_us + 100000, &delay_us)); // refusals are free
    assert_int_equal(delay_us, 1000000);
}

static void a_rest_fills_the_burst_up_and_no_further(void **state)
{
    (void)state;
    const struct throttle_rate rate = {.per_minute = 60, .burst = 2, .longest_us = 10000000};
    struct throttle_bucket bucket = {0};
    uint64_t delay_us = 0;
    for (int round = 1; round <= 3; round++) {
        uint64_t now_us = (uint64_t)round * 3600000000;
        assert_true(throttle_take(&bucket, &rate, now_us, &delay_us));
        assert_true(throttle_take(&bucket, &rate, now_us, &delay_us));
        assert_int_equal(delay_us, 0);
        assert_true(throttle_take(&bucket, &rate, now_us, &delay_us));
        assert_int_equal(delay_us, 1000000);
    }
}

static void without_a_rate_everything_passes(void **state)
{
    (void)state;
    const struct throttle_rate none = {0};
    struct throttle_bucket bucket = {0};
    uint64_t delay_us = 1;
    for (int i = 0; i < 100000; i++) {
        assert_true(throttle_take(&bucket, &none, 0, &delay_us));
        assert_int_equal(delay_us, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tier_gives_the_documented_limits),
        cmocka_unit_test(a_tier_gives_the_limits_of_messages_twins_and_methods),
        cmocka_unit_test(rates_are_read_with_their_unit),
        cmocka_unit_test(a_burst_passes_then_the_rate_then_nothing),
        cmocka_unit_test(a_rest_fills_the_burst_up_and_no_further),
        cmocka_unit_test(without_a_rate_everything_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
