// SPDX-License-Identifier: MIT
// One TCP connection: held by a fault, TLS handshake, open with a speaker inside, lingering after
// our close, gone. Its code lies in seven files: connection.c (from accept to the end, timers),
// connection_bytes.c (the socket), connection_tls.c (the handshake), connection_offer.c (its
// first message), connection_records.c (its faults), connection_shape.c (the network), connection_inner.c (the speaker). The TLS engine belongs to the loop except while
// is_working.
#pragma once
#include "simulator/inner.h"
#include "simulator/net/internal.h"
#include "simulator/tls/records.h"

enum phase { PHASE_HELD, PHASE_TLS, PHASE_OPEN, PHASE_LINGER, PHASE_GONE };

enum {
    FIRST_BYTES_LIMIT_US = 60 * 1000000, // TLS and the first byte inside it, as the service waits
    LINGER_US = 2 * 1000000,             // after our FIN, before the connection is cut
    ENGINE_AWAY_MS = 10,                 // a limit that passed meanwhile is looked at again
    WRITE_QUEUE_PAUSE_BYTES = 1 << 20,   // a device that does not read is not read from either
    PENDING_BYTES_MOST = 1 << 20,
    READ_CHUNK_BYTES = 65536,
    WORKING_US = 1000, // what must wait for the engine looks again
    TIMER_EARLY_MS = 1,    // libuv counts whole milliseconds
};

struct connection {
    struct connection *next;
    struct connection *prev;
    struct server *server;
    enum dialect dialect; // of the listener
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_work_t work;
    int open_handles;
    uint32_t id;
    enum phase phase;
    const struct tls_engine *engine;
    struct tls_connection *tls;
    struct records records; // between the engine and the socket
    int portal_status; // what a captive portal answers in the hub's place; 0 = the hub answers
    const char *flight;     // a hand-made one by its word, or NULL
    struct tls_alert heard; // unencrypted, on the wire: an engine may have failed before it
    struct inner inner;
    struct connection_shape *shape; // NULL: the network is as it should be
    struct capture_stream *capture; // NULL: nothing is captured
    struct buf hello;   // copy of the first bytes, until the ClientHello is read
    struct buf pending; // what arrived while the engine was away
    char sni[256];
    uint64_t accepted_us;
    uint64_t held_until_us;
    uint64_t linger_until_us;
    uint64_t hello_us;
    uint64_t in_bytes;
    uint64_t out_bytes;
    bool has_hello;
    bool is_established;
    bool has_told_secrets;
    bool is_stalled;
    bool is_silent;  // a fault has ended what the hub sends
    bool is_judged;
    bool is_renegotiated;
    bool is_refused;
    bool is_paused;
    bool is_working;
    bool is_inner_over; // the speaker has been told its end
    bool is_in_turn;    // the speaker is being fed or ticked
    bool wants_turn;    // the speaker has asked for something outside its turn
    bool has_eof;       // the device has closed; handled when the engine is back
    bool has_spoken;    // the speaker was fed
    bool is_half_closed; // the device sends no more, and its speaker goes on
    int eof_code;
    bool wants_close;
    enum drop_how close_how;
    const char *closed_by;
    const char *closed_how;
};

// connection.c
struct journal *connection_journal(const struct connection *c);
const struct tls_engine *connection_engine(const struct connection *c);
uint64_t connection_now_us(const struct connection *c);
const char *connection_device(const struct connection *c); // "" until known
// Who ended the connection counts once: the first note stays.
void connection_note_closer(struct connection *c, const char *by, const char *how);
void connection_finish(struct connection *c, const char *by, const char *how);
void connection_cut(struct connection *c);          // RST
void connection_close_gently(struct connection *c); // close_notify, FIN, linger
void connection_close_now(struct connection *c, enum drop_how how);
void connection_release_if_done(struct connection *c);
void connection_schedule(struct connection *c);
void connection_send_fin(struct connection *c);

// connection_bytes.c
void connection_flush(struct connection *c);
void connection_write_now(struct connection *c, struct span bytes); // past the network's faults
bool connection_is_deaf(const struct connection *c); // it may not be read from now
void connection_update_reading(struct connection *c);

// connection_shape.c
void connection_meet_states(struct connection *c); // at accept: who answers, and how the line is
// Each returns whether the network takes it over from the caller.
bool connection_shape_out(struct connection *c, struct span bytes);
bool connection_shape_in(struct connection *c, struct span bytes);
bool connection_shape_eof(struct connection *c, int code);
bool connection_shape_fin(struct connection *c);
bool connection_shape_pauses(const struct connection *c); // no more is read from the device
size_t connection_shape_waiting(const struct connection *c); // bytes to the device
void connection_bury(struct connection *c); // before the socket is closed
void connection_end_shape(struct connection *c);

// connection_tls.c
void connection_take(struct connection *c, struct span bytes);
void connection_peer_closed(struct connection *c);
void connection_emit_alert(struct connection *c, const char *by, const struct tls_alert *alert);
void connection_emit_tls_failed(struct connection *c, const char *why);

void connection_advance(struct connection *c); // work on what was fed

// connection_records.c
void connection_init_records(struct connection *c);
// The ClientHello has come whole, the last `last_bytes` of it in the read under way. False when the
// connection is being closed.
bool connection_take_hello(struct connection *c, struct span hello, size_t last_bytes);
void connection_go_on(struct connection *c);   // when a delay is over
void connection_note_open(struct connection *c); // the handshake is over on both sides
struct buf *connection_rewrite(struct connection *c); // what goes to the socket now
void connection_obey_records(struct connection *c);   // after it went there
const char *connection_right_alerts(const struct connection *c); // "a,b"
// tls.judged, once, for a hand-made flight. NULL: what the engine has seen.
void connection_emit_judged(struct connection *c, const char *verdict);
// connection_offer.c
struct client_hello;
void connection_emit_hello(struct connection *c, const struct client_hello *hello);

// connection_inner.c
void connection_deliver_plain(struct connection *c);
void connection_tick_inner(struct connection *c);
void connection_flush_inner(struct connection *c); // what was sent before an end is out before it
void connection_end_inner(struct connection *c);
void connection_tell_drained(struct connection *c); // something may have gone to the socket
// The device has said close_notify: whether its speaker goes on.
bool connection_stays_half_closed(struct connection *c);
// After the speaker or a handshake step had its turn: bytes out, then what was asked for.
void connection_settle(struct connection *c);
