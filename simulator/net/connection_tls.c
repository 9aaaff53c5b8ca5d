// SPDX-License-Identifier: MIT
// The handshake of a connection, and what its failure says about the device.
#include "base/error.h"
#include "simulator/net/connection.h"
#include "simulator/tls/client_hello.h"

#include <stdio.h>

void connection_emit_alert(struct connection *c, const char *by, const struct tls_alert *alert)
{
    char scratch[16];
    EMIT(connection_journal(c), TLS_ALERT, c->id, connection_device(c), F_TEXT("by", by),
         F_TEXT("level", alert->is_fatal ? "fatal" : "warning"),
         F_TEXT("name", tls_alert_name(alert->code, scratch)), F_INT("code", alert->code),
         F_TEXT("during", c->is_established ? "data" : "handshake"));
}

void connection_emit_tls_failed(struct connection *c, const char *why)
{
    const struct tls_facts *facts = c->tls ? connection_engine(c)->facts(c->tls) : NULL;
    EMIT(connection_journal(c), TLS_FAILED, c->id, connection_device(c), F_TEXT("why", why),
         F_TEXT("chain", facts ? facts->chain_name : ""));
}

// An unencrypted alert stands alone in its segment, with stacks as they are.
static void hear_alert(struct connection *c, struct span bytes)
{
    if (!c->is_established && bytes.len >= 7 && bytes.ptr[0] == 21 && bytes.ptr[1] == 3 &&
        bytes.ptr[3] == 0 && bytes.ptr[4] == 2) {
        c->heard = (struct tls_alert){true, bytes.ptr[5] == 2, bytes.ptr[6]};
    }
}

static const struct tls_alert *device_alert(const struct connection *c)
{
    const struct tls_facts *facts = connection_engine(c)->facts(c->tls);
    return facts->from_device.is_seen ? &facts->from_device : &c->heard;
}

// The device gives up before its first MQTT byte: what it thinks of the chain, whether it says so
// by an alert, by closing, or only after a handshake that looked complete (some stacks verify
// late).
static void note_refusal(struct connection *c, const char *how)
{
    if (c->is_refused || !c->has_hello || c->has_spoken || c->closed_by) {
        return;
    }
    char scratch[16];
    const struct tls_facts *facts = connection_engine(c)->facts(c->tls);
    const struct tls_alert *alert = device_alert(c);
    bool has_alert = alert->is_seen && alert->is_fatal;
    c->is_refused = true;
    EMIT(connection_journal(c), TLS_REFUSED, c->id, NULL, F_TEXT("how", how),
         F_TEXT("alert", has_alert ? tls_alert_name(alert->code, scratch) : ""),
         F_TEXT("chain", facts->chain_name),
         F_TEXT("expected_alert", connection_right_alerts(c)));
}

static void after_failure(struct connection *c)
{
    const struct tls_facts *facts = connection_engine(c)->facts(c->tls);
    const struct tls_alert *alert = device_alert(c);
    if (alert->is_seen) {
        connection_emit_alert(c, "device", alert);
    }
    if (facts->from_hub.is_seen) {
        connection_emit_alert(c, "hub", &facts->from_hub);
    }
    connection_emit_judged(c, NULL);
    if (!facts->judgement.is_accepted) {
        connection_emit_tls_failed(c, facts->why);
    }
    if (alert->is_seen) {
        note_refusal(c, "alert");
        connection_note_closer(c, "device", "alert");
    }
    connection_flush(c);
    connection_close_gently(c);
}

static void emit_established(struct connection *c)
{
    const struct tls_facts *facts = connection_engine(c)->facts(c->tls);
    c->is_established = true;
    connection_note_open(c);
    if (c->phase == PHASE_TLS) {
        c->phase = PHASE_OPEN;
    }
    EMIT(connection_journal(c), TLS_ESTABLISHED, c->id, NULL, F_TEXT("version", facts->version),
         F_TEXT("suite", facts->suite), F_BOOL("resumed", facts->is_resumed), F_BOOL("client_certificate", facts->has_certificate),
         F_INT("handshake_us", connection_now_us(c) - c->hello_us),
         F_INT("record_bytes", facts->record_bytes),
         F_TEXT("chain", facts->chain_name));
}

static void tell_secrets(struct connection *c)
{
    const char *secrets = connection_engine(c)->facts(c->tls)->key_log;
    if (!c->has_told_secrets && secrets[0]) {
        c->has_told_secrets = true;
        capture_secret(c->capture, secrets);
        key_log_add(c->server->settings.key_log, secrets);
    }
}

