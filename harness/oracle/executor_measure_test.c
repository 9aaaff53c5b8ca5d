// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/oracle/played.h"

#include <string.h>

static const char search[] = "boot device\n"
                             "repeat size in 1k 2k 4k\n"
                             "expect mqtt.ping within 10s\n"
                             "measure \"largest x\" = {size} bytes enough 2k\n"
                             "end\n";

// Plays the search until so many sizes were taken.
static const struct measure *search_up_to(struct rig *r, unsigned taken)
{
    rig_start(r, search);
    for (unsigned i = 0; i < taken; i++) {
        SEND(r, MQTT_PING);
    }
    const struct measures *all = &executor_outcome(r->x)->measures;
    return all->count == 1 ? &all->list[0] : NULL;
}

static void the_last_measure_of_a_name_is_in_the_verdict(void **state)
{
    (void)state;
    struct rig r;
    const struct measure *m = search_up_to(&r, 3);
    rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
    assert_non_null(m);
    assert_string_equal(m->name, "largest x");
    assert_string_equal(m->unit, "bytes");
    assert_int_equal(m->value, 4096);
    assert_int_equal(m->missed, 0);
    assert_true(m->is_most);
    assert_non_null(strstr(buf_text(&r.asked), "note largest x: 2 KB;"));
    rig_deinit(&r);
}

static void what_is_not_taken_before_it_is_enough_fails_and_keeps_the_measure(void **state)
{
    (void)state;
    struct rig r;
    const struct measure *m = search_up_to(&r, 1);
    rig_pass_time(&r, 10 * SECOND);
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    assert_non_null(m);
    assert_int_equal(m->value, 1024);
    assert_int_equal(m->missed, 2048);
    assert_false(m->is_most);
    rig_deinit(&r);
}

static void what_is_not_taken_after_it_is_enough_is_a_remark(void **state)
{
    (void)state;
    struct rig r;
    const struct measure *m = search_up_to(&r, 2);
    rig_pass_time(&r, 10 * SECOND);
    rig_assert_outcome(&r, VERDICT_WARN, 4, "mqtt.ping within 10 s",
                       "no mqtt.ping in 10 s; nothing at all from the device: no TCP connection");
    assert_non_null(m);
    assert_int_equal(m->value, 2048);
    assert_int_equal(m->missed, 4096);
    rig_deinit(&r);
}

static void a_device_that_crashes_fails_however_far_it_got(void **state)
{
    (void)state;
    struct rig r;
    const struct measure *m = search_up_to(&r, 2);
    SEND(&r, DEVICE_EXITED, F_INT("signal", 11), F_BOOL("asked", false));
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    assert_non_null(m);
    assert_int_equal(m->missed, 4096);
    rig_deinit(&r);
}

static void a_search_that_never_began_measured_nothing(void **state)
{
    (void)state;
    struct rig r;
    const struct measure *m = search_up_to(&r, 0);
    rig_pass_time(&r, 10 * SECOND);
    assert_int_equal(executor_outcome(r.x)->verdict, VERDICT_FAIL);
    assert_null(m);
    rig_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_measure_of_a_name_is_in_the_verdict),
        cmocka_unit_test(what_is_not_taken_before_it_is_enough_fails_and_keeps_the_measure),
        cmocka_unit_test(what_is_not_taken_after_it_is_enough_is_a_remark),
        cmocka_unit_test(a_device_that_crashes_fails_however_far_it_got),
        cmocka_unit_test(a_search_that_never_began_measured_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
