// SPDX-License-Identifier: MIT
// The life of one TCP connection: held by a fault, TLS handshake, open with a session, lingering
// after our close, gone. The TLS engine belongs to the loop except while is_working.
#include "base/error.h"
#include "simulator/mqtt/session.h"
#include "simulator/net/dispatch.h"
#include "simulator/net/internal.h"
#include "simulator/tls/client_hello.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum phase { PHASE_HELD, PHASE_TLS, PHASE_OPEN, PHASE_LINGER, PHASE_GONE };

enum {
    FIRST_BYTES_LIMIT_US = 60 * 1000000, // TLS and the first byte inside it, as the service waits
    LINGER_US = 2 * 1000000,             // after our FIN, before the connection is cut
    WRITE_QUEUE_PAUSE_BYTES = 1 << 20,   // a device that does not read is not read from either
    PENDING_BYTES_MOST = 1 << 20,
    READ_CHUNK_BYTES = 65536,
};

struct connection {
    struct connection *next;
    struct connection *prev;
    struct server *server;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_work_t work;
    int open_handles;
    uint32_t id;
    enum phase phase;
    struct tls_connection *tls;
    struct mqtt_session *session;
    struct buf hello;   // copy of the first bytes, until the ClientHello is read
    struct buf pending; // what arrived while the engine was away
    uint64_t accepted_us;
    uint64_t held_until_us;
    uint64_t linger_until_us;
    uint64_t hello_us;
    uint64_t in_bytes;
    uint64_t out_bytes;
    bool has_hello;
    bool is_established;
    bool is_stalled;
    bool is_refused;
    bool is_paused;
    bool is_working;
    bool is_session_over; // the session has been told its end
    bool has_eof;         // the device has closed; handled when the engine is back
    int eof_code;
    bool wants_close;
    enum drop_how close_how;
    const char *closed_by;
    const char *closed_how;
};

static void advance(struct connection *c);
static void finish(struct connection *c, const char *by, const char *how);

struct connection *connection_next(const struct connection *c)
{
    return c->next;
}

static struct journal *journal_of(const struct connection *c)
{
    return c->server->settings.journal;
}

static const struct tls_engine *engine_of(const struct connection *c)
{
    return c->server->settings.engine;
}

static uint64_t now_us(const struct connection *c)
{
    const struct env *env = c->server->settings.env;
    return env->mono_us(env->world);
}

static const char *device_of(const struct connection *c)
{
    return c->session ? mqtt_session_device(c->session) : "";
}

static void release_if_done(struct connection *c)
{
    if (c->open_handles > 0 || c->is_working) {
        return;
    }
    struct server *server = c->server;
    engine_of(c)->connection_free(c->tls);
    mqtt_session_free(c->session);
    buf_deinit(&c->hello);
    buf_wipe(&c->pending);
    free(c);
    server_handle_closed(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    c->open_handles--;
    release_if_done(c);
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

static void end_session(struct connection *c)
{
    if (c->session && !c->is_session_over) {
        c->is_session_over = true;
        mqtt_session_end(c->session);
    }
}

// The connection is over, whoever ended it: `by` and `how` count only when nothing was noted before.
static void finish(struct connection *c, const char *by, const char *how)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    c->phase = PHASE_GONE;
    end_session(c);
    EMIT(journal_of(c), TCP_CLOSED, c->id, device_of(c), F_TEXT("by", c->closed_by ? c->closed_by : by),
         F_TEXT("how", c->closed_how ? c->closed_how : how), F_INT("in_bytes", c->in_bytes),
         F_INT("out_bytes", c->out_bytes));
    unlink_connection(c);
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static void note_closer(struct connection *c, const char *by, const char *how)
{
    if (!c->closed_by) {
        c->closed_by = by;
        c->closed_how = how;
    }
}

static void cut(struct connection *c)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    note_closer(c, "hub", "rst");
    finish(c, "hub", "rst");
}

// ---- timers

static void on_timer(uv_timer_t *timer);

static uint64_t deadline_of(const struct connection *c)
{
    if (c->phase == PHASE_LINGER) {
        return c->linger_until_us;
    }
    if (c->is_stalled) {
        return UINT64_MAX;
    }
    if (c->phase == PHASE_HELD) {
        return c->held_until_us;
    }
    return c->session ? mqtt_session_deadline_us(c->session) : c->accepted_us + FIRST_BYTES_LIMIT_US;
}

static void schedule(struct connection *c)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    uint64_t at = deadline_of(c);
    uint64_t now = now_us(c);
    if (at == UINT64_MAX) {
        uv_timer_stop(&c->timer);
        return;
    }
    uv_update_time(c->server->settings.loop);
    uv_timer_start(&c->timer, on_timer, at > now ? (at - now + 999) / 1000 : 0, 0);
}

