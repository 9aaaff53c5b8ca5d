// SPDX-License-Identifier: MIT
// From the device's open connection to the end of the upstream's. The socket lies here, its TLS in
// upstream_tls.c.
#include "simulator/front/route.h"
#include "base/error.h"
#include "simulator/net/datagram.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void connect_next(struct route *route);
static void finish_upstream(struct route *route);

static uint64_t now_us(const struct route *route)
{
    const struct env *env = route->front->settings.env;
    return env->mono_us(env->world);
}

// ---- owners and handles

static void release(struct route *route)
{
    if (--route->owners > 0) {
        return;
    }
    if (route->prev) {
        route->prev->next = route->next;
    } else {
        route->front->routes = route->next;
    }
    if (route->next) {
        route->next->prev = route->prev;
    }
    uv_freeaddrinfo(route->addresses);
    SSL_free(route->ssl);
    buf_wipe(&route->waiting);
    free(route);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct route *route = handle->data;
    if (route->phase == ROUTE_CONNECTING && route->address) {
        connect_next(route); // an address did not answer, another one may
    }
    release(route);
}

static void close_tcp(struct route *route)
{
    if (route->has_tcp) {
        route->has_tcp = false;
        uv_close((uv_handle_t *)&route->tcp, on_tcp_closed);
    }
}

void route_cut(struct route *route)
{
    route->phase = ROUTE_OVER;
    close_tcp(route);
    if (route->has_timer) {
        route->has_timer = false;
        uv_close((uv_handle_t *)&route->timer, on_timer_closed);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct route *route = timer->data;
    if (route->phase < ROUTE_OPEN) {
        route_fail(route, "no answer within %d s", FRONT_CONNECT_MS / 1000);
    } else {
        route_upstream_ended(route, "error");
    }
}

static void arm(struct route *route, uint64_t after_ms)
{
    if (route->has_timer) {
        uv_update_time(route->front->settings.loop);
        uv_timer_start(&route->timer, on_timer, after_ms, 0);
    }
}

// ---- ends

static void close_device(struct route *route, enum drop_how how)
{
    if (!route->is_device_over) {
        route->outlet.close(route->outlet.context, how);
    }
}

static void tell_closed(struct route *route, const char *by, const char *how)
{
    if (!route->is_told) {
        route->is_told = true;
        EMIT(route->front->settings.journal, FRONT_CLOSED, route->connection, NULL,
             F_TEXT("by", by), F_TEXT("how", how),
             F_INT("to_upstream_bytes", route->to_upstream_bytes),
             F_INT("to_device_bytes", route->to_device_bytes));
    }
}

void route_upstream_ended(struct route *route, const char *how)
{
    if (route->phase == ROUTE_OVER) {
        return;
    }
    if (!route->is_device_over) {
        tell_closed(route, route->wants_finish ? "device" : "upstream", how);
    }
    route_cut(route);
    close_device(route, strcmp(how, "fin") == 0 ? DROP_FIN : DROP_RST);
}

void route_fail(struct route *route, const char *format, ...)
{
    char why[300];
    char upstream[300];
    va_list args;
    const struct front_settings *s = &route->front->settings;
    if (route->phase == ROUTE_OVER) {
        return;
    }
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    snprintf(upstream, sizeof upstream, "%s:%d", s->host, s->port);
    if (!route->is_device_over && !route->is_told) {
        route->is_told = true;
        EMIT(s->journal, FRONT_FAILED, route->connection, NULL, F_TEXT("upstream", upstream),
             F_TEXT("why", why));
    }
    route_cut(route);
    close_device(route, DROP_FIN);
}

// ---- from the upstream

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[65536]; // one loop, one read at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct route *route = stream->data;
    if (n > 0 && route->ssl) {
        upstream_tls_take(route, span_of(bytes->base, (size_t)n));
    } else if (n > 0) {
        route_to_device(route, span_of(bytes->base, (size_t)n));
    } else if (n < 0 && route->phase == ROUTE_TLS) {
        route_fail(route, "it closed the connection during the TLS handshake");
    } else if (n < 0) {
        route_upstream_ended(route, n == UV_EOF          ? "fin"
                                    : n == UV_ECONNRESET ? "rst"
                                                         : "error");
    }
}

void route_to_device(struct route *route, struct span plain)
{
    if (route->is_device_over) {
        return;
    }
    route->to_device_bytes += plain.len;
    route->outlet.send(route->outlet.context, plain);
    if (!route->is_paused && route->has_tcp &&
        route->outlet.queued_bytes(route->outlet.context) > FRONT_QUEUE_BYTES) {
        route->is_paused = true;
        uv_read_stop((uv_stream_t *)&route->tcp);
    }
}

