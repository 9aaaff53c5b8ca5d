// SPDX-License-Identifier: MIT
// Twins over MQTT (reference: IoT Hub over MQTT, twins): GET and PATCH of the device, their
// answers, and desired properties that the service changed. All that the hub publishes here has QoS
// 0.
#include "simulator/hub/twin.h"
#include "base/error.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#include <inttypes.h>
#include <stdio.h>

#define GET_TOPIC     "$iothub/twin/GET"
#define PATCH_TOPIC   "$iothub/twin/PATCH/properties/reported"
#define ANSWER_FILTER "$iothub/twin/res/#"
#define PUSH_FILTER   "$iothub/twin/PATCH/properties/desired/#"

enum { TOO_MANY_REQUESTS = 429 };
enum { BODY_BYTES_MOST = 1 << 20, TOPIC_MOST = 65535, WHY_BYTES = 400 };

void session_check_twin(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct span rid;
    if (topic_take_request(p->topic, GET_TOPIC, &rid)) {
        if (rid.len == 0) {
            session_break_on_topic(s, p->topic, "has no $rid to answer to");
        }
    } else if (!topic_take_request(p->topic, PATCH_TOPIC, &rid)) {
        session_break_on_topic(s, p->topic,
                               "is no twin request: expected " GET_TOPIC "/?$rid=R "
                               "or " PATCH_TOPIC "/?$rid=R");
    }
}

// `version` 0 = none in the topic.
static void answer(struct mqtt_session *s, int status, struct span rid, int64_t version,
                   struct span body)
{
    struct buf topic HR_CLEANUP(buf_deinit);
    buf_init(&topic, TOPIC_MOST);
    if (rid.len == 0) {
        return;
    }
    if (hub_session_qos(s->world.hub, s->identity, SPAN_LITERAL(ANSWER_FILTER)) < 0) {
        session_note(s, "a twin request gets no answer: the device has not subscribed to "
                        "" ANSWER_FILTER);
        return;
    }
    int code = buf_printf(&topic, "$iothub/twin/res/%d/?$rid=", status);
    code = code < 0 ? code : buf_append(&topic, rid);
    if (code == 0 && version) {
        code = buf_printf(&topic, "&$version=%" PRId64, version);
    }
    if (code < 0) {
        session_break(s, "PUBLISH", "the $rid is too long to be answered");
        return;
    }
    const struct mqtt_publish publish = {.topic = buf_span(&topic), .body = body};
    session_push(s, ANSWER_TWIN, &publish, 0);
}

static void refuse_as(struct mqtt_session *s, const char *request, struct span rid, int status,
                      enum reason reason, const char *why)
{
    struct buf body HR_CLEANUP(buf_deinit);
    buf_init(&body, BODY_BYTES_MOST);
    int code = hub_error_body(s->world.hub, reason, why, &body);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    EMIT(s->world.journal, TWIN_REFUSED, s->connection, s->name, F_INT("status", status),
         F_INT("code", reason_row(reason)->hub_code), F_TEXT("why", why), F_SPAN("rid", rid),
         F_TEXT("request", request));
    if (s->state == SESSION_OPEN) {
        answer(s, status, rid, 0, buf_span(&body));
    }
}

static void refuse(struct mqtt_session *s, const char *request, struct span rid, enum reason reason)
{
    char why[WHY_BYTES];
    snprintf(why, sizeof why, "%s", error_detail());
    refuse_as(s, request, rid, hub_twin_status(s->world.hub, reason), reason, why);
}

// False when a fault has answered the request or ended the session.
static bool passes_faults(struct mqtt_session *s, const char *request, struct span rid)
{
    struct fault_decision d =
        faults_decide_after(s->world.faults, SITE_TWIN_REQUEST, s->connection, s->name, 0);
    if (s->state != SESSION_OPEN) {
        return false; // a listener of fault.fired ended it
    }
    int status = (int)d.number[0];
    enum reason reason = status == TOO_MANY_REQUESTS ? REASON_THROTTLED : REASON_FAULT;
    switch (d.kind) {
    case FAULT_DROP:
        session_close(s, fault_drop(d.number));
        return false;
    case FAULT_STALL:
        session_stall(s);
        return false;
    case FAULT_ANSWER:
        refuse_as(s, request, rid, status, reason, reason_row(reason)->sentence);
        return false;
    default:
        return true;
    }
}

static void take_get(struct mqtt_session *s, struct span rid)
{
    struct buf body HR_CLEANUP(buf_deinit);
    int64_t version = 0;
    buf_init(&body, BODY_BYTES_MOST);
    enum reason reason = hub_twin_read(s->world.hub, s->identity, s->api_version, &body, &version);
    if (reason != REASON_OK) {
        refuse(s, "GET", rid, reason);
        return;
    }
    EMIT(s->world.journal, TWIN_GET, s->connection, s->name, F_SPAN("rid", rid),
         F_INT("version", version));
    if (s->state == SESSION_OPEN) {
        answer(s, 200, rid, 0, buf_span(&body));
    }
}

static void take_patch(struct mqtt_session *s, struct span rid, struct span patch)
{
    int64_t version = 0;
    enum reason reason =
        hub_twin_report(s->world.hub, s->identity, s->api_version, patch, &version);
    if (s->state != SESSION_OPEN) {
        return;
    }
    if (reason != REASON_OK) {
        refuse(s, "PATCH", rid, reason);
    } else {
        answer(s, 204, rid, version, SPAN_EMPTY);
    }
}

void session_take_twin(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct span rid;
    bool is_get = topic_take_request(p->topic, GET_TOPIC, &rid);
    if (!is_get && !topic_take_request(p->topic, PATCH_TOPIC, &rid)) {
        return;
    }
    if (!passes_faults(s, is_get ? "GET" : "PATCH", rid)) {
        return;
    }
    s->twin_wait_us = 0;
    if (hub_admit_twin(s->world.hub, s->identity, !is_get, &s->twin_wait_us) != REASON_OK) {
        refuse_as(s, is_get ? "GET" : "PATCH", rid, TOO_MANY_REQUESTS, REASON_THROTTLED,
                  reason_row(REASON_THROTTLED)->sentence);
        return;
    }
    if (s->state != SESSION_OPEN) {
        return; // a listener of hub.throttle ended it
    }
    if (is_get) {
        take_get(s, rid);
    } else {
        take_patch(s, rid, p->body);
    }
}

void session_on_desired(struct hub_link *link, struct span patch_json, int64_t version)
{
    struct mqtt_session *s = session_of_link(link);
    char topic[100];
    if (s->state != SESSION_OPEN ||
        hub_session_qos(s->world.hub, s->identity, SPAN_LITERAL(PUSH_FILTER)) < 0) {
        return;
    }
    snprintf(topic, sizeof topic, "$iothub/twin/PATCH/properties/desired/?$version=%" PRId64,
             version);
    const struct mqtt_publish publish = {.topic = span_text(topic), .body = patch_json};
    session_push(s, ANSWER_DESIRED, &publish, (uint64_t)version);
    session_wake(s);
}
