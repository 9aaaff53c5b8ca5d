// SPDX-License-Identifier: MIT
// The journal: all events of a run, in order. Emitting is one call; the file writer, the console,
// the oracles and the diagnosis are listeners.
//
//     EMIT(journal, MQTT_REFUSED, connection, device, F_INT("code", 5), F_TEXT("reason", "sas-expired"));
#pragma once
#include "base/env.h"
#include "simulator/journal/event.h"

struct journal;

// `env` is borrowed and must outlive the journal. NULL without memory.
struct journal *journal_new(const struct env *env);
void journal_free(struct journal *j); // NULL is allowed

// Listeners are called in the order of their registration, inside journal_emit; the event and its
// fields are borrowed for the call. A listener may emit: that event is delivered after the present
// one has reached all listeners. At most JOURNAL_LISTENERS_MOST (ERR_LIMIT).
typedef void journal_listener(void *context, const struct event *e);
enum { JOURNAL_LISTENERS_MOST = 16 };
int journal_listen(struct journal *j, journal_listener *listener, void *context) HR_NODISCARD;
void journal_unlisten(struct journal *j, journal_listener *listener, void *context);

// `device` may be NULL. Fields are copied as needed; never put a secret into one.
void journal_emit(struct journal *j, enum event_type type, uint32_t connection, const char *device,
                  const struct field *fields);
#define EMIT(j, type, connection, device, ...)                                                     \
    journal_emit((j), EVENT_##type, (connection), (device),                                        \
                 (const struct field[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})

// The clock of events: monotonic microseconds since the journal began.
uint64_t journal_now_us(const struct journal *j);
uint64_t journal_count(const struct journal *j); // events so far
