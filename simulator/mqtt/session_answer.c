// SPDX-License-Identifier: MIT
// PUBACK, SUBACK and PINGRESP, with the faults that may act on them. An answer is decided when it
// is due, a delay counts from then; a later answer of the same kind never passes an earlier one.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"

#include <stdlib.h>
#include <string.h>

static int write_answer(const struct answer *a, struct buf *out)
{
    if (a->kind == ANSWER_PUBACK) {
        return mqtt_write_puback(a->packet_id, out);
    }
    if (a->kind == ANSWER_SUBACK) {
        return mqtt_write_suback(a->packet_id, span_of(a->codes, a->code_count), out);
    }
    return mqtt_write_pingresp(out);
}

static void send_answer(struct mqtt_session *s, const struct answer *a)
{
    struct buf out;
    if (a->kind == ANSWER_REQUEST) {
        int status = a->decision.kind == FAULT_ANSWER ? a->decision.code : 0;
        s->dialect->take_request(s, span_of(a->codes, a->code_count), status);
        return;
    }
    buf_init(&out, MQTT_PACKET_BYTES_MOST);
    session_send(s, &out, write_answer(a, &out));
    if (s->state != SESSION_OPEN) {
        return;
    }
    if (a->kind == ANSWER_PUBACK && s->dialect->tells_pubacks) {
        EMIT(s->world.journal, MQTT_PUBACK, s->connection, s->name,
             F_INT("packet_id", a->packet_id));
    } else if (a->kind == ANSWER_PINGRESP) {
        EMIT(s->world.journal, MQTT_PING, s->connection, s->name);
    }
}

static void decide(struct mqtt_session *s, struct answer *a, uint64_t after_order)
{
    struct fault_decision d = {.kind = FAULT_NONE};
    if (a->site != SITE_COUNT) {
        d = faults_decide_after(s->world.faults, a->site, s->connection, s->name, after_order);
    }
    if (s->state != SESSION_OPEN) {
        return; // a listener of fault.fired ended the session, and `a` with it
    }
    a->decision = d;
    a->ready_us = session_now_us(s);
    if (a->decision.kind == FAULT_DELAY) {
        a->ready_us += a->decision.delay_us;
    }
}

static void perform(struct mqtt_session *s, const struct answer *a)
{
    switch (a->decision.kind) {
    case FAULT_SWALLOW:
        break;
    case FAULT_DROP:
        session_close(s, a->decision.drop);
        break;
    case FAULT_STALL:
        session_stall(s);
        break;
    default:
        send_answer(s, a);
    }
}

static void unlink_answer(struct mqtt_session *s, struct answer **at)
{
    struct answer *a = *at;
    *at = a->next;
    s->answer_count--;
    s->puback_count -= a->kind == ANSWER_PUBACK;
}

// A delay whose time is over is asked again, for the faults behind it.
static bool is_due(struct mqtt_session *s, struct answer *a)
{
    while (a->decision.kind == FAULT_DELAY && session_now_us(s) >= a->ready_us) {
        decide(s, a, a->decision.order);
        if (s->state != SESSION_OPEN) {
            return false;
        }
    }
    return a->decision.kind != FAULT_DELAY;
}

// The next answer that may go, unlinked; NULL when none may.
static struct answer *take_due(struct mqtt_session *s)
{
    bool is_blocked[ANSWER_KIND_COUNT] = {false};
    struct answer **at = &s->answers;
    while (s->state == SESSION_OPEN && *at) {
        struct answer *a = *at;
        if (!is_blocked[a->kind] && is_due(s, a)) {
            unlink_answer(s, at);
            return a;
        }
        if (s->state != SESSION_OPEN) {
            return NULL;
        }
        is_blocked[a->kind] = true;
        at = &a->next;
    }
    return NULL;
}

void session_pump_answers(struct mqtt_session *s)
{
    bool was_paused = mqtt_session_wants_pause(s);
    struct answer *a = take_due(s);
    while (a) {
        perform(s, a);
        free(a);
        a = take_due(s);
    }
    if (was_paused && !mqtt_session_wants_pause(s)) {
        s->last_in_us = session_now_us(s); // the device could not be heard meanwhile
    }
}

void session_answer_at(struct mqtt_session *s, enum answer_kind kind, enum fault_site site,
                       uint16_t packet_id, struct span codes)
{
    if (s->answer_count == ANSWERS_MOST) {
        session_break(s, "", "too many packets wait for their answer");
        return;
    }
    struct answer *a = calloc(1, sizeof *a + codes.len);
    if (!a) {
        session_fail(s, ERR_NO_MEMORY);
        return;
    }
    a->kind = kind;
    a->site = site;
    a->packet_id = packet_id;
    a->code_count = codes.len;
    if (codes.len) {
        memcpy(a->codes, codes.ptr, codes.len);
    }
    struct answer **last = &s->answers;
    while (*last) {
        last = &(*last)->next;
    }
    *last = a;
    s->answer_count++;
    s->puback_count += kind == ANSWER_PUBACK;
    uint64_t wait_us = kind == ANSWER_PUBACK ? s->puback_wait_us : 0;
    if (wait_us > 0) { // all faults are asked when the time is over
        a->decision = (struct fault_decision){.kind = FAULT_DELAY};
        a->ready_us = session_now_us(s) + wait_us;
    } else {
        decide(s, a, 0);
    }
    if (s->state == SESSION_OPEN) {
        session_pump_answers(s);
    }
}

void session_answer(struct mqtt_session *s, enum answer_kind kind, uint16_t packet_id,
                    struct span codes)
{
    session_answer_at(s, kind, s->dialect->answer_sites[kind], packet_id, codes);
}

uint64_t session_answer_deadline_us(const struct mqtt_session *s)
{
    bool is_seen[ANSWER_KIND_COUNT] = {false};
    uint64_t deadline = UINT64_MAX;
    for (const struct answer *a = s->answers; a; a = a->next) {
        if (!is_seen[a->kind] && a->ready_us < deadline) {
            deadline = a->ready_us;
        }
        is_seen[a->kind] = true;
    }
    return deadline;
}

void session_free_answers(struct mqtt_session *s)
{
    while (s->answers) {
        struct answer *a = s->answers;
        s->answers = a->next;
        free(a);
    }
    s->answer_count = 0;
    s->puback_count = 0;
}
