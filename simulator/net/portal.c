// SPDX-License-Identifier: MIT
#include "simulator/net/portal.h"
#include "base/error.h"
#include "simulator/net/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES_MOST = 16384, PATIENCE_US = 30 * 1000000 };

struct portal {
    struct portal_settings settings;
    struct inner_outlet outlet;
    uint32_t connection;
    uint64_t deadline_us; // UINT64_MAX once it has answered
    struct buf head;
};

static const char *phrase_of(int status)
{
    return status == 302   ? "Found"
           : status == 511 ? "Network Authentication Required"
                           : "OK";
}

static void send_page(struct portal *p)
{
    static const char page[] = "<html><head><title>Login</title></head><body>"
                               "<a href=\"https://" PORTAL_HOST "/\">Log in to this network</a>"
                               "</body></html>\n";
    char answer[600];
    int status = p->settings.status;
    int len = snprintf(answer, sizeof answer,
                       "HTTP/1.1 %d %s\r\n%sContent-Type: text/html\r\nContent-Length: %zu\r\n"
                       "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                       status, phrase_of(status),
                       status == 302 ? "Location: https://" PORTAL_HOST "/\r\n" : "",
                       sizeof page - 1, page);
    p->outlet.send(p->outlet.context, span_of(answer, (size_t)len));
}

// The value of a header, empty without it. `head` is behind the request line.
static struct span find_header(struct span head, const char *name)
{
    while (head.len > 0) {
        struct span value;
        struct span key = span_cut(span_trim(span_cut(head, '\n', &head)), ':', &value);
        if (span_equals_nocase(key, span_text(name))) {
            return span_trim(value);
        }
    }
    return SPAN_EMPTY;
}

// Without what stands behind a '?', which may be secret.
static void emit_http(struct portal *p)
{
    struct span head;
    struct span path = span_cut(buf_span(&p->head), '\n', &head);
    struct span method = span_cut(path, ' ', &path);
    char request[200];
    path = span_cut(path, ' ', &(struct span){0});
    path = span_cut(path, '?', &(struct span){0});
    snprintf(request, sizeof request, "%.*s %.*s", SPAN_ARG(method), SPAN_ARG(path));
    EMIT(p->settings.journal, PORTAL_REQUEST, p->connection, NULL, F_TEXT("request", request),
         F_SPAN("host", find_header(head, "host")),
         F_BOOL("credentials", find_header(head, "authorization").len > 0),
         F_INT("status", p->settings.status));
}

static void answer(struct portal *p, enum dialect dialect)
{
    p->deadline_us = UINT64_MAX;
    if (dialect == DIALECT_HTTP) {
        emit_http(p);
    } else { // a CONNECT has the password in it
        EMIT(p->settings.journal, PORTAL_REQUEST, p->connection, NULL,
             F_TEXT("request", dialect_name(dialect)), F_TEXT("host", ""),
             F_BOOL("credentials", dialect == DIALECT_MQTT),
             F_INT("status", p->settings.status));
    }
    send_page(p);
    p->outlet.close(p->outlet.context, DROP_FIN);
}

static bool is_head_whole(const struct buf *head)
{
    return head->len > 0 && strstr(buf_text(head), "\r\n\r\n") != NULL;
}

static void portal_feed(void *self, struct span bytes)
{
    struct portal *p = self;
    if (p->deadline_us == UINT64_MAX) {
        return;
    }
    bool is_full = buf_append(&p->head, bytes) < 0;
    enum dialect dialect = dialect_of(buf_span(&p->head));
    bool is_waiting = dialect == DIALECT_UNDECIDED ||
                      (dialect == DIALECT_HTTP && !is_head_whole(&p->head));
    if (is_full || !is_waiting) {
        answer(p, dialect);
    }
}

static uint64_t portal_deadline_us(const void *self)
{
    const struct portal *p = self;
    return p->deadline_us;
}

static void portal_tick(void *self)
{
    struct portal *p = self;
    const struct env *env = p->settings.env;
    if (p->deadline_us != UINT64_MAX && env->mono_us(env->world) >= p->deadline_us) {
        p->deadline_us = UINT64_MAX;
        p->outlet.close(p->outlet.context, DROP_FIN);
    }
}

static void portal_end(void *self)
{
    struct portal *p = self;
    p->deadline_us = UINT64_MAX;
}

static void portal_free(void *self)
{
    struct portal *p = self;
    buf_wipe(&p->head);
    free(p);
}

static const char *portal_device(const void *self)
{
    (void)self;
    return "";
}

static bool portal_wants_pause(const void *self)
{
    (void)self;
    return false;
}

static const struct inner_functions functions = {
    .feed = portal_feed,
    .deadline_us = portal_deadline_us,
    .tick = portal_tick,
    .end = portal_end,
    .free = portal_free,
    .device = portal_device,
    .wants_pause = portal_wants_pause,
};

int portal_open(const struct portal_settings *settings, const struct inner_call *call,
                struct inner *out)
{
    const struct env *env = settings->env;
    struct portal *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, ERR_NO_MEMORY);
    p->settings = *settings;
    p->outlet = call->outlet;
    p->connection = call->connection;
    p->deadline_us = env->mono_us(env->world) + PATIENCE_US;
    buf_init(&p->head, HEAD_BYTES_MOST);
    *out = (struct inner){&functions, p};
    return 0;
}
