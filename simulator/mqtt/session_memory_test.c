// SPDX-License-Identifier: MIT
// The n-th allocation fails, for every n: nothing leaks, nothing crashes, and the session either
// ends or lives on.
#include "base/scarce.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/renewal.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/session_rig.h"

#include <jansson.h>
#include <stdlib.h>

struct transport {
    size_t sent_bytes;
    int closes;
};

static void on_send(void *context, struct span bytes)
{
    ((struct transport *)context)->sent_bytes += bytes.len;
}

static void on_close(void *context, enum drop_how how)
{
    (void)how;
    ((struct transport *)context)->closes++;
}

static void on_stall(void *context)
{
    (void)context;
}

static void write_life(struct buf *bytes)
{
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    const struct mqtt_filter filter = {SPAN_LITERAL("$iothub/twin/res/#"), 1};
    const struct mqtt_publish p = {.topic = SPAN_LITERAL(EVENTS_TOPIC "a=%41&$.mid=1"),
                                   .body = SPAN_LITERAL("body"),
                                   .qos = 1,
                                   .packet_id = 3};
    c.has_will = true;
    c.is_clean = false;
    c.will_topic = SPAN_LITERAL(EVENTS_TOPIC "w=1");
    c.will_body = SPAN_LITERAL("gone");
    buf_init(bytes, 100000);
    assert_int_equal(mqtt_write_connect(&c, bytes), 0);
    assert_int_equal(mqtt_write_subscribe(1, &filter, 1, bytes), 0);
    assert_int_equal(mqtt_write_publish(&p, bytes), 0);
    assert_int_equal(mqtt_write_pingreq(bytes), 0);
    assert_int_equal(mqtt_write_unsubscribe(2, &filter.text, 1, bytes), 0);
}

// One hub, one identity, one life; every step may fail for want of memory. The journal has no
// listener, so that only the code under test allocates.
static void live(void *bytes)
{
    scarce_begin();
    struct fake_world fake = {.utc_us = RIG_NOW_S * INT64_C(1000000)};
    struct env env = env_fake(&fake);
    struct hub_settings settings;
    struct transport transport = {0};
    const struct mqtt_outlet outlet = {&transport, on_send, on_close, on_stall, NULL};
    const struct identity identity = {.name = "bench-01", .primary_key = RIG_KEY};
    hub_settings_init(&settings, RIG_HOST);
    struct journal *journal = journal_new(&env);
    struct fault_plan *faults = journal ? faults_new(journal) : NULL;
    struct hub *hub = journal ? hub_new(&settings, &env, journal) : NULL;
    bool has_identity = hub && hub_add_identity(hub, &identity) == 0;
    struct mqtt_world world = {.env = &env, .hub = hub, .faults = faults, .journal = journal};
    struct mqtt_session *s =
        faults && has_identity ? mqtt_session_new(&world, &outlet, 1, NULL) : NULL;
    if (s) {
        mqtt_session_feed(s, buf_span(bytes));
        mqtt_session_tick(s);
        mqtt_session_end(s);
        mqtt_session_free(s);
        assert_true(transport.closes <= 1);
    }
    if (!scarce_has_failed()) {
        assert_int_equal(transport.sent_bytes, 4 + 5 + 4 + 2 + 4);
    }
    hub_free(hub);
    faults_free(faults);
    journal_free(journal);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct buf bytes;
    write_life(&bytes);
    assert_true(scarce_live(live, &bytes) > 30); // the wrapping works
    buf_deinit(&bytes);
}

static void write_subscriptions(struct buf *bytes)
{
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    const struct mqtt_filter filters[] = {
        {SPAN_LITERAL("devices/bench-01/messages/devicebound/#"), 1},
        {SPAN_LITERAL("$iothub/twin/res/#"), 0},
        {SPAN_LITERAL("$iothub/twin/PATCH/properties/desired/#"), 0},
        {SPAN_LITERAL("$iothub/methods/POST/#"), 0},
        {SPAN_LITERAL("$iothub/credentials/res/#"), 0}};
    c.username = SPAN_LITERAL(RIG_HOST "/bench-01/?api-version=2025-08-01-preview");
    buf_init(bytes, 100000);
    assert_int_equal(mqtt_write_connect(&c, bytes), 0);
    assert_int_equal(mqtt_write_subscribe(1, filters, HR_COUNT_OF(filters), bytes), 0);
}

