// SPDX-License-Identifier: MIT
// The seam towards the net layer, and our end of the socketpair.
#include "simulator/web/link.h"
#include "base/error.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_LIMIT_US = 60 * 1000000, // for a whole request, and between two
    QUEUE_PAUSE_BYTES = 256 * 1024,  // libwebsockets does not keep up: read no more
    PAIR_BYTES = 64 * 1024,          // what may be under way when a session wants a pause
};

static uint64_t now_us(const struct link *link)
{
    const struct env *env = link->web->settings.env;
    return env->mono_us(env->world);
}

void link_release(struct link *link)
{
    if (--link->owners > 0) {
        return;
    }
    while (link->first) {
        struct message *next = link->first->next;
        free(link->first);
        link->first = next;
    }
    free(link);
}

void link_wake(struct link *link)
{
    if (!link->is_over && link->call.outlet.wake) {
        link->call.outlet.wake(link->call.outlet.context);
    }
}

void link_close_transport(struct link *link, enum drop_how how)
{
    if (!link->is_over && !link->has_asked_close) {
        link->has_asked_close = true;
        link->call.outlet.close(link->call.outlet.context, how);
    }
}

// ---- our end of the pair

static void on_pipe_closed(uv_handle_t *handle)
{
    link_release(handle->data);
}

static void close_pipe(struct link *link)
{
    if (link->has_pipe) {
        link->has_pipe = false;
        uv_close((uv_handle_t *)&link->pipe, on_pipe_closed);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[65536]; // one loop, one read at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct link *link = stream->data;
    if (n > 0 && !link->is_over) {
        link->call.outlet.send(link->call.outlet.context, span_of(bytes->base, (size_t)n));
    } else if (n < 0) {
        uv_read_stop(stream);
        link_close_transport(link, DROP_FIN);
    }
}

struct pipe_write {
    uv_write_t request;
    uint8_t bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct link *link = request->handle->data;
    (void)status;
    link_wake(link);
    free(request);
}

static void write_pipe(struct link *link, struct span bytes)
{
    struct pipe_write *w = malloc(sizeof *w + bytes.len);
    if (!w) {
        link_close_transport(link, DROP_RST);
        return;
    }
    memcpy(w->bytes, bytes.ptr, bytes.len);
    uv_buf_t out = uv_buf_init((char *)w->bytes, (unsigned)bytes.len);
    if (uv_write(&w->request, (uv_stream_t *)&link->pipe, &out, 1, on_written) < 0) {
        free(w);
        link_close_transport(link, DROP_RST);
    }
}

static int open_pair(struct link *link, int pair[2])
{
    int room = PAIR_BYTES;
    ENSURE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0, ERR_IO);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (uv_pipe_init(link->web->settings.loop, &link->pipe, 0) != 0) {
        close(pair[0]);
        close(pair[1]);
        FAIL(ERR_IO, "no pipe for a web connection");
    }
    link->pipe.data = link;
    link->has_pipe = true;
    link->owners++;
    if (uv_pipe_open(&link->pipe, pair[0]) != 0) {
        close(pair[0]);
        close(pair[1]);
        FAIL(ERR_IO, "no pipe for a web connection");
    }
    return 0;
}

static int adopt(struct link *link)
{
    int pair[2];
    TRY(open_pair(link, pair));
    lws_adopt_desc_t desc = {.vh = link->web->vhost,
                             .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET,
                             .fd = {.sockfd = pair[1]},
                             .opaque = link};
    link->wsi = lws_adopt_descriptor_vhost_via_info(&desc); // closes pair[1] when it fails
    ENSURE(link->wsi != NULL, ERR_LIMIT);
    link->owners++;
    ENSURE(uv_read_start((uv_stream_t *)&link->pipe, on_alloc, on_read) == 0, ERR_IO);
    return 0;
}

// ---- the seam

// The bytes of `bytes` that libwebsockets may see.
static struct span inspect(struct link *link, struct span bytes)
{
    if (!link->is_websocket) {
        frame_scan_head(&link->scan, bytes);
        return bytes;
    }
    if (link->scan.has_violation) {
        return SPAN_EMPTY;
    }
    bytes = span_slice(bytes, 0, frame_scan_frames(&link->scan, bytes));
    if (link->scan.has_violation) {
        websocket_refuse_unmasked(link);
    }
    return bytes;
}

