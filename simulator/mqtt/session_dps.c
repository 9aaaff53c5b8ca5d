// SPDX-License-Identifier: MIT
// The provisioning service's dialect of a session. A request is acknowledged first, then answered:
// it waits in the queue of answers, so that the fault plan can delay, swallow or replace it, and is
// processed when it is due.
#include "base/error.h"
#include "simulator/dps/dps.h"
#include "simulator/dps/request.h"
#include "simulator/hub/sas.h"
#include "simulator/mqtt/session_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_BYTES_MOST = 512,
    SHOWN_TOPIC_BYTES = 160,
    TOPIC_BYTES_MOST = 70000,
    FILTERS_MOST = 8
};

struct granted {
    char *text;
    int qos;
};

struct session_dps {
    struct dps_caller caller;
    bool has_caller;
    struct granted filters[FILTERS_MOST];
    size_t filter_count;
    uint16_t last_packet_id;
};

static int open_side(struct mqtt_session *s)
{
    s->dps = calloc(1, sizeof *s->dps);
    return s->dps ? 0 : ERR_NO_MEMORY;
}

static void release_side(struct mqtt_session *s)
{
    if (!s->dps) {
        return;
    }
    if (s->dps->has_caller) {
        dps_caller_deinit(&s->dps->caller);
    }
    for (size_t i = 0; i < s->dps->filter_count; i++) {
        free(s->dps->filters[i].text);
    }
    free(s->dps);
    s->dps = NULL;
}

static void emit_connect(struct mqtt_session *s, const struct mqtt_connect *c)
{
    char client_id[SHOWN_BYTES_MOST];
    char username[SHOWN_BYTES_MOST];
    struct dps_username u;
    int code = dps_username_parse(c->username, &u);
    struct span id = code == 0 ? u.registration_id : c->client_id;
    if (dps_id_is_valid(id)) {
        span_copy_text(id, s->name, sizeof s->name);
    }
    EMIT(s->world.journal, DPS_CONNECT, s->connection, s->name,
         F_SPAN("client_id", sas_redacted(c->client_id, client_id, sizeof client_id)),
         F_SPAN("username", sas_redacted(c->username, username, sizeof username)),
         F_BOOL("has_password", c->password.ptr != NULL), F_BOOL("clean", c->is_clean),
         F_INT("keep_alive_s", c->keepalive_s), F_TEXT("api_version", u.api_version));
}

static bool judge(struct mqtt_session *s, const struct mqtt_connect *c, struct session_refusal *why)
{
    struct auth_request request = {.client_id = c->client_id,
                                   .username = c->username,
                                   .password = c->password,
                                   .certificate = s->certificate};
    why->reason = dps_connect(s->world.dps, &request, s->connection, &s->dps->caller, why->working);
    why->code = reason_row(why->reason)->connack;
    s->dps->has_caller = true;
    return why->reason == REASON_OK;
}

static bool is_welcome(struct mqtt_session *s, struct session_refusal *why)
{
    (void)s;
    (void)why;
    return true;
}

static void emit_refused(struct mqtt_session *s, const struct session_refusal *why)
{
    const struct reason_row *row = reason_row(why->reason);
    EMIT(s->world.journal, DPS_REFUSED, s->connection, s->name, F_INT("code", why->code),
         F_TEXT("reason", row->word), F_INT("hub_code", row->hub_code),
         F_TEXT("why", row->sentence), F_TEXT("working", why->working), F_TEXT("hint", row->hint));
}

static bool attach(struct mqtt_session *s)
{
    (void)s;
    return false; // only clean sessions, whatever the CONNECT asked for
}

static void emit_connected(struct mqtt_session *s, bool is_present)
{
    (void)is_present;
    EMIT(s->world.journal, DPS_CONNECTED, s->connection, s->name, F_TEXT("client_id", s->name),
         F_TEXT("auth", s->dps->caller.certificate ? "x509" : "sas"));
}

static void leave(struct mqtt_session *s)
{
    (void)s; // a registration goes on without its connection
}

static void break_on_topic(struct mqtt_session *s, struct span topic)
{
    char shown[SHOWN_TOPIC_BYTES];
    char why[SHOWN_TOPIC_BYTES + 300];
    span_copy_text(topic, shown, sizeof shown);
    snprintf(why, sizeof why, "topic '%s': %s", shown, error_text(ERR_SYNTAX));
    session_break(s, "PUBLISH", why);
}

static void take_publish(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct dps_request request;
    if (dps_request_parse(p->topic, &request) < 0) {
        break_on_topic(s, p->topic);
    }
}

// The request travels through the queue of answers as topic length, topic and body.
static void after_publish(struct mqtt_session *s, const struct mqtt_publish *p)
{
    struct dps_request request;
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, MQTT_PACKET_BYTES_MOST);
    int code = dps_request_parse(p->topic, &request);
    code = code < 0 ? code : mqtt_write_bytes(p->topic, &bytes);
    code = code < 0 ? code : buf_append(&bytes, p->body);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    bool is_register = request.kind == DPS_REGISTER;
    session_answer_at(s, ANSWER_REQUEST, is_register ? SITE_DPS_REGISTER : SITE_DPS_STATUS,
                      buf_span(&bytes));
}

// The granted QoS of the filters that the topic comes under, or -1.
static int qos_for(const struct session_dps *d, struct span topic)
{
    int qos = -1;
    for (size_t i = 0; i < d->filter_count; i++) {
        bool is_match = dps_filter_matches(span_text(d->filters[i].text), topic);
        qos = is_match && d->filters[i].qos > qos ? d->filters[i].qos : qos;
    }
    return qos;
}

