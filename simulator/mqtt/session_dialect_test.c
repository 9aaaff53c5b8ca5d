// SPDX-License-Identifier: MIT
// Messages from the cloud, twins and methods on the wire, rule by rule of "IoT Hub over MQTT".
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/session_rig.h"

#include <inttypes.h>
#include <stdlib.h>

#define C2D_FILTER     "devices/bench-01/messages/devicebound/#"
#define C2D_TOPIC      "devices/bench-01/messages/devicebound/"
#define TO             "%24.to=%2Fdevices%2Fbench-01%2Fmessages%2FdeviceBound"
#define TWIN_FILTER    "$iothub/twin/res/#"
#define DESIRED_FILTER "$iothub/twin/PATCH/properties/desired/#"
#define METHOD_FILTER  "$iothub/methods/POST/#"

// One line per packet that the hub sent: "PUBLISH q1 d0 #2 TOPIC BODY", "PUBACK". Empties `sent`.
static const char *sent(struct wire *w)
{
    static char text[20000];
    struct mqtt_reader reader;
    struct mqtt_packet packet;
    struct span bytes = buf_span(&w->sent);
    size_t at = 0;
    text[0] = '\0';
    mqtt_reader_init(&reader);
    while (mqtt_reader_next(&reader, &bytes, &packet) == 1) {
        struct mqtt_publish p;
        if (packet.type == PACKET_PUBLISH) {
            assert_int_equal(mqtt_read_publish(&packet, &p), 0);
            at += (size_t)snprintf(text + at, sizeof text - at, "q%d d%d #%d %.*s %.*s\n", p.qos,
                                   p.is_dup, p.packet_id, SPAN_ARG(p.topic), SPAN_ARG(p.body));
        } else {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s\n",
                                   mqtt_packet_name(packet.type));
        }
        assert_true(at < sizeof text);
    }
    mqtt_reader_deinit(&reader);
    buf_clear(&w->sent);
    return text;
}

static void connect_as(struct session_rig *rig, struct wire *w, const char *name, bool is_clean,
                       const char *tail)
{
    char token[400];
    char username[400];
    struct mqtt_connect c = rig_connect(token);
    snprintf(username, sizeof username, RIG_HOST "/%s%s", name, tail);
    rig_token(RIG_HOST, name, RIG_KEY, 3600, token);
    c.client_id = span_text(name);
    c.username = span_text(username);
    c.password = span_text(token);
    c.is_clean = is_clean;
    wire_open(rig, w, NULL);
    wire_feed_connect(w, &c);
}

static void open_device(struct session_rig *rig, struct wire *w, const char *filter, int qos)
{
    session_rig_open(rig);
    connect_as(rig, w, "bench-01", false, "/?api-version=2021-04-12");
    if (filter) {
        wire_subscribe(w, filter, qos, 1);
    }
    buf_clear(&w->sent);
    event_log_clear(&rig->hub.log);
}

static void close_device(struct session_rig *rig, struct wire *w)
{
    wire_end(w);
    session_rig_close(rig);
}

static uint64_t send_to(struct session_rig *rig, const char *name, const char *body)
{
    uint64_t sequence = 0;
    const struct c2d_message m = {.body = span_text(body)};
    assert_int_equal(hub_c2d_send(rig->hub.hub, span_text(name), &m, &sequence), REASON_OK);
    return sequence;
}

static void puback(struct wire *w, uint16_t packet_id)
{
    struct buf packet;
    buf_init(&packet, 16);
    wire_feed_packet(w, &packet, mqtt_write_puback(packet_id, &packet));
}

static size_t waiting(struct session_rig *rig)
{
    return hub_c2d_count(rig->hub.hub, SPAN_LITERAL("bench-01"));
}

// Moves time for the session and the hub.
static void pass(struct session_rig *rig, struct wire *w, uint64_t seconds)
{
    rig_pass(rig, w, seconds * 1000000);
    hub_tick(rig->hub.hub);
}

// ---- cloud to device

