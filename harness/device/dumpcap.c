// SPDX-License-Identifier: MIT
// dumpcap writes to a pipe, and we to the file: so we see its first bytes, by which it listens, and the
// last ones. The kernel hands packets over in blocks, up to 250 ms late, and dumpcap forgets those that
// are not full when it is ended: a datagram to ourselves therefore marks the end, and is waited for.
#include "harness/device/dumpcap.h"
#include "base/error.h"
#include "harness/device/process.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { START_MS = 10000, END_MS = 2000, GRACE_US = 1000000, SAID_BYTES_MOST = 4096, MARK_BYTES = 16,
       RECENT_BYTES_MOST = 1 << 18 };

struct dumpcap {
    struct dumpcap_settings settings;
    struct process *process;
    uv_timer_t limit;
    bool is_timer_open;
    bool is_late;
    bool is_stopping;
    bool has_begun;
    bool has_mark;
    int fd;
    int mark_fd;
    int mark_port;
    char mark[MARK_BYTES + 1];
    struct buf recent; // for a mark that is divided
    struct buf said; // on stderr
    char failure[300];
};

// ---- the mark

static int open_mark(struct dumpcap *d)
{
    struct sockaddr_storage any = {0};
    struct sockaddr_storage *at = &any;
    bool is_v6 = strchr(d->settings.address, ':') != NULL;
    socklen_t len = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int parsed = is_v6 ? uv_ip6_addr(d->settings.address, 0, (struct sockaddr_in6 *)at)
                       : uv_ip4_addr(d->settings.address, 0, (struct sockaddr_in *)at);
    ENSURE(parsed == 0, ERR_VALUE);
    d->mark_fd = socket(at->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (d->mark_fd < 0 || bind(d->mark_fd, (struct sockaddr *)at, len) != 0 ||
        getsockname(d->mark_fd, (struct sockaddr *)at, &len) != 0 ||
        connect(d->mark_fd, (struct sockaddr *)at, len) != 0) {
        FAIL(error_from_errno(errno), "cannot mark the end of a capture at %s: %s",
             d->settings.address, strerror(errno));
    }
    d->mark_port = ntohs(is_v6 ? ((struct sockaddr_in6 *)at)->sin6_port
                               : ((struct sockaddr_in *)at)->sin_port);
    snprintf(d->mark, sizeof d->mark, "hubrig-end-%05d", d->mark_port);
    return 0;
}

static void look_for_mark(struct dumpcap *d, struct span bytes)
{
    if (buf_append(&d->recent, bytes) < 0) {
        buf_clear(&d->recent);
        return;
    }
    d->has_mark = d->has_mark || memmem(d->recent.data, d->recent.len, d->mark, MARK_BYTES);
    if (d->recent.len > MARK_BYTES) {
        buf_consume(&d->recent, d->recent.len - MARK_BYTES);
    }
}

// ---- what dumpcap says

static void fail(struct dumpcap *d, const char *what, const char *why)
{
    if (!d->failure[0]) {
        snprintf(d->failure, sizeof d->failure, "%s: %s", what, why);
    }
}

static void store(struct dumpcap *d, struct span bytes)
{
    while (bytes.len > 0 && d->fd >= 0) {
        ssize_t n = write(d->fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            fail(d, "cannot write interface.pcapng", n < 0 ? strerror(errno) : "no space left");
            close(d->fd);
            d->fd = -1;
            return;
        }
        bytes = span_from(bytes, (size_t)n);
    }
}

static void on_bytes(void *context, const char *stream, struct span bytes)
{
    struct dumpcap *d = context;
    if (strcmp(stream, "err") == 0) {
        (void)!buf_append(&d->said, span_slice(bytes, 0, SAID_BYTES_MOST - d->said.len));
        return;
    }
    d->has_begun = true;
    look_for_mark(d, bytes);
    store(d, bytes);
}

// "dumpcap: The capture session could not be initiated on ... (You don't have permission ...)."
static const char *last_words(struct dumpcap *d)
{
    struct span said = span_trim(buf_span(&d->said));
    static char line[200];
    span_copy_text(span_slice(said, 0, strcspn(buf_text(&d->said), "\n")), line, sizeof line);
    return line;
}

static void on_exit_of(void *context, int code, const char *signal)
{
    struct dumpcap *d = context;
    char why[260];
    snprintf(why, sizeof why, "code %d%s%s, %s", code, signal[0] ? ", " : "", signal, last_words(d));
    if (!d->is_stopping) {
        fail(d, "dumpcap has ended by itself", why);
    }
}

// ---- waiting on the loop

static void on_limit(uv_timer_t *timer)
{
    struct dumpcap *d = timer->data;
    d->is_late = true;
}

static void wait_for(struct dumpcap *d, const bool *is_done, uint64_t limit_ms)
{
    d->is_late = false;
    uv_update_time(d->settings.loop);
    uv_timer_start(&d->limit, on_limit, limit_ms, 0);
    while (!*is_done && !d->is_late && process_is_running(d->process)) {
        uv_run(d->settings.loop, UV_RUN_ONCE);
    }
    uv_timer_stop(&d->limit);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct dumpcap *d = handle->data;
    d->is_timer_open = false;
}

static void release(struct dumpcap *d)
{
    process_free(d->process);
    if (d->is_timer_open) {
        uv_close((uv_handle_t *)&d->limit, on_timer_closed);
        while (d->is_timer_open) {
            uv_run(d->settings.loop, UV_RUN_ONCE);
        }
    }
    if (d->fd >= 0) {
        close(d->fd);
    }
    if (d->mark_fd >= 0) {
        close(d->mark_fd);
    }
    buf_deinit(&d->said);
    buf_deinit(&d->recent);
    free(d);
}

// ---- start and end

static int open_file(struct dumpcap *d)
{
    d->fd = open(d->settings.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (d->fd < 0) {
        FAIL(error_from_errno(errno), "cannot write %s: %s", d->settings.path, strerror(errno));
    }
    return 0;
}

static int spawn(struct dumpcap *d)
{
    char filter[400] = "";
    if (d->settings.filter[0]) {
        snprintf(filter, sizeof filter, "(%s) or udp port %d", d->settings.filter, d->mark_port);
    }
    char *argv[] = {(char[]){"dumpcap"}, (char[]){"-q"}, (char[]){"-i"}, (char[]){"any"},
                    (char[]){"-w"},      (char[]){"-"},  (char[]){"-f"}, filter, NULL};
    struct process_settings settings = {.loop = d->settings.loop,
                                        .env = d->settings.env,
                                        .argv = argv,
                                        .envp = environ,
                                        .log_path = "",
                                        .is_tool = true,
                                        .on_bytes = on_bytes,
                                        .on_exit = on_exit_of,
                                        .context = d};
    if (process_start(&settings, &d->process) < 0) {
        char why[300];
        snprintf(why, sizeof why, "%s", error_text(ERR_SPAWN));
        FAIL(ERR_SPAWN, "--capture interface needs dumpcap: %s; try: apt-get install wireshark-common, "
                        "or leave --capture out, because wire.pcapng is recorded without it", why);
    }
    return 0;
}

static int await_start(struct dumpcap *d)
{
    wait_for(d, &d->has_begun, START_MS);
    if (d->has_begun && !d->failure[0]) {
        return 0;
    }
    FAIL(ERR_PERMISSION, "dumpcap cannot listen here: %s; try: as root, or `setcap "
                         "cap_net_raw,cap_net_admin+eip $(command -v dumpcap)`, or leave --capture "
                         "out, because wire.pcapng needs no rights",
         d->failure[0] ? d->failure : "it did not begin within 10 s");
}

int dumpcap_start(const struct dumpcap_settings *settings, struct dumpcap **out)
{
    struct dumpcap *d = calloc(1, sizeof *d);
    ENSURE(d != NULL, ERR_NO_MEMORY);
    d->settings = *settings;
    d->fd = d->mark_fd = -1;
    buf_init(&d->said, SAID_BYTES_MOST);
    buf_init(&d->recent, RECENT_BYTES_MOST);
    uv_timer_init(settings->loop, &d->limit);
    d->limit.data = d;
    d->is_timer_open = true;
    int code = open_mark(d);
    code = code < 0 ? code : open_file(d);
    code = code < 0 ? code : spawn(d);
    code = code < 0 ? code : await_start(d);
    if (code < 0) {
        release(d);
        return code;
    }
    *out = d;
    return 0;
}

const char *dumpcap_failure(const struct dumpcap *dumpcap)
{
    return dumpcap ? dumpcap->failure : "";
}

void dumpcap_stop(struct dumpcap *dumpcap)
{
    if (!dumpcap) {
        return;
    }
    bool is_running = process_is_running(dumpcap->process);
    if (is_running && send(dumpcap->mark_fd, dumpcap->mark, MARK_BYTES, 0) == MARK_BYTES) {
        wait_for(dumpcap, &dumpcap->has_mark, END_MS);
    }
    bool never = false;
    dumpcap->is_stopping = true;
    process_stop(dumpcap->process, GRACE_US);
    wait_for(dumpcap, &never, END_MS);
    release(dumpcap);
}
