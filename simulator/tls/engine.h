// SPDX-License-Identifier: MIT
// The TLS seam: a small table of functions, bytes in and bytes out. An engine knows no socket; the
// net layer moves the bytes and may run `step` on a worker thread while a handshake is going on
// (one thread at a time per connection).
//
//     TRY(engine->server_new(&settings, &server));           // one per chain
//     TRY(engine->connection_new(server, &c));
//     engine->feed(c, bytes); state = engine->step(c);
//     write(socket, engine->output(c)); session_feed(engine->plain(c));
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "simulator/hub/hub.h"
#include "simulator/tls/policy.h"

struct tls_server;     // one certificate chain with its key, shared by many connections
struct tls_connection; // one side of one connection

struct tls_server_settings {
    const struct span *sent_der; // leaf first, no root; need not be certificates that parse
    size_t sent_count;           // at least 1
    struct span key_pem;  // PKCS#8
    const char *chain_name;
    struct tls_policy policy;
    struct span ticket_secret; // TLS_TICKET_SECRET_BYTES unless tickets are off; servers with the
                               // same one take each other's tickets
    bool wants_key_log;
    const struct env *env; // borrowed; random is called from worker threads
};

enum tls_state {
    TLS_HANDSHAKING,
    TLS_OPEN,
    TLS_CLOSED, // the peer said close_notify
    TLS_FAILED,
};

struct tls_alert {
    bool is_seen;
    bool is_fatal;
    uint8_t code;
};

// What a device did with a flight that was made by hand: only that, the handshake never completes.
struct tls_judgement {
    bool is_possible; // the flight is out
    bool is_accepted; // the device went on with its own flight
    const char *next; // its next message: "client_key_exchange", "alert" ...; "" before
};

// What is known of a connection; fields fill up as the handshake goes on.
struct tls_facts {
    const char *chain_name;
    const char *version; // "TLSv1.2"; "" before
    const char *suite;   // IANA name; "" before
    bool is_resumed;     // by a session ticket
    size_t record_bytes; // once established: the most plain text in a record of the hub (RFC 6066 4)
    bool is_renegotiated; // a second handshake in the same connection was completed
    bool has_certificate;
    struct peer_certificate certificate;
    struct tls_alert from_device;
    struct tls_alert from_hub;
    struct tls_judgement judgement; // of hand-made flights alone
    char why[200]; // of TLS_FAILED, one sentence
    const char *key_log;  // for captures alone: lines of the NSS key log format so far
    bool has_all_secrets; // no line will follow
};

struct tls_engine {
    const char *name;
    // Everything given is copied. ERR_VALUE, with a sentence for people, when this engine cannot
    // present the chain or follow the policy; ERR_CRYPTO, ERR_NO_MEMORY.
    int (*server_new)(const struct tls_server_settings *settings, struct tls_server **out);
    // A server lives until its creator and all its connections have let go of it.
    void (*server_release)(struct tls_server *server);
    int (*connection_new)(struct tls_server *server, struct tls_connection **out);
    void (*connection_free)(struct tls_connection *c);
    // Take bytes from the peer. ERR_TOO_BIG when more than TLS_INPUT_BYTES_MOST wait.
    int (*feed)(struct tls_connection *c, struct span bytes);
    // Work as far as the input allows. Costs milliseconds of RSA during a handshake.
    enum tls_state (*step)(struct tls_connection *c);
    struct buf *(*output)(struct tls_connection *c); // for the socket; the caller consumes
    struct buf *(*plain)(struct tls_connection *c);  // decrypted; the caller consumes
    int (*write)(struct tls_connection *c, struct span plain); // TLS_OPEN, TLS_CLOSED
    void (*close)(struct tls_connection *c);                   // queues close_notify
    // Protected alerts, a HelloRequest and a KeyUpdate, only in TLS_OPEN. NULL: this engine cannot.
    int (*send_alert)(struct tls_connection *c, bool is_fatal, uint8_t code);
    int (*renegotiate)(struct tls_connection *c); // and answer the ClientHello that comes
    int (*update_keys)(struct tls_connection *c); // ERR_TLS before TLS 1.3
    const struct tls_facts *(*facts)(const struct tls_connection *c);
};

enum { TLS_TICKET_SECRET_BYTES = 80 };
enum { TLS_INPUT_BYTES_MOST = 1 << 20, TLS_OUTPUT_BYTES_MOST = 8 << 20 };

// Answers with bytes made by hand and judges the device by its next message (tls/raw.h).
extern const struct tls_engine tls_engine_raw;
extern const struct tls_engine tls_engine_mbedtls; // TLS 1.0 to 1.2; sends what no library would parse
extern const struct tls_engine tls_engine_openssl; // TLS 1.0 to 1.3; chains must parse

// The engine that a policy asks for.
const struct tls_engine *tls_engine_of(const struct tls_policy *policy);

// "unknown_ca" of 48; "alert 200" is written to `scratch` for codes that have no name.
const char *tls_alert_name(uint8_t code, char scratch[16]); // RFC 5246 7.2, RFC 8446 6
