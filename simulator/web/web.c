// SPDX-License-Identifier: MIT
#include "simulator/web/web.h"
#include "base/error.h"
#include "simulator/web/link.h"
#include "simulator/web/upgrade.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MOST = 4096,   // sizes libwebsockets' tables
    HEADERS_BYTES_MOST = 8192, // of one request
    LWS_TIMEOUT_S = 65,        // ours of 60 s come first
    // Loop turns until every handle of libwebsockets is closed: it closes its connections in one
    // turn and what is left in the next. Some to spare, they cost nothing.
    CLOSING_HOPS = 8,
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct link *link = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    (void)user;
    if (!link) {
        return 0;
    }
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        if (link->wsi == wsi) {
            link->wsi = NULL;
            link_release(link);
        }
        return 0;
    }
    int code = http_callback(wsi, (int)reason, link);
    return code ? code : websocket_callback(wsi, (int)reason, link, in, len);
}

// libwebsockets compares names with case and answers with its own spelling, so each spelling of a
// subprotocol has a row of its own.
static size_t fill_protocols(struct web *web, struct lws_protocols *rows)
{
    size_t count = 0;
    rows[count++] = (struct lws_protocols){.name = "http", .callback = on_lws};
    for (size_t i = 0; i < WEB_SUBPROTOCOLS_MOST; i++) {
        const char *name = web->settings.subprotocols[i].name;
        for (unsigned n = 0; name && count <= WEB_SPELLINGS_MOST; n++) {
            char *spelling = web->spellings[count - 1];
            if (!upgrade_spelling(name, n, spelling, sizeof web->spellings[0])) {
                break;
            }
            rows[count++] =
                (struct lws_protocols){.name = spelling,
                                       .callback = on_lws,
                                       // without data of ours no DROP_PROTOCOL is reported
                                       .per_session_data_size = 1,
                                       .rx_buffer_size = WEB_RX_CHUNK_BYTES,
                                       .id = (unsigned)i};
        }
    }
    return count;
}

static int open_context(struct web *web)
{
    // No pings of our own: the service is not known to send any.
    static const lws_retry_bo_t no_pings = {.secs_since_valid_ping = 0,
                                            .secs_since_valid_hangup = 0};
    void *loops[1] = {web->settings.loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .foreign_loops = loops,
        .protocols = web->protocols,
        .fd_limit_per_thread = CONNECTIONS_MOST,
        .max_http_header_data = HEADERS_BYTES_MOST,
        .max_http_header_pool = CONNECTIONS_MOST,
        .pt_serv_buf_size = WEB_RX_CHUNK_BYTES,
        .timeout_secs = LWS_TIMEOUT_S,
        .keepalive_timeout = LWS_TIMEOUT_S,
        .retry_and_idle_policy = &no_pings,
        .user = web,
    };
    lws_set_log_level(0, NULL); // a library prints nothing; what matters is in the journal
    web->context = lws_create_context(&info);
    if (!web->context) {
        FAIL(ERR_IO, "libwebsockets cannot start on libuv; is its plug-in installed? The package "
                     "is called libwebsockets-evlib-uv");
    }
    web->vhost = lws_create_vhost(web->context, &info);
    ENSURE(web->vhost != NULL, ERR_NO_MEMORY);
    return 0;
}

int web_new(const struct web_settings *settings, struct web **out)
{
    struct web *web = calloc(1, sizeof *web);
    ENSURE(web != NULL, ERR_NO_MEMORY);
    web->settings = *settings;
    web->protocols = calloc(WEB_SPELLINGS_MOST + 2, sizeof *web->protocols);
    if (!web->protocols) {
        free(web);
        FAIL(ERR_NO_MEMORY, "no memory for the web");
    }
    fill_protocols(web, web->protocols);
    int code = open_context(web);
    if (code < 0) {
        web_close(web, NULL, NULL);
        return code;
    }
    *out = web;
    return 0;
}

struct speaker web_speaker(struct web *web)
{
    return (struct speaker){web, link_open};
}

static void finish(struct web *web)
{
    void (*closed)(void *) = web->closed;
    void *context = web->closed_context;
    free(web->protocols);
    free(web);
    if (closed) {
        closed(context);
    }
}

static void on_hop_closed(uv_handle_t *handle)
{
    struct web *web = handle->data;
    if (--web->hops_left > 0) {
        uv_timer_init(web->settings.loop, &web->hop);
        uv_close(handle, on_hop_closed);
        return;
    }
    lws_context_destroy(web->context); // the second call releases what the handles needed
    finish(web);
}

void web_close(struct web *web, void (*closed)(void *context), void *context)
{
    web->closed = closed;
    web->closed_context = context;
    if (!web->context) {
        finish(web);
        return;
    }
    lws_context_destroy(web->context); // the first call closes its handles
    web->hops_left = CLOSING_HOPS;
    web->hop.data = web;
    uv_timer_init(web->settings.loop, &web->hop);
    uv_close((uv_handle_t *)&web->hop, on_hop_closed);
}
