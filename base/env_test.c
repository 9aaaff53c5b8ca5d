// SPDX-License-Identifier: MIT
#include "base/env.h"
#include "base/test.h"

#include <string.h>

static void the_fake_world_stands_still_until_it_is_moved(void **state)
{
    (void)state;
    struct fake_world w = {.mono_us = 5, .utc_us = -7, .seed = 254};
    struct env env = env_fake(&w);
    assert_true(env.mono_us(env.world) == 5 && env.mono_us(env.world) == 5);
    assert_true(env.utc_us(env.world) == -7);
    w.mono_us = 6;
    assert_true(env.mono_us(env.world) == 6);
    uint8_t bytes[3];
    assert_int_equal(env.random(env.world, bytes, sizeof bytes), 0);
    assert_memory_equal(bytes, "\xFE\xFF\x00", 3);
}

static void the_system_clock_moves_forward_and_random_bytes_differ(void **state)
{
    (void)state;
    struct env env = env_system();
    uint64_t a = env.mono_us(env.world);
    uint64_t b = env.mono_us(env.world);
    assert_true(b >= a);
    assert_true(env.utc_us(env.world) > INT64_C(1700000000) * 1000000);
    uint8_t x[16];
    uint8_t y[16];
    assert_int_equal(env.random(env.world, x, sizeof x), 0);
    assert_int_equal(env.random(env.world, y, sizeof y), 0);
    assert_true(memcmp(x, y, sizeof x) != 0);
}

static void a_paced_world_runs_faster_from_where_it_began(void **state)
{
    (void)state;
    struct fake_world below = {.mono_us = 7000, .utc_us = -5};
    struct env machine = env_fake(&below);
    struct paced_world paced;
    struct env env = env_paced(&paced, &machine, 20 * RATE_REAL_PPM);
    assert_true(env.mono_us(env.world) == 7000 && env.utc_us(env.world) == -5);
    below.mono_us += 1000;
    below.utc_us += 999999; // somebody sets the machine's clock: no matter
    assert_true(env.mono_us(env.world) == 27000 && env.utc_us(env.world) == 19995);
    assert_true(env_machine_us(&env, 20000) == 1000 && env_machine_us(&env, 1) == 1);
    assert_true(env_wait_ms(&env, 27000) == 0 && env_wait_ms(&env, 26000) == 0);
    assert_true(env_wait_ms(&env, 27001) == 1 && env_wait_ms(&env, 27000 + 40001) == 3);
    assert_true(env_wait_ms(&machine, 8000 + 1500) == 2 && env_machine_us(&machine, 9) == 9);
}

static void a_rate_never_ends_a_wait_early_and_never_overflows(void **state)
{
    (void)state;
    int64_t century_ns = INT64_C(3155760000) * 1000000000;
    for (uint32_t rate_ppm = 1000; rate_ppm < 1000000000; rate_ppm = rate_ppm * 3 + 1) {
        assert_true(rate_faster(rate_slower(1000000007, rate_ppm), rate_ppm) >= 1000000007);
        assert_true(rate_slower(-1000000007, rate_ppm) <= 0);
    }
    assert_true(rate_faster(century_ns, RATE_REAL_PPM) == century_ns);
    assert_true(rate_slower(century_ns, RATE_REAL_PPM) == century_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fake_world_stands_still_until_it_is_moved),
        cmocka_unit_test(the_system_clock_moves_forward_and_random_bytes_differ),
        cmocka_unit_test(a_paced_world_runs_faster_from_where_it_began),
        cmocka_unit_test(a_rate_never_ends_a_wait_early_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
