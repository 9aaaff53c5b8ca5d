// SPDX-License-Identifier: MIT
// Faults that change the hub's packets, their number or their order, seen on the wire.
#include "simulator/hub/c2d.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/session_rig.h"

#define C2D_FILTER  "devices/bench-01/messages/devicebound/#"
#define TWIN_FILTER "$iothub/twin/res/#"
#define GET_TOPIC   "$iothub/twin/GET/?$rid=5"
#define PATCH_TOPIC "$iothub/twin/PATCH/properties/reported/?$rid=5"

static void do_publish(struct wire *w)
{
    wire_publish(w, EVENTS_TOPIC, "x", 1, 7);
}

static void do_publish_twice(struct wire *w)
{
    wire_publish(w, EVENTS_TOPIC, "x", 1, 7);
    wire_publish(w, EVENTS_TOPIC, "x", 1, 8);
}

static void do_publish_thrice(struct wire *w)
{
    do_publish_twice(w);
    wire_publish(w, EVENTS_TOPIC, "x", 1, 9);
}

static void do_subscribe(struct wire *w)
{
    wire_subscribe(w, C2D_FILTER, 1, 3);
}

static void do_unsubscribe(struct wire *w)
{
    struct buf packet;
    const struct span filter = SPAN_LITERAL(C2D_FILTER);
    buf_init(&packet, 1000);
    wire_feed_packet(w, &packet, mqtt_write_unsubscribe(4, &filter, 1, &packet));
}

static void do_ping(struct wire *w)
{
    wire_feed(w, SPAN_LITERAL("\xC0\x00"));
}

static const struct {
    const char *fault;
    void (*act)(struct wire *w);
    struct span expected;
} rows[] = {
    {"double at mqtt.puback", do_publish, SPAN_LITERAL("\x40\x02\x00\x07\x40\x02\x00\x07")},
    {"wrong-id", do_publish, SPAN_LITERAL("\x40\x02\x40\x07")},
    {"malform type at mqtt.puback", do_publish, SPAN_LITERAL("\xF0\x02\x00\x07")},
    {"inject D000", do_publish, SPAN_LITERAL("\xD0\x00\x40\x02\x00\x07")},
    {"inject 9003123401 at mqtt.pingresp", do_ping, SPAN_LITERAL("\x90\x03\x12\x34\x01\xD0\x00")},
    {"swap", do_publish_twice, SPAN_LITERAL("\x40\x02\x00\x08\x40\x02\x00\x07")},
    {"swap", do_publish_thrice, SPAN_LITERAL("\x40\x02\x00\x08\x40\x02\x00\x07\x40\x02\x00\x09")},
    {"suback-code 0x80", do_subscribe, SPAN_LITERAL("\x90\x03\x00\x03\x80")},
    {"wrong-id at mqtt.suback", do_subscribe, SPAN_LITERAL("\x90\x03\x40\x03\x01")},
    {"double at mqtt.unsuback", do_unsubscribe, SPAN_LITERAL("\xB0\x02\x00\x04\xB0\x02\x00\x04")},
    {"swallow at mqtt.unsuback", do_unsubscribe, SPAN_LITERAL("")},
    {"malform length at mqtt.pingresp", do_ping, SPAN_LITERAL("\xD0\x01")},
};

static void an_answer_leaves_as_its_fault_wants_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct session_rig rig;
        struct wire w;
        session_rig_open(&rig);
        wire_open_connected(&rig, &w);
        rig_arm(&rig, rows[i].fault);
        rows[i].act(&w);
        if (!span_equals(buf_span(&w.sent), rows[i].expected)) {
            print_error("row %zu: %s\n", i, rows[i].fault);
        }
        assert_true(span_equals(buf_span(&w.sent), rows[i].expected));
        assert_int_equal(w.closes, 0);
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static void a_swapped_answer_without_a_successor_comes_after_a_second(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "swap");
    do_publish(&w);
    do_ping(&w); // another kind does not count
    assert_sent(&w, "\xD0\x00");
    rig_pass(&rig, &w, 999999);
    assert_int_equal(w.sent.len, 0);
    rig_pass(&rig, &w, 1);
    assert_sent(&w, "\x40\x02\x00\x07");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_swapped_answer_waits_for_its_late_successor(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "swap");
    rig_arm(&rig, "delay 300ms at mqtt.puback");
    do_publish_twice(&w);
    assert_int_equal(w.sent.len, 0);
    rig_pass(&rig, &w, 300000);
    assert_sent(&w, "\x40\x02\x00\x08\x40\x02\x00\x07");
    wire_end(&w);
    session_rig_close(&rig);
}