static const struct {
    const char *rule;
    const char *name;
    const char *filter;
    int qos;
    bool is_served;
} filter_rows[] = {
    {"device at QoS 1", "bench-01", C2D_FILTER, 1, true},
    {"device at QoS 0", "bench-01", C2D_FILTER, 0, true},
    {"device at QoS 2 is granted 1", "bench-01", C2D_FILTER, 2, true},
    {"+ for the id (embedded C)", "bench-01", "devices/+/messages/devicebound/#", 1, true},
    {"module, all (C, C#)", "bench-01/mod-a", "devices/bench-01/modules/mod-a/#", 1, true},
    {"module, devicebound (Java)", "bench-01/mod-a",
     "devices/bench-01/modules/mod-a/messages/devicebound/#", 1, true},
    {"module inputs are something else", "bench-01/mod-a",
     "devices/bench-01/modules/mod-a/inputs/#", 1, false},
    {"twin answers are something else", "bench-01", TWIN_FILTER, 1, false},
    {"another device's", "bench-01", "devices/bench-02/messages/devicebound/#", 1, false},
};

static void messages_come_to_who_subscribed_at_the_granted_qos(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(filter_rows); i++) {
        struct session_rig rig;
        struct wire w;
        char expected[300];
        const char *module = strchr(filter_rows[i].name, '/') ? "/modules/mod-a" : "";
        const char *code = module[0] ? "%2Fmodules%2Fmod-a" : "";
        int qos = filter_rows[i].qos ? 1 : 0;
        session_rig_open(&rig);
        connect_as(&rig, &w, filter_rows[i].name, true, "/?api-version=2021-04-12");
        wire_subscribe(&w, filter_rows[i].filter, filter_rows[i].qos, 1);
        buf_clear(&w.sent);
        send_to(&rig, filter_rows[i].name, "on");
        snprintf(
            expected, sizeof expected,
            "q%d d0 #%d devices/bench-01%s/messages/devicebound/%%24.to=%%2Fdevices%%2Fbench-01"
            "%s%%2Fmessages%%2FdeviceBound on\n",
            qos, qos ? 2 : 0, module, code);
        const char *seen = sent(&w);
        if (strcmp(seen, filter_rows[i].is_served ? expected : "") != 0) {
            fail_msg("%s: sent %s", filter_rows[i].rule, seen);
        }
        close_device(&rig, &w);
    }
}

static void qos_0_completes_at_once_and_qos_1_with_its_puback(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, C2D_FILTER, 0);
    send_to(&rig, "bench-01", "a");
    assert_int_equal(waiting(&rig), 0);
    wire_subscribe(&w, C2D_FILTER, 1, 2);
    send_to(&rig, "bench-01", "b");
    assert_int_equal(waiting(&rig), 1);
    assert_logged(&rig.hub.log,
                  "c2d.delivered sequence=2 message_id=\"\" qos=1 dup=false packet_id=3");
    puback(&w, 3);
    assert_int_equal(waiting(&rig), 0);
    assert_int_equal(w.closes, 0);
    close_device(&rig, &w);
}

static void the_property_bag_goes_out_as_the_sdks_read_it(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    const struct c2d_property p = {SPAN_LITERAL("colour"), SPAN_LITERAL("dark red")};
    const struct c2d_message m = {.message_id = SPAN_LITERAL("m-7"),
                                  .ack = C2D_ACK_FULL,
                                  .properties = &p,
                                  .property_count = 1};
    open_device(&rig, &w, C2D_FILTER, 1);
    assert_int_equal(hub_c2d_send(rig.hub.hub, SPAN_LITERAL("bench-01"), &m, NULL), REASON_OK);
    assert_string_equal(sent(&w), "q1 d0 #2 " C2D_TOPIC "%24.mid=m-7&" TO
                                  "&iothub-ack=full&colour=dark%20red \n");
    assert_logged(&rig.hub.log, "c2d.delivered sequence=1 message_id=m-7");
    close_device(&rig, &w);
}

static void what_waits_is_delivered_behind_the_suback(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, NULL, 0);
    send_to(&rig, "bench-01", "a");
    send_to(&rig, "bench-01", "b");
    assert_string_equal(sent(&w), "");
    wire_subscribe(&w, C2D_FILTER, 1, 1);
    assert_string_equal(sent(&w),
                        "SUBACK\nq1 d0 #2 " C2D_TOPIC TO " a\nq1 d0 #3 " C2D_TOPIC TO " b\n");
    close_device(&rig, &w);
}

