// SPDX-License-Identifier: MIT
#include "harness/oracle/attempts.h"
#include "base/error.h"
#include "harness/oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

static struct attempt *attempt_of(struct attempts *list, uint32_t connection)
{
    for (size_t i = list->count; i > 0; i--) {
        if (list->items[i - 1].connection == connection) {
            return &list->items[i - 1];
        }
    }
    return NULL;
}

static int add(struct attempts *list, const struct event *e)
{
    if (list->count == ATTEMPTS_MOST) { // the older half tells nothing any more
        memmove(list->items, list->items + ATTEMPTS_MOST / 2,
                ATTEMPTS_MOST / 2 * sizeof *list->items);
        list->count = ATTEMPTS_MOST / 2;
    }
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct attempt *grown = realloc(list->items, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] =
        (struct attempt){.connection = e->connection, .start_us = e->at_us};
    return 0;
}

static void finish(struct attempt *a, enum attempt_cause cause, uint64_t at_us)
{
    if (a->cause == ATTEMPT_NONE) {
        a->cause = cause;
        a->end_us = at_us;
    }
}

static enum attempt_cause cause_at(enum attempt_stage stage)
{
    static const enum attempt_cause causes[] = {[STAGE_TCP] = ATTEMPT_TCP,
                                                [STAGE_HELLO] = ATTEMPT_TLS,
                                                [STAGE_SECURE] = ATTEMPT_UNANSWERED,
                                                [STAGE_OPEN] = ATTEMPT_DROP};
    return causes[stage];
}

static void forget(struct attempts *list, struct attempt *a)
{
    size_t behind = list->count - (size_t)(a - list->items) - 1;
    memmove(a, a + 1, behind * sizeof *a);
    list->count--;
}

int attempts_event(struct attempts *list, const struct event *e)
{
    if (e->type == EVENT_TCP_ACCEPTED) {
        return add(list, e);
    }
    struct attempt *a = e->connection ? attempt_of(list, e->connection) : NULL;
    if (!a) {
        return 0;
    }
    switch (e->type) {
    case EVENT_DPS_CONNECT:
        forget(list, a);
        break;
    case EVENT_TLS_CLIENT_HELLO:
        a->stage = STAGE_HELLO;
        break;
    case EVENT_TLS_ESTABLISHED:
        a->stage = STAGE_SECURE;
        break;
    case EVENT_MQTT_CONNECTED:
        a->stage = STAGE_OPEN;
        break;
    case EVENT_MQTT_REFUSED:
        a->connack_code = (int)oracle_number(e, "code", 0);
        finish(a, ATTEMPT_CONNACK, e->at_us);
        break;
    case EVENT_MQTT_DISCONNECT:
        finish(a, a->stage == STAGE_OPEN ? ATTEMPT_OWN : cause_at(a->stage), e->at_us);
        break;
    case EVENT_TLS_FAILED:
    case EVENT_TLS_REFUSED:
        finish(a, a->stage == STAGE_OPEN ? ATTEMPT_DROP : ATTEMPT_TLS, e->at_us);
        break;
    case EVENT_TCP_CLOSED:
        finish(a, cause_at(a->stage), e->at_us);
        break;
    default:
        break;
    }
    return 0;
}

void attempts_deinit(struct attempts *list)
{
    free(list->items);
    *list = (struct attempts){0};
}

uint64_t attempts_gap_us(const struct attempts *list, size_t i)
{
    uint64_t end_us = list->items[i].end_us;
    uint64_t next_us = list->items[i + 1].start_us;
    return next_us > end_us ? next_us - end_us : 0;
}

int attempts_print_cause(const struct attempt *a, struct buf *out)
{
    static const char *const texts[] = {
        [ATTEMPT_NONE] = "nothing yet",           [ATTEMPT_TCP] = "a lost TCP connection",
        [ATTEMPT_TLS] = "a failed TLS handshake", [ATTEMPT_UNANSWERED] = "a missing CONNACK",
        [ATTEMPT_DROP] = "a lost session",        [ATTEMPT_OWN] = "its own DISCONNECT"};
    return a->cause == ATTEMPT_CONNACK ? buf_printf(out, "CONNACK %d", a->connack_code)
                                       : buf_append_text(out, texts[a->cause]);
}
