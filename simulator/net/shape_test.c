// SPDX-License-Identifier: MIT
// Lanes and weather with a number as the clock.
#include "base/scarce.h"
#include "simulator/faults/fault_rig.h"
#include "simulator/net/weather.h"

enum { MS = 1000, S = 1000000 };

static const uint8_t zeros[100000];

static void push(struct shape_lane *lane, const struct shape_rules *rules, uint64_t now_us,
                 struct span bytes)
{
    assert_int_equal(shape_push(lane, rules, now_us, bytes), 0);
}

// Takes all that is due; returns how much.
static size_t take(struct shape_lane *lane, uint64_t now_us)
{
    size_t count = 0;
    struct span due;
    while ((due = shape_due(lane, now_us)).len > 0) {
        count += due.len;
        shape_drop(lane, due.len);
    }
    return count;
}

static void without_rules_bytes_are_due_at_once(void **state)
{
    (void)state;
    struct shape_lane lane = {0};
    push(&lane, &(struct shape_rules){0}, 5 * S, SPAN_LITERAL("hello"));
    assert_true(span_equals_text(shape_due(&lane, 5 * S), "hello"));
    shape_drop(&lane, 2);
    assert_true(span_equals_text(shape_due(&lane, 5 * S), "llo"));
    assert_int_equal(lane.bytes, 3);
    shape_drop(&lane, 3);
    assert_int_equal(shape_due(&lane, 5 * S).len, 0);
    shape_deinit(&lane);
}

static void latency_holds_bytes_back_to_the_microsecond(void **state)
{
    (void)state;
    struct shape_lane lane = {0};
    const struct shape_rules rules = {.latency_us = 300 * MS};
    push(&lane, &rules, S, SPAN_LITERAL("a"));
    assert_int_equal(take(&lane, S + 300 * MS - 1), 0);
    assert_int_equal(take(&lane, S + 300 * MS), 1);
    shape_deinit(&lane);
}

static void what_comes_when_the_line_is_fast_again_does_not_overtake(void **state)
{
    (void)state;
    struct shape_lane lane = {0};
    push(&lane, &(struct shape_rules){.latency_us = S}, 0, SPAN_LITERAL("first"));
    push(&lane, &(struct shape_rules){0}, 10, SPAN_LITERAL("second"));
    assert_int_equal(shape_due(&lane, S - 1).len, 0);
    assert_true(span_equals_text(shape_due(&lane, S), "first"));
    shape_drop(&lane, 5);
    assert_true(span_equals_text(shape_due(&lane, S), "second"));
    shape_deinit(&lane);
}

// How late each of 50 bytes is that are sent far apart.
static void due_times(uint64_t luck, const struct shape_rules *rules, uint64_t out_us[50])
{
    struct shape_lane lane = {.luck = luck};
    for (size_t i = 0; i < 50; i++) {
        uint64_t now_us = i * 10 * S;
        push(&lane, rules, now_us, SPAN_LITERAL("x"));
        out_us[i] = 0;
        while (take(&lane, now_us + out_us[i]) == 0) {
            out_us[i] += MS;
        }
    }
    shape_deinit(&lane);
}

