// SPDX-License-Identifier: MIT
// HTTP requests: the upgrade to WebSocket is judged here, everything else is answered in JSON.
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/web/link.h"
#include "simulator/web/upgrade.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES_MOST = 2048, BODY_BYTES_MOST = 1 << 20, HEADER_BYTES_MOST = 512 };

static const char *status_text(int status)
{
    switch (status) {
    case HTTP_STATUS_BAD_REQUEST:
        return "Bad Request";
    case HTTP_STATUS_NOT_FOUND:
        return "Not Found";
    case HTTP_STATUS_REQ_ENTITY_TOO_LARGE:
        return "Content Too Large";
    default:
        return "";
    }
}

// A header's whole value in `room`; empty when absent, too long for it or only blanks.
static struct span header(struct lws *wsi, enum lws_token_indexes token, char *room, int room_bytes)
{
    int len = lws_hdr_copy(wsi, room, room_bytes, token);
    return len > 0 ? span_trim(span_of(room, (size_t)len)) : SPAN_EMPTY;
}

static void read_request(struct link *link, struct lws *wsi)
{
    static const char *const methods[] = {"GET",   "POST",   "OPTIONS", "PUT",
                                          "PATCH", "DELETE", "CONNECT", "HEAD"};
    char *uri = NULL;
    int uri_len = 0;
    int method = lws_http_get_uri_and_method(wsi, &uri, &uri_len);
    bool is_known = method >= 0 && (size_t)method < HR_COUNT_OF(methods);
    struct span path = is_known ? span_of(uri, (size_t)uri_len) : SPAN_EMPTY;
    span_copy_text(span_text(is_known ? methods[method] : ""), link->method, sizeof link->method);
    span_copy_text(path, link->path, sizeof link->path);
    char query[WEB_PATH_BYTES_MOST];
    span_copy_text(header(wsi, WSI_TOKEN_HTTP_URI_ARGS, query, sizeof query), link->query,
                   sizeof link->query);
}

static int append_json(struct buf *out, const char *message)
{
    TRY(buf_append_text(out, "{\"message\":\""));
    TRY(json_escape(span_text(message), out));
    return buf_append_text(out, "\"}\n");
}

static int build_answer(struct buf *out, const struct link *link, int status, const char *message,
                        bool closes)
{
    struct buf body HR_CLEANUP(buf_deinit);
    buf_init(&body, ANSWER_BYTES_MOST / 2);
    TRY(append_json(&body, message));
    TRY(buf_append(out, span_of((uint8_t[LWS_PRE]){0}, LWS_PRE)));
    TRY(buf_printf(out,
                   "HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\n"
                   "Content-Length: %zu\r\n%s\r\n",
                   (int)status, status_text(status), body.len,
                   closes ? "Connection: close\r\n" : ""));
    return strcmp(link->method, "HEAD") == 0 ? 0 : buf_append(out, buf_span(&body));
}

static int answer(struct link *link, struct lws *wsi, int status, const char *message, bool closes)
{
    const struct env *env = link->web->settings.env;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, ANSWER_BYTES_MOST);
    EMIT(link->web->settings.journal, HTTP_REQUEST, link->call.connection, NULL,
         F_TEXT("method", link->method), F_TEXT("path", link->path), F_INT("status", status));
    link->idle_since_us = env->mono_us(env->world);
    link_wake(link);
    if (build_answer(&out, link, status, message, closes) < 0) {
        return -1;
    }
    size_t len = out.len - LWS_PRE;
    return lws_write(wsi, out.data + LWS_PRE, len, LWS_WRITE_HTTP) < (int)len ? -1 : 0;
}

// ---- the upgrade

static const char *judge(struct link *link, struct lws *wsi)
{
    char room[5][HEADER_BYTES_MOST];
    const struct upgrade_request request = {
        .is_get = strcmp(link->method, "GET") == 0,
        .path = span_text(link->path),
        .host = header(wsi, WSI_TOKEN_HOST, room[0], HEADER_BYTES_MOST),
        .connection = header(wsi, WSI_TOKEN_CONNECTION, room[1], HEADER_BYTES_MOST),
        .version = header(wsi, WSI_TOKEN_VERSION, room[2], HEADER_BYTES_MOST),
        .key = header(wsi, WSI_TOKEN_KEY, room[3], HEADER_BYTES_MOST),
        .subprotocols = header(wsi, WSI_TOKEN_PROTOCOL, room[4], HEADER_BYTES_MOST),
    };
    const char *names[WEB_SUBPROTOCOLS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < WEB_SUBPROTOCOLS_MOST; i++) {
        if (link->web->settings.subprotocols[i].name) {
            names[count++] = link->web->settings.subprotocols[i].name;
        }
    }
    return upgrade_judge(&request, names, count);
}

static const char *reason_not_found(const struct link *link, int *status)
{
    bool is_socket_path = strcmp(link->path, WEB_SOCKET_PATH) == 0;
    *status = is_socket_path ? HTTP_STATUS_BAD_REQUEST : HTTP_STATUS_NOT_FOUND;
    return is_socket_path ? "this path takes WebSocket upgrades alone" : "there is nothing here";
}

// 0 lets libwebsockets upgrade, 1 says that the request is answered, -1 closes.
static int confirm_upgrade(struct link *link, struct lws *wsi)
{
    int status = HTTP_STATUS_BAD_REQUEST;
    char upgrade[32];
    struct span wanted = header(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade);
    if (wanted.len == 0) {
        return -1; // libwebsockets has refused an upgrade that it does not know
    }
    read_request(link, wsi);
    const char *why = span_equals_nocase(wanted, SPAN_LITERAL("websocket"))
                          ? judge(link, wsi)
                          : reason_not_found(link, &status);
    if (!why) {
        return 0;
    }
    return answer(link, wsi, status, why, true) < 0 ? -1 : 1;
}

// ---- everything else

static bool has_huge_body(struct lws *wsi)
{
    char room[32];
    uint64_t length = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) == 0) {
        return false;
    }
    struct span text = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, room, sizeof room);
    return span_parse_u64(text, &length) < 0 || length > BODY_BYTES_MOST;
}

static int answer_request(struct link *link, struct lws *wsi)
{
    int status;
    read_request(link, wsi);
    if (has_huge_body(wsi)) {
        answer(link, wsi, HTTP_STATUS_REQ_ENTITY_TOO_LARGE, "the body must not exceed 1 MB", true);
        return -1;
    }
    const char *why = reason_not_found(link, &status);
    if (answer(link, wsi, status, why, false) < 0) {
        return -1;
    }
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

int http_callback(struct lws *wsi, int reason, struct link *link)
{
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm_upgrade(link, wsi);
    case LWS_CALLBACK_HTTP:
        return answer_request(link, wsi);
    default:
        return 0;
    }
}
