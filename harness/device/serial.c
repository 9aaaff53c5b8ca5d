// SPDX-License-Identifier: MIT
#include "harness/device/serial.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

struct serial {
    struct serial_settings settings;
    struct sp_port *port; // NULL for a terminal that libserialport does not know
    int fd;               // -1 = not open
    char path[PATH_MAX];
    char trouble[PATH_MAX + 128];
    const char *limits;
    struct buf pending; // waits until the port takes it
    uv_poll_t *poll;    // one per opening: it outlives its descriptor by a turn of the loop
    uv_timer_t seek;
    bool is_seek_closed;
};

// ---- opening

static void close_port(struct serial *s)
{
    if (s->port) {
        sp_close(s->port);
        sp_free_port(s->port);
        s->port = NULL;
    } else if (s->fd >= 0) {
        close(s->fd);
    }
    s->fd = -1;
}

static int fail_port(const char *path, const char *what)
{
    char *reason = sp_last_error_message();
    int errnum = sp_last_error_code();
    error_set(error_from_errno(errnum), "%s: %s: %s", path, what, reason ? reason : "?");
    sp_free_error_message(reason);
    return ERR_IO;
}

static int open_with_library(struct serial *s, const char *path)
{
    struct sp_port *p = s->port;
    if (sp_open(p, SP_MODE_READ_WRITE) != SP_OK) {
        return fail_port(path, "cannot be opened");
    }
    if (sp_set_baudrate(p, (int)s->settings.board->baud) != SP_OK || sp_set_bits(p, 8) != SP_OK ||
        sp_set_parity(p, SP_PARITY_NONE) != SP_OK || sp_set_stopbits(p, 1) != SP_OK ||
        sp_set_flowcontrol(p, SP_FLOWCONTROL_NONE) != SP_OK) {
        return fail_port(path, "does not take its settings");
    }
    ENSURE(sp_get_port_handle(p, &s->fd) == SP_OK, ERR_IO);
    s->limits = "";
    return 0;
}

static speed_t speed_of(unsigned baud)
{
    static const struct {
        unsigned baud;
        speed_t speed;
    } speeds[] = {
        {9600, B9600},     {19200, B19200},   {38400, B38400},     {57600, B57600},
        {115200, B115200}, {230400, B230400}, {460800, B460800},   {921600, B921600},
        {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
    };
    for (size_t i = 0; i < HR_COUNT_OF(speeds); i++) {
        if (speeds[i].baud == baud) {
            return speeds[i].speed;
        }
    }
    return B115200;
}

// The one place where a port is used without libserialport, which refuses what has no entry below
// /sys/class/tty: pseudo-terminals, as emulators and port servers make them.
static int open_terminal(struct serial *s, const char *path)
{
    struct termios t;
    s->limits = "it is a pseudo-terminal, which has no DTR and RTS";
    s->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0) {
        FAIL(error_from_errno(errno), "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (tcgetattr(s->fd, &t) != 0) {
        FAIL(ERR_IO, "%s: is no serial port: %s", path, strerror(errno));
    }
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    cfsetspeed(&t, speed_of(s->settings.board->baud));
    if (tcsetattr(s->fd, TCSANOW, &t) != 0) {
        FAIL(ERR_IO, "%s: does not take its settings: %s", path, strerror(errno));
    }
    return 0;
}

static int find_path(const struct serial *s, char out[PATH_MAX])
{
    static struct port ports[PORTS_MOST];
    size_t count = 0;
    const struct bench_board *b = s->settings.board;
    if (b->port == PORT_PATH || b->port == PORT_ANNOUNCED) {
        if (!realpath(s->settings.path, out)) {
            FAIL(ERR_IO, "%s: %s", s->settings.path, strerror(errno));
        }
        return 0;
    }
    TRY(ports_list(ports, &count));
    const struct port *found = ports_match(ports, count, b);
    if (!found) {
        return ERR_IO;
    }
    snprintf(out, PATH_MAX, "%s", found->path);
    return 0;
}

static int open_port(struct serial *s)
{
    char path[PATH_MAX];
    TRY(find_path(s, path));
    int code = sp_get_port_by_name(path, &s->port) == SP_OK ? open_with_library(s, path)
                                                            : open_terminal(s, path);
    if (code < 0) {
        close_port(s);
        return code;
    }
    snprintf(s->path, sizeof s->path, "%s", path);
    return 0;
}

// ---- bytes

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

static void lose(struct serial *s, const char *why)
{
    if (s->fd < 0) {
        return;
    }
    uv_poll_stop(s->poll);
    uv_close((uv_handle_t *)s->poll, on_poll_closed);
    s->poll = NULL;
    close_port(s);
    buf_clear(&s->pending);
    snprintf(s->trouble, sizeof s->trouble, "%s: %s", s->path, why);
    s->settings.on_gone(s->settings.context, why);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct serial *s)
{
    int wanted = UV_READABLE | UV_DISCONNECT | (s->pending.len ? UV_WRITABLE : 0);
    uv_poll_start(s->poll, wanted, on_ready);
}

static void read_some(struct serial *s)
{
    static uint8_t chunk[65536];
    for (int turns = 0; turns < 8 && s->fd >= 0; turns++) {
        ssize_t n = read(s->fd, chunk, sizeof chunk);
        if (n > 0) {
            s->settings.on_bytes(s->settings.context, span_of(chunk, (size_t)n));
        } else if (n == 0) {
            lose(s, "the port hung up");
        } else if (errno == EINTR) {
            continue;
        } else {
            if (errno != EAGAIN) {
                lose(s, strerror(errno));
            }
            return;
        }
    }
}

static void write_some(struct serial *s)
{
    ssize_t n = write(s->fd, s->pending.data, s->pending.len);
    if (n > 0) {
        buf_consume(&s->pending, (size_t)n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose(s, strerror(errno));
        return;
    }
    watch(s);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct serial *s = poll->data;
    if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT))) {
        read_some(s);
    }
    if (s->fd >= 0 && poll == s->poll && (status < 0 || (events & UV_DISCONNECT))) {
        lose(s, "the port hung up");
    }
    if (s->fd >= 0 && poll == s->poll && s->pending.len > 0) {
        write_some(s);
    }
}