static void a_kept_session_is_served_without_subscribe_and_again_with_dup(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct wire again;
    open_device(&rig, &w, C2D_FILTER, 1);
    send_to(&rig, "bench-01", "a");
    wire_end(&w);
    assert_logged(&rig.hub.log,
                  "c2d.returned sequence=1 message_id=\"\" why=\"the connection ended\"");
    send_to(&rig, "bench-01", "b");
    connect_as(&rig, &again, "bench-01", false, "/?api-version=2021-04-12");
    assert_string_equal(sent(&again),
                        "CONNACK\nq1 d1 #2 " C2D_TOPIC TO " a\nq1 d0 #3 " C2D_TOPIC TO " b\n");
    puback(&again, 2);
    puback(&again, 3);
    assert_int_equal(waiting(&rig), 0);
    close_device(&rig, &again);
}

static void a_clean_session_gets_nothing_before_subscribe_but_the_queue_stays(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct wire again;
    open_device(&rig, &w, C2D_FILTER, 1);
    send_to(&rig, "bench-01", "a");
    wire_end(&w);
    connect_as(&rig, &again, "bench-01", true, "/?api-version=2021-04-12");
    assert_string_equal(sent(&again), "CONNACK\n");
    wire_subscribe(&again, C2D_FILTER, 1, 1);
    assert_string_equal(sent(&again), "SUBACK\nq1 d0 #2 " C2D_TOPIC TO " a\n"); // a new delivery
    close_device(&rig, &again);
}

static void pubacks_come_in_the_order_of_delivery(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, C2D_FILTER, 1);
    send_to(&rig, "bench-01", "a");
    send_to(&rig, "bench-01", "b");
    puback(&w, 3);
    assert_int_equal(w.closes, 1);
    assert_logged(&rig.hub.log, "packet id 3 is not the next one to be acknowledged; the hub waits "
                                "for 2");
    assert_int_equal(waiting(&rig), 2);
    close_device(&rig, &w);
}

static void a_message_without_puback_comes_again_after_60_s_with_dup(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, C2D_FILTER, 1);
    send_to(&rig, "bench-01", "a");
    send_to(&rig, "bench-01", "b");
    sent(&w);
    puback(&w, 2);
    for (int i = 0; i < 6; i++) { // the keep-alive wants packets
        pass(&rig, &w, 10);
        wire_feed(&w, SPAN_LITERAL("\xC0\x00"));
        w.sent.len = i < 5 ? 0 : w.sent.len;
    }
    assert_string_equal(sent(&w), "q1 d1 #3 " C2D_TOPIC TO " b\nPINGRESP\n");
    puback(&w, 3);
    puback(&w, 3); // of the second copy
    assert_int_equal(w.closes, 0);
    assert_int_equal(waiting(&rig), 0);
    puback(&w, 3);
    assert_int_equal(w.closes, 1);
    close_device(&rig, &w);
}

static void faults_act_on_messages(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, C2D_FILTER, 0);
    rig_arm(&rig, "delay 2s at mqtt.c2d");
    send_to(&rig, "bench-01", "a");
    assert_string_equal(sent(&w), "");
    assert_int_equal(waiting(&rig), 1); // QoS 0 completes with the sending
    assert_true(w.wakes > 0);
    pass(&rig, &w, 2);
    assert_string_equal(sent(&w), "q0 d0 #0 " C2D_TOPIC TO " a\n");
    assert_int_equal(waiting(&rig), 0);
    rig_arm(&rig, "swallow at mqtt.c2d");
    send_to(&rig, "bench-01", "b");
    assert_string_equal(sent(&w), "");
    assert_int_equal(waiting(&rig), 1);
    rig_arm(&rig, "drop rst at mqtt.c2d");
    send_to(&rig, "bench-01", "c");
    assert_int_equal(w.closes, 1);
    assert_int_equal(w.how, DROP_RST);
    assert_int_equal(waiting(&rig), 2);
    close_device(&rig, &w);
}

