// SPDX-License-Identifier: MIT
// Certificate renewal over MQTT (preview): a signing request to $iothub/credentials/POST, the
// answers to $iothub/credentials/res. All that the hub publishes here has QoS 0.
#include "simulator/hub/renewal.h"
#include "base/error.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#define POST_TOPIC    "$iothub/credentials/POST/issueCertificate"
#define ANSWER_FILTER "$iothub/credentials/res/#"

enum { TOPIC_MOST = 1024 };

void session_check_renewal(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct span rid;
    if (!topic_take_request(p->topic, POST_TOPIC, &rid)) {
        session_break_on_topic(s, p->topic,
                               "is no credentials request: expected " POST_TOPIC "/?$rid=R");
    } else if (rid.len > RENEWAL_RID_BYTES_MOST) {
        session_break_on_topic(s, p->topic, "has a $rid of more than 128 bytes");
    } else if (rid.len == 0 && hub_settings_of(s->world.hub)->closes_renewal_without_rid) {
        session_break_on_topic(s, p->topic, "has no $rid to answer to");
    }
}

static bool is_subscribed(const struct mqtt_session *s)
{
    return hub_session_qos(s->world.hub, s->identity, SPAN_LITERAL(ANSWER_FILTER)) >= 0;
}

static void publish(struct mqtt_session *s, const struct renewal_answer *answer)
{
    struct buf topic HR_CLEANUP(buf_deinit);
    buf_init(&topic, TOPIC_MOST);
    int code =
        buf_printf(&topic, "$iothub/credentials/res/%d/?$rid=%s", answer->status, answer->rid);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    const struct mqtt_publish message = {.topic = buf_span(&topic),
                                         .body = buf_span(&answer->body)};
    session_push(s, ANSWER_RENEWAL, &message, (uint64_t)answer->status);
}

static void take_request(struct mqtt_session *s, struct span rid, struct span body)
{
    struct renewal_answer answer;
    renewal_answer_init(&answer);
    int code = hub_renewal_request(s->world.hub, s->identity, rid, body, &answer);
    if (s->state != SESSION_OPEN) {
        code = 0; // a listener of the events ended it
    } else if (code < 0) {
        session_fail(s, code);
    } else if (is_subscribed(s)) {
        publish(s, &answer);
    } else {
        session_note(s, "a credentials request gets no answer: the device has not subscribed to "
                        "" ANSWER_FILTER);
    }
    renewal_answer_deinit(&answer);
}

void session_take_renewal(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct span rid;
    if (!topic_take_request(p->topic, POST_TOPIC, &rid)) {
        return;
    }
    if (!hub_renews(s->world.hub, s->api_version)) {
        session_note(s,
                     "a credentials request gets no answer: renewal needs api-version "
                     "2025-08-01-preview or later in the user name, seen '%s'",
                     s->api_version);
    } else if (rid.len == 0) {
        session_note(s, "a credentials request gets no answer: its topic has no $rid");
    } else {
        take_request(s, rid, p->body);
    }
}

void session_on_renewal(struct hub_link *link)
{
    struct mqtt_session *s = session_of_link(link);
    struct renewal_answer answer;
    if (s->state != SESSION_OPEN || !is_subscribed(s) ||
        !hub_renewal_take(s->world.hub, s->identity, &answer)) {
        return;
    }
    publish(s, &answer);
    renewal_answer_deinit(&answer);
    session_wake(s);
}

void session_renewal_sent(struct mqtt_session *s, const struct answer *a,
                          const struct mqtt_publish *message)
{
    struct span query;
    struct span rid;
    span_cut(message->topic, '?', &query);
    span_cut(query, '=', &rid);
    EMIT(s->world.journal, RENEWAL_ANSWERED, s->connection, s->name, F_INT("status", a->number),
         F_SPAN("rid", rid));
}
