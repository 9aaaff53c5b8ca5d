// SPDX-License-Identifier: MIT
// CONNECT: judged by the dialect, then by the fault plan, then answered.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"

#include <stdio.h>
#include <string.h>

enum { CONNACK_BYTES = 16 };

static void refuse(struct mqtt_session *s, const struct session_refusal *why)
{
    struct buf out;
    buf_init(&out, CONNACK_BYTES);
    session_send(s, &out, mqtt_write_connack(false, why->code, &out));
    if (s->state == SESSION_CLOSED) {
        return;
    }
    s->dialect->emit_refused(s, why);
    session_close_as(s, DROP_FIN, SESSION_REFUSED);
}

static uint64_t keepalive_wait_us(uint16_t keepalive_s)
{
    uint64_t wait_us = (uint64_t)keepalive_s * 1500000;
    uint64_t most_us = (uint64_t)KEEPALIVE_WAIT_S_MOST * 1000000;
    return wait_us == 0 || wait_us > most_us ? most_us : wait_us;
}

// What was sent before a delayed CONNACK is processed as if it came now.
static void process_early(struct mqtt_session *s)
{
    struct buf queued = s->early;
    struct mqtt_reader reader;
    struct mqtt_packet packet;
    struct span bytes = buf_span(&queued);
    int code = 1;
    buf_init(&s->early, EARLY_BYTES_MOST);
    mqtt_reader_init(&reader);
    while (code > 0 && s->state == SESSION_OPEN) {
        code = mqtt_reader_next(&reader, &bytes, &packet);
        if (code > 0) {
            session_take_packet(s, &packet);
        }
    }
    if (code < 0) {
        session_fail(s, code);
    }
    mqtt_reader_deinit(&reader);
    buf_deinit(&queued);
}

static void accept_connect(struct mqtt_session *s, const struct fault_decision *decision)
{
    struct buf out;
    buf_init(&out, CONNACK_BYTES);
    s->state = SESSION_OPEN;
    s->was_accepted = true;
    s->last_in_us = session_now_us(s);
    bool was_kept = s->dialect->attach(s);
    session_send_with(s, decision, &out, mqtt_write_connack(was_kept, 0, &out));
    if (s->state != SESSION_OPEN) {
        return;
    }
    s->dialect->emit_connected(s, was_kept);
    if (decision->kind == FAULT_TAKEOVER && s->state == SESSION_OPEN) {
        hub_take_over(s->world.hub, s->identity); // of the hub's site alone
    }
    process_early(s);
}

void session_decide_connack(struct mqtt_session *s, uint64_t after_order)
{
    struct session_refusal why = {0};
    if (!s->dialect->is_welcome(s, &why)) { // changed during the delay
        refuse(s, &why);
        return;
    }
    struct fault_decision d = faults_decide_after(s->world.faults, s->dialect->connack_site,
                                                  s->connection, s->name, after_order);
    switch (d.kind) {
    case FAULT_REFUSE:
    case FAULT_CONNACK_CODE:
        why = (struct session_refusal){.code = (int)d.number[0], .reason = REASON_FAULT};
        snprintf(why.working, sizeof why.working, "%s would have accepted this CONNECT",
                 s->dialect->peer);
        refuse(s, &why);
        break;
    case FAULT_DELAY:
        s->state = SESSION_HELD;
        s->connack_at_us = session_now_us(s) + d.number[0];
        s->connack_order = d.order;
        break;
    case FAULT_DROP:
        session_close(s, fault_drop(d.number));
        break;
    case FAULT_SWALLOW:
        s->state = SESSION_MUTE;
        break;
    case FAULT_STALL:
        session_stall(s);
        break;
    default:
        accept_connect(s, &d);
    }
}

static void judge(struct mqtt_session *s, const struct mqtt_connect *c)
{
    struct session_refusal why = {0};
    s->is_clean = c->is_clean;
    s->keepalive_us = keepalive_wait_us(c->keepalive_s);
    if (!s->dialect->judge(s, c, &why)) {
        refuse(s, &why);
    } else if (s->state == SESSION_NEW && s->connack_wait_us > 0) {
        s->state = SESSION_HELD;
        s->connack_at_us = session_now_us(s) + s->connack_wait_us;
    } else if (s->state == SESSION_NEW) {
        session_decide_connack(s, 0);
    }
}

void session_on_connect(struct mqtt_session *s, const struct mqtt_packet *p)
{
    struct mqtt_connect c;
    if (p->type != PACKET_CONNECT) {
        session_break(s, mqtt_packet_name(p->type), "the first packet is not CONNECT");
        return;
    }
    if (mqtt_read_connect(p, &c) < 0) {
        session_break(s, "CONNECT", error_text(ERR_PROTOCOL));
        return;
    }
    s->dialect->emit_connect(s, &c);
    if (s->state != SESSION_NEW) {
        return;
    }
    if (c.level != MQTT_LEVEL) {
        struct session_refusal why = {.code = reason_row(REASON_WRONG_PROTOCOL_LEVEL)->connack,
                                      .reason = REASON_WRONG_PROTOCOL_LEVEL};
        snprintf(why.working, sizeof why.working,
                 "the CONNECT packet says level %d, expected %d (MQTT 3.1.1)", c.level, MQTT_LEVEL);
        refuse(s, &why);
        return;
    }
    judge(s, &c);
}

void session_emit_early(struct mqtt_session *s, const struct mqtt_packet *p)
{
    if (p->type == PACKET_CONNECT || s->early_events == EARLY_EVENTS_MOST) {
        return;
    }
    s->early_events++;
    EMIT(s->world.journal, MQTT_EARLY, s->connection, s->name,
         F_TEXT("packet", mqtt_packet_name(p->type)));
}

void session_on_early(struct mqtt_session *s, const struct mqtt_packet *p)
{
    session_emit_early(s, p);
    if (p->type == PACKET_CONNECT) {
        session_break(s, "CONNECT", "a second CONNECT on one connection");
        return;
    }
    if (s->state != SESSION_HELD) {
        return; // CONNACK will never come: nothing to keep the packet for
    }
    int code = mqtt_write_header(p->type, p->flags, p->body.len, &s->early);
    code = code < 0 ? code : buf_append(&s->early, p->body);
    if (code == ERR_TOO_BIG) {
        session_break(s, mqtt_packet_name(p->type), "more than 1 MiB was sent before CONNACK");
    } else if (code < 0) {
        session_fail(s, code);
    }
}
