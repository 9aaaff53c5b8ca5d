// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "simulator/net/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES_MOST = 16384 }; // RFC 5246 6.2.1

int server_new(const struct server_settings *settings, struct server **out)
{
    struct server *server = calloc(1, sizeof *server);
    ENSURE(server != NULL, ERR_NO_MEMORY);
    server->settings = *settings;
    *out = server;
    return 0;
}

// The engine never splits a handshake message over two records, and its peers would wait for ever.
static int check_chain(const struct chain *chain)
{
    size_t message_bytes = 4 + 3 + 3 * chain->sent_count + chain->der.len;
    if (message_bytes > RECORD_BYTES_MOST || chain->facts.needs_raw_flight) {
        FAIL(ERR_VALUE,
             "chain %s: its Certificate message has %zu bytes and one record holds %d, so this "
             "server cannot present it; choose a smaller one, as catalogue/size-12k",
             chain->name, message_bytes, RECORD_BYTES_MOST);
    }
    return 0;
}

// Servers of one secret take each other's tickets: a fresh one for each chain makes them stale.
static int choose_ticket_secret(struct server *server)
{
    const struct env *env = server->settings.env;
    enum tls_tickets tickets = server->settings.tls.tickets;
    if (tickets == TLS_TICKETS_OFF || (server->has_ticket_secret && tickets != TLS_TICKETS_STALE)) {
        return 0;
    }
    server->has_ticket_secret = true;
    return env->random(env->world, server->ticket_secret, sizeof server->ticket_secret);
}

int server_set_chain(struct server *server, const struct chain *chain)
{
    TRY(check_chain(chain));
    TRY(choose_ticket_secret(server));
    struct tls_server_settings settings = {
        .sent_der = chain->sent_der,
        .sent_count = chain->sent_count,
        .key_pem = buf_span(&chain->key_pem),
        .chain_name = chain->name,
        .policy = server->settings.tls,
        .ticket_secret = span_of(server->ticket_secret, sizeof server->ticket_secret),
        .wants_key_log = server->settings.capture != NULL,
        .env = server->settings.env,
    };
    struct tls_server *fresh = NULL;
    TRY(server->settings.engine->server_new(&settings, &fresh));
    if (server->tls) {
        server->settings.engine->server_release(server->tls);
    }
    server->tls = fresh;
    if (server->settings.is_dps) {
        EMIT(server->settings.journal, DPS_CHAIN, 0, NULL, F_TEXT("name", chain->name));
    } else {
        EMIT(server->settings.journal, HUB_CHAIN, 0, NULL, F_TEXT("name", chain->name),
         F_TEXT("verdict", chain_verdict_word(chain->facts.verdict)),
         F_TEXT("accepted_by", chain->accepted_by));
    }
    return 0;
}

int server_add_speaker(struct server *server, enum dialect dialect, struct speaker speaker)
{
    for (size_t i = 0; i < HR_COUNT_OF(server->settings.speakers); i++) {
        if (!server->settings.speakers[i].speaker.open) {
            server->settings.speakers[i] = (struct server_speaker){dialect, speaker};
            return 0;
        }
    }
    FAIL(ERR_LIMIT, "a server speaks %zu dialects at most", HR_COUNT_OF(server->settings.speakers));
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    if (status == 0 && !listener->server->is_closing) {
        connection_accept(listener->server, listener);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    server_handle_closed(listener->server);
}

static int fail_listen(const char *address, int port, int uv_code)
{
    const char *advice = uv_code == UV_EADDRINUSE
                             ? "; another program has this port, see `ss -ltnp`"
                         : uv_code == UV_EACCES ? "; ports below 1024 need more rights"
                                                : "";
    FAIL(error_from_errno(-uv_code), "cannot listen on %s port %d: %s%s", address, port,
         uv_strerror(uv_code), advice);
}

static int parse_address(const char *address, int port, struct sockaddr_storage *out)
{
    if (uv_ip4_addr(address, port, (struct sockaddr_in *)out) == 0 ||
        uv_ip6_addr(address, port, (struct sockaddr_in6 *)out) == 0) {
        return 0;
    }
    FAIL(ERR_VALUE, "'%s' is no IP address to listen on; try 127.0.0.1 or 0.0.0.0", address);
}

static int bind_and_listen(struct listener *listener, const struct sockaddr_storage *at, int *port)
{
    int code = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)at, 0);
    if (code == 0) {
        code = uv_listen((uv_stream_t *)&listener->tcp, 4096, on_connection);
    }
    if (code < 0) {
        return code;
    }
    struct sockaddr_storage bound;
    int len = sizeof bound;
    code = uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&bound, &len);
    *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                              : ((struct sockaddr_in *)&bound)->sin_port);
    return code;
}

