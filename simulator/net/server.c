// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "simulator/net/datagram.h"
#include "simulator/net/internal.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_BYTES_MOST = 16384, // RFC 5246 6.2.1
    STORM_CONNECTIONS = 500,
};

int server_new(const struct server_settings *settings, struct server **out)
{
    struct server *server = calloc(1, sizeof *server);
    ENSURE(server != NULL, ERR_NO_MEMORY);
    server->settings = *settings;
    int code = settings->faults ? faults_watch(settings->faults, server_net_changed, server) : 0;
    if (code < 0) {
        free(server);
        return code;
    }
    *out = server;
    return 0;
}

// Of the Certificate message, RFC 5246 7.4.2.
static size_t message_bytes(const struct chain *chain)
{
    return 4 + 3 + 3 * chain->sent_count + chain->der.len;
}

// The engine never splits a handshake message over two records, and its peers would wait for ever.
static bool needs_raw(const struct chain *chain)
{
    return message_bytes(chain) > RECORD_BYTES_MOST || chain->facts.needs_raw_flight;
}

static void note_chain(struct server *server, const struct chain *chain)
{
    size_t used = 0;
    span_copy_text(span_text(chain->name), server->chain_name, sizeof server->chain_name);
    server->right_alerts[0] = '\0';
    for (size_t i = 0; i < chain->facts.alert_count && used < sizeof server->right_alerts; i++) {
        const char *word = chain_alert_word(chain->facts.alerts[i]);
        used += (size_t)snprintf(server->right_alerts + used, sizeof server->right_alerts - used,
                                 "%s%s", i > 0 ? "," : "", word ? word : "?");
    }
}

static void release_portal(struct server *server)
{
    if (server->portal) {
        server->settings.engine->server_release(server->portal);
    }
}

static void release_chain(struct server *server)
{
    if (server->tls) {
        server->settings.engine->server_release(server->tls);
    }
    tls_engine_raw.server_release(server->raw);
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

static struct tls_server_settings tls_settings_of(const struct server *server,
                                                  const struct chain *chain)
{
    return (struct tls_server_settings){
        .sent_der = chain->sent_der,
        .sent_count = chain->sent_count,
        .key_pem = buf_span(&chain->key_pem),
        .chain_name = chain->name,
        .policy = server->settings.tls,
        .ticket_secret = span_of(server->ticket_secret, sizeof server->ticket_secret),
        .wants_key_log = server->settings.capture || server->settings.key_log,
        .env = server->settings.env,
    };
}

int server_set_portal(struct server *server, const struct chain *chain)
{
    struct tls_server_settings settings = tls_settings_of(server, chain);
    struct tls_server *fresh = NULL;
    settings.policy.tickets = TLS_TICKETS_OFF;
    settings.policy.client_certificate = TLS_CLIENT_CERTIFICATE_NONE;
    settings.chain_name = "portal";
    TRY(server->settings.engine->server_new(&settings, &fresh));
    release_portal(server);
    server->portal = fresh;
    return 0;
}

int server_set_chain(struct server *server, const struct chain *chain)
{
    TRY(choose_ticket_secret(server));
    struct tls_server_settings settings = tls_settings_of(server, chain);
    struct tls_server *fresh = NULL;
    struct tls_server *raw = NULL;
    bool is_raw = needs_raw(chain);
    TRY(is_raw ? 0 : server->settings.engine->server_new(&settings, &fresh));
    int code = tls_engine_raw.server_new(&settings, &raw);
    if (is_raw && code < 0) {
        return code; // without it, there are no hand-made flights for the chain
    }
    release_chain(server);
    server->tls = fresh;
    server->raw = raw;
    note_chain(server, chain);
    if (server->settings.is_dps) {
        EMIT(server->settings.journal, DPS_CHAIN, 0, NULL, F_TEXT("name", chain->name));
    } else {
        EMIT(server->settings.journal, HUB_CHAIN, 0, NULL, F_TEXT("name", chain->name),
             F_TEXT("verdict", chain_verdict_word(chain->facts.verdict)),
             F_TEXT("accepted_by", chain->accepted_by),
             F_INT("message_bytes", message_bytes(chain)));
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
    listener->is_handle_alive = false;
    server_handle_closed(listener->server);
}

static int bind_and_listen(struct listener *listener, const struct sockaddr_storage *at)
{
    int code = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)at, 0);
    if (code == 0) {
        code = uv_listen((uv_stream_t *)&listener->tcp, 4096, on_connection);
    }
    if (code < 0) {
        return code;
    }
    int len = sizeof listener->bound;
    return uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&listener->bound, &len);
}

static int port_of(const struct sockaddr_storage *bound)
{
    return ntohs(bound->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)bound)->sin6_port
                                              : ((const struct sockaddr_in *)bound)->sin_port);
}

static void note_open(struct listener *listener)
{
    listener->tcp.data = listener;
    listener->is_open = true;
    listener->is_handle_alive = true;
    listener->server->open_handles++;
}

void server_close_listener(struct listener *listener)
{
    listener->is_open = false;
    uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
}

bool server_reopen_listener(struct listener *listener)
{
    const struct sockaddr_storage at = listener->bound;
    if (listener->is_handle_alive || uv_tcp_init(listener->server->settings.loop, &listener->tcp) != 0) {
        return false;
    }
    note_open(listener);
    if (bind_and_listen(listener, &at) != 0) {
        listener->bound = at;
        server_close_listener(listener);
    }
    return listener->is_open;
}

int server_listen_for(struct server *server, enum dialect dialect, const char *address, int port,
                      int *bound_port)
{
    ENSURE(server->listener_count < SERVER_LISTENERS_MOST, ERR_LIMIT);
    struct sockaddr_storage at;
    TRY(address_parse(address, port, &at));
    struct listener *listener = &server->listeners[server->listener_count];
    listener->server = server;
    listener->dialect = dialect;
    listener->guard_fd = -1;
    listener->filler_fd = -1;
    ENSURE(uv_tcp_init(server->settings.loop, &listener->tcp) == 0, ERR_IO);
    server->listener_count++;
    note_open(listener);
    int code = bind_and_listen(listener, &at);
    if (code < 0) {
        server_close_listener(listener);
        return address_fail_listen(address, port, code);
    }
    *bound_port = port_of(&listener->bound);
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
    release_chain(server);
    release_portal(server);
    explicit_bzero(server->ticket_secret, sizeof server->ticket_secret);
    free(server);
    if (closed) {
        closed(context);
    }
}

// After a storm the heap is full of holes that the library keeps.
static void give_memory_back(struct server *server)
{
    if (server->open_handles > server->most_handles) {
        server->most_handles = server->open_handles;
    } else if (server->open_handles <= server->listener_count &&
               server->most_handles >= STORM_CONNECTIONS) {
        server->most_handles = 0;
        malloc_trim(0);
    }
}

void server_handle_closed(struct server *server)
{
    server->open_handles--;
    give_memory_back(server);
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
            server_close_listener(&server->listeners[i]);
        }
    }
    if (server->settings.faults) {
        faults_unwatch(server->settings.faults, server);
    }
    server_end_net(server);
    server_drop_all(server, DROP_RST);
    if (server->open_handles == 0) {
        finish(server);
    }
}
