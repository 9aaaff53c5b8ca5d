// SPDX-License-Identifier: MIT
#include "simulator/mqtt/session.h"
#include "base/error.h"
#include "simulator/mqtt/mangle.h"
#include "simulator/mqtt/session_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t second_us = 1000000;

enum { STRAY_BYTES_MOST = 2000 };

uint64_t session_now_us(const struct mqtt_session *s)
{
    return s->world.env->mono_us(s->world.env->world);
}

void session_wake(struct mqtt_session *s)
{
    if (s->outlet.wake && s->state != SESSION_CLOSED) {
        s->outlet.wake(s->outlet.context);
    }
}

struct mqtt_session *mqtt_session_new(const struct mqtt_world *world,
                                      const struct mqtt_outlet *outlet, uint32_t connection,
                                      const struct peer_certificate *certificate)
{
    struct mqtt_session *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->dialect = world->dps ? &session_dps_dialect : &session_hub_dialect;
    s->world = *world;
    s->outlet = *outlet;
    s->connection = connection;
    s->certificate = certificate;
    s->connect_by_us = session_now_us(s) + CONNECT_WAIT_S * second_us;
    mqtt_reader_init(&s->reader);
    buf_init(&s->early, EARLY_BYTES_MOST);
    if (s->dialect->open(s) < 0) {
        mqtt_session_free(s);
        return NULL;
    }
    return s;
}

void mqtt_session_free(struct mqtt_session *s)
{
    if (!s) {
        return;
    }
    s->dialect->release(s);
    session_free_answers(s);
    mqtt_reader_deinit(&s->reader);
    buf_deinit(&s->early);
    free(s);
}

void session_close_as(struct mqtt_session *s, enum drop_how how, enum session_state state)
{
    if (s->state == SESSION_CLOSED || s->state == SESSION_REFUSED) {
        return;
    }
    s->state = state;
    session_free_answers(s);
    s->dialect->leave(s);
    s->outlet.close(s->outlet.context, how);
}

void session_close(struct mqtt_session *s, enum drop_how how)
{
    session_close_as(s, how, SESSION_CLOSED);
}

void session_break(struct mqtt_session *s, const char *packet, const char *why)
{
    EMIT(s->world.journal, MQTT_ERROR, s->connection, s->name, F_TEXT("why", why),
         F_TEXT("packet", packet));
    session_close(s, DROP_FIN);
}

void session_cut(struct mqtt_session *s, enum reason reason, enum drop_how how)
{
    const struct reason_row *row = reason_row(reason);
    EMIT(s->world.journal, MQTT_CUT, s->connection, s->name, F_TEXT("reason", row->word),
         F_INT("hub_code", row->hub_code), F_TEXT("why", row->sentence), F_TEXT("hint", row->hint));
    session_close(s, how);
}

void session_fail(struct mqtt_session *s, int code)
{
    env_log(s->world.env, LOG_ERROR, "connection %" PRIu32 ": %s; reset", s->connection,
            error_text(code));
    session_close(s, DROP_RST);
}

void session_stall(struct mqtt_session *s)
{
    s->state = SESSION_STALLED;
    session_free_answers(s);
    s->outlet.stall(s->outlet.context);
}

void session_send(struct mqtt_session *s, struct buf *out, int code)
{
    if (code < 0) {
        session_fail(s, code);
    } else {
        s->outlet.send(s->outlet.context, buf_span(out));
    }
    buf_deinit(out);
}

// A message before the packet that ought to come first.
static void send_stray(struct mqtt_session *s)
{
    struct buf topic HR_CLEANUP(buf_deinit);
    struct buf out;
    buf_init(&topic, STRAY_BYTES_MOST);
    buf_init(&out, STRAY_BYTES_MOST);
    int code = s->dialect->stray_topic(s, &topic);
    const struct mqtt_publish publish = {.topic = buf_span(&topic), .body = SPAN_LITERAL("early")};
    session_send(s, &out, code < 0 ? code : mqtt_write_publish(&publish, &out));
}

void session_send_with(struct mqtt_session *s, const struct fault_decision *decision,
                       struct buf *out, int code)
{
    struct buf wire;
    if (code == 0 && decision->kind == FAULT_EARLY_PUBLISH) {
        send_stray(s);
        if (s->state == SESSION_CLOSED) {
            buf_deinit(out);
            return;
        }
    }
    if (code < 0 || !mangle_is_for(decision->kind)) {
        session_send(s, out, code);
        return;
    }
    buf_init(&wire, MANGLE_BYTES_MOST);
    code = mangle_packet(decision, buf_span(out), &wire);
    buf_deinit(out);
    session_send(s, &wire, code);
}

void session_note(struct mqtt_session *s, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    EMIT(s->world.journal, RUN_NOTE, s->connection, s->name, F_TEXT("text", text));
}

static void on_second_connect(struct mqtt_session *s, const struct mqtt_packet *p)
{
    (void)p;
    session_break(s, "CONNECT", "a second CONNECT on one connection");
}

