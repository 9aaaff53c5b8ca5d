// SPDX-License-Identifier: MIT
#include "harness/oracle/backoff.h"
#include "base/test.h"

#include <string.h>

enum { MS = 1000, GAPS_MOST = 12 };

static const struct {
    const char *what;
    unsigned gaps_ms[GAPS_MOST]; // ends with 0
    unsigned shapes;
    int has_jitter; // -1: not asked
    double factor_least, factor_most;
} rows[] = {
    {"no wait at all", {1, 2, 1, 3}, BACKOFF_NONE, -1, 1, 1},
    {"a short constant wait is none", {100, 101, 100}, BACKOFF_NONE, 0, 1, 1},
    {"constant to the millisecond", {1000, 1001, 1000, 1002}, BACKOFF_CONSTANT, 0, 1, 1},
    {"constant on a busy machine", {1000, 1025, 1003, 1029}, BACKOFF_CONSTANT, 0, 1, 1},
    {"constant with jitter", {5000, 5600, 4700, 5300, 4900}, BACKOFF_CONSTANT, 1, 1, 1},
    {"wide jitter around one value does not grow",
     {4000, 9000, 2500, 8000, 3000, 6000},
     BACKOFF_CONSTANT,
     1,
     1,
     1},
    {"linear", {1000, 2000, 3000, 4000, 5000}, BACKOFF_LINEAR, 0, 1.1, 2},
    {"linear from an offset", {5000, 7000, 9000, 11000, 13000}, BACKOFF_LINEAR, 0, 1.1, 1.5},
    {"doubled", {1000, 2000, 4000, 8000}, BACKOFF_EXPONENTIAL, 0, 1.95, 2.05},
    {"doubled in three waits", {1000, 2000, 4000}, BACKOFF_EXPONENTIAL, 0, 1.95, 2.05},
    {"tripled", {200, 600, 1800, 5400}, BACKOFF_EXPONENTIAL, 0, 2.9, 3.1},
    {"doubled up to a cap",
     {1000, 2000, 4000, 8000, 10000, 10000, 10000},
     BACKOFF_EXPONENTIAL,
     -1,
     1.6,
     2.05},
    {"doubled with a tenth of jitter, too few to be sure", {1080, 1930, 4200, 7700, 16900},
     BACKOFF_GROWING, 1, 1.8, 2.2},
    {"doubled with a tenth of jitter", {1080, 1930, 4200, 7700, 16900, 30100, 66000, 125000},
     BACKOFF_EXPONENTIAL, 1, 1.8, 2.2},
    {"three waits that lie on a line by chance", {2000, 7400, 11200}, BACKOFF_GROWING, 1, 2, 3},
    {"a reset in between is no growth",
     {1000, 2000, 1000, 2000, 1000, 2000},
     BACKOFF_CONSTANT,
     1,
     1,
     1},
    {"two waits that grow can be either", {1000, 2000}, BACKOFF_GROWING, 0, 1.95, 2.05},
    {"one wait is a constant", {3000}, BACKOFF_CONSTANT, 0, 1, 1},
};

static void each_row_of_waits_has_its_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        uint64_t gaps[GAPS_MOST];
        size_t count = 0;
        while (count < GAPS_MOST && rows[i].gaps_ms[count]) {
            gaps[count] = (uint64_t)rows[i].gaps_ms[count] * MS;
            count++;
        }
        struct backoff_fit fit;
        struct buf text HR_CLEANUP(buf_deinit);
        buf_init(&text, 1000);
        assert_int_equal(backoff_fit_of(gaps, count, &fit), 0);
        assert_int_equal(backoff_print(&fit, &text), 0);
        bool is_right = fit.shapes == rows[i].shapes && fit.factor >= rows[i].factor_least &&
                        fit.factor <= rows[i].factor_most &&
                        (rows[i].has_jitter < 0 || fit.has_jitter == (rows[i].has_jitter == 1));
        if (!is_right) {
            fail_msg("%s: %s, factor %.2f, %.3f off", rows[i].what, buf_text(&text), fit.factor,
                     fit.off);
        }
    }
}

static void the_cap_is_named(void **state)
{
    (void)state;
    static const uint64_t gaps[] = {1000000, 2000000, 4000000, 5000000, 5000000, 5000000};
    struct backoff_fit fit;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1000);
    assert_int_equal(backoff_fit_of(gaps, HR_COUNT_OF(gaps), &fit), 0);
    assert_int_equal(backoff_print(&fit, &text), 0);
    assert_int_equal(fit.cap_us, 5000000);
    assert_non_null(strstr(buf_text(&text), "largest by smallest 5.0, cap near 5 s"));
}

static void many_waits_are_cut_not_refused(void **state)
{
    (void)state;
    uint64_t gaps[500];
    struct backoff_fit fit;
    for (size_t i = 0; i < HR_COUNT_OF(gaps); i++) {
        gaps[i] = 1000000;
    }
    assert_int_equal(backoff_fit_of(gaps, HR_COUNT_OF(gaps), &fit), 0);
    assert_int_equal(fit.shapes, BACKOFF_CONSTANT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_waits_has_its_shape),
        cmocka_unit_test(the_cap_is_named),
        cmocka_unit_test(many_waits_are_cut_not_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
