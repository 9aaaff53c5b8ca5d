// SPDX-License-Identifier: MIT
#include "harness/oracle/event_queue.h"
#include "base/error.h"

#include <stdlib.h>

enum { ROOM_AT_FIRST = 64 };

void event_queue_deinit(struct event_queue *q)
{
    event_queue_forget(q, q->next);
    free(q->slots);
    *q = (struct event_queue){0};
}

static int grow(struct event_queue *q)
{
    size_t room = q->room ? q->room * 2 : ROOM_AT_FIRST;
    struct event_copy **slots = calloc(room, sizeof *slots);
    ENSURE(slots != NULL, ERR_NO_MEMORY);
    for (uint64_t n = q->first; n < q->next; n++) {
        slots[n & (room - 1)] = q->slots[n & (q->room - 1)];
    }
    free(q->slots);
    q->slots = slots;
    q->room = room;
    return 0;
}

int event_queue_push(struct event_queue *q, const struct event *e)
{
    if (q->next - q->first == EVENT_QUEUE_MOST) {
        event_queue_forget(q, q->first + 1);
        q->dropped++;
    }
    if (q->next - q->first == q->room) {
        TRY(grow(q));
    }
    struct event_copy *kept = event_copy_cut(e, EVENT_QUEUE_TEXT_BYTES);
    ENSURE(kept != NULL, ERR_NO_MEMORY);
    q->slots[q->next & (q->room - 1)] = kept;
    q->next++;
    return 0;
}

const struct event *event_queue_at(const struct event_queue *q, uint64_t number)
{
    return &q->slots[number & (q->room - 1)]->event;
}

void event_queue_forget(struct event_queue *q, uint64_t number)
{
    while (q->first < number && q->first < q->next) {
        event_copy_free(q->slots[q->first & (q->room - 1)]);
        q->slots[q->first & (q->room - 1)] = NULL;
        q->first++;
    }
}
