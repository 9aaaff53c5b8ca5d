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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fake_world_stands_still_until_it_is_moved),
        cmocka_unit_test(the_system_clock_moves_forward_and_random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