// ---- writing

struct write_request {
    uv_write_t request;
    struct connection *connection;
    uint8_t bytes[];
};

static void update_reading(struct connection *c);

static void on_written(uv_write_t *request, int status)
{
    struct write_request *w = (struct write_request *)request;
    struct connection *c = w->connection;
    if (status == 0 && c->phase != PHASE_GONE) {
        update_reading(c);
    }
    free(w);
}

static void write_rest(struct connection *c, struct span bytes)
{
    struct write_request *w = malloc(sizeof *w + bytes.len);
    if (!w) {
        cut(c);
        return;
    }
    memcpy(w->bytes, bytes.ptr, bytes.len);
    w->connection = c;
    uv_buf_t out = uv_buf_init((char *)w->bytes, (unsigned)bytes.len);
    if (uv_write(&w->request, (uv_stream_t *)&c->tcp, &out, 1, on_written) < 0) {
        free(w);
    }
}

static void flush(struct connection *c)
{
    struct buf *output = engine_of(c)->output(c->tls);
    if (output->len == 0 || c->phase == PHASE_GONE) {
        return;
    }
    uv_buf_t out = uv_buf_init((char *)output->data, (unsigned)output->len);
    int written = uv_try_write((uv_stream_t *)&c->tcp, &out, 1);
    size_t done = written > 0 ? (size_t)written : 0;
    c->out_bytes += output->len;
    if (done < output->len && (written >= 0 || written == UV_EAGAIN)) {
        write_rest(c, span_from(buf_span(output), done));
    }
    buf_clear(output);
}

// ---- closing

static void close_gently(struct connection *c);

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request);
}

static void close_now(struct connection *c, enum drop_how how)
{
    if (how == DROP_RST) {
        cut(c);
    } else {
        close_gently(c);
    }
}

static void close_gently(struct connection *c)
{
    if (c->phase == PHASE_LINGER || c->phase == PHASE_GONE) {
        return;
    }
    note_closer(c, "hub", "fin");
    if (c->tls) {
        engine_of(c)->close(c->tls);
        flush(c);
    }
    c->phase = PHASE_LINGER;
    c->linger_until_us = now_us(c) + LINGER_US;
    uv_shutdown_t *request = malloc(sizeof *request);
    if (!request || uv_shutdown(request, (uv_stream_t *)&c->tcp, on_shutdown) < 0) {
        free(request);
        finish(c, "hub", "fin");
        return;
    }
    update_reading(c);
    schedule(c);
}

void connection_drop(struct connection *c, enum drop_how how)
{
    end_session(c);
    if (c->is_working && how == DROP_FIN) {
        c->wants_close = true; // the engine is away: close when it is back
        c->close_how = how;
        return;
    }
    close_now(c, how);
}

// ---- the session's outlet

static void outlet_send(void *context, struct span bytes)
{
    struct connection *c = context;
    if (engine_of(c)->write(c->tls, bytes) < 0) {
        c->wants_close = true;
        c->close_how = DROP_RST;
    }
}

static void outlet_close(void *context, enum drop_how how)
{
    struct connection *c = context;
    c->wants_close = true;
    c->close_how = how;
}

static void outlet_stall(void *context)
{
    struct connection *c = context;
    c->is_stalled = true;
}

