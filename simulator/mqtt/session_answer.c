// SPDX-License-Identifier: MIT
// PUBACK, SUBACK, UNSUBACK, PINGRESP and what the hub publishes, with the faults that may act on
// them. An answer is decided when it is due, a delay counts from then; a later answer of the same
// kind never passes an earlier one.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"

#include <stdlib.h>
#include <string.h>

enum { PUSH_BYTES_MOST = 1 << 20 }; // a twin is the largest packet that the hub sends

static const uint64_t swap_wait_us = 1000000; // for the one that is to come first

static int write_answer(const struct answer *a, struct buf *out)
{
    if (a->kind == ANSWER_PUBACK) {
        return mqtt_write_puback(a->packet_id, out);
    }
    if (a->kind == ANSWER_SUBACK) {
        return mqtt_write_suback(a->packet_id, span_of(a->codes, a->code_count), out);
    }
    if (a->kind == ANSWER_UNSUBACK) {
        return mqtt_write_unsuback(a->packet_id, out);
    }
    return a->kind == ANSWER_PINGRESP ? mqtt_write_pingresp(out)
                                      : buf_append(out, span_of(a->codes, a->code_count));
}

// The PUBLISH that `a` carries, borrowed from it.
static int publish_of(const struct answer *a, struct mqtt_publish *out)
{
    struct mqtt_packet packet = {.type = PACKET_PUBLISH, .flags = a->codes[0] & 15};
    size_t at = 1;
    while (a->codes[at] & 0x80) {
        at++;
    }
    packet.body = span_of(a->codes + at + 1, a->code_count - at - 1);
    return mqtt_read_publish(&packet, out);
}

static void emit_pushed(struct mqtt_session *s, const struct answer *a)
{
    struct mqtt_publish publish;
    if (publish_of(a, &publish) < 0) {
        session_fail(s, ERR_INTERNAL);
    } else if (a->kind == ANSWER_C2D) {
        session_c2d_sent(s, a, &publish);
        if (a->decision.kind == FAULT_DOUBLE && s->state == SESSION_OPEN) {
            publish.is_dup = publish.qos > 0;
            session_c2d_sent(s, a, &publish);
        }
    } else if (a->kind == ANSWER_DESIRED) {
        EMIT(s->world.journal, TWIN_PUSHED, s->connection, s->name, F_INT("version", a->number));
    } else if (a->kind == ANSWER_METHOD) {
        session_method_sent(s, &publish);
    } else if (a->kind == ANSWER_RENEWAL) {
        session_renewal_sent(s, a, &publish);
    }
}

static void send_answer(struct mqtt_session *s, const struct answer *a)
{
    struct buf out;
    if (a->kind == ANSWER_REQUEST) {
        s->dialect->take_request(s, span_of(a->codes, a->code_count), &a->decision);
        return;
    }
    buf_init(&out, PUSH_BYTES_MOST);
    session_send_with(s, &a->decision, &out, write_answer(a, &out));
    if (s->state != SESSION_OPEN) {
        return;
    }
    if (a->kind == ANSWER_PUBACK && s->dialect->tells_pubacks) {
        EMIT(s->world.journal, MQTT_PUBACK, s->connection, s->name,
             F_INT("packet_id", a->packet_id));
    } else if (a->kind == ANSWER_PINGRESP) {
        EMIT(s->world.journal, MQTT_PING, s->connection, s->name);
    } else if (a->kind >= ANSWER_C2D) {
        emit_pushed(s, a);
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
        a->ready_us += a->decision.number[0];
    } else if (a->decision.kind == FAULT_SWAP) {
        a->ready_us += swap_wait_us;
    }
}