static void write_requests(struct buf *bytes)
{
    const struct mqtt_publish publishes[] = {
        {.topic = SPAN_LITERAL("$iothub/twin/GET/?$rid=1")},
        {.topic = SPAN_LITERAL("$iothub/twin/PATCH/properties/reported/?$rid=2"),
         .body = SPAN_LITERAL("{\"a\":{\"b\":[1,2.5]},\"c\":\"x\"}")},
        {.topic = SPAN_LITERAL("$iothub/twin/PATCH/properties/reported/?$rid=3"),
         .body = SPAN_LITERAL("{\"a.b\":1}")},
        {.topic = SPAN_LITERAL("$iothub/methods/res/200/?$rid=1"), .body = SPAN_LITERAL("{}")},
        {.topic = SPAN_LITERAL("$iothub/credentials/POST/issueCertificate/?$rid=4"),
         .body = SPAN_LITERAL("{\"id\":\"bench-01\",\"csr\":\"Z29vZA==\"}")},
        {.topic = SPAN_LITERAL("$iothub/credentials/POST/issueCertificate/?$rid=5"),
         .body = SPAN_LITERAL("{\"id\":\"bench-01\",\"csr\":\"Z29vZA==\"}")}};
    buf_init(bytes, 100000);
    for (size_t i = 0; i < HR_COUNT_OF(publishes); i++) {
        assert_int_equal(mqtt_write_publish(&publishes[i], bytes), 0);
    }
    assert_int_equal(mqtt_write_puback(2, bytes), 0);
}

static void ignore_done(void *context, const struct method_outcome *outcome)
{
    *(enum reason *)context = outcome->reason;
}

// What the service does; each step may fail for want of memory, and then says so.
static void serve(struct hub *hub)
{
    enum reason ended = REASON_OK;
    const struct span name = SPAN_LITERAL("bench-01");
    const struct c2d_property p = {SPAN_LITERAL("k"), SPAN_LITERAL("v")};
    const struct c2d_message m = {.body = SPAN_LITERAL("on"),
                                  .message_id = SPAN_LITERAL("m"),
                                  .properties = &p,
                                  .property_count = 1,
                                  .ack = C2D_ACK_FULL};
    const struct method_call call = {.name = name, .method = SPAN_LITERAL("go")};
    struct buf saved;
    buf_init(&saved, 1 << 20);
    enum reason sent = hub_c2d_send(hub, name, &m, NULL);
    enum reason patched = hub_twin_patch(hub, name,
                                         SPAN_LITERAL("{\"tags\":{\"t\":1},\"properties\":"
                                                      "{\"desired\":{\"r\":{\"s\":5}}}}"),
                                         SPAN_LITERAL("AAAAAAAAAAE="));
    enum reason called = hub_method_invoke(hub, &call, ignore_done, &ended, NULL);
    int code = hub_twin_export(hub, name, &saved);
    code = code < 0 ? code : hub_twin_import(hub, name, buf_span(&saved));
    if (!scarce_has_failed()) {
        assert_int_equal(sent, REASON_OK);
        assert_int_equal(patched, REASON_OK);
        assert_int_equal(called, REASON_OK);
        assert_int_equal(code, 0);
    }
    buf_deinit(&saved);
}

static int issue(void *context, struct span csr_der, const char *common_name, int64_t from_s,
                 int64_t to_s, struct buf chain[RENEWAL_CHAIN_COUNT])
{
    (void)context;
    (void)common_name;
    assert_true(from_s < to_s);
    for (size_t i = 0; i < RENEWAL_CHAIN_COUNT; i++) {
        TRY(buf_append(&chain[i], csr_der));
    }
    return 0;
}

struct talk {
    struct buf connecting;
    struct buf requests;
};

static void live_with_service(void *context)
{
    const struct talk *talk = context;
    struct hub_rig rig;
    struct transport transport = {0};
    // the rig itself is not under test
    rig_open(&rig);
    journal_unlisten(rig.journal, event_log_add, &rig.log);
    const struct mqtt_outlet outlet = {&transport, on_send, on_close, on_stall, NULL};
    struct fault_plan *faults = faults_new(rig.journal);
    struct mqtt_world world = {
        .env = &rig.env, .hub = rig.hub, .faults = faults, .journal = rig.journal};
    const struct hub_issuer issuer = {NULL, issue};
    hub_set_issuer(rig.hub, &issuer);
    struct mqtt_session *s = mqtt_session_new(&world, &outlet, 1, NULL);
    assert_non_null(s);
    scarce_begin();
    mqtt_session_feed(s, buf_span(&talk->connecting));
    if (transport.closes == 0) {
        serve(rig.hub);
        mqtt_session_feed(s, buf_span(&talk->requests));
        rig.fake.mono_us += 1000000;
        hub_tick(rig.hub); // the certificate is there
    }
    mqtt_session_end(s);
    scarce_end();
    if (!scarce_has_failed()) {
        assert_int_equal(transport.closes, 0);
        assert_int_equal(hub_c2d_count(rig.hub, SPAN_LITERAL("bench-01")), 0);
    }
    mqtt_session_free(s);
    faults_free(faults);
    rig_close(&rig);
}

static void any_allocation_for_messages_twins_and_methods_may_fail(void **state)
{
    (void)state;
    struct talk talk;
    write_subscriptions(&talk.connecting);
    write_requests(&talk.requests);
    assert_true(scarce_live(live_with_service, &talk) > 150); // jansson's are among them
    buf_deinit(&talk.connecting);
    buf_deinit(&talk.requests);
}

static void *json_malloc(size_t size)
{
    return malloc(size);
}

int main(void)
{
    json_set_alloc_funcs(json_malloc, free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_allocation_for_messages_twins_and_methods_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
