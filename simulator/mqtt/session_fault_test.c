// SPDX-License-Identifier: MIT
#include "simulator/mqtt/session_rig.h"

static void connect_under_fault(struct session_rig *rig, struct wire *w, const char *fault)
{
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    session_rig_open(rig);
    rig_arm(rig, fault);
    wire_open(rig, w, NULL);
    wire_feed_connect(w, &c);
}

static void a_refusal_has_the_code_of_the_fault(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    connect_under_fault(&rig, &w, "refuse 3");
    assert_sent(&w, "\x20\x02\x00\x03");
    assert_int_equal(w.closes, 1);
    assert_int_equal(w.how, DROP_FIN);
    assert_logged(&rig.hub.log, "mqtt.refused code=3 reason=fault");
    wire_publish(&w, EVENTS_TOPIC, "x", 0, 0);
    assert_logged(&rig.hub.log, "mqtt.early packet=PUBLISH");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_device_that_is_refused_anyway_uses_up_no_fault(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    session_rig_open(&rig);
    rig_arm(&rig, "refuse 3");
    wire_open(&rig, &w, NULL);
    c.password = SPAN_EMPTY;
    wire_feed_connect(&w, &c);
    assert_logged(&rig.hub.log, "reason=no-credentials");
    assert_int_equal(rig.hub.log.counts[EVENT_FAULT_FIRED], 0);
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_delayed_connack_processes_what_came_meanwhile_after_it(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    connect_under_fault(&rig, &w, "delay 5s");
    wire_publish(&w, EVENTS_TOPIC, "early", 1, 4);
    wire_feed(&w, SPAN_LITERAL("\xC0")); // half a ping
    rig_pass(&rig, &w, 4999999);
    assert_int_equal(w.sent.len, 0);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 0);
    assert_logged(&rig.hub.log, "mqtt.early packet=PUBLISH");
    rig_pass(&rig, &w, 1);
    assert_sent(&w, "\x20\x02\x00\x00\x40\x02\x00\x04");
    wire_feed(&w, SPAN_LITERAL("\x00"));
    assert_sent(&w, "\xD0\x00");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_delay_and_a_refusal_combine(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    session_rig_open(&rig);
    rig_arm(&rig, "delay 1s times always");
    rig_arm(&rig, "delay 2s");
    rig_arm(&rig, "refuse 5");
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    rig_pass(&rig, &w, 2999999);
    assert_int_equal(w.sent.len, 0);
    rig_pass(&rig, &w, 1);
    assert_sent(&w, "\x20\x02\x00\x05");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_second_connect_during_the_delay_closes(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    connect_under_fault(&rig, &w, "delay 5s");
    wire_feed_connect(&w, &c);
    assert_int_equal(w.closes, 1);
    assert_int_equal(rig.hub.log.counts[EVENT_MQTT_EARLY], 0);
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_device_disabled_during_the_delay_is_refused(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    connect_under_fault(&rig, &w, "delay 5s");
    assert_int_equal(hub_set_disabled(rig.hub.hub, "bench-01", true), 0);
    rig_pass(&rig, &w, 5000000);
    assert_sent(&w, "\x20\x02\x00\x05");
    assert_logged(&rig.hub.log, "reason=disabled");
    wire_end(&w);
    session_rig_close(&rig);
}

static void much_before_connack_asks_for_a_pause_and_more_closes(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    static char body[60000];
    memset(body, 'x', sizeof body - 1);
    connect_under_fault(&rig, &w, "delay 5s");
    wire_publish(&w, EVENTS_TOPIC, body, 0, 0);
    assert_false(mqtt_session_wants_pause(w.session));
    wire_publish(&w, EVENTS_TOPIC, body, 0, 0);
    assert_true(mqtt_session_wants_pause(w.session));
    for (int i = 0; i < 20; i++) {
        wire_publish(&w, EVENTS_TOPIC, body, 0, 0);
    }
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "more than 1 MiB was sent before CONNACK");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_swallowed_connack_leaves_the_connection_open(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    connect_under_fault(&rig, &w, "swallow at mqtt.connack");
    wire_publish(&w, EVENTS_TOPIC, "x", 0, 0);
    rig_pass(&rig, &w, 3600000000);
    assert_int_equal(w.closes, 0);
    assert_int_equal(w.sent.len, 0);
    assert_logged(&rig.hub.log, "mqtt.early packet=PUBLISH");
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 0);
    wire_end(&w);
    session_rig_close(&rig);
}

static const struct {
    const char *rule;
    const char *fault;
    int closes;
    enum drop_how how;
    int stalls;
} end_rows[] = {
    {"CONNACK fin", "drop fin", 1, DROP_FIN, 0},
    {"CONNACK rst", "drop rst", 1, DROP_RST, 0},
    {"CONNACK stall", "stall at mqtt.connack", 0, DROP_FIN, 1},
    {"PUBACK rst", "drop rst at mqtt.puback", 1, DROP_RST, 0},
    {"PUBACK stall", "stall at mqtt.puback", 0, DROP_FIN, 1},
    {"SUBACK fin", "drop fin at mqtt.suback", 1, DROP_FIN, 0},
    {"PINGRESP rst", "drop rst at mqtt.pingresp", 1, DROP_RST, 0},
};

static void drops_and_stalls_reach_the_transport_at_their_site(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(end_rows); i++) {
        struct session_rig rig;
        struct wire w;
        connect_under_fault(&rig, &w, end_rows[i].fault);
        wire_subscribe(&w, "$iothub/twin/res/#", 0, 1);
        wire_publish(&w, EVENTS_TOPIC, "x", 1, 2);
        wire_feed(&w, SPAN_LITERAL("\xC0\x00"));
        if (w.closes != end_rows[i].closes || w.stalls != end_rows[i].stalls ||
            (w.closes && w.how != end_rows[i].how)) {
            fail_msg("%s: %d closes, %d stalls", end_rows[i].rule, w.closes, w.stalls);
        }
        assert_int_equal(mqtt_session_deadline_us(w.session), UINT64_MAX);
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static void a_swallowed_puback_leaves_the_message_stored(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "swallow");
    wire_publish(&w, EVENTS_TOPIC, "x", 1, 1);
    wire_publish(&w, EVENTS_TOPIC, "y", 1, 2);
    assert_sent(&w, "\x40\x02\x00\x02");
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 2);
    assert_int_equal(rig.hub.log.counts[EVENT_MQTT_PUBACK], 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void swallowed_subacks_and_pingresps_are_missing(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "swallow at mqtt.suback");
    rig_arm(&rig, "swallow at mqtt.pingresp");
    wire_subscribe(&w, "$iothub/twin/res/#", 0, 1);
    wire_feed(&w, SPAN_LITERAL("\xC0\x00"));
    assert_int_equal(w.sent.len, 0);
    assert_int_equal(rig.hub.log.counts[EVENT_MQTT_PING], 0);
    wire_subscribe(&w, "$iothub/twin/res/#", 0, 2);
    wire_feed(&w, SPAN_LITERAL("\xC0\x00"));
    assert_sent(&w, "\x90\x03\x00\x02\x00\xD0\x00");
    wire_end(&w);
    session_rig_close(&rig);
}

static void delayed_pubacks_keep_their_order(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "delay 5s at mqtt.puback");
    wire_publish(&w, EVENTS_TOPIC, "a", 1, 1);
    wire_publish(&w, EVENTS_TOPIC, "b", 1, 2); // not delayed, but behind the first
    wire_feed(&w, SPAN_LITERAL("\xC0\x00"));   // another kind of answer passes
    assert_sent(&w, "\xD0\x00");
    rig_pass(&rig, &w, 4999999);
    assert_int_equal(w.sent.len, 0);
    rig_pass(&rig, &w, 1);
    assert_sent(&w, "\x40\x02\x00\x01\x40\x02\x00\x02");
    wire_end(&w);
    session_rig_close(&rig);
}

static void every_puback_is_late_by_the_same_time(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "delay 1s at mqtt.puback times always");
    wire_publish(&w, EVENTS_TOPIC, "a", 1, 1);
    rig_pass(&rig, &w, 400000);
    wire_publish(&w, EVENTS_TOPIC, "b", 1, 2);
    rig_pass(&rig, &w, 599999);
    assert_int_equal(w.sent.len, 0);
    rig_pass(&rig, &w, 1);
    assert_sent(&w, "\x40\x02\x00\x01");
    rig_pass(&rig, &w, 399999);
    assert_int_equal(w.sent.len, 0);
    rig_pass(&rig, &w, 1);
    assert_sent(&w, "\x40\x02\x00\x02");
    wire_end(&w);
    session_rig_close(&rig);
}

static void more_than_16_held_pubacks_ask_for_a_pause(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    rig_arm(&rig, "delay 200s at mqtt.puback");
    for (uint16_t id = 1; id <= 16; id++) {
        wire_publish(&w, EVENTS_TOPIC, "x", 1, id);
    }
    assert_false(mqtt_session_wants_pause(w.session));
    wire_publish(&w, EVENTS_TOPIC, "x", 1, 17);
    assert_true(mqtt_session_wants_pause(w.session));
    rig_pass(&rig, &w, 200000000); // longer than the keep-alive: a paused device cannot be heard
    assert_int_equal(w.closes, 0);
    assert_false(mqtt_session_wants_pause(w.session));
    assert_int_equal(w.sent.len, 17 * 4);
    for (size_t i = 0; i < 17; i++) {
        assert_int_equal(w.sent.data[i * 4 + 3], i + 1);
    }
    rig_pass(&rig, &w, 89999999);
    assert_int_equal(w.closes, 0);
    rig_pass(&rig, &w, 1);
    assert_int_equal(w.closes, 1); // and the keep-alive runs again
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_stalled_connection_is_taken_over_without_being_closed(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire stalled;
    struct wire newer;
    session_rig_open(&rig);
    wire_open_connected(&rig, &stalled);
    rig_arm(&rig, "stall at mqtt.pingresp");
    wire_feed(&stalled, SPAN_LITERAL("\xC0\x00"));
    assert_int_equal(stalled.stalls, 1);
    wire_open_connected(&rig, &newer);
    assert_int_equal(stalled.closes, 0);
    wire_end(&stalled);
    wire_feed(&newer, SPAN_LITERAL("\xC0\x00"));
    assert_sent(&newer, "\xD0\x00");
    wire_end(&newer);
    session_rig_close(&rig);
}

static void disable_on_fault(void *context, const struct event *e)
{
    struct session_rig *rig = context;
    if (e->type == EVENT_FAULT_FIRED) {
        assert_int_equal(hub_set_disabled(rig->hub.hub, "bench-01", true), 0);
    }
}

static void a_listener_may_end_the_session_while_a_fault_fires(void **state)
{
    (void)state;
    static const char *const faults[] = {"delay 1s at mqtt.puback", "swallow",
                                         "drop rst at mqtt.puback", "stall at mqtt.puback"};
    for (size_t i = 0; i < HR_COUNT_OF(faults); i++) {
        struct session_rig rig;
        struct wire w;
        session_rig_open(&rig);
        wire_open_connected(&rig, &w);
        rig_arm(&rig, faults[i]);
        assert_int_equal(journal_listen(rig.hub.journal, disable_on_fault, &rig), 0);
        wire_publish(&w, EVENTS_TOPIC, "x", 1, 1);
        assert_int_equal(w.closes, 1);
        assert_int_equal(w.sent.len, 0);
        assert_int_equal(w.stalls, 0);
        wire_end(&w);
        session_rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_has_the_code_of_the_fault),
        cmocka_unit_test(a_device_that_is_refused_anyway_uses_up_no_fault),
        cmocka_unit_test(a_delayed_connack_processes_what_came_meanwhile_after_it),
        cmocka_unit_test(a_delay_and_a_refusal_combine),
        cmocka_unit_test(a_second_connect_during_the_delay_closes),
        cmocka_unit_test(a_device_disabled_during_the_delay_is_refused),
        cmocka_unit_test(much_before_connack_asks_for_a_pause_and_more_closes),
        cmocka_unit_test(a_swallowed_connack_leaves_the_connection_open),
        cmocka_unit_test(drops_and_stalls_reach_the_transport_at_their_site),
        cmocka_unit_test(a_swallowed_puback_leaves_the_message_stored),
        cmocka_unit_test(swallowed_subacks_and_pingresps_are_missing),
        cmocka_unit_test(delayed_pubacks_keep_their_order),
        cmocka_unit_test(every_puback_is_late_by_the_same_time),
        cmocka_unit_test(more_than_16_held_pubacks_ask_for_a_pause),
        cmocka_unit_test(a_stalled_connection_is_taken_over_without_being_closed),
        cmocka_unit_test(a_listener_may_end_the_session_while_a_fault_fires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
