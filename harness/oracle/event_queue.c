// SPDX-License-Identifier: MIT
#include "harness/oracle/event_queue.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_AT_FIRST = 64 };

// One allocation: the event, its fields, then the bytes of texts and of the device's name.
struct kept_event {
    struct event event;
    struct field fields[];
};

static size_t kept_bytes(size_t len)
{
    return len < EVENT_QUEUE_TEXT_BYTES ? len : EVENT_QUEUE_TEXT_BYTES;
}

static struct kept_event *kept_new(const struct event *e)
{
    size_t device_len = e->device ? strlen(e->device) : 0;
    size_t bytes = device_len + 1;
    for (size_t i = 0; i < e->field_count; i++) {
        bytes += kept_bytes(e->fields[i].text.len);
    }
    struct kept_event *kept =
        malloc(sizeof *kept + e->field_count * sizeof kept->fields[0] + bytes);
    if (!kept) {
        return NULL;
    }
    char *at = (char *)&kept->fields[e->field_count];
    kept->event = *e;
    kept->event.device = at;
    kept->event.fields = kept->fields;
    span_copy_text(span_text(e->device), at, device_len + 1);
    at += device_len + 1;
    for (size_t i = 0; i < e->field_count; i++) {
        size_t len = kept_bytes(e->fields[i].text.len);
        kept->fields[i] = e->fields[i];
        if (len) {
            memcpy(at, e->fields[i].text.ptr, len);
        }
        kept->fields[i].text = span_of(at, len);
        at += len;
    }
    return kept;
}

void event_queue_deinit(struct event_queue *q)
{
    event_queue_forget(q, q->next);
    free(q->slots);
    *q = (struct event_queue){0};
}

static int grow(struct event_queue *q)
{
    size_t room = q->room ? q->room * 2 : ROOM_AT_FIRST;
    struct kept_event **slots = calloc(room, sizeof *slots);
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
    struct kept_event *kept = kept_new(e);
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
        free(q->slots[q->first & (q->room - 1)]);
        q->slots[q->first & (q->room - 1)] = NULL;
        q->first++;
    }
}
