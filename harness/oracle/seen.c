// SPDX-License-Identifier: MIT
#include "harness/oracle/seen.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

void seen_output_add(struct seen_output *output, const struct event *e)
{
    char *line = output->lines[output->next];
    event_value(e, "text", line, SEEN_OUTPUT_BYTES);
    output->lines_since_error++;
    if (strstr(line, "rror") || strstr(line, "xception")) {
        memcpy(output->error, line, SEEN_OUTPUT_BYTES);
        output->lines_since_error = 0;
    }
    output->next = (output->next + 1) % SEEN_OUTPUT_LINES;
}

int seen_output_print(const struct seen_output *output, struct buf *out)
{
    const char *before = "; it last printed: ";
    bool has_error = output->error[0] && output->lines_since_error < SEEN_TRACE_LINES;
    for (size_t i = 0; i < SEEN_OUTPUT_LINES; i++) {
        const char *line = output->lines[(output->next + i) % SEEN_OUTPUT_LINES];
        if (line[0]) {
            TRY(buf_printf(out, "%s'%s'", before, line));
            before = ", ";
        }
        has_error = has_error && strcmp(line, output->error) != 0;
    }
    return has_error ? buf_printf(out, "; before that: '%s'", output->error) : 0;
}

// What the device did on the wire, in contrast to what the rig and its process tell.
static bool is_on_wire(enum event_type type)
{
    static const char *const begins[] = {
        "tcp.", "tls.", "mqtt.", "sas.", "d2c.", "dps.connect", "dps.register", "dps.status", "twin.get",
        "twin.reported", "method.answered", "c2d.completed"};
    for (size_t i = 0; i < HR_COUNT_OF(begins); i++) {
        if (span_starts_with(span_text(event_word(type)), span_text(begins[i]))) {
            return true;
        }
    }
    return false;
}

// The higher, the more such an event tells about a failure.
static int weight_of(enum event_type type, const struct match *wanted)
{
    if (type == wanted->type) {
        return 4; // the right event with the wrong fields
    }
    switch (type) {
    case EVENT_MQTT_REFUSED:
    case EVENT_MQTT_ERROR:
    case EVENT_TLS_ALERT:
    case EVENT_SAS_EXPIRED:
        return 3;
    case EVENT_TLS_FAILED:
    case EVENT_MQTT_EARLY:
        return 2;
    default:
        return is_on_wire(type);
    }
}

int seen_print(const struct event_queue *q, uint64_t from, uint64_t to, const struct match *wanted,
               struct buf *out, bool *is_empty)
{
    uint64_t counts[EVENT_TYPE_COUNT] = {0};
    const struct event *telling = NULL;
    for (uint64_t n = from; n < to; n++) {
        const struct event *e = event_queue_at(q, n);
        int weight = weight_of(e->type, wanted);
        if (weight == 0) {
            continue;
        }
        counts[e->type]++;
        if (!telling || weight >= weight_of(telling->type, wanted)) {
            telling = e;
        }
    }
    *is_empty = telling == NULL;
    if (!telling) {
        return 0;
    }
    const char *before = "; seen: ";
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (counts[i]) {
            TRY(buf_printf(out, "%s%" PRIu64 " %s", before, counts[i],
                           event_word((enum event_type)i)));
            before = ", ";
        }
    }
    TRY(buf_append_text(out, " (last: "));
    TRY(event_to_brief(telling, out));
    return buf_append_u8(out, ')');
}
