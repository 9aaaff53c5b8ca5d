// SPDX-License-Identifier: MIT
// A WebSocket client for tests, on OpenSSL, that can break every rule: it sends the bytes that it
// is told to. Failures fail the running test.
#pragma once
#include "base/span.h"

#include <openssl/ssl.h>

enum ws_opcode { WS_CONTINUED, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG };

struct web_peer {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

struct web_frame {
    int opcode; // -1: the hub closed without a frame
    bool is_final;
    size_t len;
    uint8_t bytes[4096];
};

void web_peer_open(struct web_peer *p, int port,
                   const char *folder); // device.crt, device.key there
void web_peer_close(struct web_peer *p);
void web_peer_send(struct web_peer *p, struct span bytes);
// Whether they could be sent: the hub may have closed.
bool web_peer_try_send(struct web_peer *p, struct span bytes);
// The head of an answer, up to the empty line; returns the status.
int web_peer_read_head(struct web_peer *p, char *out, size_t capacity_bytes);
// A good upgrade with this subprotocol header; returns the status.
int web_peer_upgrade(struct web_peer *p, const char *subprotocol);
// A masked frame.
void web_peer_send_frame(struct web_peer *p, enum ws_opcode opcode, bool is_final,
                         struct span payload);
void web_peer_read_frame(struct web_peer *p, struct web_frame *out);
