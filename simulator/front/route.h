// SPDX-License-Identifier: MIT
// One connection through a front, for the files of this room. Shared by the net layer (until
// inner.free) and by each libuv handle and request of its upstream side. It outlives the device's
// connection until what the device sent is on its way; after inner.end it emits nothing.
#pragma once
#include "base/span.h"
#include "simulator/front/front.h"

#include <openssl/ssl.h>
#include <uv.h>

enum route_phase { ROUTE_CONNECTING, ROUTE_TLS, ROUTE_OPEN, ROUTE_OVER };

struct front {
    struct front_settings settings;
    SSL_CTX *tls; // NULL: none is spoken to the upstream
    struct route *routes;
};

struct route {
    struct route *next;
    struct route *prev;
    struct front *front;
    uint32_t connection;
    struct inner_outlet outlet;
    int owners;
    enum route_phase phase;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct addrinfo *addresses; // what the name has led to
    struct addrinfo *address;   // the one that is tried
    struct sockaddr_storage numeric;
    SSL *ssl;
    struct buf waiting; // of the device, until the upstream is there
    char address_text[80];
    uint64_t began_us;
    uint64_t to_upstream_bytes;
    uint64_t to_device_bytes;
    bool has_tcp;        // initialised and not closing
    bool has_timer;      // the same
    bool is_device_over; // inner.end was called: the outlet is gone
    bool wants_finish;   // the device sends no more
    bool is_finished;    // and the upstream has been told
    bool is_paused;      // the upstream is not read, because the device does not read
    bool is_told;        // front.closed or front.failed is out
};

// route.c
// The upstream is there and trusted; `tls` is the version spoken to it or "".
void route_opened(struct route *route, const char *tls);
void route_fail(struct route *route, const char *format, ...) HR_PRINTF(2, 3);
void route_to_device(struct route *route, struct span plain);
void route_upstream_ended(struct route *route, const char *how);
// Bytes as they are to the upstream's socket.
void route_write(struct route *route, struct span bytes);
int route_open(void *context, const struct inner_call *call, struct inner *out);
void route_cut(struct route *route); // close all handles at once

// upstream_tls.c: OpenSSL over memory BIOs
int upstream_tls_new(const struct front_settings *settings, SSL_CTX **out) HR_NODISCARD;
void upstream_tls_begin(struct route *route);
void upstream_tls_take(struct route *route, struct span bytes);
void upstream_tls_write(struct route *route, struct span plain);
void upstream_tls_finish(struct route *route); // close_notify
