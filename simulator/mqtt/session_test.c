// SPDX-License-Identifier: MIT
#include "simulator/mqtt/session_rig.h"

static const struct {
    const char *rule;
    const char *topic;
    int qos;
    bool is_dup;
    bool is_retain;
    bool closes;
    size_t sent_bytes;
    const char *logged;
} publish_rows[] = {
    {"telemetry at QoS 0", EVENTS_TOPIC, 0, false, false, false, 0,
     "d2c.message message_id=\"\" qos=0"},
    {"telemetry at QoS 1 is acknowledged after it is stored", EVENTS_TOPIC, 1, false, false, false,
     4, "packet_id=9 will=false\nmqtt.puback packet_id=9\n"},
    {"without the slash after events", "devices/bench-01/messages/events", 0, false, false, false,
     0, "d2c.message"},
    {"with a property bag", EVENTS_TOPIC "a=1", 0, false, false, false, 0,
     "properties={\"a\":\"1\"}"},
    {"with slashes in the bag", EVENTS_TOPIC "a=b/c/d=e/", 0, false, false, false, 0,
     "properties={\"a\":\"b/c/d=e\"}"},
    {"RETAIN becomes a property", EVENTS_TOPIC, 0, false, true, false, 0,
     "properties={\"mqtt-retain\":\"true\"}"},
    {"DUP becomes a property", EVENTS_TOPIC, 1, true, false, false, 4,
     "properties={\"mqtt-dup\":\"true\"}"},
    {"QoS 2 is taken, then closed", EVENTS_TOPIC, 2, false, false, true, 0,
     "will=false\nmqtt.error why=\"QoS 2"},
    {"bag that cannot be read", EVENTS_TOPIC "a=%4", 1, false, false, true, 0,
     "mqtt.error why=\"the property bag"},
    {"another device", "devices/bench-02/messages/events/", 0, false, false, true, 0,
     "belongs to another identity"},
    {"another case of the id", "devices/Bench-01/messages/events/", 0, false, false, true, 0,
     "belongs to another identity"},
    {"a longer id", "devices/bench-011/messages/events/", 0, false, false, true, 0,
     "belongs to another identity"},
    {"its own module", "devices/bench-01/modules/mod-a/messages/events/", 0, false, false, true, 0,
     "belongs to another identity"},
    {"behind events without slash", "devices/bench-01/messages/eventsx", 0, false, false, true, 0,
     "belongs to another identity"},
    {"unknown topic", "home/kitchen", 0, false, false, true, 0,
     "why=\"topic 'home/kitchen' is none that the hub knows\" packet=PUBLISH"},
    {"unknown $iothub topic", "$iothub/other", 0, false, false, true, 0, "none that the hub knows"},
    {"certificate renewal", "$iothub/credentials/POST/issueCertificate/?$rid=1", 0, false, false,
     false, 0, "certificate renewal is a preview that this hub does not offer"},
};