static void read_on(struct route *route)
{
    route->is_paused = false;
    if (route->has_tcp) {
        uv_read_start((uv_stream_t *)&route->tcp, on_alloc, on_read);
    }
}

static void drained(void *self)
{
    struct route *route = self;
    if (route->is_paused &&
        route->outlet.queued_bytes(route->outlet.context) <= FRONT_QUEUE_BYTES) {
        read_on(route);
    }
}

// ---- to the upstream

struct upstream_write {
    uv_write_t request;
    uint8_t bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct route *route = request->handle->data;
    if (status < 0) {
        route_upstream_ended(route, "rst"); // nothing, when it is over already
    } else if (!route->is_device_over) {
        route->outlet.wake(route->outlet.context);
    }
    free(request);
}

void route_write(struct route *route, struct span bytes)
{
    uv_stream_t *stream = (uv_stream_t *)&route->tcp;
    if (!route->has_tcp) {
        return;
    }
    if (uv_stream_get_write_queue_size(stream) == 0) {
        uv_buf_t out = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
        int written = uv_try_write(stream, &out, 1);
        bytes = span_from(bytes, written > 0 ? (size_t)written : 0);
    }
    if (bytes.len == 0) {
        return;
    }
    struct upstream_write *w = malloc(sizeof *w + bytes.len);
    if (!w) {
        route_upstream_ended(route, "error");
        return;
    }
    memcpy(w->bytes, bytes.ptr, bytes.len);
    uv_buf_t out = uv_buf_init((char *)w->bytes, (unsigned)bytes.len);
    if (uv_write(&w->request, stream, &out, 1, on_written) < 0) {
        free(w);
        route_upstream_ended(route, "error");
    }
}

static void to_upstream(struct route *route, struct span plain)
{
    route->to_upstream_bytes += plain.len;
    if (route->ssl) {
        upstream_tls_write(route, plain);
    } else {
        route_write(route, plain);
    }
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)request; // what follows is the upstream's end, or the timer's
    (void)status;
}

static void finish_upstream(struct route *route)
{
    if (route->phase != ROUTE_OPEN || route->is_finished) {
        return;
    }
    route->is_finished = true;
    if (route->ssl) {
        upstream_tls_finish(route);
    }
    if (route->has_tcp) {
        uv_shutdown(&route->shutdown, (uv_stream_t *)&route->tcp, on_shutdown);
    }
    arm(route, route->is_device_over ? FRONT_LINGER_MS : FRONT_HALF_CLOSED_MS);
}

// ---- reaching it

