// SPDX-License-Identifier: MIT
// After the upgrade: binary messages to the speaker inside, its bytes back as binary messages.
#include "base/error.h"
#include "simulator/web/link.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

static struct journal *journal_of(const struct link *link)
{
    return link->web->settings.journal;
}

static const char *device_of(const struct link *link)
{
    return link->inner.fn ? link->inner.fn->device(link->inner.self) : "";
}

static void note_closed(struct link *link, int code, const char *by, const char *why)
{
    if (link->is_websocket && !link->is_close_noted) {
        link->is_close_noted = true;
        EMIT(journal_of(link), WS_CLOSED, link->call.connection, device_of(link),
             F_INT("code", code), F_TEXT("by", by), F_TEXT("why", why));
    }
}

void websocket_end(struct link *link, int code, const char *by, const char *why)
{
    note_closed(link, code, by, why);
    if (link->inner.fn && !link->is_inner_over) {
        link->is_inner_over = true;
        link->inner.fn->end(link->inner.self);
    }
}

// ---- the outlet of the speaker inside

static void outlet_send(void *context, struct span bytes)
{
    struct link *link = context;
    if (!link->wsi || link->is_closing) {
        return;
    }
    struct message *m = malloc(sizeof *m + LWS_PRE + bytes.len);
    if (!m) {
        link_close_transport(link, DROP_RST);
        return;
    }
    m->next = NULL;
    m->len = bytes.len;
    memcpy(m->bytes + LWS_PRE, bytes.ptr, bytes.len);
    *link->last = m;
    link->last = &m->next;
    lws_callback_on_writable(link->wsi);
}

static void outlet_close(void *context, enum drop_how how)
{
    struct link *link = context;
    if (how == DROP_RST || !link->wsi) {
        link_close_transport(link, how);
        return;
    }
    link->is_closing = true;
    lws_callback_on_writable(link->wsi);
}

// What was sent before still goes out; nothing more is read, so nothing more is answered.
static void outlet_stall(void *context)
{
    struct link *link = context;
    link->is_stalled = true;
    link_wake(link);
}

static void outlet_wake(void *context)
{
    link_wake(context);
}

// ---- what libwebsockets reports

static int open_speaker(struct link *link, struct lws *wsi)
{
    const struct lws_protocols *protocol = lws_get_protocol(wsi);
    const struct speaker *speaker = &link->web->settings.subprotocols[protocol->id].speaker;
    struct inner_call call = link->call;
    call.outlet = (struct inner_outlet){.context = link,
                                        .send = outlet_send,
                                        .close = outlet_close,
                                        .stall = outlet_stall,
                                        .wake = outlet_wake};
    link->is_websocket = true;
    EMIT(journal_of(link), WS_OPEN, call.connection, NULL, F_TEXT("path", link->path),
         F_TEXT("protocol", protocol->name), F_TEXT("query", link->query));
    if (speaker->open(speaker->context, &call, &link->inner) < 0) {
        link->inner = (struct inner){0};
        link_close_transport(link, DROP_RST);
        return -1;
    }
    link_wake(link);
    return 0;
}

static void set_reason(struct link *link, struct lws *wsi, int code, const char *why)
{
    note_closed(link, code, "hub", why);
    lws_close_reason(wsi, (enum lws_close_status)code, (unsigned char *)why, strlen(why));
}

// Debian's libwebsockets 4.1 closes twice when a writeable callback returns -1 (a self-test of its
// debug build), and the second time cuts off the close frame. Asked this way it closes once.
static int close_from_writable(struct link *link, struct lws *wsi, int code, const char *why)
{
    if (lws_partial_buffered(wsi)) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    set_reason(link, wsi, code, why);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    return 0;
}

void websocket_refuse_unmasked(struct link *link)
{
    if (link->wsi) {
        lws_callback_on_writable(link->wsi);
    }
}

static int receive(struct link *link, struct lws *wsi, struct span bytes)
{
    if (!lws_frame_is_binary(wsi)) {
        // MQTT-6.0.0-1
        set_reason(link, wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "a text frame");
        return -1;
    }
    if (link->inner.fn && !link->is_inner_over && !link->is_stalled) {
        link->inner.fn->feed(link->inner.self, bytes);
        link_wake(link);
    }
    return 0;
}

static int write_one(struct link *link, struct lws *wsi)
{
    struct message *m = link->first;
    link->first = m->next;
    if (!link->first) {
        link->last = &link->first;
    }
    int written = lws_write(wsi, m->bytes + LWS_PRE, m->len, LWS_WRITE_BINARY);
    free(m);
    return written < 0 ? -1 : 0;
}

bool websocket_write_some(struct link *link)
{
    bool has_written = false;
    while (link->wsi && link->first && !lws_partial_buffered(link->wsi) &&
           !lws_send_pipe_choked(link->wsi)) {
        if (write_one(link, link->wsi) < 0) {
            return false;
        }
        has_written = true;
    }
    return has_written;
}

static int on_writable(struct link *link, struct lws *wsi)
{
    if (link->scan.has_violation) {
        return close_from_writable(link, wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, "an unmasked frame");
    }
    while (link->first && !lws_send_pipe_choked(wsi)) {
        if (write_one(link, wsi) < 0) {
            return -1;
        }
    }
    if (link->first) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    return link->is_closing ? close_from_writable(link, wsi, LWS_CLOSE_STATUS_NORMAL, "") : 0;
}

static void on_peer_close(struct link *link, struct span payload)
{
    int code = LWS_CLOSE_STATUS_NO_STATUS;
    if (payload.len >= 2) {
        code = payload.ptr[0] << 8 | payload.ptr[1];
    }
    note_closed(link, code, "device", "");
}

int websocket_callback(struct lws *wsi, int reason, struct link *link, void *in, size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return open_speaker(link, wsi);
    case LWS_CALLBACK_RECEIVE:
        return receive(link, wsi, span_of(in, len));
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(link, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(link, span_of(in, len));
        return 0;
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL: // before the close frame goes out
    case LWS_CALLBACK_CLOSED:
        // without a word from either side before: libwebsockets has refused a broken frame
        websocket_end(link, LWS_CLOSE_STATUS_PROTOCOL_ERR, "hub", "a broken frame");
        return 0;
    default:
        return 0;
    }
}
