// SPDX-License-Identifier: MIT
#include "harness/device/console.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { HALF_LINE_MS = 1000 }; // then a prompt without a line end is shown as a line

struct console {
    struct uv_loop_s *loop;
    struct journal *journal;
    struct output output;
    struct output_stream lines;
    int raw_fd, index_fd;
    uint64_t offset;
    bool has_begun;
    uv_timer_t half_line;
    bool is_closed;
};

static int open_file(const char *folder, const char *name, int *out)
{
    char path[PATH_MAX];
    TRY(fs_join(path, sizeof path, folder, name));
    *out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (*out < 0) {
        FAIL(error_from_errno(errno), "cannot write %s: %s", path, strerror(errno));
    }
    return 0;
}

static void write_all(struct console *c, int *fd, struct span bytes)
{
    while (bytes.len > 0 && *fd >= 0) {
        ssize_t n = write(*fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            EMIT(c->journal, RUN_NOTE, 0, NULL, F_TEXT("text", "the raw log cannot be written"));
            close(*fd);
            *fd = -1;
            return;
        }
        bytes = span_from(bytes, (size_t)n);
    }
}

static void on_half_line(uv_timer_t *timer)
{
    struct console *c = timer->data;
    output_flush(&c->lines);
}

int console_new(struct uv_loop_s *loop, const struct env *env, struct journal *journal,
                const char *evidence, struct console **out)
{
    char log[PATH_MAX];
    struct console *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, ERR_NO_MEMORY);
    c->loop = loop;
    c->journal = journal;
    c->raw_fd = c->index_fd = c->output.log_fd = -1;
    uv_timer_init(loop, &c->half_line);
    c->half_line.data = c;
    int code = fs_join(log, sizeof log, evidence, "device.log");
    code = code < 0 ? code : output_open(&c->output, env, journal, log, false);
    code = code < 0 ? code : open_file(evidence, "serial.raw", &c->raw_fd);
    code = code < 0 ? code : open_file(evidence, "serial.idx", &c->index_fd);
    output_stream_init(&c->lines, &c->output, "com");
    if (code < 0) {
        console_free(c);
        return code;
    }
    *out = c;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct console *c = handle->data;
    c->is_closed = true;
}

void console_free(struct console *c)
{
    if (!c) {
        return;
    }
    if (c->output.log_fd >= 0) {
        console_flush(c);
    }
    uv_close((uv_handle_t *)&c->half_line, on_closed);
    while (!c->is_closed) {
        uv_run(c->loop, UV_RUN_ONCE);
    }
    output_close(&c->output);
    int *const fds[] = {&c->raw_fd, &c->index_fd};
    for (size_t i = 0; i < HR_COUNT_OF(fds); i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
    }
    free(c);
}

void console_take(struct console *c, struct span bytes)
{
    char head[64];
    int n = snprintf(head, sizeof head, "%llu %llu\n", (unsigned long long)c->offset,
                     (unsigned long long)journal_now_us(c->journal));
    write_all(c, &c->index_fd, span_of(head, (size_t)n));
    write_all(c, &c->raw_fd, bytes);
    c->offset += bytes.len;
    if (!c->has_begun) {
        return;
    }
    output_take(&c->lines, bytes);
    uv_timer_stop(&c->half_line);
    if (c->lines.len > 0) {
        uv_timer_start(&c->half_line, on_half_line, HALF_LINE_MS, 0);
    }
}

void console_begin(struct console *c)
{
    c->has_begun = true;
    c->lines.len = 0;
}

void console_flush(struct console *c)
{
    output_flush(&c->lines);
}