static void answers_behind_two_swapped_ones_do_not_wake_the_session_early(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "swap times 2");
    do_publish_thrice(&w);
    mqtt_session_tick(w.session);
    assert_true(mqtt_session_deadline_us(w.session) > rig.hub.fake.mono_us);
    rig_pass(&rig, &w, 1000000);
    assert_sent(&w, "\x40\x02\x00\x07\x40\x02\x00\x08\x40\x02\x00\x09");
    wire_end(&w);
    session_rig_close(&rig);
}

static const struct {
    const char *fault;
    bool is_clean;
    struct span expected;
    int closes;
} connack_rows[] = {
    {"double at mqtt.connack", true, SPAN_LITERAL("\x20\x02\x00\x00\x20\x02\x00\x00"), 0},
    {"session-lie", true, SPAN_LITERAL("\x20\x02\x01\x00"), 0},
    {"session-lie", false, SPAN_LITERAL("\x20\x02\x01\x00"), 0},
    {"reserved-bits", true, SPAN_LITERAL("\x20\x02\xFE\x00"), 0},
    {"malform flags", true, SPAN_LITERAL("\x2F\x02\x00\x00"), 0},
    {"connack-code 255", true, SPAN_LITERAL("\x20\x02\x00\xFF"), 1},
    {"connack-code 0", true, SPAN_LITERAL("\x20\x02\x00\x00"), 1},
    {"takeover", true, SPAN_LITERAL("\x20\x02\x00\x00"), 1},
    {"inject text:hello at mqtt.connack", true, SPAN_LITERAL("hello\x20\x02\x00\x00"), 0},
};

static void a_connack_leaves_as_its_fault_wants_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(connack_rows); i++) {
        struct session_rig rig;
        struct wire w;
        char token[400];
        session_rig_open(&rig);
        struct mqtt_connect c = rig_connect(token);
        c.is_clean = connack_rows[i].is_clean;
        rig_arm(&rig, connack_rows[i].fault);
        wire_open(&rig, &w, NULL);
        wire_feed_connect(&w, &c);
        if (!span_equals(buf_span(&w.sent), connack_rows[i].expected)) {
            print_error("row %zu: %s\n", i, connack_rows[i].fault);
        }
        assert_true(span_equals(buf_span(&w.sent), connack_rows[i].expected));
        assert_int_equal(w.closes, connack_rows[i].closes);
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static void a_takeover_is_told_as_one(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    const struct identity *id = hub_find_identity(rig.hub.hub, SPAN_LITERAL("bench-01"));
    assert_true(hub_take_over(rig.hub.hub, id));
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "mqtt.taken_over by_connection=0");
    assert_false(hub_take_over(rig.hub.hub, id));
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_message_comes_before_the_suback(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "early-publish");
    do_subscribe(&w);
    struct mqtt_reader reader;
    struct mqtt_packet packet;
    struct mqtt_publish p;
    struct span bytes = buf_span(&w.sent);
    mqtt_reader_init(&reader);
    assert_int_equal(mqtt_reader_next(&reader, &bytes, &packet), 1);
    assert_int_equal(mqtt_read_publish(&packet, &p), 0);
    assert_true(span_equals_text(p.topic, "devices/bench-01/messages/devicebound/"
                                          "%24.to=%2Fdevices%2Fbench-01%2Fmessages%2FdeviceBound"));
    assert_true(span_equals_text(p.body, "early"));
    assert_int_equal(p.qos, 0);
    mqtt_reader_deinit(&reader);
    assert_true(span_equals(bytes, SPAN_LITERAL("\x90\x03\x00\x03\x01")));
    wire_end(&w);
    session_rig_close(&rig);
}

