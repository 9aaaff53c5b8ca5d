// SPDX-License-Identifier: MIT
// Throttles, the daily quota, faults that devices ask
// for.
#include "simulator/hub/access.h"
#include "simulator/mqtt/session_rig.h"

#define OP          "AzIoTHub_FaultOperation"
#define SECOND      1000000
#define CONNACK_OK  "\x20\x02\x00\x00"
#define PUBACK(low) "\x40\x02\x00" low

static void open_limited(struct session_rig *rig, enum throttle throttle, const char *rate)
{
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    assert_int_equal(throttle_rate_parse(span_text(rate), &settings.limits.rates[throttle]), 0);
    session_rig_open_with(rig, &settings);
}

static void dial(struct session_rig *rig, struct wire *w)
{
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    wire_open(rig, w, NULL);
    wire_feed_connect(w, &c);
}

// ---- new connections

static void connack_comes_later_when_connections_come_too_fast(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w[2];
    open_limited(&rig, THROTTLE_CONNECT, "1/s");
    dial(&rig, &w[0]);
    assert_sent(&w[0], CONNACK_OK);
    wire_end(&w[0]);
    dial(&rig, &w[1]);
    assert_int_equal(w[1].sent.len, 0);
    assert_logged(&rig.hub.log, "hub.throttle operation=connects delay_ms=1000");
    rig_pass(&rig, &w[1], SECOND - 1);
    assert_int_equal(w[1].sent.len, 0);
    rig_pass(&rig, &w[1], 1);
    assert_sent(&w[1], CONNACK_OK);
    wire_end(&w[1]);
    session_rig_close(&rig);
}

static void a_fault_acts_after_the_throttles_wait(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w[2];
    open_limited(&rig, THROTTLE_CONNECT, "1/s");
    dial(&rig, &w[0]);
    wire_end(&w[0]);
    rig_arm(&rig, "refuse 4");
    dial(&rig, &w[1]);
    assert_int_equal(w[1].sent.len, 0);
    rig_pass(&rig, &w[1], SECOND);
    assert_sent(&w[1], "\x20\x02\x00\x04");
    wire_end(&w[1]);
    session_rig_close(&rig);
}

static void beyond_the_queue_a_connection_is_refused_with_3(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w[12];
    open_limited(&rig, THROTTLE_CONNECT, "1/s");
    for (size_t i = 0; i < HR_COUNT_OF(w); i++) {
        dial(&rig, &w[i]);
    }
    assert_sent(&w[11], "\x20\x02\x00\x03"); // one at once, ten in the queue
    assert_int_equal(w[11].closes, 1);
    assert_int_equal(w[10].closes, 0);
    assert_logged(&rig.hub.log, "mqtt.refused code=3 reason=throttled hub_code=429002");
    assert_logged(&rig.hub.log, "working=\"the credentials are right, but too many");
    for (size_t i = 0; i < HR_COUNT_OF(w); i++) {
        wire_end(&w[i]);
    }
    session_rig_close(&rig);
}

static void bad_credentials_use_up_no_connection(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    open_limited(&rig, THROTTLE_CONNECT, "1/m");
    for (int i = 0; i < 3; i++) {
        struct mqtt_connect c = rig_connect(token);
        c.password = SPAN_LITERAL("wrong");
        wire_open(&rig, &w, NULL);
        wire_feed_connect(&w, &c);
        assert_sent(&w, "\x20\x02\x00\x05");
        wire_end(&w);
    }
    dial(&rig, &w);
    assert_sent(&w, CONNACK_OK);
    wire_end(&w);
    session_rig_close(&rig);
}

// ---- telemetry

static void puback_comes_later_when_messages_come_too_fast(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_limited(&rig, THROTTLE_D2C, "2/s");
    wire_open_connected(&rig, &w);
    wire_publish(&w, EVENTS_TOPIC, "a", 1, 1);
    wire_publish(&w, EVENTS_TOPIC, "b", 1, 2);
    assert_sent(&w, PUBACK("\x01") PUBACK("\x02"));
    wire_publish(&w, EVENTS_TOPIC, "c", 1, 3);
    wire_publish(&w, EVENTS_TOPIC, "d", 1, 4);
    assert_int_equal(w.sent.len, 0);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 4);
    rig_pass(&rig, &w, SECOND / 2);
    assert_sent(&w, PUBACK("\x03"));
    rig_pass(&rig, &w, SECOND / 2);
    assert_sent(&w, PUBACK("\x04"));
    wire_publish(&w, EVENTS_TOPIC, "e", 1, 5);
    rig_pass(&rig, &w, SECOND / 2);
    assert_sent(&w, PUBACK("\x05"));
    wire_end(&w);
    session_rig_close(&rig);
}