static void jitter_stays_below_its_limit_and_follows_from_the_luck(void **state)
{
    (void)state;
    const struct shape_rules rules = {.latency_us = 100 * MS, .jitter_us = 50 * MS};
    uint64_t first[50];
    uint64_t again[50];
    uint64_t other[50];
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    due_times(1, &rules, first);
    due_times(1, &rules, again);
    due_times(2, &rules, other);
    for (size_t i = 0; i < 50; i++) {
        least = first[i] < least ? first[i] : least;
        most = first[i] > most ? first[i] : most;
    }
    assert_in_range(least, 100 * MS, 115 * MS);
    assert_in_range(most, 135 * MS, 151 * MS);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

static void bandwidth_delivers_evenly(void **state)
{
    (void)state;
    struct shape_lane lane = {0};
    const struct shape_rules rules = {.bandwidth_bytes_per_s = 10000};
    push(&lane, &rules, 0, span_of(zeros, 10000));
    assert_in_range(take(&lane, 250 * MS), 2000, 2500);
    assert_in_range(take(&lane, 500 * MS), 2000, 3000);
    take(&lane, S - 60 * MS);
    assert_true(lane.bytes > 0);
    take(&lane, S);
    assert_int_equal(lane.bytes, 0);
    shape_deinit(&lane);
}

static void a_free_line_saves_nothing_up(void **state)
{
    (void)state;
    struct shape_lane lane = {0};
    const struct shape_rules rules = {.bandwidth_bytes_per_s = 1000};
    push(&lane, &rules, 100 * S, span_of(zeros, 1000));
    assert_int_equal(take(&lane, 100 * S + 20 * MS), 0);
    take(&lane, 101 * S - 1);
    assert_true(lane.bytes > 0);
    take(&lane, 101 * S);
    assert_int_equal(lane.bytes, 0);
    shape_deinit(&lane);
}

static void a_lost_segment_comes_later_and_stops_what_follows(void **state)
{
    (void)state;
    const struct shape_rules rules = {.loss_ppm = 500000};
    size_t stalls = 0;
    struct shape_lane lane = {.luck = 3};
    push(&lane, &rules, 0, span_of(zeros, sizeof zeros));
    size_t soon = take(&lane, SHAPE_RESEND_US - 1);
    assert_int_equal(soon % SHAPE_SEGMENT_BYTES, 0); // whole segments until the first that is lost
    for (uint64_t at_us = SHAPE_RESEND_US; lane.bytes > 0; at_us += SHAPE_RESEND_US) {
        stalls += take(&lane, at_us - 1) == 0;
        assert_true(at_us < 64 * SHAPE_RESEND_US); // 1 + 2 + 4 + 8 + 16 + 32 at most
        take(&lane, at_us);
    }
    assert_true(stalls > 0);
    shape_deinit(&lane);
}

static void loss_is_a_share_of_the_segments(void **state)
{
    (void)state;
    const struct shape_rules rules = {.loss_ppm = 100000};
    size_t late = 0;
    for (uint64_t luck = 0; luck < 1000; luck++) {
        struct shape_lane lane = {.luck = luck};
        push(&lane, &rules, 0, SPAN_LITERAL("x"));
        late += take(&lane, 0) == 0;
        shape_deinit(&lane);
    }
    assert_in_range(late, 70, 130);
}

static void a_lane_has_an_end(void **state)
{
    (void)state;
    struct shape_lane lane = {0};
    const struct shape_rules rules = {.latency_us = S};
    int code = 0;
    for (size_t i = 0; i < SHAPE_LANE_BYTES_MOST / sizeof zeros; i++) {
        push(&lane, &rules, 0, span_of(zeros, sizeof zeros));
    }
    size_t before = lane.bytes;
    code = shape_push(&lane, &rules, 0, span_of(zeros, sizeof zeros));
    assert_int_equal(code, ERR_TOO_BIG);
    assert_int_equal(lane.bytes, before);
    shape_deinit(&lane);
}

// ---- weather: what the states of a plan come to

static struct weather look(struct fault_rig *r, const char *device)
{
    const struct fault_place place = {SITE_NET_MQTTS, 1, device};
    return weather_look(r->plan, &place);
}

static void states_add_up_and_the_narrowest_limit_counts(void **state)
{
    (void)state;
    struct fault_rig r;
    fault_rig_open(&r);
    assert_false(look(&r, "d").is_any);
    fault_rig_arm(&r, "latency 100ms");
    fault_rig_arm(&r, "latency 50ms at net.mqtts");
    fault_rig_arm(&r, "latency 9s at net.https");
    fault_rig_arm(&r, "bandwidth 5000");
    fault_rig_arm(&r, "bandwidth 2000");
    fault_rig_arm(&r, "window 4000");
    fault_rig_arm(&r, "window 8000");
    fault_rig_arm(&r, "cut 700");
    fault_rig_arm(&r, "cut 900");
    fault_rig_arm(&r, "loss 50%");
    fault_rig_arm(&r, "loss 50%");
    fault_rig_arm(&r, "slow-close 2s");
    struct weather w = look(&r, "d");
    assert_int_equal(w.rules.latency_us, 150 * MS);
    assert_int_equal(w.rules.bandwidth_bytes_per_s, 2000);
    assert_int_equal(w.rules.loss_ppm, 750000);
    assert_int_equal(w.window_bytes, 4000);
    assert_int_equal(w.cut_bytes, 700);
    assert_int_equal(w.close_us, 2 * S);
    fault_rig_close(&r);
}

static void a_state_for_one_device_leaves_the_others_alone(void **state)
{
    (void)state;
    struct fault_rig r;
    fault_rig_open(&r);
    fault_rig_arm(&r, "latency 100ms device d-1");
    assert_true(look(&r, "d-1").is_any);
    assert_false(look(&r, "d-2").is_any);
    assert_false(look(&r, "").is_any);
    fault_rig_close(&r);
}

static void a_black_hole_swallows_its_way_only_while_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        bool is_up, is_down;
    } rows[] = {{"blackhole up for 1s", true, false},
                {"blackhole down for 1s", false, true},
                {"blackhole both for 1s", true, true}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct fault_rig r;
        bool is_cut;
        struct span due = SPAN_LITERAL("bytes");
        fault_rig_open(&r);
        fault_rig_arm(&r, rows[i].fault);
        struct weather w = look(&r, "d");
        assert_int_equal(weather_let_through(&w, WAY_UP, 0, due, &is_cut).len,
                         rows[i].is_up ? 0 : 5);
        assert_int_equal(weather_let_through(&w, WAY_DOWN, 0, due, &is_cut).len,
                         rows[i].is_down ? 0 : 5);
        assert_int_equal(weather_is_hole(r.plan, w.hole_order), rows[i].is_down);
        r.fake.mono_us += S;
        assert_false(look(&r, "d").is_any);
        assert_false(weather_is_hole(r.plan, w.hole_order));
        fault_rig_close(&r);
    }
}

