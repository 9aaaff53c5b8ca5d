// SPDX-License-Identifier: MIT
// Turns lines that the device printed into log.error and log.state events.
#pragma once
#include "harness/dialects/dialect.h"
#include "simulator/journal/journal.h"

struct log_reader {
    struct dialects *dialects; // NULL: nothing is read
    size_t left;               // lines that may still be read in this second
    uint64_t second;
};

// A second's lines beyond this many are not read: a flood must not hold the rig up.
enum { LOG_READER_LINES_A_SECOND = 5000 };

// Without dialects the journal gets a remark, and nothing is read.
void log_reader_open(struct log_reader *r, struct journal *journal);
void log_reader_close(struct log_reader *r);
// Looks at device.output alone.
void log_reader_event(struct log_reader *r, struct journal *journal, const struct event *e);