static void on_pingreq(struct mqtt_session *s, const struct mqtt_packet *p)
{
    if (mqtt_read_pingreq(p) < 0) {
        session_break(s, "PINGREQ", error_text(ERR_PROTOCOL));
        return;
    }
    session_answer(s, ANSWER_PINGRESP, 0, SPAN_EMPTY);
}

static void on_disconnect(struct mqtt_session *s, const struct mqtt_packet *p)
{
    if (mqtt_read_disconnect(p) < 0) {
        session_break(s, "DISCONNECT", error_text(ERR_PROTOCOL));
        return;
    }
    s->dialect->disconnect(s);
    EMIT(s->world.journal, MQTT_DISCONNECT, s->connection, s->name);
    session_close(s, DROP_FIN);
}

typedef void packet_handler(struct mqtt_session *s, const struct mqtt_packet *p);

static packet_handler *const handlers[16] = {
    [PACKET_CONNECT] = on_second_connect,          [PACKET_PUBLISH] = session_on_publish,
    [PACKET_PUBACK] = session_on_puback,           [PACKET_SUBSCRIBE] = session_on_subscribe,
    [PACKET_UNSUBSCRIBE] = session_on_unsubscribe, [PACKET_PINGREQ] = on_pingreq,
    [PACKET_DISCONNECT] = on_disconnect,
};

static void take_open(struct mqtt_session *s, const struct mqtt_packet *p)
{
    if (handlers[p->type]) {
        handlers[p->type](s, p);
    } else {
        session_break(s, mqtt_packet_name(p->type), "a device never sends this packet");
    }
}

void session_take_packet(struct mqtt_session *s, const struct mqtt_packet *p)
{
    switch (s->state) {
    case SESSION_NEW:
        session_on_connect(s, p);
        break;
    case SESSION_HELD:
    case SESSION_MUTE:
        session_on_early(s, p);
        break;
    case SESSION_OPEN:
        take_open(s, p);
        break;
    case SESSION_REFUSED:
        session_emit_early(s, p);
        break;
    case SESSION_STALLED:
    case SESSION_CLOSED:
        break;
    }
}

static bool is_reading(const struct mqtt_session *s)
{
    return s->state != SESSION_STALLED && s->state != SESSION_CLOSED;
}

static void on_reader_error(struct mqtt_session *s, int code)
{
    if (s->state == SESSION_REFUSED) {
        s->state = SESSION_CLOSED; // nobody cares any more
    } else if (code == ERR_NO_MEMORY) {
        session_fail(s, code);
    } else {
        session_break(s, mqtt_reader_packet(&s->reader), error_text(code));
    }
}

void mqtt_session_feed(struct mqtt_session *s, struct span bytes)
{
    if (bytes.len > 0) {
        s->last_in_us = session_now_us(s);
    }
    while (is_reading(s)) {
        struct mqtt_packet packet;
        int code = mqtt_reader_next(&s->reader, &bytes, &packet);
        if (code == 0) {
            return;
        }
        if (code < 0) {
            on_reader_error(s, code);
            return;
        }
        session_take_packet(s, &packet);
    }
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t mqtt_session_deadline_us(const struct mqtt_session *s)
{
    if (s->state == SESSION_NEW) {
        return s->connect_by_us;
    }
    if (s->state == SESSION_HELD) {
        return s->connack_at_us;
    }
    if (s->state != SESSION_OPEN) {
        return UINT64_MAX;
    }
    uint64_t keepalive_at =
        mqtt_session_wants_pause(s) ? UINT64_MAX : s->last_in_us + s->keepalive_us;
    return least(session_answer_deadline_us(s), least(keepalive_at, s->dialect->deadline_us(s)));
}

static void check_keepalive(struct mqtt_session *s)
{
    bool is_resting = s->state != SESSION_OPEN || mqtt_session_wants_pause(s);
    if (is_resting || session_now_us(s) < s->last_in_us + s->keepalive_us) {
        return;
    }
    EMIT(s->world.journal, MQTT_KEEPALIVE_EXPIRED, s->connection, s->name,
         F_INT("after_s", s->keepalive_us / second_us));
    session_close(s, DROP_FIN);
}

void mqtt_session_tick(struct mqtt_session *s)
{
    uint64_t now = session_now_us(s);
    if (s->state == SESSION_NEW && now >= s->connect_by_us) {
        session_break(s, mqtt_reader_packet(&s->reader), "no whole CONNECT arrived within 60 s");
    } else if (s->state == SESSION_HELD && now >= s->connack_at_us) {
        session_decide_connack(s, s->connack_order);
    } else if (s->state == SESSION_OPEN) {
        session_pump_answers(s);
        s->dialect->tick(s);
        check_keepalive(s);
    }
}

void mqtt_session_end(struct mqtt_session *s)
{
    if (s->state != SESSION_CLOSED && s->state != SESSION_REFUSED) {
        s->dialect->leave(s);
    }
    session_free_answers(s);
    s->state = SESSION_CLOSED;
}

const char *mqtt_session_device(const struct mqtt_session *s)
{
    return s->name;
}

bool mqtt_session_wants_pause(const struct mqtt_session *s)
{
    return s->puback_count > HELD_PUBACKS_MOST || s->early.len > EARLY_BYTES_PAUSE;
}
