// SPDX-License-Identifier: MIT
// One connection of the web: between the net layer and libwebsockets lies a socketpair; we own one
// end, libwebsockets the other. Shared by three: the net layer (until inner.free), our end of the
// pair (until libuv has closed it) and libwebsockets' wsi.
#pragma once
#include "simulator/web/frame_scan.h"
#include "simulator/web/web.h"

#include <uv.h>

struct lws;
struct lws_protocols;

enum {
    WEB_SPELLINGS_MOST = 16 * WEB_SUBPROTOCOLS_MOST, // of all subprotocols' names
    WEB_METHOD_BYTES_MOST = 16,
    WEB_PATH_BYTES_MOST = 1024,
    WEB_RX_CHUNK_BYTES = 16384,
};

struct web {
    struct web_settings settings;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols *protocols; // HTTP, then each spelling of each subprotocol, then zeroes
    char spellings[WEB_SPELLINGS_MOST][8];
    uv_timer_t hop; // counts loop turns while libwebsockets closes its handles
    int hops_left;
    void (*closed)(void *context);
    void *closed_context;
};

// A message on its way to the device.
struct message {
    struct message *next;
    size_t len;
    uint8_t bytes[]; // LWS_PRE bytes of room, then the payload
};

struct link {
    struct web *web;
    struct inner_call call; // sni and certificate are the connection's
    int owners;
    uv_pipe_t pipe; // our end
    bool has_pipe;  // not closing yet
    struct lws *wsi;
    struct frame_scan scan;
    uint64_t idle_since_us; // HTTP: since the connection or its last answer
    bool is_over;           // end was called: the outlet is gone
    bool has_asked_close;   // of the outlet
    bool is_stalled;
    char method[WEB_METHOD_BYTES_MOST];
    char path[WEB_PATH_BYTES_MOST];
    char query[WEB_PATH_BYTES_MOST];
    struct inner inner; // what speaks inside the WebSocket
    bool is_inner_over;
    struct message *first;
    struct message **last;
    bool is_closing; // the speaker wants a WebSocket close once the queue is empty
    bool is_websocket;
    bool is_close_noted; // ws.closed is out
};

int link_open(void *context, const struct inner_call *call, struct inner *out);
void link_release(struct link *link);
void link_wake(struct link *link);
// Ask the net layer to close, once.
void link_close_transport(struct link *link, enum drop_how how);

// http.c: the callback of plain HTTP requests, before and without an upgrade.
int http_callback(struct lws *wsi, int reason, struct link *link);
// websocket.c
int websocket_callback(struct lws *wsi, int reason, struct link *link, void *in, size_t len);
// Hands queued messages to libwebsockets until its pipe is full; whether there was one to hand over.
// It takes one above WEB_RX_CHUNK_BYTES in parts, and what follows the first part stays with it.
bool websocket_write_some(struct link *link);
// ws.closed once, and the speaker's end.
void websocket_end(struct link *link, int code, const char *by, const char *why);
// feed has met an unmasked frame: close as soon as libwebsockets lets us.
void websocket_refuse_unmasked(struct link *link);