static int stray_topic(const struct mqtt_session *s, struct buf *out)
{
    (void)s;
    return dps_response_topic(200, SPAN_LITERAL("0"), 0, out);
}

static void send_response(struct mqtt_session *s, struct span rid, const struct dps_answer *answer,
                          const struct fault_decision *decision)
{
    struct buf topic HR_CLEANUP(buf_deinit);
    struct buf out;
    buf_init(&topic, TOPIC_BYTES_MOST);
    int code = dps_response_topic(answer->status, rid, answer->retry_after_s, &topic);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    int qos = qos_for(s->dps, buf_span(&topic));
    if (qos < 0) {
        session_note(s,
                     "the response %d is lost: the device has not subscribed to "
                     "$dps/registrations/res/#",
                     answer->status);
        return;
    }
    struct mqtt_publish publish = {
        .topic = buf_span(&topic), .body = buf_span(&answer->body), .qos = qos};
    if (qos > 0) {
        s->dps->last_packet_id = (uint16_t)(s->dps->last_packet_id % 65535 + 1);
        publish.packet_id = s->dps->last_packet_id;
    }
    buf_init(&out, MQTT_PACKET_BYTES_MOST * 2);
    session_send_with(s, decision, &out, mqtt_write_publish(&publish, &out));
}

static void take_request(struct mqtt_session *s, struct span bytes,
                         const struct fault_decision *decision)
{
    struct dps_request request;
    struct dps_answer answer;
    struct span topic;
    if (mqtt_take_bytes(&bytes, &topic) < 0 || dps_request_parse(topic, &request) < 0) {
        session_fail(s, ERR_INTERNAL);
        return;
    }
    dps_answer_init(&answer);
    if (decision->kind == FAULT_ANSWER) {
        dps_refuse(s->world.dps, &s->dps->caller, (int)decision->number[0], &answer);
    } else if (request.kind == DPS_REGISTER) {
        dps_register(s->world.dps, &s->dps->caller, bytes, &answer);
    } else {
        dps_status(s->world.dps, &s->dps->caller, request.operation_id, &answer);
    }
    if (s->state == SESSION_OPEN) {
        send_response(s, request.rid, &answer, decision);
    }
    dps_answer_deinit(&answer);
}

static void take_puback(struct mqtt_session *s, uint16_t packet_id)
{
    if (packet_id > s->dps->last_packet_id) {
        char why[80];
        snprintf(why, sizeof why, "packet id %d was not delivered by the service", packet_id);
        session_break(s, "PUBACK", why);
    }
}

static void disconnect(struct mqtt_session *s)
{
    (void)s;
}

static int keep_filter(struct session_dps *d, struct span filter, int qos)
{
    for (size_t i = 0; i < d->filter_count; i++) {
        if (span_equals_text(filter, d->filters[i].text)) {
            d->filters[i].qos = qos;
            return 0;
        }
    }
    ENSURE(d->filter_count < FILTERS_MOST, ERR_LIMIT);
    char *text = span_dup_text(filter);
    ENSURE(text != NULL, ERR_NO_MEMORY);
    d->filters[d->filter_count++] = (struct granted){text, qos};
    return 0;
}

static void grant(struct mqtt_session *s, struct span filter, int qos)
{
    char shown[SHOWN_TOPIC_BYTES];
    if (!span_equals_text(filter, "$dps/registrations/res/#")) {
        span_copy_text(filter, shown, sizeof shown);
        session_note(s, "filter '%s' is not $dps/registrations/res/#; granted", shown);
    }
    int code = keep_filter(s->dps, filter, qos);
    if (code == ERR_LIMIT) {
        session_break(s, "SUBSCRIBE", "more than 8 topic filters");
    } else if (code < 0) {
        session_fail(s, code);
    } else {
        EMIT(s->world.journal, MQTT_SUBSCRIBED, s->connection, s->name, F_SPAN("filter", filter),
             F_INT("qos", qos));
    }
}

static void remove_filter(struct mqtt_session *s, struct span filter)
{
    struct session_dps *d = s->dps;
    for (size_t i = 0; i < d->filter_count; i++) {
        if (span_equals_text(filter, d->filters[i].text)) {
            free(d->filters[i].text);
            d->filters[i] = d->filters[--d->filter_count];
            EMIT(s->world.journal, MQTT_UNSUBSCRIBED, s->connection, s->name,
                 F_SPAN("filter", filter));
            return;
        }
    }
}

static uint64_t deadline_us(const struct mqtt_session *s)
{
    return dps_deadline_us(s->world.dps);
}

static void tick(struct mqtt_session *s)
{
    dps_tick(s->world.dps);
}

const struct session_dialect session_dps_dialect = {
    .peer = "the provisioning service",
    .connack_site = SITE_DPS_CONNACK,
    .answer_sites = {[ANSWER_PUBACK] = SITE_DPS_PUBACK,
                     [ANSWER_SUBACK] = SITE_DPS_SUBACK,
                     [ANSWER_UNSUBACK] = SITE_DPS_UNSUBACK,
                     [ANSWER_PINGRESP] = SITE_DPS_PINGRESP,
                     [ANSWER_REQUEST] = SITE_COUNT}, // each request brings its own
    .open = open_side,
    .release = release_side,
    .emit_connect = emit_connect,
    .judge = judge,
    .is_welcome = is_welcome,
    .emit_refused = emit_refused,
    .attach = attach,
    .emit_connected = emit_connected,
    .leave = leave,
    .take_publish = take_publish,
    .after_publish = after_publish,
    .take_puback = take_puback,
    .take_request = take_request,
    .stray_topic = stray_topic,
    .disconnect = disconnect,
    .grant = grant,
    .remove = remove_filter,
    .deadline_us = deadline_us,
    .tick = tick,
};
