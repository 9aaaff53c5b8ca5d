// SPDX-License-Identifier: MIT
// The events that a later expect may still look at, numbered from 0 in order of arrival. Deep
// copies with texts cut at 512 bytes; beyond 100,000 the oldest is dropped.
#pragma once
#include "simulator/journal/event.h"

enum { EVENT_QUEUE_MOST = 100000, EVENT_QUEUE_TEXT_BYTES = 512 };

struct event_queue {
    struct event_copy **slots; // number n stands at n modulo room
    size_t room;               // a power of two
    uint64_t first;            // number of the oldest event that is kept
    uint64_t next;             // number of the event to come
    uint64_t dropped;          // by the cap, not by event_queue_forget
};

void event_queue_deinit(struct event_queue *q);
// ERR_NO_MEMORY: the event is not kept and takes no number.
int event_queue_push(struct event_queue *q, const struct event *e) HR_NODISCARD;
// Borrowed until it is forgotten; first <= number < next.
const struct event *event_queue_at(const struct event_queue *q, uint64_t number);
// Drop all events before `number`.
void event_queue_forget(struct event_queue *q, uint64_t number);
