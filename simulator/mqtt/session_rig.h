// SPDX-License-Identifier: MIT
// For tests: sessions of one hub, with an outlet that keeps what they want done.
#pragma once
#include "simulator/hub/hub_rig.h"
#include "simulator/mqtt/packet.h"
#include "simulator/mqtt/session.h"

#define EVENTS_TOPIC "devices/bench-01/messages/events/"

struct wire { // one connection
    struct mqtt_session *session;
    struct buf sent;
    int closes;
    enum drop_how how;
    int stalls;
    int wakes;
};

struct session_rig {
    struct hub_rig hub;
    struct fault_plan *faults;
    struct mqtt_world world;
    uint32_t last_connection;
};

static inline void wire_send(void *context, struct span bytes)
{
    struct wire *w = context;
    assert_int_equal(w->closes, 0);
    assert_int_equal(w->stalls, 0);
    assert_int_equal(buf_append(&w->sent, bytes), 0);
}

static inline void wire_close(void *context, enum drop_how how)
{
    struct wire *w = context;
    w->closes++;
    w->how = how;
    assert_int_equal(w->closes, 1);
    assert_int_equal(w->stalls, 0);
}

static inline void wire_stall(void *context)
{
    ((struct wire *)context)->stalls++;
}

static inline void wire_wake(void *context)
{
    ((struct wire *)context)->wakes++;
}

static inline void session_rig_open_with(struct session_rig *rig,
                                         const struct hub_settings *settings)
{
    rig_open_with(&rig->hub, settings);
    rig->last_connection = 0;
    rig->faults = faults_new(rig->hub.journal);
    assert_non_null(rig->faults);
    rig->world = (struct mqtt_world){.env = &rig->hub.env,
                                     .hub = rig->hub.hub,
                                     .faults = rig->faults,
                                     .journal = rig->hub.journal};
}

static inline void session_rig_open(struct session_rig *rig)
{
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    session_rig_open_with(rig, &settings);
}

static inline void session_rig_close(struct session_rig *rig)
{
    faults_free(rig->faults);
    rig_close(&rig->hub);
}

static inline void wire_open(struct session_rig *rig, struct wire *w,
                             const struct peer_certificate *certificate)
{
    memset(w, 0, sizeof *w);
    buf_init(&w->sent, 1U << 20);
    const struct mqtt_outlet outlet = {w, wire_send, wire_close, wire_stall, wire_wake};
    w->session = mqtt_session_new(&rig->world, &outlet, ++rig->last_connection, certificate);
    assert_non_null(w->session);
}

static inline void wire_end(struct wire *w)
{
    mqtt_session_end(w->session);
    mqtt_session_free(w->session);
    buf_deinit(&w->sent);
    w->session = NULL;
}

static inline void wire_feed(struct wire *w, struct span bytes)
{
    mqtt_session_feed(w->session, bytes);
}

// Feeds what a writer of packet.h has written and empties the buffer.
static inline void wire_feed_packet(struct wire *w, struct buf *packet, int code)
{
    assert_int_equal(code, 0);
    wire_feed(w, buf_span(packet));
    buf_deinit(packet);
}

// CONNECT of bench-01 with a good token, to be changed by the test.
static inline struct mqtt_connect rig_connect(char token[400])
{
    rig_token(RIG_HOST, "bench-01", RIG_KEY, 3600, token);
    return (struct mqtt_connect){.level = 4,
                                 .is_clean = true,
                                 .keepalive_s = 60,
                                 .client_id = SPAN_LITERAL("bench-01"),
                                 .username =
                                     SPAN_LITERAL(RIG_HOST "/bench-01/?api-version=2021-04-12"),
                                 .password = span_text(token)};
}

static inline void wire_feed_connect(struct wire *w, const struct mqtt_connect *c)
{
    struct buf packet;
    buf_init(&packet, 1U << 20);
    wire_feed_packet(w, &packet, mqtt_write_connect(c, &packet));
}

static inline void wire_publish(struct wire *w, const char *topic, const char *body, int qos,
                                uint16_t packet_id)
{
    struct buf packet;
    const struct mqtt_publish p = {
        .topic = span_text(topic), .body = span_text(body), .qos = qos, .packet_id = packet_id};
    buf_init(&packet, 1U << 20);
    wire_feed_packet(w, &packet, mqtt_write_publish(&p, &packet));
}

static inline void wire_subscribe(struct wire *w, const char *filter, int qos, uint16_t packet_id)
{
    struct buf packet;
    const struct mqtt_filter f = {span_text(filter), qos};
    buf_init(&packet, 1U << 20);
    wire_feed_packet(w, &packet, mqtt_write_subscribe(packet_id, &f, 1, &packet));
}

#define assert_sent(w, literal)                                                                    \
    do {                                                                                           \
        const struct span expected_ = SPAN_LITERAL(literal);                                       \
        assert_int_equal((w)->sent.len, expected_.len);                                            \
        assert_true(span_equals(buf_span(&(w)->sent), expected_));                                 \
        buf_clear(&(w)->sent);                                                                     \
    } while (0)

// A device that is connected, its journal and bytes emptied.
static inline void wire_open_connected(struct session_rig *rig, struct wire *w)
{
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    wire_open(rig, w, NULL);
    wire_feed_connect(w, &c);
    assert_sent(w, "\x20\x02\x00\x00");
    event_log_clear(&rig->hub.log);
}

static inline void rig_arm(struct session_rig *rig, const char *text)
{
    struct span words[16];
    size_t count = 0;
    size_t bad = 0;
    struct fault f;
    struct span rest = span_text(text);
    while (rest.len) {
        words[count++] = span_cut(rest, ' ', &rest);
    }
    assert_int_equal(fault_parse(words, count, &f, &bad), 0);
    assert_int_equal(faults_add(rig->faults, &f), 0);
}

// Moves both clocks on; ticks when the session's deadline has come, as often as it comes.
static inline void rig_pass(struct session_rig *rig, struct wire *w, uint64_t us)
{
    uint64_t until = rig->hub.fake.mono_us + us;
    while (w->closes == 0 && mqtt_session_deadline_us(w->session) <= until) {
        uint64_t at = mqtt_session_deadline_us(w->session);
        if (at > rig->hub.fake.mono_us) {
            rig->hub.fake.utc_us += (int64_t)(at - rig->hub.fake.mono_us);
            rig->hub.fake.mono_us = at;
        }
        mqtt_session_tick(w->session);
    }
    rig->hub.fake.utc_us += (int64_t)(until - rig->hub.fake.mono_us);
    rig->hub.fake.mono_us = until;
}
