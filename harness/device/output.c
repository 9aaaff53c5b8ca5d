// SPDX-License-Identifier: MIT
#include "harness/device/output.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int output_open(struct output *o, const struct env *env, struct journal *journal,
                const char *log_path, bool goes_on)
{
    int way = goes_on ? O_APPEND : O_TRUNC;
    *o = (struct output){.env = env, .journal = journal, .log_fd = -1};
    o->started_us = env->mono_us(env->world);
    if (!log_path[0]) {
        return 0;
    }
    o->log_fd = open(log_path, O_WRONLY | O_CREAT | way | O_CLOEXEC, 0644);
    if (o->log_fd < 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot write %s: %s", log_path, strerror(errnum));
    }
    return 0;
}

void output_close(struct output *o)
{
    if (o->log_fd >= 0) {
        close(o->log_fd);
        o->log_fd = -1;
    }
}

void output_stream_init(struct output_stream *s, struct output *o, const char *name)
{
    s->output = o;
    s->name = name;
    s->len = 0;
}

static void write_log(struct output *o, struct span text)
{
    while (text.len > 0 && o->log_fd >= 0) {
        ssize_t n = write(o->log_fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            EMIT(o->journal, RUN_NOTE, 0, NULL, F_TEXT("text", "the device log cannot be written"));
            output_close(o);
            return;
        }
        text = span_from(text, (size_t)n);
    }
}

static void note_cut(struct output_stream *s)
{
    struct output *o = s->output;
    o->is_cut = true;
    write_log(o, SPAN_LITERAL("(the rest of the output was not kept)\n"));
    EMIT(o->journal, DEVICE_OUTPUT_CUT, 0, NULL, F_TEXT("stream", s->name),
         F_INT("kept_bytes", o->logged_bytes));
}

static void end_line(struct output_stream *s)
{
    struct output *o = s->output;
    struct span text = span_of(s->line, s->len);
    s->len = 0;
    if (o->is_cut) {
        return;
    }
    if (o->logged_bytes + text.len > OUTPUT_LOG_BYTES_MOST) {
        note_cut(s);
        return;
    }
    uint64_t at = o->env->mono_us(o->env->world) - o->started_us;
    char head[48];
    int n = snprintf(head, sizeof head, "%5llu.%06llu %s| ", (unsigned long long)(at / 1000000),
                     (unsigned long long)(at % 1000000), s->name);
    write_log(o, span_of(head, (size_t)n));
    write_log(o, text);
    write_log(o, SPAN_LITERAL("\n"));
    o->logged_bytes += text.len + (size_t)n + 1;
    if (o->events++ < OUTPUT_EVENTS_MOST) {
        EMIT(o->journal, DEVICE_OUTPUT, 0, NULL, F_TEXT("stream", s->name), F_SPAN("text", text));
    }
}

void output_flush(struct output_stream *s)
{
    if (s->len > 0) {
        end_line(s);
    }
}

void output_take(struct output_stream *s, struct span bytes)
{
    if (s->output->is_cut) {
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == '\n') {
            end_line(s);
            continue;
        }
        if (s->len == sizeof s->line) {
            end_line(s);
        }
        if (bytes.ptr[i] != '\r') {
            s->line[s->len++] = (char)bytes.ptr[i];
        }
    }
}