static void a_device_with_128_unacknowledged_messages_gets_no_more(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, C2D_FILTER, 1);
    size_t delivered = 0;
    for (int i = 0; i < 140; i++) { // purged ones were delivered too and still lack their PUBACK
        send_to(&rig, "bench-01", "a");
        hub_c2d_purge(rig.hub.hub, SPAN_LITERAL("bench-01"));
    }
    delivered = rig.hub.log.counts[EVENT_C2D_DELIVERED];
    assert_int_equal(delivered, 128);
    send_to(&rig, "bench-01", "last");
    buf_clear(&w.sent);
    puback(&w, 2);
    assert_string_equal(sent(&w), "q1 d0 #142 " C2D_TOPIC TO " last\n");
    close_device(&rig, &w);
}

// ---- twins

static const struct {
    const char *rule;
    const char *topic;
    const char *body;
    int qos;
    const char *sent;
} twin_rows[] = {
    {"GET", "$iothub/twin/GET/?$rid=4711", "", 0,
     "q0 d0 #0 $iothub/twin/res/200/?$rid=4711 "
     "{\"desired\":{\"a\":1,\"$version\":2},\"reported\":{\"$version\":1}}\n"},
    {"GET with one blank as payload (Node, Python)", "$iothub/twin/GET/?$rid=1", " ", 0,
     "q0 d0 #0 $iothub/twin/res/200/?$rid=1 "
     "{\"desired\":{\"a\":1,\"$version\":2},\"reported\":{\"$version\":1}}\n"},
    {"the question mark may follow the segment", "$iothub/twin/GET?$rid=1", "", 0,
     "q0 d0 #0 $iothub/twin/res/200/?$rid=1 "
     "{\"desired\":{\"a\":1,\"$version\":2},\"reported\":{\"$version\":1}}\n"},
    {"other keys are ignored", "$iothub/twin/GET/?x=y&$rid=1&z", "", 0,
     "q0 d0 #0 $iothub/twin/res/200/?$rid=1 "
     "{\"desired\":{\"a\":1,\"$version\":2},\"reported\":{\"$version\":1}}\n"},
    {"at QoS 1 the PUBACK comes too (Java)", "$iothub/twin/GET/?$rid=1", "", 1,
     "PUBACK\nq0 d0 #0 $iothub/twin/res/200/?$rid=1 "
     "{\"desired\":{\"a\":1,\"$version\":2},\"reported\":{\"$version\":1}}\n"},
    {"PATCH is 204, rid before version", "$iothub/twin/PATCH/properties/reported/?$rid=2",
     "{\"b\":2}", 0, "q0 d0 #0 $iothub/twin/res/204/?$rid=2&$version=2 \n"},
    {"rid is echoed byte for byte", "$iothub/twin/PATCH/properties/reported/?$rid=0aF-9%20_x", "{}",
     0, "q0 d0 #0 $iothub/twin/res/204/?$rid=0aF-9%20_x&$version=2 \n"},
    {"PATCH without rid is applied, no answer", "$iothub/twin/PATCH/properties/reported/", "{}", 0,
     ""},
};

static void twin_requests_are_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(twin_rows); i++) {
        struct session_rig rig;
        struct wire w;
        open_device(&rig, &w, TWIN_FILTER, 1);
        assert_int_equal(hub_twin_patch_desired(rig.hub.hub, SPAN_LITERAL("bench-01"),
                                                SPAN_LITERAL("{\"a\":1}"), NULL),
                         REASON_OK);
        wire_publish(&w, twin_rows[i].topic, twin_rows[i].body, twin_rows[i].qos, 9);
        const char *seen = sent(&w);
        if (strcmp(seen, twin_rows[i].sent) != 0 || w.closes) {
            fail_msg("%s: sent %s", twin_rows[i].rule, seen);
        }
        close_device(&rig, &w);
    }
}

static const struct {
    const char *rule;
    const char *topic;
    const char *why;
} closing_rows[] = {
    {"GET without rid", "$iothub/twin/GET/", "has no $rid"},
    {"GET with an empty rid", "$iothub/twin/GET/?$rid=", "has no $rid"},
    {"unknown twin topic", "$iothub/twin/PUT/?$rid=1", "is no twin request"},
    {"desired cannot be patched", "$iothub/twin/PATCH/properties/desired/?$rid=1",
     "is no twin request"},
    {"twin answers come from the hub", "$iothub/twin/res/200/?$rid=1", "is no twin request"},
    {"method without status", "$iothub/methods/res/?$rid=1", "is no answer to a method"},
    {"method with a status that is no number", "$iothub/methods/res/ok/?$rid=1",
     "is no answer to a method"},
    {"method requests come from the hub", "$iothub/methods/POST/x/?$rid=1",
     "is no answer to a method"},
};

