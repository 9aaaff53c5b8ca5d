// SPDX-License-Identifier: MIT
// {placeholders} in causes and advice.
#include "base/when.h"
#include "harness/diagnosis/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Linux's numbers; a device's program runs on this machine.
static const char *signal_name(const char *number)
{
    static const char *const names[][2] = {{"4", "SIGILL"},   {"6", "SIGABRT"}, {"7", "SIGBUS"},
                                           {"8", "SIGFPE"},   {"9", "SIGKILL"}, {"11", "SIGSEGV"},
                                           {"13", "SIGPIPE"}, {"15", "SIGTERM"}};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        if (strcmp(number, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return number;
}

static const struct fact_series *attempts_of(const struct diagnosis *d,
                                             const struct event *violated)
{
    bool is_tcp = (violated && violated->type == EVENT_TCP_ACCEPTED) ||
                  d->series[EVENT_MQTT_CONNECT].count < 2;
    return &d->series[is_tcp ? EVENT_TCP_ACCEPTED : EVENT_MQTT_CONNECT];
}

// The names that stand for more than one field.
static bool fill_own(const struct diagnosis *d, const struct event *violated, struct span name,
                     char out[FACT_TEXT_BYTES])
{
    const struct fact_series *s = attempts_of(d, violated);
    uint64_t gaps = s->count > 1 ? s->count - 1 : 1;
    char value[FACT_TEXT_BYTES];
    if (span_equals_text(name, "attempts")) {
        snprintf(out, FACT_TEXT_BYTES, "%" PRIu64, s->count);
    } else if (span_equals_text(name, "mean")) {
        duration_print((int64_t)((s->last_us - s->first_us) / gaps), out);
    } else if (span_equals_text(name, "longest")) {
        duration_print((int64_t)facts_longest_us(d, s), out);
    } else if (span_equals_text(name, "alert")) {
        snprintf(out, FACT_TEXT_BYTES, "%s", d->alert);
    } else if (span_equals_text(name, "hub_alert")) {
        snprintf(out, FACT_TEXT_BYTES, "%s", d->hub_alert);
    } else if (span_equals_text(name, "device_utc")) {
        snprintf(out, FACT_TEXT_BYTES, "%s", d->device_utc);
    } else if (span_equals_text(name, "chain")) {
        facts_value(d, EVENT_HUB_CHAIN, "name", value);
        snprintf(out, FACT_TEXT_BYTES, "%s", value[0] ? value : "of the hub");
    } else if (span_equals_text(name, "signal")) {
        facts_value(d, EVENT_DEVICE_EXITED, "signal", value);
        snprintf(out, FACT_TEXT_BYTES, "%s", signal_name(value));
    } else if (span_equals_text(name, "working")) {
        facts_value(d, EVENT_MQTT_REFUSED, "working", value);
        snprintf(out, FACT_TEXT_BYTES, value[0] ? " (%.300s)" : "%s", value);
    } else {
        return false;
    }
    return true;
}

static void fill_field(const struct diagnosis *d, struct span name, char out[FACT_TEXT_BYTES])
{
    char field[32];
    size_t dot = name.len;
    while (dot > 0 && name.ptr[dot - 1] != '.') {
        dot--;
    }
    int type = dot ? event_type_of(span_slice(name, 0, dot - 1)) : -1;
    out[0] = '\0';
    if (type >= 0 && span_copy_text(span_from(name, dot), field, sizeof field)) {
        facts_value(d, (enum event_type)type, field, out);
    }
}

void diagnosis_fill(const struct diagnosis *d, const struct event *violated, const char *text,
                    char *out, size_t capacity_bytes)
{
    struct buf filled HR_CLEANUP(buf_deinit);
    buf_init(&filled, 4096);
    struct span rest = span_text(text);
    int code = 0;
    while (code == 0 && rest.len) {
        char value[FACT_TEXT_BYTES];
        struct span before = span_cut(rest, '{', &rest);
        code = buf_append(&filled, before);
        if (code < 0 || !rest.ptr) {
            break;
        }
        if (rest.len && rest.ptr[0] == '{') { // {{ stands for a brace
            code = buf_append_u8(&filled, '{');
            rest = span_from(rest, 1);
            continue;
        }
        struct span name = span_cut(rest, '}', &rest);
        if (!fill_own(d, violated, name, value)) {
            fill_field(d, name, value);
        }
        code = buf_append_text(&filled, value);
    }
    span_copy_text(buf_span(&filled), out, capacity_bytes);
}