static void beyond_the_queue_a_message_costs_the_connection(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_limited(&rig, THROTTLE_D2C, "1/s");
    wire_open_connected(&rig, &w);
    for (uint16_t i = 1; i <= 12; i++) {
        wire_publish(&w, EVENTS_TOPIC, "x", 1, i);
    }
    assert_sent(&w, PUBACK("\x01"));
    assert_int_equal(w.closes, 1);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 11);
    assert_logged(&rig.hub.log, "mqtt.cut reason=throttled hub_code=429002");
    wire_end(&w);
    session_rig_close(&rig);
}

static void messages_without_qos_are_throttled_too(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_limited(&rig, THROTTLE_D2C, "1/s");
    wire_open_connected(&rig, &w);
    for (int i = 0; i < 12 && w.closes == 0; i++) {
        wire_publish(&w, EVENTS_TOPIC, "x", 0, 0);
    }
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

// ---- the daily quota

static void open_with_quota(struct session_rig *rig, uint64_t blocks, uint32_t block_bytes)
{
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    settings.limits.blocks_a_day = blocks;
    settings.limits.block_bytes = block_bytes;
    session_rig_open_with(rig, &settings);
}

static void with_the_quota_gone_connect_is_accepted_and_the_first_publish_cut(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_with_quota(&rig, 2, 4096);
    wire_open_connected(&rig, &w);
    wire_publish(&w, EVENTS_TOPIC, "a", 1, 1);
    wire_publish(&w, EVENTS_TOPIC, "b", 1, 2);
    assert_sent(&w, PUBACK("\x01") PUBACK("\x02"));
    wire_end(&w);
    dial(&rig, &w);
    assert_sent(&w, CONNACK_OK);
    wire_publish(&w, EVENTS_TOPIC, "c", 1, 1);
    assert_int_equal(w.sent.len, 0);
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "mqtt.cut reason=quota-exceeded hub_code=403002");
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 2);
    wire_end(&w);
    session_rig_close(&rig);
}

static void the_quota_returns_at_midnight_of_the_hubs_clock(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    int64_t to_midnight_us = (86400 - RIG_NOW_S % 86400) * INT64_C(1000000);
    open_with_quota(&rig, 1, 4096);
    wire_open_connected(&rig, &w);
    wire_publish(&w, EVENTS_TOPIC, "a", 0, 0);
    hub_clock_shift(rig.hub.hub, to_midnight_us); // no tick: the token's end is not looked at
    wire_publish(&w, EVENTS_TOPIC, "b", 0, 0);
    assert_int_equal(w.closes, 0);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 2);
    wire_publish(&w, EVENTS_TOPIC, "c", 0, 0);
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void blocks_count_not_messages(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char body[1025];
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    open_with_quota(&rig, 3, 512);
    wire_open_connected(&rig, &w);
    wire_publish(&w, EVENTS_TOPIC, body, 1, 1); // two blocks of 512
    wire_publish(&w, EVENTS_TOPIC, body, 1, 2); // only one is left
    assert_sent(&w, PUBACK("\x01"));
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

// ---- faults that a device asks for

static void open_obedient(struct session_rig *rig, struct wire *w)
{
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    settings.has_sdk_faults = true;
    session_rig_open_with(rig, &settings);
    wire_open_connected(rig, w);
}

static void ask(struct wire *w, const char *type, int delay_s, int duration_s, bool is_dup)
{
    char topic[400];
    struct buf packet;
    snprintf(topic, sizeof topic,
             EVENTS_TOPIC OP "Type=%s&" OP "CloseReason=boom&" OP "DelayInSecs=%d&" OP
                             "DurationInSecs=%d",
             type, delay_s, duration_s);
    const struct mqtt_publish p = {.topic = span_text(topic),
                                   .body = SPAN_LITERAL("x"),
                                   .qos = 1,
                                   .packet_id = 9,
                                   .is_dup = is_dup};
    buf_init(&packet, 1U << 20);
    wire_feed_packet(w, &packet, mqtt_write_publish(&p, &packet));
}

struct type_row {
    const char *type;
    enum drop_how cut;
    const char *connack; // of a CONNECT while the fault lasts; NULL: the connection is dropped
    size_t connack_len;
    enum drop_how drop;
};

static const struct type_row type_rows[] = {
    {"KillTcp", DROP_RST, NULL, 0, DROP_RST},
    {"ShutDownMqtt", DROP_FIN, NULL, 0, DROP_FIN},
    {"InvokeThrottling", DROP_FIN, "\x20\x02\x00\x03", 4, DROP_FIN},
    {"InvokeAuthError", DROP_FIN, "\x20\x02\x00\x05", 4, DROP_FIN},
};

static void a_fault_cuts_after_its_delay_and_lasts_for_its_duration(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(type_rows); i++) {
        const struct type_row *r = &type_rows[i];
        struct session_rig rig;
        struct wire w;
        open_obedient(&rig, &w);
        ask(&w, r->type, 2, 20, false);
        assert_sent(&w, PUBACK("\x09"));
        rig_pass(&rig, &w, 2 * SECOND - 1);
        assert_int_equal(w.closes, 0);
        rig_pass(&rig, &w, 1);
        assert_int_equal(w.closes, 1);
        assert_int_equal(w.how, r->cut);
        assert_logged(&rig.hub.log, "mqtt.cut reason=sdk-fault hub_code=400029");
        wire_end(&w);
        dial(&rig, &w);
        assert_int_equal(w.sent.len, r->connack_len);
        assert_int_equal(w.closes, 1);
        assert_int_equal(w.how, r->drop);
        if (r->connack) {
            assert_memory_equal(w.sent.data, r->connack, r->connack_len);
        }
        wire_end(&w);
        rig.hub.fake.mono_us += 20 * SECOND;
        dial(&rig, &w);
        assert_sent(&w, CONNACK_OK);
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static void the_quota_fault_accepts_connect_and_cuts_the_publish(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_obedient(&rig, &w);
    ask(&w, "InvokeMaxMessageQuota", 0, 20, false);
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    dial(&rig, &w);
    assert_sent(&w, CONNACK_OK);
    unsigned stored = rig.hub.log.counts[EVENT_D2C_MESSAGE];
    wire_publish(&w, EVENTS_TOPIC, "x", 0, 0);
    assert_int_equal(w.closes, 1);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], stored);
    wire_end(&w);
    session_rig_close(&rig);
}

