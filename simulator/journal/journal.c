// SPDX-License-Identifier: MIT
#include "simulator/journal/journal.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct listening {
    journal_listener *listener;
    void *context;
};

// An event emitted while another is being delivered waits here as a deep copy.
struct waiting {
    struct waiting *next;
    struct event event;
    char *device;
    struct field *fields;
    uint8_t *bytes;
};

struct journal {
    const struct env *env;
    uint64_t began_us;
    uint64_t count;
    struct listening listeners[JOURNAL_LISTENERS_MOST];
    size_t listener_count;
    size_t next_listener; // while an event is delivered
    bool is_delivering;
    struct waiting *first;
    struct waiting **last;
};

struct journal *journal_new(const struct env *env)
{
    struct journal *j = calloc(1, sizeof *j);
    if (j) {
        j->env = env;
        j->began_us = env->mono_us(env->world);
        j->last = &j->first;
    }
    return j;
}

static void waiting_free(struct waiting *w)
{
    free(w->device);
    free(w->fields);
    free(w->bytes);
    free(w);
}

void journal_free(struct journal *j)
{
    if (!j) {
        return;
    }
    while (j->first) {
        struct waiting *w = j->first;
        j->first = w->next;
        waiting_free(w);
    }
    free(j);
}

int journal_listen(struct journal *j, journal_listener *listener, void *context)
{
    ENSURE(j->listener_count < JOURNAL_LISTENERS_MOST, ERR_LIMIT);
    j->listeners[j->listener_count++] = (struct listening){listener, context};
    return 0;
}

void journal_unlisten(struct journal *j, journal_listener *listener, void *context)
{
    for (size_t i = 0; i < j->listener_count; i++) {
        if (j->listeners[i].listener == listener && j->listeners[i].context == context) {
            memmove(&j->listeners[i], &j->listeners[i + 1],
                    (j->listener_count - i - 1) * sizeof j->listeners[0]);
            j->listener_count--;
            j->next_listener -= i < j->next_listener; // nobody behind it is skipped
            return;
        }
    }
}

static void deliver(struct journal *j, const struct event *e)
{
    j->next_listener = 0;
    while (j->next_listener < j->listener_count) {
        struct listening l = j->listeners[j->next_listener++];
        l.listener(l.context, e);
    }
}

static struct waiting *waiting_copy(const struct event *e)
{
    struct waiting *w = calloc(1, sizeof *w);
    size_t bytes = 0;
    for (size_t i = 0; i < e->field_count; i++) {
        bytes += e->fields[i].text.len;
    }
    if (!w) {
        return NULL;
    }
    w->event = *e;
    w->device = span_dup_text(span_text(e->device));
    w->fields = calloc(e->field_count + 1, sizeof *w->fields);
    w->bytes = malloc(bytes + 1);
    if (!w->device || !w->fields || !w->bytes) {
        waiting_free(w);
        return NULL;
    }
    uint8_t *at = w->bytes;
    for (size_t i = 0; i < e->field_count; i++) {
        w->fields[i] = e->fields[i];
        if (e->fields[i].text.len) {
            memcpy(at, e->fields[i].text.ptr, e->fields[i].text.len);
        }
        w->fields[i].text.ptr = at;
        at += e->fields[i].text.len;
    }
    w->event.device = w->device;
    w->event.fields = w->fields;
    return w;
}

void journal_emit(struct journal *j, enum event_type type, uint32_t connection, const char *device,
                  const struct field *fields)
{
    struct event e = {.type = type,
                      .seq = ++j->count,
                      .at_us = j->env->mono_us(j->env->world) - j->began_us,
                      .connection = connection,
                      .device = device ? device : "",
                      .fields = fields};
    while (fields[e.field_count].name) {
        e.field_count++;
    }
    if (j->is_delivering) {
        struct waiting *w = waiting_copy(&e);
        if (w) {
            *j->last = w;
            j->last = &w->next;
        }
        return;
    }
    j->is_delivering = true;
    deliver(j, &e);
    while (j->first) {
        struct waiting *w = j->first;
        j->first = w->next;
        if (!j->first) {
            j->last = &j->first;
        }
        deliver(j, &w->event);
        waiting_free(w);
    }
    j->is_delivering = false;
}

uint64_t journal_count(const struct journal *j)
{
    return j->count;
}
