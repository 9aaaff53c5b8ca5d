// SPDX-License-Identifier: MIT
// What the files of the OpenSSL engine share: openssl_server.c (chain and policy), openssl_facts.c
// (what a connection is), openssl_alert.c (alerts that the library would not send), openssl.c
// (connections).
#pragma once
#include "simulator/tls/engine.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct tls_server {
    atomic_int users;
    SSL_CTX *context;
    BIO_METHOD *bio; // reads a connection's input, writes its output
    char chain_name[96];
    char no_version[80]; // what a device without a common version is told
    struct tls_policy policy;
    bool wants_key_log;
};

struct tls_connection {
    struct tls_server *server;
    SSL *ssl;
    struct buf input;
    struct buf output;
    struct buf plain;
    struct buf key_log;
    struct buf peer_der; // what the certificate's spans lead into
    enum tls_state state;
    struct tls_facts facts;
    uint64_t records_written; // with the keys of now: the next one's sequence number
    uint8_t write_secret[64]; // of TLS 1.3
    size_t write_secret_bytes;
};

int openssl_server_new(const struct tls_server_settings *settings,
                       struct tls_server **out) HR_NODISCARD;
void openssl_server_release(struct tls_server *server);

// Callbacks of a context.
void openssl_note_alert(const SSL *ssl, int where, int value);
void openssl_note_secret(const SSL *ssl, const char *line);
void openssl_note_message(int is_written, int version, int type, const void *bytes, size_t len,
                          SSL *ssl, void *context);
// A line of the key log, for the alerts below.
void openssl_keep_secret(struct tls_connection *c, const char *line);
// Fatal ones with AES-GCM and ChaCha20 suites, after which nothing else is written, and close_notify.
// ERR_TLS for all others.
int openssl_send_alert(struct tls_connection *c, bool is_fatal, uint8_t code) HR_NODISCARD;
// Once the handshake is over.
int openssl_note_open(struct tls_connection *c) HR_NODISCARD;
// Fill facts.why from the error that lies first in this thread's queue.
void openssl_note_failure(struct tls_connection *c);