void connection_peer_closed(struct connection *c)
{
    if (c->is_half_closed && c->phase == PHASE_OPEN && c->eof_code == UV_EOF) {
        return; // it had said so inside TLS
    }
    connection_emit_judged(c, "closed");
    if (c->tls) {
        tell_secrets(c); // of a handshake without end, as many as there are
    }
    bool is_mid_handshake = c->has_hello && !c->is_established && c->phase == PHASE_TLS;
    if (is_mid_handshake) {
        connection_emit_tls_failed(
            c, "the device closed the connection during the handshake without an alert");
    }
    note_refusal(c, c->is_established ? "close-after-handshake" : "close");
    const char *how = c->eof_code == UV_EOF          ? "fin"
                      : c->eof_code == UV_ECONNRESET ? "rst"
                                                     : "error";
    connection_note_closer(c, "device", how);
    connection_finish(c, "device", how);
}

// The engine has made a step and is back on the loop.
static void after_step(struct connection *c, enum tls_state state)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    if (connection_engine(c)->facts(c->tls)->has_all_secrets) {
        tell_secrets(c);
    }
    c->records.is_handshake_over = state == TLS_OPEN;
    connection_flush(c);
    if (state == TLS_FAILED) {
        if (c->phase == PHASE_LINGER) {
            connection_finish(c, "hub", "fin");
        } else {
            after_failure(c);
        }
        return;
    }
    if (state != TLS_HANDSHAKING && !c->is_established && !c->is_silent) {
        struct buf *output = connection_engine(c)->output(c->tls);
        if (output->len == 0) {
            buf_deinit(output); // it held a whole flight
        }
        emit_established(c);
    }
    if (c->engine->facts(c->tls)->is_renegotiated && !c->is_renegotiated) {
        c->is_renegotiated = true;
        EMIT(connection_journal(c), TLS_RENEGOTIATED, c->id, connection_device(c));
    }
    if (c->is_established && (state == TLS_OPEN || state == TLS_CLOSED)) {
        connection_deliver_plain(c);
    }
    connection_settle(c);
    if (state == TLS_CLOSED && c->phase != PHASE_GONE) {
        note_refusal(c, "close-after-handshake");
        connection_note_closer(c, "device", "fin");
        if (!connection_stays_half_closed(c)) {
            connection_close_gently(c);
        }
    }
}

static void on_step(uv_work_t *work)
{
    struct connection *c = work->data;
    connection_engine(c)->step(c->tls);
}

static void on_step_done(uv_work_t *work, int status)
{
    struct connection *c = work->data;
    (void)status;
    c->is_working = false;
    if (c->phase == PHASE_GONE) {
        connection_release_if_done(c);
        return;
    }
    after_step(c,
               connection_engine(c)->step(c->tls)); // no work left: this returns the state at once
    if (c->phase != PHASE_GONE && c->pending.len > 0) {
        int code = connection_engine(c)->feed(c->tls, buf_span(&c->pending));
        buf_deinit(&c->pending);
        if (code < 0) {
            connection_cut(c);
            return;
        }
        connection_advance(c);
    }
    if (c->phase != PHASE_GONE && c->has_eof && !c->is_working) {
        connection_peer_closed(c);
    }
}

void connection_advance(struct connection *c)
{
    if (c->is_established) {
        after_step(c, connection_engine(c)->step(c->tls));
        return;
    }
    c->is_working = true;
    c->work.data = c;
    if (uv_queue_work(c->server->settings.loop, &c->work, on_step, on_step_done) < 0) {
        c->is_working = false;
        connection_cut(c);
    }
}

// Look at the first bytes. Returns false when the connection is being closed for them.
static bool inspect_first_bytes(struct connection *c, struct span bytes)
{
    if (buf_append(&c->hello, bytes) < 0) {
        c->has_hello = true; // too long for a ClientHello: the engine says what is wrong
        return true;
    }
    enum dialect dialect = dialect_of(buf_span(&c->hello));
    if (dialect != DIALECT_TLS && dialect != DIALECT_UNDECIDED) {
        char why[160];
        snprintf(why, sizeof why, "the device spoke %s without TLS", dialect_name(dialect));
        connection_emit_tls_failed(c, why);
        connection_close_gently(c);
        return false;
    }
    struct client_hello hello;
    int code = client_hello_read(buf_span(&c->hello), &hello);
    if (code == 0) {
        return true;
    }
    c->has_hello = true;
    c->hello_us = connection_now_us(c);
    if (code > 0) {
        connection_emit_hello(c, &hello);
    }
    bool goes_on = connection_take_hello(c, buf_span(&c->hello), bytes.len);
    buf_deinit(&c->hello);
    return goes_on;
}

void connection_take(struct connection *c, struct span bytes)
{
    c->in_bytes += bytes.len;
    hear_alert(c, bytes);
    if (c->phase == PHASE_TLS && !c->has_hello && !inspect_first_bytes(c, bytes)) {
        return;
    }
    if (c->phase == PHASE_LINGER && !c->is_established) {
        if (c->heard.is_seen) {
            connection_emit_alert(c, "device", &c->heard);
        }
        return;
    }
    int code =
        c->is_working ? buf_append(&c->pending, bytes) : connection_engine(c)->feed(c->tls, bytes);
    if (code < 0) {
        connection_cut(c);
        return;
    }
    if (!c->is_working) {
        connection_advance(c);
    }
}