static void publishes_follow_the_topic_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(publish_rows); i++) {
        struct session_rig rig;
        struct wire w;
        struct buf packet;
        const struct mqtt_publish p = {.topic = span_text(publish_rows[i].topic),
                                       .body = SPAN_LITERAL("b"),
                                       .qos = publish_rows[i].qos,
                                       .packet_id = 9,
                                       .is_dup = publish_rows[i].is_dup,
                                       .is_retain = publish_rows[i].is_retain};
        buf_init(&packet, 10000);
        session_rig_open(&rig);
        wire_open_connected(&rig, &w);
        wire_feed_packet(&w, &packet, mqtt_write_publish(&p, &packet));
        if (w.closes != publish_rows[i].closes || w.sent.len != publish_rows[i].sent_bytes ||
            !event_log_has(&rig.hub.log, publish_rows[i].logged)) {
            fail_msg("%s: %d closes, %zu bytes, journal:\n%s", publish_rows[i].rule, w.closes,
                     w.sent.len, buf_text(&rig.hub.log.lines));
        }
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static void a_module_publishes_below_its_own_topic(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    rig_token(RIG_HOST, "bench-01/mod-a", RIG_KEY, 60, token);
    c.password = span_text(token);
    c.client_id = SPAN_LITERAL("bench-01/mod-a");
    c.username = SPAN_LITERAL(RIG_HOST "/bench-01/mod-a/?api-version=2021-04-12");
    session_rig_open(&rig);
    wire_open(&rig, &w, NULL);
    wire_feed_connect(&w, &c);
    assert_string_equal(mqtt_session_device(w.session), "bench-01/mod-a");
    wire_publish(&w, "devices/bench-01/modules/mod-a/messages/events/a=1/", "x", 0, 0);
    assert_logged(&rig.hub.log, "properties={\"a\":\"1\"}");
    wire_subscribe(&w, "devices/bench-01/modules/mod-a/#", 1, 2);
    wire_subscribe(&w, "devices/bench-01/modules/mod-a/inputs/#", 1, 3);
    wire_subscribe(&w, "devices/bench-01/modules/mod-a/messages/devicebound/#", 1, 4);
    assert_int_equal(rig.hub.log.counts[EVENT_RUN_NOTE], 0);
    wire_subscribe(&w, "devices/bench-01/messages/devicebound/#", 1, 5);
    assert_int_equal(rig.hub.log.counts[EVENT_RUN_NOTE], 1);
    wire_publish(&w, EVENTS_TOPIC, "x", 0, 0); // the device's, not the module's
    assert_int_equal(w.closes, 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static const struct {
    const char *rule;
    const char *filter;
    int qos;
    int granted;
    bool is_noted;
} filter_rows[] = {
    {"devicebound", "devices/bench-01/messages/devicebound/#", 1, 1, false},
    {"devicebound with + (embedded C)", "devices/+/messages/devicebound/#", 1, 1, false},
    {"QoS 2 is granted as 1", "devices/bench-01/messages/devicebound/#", 2, 1, false},
    {"QoS 0", "$iothub/twin/res/#", 0, 0, false},
    {"desired properties", "$iothub/twin/PATCH/properties/desired/#", 0, 0, false},
    {"methods", "$iothub/methods/POST/#", 0, 0, false},
    {"credentials", "$iothub/credentials/res/#", 0, 0, false},
    {"unknown filter", "home/#", 1, 1, true},
    {"another device", "devices/bench-02/messages/devicebound/#", 1, 1, true},
};

static void filters_are_granted_and_strangers_noted_or_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(filter_rows) * 2; i++) {
        bool is_strict = i % 2 == 1;
        struct session_rig rig;
        struct wire w;
        struct hub_settings settings;
        hub_settings_init(&settings, RIG_HOST);
        settings.has_strict_subscriptions = is_strict;
        session_rig_open_with(&rig, &settings);
        wire_open_connected(&rig, &w);
        wire_subscribe(&w, filter_rows[i / 2].filter, filter_rows[i / 2].qos, 3);
        bool is_closed = is_strict && filter_rows[i / 2].is_noted;
        bool is_right =
            w.closes == is_closed &&
            (is_closed ? w.sent.len == 0
                       : w.sent.len == 5 && w.sent.data[4] == filter_rows[i / 2].granted) &&
            rig.hub.log.counts[EVENT_RUN_NOTE] == (!is_strict && filter_rows[i / 2].is_noted) &&
            rig.hub.log.counts[EVENT_MQTT_SUBSCRIBED] == !is_closed;
        if (!is_right) {
            fail_msg("%s, strict %d: journal:\n%s", filter_rows[i / 2].rule, is_strict,
                     buf_text(&rig.hub.log.lines));
        }
        wire_end(&w);
        session_rig_close(&rig);
    }
}

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

static void subscribe_five_then(struct wire *w)
{
    wire_subscribe(w, "devices/bench-01/messages/devicebound/#", 1, 1);
    wire_subscribe(w, "$iothub/twin/res/#", 0, 2);
    wire_subscribe(w, "$iothub/twin/PATCH/properties/desired/#", 0, 3);
    wire_subscribe(w, "$iothub/methods/POST/#", 0, 4);
    wire_subscribe(w, "$iothub/credentials/res/#", 0, 5);
    wire_subscribe(w, "$iothub/credentials/res/#", 0, 6); // again: still five
    assert_int_equal(w->closes, 0);
}

static void the_sixth_filter_is_noted_or_closed(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct hub_settings settings;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    subscribe_five_then(&w);
    assert_int_equal(rig.hub.log.counts[EVENT_RUN_NOTE], 0);
    wire_subscribe(&w, "devices/+/messages/devicebound/#", 1, 7);
    assert_logged(&rig.hub.log, "is the sixth or a later one");
    assert_int_equal(w.closes, 0);
    wire_end(&w);
    session_rig_close(&rig);
    hub_settings_init(&settings, RIG_HOST);
    settings.has_strict_subscriptions = true;
    session_rig_open_with(&rig, &settings);
    wire_open_connected(&rig, &w);
    subscribe_five_then(&w);
    wire_subscribe(&w, "devices/+/messages/devicebound/#", 1, 7);
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log,
                  "mqtt.error why=\"filter 'devices/+/messages/devicebound/#' is the sixth");
    wire_end(&w);
    session_rig_close(&rig);
}