// After the session or a handshake step had its turn: bytes out, then what was asked for.
static void settle(struct connection *c)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    flush(c);
    if (c->wants_close && c->phase != PHASE_LINGER) {
        c->wants_close = false;
        close_now(c, c->close_how);
        return;
    }
    update_reading(c);
    schedule(c);
}

// ---- reading

static bool open_session(struct connection *c, struct span first_bytes)
{
    enum dialect dialect = dialect_of(first_bytes);
    if (dialect == DIALECT_UNDECIDED) {
        return false;
    }
    if (dialect != DIALECT_MQTT) {
        char why[120];
        snprintf(why, sizeof why, "%s was spoken where the hub expects MQTT", dialect_name(dialect));
        EMIT(journal_of(c), MQTT_ERROR, c->id, NULL, F_TEXT("why", why), F_TEXT("packet", ""));
        outlet_close(c, DROP_FIN);
        return false;
    }
    const struct server_settings *s = &c->server->settings;
    const struct tls_facts *facts = engine_of(c)->facts(c->tls);
    struct mqtt_world world = {.env = s->env,
                               .hub = s->hub,
                               .dps = s->dps,
                               .faults = s->faults,
                               .journal = s->journal};
    struct mqtt_outlet outlet = {c, outlet_send, outlet_close, outlet_stall};
    c->session = mqtt_session_new(&world, &outlet, c->id,
                                  facts->has_certificate ? &facts->certificate : NULL);
    if (!c->session) {
        outlet_close(c, DROP_RST);
    }
    return c->session != NULL;
}

static void deliver_plain(struct connection *c)
{
    struct buf *plain = engine_of(c)->plain(c->tls);
    while (plain->len > 0 && !c->is_stalled) {
        if (c->is_session_over || (!c->session && c->phase == PHASE_LINGER)) {
            buf_clear(plain);
            return;
        }
        if (!c->session && !open_session(c, buf_span(plain))) {
            return;
        }
        mqtt_session_feed(c->session, buf_span(plain));
        buf_clear(plain);
        engine_of(c)->step(c->tls); // more may wait behind a full buffer
    }
}

static void emit_alert(struct connection *c, const char *by, const struct tls_alert *alert)
{
    char scratch[16];
    EMIT(journal_of(c), TLS_ALERT, c->id, device_of(c), F_TEXT("by", by),
         F_TEXT("level", alert->is_fatal ? "fatal" : "warning"),
         F_TEXT("name", tls_alert_name(alert->code, scratch)), F_INT("code", alert->code),
         F_TEXT("during", c->is_established ? "data" : "handshake"));
}

static void emit_tls_failed(struct connection *c, const char *why)
{
    const struct tls_facts *facts = c->tls ? engine_of(c)->facts(c->tls) : NULL;
    EMIT(journal_of(c), TLS_FAILED, c->id, device_of(c), F_TEXT("why", why),
         F_TEXT("chain", facts ? facts->chain_name : ""));
}

// The device gives up before its first MQTT byte: what it thinks of the chain, whether it says so by
// an alert, by closing, or only after a handshake that looked complete (some stacks verify late).
static void note_refusal(struct connection *c, const char *how)
{
    if (c->is_refused || !c->has_hello || c->session || c->closed_by) {
        return;
    }
    char scratch[16];
    const struct tls_facts *facts = engine_of(c)->facts(c->tls);
    bool has_alert = facts->from_device.is_seen && facts->from_device.is_fatal;
    c->is_refused = true;
    EMIT(journal_of(c), TLS_REFUSED, c->id, NULL, F_TEXT("how", how),
         F_TEXT("alert", has_alert ? tls_alert_name(facts->from_device.code, scratch) : ""),
         F_TEXT("chain", facts->chain_name));
}

static void after_failure(struct connection *c)
{
    const struct tls_facts *facts = engine_of(c)->facts(c->tls);
    if (facts->from_device.is_seen) {
        emit_alert(c, "device", &facts->from_device);
    }
    if (facts->from_hub.is_seen) {
        emit_alert(c, "hub", &facts->from_hub);
    }
    emit_tls_failed(c, facts->why);
    if (facts->from_device.is_seen) {
        note_refusal(c, "alert");
        note_closer(c, "device", "alert");
    }
    flush(c);
    close_gently(c);
}

