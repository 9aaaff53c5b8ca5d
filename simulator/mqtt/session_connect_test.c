// SPDX-License-Identifier: MIT
#include "simulator/mqtt/session_rig.h"

static void a_good_connect_is_answered_with_connack_0(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    assert_string_equal(mqtt_session_device(w.session), "");
    wire_feed_connect(&w, &c);
    assert_sent(&w, "\x20\x02\x00\x00");
    assert_string_equal(mqtt_session_device(w.session), "bench-01");
    assert_logged(&rig.hub.log,
                  "mqtt.connect client_id=bench-01 username=simhub.azure-devices.net/bench-01/"
                  "?api-version=2021-04-12 has_password=true clean=true keep_alive_s=60 will=false "
                  "api_version=2021-04-12\n"
                  "mqtt.connected client_id=bench-01 auth=sas key=primary session_present=false hub=simhub.azure-devices.net "
                  "sas_expires_in_s=3600 sas_scope=device\n");
    assert_not_logged(&rig.hub.log, "sig=");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_certificate_device_connects_by_its_thumbprint(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    const struct mqtt_connect c = {.level = 4,
                                   .client_id = SPAN_LITERAL("x509-01"),
                                   .username = SPAN_LITERAL(RIG_HOST "/x509-01")};
    session_rig_open(&rig);
    wire_open(&rig, &w, &rig.hub.certificate);
    wire_feed_connect(&w, &c);
    assert_sent(&w, "\x20\x02\x00\x00");
    assert_logged(&rig.hub.log, "has_password=false");
    assert_logged(&rig.hub.log, "auth=thumbprint key=\"primary thumbprint\"");
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_token_as_user_name_never_reaches_the_journal(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    c.username = span_text(token);
    c.client_id = span_text(token);
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    assert_logged(&rig.hub.log, "sig=***");
    assert_not_logged(&rig.hub.log, "&se=");
    wire_end(&w);
    session_rig_close(&rig);
}

static void kept_sessions_are_announced_and_clean_ones_deleted(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    static const struct {
        bool is_clean;
        uint8_t present;
    } steps[] = {{false, 0}, {false, 1}, {true, 0}, {false, 0}, {false, 1}};
    session_rig_open(&rig);
    for (size_t i = 0; i < HR_COUNT_OF(steps); i++) {
        wire_open(&rig, &w, NULL);
        c.is_clean = steps[i].is_clean;
        wire_feed_connect(&w, &c);
        assert_int_equal(w.sent.data[2], steps[i].present);
        wire_end(&w);
    }
    assert_logged(&rig.hub.log, "session_present=true");
    session_rig_close(&rig);
}

static void a_newer_connection_takes_over_and_a_refused_one_does_not(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire old;
    struct wire refused;
    struct wire newer;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    session_rig_open(&rig);
    wire_open_connected(&rig, &old);
    wire_open(&rig, &refused, NULL);
    c.password = SPAN_LITERAL("nonsense");
    wire_feed_connect(&refused, &c);
    assert_int_equal(refused.closes, 1);
    assert_int_equal(old.closes, 0);
    wire_open_connected(&rig, &newer);
    assert_int_equal(old.closes, 1);
    assert_int_equal(old.how, DROP_FIN);
    assert_int_equal(old.sent.len, 0);
    assert_int_equal(newer.closes, 0);
    wire_end(&old);
    wire_end(&refused);
    wire_publish(&newer, EVENTS_TOPIC, "still here", 1, 1);
    assert_sent(&newer, "\x40\x02\x00\x01");
    wire_end(&newer);
    session_rig_close(&rig);
}

static void being_taken_over_names_the_newer_connection(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire old;
    struct wire newer;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    session_rig_open(&rig);
    wire_open_connected(&rig, &old);
    wire_open(&rig, &newer, NULL);
    wire_feed_connect(&newer, &c);
    assert_logged(&rig.hub.log, "mqtt.taken_over by_connection=2\nmqtt.connected");
    wire_end(&old);
    wire_end(&newer);
    session_rig_close(&rig);
}

static void what_follows_a_refusal_is_noted_at_most_20_times(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    c.password = SPAN_LITERAL("nonsense");
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    event_log_clear(&rig.hub.log);
    wire_feed_connect(&w, &c); // no mqtt.early for CONNECT
    wire_publish(&w, EVENTS_TOPIC, "x", 1, 7);
    wire_subscribe(&w, "$iothub/twin/res/#", 0, 8);
    assert_string_equal(buf_text(&rig.hub.log.lines),
                        "mqtt.early packet=PUBLISH\nmqtt.early packet=SUBSCRIBE\n");
    for (int i = 0; i < 30; i++) {
        wire_publish(&w, EVENTS_TOPIC, "x", 0, 0);
    }
    assert_int_equal(rig.hub.log.counts[EVENT_MQTT_EARLY], 20);
    wire_feed(&w, SPAN_LITERAL("\x00\x00\x00")); // broken bytes end it silently
    wire_publish(&w, EVENTS_TOPIC, "x", 0, 0);
    assert_int_equal(journal_count(rig.hub.journal), 2 + 20); // connect, refused, early
    assert_int_equal(w.closes, 1);
    assert_int_equal(w.sent.len, 4);
    wire_end(&w);
    session_rig_close(&rig);
}

static void what_came_with_the_refused_connect_is_noted_too(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct buf both;
    struct mqtt_connect c = rig_connect(token);
    const struct mqtt_publish p = {.topic = SPAN_LITERAL(EVENTS_TOPIC)};
    c.password = SPAN_LITERAL("nonsense");
    buf_init(&both, 10000);
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    assert_int_equal(mqtt_write_connect(&c, &both), 0);
    wire_feed_packet(&w, &both, mqtt_write_publish(&p, &both));
    assert_logged(&rig.hub.log, "mqtt.early packet=PUBLISH");
    assert_int_equal(rig.hub.log.counts[EVENT_D2C_MESSAGE], 0);
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_connect_without_waiting_is_processed_in_order(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct buf both;
    struct mqtt_connect c = rig_connect(token);
    const struct mqtt_publish p = {.topic = SPAN_LITERAL(EVENTS_TOPIC), .qos = 1, .packet_id = 5};
    buf_init(&both, 10000);
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    assert_int_equal(mqtt_write_connect(&c, &both), 0);
    wire_feed_packet(&w, &both, mqtt_write_publish(&p, &both));
    assert_sent(&w, "\x20\x02\x00\x00\x40\x02\x00\x05");
    assert_int_equal(rig.hub.log.counts[EVENT_MQTT_EARLY], 0);
    wire_end(&w);
    session_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_connect_is_answered_with_connack_0),
        cmocka_unit_test(a_certificate_device_connects_by_its_thumbprint),
        cmocka_unit_test(a_token_as_user_name_never_reaches_the_journal),
        cmocka_unit_test(kept_sessions_are_announced_and_clean_ones_deleted),
        cmocka_unit_test(a_newer_connection_takes_over_and_a_refused_one_does_not),
        cmocka_unit_test(being_taken_over_names_the_newer_connection),
        cmocka_unit_test(what_follows_a_refusal_is_noted_at_most_20_times),
        cmocka_unit_test(what_came_with_the_refused_connect_is_noted_too),
        cmocka_unit_test(a_connect_without_waiting_is_processed_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
