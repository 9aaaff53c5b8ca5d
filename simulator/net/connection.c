// SPDX-License-Identifier: MIT
// From accept to the end of a connection.
#include "simulator/net/connection.h"
#include "simulator/tls/client_hello.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct connection *connection_next(const struct connection *c)
{
    return c->next;
}

struct journal *connection_journal(const struct connection *c)
{
    return c->server->settings.journal;
}

const struct tls_engine *connection_engine(const struct connection *c)
{
    return c->engine;
}

uint64_t connection_now_us(const struct connection *c)
{
    const struct env *env = c->server->settings.env;
    return env->mono_us(env->world);
}

const char *connection_device(const struct connection *c)
{
    return c->inner.fn ? c->inner.fn->device(c->inner.self) : "";
}

void connection_release_if_done(struct connection *c)
{
    if (c->open_handles > 0 || c->is_working) {
        return;
    }
    struct server *server = c->server;
    c->engine->connection_free(c->tls);
    records_deinit(&c->records);
    connection_end_shape(c);
    if (c->inner.fn) {
        c->inner.fn->free(c->inner.self);
    }
    buf_deinit(&c->hello);
    buf_wipe(&c->pending);
    free(c);
    server_handle_closed(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    c->open_handles--;
    connection_release_if_done(c);
}

static void unlink_connection(struct connection *c)
{
    if (c->prev) {
        c->prev->next = c->next;
    } else {
        c->server->connections = c->next;
    }
    if (c->next) {
        c->next->prev = c->prev;
    }
    c->server->connection_count--;
}

// The connection is over, whoever ended it: `by` and `how` count only when nothing was noted
// before.
void connection_finish(struct connection *c, const char *by, const char *how)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    c->phase = PHASE_GONE;
    connection_end_inner(c);
    EMIT(connection_journal(c), TCP_CLOSED, c->id, connection_device(c),
         F_TEXT("by", c->closed_by ? c->closed_by : by),
         F_TEXT("how", c->closed_how ? c->closed_how : how), F_INT("in_bytes", c->in_bytes),
         F_INT("out_bytes", c->out_bytes));
    by = c->closed_by ? c->closed_by : by;
    how = c->closed_how ? c->closed_how : how;
    capture_end(c->capture, strcmp(by, "device") == 0, strcmp(how, "rst") == 0);
    c->capture = NULL;
    connection_bury(c);
    unlink_connection(c);
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

void connection_note_closer(struct connection *c, const char *by, const char *how)
{
    if (!c->closed_by) {
        c->closed_by = by;
        c->closed_how = how;
    }
}

void connection_cut(struct connection *c)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    connection_note_closer(c, "hub", "rst");
    connection_finish(c, "hub", "rst");
}

// ---- timers

static void on_timer(uv_timer_t *timer);

static uint64_t deadline_of(const struct connection *c)
{
    if (c->phase == PHASE_LINGER) {
        return c->linger_until_us;
    }
    if (c->wants_turn) {
        return 0;
    }
    if (c->is_stalled) {
        return UINT64_MAX;
    }
    if (c->phase == PHASE_HELD) {
        return c->held_until_us;
    }
    uint64_t records_us = records_wait_until(&c->records);
    uint64_t limit_us = c->inner.fn    ? c->inner.fn->deadline_us(c->inner.self)
                        : c->is_silent ? UINT64_MAX
                                       : c->accepted_us + FIRST_BYTES_LIMIT_US;
    if (records_us < limit_us) {
        return c->is_working ? connection_now_us(c) + WORKING_US : records_us;
    }
    return limit_us;
}

void connection_schedule(struct connection *c)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    uint64_t at = deadline_of(c);
    if (at == UINT64_MAX) {
        uv_timer_stop(&c->timer);
        return;
    }
    uv_update_time(c->server->settings.loop);
    uv_timer_start(&c->timer, on_timer, env_wait_ms(c->server->settings.env, at), 0);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct connection *c = request->handle->data;
    (void)status;
    free(request);
    if (c->is_half_closed && c->has_eof && c->phase == PHASE_LINGER) {
        connection_finish(c, "device", "fin"); // both directions are over
    }
}

void connection_send_fin(struct connection *c)
{
    uv_shutdown_t *request = malloc(sizeof *request);
    if (!request || uv_shutdown(request, (uv_stream_t *)&c->tcp, on_shutdown) < 0) {
        free(request);
        connection_finish(c, "hub", "fin");
    }
}

void connection_close_now(struct connection *c, enum drop_how how)
{
    if (how == DROP_FIN && records_wait_until(&c->records) != UINT64_MAX) {
        c->wants_close = true; // what a delay holds back goes out first
        c->close_how = how;
        connection_schedule(c);
        return;
    }
    if (how == DROP_RST) {
        connection_cut(c);
    } else {
        connection_close_gently(c);
    }
}

void connection_close_gently(struct connection *c)
{
    if (c->phase == PHASE_LINGER || c->phase == PHASE_GONE) {
        return;
    }
    connection_note_closer(c, "hub", "fin");
    if (c->tls) {
        connection_engine(c)->close(c->tls);
        connection_flush(c);
    }
    c->phase = PHASE_LINGER;
    c->linger_until_us = connection_now_us(c) + LINGER_US;
    if (!connection_shape_fin(c)) {
        connection_send_fin(c);
    }
    connection_update_reading(c);
    connection_schedule(c);
}

void connection_drop(struct connection *c, enum drop_how how)
{
    connection_flush_inner(c);
    connection_end_inner(c);
    if (c->is_working && how == DROP_FIN) {
        c->wants_close = true; // the engine is away: close when it is back
        c->close_how = how;
        return;
    }
    connection_close_now(c, how);
}