static void emit_established(struct connection *c)
{
    const struct tls_facts *facts = engine_of(c)->facts(c->tls);
    c->is_established = true;
    if (c->phase == PHASE_TLS) {
        c->phase = PHASE_OPEN;
    }
    EMIT(journal_of(c), TLS_ESTABLISHED, c->id, NULL, F_TEXT("version", facts->version),
         F_TEXT("suite", facts->suite), F_BOOL("client_certificate", facts->has_certificate),
         F_INT("handshake_us", now_us(c) - c->hello_us), F_TEXT("chain", facts->chain_name));
}

static void peer_closed(struct connection *c)
{
    bool is_mid_handshake = c->has_hello && !c->is_established && c->phase == PHASE_TLS;
    if (is_mid_handshake) {
        emit_tls_failed(c, "the device closed the connection during the handshake without an alert");
    }
    note_refusal(c, c->is_established ? "close-after-handshake" : "close");
    const char *how = c->eof_code == UV_EOF ? "fin" : c->eof_code == UV_ECONNRESET ? "rst" : "error";
    note_closer(c, "device", how);
    finish(c, "device", how);
}

// The engine has made a step and is back on the loop.
static void after_step(struct connection *c, enum tls_state state)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    flush(c);
    if (state == TLS_FAILED) {
        if (c->phase == PHASE_LINGER) {
            finish(c, "hub", "fin");
        } else {
            after_failure(c);
        }
        return;
    }
    if (state != TLS_HANDSHAKING && !c->is_established) {
        emit_established(c);
    }
    if (state == TLS_OPEN || state == TLS_CLOSED) {
        deliver_plain(c);
    }
    settle(c);
    if (state == TLS_CLOSED && c->phase != PHASE_GONE) {
        note_refusal(c, "close-after-handshake");
        note_closer(c, "device", "fin");
        close_gently(c);
    }
}

static void on_step(uv_work_t *work)
{
    struct connection *c = work->data;
    engine_of(c)->step(c->tls);
}

static void on_step_done(uv_work_t *work, int status)
{
    struct connection *c = work->data;
    (void)status;
    c->is_working = false;
    if (c->phase == PHASE_GONE) {
        release_if_done(c);
        return;
    }
    after_step(c, engine_of(c)->step(c->tls)); // no work left: this returns the state at once
    if (c->phase != PHASE_GONE && c->pending.len > 0) {
        int code = engine_of(c)->feed(c->tls, buf_span(&c->pending));
        buf_clear(&c->pending);
        if (code < 0) {
            cut(c);
            return;
        }
        advance(c);
    }
    if (c->phase != PHASE_GONE && c->has_eof && !c->is_working) {
        peer_closed(c);
    }
}

static void advance(struct connection *c)
{
    if (c->is_established) {
        after_step(c, engine_of(c)->step(c->tls));
        return;
    }
    c->is_working = true;
    c->work.data = c;
    if (uv_queue_work(c->server->settings.loop, &c->work, on_step, on_step_done) < 0) {
        c->is_working = false;
        cut(c);
    }
}

static void emit_client_hello(struct connection *c, const struct client_hello *hello)
{
    char scratch[16];
    EMIT(journal_of(c), TLS_CLIENT_HELLO, c->id, NULL, F_TEXT("sni", hello->sni),
         F_TEXT("version", tls_version_name(hello->version, scratch)),
         F_INT("suites", hello->suite_count));
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
        emit_tls_failed(c, why);
        close_gently(c);
        return false;
    }
    struct client_hello hello;
    int code = client_hello_read(buf_span(&c->hello), &hello);
    if (code != 0) {
        c->has_hello = true;
        c->hello_us = now_us(c);
        buf_deinit(&c->hello);
    }
    if (code > 0) {
        emit_client_hello(c, &hello);
    }
    return true;
}

