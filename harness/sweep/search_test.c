// SPDX-License-Identifier: MIT
#include "harness/sweep/search.h"
#include "base/test.h"

#include <stdlib.h>

// Fails from each odd entry on, connects from each even one on; the first is where it connects.
static bool connects_at(const int64_t *turns, size_t count, int64_t utc_s)
{
    bool connects = false;
    for (size_t i = 0; i < count && utc_s >= turns[i]; i++) {
        connects = !connects;
    }
    return connects;
}

static size_t run(struct search *s, const int64_t *turns, size_t count, size_t side_by_side)
{
    size_t asked = 0;
    for (int n = search_next(s, side_by_side); n != 0; n = search_next(s, side_by_side)) {
        assert_true(n > 0);
        asked += (size_t)n;
        for (size_t i = 0; i < s->count; i++) {
            if (s->points[i].state == SEARCH_ASKED) {
                s->points[i].state =
                    connects_at(turns, count, s->points[i].utc_s) ? SEARCH_CONNECTS : SEARCH_FAILS;
            }
        }
    }
    return asked;
}

static void finds_an_edge_to_the_second_with_any_number_side_by_side(void **state)
{
    (void)state;
    const int64_t turns[] = {-1000, 2147483648};
    for (size_t side = 1; side <= 64; side = 2 * side + 1) {
        struct search s = {.precision_s = 1};
        assert_int_equal(search_add(&s, 0), 0);
        assert_int_equal(search_add(&s, INT64_C(4000000000)), 0);
        size_t asked = run(&s, turns, 2, side);
        size_t i = 0;
        while (s.points[i + 1].state == SEARCH_CONNECTS) {
            i++;
        }
        assert_int_equal(s.points[i].utc_s, INT64_C(2147483647));
        assert_int_equal(s.points[i + 1].utc_s, INT64_C(2147483648));
        assert_true(side > 1 || asked <= 34);
        search_deinit(&s);
    }
}

static void finds_every_edge_of_a_coarse_row(void **state)
{
    (void)state;
    const int64_t turns[] = {1500, 2500, 2600, 7777};
    struct search s = {.precision_s = 1};
    for (int64_t at = 0; at <= 10000; at += 1000) {
        assert_int_equal(search_add(&s, at), 0);
    }
    assert_int_equal(search_add(&s, 2550), 0); // a landmark inside a short gap
    run(&s, turns, 4, 8);
    size_t edges = 0;
    for (size_t i = 0; i + 1 < s.count; i++) {
        if (s.points[i].state != s.points[i + 1].state) {
            assert_int_equal(s.points[i + 1].utc_s, turns[edges]);
            assert_int_equal(s.points[i].utc_s, turns[edges] - 1);
            edges++;
        }
    }
    assert_int_equal(edges, 4);
    search_deinit(&s);
}

static void stops_at_its_precision(void **state)
{
    (void)state;
    const int64_t turns[] = {-1, 123456};
    struct search s = {.precision_s = 3600};
    assert_int_equal(search_add(&s, 0), 0);
    assert_int_equal(search_add(&s, 1000000), 0);
    size_t asked = run(&s, turns, 2, 1);
    assert_true(asked <= 12);
    search_deinit(&s);
}

static void a_date_stands_once_and_in_order(void **state)
{
    (void)state;
    const int64_t dates[] = {5, 3, 9, 3, 5, -2};
    struct search s = {.precision_s = 1};
    for (size_t i = 0; i < HR_COUNT_OF(dates); i++) {
        assert_int_equal(search_add(&s, dates[i]), 0);
    }
    assert_int_equal(s.count, 4);
    assert_int_equal(s.points[0].utc_s, -2);
    assert_int_equal(s.points[3].utc_s, 9);
    search_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_an_edge_to_the_second_with_any_number_side_by_side),
        cmocka_unit_test(finds_every_edge_of_a_coarse_row),
        cmocka_unit_test(stops_at_its_precision),
        cmocka_unit_test(a_date_stands_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
