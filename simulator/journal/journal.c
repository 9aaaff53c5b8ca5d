// SPDX-License-Identifier: MIT
#include "simulator/journal/journal.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct listening {
    journal_listener *listener;
    void *context;
};

struct journal {
    const struct env *env;
    uint64_t began_us;
    uint64_t count;
    struct listening listeners[JOURNAL_LISTENERS_MOST];
    size_t listener_count;
    size_t next_listener; // while an event is delivered
    bool is_delivering;
    struct event_copy *first; // emitted while another event is being delivered
    struct event_copy **last;
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

void journal_free(struct journal *j)
{
    if (!j) {
        return;
    }
    while (j->first) {
        struct event_copy *w = j->first;
        j->first = w->next;
        event_copy_free(w);
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

void journal_emit(struct journal *j, enum event_type type, uint32_t connection, const char *device,
                  const struct field *fields)
{
    uint64_t at_us = journal_now_us(j);
    struct event e = {.type = type,
                      .seq = ++j->count,
                      .at_us = at_us,
                      .machine_us = env_machine_us(j->env, at_us),
                      .connection = connection,
                      .device = device ? device : "",
                      .fields = fields};
    while (fields[e.field_count].name) {
        e.field_count++;
    }
    if (j->is_delivering) {
        struct event_copy *w = event_copy_new(&e);
        if (w) {
            *j->last = w;
            j->last = &w->next;
        }
        return;
    }
    j->is_delivering = true;
    deliver(j, &e);
    while (j->first) {
        struct event_copy *w = j->first;
        j->first = w->next;
        if (!j->first) {
            j->last = &j->first;
        }
        deliver(j, &w->event);
        event_copy_free(w);
    }
    j->is_delivering = false;
}

uint64_t journal_count(const struct journal *j)
{
    return j->count;
}

uint64_t journal_now_us(const struct journal *j)
{
    return j->env->mono_us(j->env->world) - j->began_us;
}