static void take(struct connection *c, struct span bytes)
{
    c->in_bytes += bytes.len;
    if (c->phase == PHASE_TLS && !c->has_hello && !inspect_first_bytes(c, bytes)) {
        return;
    }
    if (c->phase == PHASE_LINGER && !c->is_established) {
        return;
    }
    int code = c->is_working ? buf_append(&c->pending, bytes) : engine_of(c)->feed(c->tls, bytes);
    if (code < 0) {
        cut(c);
        return;
    }
    if (!c->is_working) {
        advance(c);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[READ_CHUNK_BYTES]; // one loop, one read at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct connection *c = stream->data;
    if (n > 0) {
        take(c, span_of(bytes->base, (size_t)n));
        return;
    }
    if (n == 0) {
        return;
    }
    uv_read_stop(stream);
    c->has_eof = true;
    c->eof_code = (int)n;
    if (!c->is_working) {
        peer_closed(c);
    }
}

static void update_reading(struct connection *c)
{
    if (c->phase == PHASE_GONE || c->has_eof) {
        return;
    }
    bool is_full = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) > WRITE_QUEUE_PAUSE_BYTES;
    bool is_held_back = c->session && !c->is_session_over && mqtt_session_wants_pause(c->session);
    bool should_pause = c->is_stalled || c->phase == PHASE_HELD || is_full || is_held_back;
    if (should_pause && !c->is_paused) {
        uv_read_stop((uv_stream_t *)&c->tcp);
        c->is_paused = true;
    } else if (!should_pause && c->is_paused) {
        c->is_paused = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0;
    }
}

// ---- the beginning

static enum fault_site accept_site(const struct connection *c)
{
    return c->server->settings.dps ? SITE_DPS_ACCEPT : SITE_TCP_ACCEPT;
}

static void begin_tls(struct connection *c)
{
    struct fault_decision d =
        faults_decide(c->server->settings.faults, accept_site(c), c->id, NULL);
    if (d.kind == FAULT_DELAY) {
        c->phase = PHASE_HELD;
        c->held_until_us = now_us(c) + d.delay_us;
        schedule(c);
        return;
    }
    if (d.kind == FAULT_DROP) {
        close_now(c, d.drop);
        return;
    }
    c->phase = PHASE_TLS;
    c->is_stalled = d.kind == FAULT_STALL;
    update_reading(c);
    schedule(c);
}

static void on_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    if (c->phase == PHASE_HELD) {
        begin_tls(c);
    } else if (c->phase == PHASE_LINGER) {
        finish(c, "hub", "fin");
    } else if (c->session) {
        mqtt_session_tick(c->session);
        settle(c);
    } else if (c->is_working) {
        schedule(c);
    } else {
        emit_tls_failed(c, c->is_established ? "no MQTT packet came within 60 s"
                                             : "the TLS handshake was not over within 60 s");
        close_gently(c);
    }
}

static void emit_accepted(struct connection *c, const struct listener *listener)
{
    struct sockaddr_storage peer = {0};
    int len = sizeof peer;
    char address[64] = "";
    char text[80] = "";
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &len) == 0) {
        bool is_v6 = peer.ss_family == AF_INET6;
        uv_ip_name((struct sockaddr *)&peer, address, sizeof address);
        snprintf(text, sizeof text, is_v6 ? "[%s]:%d" : "%s:%d", address,
                 ntohs(is_v6 ? ((struct sockaddr_in6 *)&peer)->sin6_port
                             : ((struct sockaddr_in *)&peer)->sin_port));
    }
    EMIT(journal_of(c), TCP_ACCEPTED, c->id, NULL, F_TEXT("peer", text),
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
    c->accepted_us = now_us(c);
    server->open_handles++;
    return c;
}

void connection_accept(struct server *server, struct listener *listener)
{
    struct connection *c = connection_new(server);
    if (!c) {
        return;
    }
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
    if (!server->tls || engine_of(c)->connection_new(server->tls, &c->tls) < 0) {
        emit_tls_failed(c, "the hub has no chain to present");
        cut(c);
        return;
    }
    begin_tls(c);
}
