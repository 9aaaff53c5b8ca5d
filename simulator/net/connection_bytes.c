// SPDX-License-Identifier: MIT
// The socket of a connection: reading with back-pressure, writing.
#include "simulator/net/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct write_request {
    uv_write_t request;
    struct connection *connection;
    uint8_t bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct write_request *w = (struct write_request *)request;
    struct connection *c = w->connection;
    if (status == 0 && c->phase != PHASE_GONE) {
        connection_update_reading(c);
        connection_tell_drained(c);
    } else if (c->is_half_closed && c->phase != PHASE_GONE) {
        connection_cut(c); // no end of reading will tell
    }
    free(w);
}

static void write_rest(struct connection *c, struct span bytes)
{
    struct write_request *w = malloc(sizeof *w + bytes.len);
    if (!w) {
        connection_cut(c);
        return;
    }
    memcpy(w->bytes, bytes.ptr, bytes.len);
    w->connection = c;
    uv_buf_t out = uv_buf_init((char *)w->bytes, (unsigned)bytes.len);
    if (uv_write(&w->request, (uv_stream_t *)&c->tcp, &out, 1, on_written) < 0) {
        free(w);
    }
}

// Segments of a size of their own: MSG_EOR keeps the kernel from putting the next one into the same.
static size_t write_segments(struct connection *c, struct span bytes, size_t segment_bytes)
{
    uv_os_fd_t fd;
    size_t done = 0;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) > 0 ||
        uv_fileno((uv_handle_t *)&c->tcp, &fd) != 0) {
        return 0;
    }
    while (done < bytes.len) {
        struct span part = span_slice(bytes, done, segment_bytes);
        ssize_t sent = send(fd, part.ptr, part.len, MSG_EOR | MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0) {
            break; // the rest goes the common way
        }
        done += (size_t)sent;
    }
    return done;
}

void connection_write_now(struct connection *c, struct span bytes)
{
    int written = UV_EAGAIN;
    size_t done = 0;
    if (c->records.segment_bytes > 0) {
        done = write_segments(c, bytes, c->records.segment_bytes);
    } else {
        uv_buf_t out = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
        written = uv_try_write((uv_stream_t *)&c->tcp, &out, 1);
        done = written > 0 ? (size_t)written : 0;
    }
    c->out_bytes += bytes.len;
    capture_bytes(c->capture, false, bytes);
    if (done < bytes.len && (written >= 0 || written == UV_EAGAIN)) {
        write_rest(c, span_from(bytes, done));
    } else if (done < bytes.len && c->is_half_closed) {
        c->wants_close = true; // the same
        c->close_how = DROP_RST;
    }
}

void connection_flush(struct connection *c)
{
    if (c->phase == PHASE_GONE) {
        return;
    }
    struct buf *output = connection_rewrite(c);
    if (c->phase == PHASE_GONE) {
        return; // who hears of a fault may end the connection
    }
    if (output->len > 0) {
        if (!connection_shape_out(c, buf_span(output))) {
            connection_write_now(c, buf_span(output));
        }
        buf_clear(output);
    }
    if (!c->is_established) {
        records_trim(&c->records); // they held a whole flight of the handshake
    }
    connection_tell_drained(c);
    connection_obey_records(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[READ_CHUNK_BYTES]; // one loop, one read at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct connection *c = stream->data;
    if (n > 0) {
        struct span got = span_of(bytes->base, (size_t)n);
        if (!connection_shape_in(c, got)) {
            capture_bytes(c->capture, true, got);
            connection_take(c, got);
        }
        return;
    }
    if (n == 0) {
        return;
    }
    uv_read_stop(stream);
    if (connection_shape_eof(c, (int)n)) {
        return;
    }
    c->has_eof = true;
    c->eof_code = (int)n;
    if (!c->is_working) {
        connection_peer_closed(c);
    }
}

bool connection_is_deaf(const struct connection *c)
{
    size_t queued = uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
    bool is_full = queued + connection_shape_waiting(c) > WRITE_QUEUE_PAUSE_BYTES;
    bool is_held_back = c->inner.fn && !c->is_inner_over && c->inner.fn->wants_pause(c->inner.self);
    return c->is_stalled || c->phase == PHASE_HELD || is_full || is_held_back;
}

void connection_update_reading(struct connection *c)
{
    if (c->phase == PHASE_GONE || c->has_eof) {
        return;
    }
    bool should_pause = connection_is_deaf(c) || connection_shape_pauses(c);
    if (should_pause && !c->is_paused) {
        uv_read_stop((uv_stream_t *)&c->tcp);
        c->is_paused = true;
    } else if (!should_pause && c->is_paused) {
        c->is_paused = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0;
    }
}
