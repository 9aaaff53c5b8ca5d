// SPDX-License-Identifier: MIT
// CONNECT: judged by the hub, then by the fault plan, then answered.
#include "base/error.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/username.h"
#include "simulator/mqtt/session_private.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES_MOST = 512, CONNACK_BYTES = 16 };

static void refuse(struct mqtt_session *s, int code, enum reason reason, const char *working)
{
    const struct reason_row *row = reason_row(reason);
    struct buf out;
    buf_init(&out, CONNACK_BYTES);
    session_send(s, &out, mqtt_write_connack(false, code, &out));
    if (s->state == SESSION_CLOSED) {
        return;
    }
    EMIT(s->world.journal, MQTT_REFUSED, s->connection, s->name, F_INT("code", code),
         F_TEXT("reason", row->word), F_INT("hub_code", row->hub_code),
         F_TEXT("why", row->sentence), F_TEXT("working", working), F_TEXT("hint", row->hint));
    session_close_as(s, DROP_FIN, SESSION_REFUSED);
}

static void emit_connect(struct mqtt_session *s, const struct mqtt_connect *c)
{
    char client_id[SHOWN_BYTES_MOST];
    char username[SHOWN_BYTES_MOST];
    struct username u;
    int code = username_parse(c->username, &u);
    if (code == 0) {
        memcpy(s->name, u.name, sizeof s->name);
    } else if (identity_name_is_valid(c->client_id)) {
        span_copy_text(c->client_id, s->name, sizeof s->name);
    }
    EMIT(s->world.journal, MQTT_CONNECT, s->connection, s->name,
         F_SPAN("client_id", sas_redacted(c->client_id, client_id, sizeof client_id)),
         F_SPAN("username", sas_redacted(c->username, username, sizeof username)),
         F_BOOL("has_password", c->password.ptr != NULL), F_BOOL("clean", c->is_clean),
         F_INT("keep_alive_s", c->keepalive_s), F_BOOL("will", c->has_will),
         F_TEXT("api_version", u.api_version));
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

static void accept_connect(struct mqtt_session *s)
{
    struct buf out;
    buf_init(&out, CONNACK_BYTES);
    s->state = SESSION_OPEN;
    s->was_accepted = true;
    s->last_in_us = session_now_us(s);
    s->token_check_us = s->last_in_us;
    hub_attach(s->world.hub, &s->link);
    bool was_kept = hub_session_begin(s->world.hub, s->identity, s->is_clean);
    session_send(s, &out, mqtt_write_connack(was_kept, 0, &out));
    if (s->state != SESSION_OPEN) {
        return;
    }
    static const char *const ways[] = {"sas", "thumbprint", "ca"};
    EMIT(s->world.journal, MQTT_CONNECTED, s->connection, s->name, F_TEXT("client_id", s->name),
         F_TEXT("auth", ways[s->identity->auth]), F_TEXT("key", s->key),
         F_BOOL("session_present", was_kept));
    process_early(s);
}

void session_decide_connack(struct mqtt_session *s, uint64_t after_order)
{
    if (s->identity->is_disabled) { // during the delay
        refuse(s, hub_connack_code(s->world.hub, REASON_DISABLED), REASON_DISABLED,
               "the identity was disabled while CONNACK was delayed");
        return;
    }
    struct fault_decision d = faults_decide_after(s->world.faults, SITE_MQTT_CONNACK, s->connection,
                                                  s->name, after_order);
    switch (d.kind) {
    case FAULT_REFUSE:
        refuse(s, d.code, REASON_FAULT, "the hub would have accepted this CONNECT");
        break;
    case FAULT_DELAY:
        s->state = SESSION_HELD;
        s->connack_at_us = session_now_us(s) + d.delay_us;
        s->connack_order = d.order;
        break;
    case FAULT_DROP:
        session_close(s, d.drop);
        break;
    case FAULT_SWALLOW:
        s->state = SESSION_MUTE;
        break;
    case FAULT_STALL:
        session_stall(s);
        break;
    default:
        accept_connect(s);
    }
}

static void judge(struct mqtt_session *s, const struct mqtt_connect *c)
{
    struct auth_request request = {.client_id = c->client_id,
                                   .username = c->username,
                                   .password = c->password,
                                   .certificate = s->certificate};
    struct auth_result result;
    hub_authenticate(s->world.hub, &request, &result);
    if (result.reason != REASON_OK) {
        refuse(s, hub_connack_code(s->world.hub, result.reason), result.reason, result.working);
        return;
    }
    s->identity = result.identity;
    s->link.identity = result.identity;
    s->token_expires_us = result.token_expires_us;
    s->is_clean = c->is_clean;
    s->keepalive_us = keepalive_wait_us(c->keepalive_s);
    memcpy(s->key, result.key, sizeof s->key);
    s->link.key = s->key;
    int code = session_keep_will(s, c);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    session_decide_connack(s, 0);
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
    emit_connect(s, &c);
    if (s->state != SESSION_NEW) {
        return;
    }
    if (c.level != MQTT_LEVEL) {
        char working[80];
        snprintf(working, sizeof working,
                 "the CONNECT packet says level %d, expected %d (MQTT 3.1.1)", c.level, MQTT_LEVEL);
        refuse(s, hub_connack_code(s->world.hub, REASON_WRONG_PROTOCOL_LEVEL),
               REASON_WRONG_PROTOCOL_LEVEL, working);
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