static void unsubscribe_is_always_acknowledged(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct buf packet;
    const struct span filters[] = {SPAN_LITERAL("$iothub/twin/res/#"), SPAN_LITERAL("never/seen")};
    buf_init(&packet, 10000);
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    wire_subscribe(&w, "$iothub/twin/res/#", 0, 1);
    buf_clear(&w.sent);
    wire_feed_packet(&w, &packet, mqtt_write_unsubscribe(2, filters, 2, &packet));
    assert_sent(&w, "\xB0\x02\x00\x02");
    assert_logged(&rig.hub.log, "mqtt.unsubscribed filter=$iothub/twin/res/#\n");
    assert_int_equal(rig.hub.log.counts[EVENT_MQTT_UNSUBSCRIBED], 1);
    wire_end(&w);
    session_rig_close(&rig);
}

static void pings_are_answered(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    wire_feed(&w, SPAN_LITERAL("\xC0\x00"));
    assert_sent(&w, "\xD0\x00");
    assert_string_equal(buf_text(&rig.hub.log.lines), "mqtt.ping\n");
    wire_end(&w);
    session_rig_close(&rig);
}

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    const char *rule;
    struct span bytes;
    const char *logged;
} broken_rows[] = {
    {"PUBACK that nobody asked for", BYTES("\x40\x02\x00\x01"),
     "packet id 1 is not the next one to be acknowledged; the hub waits for none\" packet=PUBACK"},
    {"PUBREC", BYTES("\x50\x02\x00\x01"), "packet=PUBREC"},
    {"PUBREL", BYTES("\x62\x02\x00\x01"), "packet=PUBREL"},
    {"CONNACK", BYTES("\x20\x02\x00\x00"),
     "a device never sends this packet\" packet=CONNACK"},
    {"SUBACK", BYTES("\x90\x03\x00\x01\x00"), "packet=SUBACK"},
    {"PINGRESP", BYTES("\xD0\x00"), "packet=PINGRESP"},
    {"SUBSCRIBE without filter", BYTES("\x82\x02\x00\x01"),
     "SUBSCRIBE has no topic filter\" packet=SUBSCRIBE"},
    {"UNSUBSCRIBE without filter", BYTES("\xA2\x02\x00\x01"), "UNSUBSCRIBE has no topic filter"},
    {"packet id 0", BYTES("\x32\x05\x00\x01t\x00\x00"), "the packet id is 0"},
    {"reserved bits", BYTES("\x80\x06\x00\x01\x00\x01x\x00"),
     "the flags of SUBSCRIBE are 0, expected 2"},
    {"DISCONNECT with a body", BYTES("\xE0\x01x"), "packet=DISCONNECT"},
    {"packet of 256 KiB and one byte", BYTES("\x30\xFD\xFF\x0F"),
     "the packet has 262145 bytes; the hub takes at most 262144\" packet=PUBLISH"},
};

