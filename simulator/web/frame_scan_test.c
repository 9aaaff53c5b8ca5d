// SPDX-License-Identifier: MIT
#include "simulator/web/frame_scan.h"
#include "base/test.h"

#include <string.h>

#define HEAD SPAN_LITERAL("GET / HTTP/1.1\r\nHost: h\r\n\r\n")

static size_t scan(struct frame_scan *s, struct span frames, size_t step)
{
    size_t good = 0;
    for (size_t at = 0; at < frames.len && !s->has_violation; at += step) {
        good += frame_scan_frames(s, span_slice(frames, at, step));
    }
    return good;
}

// Whether they come at once or one by one.
static void assert_scan(struct span frames, size_t good, bool has_violation)
{
    static const size_t steps[] = {1, 2, 3, 1000000};
    for (size_t i = 0; i < HR_COUNT_OF(steps); i++) {
        struct frame_scan s = {0};
        frame_scan_head(&s, HEAD);
        assert_int_equal(scan(&s, frames, steps[i]), good);
        assert_int_equal(s.has_violation, has_violation);
    }
}

static void masked_frames_of_every_length_pass(void **state)
{
    (void)state;
    static uint8_t bytes[80000];
    memcpy(bytes, "\x82\x80mask", 6);                          // empty
    memcpy(bytes + 6, "\x82\x83maskabc", 9);                   // 3 bytes
    memcpy(bytes + 15, "\x82\xfe\x01\x00mask", 8);             // 256
    memcpy(bytes + 279, "\x82\xff\0\0\0\0\0\x01\0\0mask", 14); // 65536
    memcpy(bytes + 65829, "\x89\x80mask", 6);
    assert_scan(span_of(bytes, 65835), 65835, false);
}

static void an_unmasked_frame_is_found_at_its_second_byte(void **state)
{
    (void)state;
    assert_scan(SPAN_LITERAL("\x82\x03"
                             "abc"),
                1, true);
    assert_scan(SPAN_LITERAL("\x82\x82mask"
                             "ab\x82\x02zz"),
                9, true);
    assert_scan(SPAN_LITERAL("\x82\x82mask"
                             "\x82\x02\x89\x80mask"),
                14, false); // what looks like a header lies in a payload
}

static void bytes_before_the_upgrade_turn_it_off(void **state)
{
    (void)state;
    struct frame_scan s = {0};
    frame_scan_head(&s, HEAD);
    frame_scan_head(&s, SPAN_LITERAL("\x82\x01x"));
    assert_int_equal(frame_scan_frames(&s, SPAN_LITERAL("\x82\x01x")), 3);
    assert_false(s.has_violation);
}

static void the_latest_head_counts(void **state)
{
    (void)state;
    struct frame_scan s = {0};
    frame_scan_head(&s, SPAN_LITERAL("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"));
    frame_scan_head(&s, HEAD);
    assert_int_equal(frame_scan_frames(&s, SPAN_LITERAL("\x82\x01x")), 1);
    assert_true(s.has_violation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masked_frames_of_every_length_pass),
        cmocka_unit_test(an_unmasked_frame_is_found_at_its_second_byte),
        cmocka_unit_test(bytes_before_the_upgrade_turn_it_off),
        cmocka_unit_test(the_latest_head_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
