// SPDX-License-Identifier: MIT
// Sentences on what was seen instead of what was expected. Not for other folders.
#pragma once
#include "harness/oracle/event_queue.h"
#include "harness/scenario/plan.h"

enum { SEEN_OUTPUT_LINES = 3, SEEN_OUTPUT_BYTES = 200, SEEN_TRACE_LINES = 30 };

// The device's last lines of output, oldest first when read from `next` on.
struct seen_output {
    char lines[SEEN_OUTPUT_LINES][SEEN_OUTPUT_BYTES];
    size_t next;
    char error[SEEN_OUTPUT_BYTES]; // the last line that speaks of an error
    size_t lines_since_error;      // a trace: beyond SEEN_TRACE_LINES it is old
};
void seen_output_add(struct seen_output *output, const struct event *e);
// "; it last printed: 'a', 'b'; before that: 'Error: c'", or nothing.
int seen_output_print(const struct seen_output *output, struct buf *out) HR_NODISCARD;

// "; seen: 3 tcp.accepted, 3 tls.failed (last: tls.alert name=bad_certificate)" of the events from
// number `from` to before `to`; *is_empty when nothing on the wire was among them. `wanted` decides
// which event is the most telling one.
int seen_print(const struct event_queue *q, uint64_t from, uint64_t to, const struct match *wanted,
               struct buf *out, bool *is_empty) HR_NODISCARD;