static void begin_tls(struct connection *c)
{
    struct fault_decision d =
        faults_decide(c->server->settings.faults,
                      c->server->settings.is_dps ? SITE_DPS_ACCEPT : SITE_TCP_ACCEPT, c->id, NULL);
    if (d.kind == FAULT_DELAY) {
        c->phase = PHASE_HELD;
        c->held_until_us = connection_now_us(c) + d.number[0];
        connection_schedule(c);
        return;
    }
    if (d.kind == FAULT_DROP) {
        connection_close_now(c, fault_drop(d.number));
        return;
    }
    c->phase = PHASE_TLS;
    c->is_stalled = d.kind == FAULT_STALL;
    connection_update_reading(c);
    connection_schedule(c);
}

static void on_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    if (c->phase == PHASE_HELD) {
        begin_tls(c);
    } else if (c->phase == PHASE_LINGER) {
        connection_finish(c, "hub", "fin");
    } else if (env_wait_ms(c->server->settings.env, records_wait_until(&c->records)) <= TIMER_EARLY_MS) {
        connection_go_on(c);
    } else if (c->inner.fn) {
        connection_tick_inner(c);
    } else if (c->is_working) {
        // never at once: libuv 1.44 runs a timer that is due again without ever looking at the sockets
        uv_timer_start(&c->timer, on_timer, ENGINE_AWAY_MS, 0);
    } else {
        connection_emit_judged(c, "silent");
        connection_emit_tls_failed(c, c->is_established
                                          ? "nothing came over TLS within 60 s"
                                          : "the TLS handshake was not over within 60 s");
        connection_close_gently(c);
    }
}

static void print_peer(const struct connection *c, char *out, size_t capacity_bytes)
{
    struct sockaddr_storage peer = {0};
    int len = sizeof peer;
    char address[64] = "";
    out[0] = '\0';
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &len) == 0) {
        bool is_v6 = peer.ss_family == AF_INET6;
        uv_ip_name((struct sockaddr *)&peer, address, sizeof address);
        snprintf(out, capacity_bytes, is_v6 ? "[%s]:%d" : "%s:%d", address,
                 ntohs(is_v6 ? ((struct sockaddr_in6 *)&peer)->sin6_port
                             : ((struct sockaddr_in *)&peer)->sin_port));
    }
}

static void begin_capture(struct connection *c)
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_storage local = {0};
    int peer_len = sizeof peer;
    int local_len = sizeof local;
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &peer_len) == 0 &&
        uv_tcp_getsockname(&c->tcp, (struct sockaddr *)&local, &local_len) == 0) {
        c->capture = capture_begin(c->server->settings.capture, c->id, (struct sockaddr *)&peer,
                                   (struct sockaddr *)&local);
    }
}

void connection_describe(const struct connection *c, struct server_connection *out)
{
    *out = (struct server_connection){.id = c->id,
                                      .device = connection_device(c),
                                      .has_tls = c->is_established,
                                      .age_us = connection_now_us(c) - c->accepted_us,
                                      .in_bytes = c->in_bytes,
                                      .out_bytes = c->out_bytes};
    print_peer(c, out->peer, sizeof out->peer);
}

static void emit_accepted(struct connection *c, const struct listener *listener)
{
    char text[80];
    print_peer(c, text, sizeof text);
    begin_capture(c);
    EMIT(connection_journal(c), TCP_ACCEPTED, c->id, NULL, F_TEXT("peer", text),
         F_TEXT("endpoint", listener->endpoint));
}

static void link_connection(struct connection *c)
{
    struct server *server = c->server;
    c->next = server->connections;
    if (c->next) {
        c->next->prev = c;
    }
    server->connections = c;
    server->connection_count++;
}

static struct connection *connection_new(struct server *server)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        return NULL;
    }
    c->server = server;
    if (uv_tcp_init(server->settings.loop, &c->tcp) != 0) {
        free(c);
        return NULL;
    }
    uv_timer_init(server->settings.loop, &c->timer);
    c->tcp.data = c;
    c->timer.data = c;
    c->open_handles = 2;
    c->is_paused = true;
    buf_init(&c->hello, CLIENT_HELLO_BYTES_MOST);
    buf_init(&c->pending, PENDING_BYTES_MOST);
    connection_init_records(c);
    c->engine = server->tls || !server->raw ? server->settings.engine : &tls_engine_raw;
    c->accepted_us = connection_now_us(c);
    server->open_handles++;
    return c;
}

static struct tls_server *choose_chain(struct connection *c)
{
    struct server *server = c->server;
    if (c->portal_status != 0) {
        c->engine = server->settings.engine;
        return server->portal;
    }
    return server->tls ? server->tls : server->raw;
}

void connection_accept(struct server *server, struct listener *listener)
{
    struct connection *c = connection_new(server);
    if (!c) {
        return;
    }
    c->dialect = listener->dialect;
    link_connection(c);
    if (uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&c->tcp) != 0) {
        c->phase = PHASE_GONE;
        unlink_connection(c);
        uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
        uv_close((uv_handle_t *)&c->timer, on_handle_closed);
        return;
    }
    c->id = server->settings.last_connection_id ? ++*server->settings.last_connection_id
                                                : ++server->last_id;
    uv_tcp_nodelay(&c->tcp, 1);
    emit_accepted(c, listener);
    connection_meet_states(c);
    struct tls_server *chain = choose_chain(c);
    if (!chain || c->engine->connection_new(chain, &c->tls) < 0) {
        connection_emit_tls_failed(c, c->portal_status ? "the portal has no chain to present"
                                                        : "the hub has no chain to present");
        connection_cut(c);
        return;
    }
    begin_tls(c);
}