static void other_topics_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(closing_rows); i++) {
        struct session_rig rig;
        struct wire w;
        open_device(&rig, &w, TWIN_FILTER, 0);
        wire_publish(&w, closing_rows[i].topic, "{}", 1, 9);
        if (w.closes != 1 || w.sent.len || !event_log_has(&rig.hub.log, closing_rows[i].why)) {
            fail_msg("%s: %s", closing_rows[i].rule, buf_text(&rig.hub.log.lines));
        }
        close_device(&rig, &w);
    }
}

static void a_patch_beyond_the_limits_gets_400_with_a_body(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, TWIN_FILTER, 0);
    wire_publish(&w, "$iothub/twin/PATCH/properties/reported/?$rid=7", "{\"a.b\":1}", 0, 0);
    const char *seen = sent(&w);
    assert_non_null(strstr(seen, "q0 d0 #0 $iothub/twin/res/400/?$rid=7 {\"errorCode\":400004,"));
    assert_non_null(strstr(seen, "\"message\":\"ErrorCode:ArgumentInvalid;a key has no"));
    assert_logged(&rig.hub.log, "twin.refused status=400 code=400004 why=\"a key has no");
    assert_logged(&rig.hub.log, "rid=7 request=PATCH");
    close_device(&rig, &w);
}

static void without_api_version_every_twin_request_gets_400(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    session_rig_open(&rig);
    connect_as(&rig, &w, "bench-01", true, "");
    wire_subscribe(&w, TWIN_FILTER, 0, 1);
    sent(&w);
    wire_publish(&w, "$iothub/twin/GET/?$rid=1", "", 0, 0);
    assert_non_null(strstr(sent(&w), "$iothub/twin/res/400/?$rid=1 {\"errorCode\":400004"));
    wire_publish(&w, "$iothub/twin/PATCH/properties/reported/?$rid=2", "{}", 0, 0);
    assert_non_null(strstr(sent(&w), "$iothub/twin/res/400/?$rid=2 {\"errorCode\":400004"));
    wire_publish(&w, EVENTS_TOPIC, "{}", 0, 0);
    assert_logged(&rig.hub.log, "d2c.message");
    close_device(&rig, &w);
}

static void a_twin_answer_needs_the_subscription(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, DESIRED_FILTER, 0);
    wire_publish(&w, "$iothub/twin/PATCH/properties/reported/?$rid=1", "{\"a\":1}", 0, 0);
    assert_string_equal(sent(&w), "");
    assert_logged(&rig.hub.log, "twin.reported version=2 patch={\"a\":1}");
    assert_logged(&rig.hub.log, "has not subscribed to $iothub/twin/res/#");
    assert_int_equal(w.closes, 0);
    close_device(&rig, &w);
}

static void desired_changes_are_pushed_at_qos_0_to_who_subscribed(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    const struct span name = SPAN_LITERAL("bench-01");
    open_device(&rig, &w, TWIN_FILTER, 1);
    assert_int_equal(hub_twin_patch_desired(rig.hub.hub, name, SPAN_LITERAL("{\"a\":1}"), NULL),
                     REASON_OK);
    assert_string_equal(sent(&w), "");
    wire_subscribe(&w, DESIRED_FILTER, 1, 2);
    assert_string_equal(sent(&w), "SUBACK\n"); // never stored
    assert_int_equal(hub_twin_patch_desired(rig.hub.hub, name, SPAN_LITERAL("{\"a\":null}"), NULL),
                     REASON_OK);
    assert_string_equal(sent(&w), "q0 d0 #0 $iothub/twin/PATCH/properties/desired/?$version=3 "
                                  "{\"a\":null,\"$version\":3}\n");
    assert_logged(&rig.hub.log, "twin.pushed version=3");
    close_device(&rig, &w);
}