// ---- looking for it

static void try_to_open(struct serial *s)
{
    int code = open_port(s);
    if (code < 0) {
        snprintf(s->trouble, sizeof s->trouble, "%s", error_text(code));
        return;
    }
    s->poll = calloc(1, sizeof *s->poll);
    if (!s->poll || uv_poll_init(s->settings.loop, s->poll, s->fd) != 0) {
        free(s->poll);
        s->poll = NULL;
        close_port(s);
        snprintf(s->trouble, sizeof s->trouble, "%s cannot be watched", s->path);
        return;
    }
    s->poll->data = s;
    s->trouble[0] = '\0';
    watch(s);
    s->settings.on_open(s->settings.context);
}

static void on_seek(uv_timer_t *timer)
{
    struct serial *s = timer->data;
    if (s->fd < 0) {
        try_to_open(s);
    }
}

int serial_new(const struct serial_settings *settings, struct serial **out)
{
    struct serial *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_NO_MEMORY);
    s->settings = *settings;
    s->fd = -1;
    s->limits = "";
    buf_init(&s->pending, SERIAL_PENDING_BYTES_MOST);
    uv_timer_init(settings->loop, &s->seek);
    s->seek.data = s;
    uv_timer_start(&s->seek, on_seek, SERIAL_SEEK_MS, SERIAL_SEEK_MS);
    *out = s;
    try_to_open(s);
    return 0;
}

static void on_seek_closed(uv_handle_t *handle)
{
    struct serial *s = handle->data;
    s->is_seek_closed = true;
}

void serial_free(struct serial *s)
{
    if (!s) {
        return;
    }
    if (s->poll) {
        uv_poll_stop(s->poll);
        uv_close((uv_handle_t *)s->poll, on_poll_closed);
    }
    close_port(s);
    uv_close((uv_handle_t *)&s->seek, on_seek_closed);
    while (!s->is_seek_closed) {
        uv_run(s->settings.loop, UV_RUN_ONCE);
    }
    buf_deinit(&s->pending);
    free(s);
}

bool serial_is_open(const struct serial *s)
{
    return s->fd >= 0;
}

const char *serial_path(const struct serial *s)
{
    return s->path;
}

const char *serial_trouble(const struct serial *s)
{
    return s->trouble;
}

const char *serial_limits(const struct serial *s)
{
    return s->limits;
}

int serial_send(struct serial *s, struct span bytes)
{
    if (s->fd < 0) {
        FAIL(ERR_IO, "nothing can be sent: %s", s->trouble);
    }
    TRY(buf_append(&s->pending, bytes));
    write_some(s);
    return 0;
}

int serial_set_lines(struct serial *s, int dtr, int rts)
{
    if (s->fd < 0) {
        FAIL(ERR_IO, "no control line can be set: %s", s->trouble);
    }
    if (!s->port) {
        FAIL(ERR_IO, "%s: no control line can be set: %s", s->path, s->limits);
    }
    if ((dtr >= 0 && sp_set_dtr(s->port, dtr ? SP_DTR_ON : SP_DTR_OFF) != SP_OK) ||
        (rts >= 0 && sp_set_rts(s->port, rts ? SP_RTS_ON : SP_RTS_OFF) != SP_OK)) {
        return fail_port(s->path, "no control line can be set");
    }
    return 0;
}