static void perform(struct mqtt_session *s, const struct answer *a)
{
    switch (a->decision.kind) {
    case FAULT_SWALLOW:
        break;
    case FAULT_DROP:
        session_close(s, fault_drop(a->decision.number));
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
    bool is_swapped = a->decision.kind == FAULT_SWAP && session_now_us(s) < a->ready_us;
    return a->decision.kind != FAULT_DELAY && !is_swapped;
}

// The next answer that may go, unlinked; NULL when none may.
static struct answer *take_due(struct mqtt_session *s)
{
    bool is_blocked[ANSWER_KIND_COUNT] = {false};
    struct answer *swapped[ANSWER_KIND_COUNT] = {NULL};
    struct answer **at = &s->answers;
    while (s->state == SESSION_OPEN && *at) {
        struct answer *a = *at;
        if (!is_blocked[a->kind] && is_due(s, a)) {
            unlink_answer(s, at);
            if (swapped[a->kind]) {
                swapped[a->kind]->ready_us = 0; // it follows
            }
            return a;
        }
        if (s->state != SESSION_OPEN) {
            return NULL;
        }
        if (a->decision.kind == FAULT_SWAP && !is_blocked[a->kind] && !swapped[a->kind]) {
            swapped[a->kind] = a; // the next one of its kind may pass
        } else {
            is_blocked[a->kind] = true;
        }
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

static void enqueue(struct mqtt_session *s, struct answer *a)
{
    struct answer **last = &s->answers;
    while (*last) {
        last = &(*last)->next;
    }
    *last = a;
    s->answer_count++;
    s->puback_count += a->kind == ANSWER_PUBACK;
    uint64_t wait_us = a->kind == ANSWER_PUBACK ? s->puback_wait_us
                       : a->kind == ANSWER_TWIN ? s->twin_wait_us
                                                : 0;
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

// NULL when the session has ended over it.
static struct answer *answer_new(struct mqtt_session *s, enum answer_kind kind, struct span codes)
{
    if (s->answer_count == ANSWERS_MOST) {
        session_break(s, "", "too many packets wait for their answer");
        return NULL;
    }
    struct answer *a = calloc(1, sizeof *a + codes.len);
    if (!a) {
        session_fail(s, ERR_NO_MEMORY);
        return NULL;
    }
    a->kind = kind;
    a->site = s->dialect->answer_sites[kind];
    a->code_count = codes.len;
    if (codes.len) {
        memcpy(a->codes, codes.ptr, codes.len);
    }
    return a;
}

void session_answer(struct mqtt_session *s, enum answer_kind kind, uint16_t packet_id,
                    struct span codes)
{
    struct answer *a = answer_new(s, kind, codes);
    if (a) {
        a->packet_id = packet_id;
        enqueue(s, a);
    }
}

void session_answer_at(struct mqtt_session *s, enum answer_kind kind, enum fault_site site,
                       struct span bytes)
{
    struct answer *a = answer_new(s, kind, bytes);
    if (a) {
        a->site = site;
        enqueue(s, a);
    }
}

void session_push(struct mqtt_session *s, enum answer_kind kind, const struct mqtt_publish *publish,
                  uint64_t number)
{
    struct buf packet HR_CLEANUP(buf_deinit);
    buf_init(&packet, PUSH_BYTES_MOST);
    int code = mqtt_write_publish(publish, &packet);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    struct answer *a = answer_new(s, kind, buf_span(&packet));
    if (a) {
        a->number = number;
        enqueue(s, a);
    }
}

// As take_due goes: the first of each kind, and behind a swapped one the second.
uint64_t session_answer_deadline_us(const struct mqtt_session *s)
{
    bool is_blocked[ANSWER_KIND_COUNT] = {false};
    bool is_swapped[ANSWER_KIND_COUNT] = {false};
    uint64_t deadline = UINT64_MAX;
    for (const struct answer *a = s->answers; a; a = a->next) {
        if (is_blocked[a->kind]) {
            continue;
        }
        deadline = a->ready_us < deadline ? a->ready_us : deadline;
        is_blocked[a->kind] = is_swapped[a->kind] || a->decision.kind != FAULT_SWAP;
        is_swapped[a->kind] = true;
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