static void faults_act_on_twin_answers_and_pushes(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    open_device(&rig, &w, TWIN_FILTER, 0);
    wire_subscribe(&w, DESIRED_FILTER, 0, 2);
    sent(&w);
    rig_arm(&rig, "delay 3s at twin.response");
    wire_publish(&w, "$iothub/twin/PATCH/properties/reported/?$rid=1", "{}", 0, 0);
    wire_publish(&w, "$iothub/twin/PATCH/properties/reported/?$rid=2", "{}", 0, 0);
    assert_string_equal(sent(&w), "");
    pass(&rig, &w, 3);
    assert_string_equal(sent(&w), "q0 d0 #0 $iothub/twin/res/204/?$rid=1&$version=2 \n"
                                  "q0 d0 #0 $iothub/twin/res/204/?$rid=2&$version=3 \n");
    rig_arm(&rig, "swallow at twin.desired");
    assert_int_equal(hub_twin_patch_desired(rig.hub.hub, SPAN_LITERAL("bench-01"),
                                            SPAN_LITERAL("{\"a\":1}"), NULL),
                     REASON_OK);
    assert_string_equal(sent(&w), "");
    assert_int_equal(rig.hub.log.counts[EVENT_TWIN_PUSHED], 0);
    rig_arm(&rig, "drop fin at twin.response");
    wire_publish(&w, "$iothub/twin/GET/?$rid=3", "", 0, 0);
    assert_int_equal(w.closes, 1);
    close_device(&rig, &w);
}

// ---- methods

static void count_done(void *context, const struct method_outcome *outcome)
{
    int *count = context;
    *count += outcome->reason == REASON_OK ? outcome->status : 10000;
}

static enum reason call(struct session_rig *rig, uint32_t connect_s, int *count)
{
    const struct method_call c = {.name = SPAN_LITERAL("bench-01"),
                                  .method = SPAN_LITERAL("getCarVIN"),
                                  .payload = SPAN_LITERAL("{\"x\":1}"),
                                  .connect_timeout_s = connect_s};
    *count = 0;
    return hub_method_invoke(rig->hub.hub, &c, count_done, count, NULL);
}

static const struct {
    const char *rule;
    const char *topic;
    int status; // 0: ignored
} answer_rows[] = {
    {"200", "$iothub/methods/res/200/?$rid=1", 200},
    {"any integer", "$iothub/methods/res/-7/?$rid=1", -7},
    {"a device's own 404", "$iothub/methods/res/404/?$rid=1", 404},
    {"unknown rid", "$iothub/methods/res/200/?$rid=2", 0},
    {"no rid", "$iothub/methods/res/200/", 0},
};

static void methods_are_called_at_qos_0_and_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(answer_rows); i++) {
        struct session_rig rig;
        struct wire w;
        int status = 0;
        open_device(&rig, &w, METHOD_FILTER, 1);
        assert_int_equal(call(&rig, 0, &status), REASON_OK);
        assert_string_equal(sent(&w),
                            "q0 d0 #0 $iothub/methods/POST/getCarVIN/?$rid=1 {\"x\":1}\n");
        assert_logged(&rig.hub.log, "method.invoked method=getCarVIN rid=1 payload={\"x\":1}");
        wire_publish(&w, answer_rows[i].topic, "", 0, 0);
        if (status != answer_rows[i].status || w.closes) {
            fail_msg("%s: seen %d", answer_rows[i].rule, status);
        }
        assert_int_equal(rig.hub.log.counts[EVENT_METHOD_LATE], answer_rows[i].status == 0);
        close_device(&rig, &w);
    }
}

static void a_method_needs_the_subscription(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    int status = 0;
    open_device(&rig, &w, TWIN_FILTER, 1);
    assert_int_equal(call(&rig, 0, &status), REASON_DEVICE_NOT_ONLINE);
    assert_int_equal(call(&rig, 10, &status), REASON_OK);
    assert_string_equal(sent(&w), "");
    wire_subscribe(&w, METHOD_FILTER, 0, 3);
    assert_string_equal(sent(&w),
                        "SUBACK\nq0 d0 #0 $iothub/methods/POST/getCarVIN/?$rid=2 {\"x\":1}\n");
    close_device(&rig, &w);
}

