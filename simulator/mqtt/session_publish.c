// SPDX-License-Identifier: MIT
// The hub's dialect: what a device publishes, and its will.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#include <stdio.h>

enum { SHOWN_TOPIC_BYTES = 160 };

void session_break_on_topic(struct mqtt_session *s, struct span topic, const char *why)
{
    char shown[SHOWN_TOPIC_BYTES];
    char text[SHOWN_TOPIC_BYTES + 120];
    span_copy_text(topic, shown, sizeof shown);
    snprintf(text, sizeof text, "topic '%s' %s", shown, why);
    session_break(s, "PUBLISH", text);
}

// False when a fault ended the session before the message was stored.
static bool passes_faults(struct mqtt_session *s)
{
    struct fault_decision d =
        faults_decide_after(s->world.faults, SITE_MQTT_PUBLISH, s->connection, s->name, 0);
    if (d.kind == FAULT_DROP) {
        session_close(s, fault_drop(d.number));
    } else if (d.kind == FAULT_STALL) {
        session_stall(s);
    }
    return s->state == SESSION_OPEN;
}

static void refuse_message(struct mqtt_session *s, enum reason reason)
{
    if (reason == REASON_INTERNAL) {
        session_fail(s, ERR_NO_MEMORY);
    } else if (reason == REASON_THROTTLED || reason == REASON_QUOTA_EXCEEDED) {
        session_cut(s, reason, DROP_FIN);
    } else {
        session_break(s, "PUBLISH", reason_row(reason)->sentence);
    }
}

static void take_telemetry(struct mqtt_session *s, const struct mqtt_publish *p, struct span bag)
{
    struct telemetry message = {.identity = s->identity,
                                .connection = s->connection,
                                .bag = bag,
                                .body = p->body,
                                .qos = p->qos,
                                .packet_id = p->packet_id,
                                .is_dup = p->is_dup,
                                .is_retain = p->is_retain};
    struct telemetry_outcome outcome;
    if (!passes_faults(s)) {
        return;
    }
    enum reason reason = hub_take_telemetry(s->world.hub, &message, &outcome);
    if (s->state != SESSION_OPEN) {
        return; // a listener of the message ended the session
    }
    if (reason != REASON_OK) {
        refuse_message(s, reason);
        return;
    }
    s->puback_wait_us = outcome.answer_after_us;
    if (outcome.has_sdk_fault) {
        session_obey(s, &outcome.sdk_fault);
    }
}

void session_take_publish(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct span bag;
    s->puback_wait_us = 0;
    switch (topic_of_publish(s->name, p->topic, &bag)) {
    case TOPIC_TELEMETRY:
        take_telemetry(s, p, bag);
        break;
    case TOPIC_TWIN:
        session_check_twin(s, p);
        break;
    case TOPIC_METHOD:
        session_check_method(s, p);
        break;
    case TOPIC_CREDENTIALS:
        session_check_renewal(s, p);
        break;
    case TOPIC_OTHER_IDENTITY:
        session_break_on_topic(s, p->topic, "belongs to another identity");
        break;
    case TOPIC_UNKNOWN:
        session_break_on_topic(s, p->topic, "is none that the hub knows");
        break;
    }
}

void session_after_publish(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct span bag;
    enum topic_kind kind = topic_of_publish(s->name, p->topic, &bag);
    if (kind == TOPIC_TWIN) {
        session_take_twin(s, p);
    } else if (kind == TOPIC_METHOD) {
        session_take_method(s, p);
    } else if (kind == TOPIC_CREDENTIALS) {
        session_take_renewal(s, p);
    }
}

int session_keep_will(struct mqtt_session *s, const struct mqtt_connect *c)
{
    struct span bag;
    if (!c->has_will) {
        return 0;
    }
    if (topic_of_publish(s->name, c->will_topic, &bag) != TOPIC_TELEMETRY) {
        session_note(s, "the will is dropped: its topic '%.*s' is not the telemetry topic of %s",
                     (int)(c->will_topic.len < 160 ? c->will_topic.len : 160),
                     (const char *)c->will_topic.ptr, s->name);
        return 0;
    }
    TRY(buf_append(&s->will_bag, bag));
    TRY(buf_append(&s->will_body, c->will_body));
    s->will_qos = c->will_qos;
    s->is_will_retained = c->is_will_retained;
    s->has_will = true;
    return 0;
}

void session_drop_will(struct mqtt_session *s)
{
    s->has_will = false;
}

void session_publish_will(struct mqtt_session *s)
{
    if (!s->has_will || !s->was_accepted) {
        return;
    }
    s->has_will = false;
    struct telemetry message = {.identity = s->identity,
                                .connection = s->connection,
                                .bag = buf_span(&s->will_bag),
                                .body = buf_span(&s->will_body),
                                .qos = s->will_qos,
                                .is_retain = s->is_will_retained,
                                .is_will = true};
    enum reason reason = hub_store_telemetry(s->world.hub, &message);
    if (reason != REASON_OK) {
        session_note(s, "the will is dropped: %s", reason_row(reason)->sentence);
    }
}
