// SPDX-License-Identifier: MIT
#include "simulator/control/socket.h"
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

enum { READ_BYTES = 65536, EVENT_BYTES_MOST = 1 << 20 };

struct client {
    struct client *next;
    struct control_socket *socket;
    uv_pipe_t pipe;
    uv_idle_t turn; // runs while whole lines wait: one request per turn of the loop
    int open_handles;
    struct buf in;
    struct control_watch watch;
    bool is_watching;
    bool is_awaiting; // a request has no answer yet
    bool has_eof;
    bool is_closing;
    bool is_overlong; // refused; what still comes is thrown away
};

struct control_socket {
    struct control_socket_settings settings;
    uv_pipe_t listener;
    struct client *clients;
    size_t client_count;
    size_t open_handles;
    bool is_closing;
};

// ---- the end of a client

static void release(struct control_socket *s)
{
    if (s->is_closing && s->open_handles == 0) {
        free(s);
    }
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    struct control_socket *s = c->socket;
    s->open_handles--;
    if (--c->open_handles == 0 && !c->is_awaiting) {
        buf_wipe(&c->in);
        free(c);
    }
    release(s);
}

static void drop_client(struct client *c)
{
    if (c->is_closing) {
        return;
    }
    c->is_closing = true;
    for (struct client **at = &c->socket->clients; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    c->socket->client_count--;
    uv_close((uv_handle_t *)&c->pipe, on_client_closed);
    uv_close((uv_handle_t *)&c->turn, on_client_closed);
}

// ---- writing

struct line_write {
    uv_write_t request;
    size_t len;
    char bytes[];
};

static void go_on(struct client *c);

static void on_written(uv_write_t *request, int status)
{
    struct client *c = request->data;
    free(request);
    if (c->is_closing) {
        return;
    }
    if (status < 0) {
        drop_client(c);
    } else {
        go_on(c);
    }
}

static size_t unread_bytes(const struct client *c)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->pipe);
}

static void write_line(struct client *c, const char *text, size_t len)
{
    struct line_write *w = malloc(sizeof *w + len + 1);
    if (!w) {
        drop_client(c);
        return;
    }
    memcpy(w->bytes, text, len);
    w->bytes[len] = '\n';
    w->len = len + 1;
    w->request.data = c;
    uv_buf_t out = uv_buf_init(w->bytes, (unsigned)w->len);
    if (uv_write(&w->request, (uv_stream_t *)&c->pipe, &out, 1, on_written) < 0) {
        free(w);
        drop_client(c);
    }
}

// A watcher that reads too slowly gets what waits for it and then this, and no more events.
static void end_watch(struct client *c)
{
    static const char line[] =
        "{\"ok\":false,\"error\":\"ERR_LIMIT\",\"class\":\"infra\",\"text\":\"events are missing "
        "from here on: they came faster than they were read, and 8 MiB waited; watch fewer\"}";
    c->is_watching = false;
    c->is_overlong = true; // it ends once it has read all
    buf_clear(&c->in);
    write_line(c, line, sizeof line - 1);
}

// `text` gets a line end. A client that has let too much pile up gets no more.
static void send_line(struct client *c, const char *text, size_t len)
{
    if (c->is_closing) {
        return;
    }
    if (unread_bytes(c) <= CONTROL_QUEUE_BYTES_MOST) {
        write_line(c, text, len);
    } else if (c->is_watching) {
        end_watch(c);
    } else {
        drop_client(c);
    }
}

static void refuse(struct client *c, const char *error, const char *class, const char *text)
{
    char line[300];
    int len = snprintf(line, sizeof line,
                       "{\"ok\":false,\"error\":\"%s\",\"class\":\"%s\",\"text\":\"%s\"}", error,
                       class, text);
    send_line(c, line, (size_t)len);
}

// ---- requests

static void on_reply(void *context, json_t *reply)
{
    struct client *c = context;
    c->is_awaiting = false;
    if (c->is_closing) {
        if (c->open_handles == 0) {
            buf_wipe(&c->in);
            free(c);
        }
        return;
    }
    char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
    if (!text) {
        drop_client(c);
        return;
    }
    send_line(c, text, strlen(text));
    explicit_bzero(text, strlen(text)); // it may hold a key
    free(text);
}

static void on_watch(void *context, const struct control_watch *watch)
{
    struct client *c = context;
    c->watch = *watch;
    c->is_watching = true;
}

static bool has_line(const struct client *c)
{
    return span_find(buf_span(&c->in), '\n') < c->in.len;
}

static void on_turn(uv_idle_t *turn);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[READ_BYTES]; // see on_alloc in net: one loop, one read at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes);

// Decide what comes next for this client: work, waiting, reading or the end.
static void go_on(struct client *c)
{
    if (c->is_closing) {
        return;
    }
    bool may_work = !c->is_awaiting && unread_bytes(c) <= CONTROL_QUEUE_PAUSE_BYTES;
    bool has_work = has_line(c) || (c->has_eof && c->in.len > 0);
    if (may_work && has_work) {
        uv_idle_start(&c->turn, on_turn);
    } else {
        uv_idle_stop(&c->turn);
    }
    if (!c->has_eof && !has_work && may_work) {
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
    } else {
        uv_read_stop((uv_stream_t *)&c->pipe);
    }
    if ((c->has_eof || c->is_overlong) && !has_work && !c->is_awaiting && unread_bytes(c) == 0) {
        drop_client(c);
    }
}

