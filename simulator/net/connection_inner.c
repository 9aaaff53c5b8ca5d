// SPDX-License-Identifier: MIT
// What speaks inside TLS, and its outlet.
#include "simulator/net/connection.h"
#include "simulator/net/portal.h"

#include <stdio.h>

// Something was asked for. Inside a turn settle follows; outside, the timer brings one soon,
// because the one who asks may stand in the middle of another connection's turn.
static void note_wish(struct connection *c)
{
    if (!c->is_in_turn && !c->wants_turn) {
        c->wants_turn = true;
        connection_schedule(c);
    }
}

static bool is_deaf(const struct connection *c)
{
    return c->phase == PHASE_LINGER || c->phase == PHASE_GONE;
}

static void outlet_close(void *context, enum drop_how how)
{
    struct connection *c = context;
    if (is_deaf(c)) {
        return;
    }
    c->wants_close = true;
    c->close_how = how;
    note_wish(c);
}

static void outlet_send(void *context, struct span bytes)
{
    struct connection *c = context;
    if (is_deaf(c)) {
        return;
    }
    if (connection_engine(c)->write(c->tls, bytes) < 0) {
        outlet_close(c, DROP_RST);
        return;
    }
    note_wish(c);
}

static void outlet_stall(void *context)
{
    struct connection *c = context;
    c->is_stalled = true;
    note_wish(c);
}

static void outlet_wake(void *context)
{
    struct connection *c = context;
    if (!is_deaf(c)) {
        note_wish(c);
    }
}

static size_t outlet_queued_bytes(void *context)
{
    const struct connection *c = context;
    const struct records *r = &c->records;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) +
           connection_shape_waiting(c) +
           connection_engine(c)->output(c->tls)->len + r->raw.len + r->job.body.len + r->later.len +
           r->out.len;
}

static const struct speaker *find_speaker(const struct connection *c, enum dialect dialect)
{
    const struct server_settings *s = &c->server->settings;
    if (dialect != c->dialect) {
        return NULL;
    }
    for (size_t i = 0; i < HR_COUNT_OF(s->speakers); i++) {
        if (s->speakers[i].dialect == dialect && s->speakers[i].speaker.open) {
            return &s->speakers[i].speaker;
        }
    }
    return NULL;
}

static int open_for_hub(struct connection *c, const struct inner_call *call, enum dialect dialect)
{
    const struct speaker *speaker = find_speaker(c, dialect);
    if (speaker) {
        return speaker->open(speaker->context, call, &c->inner);
    }
    char why[120];
    snprintf(why, sizeof why, "%s was spoken where the hub expects %s", dialect_name(dialect),
             dialect_name(c->dialect));
    EMIT(connection_journal(c), MQTT_ERROR, c->id, NULL, F_TEXT("why", why),
         F_TEXT("packet", ""));
    outlet_close(c, DROP_FIN);
    return 0;
}

static int open_for_portal(struct connection *c, const struct inner_call *call)
{
    const struct server_settings *s = &c->server->settings;
    return portal_open(&(struct portal_settings){s->env, s->journal, c->portal_status}, call,
                       &c->inner);
}

// False when more bytes are needed, or when the connection will be closed.
static bool open_inner(struct connection *c, struct span first_bytes)
{
    enum dialect dialect = c->dialect == DIALECT_ANY ? DIALECT_ANY : dialect_of(first_bytes);
    if (dialect == DIALECT_UNDECIDED) {
        return false;
    }
    const struct tls_facts *facts = connection_engine(c)->facts(c->tls);
    struct inner_call call = {
        .connection = c->id,
        .outlet = {c, outlet_send, outlet_close, outlet_stall, outlet_wake,
                   outlet_queued_bytes},
        .sni = c->sni,
        .certificate = facts->has_certificate ? &facts->certificate : NULL,
    };
    int code = c->portal_status ? open_for_portal(c, &call) : open_for_hub(c, &call, dialect);
    if (code < 0) {
        c->inner = (struct inner){0};
        outlet_close(c, DROP_RST);
    }
    return c->inner.fn != NULL;
}

void connection_deliver_plain(struct connection *c)
{
    const struct tls_engine *engine = connection_engine(c);
    struct buf *plain = engine->plain(c->tls);
    c->is_in_turn = true;
    if (c->dialect == DIALECT_ANY && !c->inner.fn && c->phase == PHASE_OPEN && !c->is_stalled &&
        !c->wants_close) {
        open_inner(c, SPAN_EMPTY); // the other side may be the one that speaks first
    }
    while (plain->len > 0 && !c->is_stalled) {
        if (c->is_inner_over || (!c->inner.fn && c->phase == PHASE_LINGER)) {
            buf_clear(plain);
            break;
        }
        if (!c->inner.fn && !open_inner(c, buf_span(plain))) {
            break;
        }
        c->has_spoken = true;
        c->inner.fn->feed(c->inner.self, buf_span(plain));
        buf_clear(plain);
        engine->step(c->tls); // more may wait behind a full buffer
    }
    c->is_in_turn = false;
}

void connection_tick_inner(struct connection *c)
{
    c->is_in_turn = true;
    if (!c->is_stalled && !c->is_inner_over) {
        c->inner.fn->tick(c->inner.self);
    }
    c->is_in_turn = false;
    connection_settle(c);
}

void connection_flush_inner(struct connection *c)
{
    if (c->inner.fn && !c->is_inner_over && c->inner.fn->flush) {
        c->inner.fn->flush(c->inner.self);
        connection_flush(c);
    }
}

void connection_end_inner(struct connection *c)
{
    if (c->inner.fn && !c->is_inner_over) {
        c->is_inner_over = true;
        c->inner.fn->end(c->inner.self);
    }
}

void connection_tell_drained(struct connection *c)
{
    if (c->inner.fn && !c->is_inner_over && c->inner.fn->drained) {
        c->inner.fn->drained(c->inner.self);
    }
}

bool connection_stays_half_closed(struct connection *c)
{
    if (!c->is_half_closed && c->phase == PHASE_OPEN && c->inner.fn && !c->is_inner_over &&
        c->inner.fn->half_close) {
        c->is_half_closed = c->inner.fn->half_close(c->inner.self);
    }
    return c->is_half_closed;
}

void connection_settle(struct connection *c)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    c->wants_turn = false;
    connection_flush(c);
    if (c->wants_close && c->phase != PHASE_LINGER) {
        c->wants_close = false;
        if (c->records.end == RECORDS_SILENT) {
            return; // a stalled connection stays, whatever its speaker says
        }
        connection_close_now(c, c->close_how);
        return;
    }
    connection_update_reading(c);
    connection_schedule(c);
}
