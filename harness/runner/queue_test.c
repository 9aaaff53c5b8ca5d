// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/runner/queue.h"

#include <string.h>

enum { ENTRIES = 20 };

static bool is_always_free(void *context, size_t entry)
{
    (void)context;
    (void)entry;
    return true;
}

static bool is_even(void *context, size_t entry)
{
    (void)context;
    return entry % 2 == 0;
}

static void take_all(struct queue *q, size_t *out, size_t count)
{
    struct queue_item item;
    for (size_t i = 0; i < count; i++) {
        assert_true(queue_take(q, is_always_free, NULL, &item));
        out[i] = item.entry;
    }
    assert_false(queue_take(q, is_always_free, NULL, &item));
}

static void without_a_seed_rounds_follow_the_order_of_the_suite(void **state)
{
    (void)state;
    struct queue q = {0};
    struct queue_item item;
    assert_int_equal(queue_add_round(&q, 2, 1, 0), 0);
    assert_int_equal(queue_add_round(&q, 2, 2, 0), 0);
    assert_int_equal(queue_left(&q), 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(queue_take(&q, is_always_free, NULL, &item));
        assert_int_equal(item.entry, i % 2);
        assert_int_equal(item.round, 1 + i / 2);
    }
    assert_int_equal(queue_left(&q), 0);
    queue_deinit(&q);
}

static void a_seed_gives_one_order_and_another_seed_another(void **state)
{
    (void)state;
    struct queue q[3] = {{0}};
    size_t order[3][ENTRIES];
    static const uint64_t seeds[] = {7, 7, 8};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(queue_add_round(&q[i], ENTRIES, 1, seeds[i]), 0);
        take_all(&q[i], order[i], ENTRIES);
        queue_deinit(&q[i]);
    }
    assert_memory_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[0], order[2], sizeof order[0]);
}

static void a_shuffled_round_has_every_entry_once(void **state)
{
    (void)state;
    struct queue q = {0};
    size_t order[ENTRIES];
    bool is_seen[ENTRIES] = {false};
    assert_int_equal(queue_add_round(&q, ENTRIES, 1, 99), 0);
    take_all(&q, order, ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++) {
        assert_false(is_seen[order[i]]);
        is_seen[order[i]] = true;
    }
    queue_deinit(&q);
}

static void a_busy_device_lets_those_behind_it_pass(void **state)
{
    (void)state;
    struct queue q = {0};
    struct queue_item item;
    assert_int_equal(queue_add_round(&q, 4, 1, 0), 0);
    assert_true(queue_take(&q, is_even, NULL, &item));
    assert_int_equal(item.entry, 0);
    assert_true(queue_take(&q, is_even, NULL, &item));
    assert_int_equal(item.entry, 2);
    assert_false(queue_take(&q, is_even, NULL, &item));
    assert_int_equal(queue_left(&q), 2);
    assert_true(queue_take(&q, is_always_free, NULL, &item));
    assert_int_equal(item.entry, 1);
    queue_deinit(&q);
}

static void the_longest_run_fills_the_lane_that_is_free_first(void **state)
{
    (void)state;
    struct step steps[3] = {{.duration_us = 10}, {.duration_us = 4}, {.duration_us = 5}};
    struct plan plans[3];
    struct run_entry entries[3];
    for (size_t i = 0; i < 3; i++) {
        plans[i] = (struct plan){.steps = &steps[i], .step_count = 1, .limit_us = 100};
        entries[i] = (struct run_entry){.plan = &plans[i]};
    }
    assert_int_equal(runner_longest_us(entries, 3, 1), 19);
    assert_int_equal(runner_longest_us(entries, 3, 2), 10);
    plans[0].limit_us = 7; // a limit ends a plan before its statements would
    assert_int_equal(runner_longest_us(entries, 3, 1), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_seed_rounds_follow_the_order_of_the_suite),
        cmocka_unit_test(a_seed_gives_one_order_and_another_seed_another),
        cmocka_unit_test(a_shuffled_round_has_every_entry_once),
        cmocka_unit_test(a_busy_device_lets_those_behind_it_pass),
        cmocka_unit_test(the_longest_run_fills_the_lane_that_is_free_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
