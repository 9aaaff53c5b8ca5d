// SPDX-License-Identifier: MIT
// For tests: a listener that keeps every event as one line of text and can be asked for them.
#pragma once
#include "base/test.h"
#include "simulator/journal/journal.h"

#include <stdio.h>
#include <string.h>

struct event_log {
    struct buf lines; // "mqtt.refused code=5 ...\n"
    unsigned counts[EVENT_TYPE_COUNT];
};

static inline void event_log_add(void *context, const struct event *e)
{
    struct event_log *log = context;
    log->counts[e->type]++;
    assert_int_equal(event_to_text(e, &log->lines), 0);
    assert_int_equal(buf_append_u8(&log->lines, '\n'), 0);
    for (size_t i = 0; i < e->field_count; i++) { // the table and the emitters agree
        if (!event_has_field(e->type, span_text(e->fields[i].name))) {
            fail_msg("%s has no field %s", event_word(e->type), e->fields[i].name);
        }
    }
}

static inline void event_log_init(struct event_log *log, struct journal *journal)
{
    memset(log, 0, sizeof *log);
    buf_init(&log->lines, 64U << 20);
    assert_int_equal(journal_listen(journal, event_log_add, log), 0);
}

static inline void event_log_clear(struct event_log *log)
{
    buf_clear(&log->lines);
    memset(log->counts, 0, sizeof log->counts);
}

static inline void event_log_deinit(struct event_log *log)
{
    buf_deinit(&log->lines);
}

static inline bool event_log_has(const struct event_log *log, const char *part)
{
    return strstr(buf_text(&log->lines), part) != NULL;
}

#define assert_logged(log, part)                                                                   \
    do {                                                                                           \
        if (!event_log_has((log), (part))) {                                                       \
            fail_msg("expected '%s' in the journal, seen:\n%s", (part),                            \
                     buf_text(&(log)->lines));                                                     \
        }                                                                                          \
    } while (0)
#define assert_not_logged(log, part)                                                               \
    do {                                                                                           \
        if (event_log_has((log), (part))) {                                                        \
            fail_msg("expected no '%s' in the journal, seen:\n%s", (part),                         \
                     buf_text(&(log)->lines));                                                     \
        }                                                                                          \
    } while (0)
