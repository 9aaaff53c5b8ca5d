// SPDX-License-Identifier: MIT
// What server.c and the connection files share.
#pragma once
#include "simulator/net/capture.h"
#include "simulator/net/key_log.h"
#include "simulator/net/dispatch.h"
#include "simulator/net/server.h"
#include "simulator/tls/offer.h"

#include <sys/socket.h>
#include <uv.h>

enum { SERVER_LISTENERS_MOST = 8, SERVER_OFFERS_MOST = 32 };

struct listener {
    uv_tcp_t tcp;
    struct server *server;
    enum dialect dialect; // spoken inside TLS
    char endpoint[64];    // "0.0.0.0:8883"
    struct sockaddr_storage bound;
    bool is_open;
    bool is_handle_alive; // libuv has not let go of it yet
    uint64_t closed_order; // of the fault that closes the port, or 0
    int guard_fd;          // holds the port meanwhile, or -1
    int filler_fd;         // fills its queue, or -1
};

struct server {
    struct server_settings settings;
    struct tls_server *tls; // NULL: only a hand-made flight can present the chain
    struct tls_server *raw; // the same chain for hand-made flights; NULL: its key cannot sign
    struct tls_server *portal; // of server_set_portal, or NULL
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
    struct server_net *net; // NULL: no fault of the network was ever armed
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

// A handle of the server is closed; frees the server when it was the last one of a closing server.
void server_handle_closed(struct server *server);

// server.c: a listener without its port, and back. False while the port is not free.
void server_close_listener(struct listener *listener);
bool server_reopen_listener(struct listener *listener);

// server_net.c
void server_net_changed(void *context);       // the fault plan is another one
void server_watch_net(struct server *server); // bytes wait for their time
void server_end_net(struct server *server);
// Keep the socket open, silently, while that hole stands.
void server_bury(struct server *server, int fd, uint64_t order);

// connection_shape.c
enum fault_site connection_net_site(const struct server *server, enum dialect dialect);
bool connection_shape_tick(struct connection *c); // whether there is more to do

void connection_accept(struct server *server, struct listener *listener);
void connection_drop(struct connection *c, enum drop_how how);
struct connection *connection_next(const struct connection *c);
void connection_describe(const struct connection *c, struct server_connection *out);