static void broken_packets_close_without_an_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(broken_rows); i++) {
        struct session_rig rig;
        struct wire w;
        session_rig_open(&rig);
        wire_open_connected(&rig, &w);
        wire_feed(&w, broken_rows[i].bytes);
        wire_feed(&w, SPAN_LITERAL("\xC0\x00")); // after the end nothing is answered
        if (w.closes != 1 || w.how != DROP_FIN || w.sent.len != 0 ||
            !event_log_has(&rig.hub.log, broken_rows[i].logged)) {
            fail_msg("%s: %d closes, journal:\n%s", broken_rows[i].rule, w.closes,
                     buf_text(&rig.hub.log.lines));
        }
        wire_end(&w);
        session_rig_close(&rig);
    }
}

static const struct {
    uint16_t keepalive_s;
    uint64_t wait_us;
} keepalive_rows[] = {
    {60, 90000000},     {1, 1500000},        {1177, 1765500000},
    {1178, 1767000000}, {65535, 1767000000}, {0, 1767000000},
};

static void silence_ends_a_connection_after_one_and_a_half_keepalives(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(keepalive_rows); i++) {
        struct session_rig rig;
        struct wire w;
        char token[400];
        char after[40];
        struct mqtt_connect c = rig_connect(token);
        c.keepalive_s = keepalive_rows[i].keepalive_s;
        session_rig_open(&rig);
        wire_open(&rig, &w, NULL);
        wire_feed_connect(&w, &c);
        rig_pass(&rig, &w, 1000000);
        wire_publish(&w, EVENTS_TOPIC, "any packet counts", 0, 0);
        rig_pass(&rig, &w, keepalive_rows[i].wait_us - 1);
        assert_int_equal(w.closes, 0);
        rig_pass(&rig, &w, 1);
        assert_int_equal(w.closes, 1);
        assert_int_equal(w.how, DROP_FIN);
        snprintf(after, sizeof after, "mqtt.keepalive_expired after_s=%d",
                 (int)(keepalive_rows[i].wait_us / 1000000));
        assert_logged(&rig.hub.log, after);
        wire_end(&w);
        session_rig_close(&rig);
    }
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

enum ending { END_TRANSPORT, END_DISCONNECT, END_KEEPALIVE, END_ERROR, END_TAKEN_OVER };

static const struct {
    const char *rule;
    const char *topic;
    enum ending ending;
    unsigned messages;
    unsigned notes;
} will_rows[] = {
    {"lost transport", EVENTS_TOPIC "a=1", END_TRANSPORT, 1, 0},
    {"DISCONNECT discards it", EVENTS_TOPIC, END_DISCONNECT, 0, 0},
    {"keep-alive", EVENTS_TOPIC, END_KEEPALIVE, 1, 0},
    {"protocol error", EVENTS_TOPIC, END_ERROR, 1, 0},
    {"taken over", EVENTS_TOPIC, END_TAKEN_OVER, 1, 0},
    {"another topic is dropped with a note", "home/kitchen", END_TRANSPORT, 0, 1},
    {"another device's topic", "devices/bench-02/messages/events/", END_TRANSPORT, 0, 1},
    {"unreadable bag", EVENTS_TOPIC "a=%4", END_TRANSPORT, 0, 1},
};

static void end_connection(struct session_rig *rig, struct wire *w, enum ending ending)
{
    struct wire newer;
    switch (ending) {
    case END_TRANSPORT:
        break;
    case END_DISCONNECT:
        wire_feed(w, SPAN_LITERAL("\xE0\x00"));
        break;
    case END_KEEPALIVE:
        rig_pass(rig, w, 90000000);
        break;
    case END_ERROR:
        wire_feed(w, SPAN_LITERAL("\xF0\x00"));
        break;
    case END_TAKEN_OVER: {
        char token[400];
        struct mqtt_connect c = rig_connect(token);
        wire_open(rig, &newer, NULL);
        wire_feed_connect(&newer, &c);
        wire_end(&newer);
        break;
    }
    }
    assert_int_equal(w->closes, ending != END_TRANSPORT);
    wire_end(w);
}

