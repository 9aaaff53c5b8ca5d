// SPDX-License-Identifier: MIT
// The faults of TLS on a connection: its bytes through the record rewriter (tls/records.h), a flight
// made by hand instead of the engine's, and what the device thought of that.
#include "base/error.h"
#include "simulator/net/connection.h"
#include "simulator/tls/raw.h"

#include <stdlib.h>
#include <string.h>

static struct fault_decision decide(void *context, enum fault_site site, uint64_t after_order)
{
    struct connection *c = context;
    if (c->portal_status != 0) {
        return (struct fault_decision){.kind = FAULT_NONE}; // the sites are the hub's
    }
    site = c->server->settings.is_dps ? site_of_dps(site) : site;
    return faults_decide_after(c->server->settings.faults, site, c->id, connection_device(c),
                               after_order);
}

static uint64_t now_us(void *context)
{
    return connection_now_us(context);
}

static int random_bytes(void *context, void *out, size_t len_bytes)
{
    struct connection *c = context;
    const struct env *env = c->server->settings.env;
    return env->random(env->world, out, len_bytes);
}

void connection_init_records(struct connection *c)
{
    const struct records_world world = {c, decide, now_us, random_bytes};
    records_init(&c->records, &world);
}

// ---- flights

// The hand-made flight takes the engine's place; `skip_bytes` at the end of what the device has said
// are still to be fed.
static int change_engine(struct connection *c, size_t skip_bytes)
{
    struct tls_connection *raw = NULL;
    struct records *r = &c->records;
    if (!c->server->raw) {
        FAIL(ERR_CRYPTO, "the key of this chain cannot sign a hand-made flight");
    }
    TRY(tls_engine_raw.connection_new(c->server->raw, &raw));
    raw_choose_flight(raw, (enum flight)r->flight_wanted);
    int code = tls_engine_raw.feed(
        raw, span_slice(buf_span(&r->hello), 0, r->hello.len - skip_bytes));
    if (code < 0) {
        tls_engine_raw.connection_free(raw);
        return code;
    }
    c->engine->connection_free(c->tls);
    c->engine = &tls_engine_raw;
    c->tls = raw;
    buf_clear(&r->raw);
    buf_clear(&r->message);
    c->flight = flight_word((unsigned)r->flight_wanted);
    r->flight_wanted = -1;
    return 0;
}

static void take_wanted_flight(struct connection *c, size_t skip_bytes)
{
    if (c->records.flight_wanted >= 0 && change_engine(c, skip_bytes) < 0) {
        connection_emit_tls_failed(c, error_detail());
        connection_cut(c);
    }
}

// ---- the way out

// What only the engine can protect, behind all that it has protected before.
static void serve_wish(struct connection *c)
{
    struct records *r = &c->records;
    struct records_wish wish = r->wish;
    if (records_wait_until(r) != UINT64_MAX || !c->is_established) {
        return;
    }
    r->wish = (struct records_wish){0};
    int code = 0;
    if (wish.wants_renegotiation) {
        code = c->engine->renegotiate ? c->engine->renegotiate(c->tls) : ERR_TLS;
    }
    if (wish.wants_key_update && code == 0) {
        code = c->engine->update_keys ? c->engine->update_keys(c->tls) : ERR_TLS;
    }
    if (wish.wants_alert && code == 0) {
        code = c->engine->send_alert
                   ? c->engine->send_alert(c->tls, wish.is_fatal, wish.alert)
                   : ERR_TLS;
    }
    if (wish.wants_alert && code == 0) {
        const struct tls_alert alert = {true, wish.is_fatal, wish.alert};
        connection_emit_alert(c, "hub", &alert);
    }
    if (code < 0) {
        connection_emit_tls_failed(c, "the TLS engine cannot do what the fault asks for");
    }
    struct buf *output = c->engine->output(c->tls);
    if (buf_append(&r->out, buf_span(output)) == 0) {
        buf_clear(output);
    }
    if (wish.wants_alert && (wish.is_fatal || wish.alert == 0)) {
        r->end = RECORDS_FIN;
    }
}

