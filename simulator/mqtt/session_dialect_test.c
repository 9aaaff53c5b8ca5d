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
        cmocka_unit_test(the_property_bag_goes_out_as_the_sdks_read_it),
        cmocka_unit_test(a_message_without_puback_comes_again_after_60_s_with_dup),
        cmocka_unit_test(faults_act_on_messages),
        cmocka_unit_test(a_device_with_128_unacknowledged_messages_gets_no_more),
        cmocka_unit_test(a_patch_beyond_the_limits_gets_400_with_a_body),
        cmocka_unit_test(faults_act_on_twin_answers_and_pushes),
        cmocka_unit_test(what_is_held_back_outside_a_turn_wakes_the_transport),
        cmocka_unit_test(a_swallowed_method_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