static void on_turn(uv_idle_t *turn)
{
    struct client *c = turn->data;
    size_t len = span_find(buf_span(&c->in), '\n');
    struct span line = span_trim(span_slice(buf_span(&c->in), 0, len));
    if (line.len > 0) {
        struct control_asker asker = {c, on_reply, on_watch};
        c->is_awaiting = true;
        control_ask(c->socket->settings.control, line, &asker);
    }
    buf_consume(&c->in, len + 1);
    go_on(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct client *c = stream->data;
    if (n == 0) {
        return;
    }
    if (n < 0) {
        c->has_eof = true;
    } else if (!c->is_overlong && buf_append(&c->in, span_of(bytes->base, (size_t)n)) < 0) {
        c->is_overlong = true;
        buf_clear(&c->in);
        refuse(c, "ERR_TOO_BIG", "usage", "a request has at most 1 MiB on one line");
    }
    go_on(c);
}

// ---- events

static void on_event(void *context, const struct event *e)
{
    struct control_socket *s = context;
    struct buf line HR_CLEANUP(buf_deinit);
    struct client *next = NULL;
    buf_init(&line, EVENT_BYTES_MOST);
    for (struct client *c = s->clients; c; c = next) {
        next = c->next;
        if (!c->is_watching || !control_watch_wants(&c->watch, e)) {
            continue;
        }
        if (line.len == 0 && event_to_json(e, &line) < 0) {
            return;
        }
        send_line(c, buf_text(&line), line.len);
    }
}

// ---- clients and the listener

static struct client *client_new(struct control_socket *s)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c || uv_pipe_init(s->settings.loop, &c->pipe, 0) != 0) {
        free(c);
        return NULL;
    }
    uv_idle_init(s->settings.loop, &c->turn);
    c->socket = s;
    c->pipe.data = c;
    c->turn.data = c;
    c->open_handles = 2;
    s->open_handles += 2;
    buf_init(&c->in, CONTROL_LINE_BYTES_MOST);
    c->next = s->clients;
    s->clients = c;
    s->client_count++;
    return c;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control_socket *s = listener->data;
    struct client *c = status == 0 ? client_new(s) : NULL;
    if (!c) {
        return;
    }
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0) {
        drop_client(c);
        return;
    }
    if (s->client_count > CONTROL_CLIENTS_MOST) {
        c->is_overlong = true;
        refuse(c, "ERR_LIMIT", "infra", "too many control clients at once; at most 32");
    }
    go_on(c);
}

// What stands at the path: nothing, a socket that nobody serves (removed), or somebody.
static int clear_path(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;
    if (lstat(path, &st) != 0) {
        return 0;
    }
    if (!S_ISSOCK(st.st_mode)) {
        FAIL(ERR_IN_USE, "%s is no socket; remove it or name another control socket", path);
    }
    span_copy_text(span_text(path), at.sun_path, sizeof at.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int code = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&at, sizeof at);
    int errnum = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (code != 0 && errnum == ECONNREFUSED) {
        return unlink(path) == 0 ? 0 : error_from_errno(errno);
    }
    FAIL(ERR_IN_USE, "another hub answers at %s; give this one a folder or socket of its own",
         path);
}

static int listen_at(struct control_socket *s)
{
    const char *path = s->settings.path;
    int code = uv_pipe_bind(&s->listener, path);
    // Nobody can connect before listen, so the mode is right from the first connection on.
    if (code == 0 && chmod(path, 0600) != 0) {
        code = -errno;
    }
    if (code == 0) {
        code = uv_listen((uv_stream_t *)&s->listener, 64, on_connection);
    }
    if (code < 0) {
        FAIL(error_from_errno(-code), "cannot serve the control socket %s: %s", path,
             uv_strerror(code));
    }
    return 0;
}

static int open_listener(struct control_socket *s)
{
    TRY(clear_path(s->settings.path));
    ENSURE(uv_pipe_init(s->settings.loop, &s->listener, 0) == 0, ERR_IO);
    s->listener.data = s;
    s->open_handles = 1;
    TRY(listen_at(s));
    return journal_listen(s->settings.journal, on_event, s);
}

int control_socket_open(const struct control_socket_settings *settings, struct control_socket **out)
{
    *out = NULL;
    size_t len = strlen(settings->path);
    if (len > CONTROL_SOCKET_PATH_MOST) {
        FAIL(ERR_VALUE, "the path of the control socket has %zu bytes, at most %d are possible: %s",
             len, CONTROL_SOCKET_PATH_MOST, settings->path);
    }
    struct control_socket *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_NO_MEMORY);
    s->settings = *settings;
    int code = open_listener(s);
    if (code == 0) {
        *out = s;
    } else if (s->open_handles > 0) {
        control_socket_close(s);
    } else {
        free(s);
    }
    return code;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct control_socket *s = handle->data;
    s->open_handles--;
    release(s);
}

void control_socket_close(struct control_socket *s)
{
    if (!s) {
        return;
    }
    s->is_closing = true;
    journal_unlisten(s->settings.journal, on_event, s);
    while (s->clients) {
        drop_client(s->clients);
    }
    uv_close((uv_handle_t *)&s->listener, on_listener_closed); // libuv removes the path
}
