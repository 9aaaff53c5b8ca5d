// SPDX-License-Identifier: MIT
#include "simulator/mqtt/session_rig.h"

static void one_suback_answers_all_filters_of_a_packet(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct buf packet;
    const struct mqtt_filter filters[] = {
        {SPAN_LITERAL("$iothub/twin/res/#"), 0},
        {SPAN_LITERAL("devices/bench-01/messages/devicebound/#"), 2},
        {SPAN_LITERAL("$iothub/methods/POST/#"), 1}};
    buf_init(&packet, 10000);
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    wire_feed_packet(&w, &packet, mqtt_write_subscribe(513, filters, 3, &packet));
    assert_sent(&w, "\x90\x05\x02\x01\x00\x01\x01");
    assert_string_equal(buf_text(&rig.hub.log.lines),
                        "mqtt.subscribed filter=$iothub/twin/res/# qos=0\n"
                        "mqtt.subscribed filter=devices/bench-01/messages/devicebound/# qos=1\n"
                        "mqtt.subscribed filter=$iothub/methods/POST/# qos=1\n");
    wire_end(&w);
    session_rig_close(&rig);
}

static struct mqtt_connect connect_with_will(char token[400], const char *topic)
{
    struct mqtt_connect c = rig_connect(token);
    c.has_will = true;
    c.will_qos = 1;
    c.will_topic = span_text(topic);
    c.will_body = SPAN_LITERAL("gone");
    return c;
}

static void a_refused_connect_leaves_no_will(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = connect_with_will(token, EVENTS_TOPIC);
    session_rig_open(&rig);
    rig_arm(&rig, "refuse 3");
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    wire_end(&w);
    rig_arm(&rig, "delay 5s");
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    wire_end(&w); // gone before CONNACK
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 0);
    session_rig_close(&rig);
}

static void a_token_follows_the_hubs_clock_within_a_second(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_pass(&rig, &w, 10000000);
    hub_clock_shift(rig.hub.hub, INT64_C(3900) * 1000000);
    assert_int_equal(w.closes, 0);
    rig_pass(&rig, &w, 1000000);
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "sas.expired after_s=31");
    wire_end(&w);
    session_rig_close(&rig);
}

static void kept_filters_count_after_a_reconnect(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    c.is_clean = false;
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    wire_subscribe(&w, "$iothub/twin/res/#", 0, 1);
    wire_end(&w);
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    const struct identity *id = hub_find_identity(rig.hub.hub, SPAN_LITERAL("bench-01"));
    assert_int_equal(hub_session_filter_count(rig.hub.hub, id), 1);
    wire_end(&w);
    session_rig_close(&rig);
}

// A whole life, fed in pieces of `step` bytes; what came of it is appended to `out`.
static void live(size_t step, struct buf *out)
{
    struct session_rig rig;
    struct wire w;
    struct buf bytes;
    char token[400];
    struct mqtt_connect c = connect_with_will(token, EVENTS_TOPIC);
    const struct mqtt_filter filter = {SPAN_LITERAL("$iothub/twin/res/#"), 1};
    const struct mqtt_publish one = {.topic = SPAN_LITERAL(EVENTS_TOPIC "a=%C3%BC"),
                                     .body = SPAN_LITERAL("\xC3\xBC"),
                                     .qos = 1,
                                     .packet_id = 3};
    const struct mqtt_publish two = {.topic = SPAN_LITERAL("$iothub/twin/GET/?$rid=1")};
    buf_init(&bytes, 100000);
    assert_int_equal(mqtt_write_connect(&c, &bytes), 0);
    assert_int_equal(mqtt_write_subscribe(1, &filter, 1, &bytes), 0);
    assert_int_equal(mqtt_write_publish(&one, &bytes), 0);
    assert_int_equal(mqtt_write_publish(&two, &bytes), 0);
    assert_int_equal(mqtt_write_pingreq(&bytes), 0);
    assert_int_equal(mqtt_write_unsubscribe(2, &filter.text, 1, &bytes), 0);
    assert_int_equal(buf_append(&bytes, SPAN_LITERAL("\x32\x05\x00\x01t\x00\x00")), 0); // broken
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    for (size_t at = 0; at < bytes.len; at += step) {
        wire_feed(&w, span_slice(buf_span(&bytes), at, step));
    }
    assert_int_equal(w.closes, 1);
    assert_int_equal(buf_append(out, buf_span(&w.sent)), 0);
    wire_end(&w);
    assert_int_equal(buf_append(out, buf_span(&rig.hub.log.lines)), 0);
    buf_deinit(&bytes);
    session_rig_close(&rig);
}

static void pieces_of_any_size_give_the_same_events_and_bytes(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 3, 7, 64};
    struct buf whole;
    buf_init(&whole, 1000000);
    live(1000000, &whole);
    assert_true(whole.len > 500);
    for (size_t i = 0; i < HR_COUNT_OF(steps); i++) {
        struct buf pieces;
        buf_init(&pieces, 1000000);
        live(steps[i], &pieces);
        assert_int_equal(pieces.len, whole.len);
        assert_memory_equal(pieces.data, whole.data, whole.len);
        buf_deinit(&pieces);
    }
    buf_deinit(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_suback_answers_all_filters_of_a_packet),
        cmocka_unit_test(a_refused_connect_leaves_no_will),
        cmocka_unit_test(a_token_follows_the_hubs_clock_within_a_second),
        cmocka_unit_test(kept_filters_count_after_a_reconnect),
        cmocka_unit_test(pieces_of_any_size_give_the_same_events_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