static void send_message(struct session_rig *rig)
{
    const struct c2d_message m = {.body = SPAN_LITERAL("go")};
    assert_int_equal(hub_c2d_send(rig->hub.hub, SPAN_LITERAL("bench-01"), &m, NULL), REASON_OK);
}

static void a_doubled_message_has_dup_and_may_be_acknowledged_twice(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    do_subscribe(&w);
    buf_clear(&w.sent);
    rig_arm(&rig, "double at mqtt.c2d");
    send_message(&rig);
    size_t half = w.sent.len / 2;
    assert_int_equal(w.sent.data[0], 0x32);
    assert_int_equal(w.sent.data[half], 0x3A);
    assert_logged(&rig.hub.log, "dup=true");
    wire_feed(&w, SPAN_LITERAL("\x40\x02\x00\x02"));
    wire_feed(&w, SPAN_LITERAL("\x40\x02\x00\x02"));
    assert_int_equal(w.closes, 0);
    assert_int_equal(hub_c2d_count(rig.hub.hub, SPAN_LITERAL("bench-01")), 0);
    wire_feed(&w, SPAN_LITERAL("\x40\x02\x00\x02")); // there were two, not three
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_twin_request_is_answered_with_the_status_of_the_fault(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    wire_subscribe(&w, TWIN_FILTER, 0, 1);
    buf_clear(&w.sent);
    rig_arm(&rig, "answer 429 at twin.request");
    wire_publish(&w, PATCH_TOPIC, "{\"a\":1}", 0, 0);
    assert_logged(&rig.hub.log, "twin.refused status=429 code=429002");
    assert_non_null(memmem(w.sent.data, w.sent.len, "twin/res/429/?$rid=5", 20));
    assert_not_logged(&rig.hub.log, "twin.reported"); // nothing was changed
    buf_clear(&w.sent);
    wire_publish(&w, PATCH_TOPIC, "{\"a\":1}", 0, 0);
    assert_non_null(memmem(w.sent.data, w.sent.len, "twin/res/204/?$rid=5", 20));
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_twin_request_may_end_or_stall_the_connection(void **state)
{
    (void)state;
    static const char *const faults[] = {"drop rst at twin.request", "stall at twin.request"};
    for (size_t i = 0; i < HR_COUNT_OF(faults); i++) {
        struct session_rig rig;
        struct wire w;
        session_rig_open(&rig);
        wire_open_connected(&rig, &w);
        wire_subscribe(&w, TWIN_FILTER, 0, 1);
        buf_clear(&w.sent);
        rig_arm(&rig, faults[i]);
        wire_publish(&w, GET_TOPIC, "", 0, 0);
        assert_int_equal(w.closes, i == 0);
        assert_int_equal(w.stalls, i == 1);
        assert_int_equal(w.sent.len, 0);
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static void a_twin_answer_has_another_rid(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    wire_subscribe(&w, TWIN_FILTER, 0, 1);
    buf_clear(&w.sent);
    rig_arm(&rig, "wrong-id at twin.response");
    wire_publish(&w, GET_TOPIC, "", 0, 0);
    assert_non_null(memmem(w.sent.data, w.sent.len, "twin/res/200/?$rid=0", 20));
    wire_end(&w);
    session_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_leaves_as_its_fault_wants_it),
        cmocka_unit_test(a_swapped_answer_without_a_successor_comes_after_a_second),
        cmocka_unit_test(a_swapped_answer_waits_for_its_late_successor),
        cmocka_unit_test(answers_behind_two_swapped_ones_do_not_wake_the_session_early),
        cmocka_unit_test(a_connack_leaves_as_its_fault_wants_it),
        cmocka_unit_test(a_takeover_is_told_as_one),
        cmocka_unit_test(a_message_comes_before_the_suback),
        cmocka_unit_test(a_doubled_message_has_dup_and_may_be_acknowledged_twice),
        cmocka_unit_test(a_twin_request_is_answered_with_the_status_of_the_fault),
        cmocka_unit_test(a_twin_request_may_end_or_stall_the_connection),
        cmocka_unit_test(a_twin_answer_has_another_rid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
