// SPDX-License-Identifier: MIT
// Direct methods over MQTT (reference: IoT Hub over MQTT, direct methods). Requests have QoS 0.
#include "simulator/hub/method.h"
#include "base/error.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#include <inttypes.h>
#include <stdio.h>

#define POST_HEAD   "$iothub/methods/POST/"
#define ANSWER_HEAD "$iothub/methods/res/"

enum { STATUS_DIGITS_MOST = 9 };

// "$iothub/methods/res/STATUS/?$rid=R"; the status is any integer.
static bool take_answer_topic(struct span topic, int *status, struct span *rid)
{
    char head[sizeof ANSWER_HEAD + STATUS_DIGITS_MOST + 2];
    struct span rest = span_from(topic, sizeof ANSWER_HEAD - 1);
    bool is_negative = rest.len && rest.ptr[0] == '-';
    struct span digits = span_from(rest, is_negative);
    size_t len = 0;
    uint64_t number = 0;
    while (len < digits.len && digits.ptr[len] >= '0' && digits.ptr[len] <= '9') {
        len++;
    }
    digits.len = len;
    if (!span_starts_with(topic, SPAN_LITERAL(ANSWER_HEAD)) || len > STATUS_DIGITS_MOST ||
        span_parse_u64(digits, &number) < 0) {
        return false;
    }
    *status = is_negative ? -(int)number : (int)number;
    snprintf(head, sizeof head, ANSWER_HEAD "%s%.*s", is_negative ? "-" : "", SPAN_ARG(digits));
    return topic_take_request(topic, head, rid);
}

void session_check_method(struct mqtt_session *s, const struct mqtt_publish *p)
{
    int status;
    struct span rid;
    if (!take_answer_topic(p->topic, &status, &rid)) {
        session_break_on_topic(s, p->topic,
                               "is no answer to a method: expected " ANSWER_HEAD "STATUS/?$rid=R");
    }
}

void session_take_method(struct mqtt_session *s, const struct mqtt_publish *p)
{
    int status = 0;
    struct span rid = SPAN_EMPTY;
    if (take_answer_topic(p->topic, &status, &rid) &&
        !hub_method_answer(s->world.hub, s->identity, rid, status, p->body)) {
        EMIT(s->world.journal, METHOD_LATE, s->connection, s->name, F_SPAN("rid", rid),
             F_INT("status", status));
    }
}

bool session_on_method(struct hub_link *link, const struct hub_method_request *request)
{
    struct mqtt_session *s = session_of_link(link);
    struct buf topic HR_CLEANUP(buf_deinit);
    buf_init(&topic, TOPIC_BYTES_MOST);
    if (s->state != SESSION_OPEN ||
        hub_session_qos(s->world.hub, s->identity, SPAN_LITERAL(POST_HEAD "#")) < 0) {
        return false;
    }
    int code = buf_printf(&topic, POST_HEAD "%.*s/?$rid=%.*s", SPAN_ARG(request->method),
                          SPAN_ARG(request->rid));
    if (code < 0) {
        session_fail(s, code);
        return false;
    }
    const struct mqtt_publish publish = {.topic = buf_span(&topic), .body = request->payload};
    session_push(s, ANSWER_METHOD, &publish, 0);
    session_wake(s);
    return true;
}

void session_method_sent(struct mqtt_session *s, const struct mqtt_publish *publish)
{
    struct span rest;
    struct span method = span_cut(span_from(publish->topic, sizeof POST_HEAD - 1), '/', &rest);
    EMIT(s->world.journal, METHOD_INVOKED, s->connection, s->name, F_SPAN("method", method),
         F_SPAN("rid", span_from(rest, sizeof "?$rid=" - 1)),
         F_SPAN("payload", hub_shown(publish->body)));
}
