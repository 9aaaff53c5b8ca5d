// SPDX-License-Identifier: MIT
// A hub's listeners on a libuv loop: accepts, terminates TLS, hands plain bytes to a speaker, and
// writes every fact to the journal. One thread owns all state; handshakes run on libuv's pool.
//
//     TRY(server_new(&settings, &server));
//     TRY(server_set_chain(server, &chain));
//     TRY(server_listen(server, "127.0.0.1", 8883, &port));
//     uv_run(loop, UV_RUN_DEFAULT);
//     server_close(server, closed, context);   // then run the loop until `closed` is called
#pragma once
#include "certs/chain.h"
#include "simulator/faults/fault.h"
#include "simulator/inner.h"
#include "simulator/net/dispatch.h"
#include "simulator/tls/engine.h"

struct capture;
struct key_log;
struct uv_loop_s;
struct server;

// What answers inside TLS, by its first bytes.
struct server_speaker {
    enum dialect dialect;
    struct speaker speaker; // without `open`: an unused row
};

struct server_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal;
    struct fault_plan *faults;
    const struct tls_engine *engine; // tls_engine_of(&tls), or a test's
    struct tls_policy tls;
    struct capture *capture; // what goes over the wire is recorded there; NULL = not at all
    struct key_log *key_log; // and the TLS secrets there; NULL = not at all
    struct server_speaker speakers[4];
    bool is_dps; // a provisioning service: its site at accept, its event for a chain
    uint32_t *last_connection_id; // NULL, or a counter that several servers of a journal share
};

// Everything is borrowed and outlives the server.
int server_new(const struct server_settings *settings, struct server **out) HR_NODISCARD;

// Present this chain from now on; live connections keep theirs. Emits hub.chain or dps.chain.
// A chain that fits into no record is presented by a hand-made flight, which judges the device and
// never completes (tls/raw.h). ERR_CRYPTO: its key cannot sign.
int server_set_chain(struct server *server, const struct chain *chain) HR_NODISCARD;

// The chain of the captive portal that answers under the fault `portal`; its name in events is
// "portal". Without one such connections are cut.
int server_set_portal(struct server *server, const struct chain *chain) HR_NODISCARD;

// Also answer this dialect. ERR_LIMIT when there are four already.
int server_add_speaker(struct server *server, enum dialect dialect,
                       struct speaker speaker) HR_NODISCARD;

// A listener that expects one dialect inside TLS; another one spoken there is refused, as the
// service does it. // `port` 0 takes a free one; *bound_port receives it. ERR_IN_USE,
// ERR_PERMISSION (ports below 1024), ERR_VALUE (address) with a sentence that names address and
// port. At most 8 listeners.
int server_listen_for(struct server *server, enum dialect dialect, const char *address, int port,
                      int *bound_port) HR_NODISCARD;
// MQTT.
int server_listen(struct server *server, const char *address, int port,
                  int *bound_port) HR_NODISCARD;

// Close every live connection, fin after what is queued, rst at once. Returns how many.
size_t server_drop_all(struct server *server, enum drop_how how);
// The same for the connections of one identity, "device" or "device/module".
size_t server_drop_device(struct server *server, const char *name, enum drop_how how);
size_t server_connection_count(const struct server *server);
// Every connection, newest first.
struct server_connection {
    uint32_t id;        // as in events
    const char *device; // "" until known; borrowed
    char peer[80];      // "127.0.0.1:51234"
    bool has_tls;       // the handshake is over
    uint64_t age_us;
    uint64_t in_bytes;
    uint64_t out_bytes;
};
typedef void server_visitor(void *context, const struct server_connection *connection);
void server_list(const struct server *server, server_visitor *visit, void *context);

// Stop listening, drop all, release. `closed` is called when nothing is left, mostly from the loop;
// the server must not be used after the call. It may be NULL.
void server_close(struct server *server, void (*closed)(void *context), void *context);
