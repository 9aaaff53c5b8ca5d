// SPDX-License-Identifier: MIT
// What server.c and the connection files share.
#pragma once
#include "simulator/net/capture.h"
#include "simulator/net/dispatch.h"
#include "simulator/net/server.h"
#include "simulator/tls/offer.h"

#include <uv.h>

enum { SERVER_LISTENERS_MOST = 8, SERVER_OFFERS_MOST = 32 };

struct listener {
    uv_tcp_t tcp;
    struct server *server;
    enum dialect dialect; // spoken inside TLS
    char endpoint[64];    // "0.0.0.0:8883"
    bool is_open;
};

struct server {
    struct server_settings settings;
    struct tls_server *tls; // NULL: only a hand-made flight can present the chain
    struct tls_server *raw; // the same chain for hand-made flights; NULL: its key cannot sign
    char chain_name[96];
    char right_alerts[200]; // of the chain, "a,b"
    uint8_t ticket_secret[TLS_TICKET_SECRET_BYTES];
    bool has_ticket_secret;
    char offers[SERVER_OFFERS_MOST][OFFER_JA3_BYTES]; // fingerprints that were told of
    size_t offer_count;                               // in all
    struct listener listeners[SERVER_LISTENERS_MOST];
    size_t listener_count;
    struct connection *connections;
    size_t connection_count;
    size_t most_handles; // since there were no connections
    uint32_t last_id;
    size_t open_handles; // listeners and connections that libuv has not closed yet
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

// A handle of the server is closed; frees the server when it was the last one of a closing server.
void server_handle_closed(struct server *server);

void connection_accept(struct server *server, struct listener *listener);
void connection_drop(struct connection *c, enum drop_how how);
struct connection *connection_next(const struct connection *c);
void connection_describe(const struct connection *c, struct server_connection *out);