static void a_will_is_stored_on_any_end_without_disconnect(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(will_rows); i++) {
        struct session_rig rig;
        struct wire w;
        char token[400];
        struct mqtt_connect c = connect_with_will(token, will_rows[i].topic);
        session_rig_open(&rig);
        wire_open(&rig, &w, NULL);
        wire_feed_connect(&w, &c);
        end_connection(&rig, &w, will_rows[i].ending);
        bool is_marked = event_log_has(&rig.hub.log, "\"iothub-MessageType\":\"Will\"") &&
                         event_log_has(&rig.hub.log, "will=true\n") &&
                         event_log_has(&rig.hub.log, "body=gone");
        if (rig.hub.log.counts[EVENT_D2C_MESSAGE] != will_rows[i].messages ||
            rig.hub.log.counts[EVENT_RUN_NOTE] != will_rows[i].notes ||
            is_marked != (will_rows[i].messages == 1)) {
            fail_msg("%s: journal:\n%s", will_rows[i].rule, buf_text(&rig.hub.log.lines));
        }
        session_rig_close(&rig);
    }
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

static void disconnect_closes_and_says_so(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    wire_feed(&w, SPAN_LITERAL("\xE0\x00\xC0\x00"));
    assert_string_equal(buf_text(&rig.hub.log.lines), "mqtt.disconnect\n");
    assert_int_equal(w.closes, 1);
    assert_int_equal(w.sent.len, 0);
    assert_int_equal(mqtt_session_deadline_us(w.session), UINT64_MAX);
    wire_end(&w);
    session_rig_close(&rig);
}

static void a_token_ends_its_connection_after_the_grace(void **state)
{
    (void)state;
    static const uint32_t graces_s[] = {300, 0, 600};
    for (size_t i = 0; i < HR_COUNT_OF(graces_s); i++) {
        struct session_rig rig;
        struct wire w;
        struct hub_settings settings;
        char token[400];
        char after[40];
        struct mqtt_connect c = rig_connect(token); // 3600 s
        c.keepalive_s = 0;
        hub_settings_init(&settings, RIG_HOST);
        settings.sas_grace_s = graces_s[i];
        session_rig_open_with(&rig, &settings);
        wire_open(&rig, &w, NULL);
        wire_feed_connect(&w, &c);
        for (uint32_t left_s = 3600 + graces_s[i]; left_s > 300; left_s -= 300) {
            rig_pass(&rig, &w, 300000000);
            wire_feed(&w, SPAN_LITERAL("\xC0\x00"));
        }
        rig_pass(&rig, &w, 299999999);
        assert_int_equal(w.closes, 0);
        rig_pass(&rig, &w, 1);
        assert_int_equal(w.closes, 1);
        snprintf(after, sizeof after, "sas.expired after_s=%u", graces_s[i]);
        assert_logged(&rig.hub.log, after);
        wire_end(&w);
        session_rig_close(&rig);
    }
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

static void a_disabled_device_is_disconnected(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    wire_open_connected(&rig, &w);
    assert_int_equal(hub_set_disabled(rig.hub.hub, "bench-01", true), 0);
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "the identity is disabled");
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
        cmocka_unit_test(publishes_follow_the_topic_rules),
        cmocka_unit_test(a_module_publishes_below_its_own_topic),
        cmocka_unit_test(filters_are_granted_and_strangers_noted_or_closed),
        cmocka_unit_test(one_suback_answers_all_filters_of_a_packet),
        cmocka_unit_test(the_sixth_filter_is_noted_or_closed),
        cmocka_unit_test(unsubscribe_is_always_acknowledged),
        cmocka_unit_test(pings_are_answered),
        cmocka_unit_test(broken_packets_close_without_an_answer),
        cmocka_unit_test(silence_ends_a_connection_after_one_and_a_half_keepalives),
        cmocka_unit_test(a_will_is_stored_on_any_end_without_disconnect),
        cmocka_unit_test(a_refused_connect_leaves_no_will),
        cmocka_unit_test(disconnect_closes_and_says_so),
        cmocka_unit_test(a_token_ends_its_connection_after_the_grace),
        cmocka_unit_test(a_token_follows_the_hubs_clock_within_a_second),
        cmocka_unit_test(a_disabled_device_is_disconnected),
        cmocka_unit_test(kept_filters_count_after_a_reconnect),
        cmocka_unit_test(pieces_of_any_size_give_the_same_events_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