static void a_method_is_not_sent_again_after_a_reconnect(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    struct wire again;
    int status = 0;
    open_device(&rig, &w, METHOD_FILTER, 0);
    assert_int_equal(call(&rig, 0, &status), REASON_OK);
    wire_end(&w);
    connect_as(&rig, &again, "bench-01", false, "/?api-version=2021-04-12");
    assert_string_equal(sent(&again), "CONNACK\n");
    pass(&rig, &again, 30);
    assert_int_equal(status, 10000); // 504101
    assert_logged(&rig.hub.log, "method.failed method=getCarVIN reason=method-timeout");
    close_device(&rig, &again);
}

static void what_is_held_back_outside_a_turn_wakes_the_transport(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    int status = 0;
    open_device(&rig, &w, METHOD_FILTER, 0);
    wire_subscribe(&w, DESIRED_FILTER, 0, 2);
    sent(&w);
    rig_arm(&rig, "delay 2s at method.request");
    rig_arm(&rig, "delay 3s at twin.desired");
    int wakes = w.wakes;
    assert_int_equal(call(&rig, 0, &status), REASON_OK);
    assert_int_equal(w.wakes, wakes + 1);
    assert_int_equal(hub_twin_patch_desired(rig.hub.hub, SPAN_LITERAL("bench-01"),
                                            SPAN_LITERAL("{\"a\":1}"), NULL),
                     REASON_OK);
    assert_int_equal(w.wakes, wakes + 2);
    pass(&rig, &w, 2);
    assert_string_equal(sent(&w), "q0 d0 #0 $iothub/methods/POST/getCarVIN/?$rid=1 {\"x\":1}\n");
    pass(&rig, &w, 1);
    assert_non_null(strstr(sent(&w), "$iothub/twin/PATCH/properties/desired/?$version=2"));
    close_device(&rig, &w);
}

static void a_swallowed_method_runs_out(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    int status = 0;
    open_device(&rig, &w, METHOD_FILTER, 0);
    rig_arm(&rig, "swallow at method.request");
    assert_int_equal(call(&rig, 0, &status), REASON_OK);
    assert_string_equal(sent(&w), "");
    assert_int_equal(rig.hub.log.counts[EVENT_METHOD_INVOKED], 0);
    pass(&rig, &w, 30);
    assert_int_equal(status, 10000);
    close_device(&rig, &w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_to_who_subscribed_at_the_granted_qos),
        cmocka_unit_test(qos_0_completes_at_once_and_qos_1_with_its_puback),
        cmocka_unit_test(the_property_bag_goes_out_as_the_sdks_read_it),
        cmocka_unit_test(what_waits_is_delivered_behind_the_suback),
        cmocka_unit_test(a_kept_session_is_served_without_subscribe_and_again_with_dup),
        cmocka_unit_test(a_clean_session_gets_nothing_before_subscribe_but_the_queue_stays),
        cmocka_unit_test(pubacks_come_in_the_order_of_delivery),
        cmocka_unit_test(a_message_without_puback_comes_again_after_60_s_with_dup),
        cmocka_unit_test(faults_act_on_messages),
        cmocka_unit_test(a_device_with_128_unacknowledged_messages_gets_no_more),
        cmocka_unit_test(twin_requests_are_answered),
        cmocka_unit_test(other_topics_close),
        cmocka_unit_test(a_patch_beyond_the_limits_gets_400_with_a_body),
        cmocka_unit_test(without_api_version_every_twin_request_gets_400),
        cmocka_unit_test(a_twin_answer_needs_the_subscription),
        cmocka_unit_test(desired_changes_are_pushed_at_qos_0_to_who_subscribed),
        cmocka_unit_test(faults_act_on_twin_answers_and_pushes),
        cmocka_unit_test(methods_are_called_at_qos_0_and_answered),
        cmocka_unit_test(a_method_needs_the_subscription),
        cmocka_unit_test(a_method_is_not_sent_again_after_a_reconnect),
        cmocka_unit_test(what_is_held_back_outside_a_turn_wakes_the_transport),
        cmocka_unit_test(a_swallowed_method_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
