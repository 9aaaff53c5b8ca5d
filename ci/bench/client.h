// SPDX-License-Identifier: MIT
// What the measuring clients share: own code on OpenSSL, nothing of hubrig, so that the same client
// judges hubrig and Mosquitto.
//
//     SSL_CTX *context = client_context("root.pem", TLS1_2_VERSION);
//     SSL *ssl = client_ssl(context, client_dial(8883, false), "hub.example");
#pragma once
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

// Says what failed, errno and OpenSSL's errors, and exits with 3.
_Noreturn void client_die(const char *what);
uint64_t client_now_ns(void); // monotonic
// One version, one suite, X25519; the chain is verified against the PEM file `root`.
SSL_CTX *client_context(const char *root, int version);
// A socket to that port of this machine; with `is_async` it may still be connecting.
int client_dial(uint16_t port, bool is_async);
// A connection over `fd` that wants this host's certificate.
SSL *client_ssl(SSL_CTX *context, int fd, const char *host);