static void feed(void *self, struct span bytes)
{
    struct link *link = self;
    if (!link->has_pipe || link->is_stalled) {
        return;
    }
    bytes = inspect(link, bytes);
    uv_stream_t *stream = (uv_stream_t *)&link->pipe;
    if (bytes.len > 0 && uv_stream_get_write_queue_size(stream) == 0) {
        uv_buf_t out = uv_buf_init((char *)bytes.ptr, (unsigned)bytes.len);
        int written = uv_try_write(stream, &out, 1);
        bytes = span_from(bytes, written > 0 ? (size_t)written : 0);
    }
    if (bytes.len > 0) {
        write_pipe(link, bytes);
    }
}

static bool has_inner(const struct link *link)
{
    return link->inner.fn && !link->is_inner_over;
}

static uint64_t deadline_us(const void *self)
{
    const struct link *link = self;
    if (link->is_stalled) {
        return UINT64_MAX;
    }
    if (has_inner(link)) {
        return link->inner.fn->deadline_us(link->inner.self);
    }
    return link->is_websocket ? UINT64_MAX : link->idle_since_us + REQUEST_LIMIT_US;
}

static void tick(void *self)
{
    struct link *link = self;
    if (has_inner(link)) {
        link->inner.fn->tick(link->inner.self);
    } else if (now_us(link) >= deadline_us(link)) {
        link_close_transport(link, DROP_FIN);
    }
}

static void end(void *self)
{
    struct link *link = self;
    link->is_over = true;
    websocket_end(link, LWS_CLOSE_STATUS_ABNORMAL_CLOSE, "", "the transport ended without a close");
    close_pipe(link);
}

static void free_link(void *self)
{
    struct link *link = self;
    link->is_over = true;
    websocket_end(link, LWS_CLOSE_STATUS_ABNORMAL_CLOSE, "", "the transport ended without a close");
    close_pipe(link);
    if (link->inner.fn) {
        link->inner.fn->free(link->inner.self);
        link->inner = (struct inner){0};
    }
    link_release(link);
}

// What libwebsockets has put into the pair goes to the device at once.
static void drain_pair(struct link *link)
{
    static char chunk[65536];
    uv_os_fd_t fd = -1;
    ssize_t n = 0;
    if (uv_fileno((uv_handle_t *)&link->pipe, &fd) != 0) {
        return;
    }
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        link->call.outlet.send(link->call.outlet.context, span_of(chunk, (size_t)n));
    }
}

// Each drained pair makes room for further messages.
static void flush(void *self)
{
    struct link *link = self;
    if (!link->has_pipe) {
        return;
    }
    do {
        drain_pair(link);
    } while (websocket_write_some(link));
}

static const char *device(const void *self)
{
    const struct link *link = self;
    return link->inner.fn ? link->inner.fn->device(link->inner.self) : "";
}

static bool wants_pause(const void *self)
{
    const struct link *link = self;
    if (link->is_stalled || (has_inner(link) && link->inner.fn->wants_pause(link->inner.self))) {
        return true;
    }
    return link->has_pipe &&
           uv_stream_get_write_queue_size((const uv_stream_t *)&link->pipe) > QUEUE_PAUSE_BYTES;
}

static const struct inner_functions functions = {
    .feed = feed,
    .deadline_us = deadline_us,
    .tick = tick,
    .end = end,
    .free = free_link,
    .device = device,
    .wants_pause = wants_pause,
    .flush = flush,
};

int link_open(void *context, const struct inner_call *call, struct inner *out)
{
    struct link *link = calloc(1, sizeof *link);
    ENSURE(link != NULL, ERR_NO_MEMORY);
    link->web = context;
    link->call = *call;
    link->owners = 1;
    link->last = &link->first;
    link->idle_since_us = now_us(link);
    int code = adopt(link);
    if (code < 0) {
        free_link(link);
        return code;
    }
    *out = (struct inner){&functions, link};
    return 0;
}