static void without_a_delay_the_cut_comes_before_the_puback(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_obedient(&rig, &w);
    ask(&w, "KillTcp", 0, 0, false);
    assert_int_equal(w.sent.len, 0);
    assert_int_equal(w.closes, 1);
    assert_int_equal(w.how, DROP_RST);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void the_same_message_sent_again_does_not_act_twice(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_obedient(&rig, &w);
    ask(&w, "KillTcp", 0, 0, false);
    wire_end(&w);
    wire_open_connected(&rig, &w);
    ask(&w, "KillTcp", 0, 0, true);
    assert_sent(&w, PUBACK("\x09"));
    assert_int_equal(w.closes, 0);
    assert_logged(&rig.hub.log, "taken=false");
    ask(&w, "KillTcp", 0, 0, false); // a new message of the same words
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void another_fault_that_was_never_seen_acts_although_it_is_a_dup(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_obedient(&rig, &w);
    ask(&w, "KillTcp", 0, 0, true); // its first sending was lost on the way
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_fault_spares_other_devices(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    open_obedient(&rig, &w);
    ask(&w, "InvokeAuthError", 0, 20, false);
    wire_end(&w);
    struct mqtt_connect c = rig_connect(token);
    rig_token(RIG_HOST, "bench-02", RIG_KEY, 3600, token);
    c.password = span_text(token);
    c.client_id = SPAN_LITERAL("bench-02");
    c.username = SPAN_LITERAL(RIG_HOST "/bench-02/?api-version=2021-04-12");
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    assert_sent(&w, CONNACK_OK);
    wire_end(&w);
    session_rig_close(&rig);
}

static void an_amqp_fault_is_recorded_and_not_obeyed(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_obedient(&rig, &w);
    ask(&w, "KillAmqpSession", 0, 5, false);
    assert_sent(&w, PUBACK("\x09"));
    assert_int_equal(w.closes, 0);
    assert_logged(&rig.hub.log, "sdk.fault type=KillAmqpSession delay_s=0 duration_s=5 "
                                "close_reason=boom taken=false");
    assert_logged(&rig.hub.log, "acts on AMQP links");
    wire_end(&w);
    session_rig_close(&rig);
}

static void an_unknown_fault_is_said_and_the_device_stays_connected(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_obedient(&rig, &w);
    ask(&w, "QuotaExceeded", 0, 5, false);
    assert_sent(&w, PUBACK("\x09"));
    assert_logged(&rig.hub.log, "no fault type 'QuotaExceeded'");
    wire_end(&w);
    session_rig_close(&rig);
}

static void without_the_option_it_is_a_message_like_any_other(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    ask(&w, "KillTcp", 0, 5, false);
    assert_sent(&w, PUBACK("\x09"));
    assert_int_equal(w.closes, 0);
    assert_int_equal(rig.hub.log.counts[EVENT_SDK_FAULT], 0);
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 1);
    wire_end(&w);
    session_rig_close(&rig);
}

// ---- rolled keys

static void with_the_knob_a_rolled_key_cuts_its_connection(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    settings.has_roll_cut = true;
    session_rig_open_with(&rig, &settings);
    wire_open_connected(&rig, &w);
    assert_int_equal(hub_roll_key(rig.hub.hub, "bench-01", HUB_KEY_SECONDARY, NULL), 0);
    assert_int_equal(w.closes, 0);
    assert_int_equal(hub_roll_key(rig.hub.hub, "bench-01", HUB_KEY_PRIMARY, NULL), 0);
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "mqtt.cut reason=key-rolled hub_code=401003");
    wire_end(&w);
    session_rig_close(&rig);
}

static void twin_answers_come_late_and_then_with_429(void **state)
{
    (void)state;
    struct hub_settings settings;
    struct session_rig rig;
    struct wire w;
    hub_settings_init(&settings, RIG_HOST);
    assert_int_equal(throttle_rate_parse(SPAN_LITERAL("12/m"),
                                         &settings.limits.rates[THROTTLE_TWIN_UPDATE]),
                     0);
    settings.limits.rates[THROTTLE_TWIN_UPDATE].burst = 1;
    session_rig_open_with(&rig, &settings);
    wire_open_connected(&rig, &w);
    wire_subscribe(&w, "$iothub/twin/res/#", 0, 1);
    buf_clear(&w.sent);
    for (int i = 0; i < 4; i++) { // one every 5 s, at most two of them wait
        char topic[100];
        snprintf(topic, sizeof topic, "$iothub/twin/PATCH/properties/reported/?$rid=%d", i);
        wire_publish(&w, topic, "{\"a\":1}", 0, 0);
    }
    assert_non_null(memmem(w.sent.data, w.sent.len, "res/204/?$rid=0", 15));
    assert_null(memmem(w.sent.data, w.sent.len, "rid=1", 5));
    assert_logged(&rig.hub.log, "hub.throttle operation=twin-updates delay_ms=5000");
    assert_logged(&rig.hub.log, "twin.refused status=429 code=429002");
    rig_pass(&rig, &w, 10000000);
    assert_non_null(memmem(w.sent.data, w.sent.len, "res/204/?$rid=2", 15));
    assert_non_null(memmem(w.sent.data, w.sent.len, "res/429/?$rid=3", 15));
    buf_clear(&w.sent);
    wire_publish(&w, "$iothub/twin/GET/?$rid=9", "", 0, 0); // reads have a throttle of their own
    assert_non_null(memmem(w.sent.data, w.sent.len, "res/200/?$rid=9", 15));
    wire_end(&w);
    session_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connack_comes_later_when_connections_come_too_fast),
        cmocka_unit_test(a_fault_acts_after_the_throttles_wait),
        cmocka_unit_test(beyond_the_queue_a_connection_is_refused_with_3),
        cmocka_unit_test(bad_credentials_use_up_no_connection),
        cmocka_unit_test(puback_comes_later_when_messages_come_too_fast),
        cmocka_unit_test(beyond_the_queue_a_message_costs_the_connection),
        cmocka_unit_test(messages_without_qos_are_throttled_too),
        cmocka_unit_test(with_the_quota_gone_connect_is_accepted_and_the_first_publish_cut),
        cmocka_unit_test(the_quota_returns_at_midnight_of_the_hubs_clock),
        cmocka_unit_test(blocks_count_not_messages),
        cmocka_unit_test(a_fault_cuts_after_its_delay_and_lasts_for_its_duration),
        cmocka_unit_test(the_quota_fault_accepts_connect_and_cuts_the_publish),
        cmocka_unit_test(without_a_delay_the_cut_comes_before_the_puback),
        cmocka_unit_test(the_same_message_sent_again_does_not_act_twice),
        cmocka_unit_test(another_fault_that_was_never_seen_acts_although_it_is_a_dup),
        cmocka_unit_test(a_fault_spares_other_devices),
        cmocka_unit_test(an_amqp_fault_is_recorded_and_not_obeyed),
        cmocka_unit_test(an_unknown_fault_is_said_and_the_device_stays_connected),
        cmocka_unit_test(without_the_option_it_is_a_message_like_any_other),
        cmocka_unit_test(with_the_knob_a_rolled_key_cuts_its_connection),
        cmocka_unit_test(twin_answers_come_late_and_then_with_429),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
