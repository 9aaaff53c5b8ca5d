// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "base/when.h"

static void durations_carry_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {{"250ms", 250000},      {"90s", 90000000},       {"4m", 240000000},
                {"1h30m", 5400000000},  {"2d", 172800000000},    {"1.5s", 1500000},
                {"-2h", -7200000000},   {"+10us", 10},           {"0s", 0}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        int64_t us = -1;
        assert_int_equal(duration_parse(span_text(rows[i].text), &us), 0);
        assert_true(us == rows[i].us);
    }
    static const char *const bad[] = {"", "5", "s", "5 s", "1h30", "5parsec", ".s", "--1s", "1..5s"};
    for (size_t i = 0; i < HR_COUNT_OF(bad); i++) {
        int64_t us = 0;
        assert_int_equal(duration_parse(span_text(bad[i]), &us), ERR_SYNTAX);
    }
    int64_t us = 0;
    assert_int_equal(duration_parse(SPAN_LITERAL("9000y"), &us), ERR_VALUE);
}

static void durations_read_like_speech(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(duration_print(INT64_C(7380) * 1000000, out), "2 h 3 min");
    assert_string_equal(duration_print(1500000, out), "1.5 s");
    assert_string_equal(duration_print(-12000, out), "-12 ms");
    assert_string_equal(duration_print(INT64_C(60) * 1000000, out), "1 min");
    assert_string_equal(duration_print(INT64_C(86400) * 3000000, out), "3 days");
    assert_string_equal(duration_print(7, out), "7 us");
}

static void dates_round_trip_across_the_edges_devices_meet(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {{"1970-01-01T00:00:10Z", 10},          {"1980-01-06T00:00:00Z", 315964800},
                {"2038-01-19T03:14:08Z", 2147483648},  {"2036-02-07T06:28:16Z", 2085978496},
                {"1969-12-31T23:59:59Z", -1},          {"2024-02-29T12:00:00Z", 1709208000},
                {"9999-12-31T23:59:59Z", 253402300799}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        int64_t us = 0;
        char out[32];
        assert_int_equal(utc_parse(span_text(rows[i].text), &us), 0);
        assert_true(us == rows[i].seconds * 1000000);
        assert_string_equal(utc_print(us, out), rows[i].text);
    }
}

static void impossible_dates_are_refused(void **state)
{
    (void)state;
    int64_t us = 0;
    assert_int_equal(utc_parse(SPAN_LITERAL("2023-02-30"), &us), ERR_VALUE);
    assert_int_equal(utc_parse(SPAN_LITERAL("2023-13-01"), &us), ERR_VALUE);
    assert_int_equal(utc_parse(SPAN_LITERAL("2023-01-01T00:00:00"), &us), ERR_SYNTAX);
    assert_int_equal(utc_parse(SPAN_LITERAL("2023-01-01T00:00:00Zx"), &us), ERR_SYNTAX);
    assert_int_equal(utc_parse(SPAN_LITERAL("now"), &us), ERR_SYNTAX);
}

static void a_fraction_of_a_second_is_kept(void **state)
{
    (void)state;
    int64_t us = 0;
    assert_int_equal(utc_parse(SPAN_LITERAL("1970-01-01T00:00:01.25Z"), &us), 0);
    assert_true(us == 1250000);
    char out[32];
    assert_string_equal(utc_print(-1, out), "1969-12-31T23:59:59Z");
}

static void rates_are_read_and_printed_without_a_loss(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ppm;
    } rows[] = {{"1", 1000000}, {"20", 20000000}, {"1.5", 1500000}, {"0.001", 1000}, {"0.999999", 999999},
                {"1000", 1000000000}};
    static const char *const bad[] = {"", "x", "-1", "1.", ".5", "1.0000001", "0", "0.0009", "1000.1", "2x", "1,5"};
    char out[32];
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        uint32_t ppm = 0;
        assert_int_equal(rate_parse(span_text(rows[i].text), &ppm), 0);
        assert_int_equal(ppm, rows[i].ppm);
        assert_string_equal(rate_print(ppm, out), rows[i].text);
    }
    for (size_t i = 0; i < HR_COUNT_OF(bad); i++) {
        uint32_t ppm = 0;
        if (rate_parse(span_text(bad[i]), &ppm) == 0) {
            fail_msg("'%s' was read as %u", bad[i], ppm);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_carry_units),
        cmocka_unit_test(durations_read_like_speech),
        cmocka_unit_test(dates_round_trip_across_the_edges_devices_meet),
        cmocka_unit_test(impossible_dates_are_refused),
        cmocka_unit_test(a_fraction_of_a_second_is_kept),
        cmocka_unit_test(rates_are_read_and_printed_without_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
