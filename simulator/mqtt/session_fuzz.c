// SPDX-License-Identifier: MIT
// A session under any bytes. The first byte says how many bytes are fed at a time and whether a
// good CONNECT stands before them; time passes between the pieces.
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/packet.h"
#include "simulator/mqtt/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1795168980, PIECE_MASK = 0x3F, CONNECT_BIT = 0x80, DELAY_BIT = 0x40 };

static const char key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

static void on_send(void *context, struct span bytes)
{
    *(size_t *)context += bytes.len;
}

static void on_close(void *context, enum drop_how how)
{
    (void)context;
    (void)how;
}

static void on_stall(void *context)
{
    (void)context;
}

static void feed_connect(struct mqtt_session *s)
{
    static struct buf packet;
    if (packet.len == 0) {
        struct buf token;
        struct span sr = SPAN_LITERAL("h/devices/d");
        struct span se = SPAN_LITERAL("1795172580");
        buf_init(&token, 1000);
        buf_init(&packet, 4000);
        if (buf_append_text(&token, "SharedAccessSignature sr=h/devices/d&se=1795172580&sig=") <
                0 ||
            sas_sign(key, sr, se, &token) < 0) {
            __builtin_trap();
        }
        const struct mqtt_connect c = {.level = 4,
                                       .keepalive_s = 60,
                                       .has_will = true,
                                       .will_topic = SPAN_LITERAL("devices/d/messages/events/"),
                                       .will_body = SPAN_LITERAL("w"),
                                       .client_id = SPAN_LITERAL("d"),
                                       .username = SPAN_LITERAL("h/d/?api-version=2021-04-12"),
                                       .password = buf_span(&token)};
        if (mqtt_write_connect(&c, &packet) < 0) {
            __builtin_trap();
        }
        buf_deinit(&token);
    }
    mqtt_session_feed(s, buf_span(&packet));
}

static void ignore_done(void *context, const struct method_outcome *outcome)
{
    *(size_t *)context += outcome->payload.len;
}

// Something for the device to take, should it subscribe.
static void serve(struct hub *hub, size_t *seen_bytes)
{
    const struct c2d_message m = {.body = SPAN_LITERAL("b"), .message_id = SPAN_LITERAL("m")};
    const struct method_call call = {
        .name = SPAN_LITERAL("d"), .method = SPAN_LITERAL("go"), .connect_timeout_s = 5};
    for (int i = 0; i < 3; i++) {
        (void)hub_c2d_send(hub, SPAN_LITERAL("d"), &m, NULL);
    }
    (void)hub_method_invoke(hub, &call, ignore_done, seen_bytes, NULL);
}

static void live(struct mqtt_session *s, struct fake_world *fake, uint8_t shape, struct span bytes)
{
    size_t step = shape & PIECE_MASK ? shape & PIECE_MASK : SIZE_MAX;
    if (shape & CONNECT_BIT) {
        feed_connect(s);
    }
    while (bytes.len) {
        mqtt_session_feed(s, span_slice(bytes, 0, step));
        bytes = span_from(bytes, step);
        fake->mono_us += 100000;
        fake->utc_us += 100000;
        if (mqtt_session_deadline_us(s) <= fake->mono_us) {
            mqtt_session_tick(s);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_world fake = {.utc_us = NOW_S * INT64_C(1000000)};
    struct env env = env_fake(&fake);
    struct hub_settings settings;
    size_t sent_bytes = 0;
    const struct mqtt_outlet outlet = {&sent_bytes, on_send, on_close, on_stall, NULL};
    struct identity identity = {.name = "d"};
    if (size == 0) {
        return 0;
    }
    hub_settings_init(&settings, "h");
    span_copy_text(span_text(key), identity.primary_key, sizeof identity.primary_key);
    struct journal *journal = journal_new(&env);
    struct fault_plan *faults = faults_new(journal);
    struct hub *hub = hub_new(&settings, &env, journal);
    const struct fault delay = {
        .kind = FAULT_DELAY, .site = SITE_MQTT_PUBACK, .number = {250000}, .times = UINT64_MAX};
    struct fault hold = delay;
    hold.site = SITE_MQTT_CONNACK;
    bool is_delayed = data[0] & DELAY_BIT;
    if (hub_add_identity(hub, &identity) < 0 ||
        (is_delayed && (faults_add(faults, &delay) < 0 || faults_add(faults, &hold) < 0))) {
        __builtin_trap();
    }
    const struct mqtt_world world = {.env = &env, .hub = hub, .faults = faults, .journal = journal};
    struct mqtt_session *s = mqtt_session_new(&world, &outlet, 1, NULL);
    serve(hub, &sent_bytes);
    live(s, &fake, data[0], span_of(data + 1, size - 1));
    (void)hub_twin_patch_desired(hub, SPAN_LITERAL("d"), SPAN_LITERAL("{\"a\":1}"), NULL);
    fake.mono_us += 61000000; // locks and calls run out
    hub_tick(hub);
    mqtt_session_end(s);
    mqtt_session_free(s);
    hub_free(hub);
    faults_free(faults);
    journal_free(journal);
    return 0;
}