static void a_cut_counts_what_the_hub_has_sent(void **state)
{
    (void)state;
    struct fault_rig r;
    bool is_cut;
    struct span due = span_of(zeros, 60);
    fault_rig_open(&r);
    fault_rig_arm(&r, "cut 100");
    struct weather w = look(&r, "d");
    assert_int_equal(weather_let_through(&w, WAY_DOWN, 0, due, &is_cut).len, 60);
    assert_false(is_cut);
    assert_int_equal(weather_let_through(&w, WAY_DOWN, 40, due, &is_cut).len, 60);
    assert_false(is_cut);
    assert_int_equal(weather_let_through(&w, WAY_DOWN, 60, due, &is_cut).len, 40);
    assert_true(is_cut);
    assert_int_equal(weather_let_through(&w, WAY_DOWN, 500, due, &is_cut).len, 0);
    assert_true(is_cut);
    assert_int_equal(weather_let_through(&w, WAY_UP, 500, due, &is_cut).len, 60);
    assert_false(is_cut);
    fault_rig_close(&r);
}

static void a_flapping_line_is_a_hole_by_turns(void **state)
{
    (void)state;
    struct fault_rig r;
    fault_rig_open(&r);
    fault_rig_arm(&r, "flap 30ms 70ms");
    for (uint64_t at_ms = 0; at_ms < 1000; at_ms++) {
        struct weather w = look(&r, "d");
        assert_int_equal(w.is_hole[WAY_UP], at_ms % 100 >= 30);
        assert_int_equal(w.is_hole[WAY_DOWN], at_ms % 100 >= 30);
        r.fake.mono_us += MS;
    }
    fault_rig_close(&r);
}

static void each_state_is_told_once_per_connection(void **state)
{
    (void)state;
    struct fault_rig r;
    uint64_t told[4];
    size_t count = 0;
    const struct fault_place place = {SITE_NET_MQTTS, 1, "d"};
    fault_rig_open(&r);
    fault_rig_arm(&r, "latency 100ms");
    fault_rig_arm(&r, "flap 30ms 70ms");
    weather_tell(r.plan, &place, told, &count, HR_COUNT_OF(told));
    assert_int_equal(r.log.counts[EVENT_FAULT_FIRED], 1); // the flapping line is up
    r.fake.mono_us += 30 * MS;
    weather_tell(r.plan, &place, told, &count, HR_COUNT_OF(told));
    weather_tell(r.plan, &place, told, &count, HR_COUNT_OF(told));
    assert_int_equal(r.log.counts[EVENT_FAULT_FIRED], 2);
    fault_rig_close(&r);
}

static void live_in_a_lane(void *context)
{
    struct shape_lane lane = {0};
    const struct shape_rules rules = {.bandwidth_bytes_per_s = 10000};
    (void)context;
    scarce_begin();
    int code = shape_push(&lane, &rules, 0, span_of(zeros, 3000));
    scarce_end();
    size_t taken = lane.bytes;
    assert_int_equal(code, scarce_has_failed() ? ERR_NO_MEMORY : 0);
    assert_int_equal(taken == 3000, code == 0);
    assert_int_equal(take(&lane, 10 * S), taken);
    shape_deinit(&lane);
}

static void a_lane_without_memory_says_so_and_delivers_what_it_took(void **state)
{
    (void)state;
    assert_true(scarce_live(live_in_a_lane, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_bytes_are_due_at_once),
        cmocka_unit_test(latency_holds_bytes_back_to_the_microsecond),
        cmocka_unit_test(what_comes_when_the_line_is_fast_again_does_not_overtake),
        cmocka_unit_test(jitter_stays_below_its_limit_and_follows_from_the_luck),
        cmocka_unit_test(bandwidth_delivers_evenly),
        cmocka_unit_test(a_free_line_saves_nothing_up),
        cmocka_unit_test(a_lost_segment_comes_later_and_stops_what_follows),
        cmocka_unit_test(loss_is_a_share_of_the_segments),
        cmocka_unit_test(a_lane_has_an_end),
        cmocka_unit_test(states_add_up_and_the_narrowest_limit_counts),
        cmocka_unit_test(a_state_for_one_device_leaves_the_others_alone),
        cmocka_unit_test(a_black_hole_swallows_its_way_only_while_it_stands),
        cmocka_unit_test(a_cut_counts_what_the_hub_has_sent),
        cmocka_unit_test(a_flapping_line_is_a_hole_by_turns),
        cmocka_unit_test(each_state_is_told_once_per_connection),
        cmocka_unit_test(a_lane_without_memory_says_so_and_delivers_what_it_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