void route_opened(struct route *route, const char *tls)
{
    const struct front_settings *s = &route->front->settings;
    char upstream[300];
    route->phase = ROUTE_OPEN;
    uv_timer_stop(&route->timer);
    if (!route->is_device_over) {
        snprintf(upstream, sizeof upstream, "%s:%d", s->host, s->port);
        EMIT(s->journal, FRONT_OPENED, route->connection, NULL, F_TEXT("upstream", upstream),
             F_TEXT("address", route->address_text), F_TEXT("tls", tls),
             F_INT("after_ms", (now_us(route) - route->began_us) / 1000));
    }
    struct buf waiting = route->waiting;
    route->waiting = (struct buf){0};
    if (waiting.len > 0) {
        to_upstream(route, buf_span(&waiting));
    }
    buf_wipe(&waiting);
    if (route->wants_finish) {
        finish_upstream(route);
    }
    if (!route->is_device_over) {
        route->outlet.wake(route->outlet.context);
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct route *route = request->handle->data;
    if (route->phase != ROUTE_CONNECTING) {
        return;
    }
    if (status < 0 && route->address && route->address->ai_next) {
        route->address = route->address->ai_next;
        close_tcp(route);
        return;
    }
    route->address = NULL;
    if (status < 0) {
        route_fail(route, "%s: %s", route->address_text, uv_strerror(status));
        return;
    }
    uv_tcp_nodelay(&route->tcp, 1);
    read_on(route);
    if (route->front->tls) {
        route->phase = ROUTE_TLS;
        upstream_tls_begin(route);
    } else {
        route_opened(route, "");
    }
}

static void connect_next(struct route *route)
{
    const struct sockaddr *to =
        route->address ? route->address->ai_addr : (const struct sockaddr *)&route->numeric;
    address_text(to, route->address_text);
    if (uv_tcp_init(route->front->settings.loop, &route->tcp) != 0) {
        route_fail(route, "no socket");
        return;
    }
    route->tcp.data = route;
    route->has_tcp = true;
    route->owners++;
    int status = uv_tcp_connect(&route->connect, &route->tcp, to, on_connected);
    if (status < 0) {
        route->connect.handle = (uv_stream_t *)&route->tcp;
        on_connected(&route->connect, status);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct route *route = request->data;
    route->addresses = found;
    if (route->phase == ROUTE_CONNECTING && status < 0) {
        route_fail(route, "the name does not lead to an address: %s", uv_strerror(status));
    } else if (route->phase == ROUTE_CONNECTING) {
        for (struct addrinfo *a = found; a; a = a->ai_next) { // the lookup gives no port
            struct sockaddr_in *in = (struct sockaddr_in *)a->ai_addr;
            in->sin_port = htons((uint16_t)route->front->settings.port); // at the same place in v6
        }
        route->address = found;
        connect_next(route);
    }
    release(route);
}

static int reach(struct route *route)
{
    const struct front_settings *s = &route->front->settings;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (address_parse(s->host, s->port, &route->numeric) == 0) {
        connect_next(route);
        return 0;
    }
    error_clear();
    route->lookup.data = route;
    route->owners++;
    if (uv_getaddrinfo(s->loop, &route->lookup, on_resolved, s->host, NULL, &hints) < 0) {
        route->owners--;
        FAIL(ERR_IO, "no lookup of %s", s->host);
    }
    return 0;
}

// ---- the seam

static void feed(void *self, struct span bytes)
{
    struct route *route = self;
    if (route->phase == ROUTE_OPEN) {
        to_upstream(route, bytes);
    } else if (route->phase != ROUTE_OVER && buf_append(&route->waiting, bytes) < 0) {
        route_fail(route, "the device sent more than %d bytes before it answered",
                   FRONT_WAITING_BYTES_MOST);
    }
}

static uint64_t deadline_us(const void *self)
{
    (void)self; // the upstream side has a timer of its own, since it may outlive the device's
    return UINT64_MAX;
}

static void tick(void *self)
{
    (void)self;
}

static bool half_close(void *self)
{
    struct route *route = self;
    route->wants_finish = true;
    finish_upstream(route);
    return route->phase != ROUTE_OVER;
}

static void end(void *self)
{
    struct route *route = self;
    if (route->phase != ROUTE_OVER) {
        tell_closed(route, "device", "fin");
    }
    route->is_device_over = true;
    route->wants_finish = true;
    if (route->phase < ROUTE_OPEN && route->waiting.len == 0) {
        route_cut(route); // there is nothing to tell the upstream
        return;
    }
    if (route->is_paused) {
        read_on(route); // to see its end
    }
    finish_upstream(route);
    if (route->is_finished) {
        arm(route, FRONT_LINGER_MS);
    }
}

static void free_route(void *self)
{
    struct route *route = self;
    if (!route->is_device_over) {
        end(route);
    }
    release(route);
}

static const char *device(const void *self)
{
    (void)self;
    return "";
}

static bool wants_pause(const void *self)
{
    const struct route *route = self;
    size_t queued = route->waiting.len;
    if (route->has_tcp) {
        queued += uv_stream_get_write_queue_size((const uv_stream_t *)&route->tcp);
    }
    return queued > FRONT_QUEUE_BYTES;
}

static const struct inner_functions functions = {
    .feed = feed,
    .deadline_us = deadline_us,
    .tick = tick,
    .end = end,
    .free = free_route,
    .device = device,
    .wants_pause = wants_pause,
    .drained = drained,
    .half_close = half_close,
};

int route_open(void *context, const struct inner_call *call, struct inner *out)
{
    struct front *front = context;
    struct route *route = calloc(1, sizeof *route);
    ENSURE(route != NULL, ERR_NO_MEMORY);
    route->front = front;
    route->connection = call->connection;
    route->outlet = call->outlet;
    route->owners = 2; // the net layer and the timer
    route->next = front->routes;
    if (route->next) {
        route->next->prev = route;
    }
    front->routes = route;
    buf_init(&route->waiting, FRONT_WAITING_BYTES_MOST);
    uv_timer_init(front->settings.loop, &route->timer);
    route->timer.data = route;
    route->has_timer = true;
    route->began_us = now_us(route);
    arm(route, FRONT_CONNECT_MS);
    *out = (struct inner){&functions, route};
    int code = reach(route);
    if (code < 0) {
        route_cut(route);
        release(route);
    }
    return code;
}