struct buf *connection_rewrite(struct connection *c)
{
    struct buf *output = c->engine->output(c->tls);
    struct records *r = &c->records;
    bool is_plain_way = !c->has_hello || c->flight ||
                        (!records_is_busy(r) &&
                         !faults_wait_at(c->server->settings.faults, AT_TLS));
    if (is_plain_way) {
        return output;
    }
    if (records_take(r, buf_span(output)) < 0) {
        r->end = RECORDS_RST;
        c->wants_close = true;
        c->close_how = DROP_RST;
    }
    buf_clear(output);
    serve_wish(c);
    return &r->out;
}

static void on_half_closed(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request);
}

static void half_close(struct connection *c)
{
    uv_shutdown_t *request = malloc(sizeof *request);
    if (!request || uv_shutdown(request, (uv_stream_t *)&c->tcp, on_half_closed) < 0) {
        free(request);
    }
}

void connection_obey_records(struct connection *c)
{
    enum records_end end = c->records.end;
    if (end == RECORDS_GO_ON || c->is_silent || c->phase == PHASE_LINGER) {
        return;
    }
    c->is_silent = true;
    if (end == RECORDS_HALF) {
        half_close(c);
    } else if (end != RECORDS_SILENT) {
        c->wants_close = true;
        c->close_how = end == RECORDS_RST ? DROP_RST : DROP_FIN;
    }
}

// ---- when

bool connection_take_hello(struct connection *c, struct span hello, size_t last_bytes)
{
    if (records_take_hello(&c->records, hello) < 0) {
        connection_cut(c);
        return false;
    }
    take_wanted_flight(c, last_bytes);
    if (c->phase != PHASE_GONE) {
        connection_settle(c);
    }
    return c->phase == PHASE_TLS;
}

void connection_go_on(struct connection *c)
{
    if (c->is_working) {
        connection_schedule(c);
        return;
    }
    if (records_go_on(&c->records) < 0) {
        connection_cut(c);
        return;
    }
    bool is_fresh = c->records.flight_wanted >= 0;
    take_wanted_flight(c, 0);
    if (c->phase != PHASE_GONE) {
        connection_settle(c);
    }
    if (is_fresh && c->phase == PHASE_TLS) {
        connection_advance(c);
    }
}

void connection_note_open(struct connection *c)
{
    c->records.is_encrypted = true;
    c->records.is_open = true;
    buf_deinit(&c->records.hello);
    buf_deinit(&c->records.message);
}

// ---- what the device thinks

const char *connection_right_alerts(const struct connection *c)
{
    if (c->records.last_kind != FAULT_NONE) {
        return records_right_alerts(&c->records);
    }
    const struct server *server = c->server;
    const char *chain = c->tls ? c->engine->facts(c->tls)->chain_name : "";
    return strcmp(chain, server->chain_name) == 0 ? server->right_alerts : "";
}

void connection_emit_judged(struct connection *c, const char *verdict)
{
    char scratch[16];
    const struct tls_facts *facts = c->tls ? c->engine->facts(c->tls) : NULL;
    if (!facts || !facts->judgement.is_possible || c->is_judged) {
        return;
    }
    c->is_judged = true;
    const struct tls_alert *alert = &facts->from_device;
    if (!verdict) {
        verdict = facts->judgement.is_accepted ? "accepted"
                  : alert->is_seen             ? "alert"
                                               : "other";
    }
    EMIT(connection_journal(c), TLS_JUDGED, c->id, NULL, F_TEXT("verdict", verdict),
         F_TEXT("alert", alert->is_seen ? tls_alert_name(alert->code, scratch) : ""),
         F_TEXT("next", facts->judgement.next), F_TEXT("flight", c->flight ? c->flight : ""),
         F_TEXT("chain", facts->chain_name),
         F_TEXT("expected_alert", connection_right_alerts(c)),
         F_INT("after_ms", (connection_now_us(c) - c->hello_us) / 1000));
}