int server_listen_for(struct server *server, enum dialect dialect, const char *address, int port,
                      int *bound_port)
{
    ENSURE(server->listener_count < SERVER_LISTENERS_MOST, ERR_LIMIT);
    struct sockaddr_storage at;
    TRY(parse_address(address, port, &at));
    struct listener *listener = &server->listeners[server->listener_count];
    listener->server = server;
    listener->dialect = dialect;
    ENSURE(uv_tcp_init(server->settings.loop, &listener->tcp) == 0, ERR_IO);
    listener->tcp.data = listener;
    server->listener_count++;
    server->open_handles++;
    listener->is_open = true;
    int code = bind_and_listen(listener, &at, bound_port);
    if (code < 0) {
        listener->is_open = false;
        uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
        return fail_listen(address, port, code);
    }
    snprintf(listener->endpoint, sizeof listener->endpoint, "%s:%d", address, *bound_port);
    return 0;
}

int server_listen(struct server *server, const char *address, int port, int *bound_port)
{
    return server_listen_for(server, DIALECT_MQTT, address, port, bound_port);
}

static size_t drop_some(struct server *server, const char *name, enum drop_how how)
{
    size_t count = 0;
    struct connection *next = NULL;
    for (struct connection *c = server->connections; c; c = next) {
        struct server_connection seen;
        next = connection_next(c);
        connection_describe(c, &seen);
        if (!name || strcmp(seen.device, name) == 0) {
            connection_drop(c, how);
            count++;
        }
    }
    return count;
}

size_t server_drop_all(struct server *server, enum drop_how how)
{
    return drop_some(server, NULL, how);
}

size_t server_drop_device(struct server *server, const char *name, enum drop_how how)
{
    return drop_some(server, name, how);
}

void server_list(const struct server *server, server_visitor *visit, void *context)
{
    for (const struct connection *c = server->connections; c; c = connection_next(c)) {
        struct server_connection seen;
        connection_describe(c, &seen);
        visit(context, &seen);
    }
}

size_t server_connection_count(const struct server *server)
{
    return server->connection_count;
}

static void finish(struct server *server)
{
    void (*closed)(void *) = server->closed;
    void *context = server->closed_context;
    if (server->tls) {
        server->settings.engine->server_release(server->tls);
    }
    explicit_bzero(server->ticket_secret, sizeof server->ticket_secret);
    free(server);
    if (closed) {
        closed(context);
    }
}

void server_handle_closed(struct server *server)
{
    server->open_handles--;
    if (server->is_closing && server->open_handles == 0) {
        finish(server);
    }
}

void server_close(struct server *server, void (*closed)(void *context), void *context)
{
    server->is_closing = true;
    server->closed = closed;
    server->closed_context = context;
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].is_open) {
            server->listeners[i].is_open = false;
            uv_close((uv_handle_t *)&server->listeners[i].tcp, on_listener_closed);
        }
    }
    server_drop_all(server, DROP_RST);
    if (server->open_handles == 0) {
        finish(server);
    }
}
