// SPDX-License-Identifier: MIT
// What a device prints, line by line: into device.log with time-stamps and into the journal as
// device.output. A program has two streams, a board one.
#pragma once
#include "base/env.h"
#include "simulator/journal/journal.h"

enum {
    OUTPUT_LOG_BYTES_MOST = 8 << 20, // what is kept; the rest is read and dropped
    OUTPUT_LINE_BYTES_MOST = 1024,   // longer lines are split
    OUTPUT_EVENTS_MOST = 5000,       // device.output events
};

struct output {
    const struct env *env;
    struct journal *journal;
    int log_fd; // -1 = none
    bool is_cut;
    uint64_t started_us;
    uint64_t logged_bytes;
    uint64_t events;
};

struct output_stream {
    struct output *output;
    const char *name; // "out", "err", "com"
    char line[OUTPUT_LINE_BYTES_MOST];
    size_t len;
};

// `log_path` "" = no log; `goes_on`: behind what it has already. Lines read "   1.204113 out| text"; times count from here.
int output_open(struct output *o, const struct env *env, struct journal *journal,
                const char *log_path, bool goes_on) HR_NODISCARD;
void output_close(struct output *o);
void output_stream_init(struct output_stream *s, struct output *o, const char *name);
void output_take(struct output_stream *s, struct span bytes);
void output_flush(struct output_stream *s); // a half line counts as one
