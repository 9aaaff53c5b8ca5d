// SPDX-License-Identifier: MIT
// Oracles of a disturbed link: how soon the device notices, comes back, and is whole again.
#include "base/error.h"
#include "harness/oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

static bool is_disturbance(enum event_type type)
{
    return type == EVENT_FAULT_FIRED ||
           span_starts_with(span_text(event_word(type)), SPAN_LITERAL("net."));
}

static uint64_t since(uint64_t later_us, uint64_t earlier_us)
{
    return later_us > earlier_us ? later_us - earlier_us : 0;
}

// ---- detect

struct detect {
    bool is_armed;     // a fault waits for its moment: what comes before it is not the answer to it
    uint64_t fired_us; // the first disturbance since the last act of the rig
    uint32_t connection;
    char fault[64];
    bool is_done;
    uint64_t done_us;
    const char *how;
};

static void detect_act(struct oracle *o)
{
    struct detect *d = o->state;
    *d = (struct detect){.is_armed = d->is_armed};
}

static int detect_event(struct oracle *o, const struct event *e)
{
    struct detect *d = o->state;
    if (e->type == EVENT_FAULT_ARMED || e->type == EVENT_FAULT_CLEARED) {
        d->is_armed = e->type == EVENT_FAULT_ARMED;
    } else if (is_disturbance(e->type) && !d->fired_us) {
        *d = (struct detect){.fired_us = e->at_us, .connection = e->connection};
        event_value(e, "fault", d->fault, sizeof d->fault);
        return 0;
    }
    bool is_close = (e->type == EVENT_TCP_CLOSED && oracle_value_is(e, "by", "device")) ||
                    e->type == EVENT_MQTT_DISCONNECT;
    bool is_new = e->type == EVENT_TCP_ACCEPTED && e->connection != d->connection;
    if (o->has_acted && !d->is_armed && !d->is_done && (is_close || is_new)) {
        d->is_done = true;
        d->done_us = e->at_us;
        d->how = is_close ? "closed the connection" : "opened another connection";
    }
    return 0;
}

static uint64_t detect_origin(const struct oracle *o)
{
    const struct detect *d = o->state;
    return d->fired_us ? d->fired_us : o->act_us;
}

static enum oracle_state detect_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                      struct buf *say)
{
    const struct detect *d = o->state;
    char text[32], asked[32];
    const char *what = d->fault[0]   ? d->fault
                       : d->fired_us ? "the disturbance"
                                     : "the last act of the rig";
    duration_print((int64_t)o->spec->duration_us, asked);
    if (d->is_done) {
        uint64_t took_us = since(d->done_us, detect_origin(o));
        SAY(say, "the device %s %s after %s; at most %s", d->how,
            duration_print((int64_t)took_us, text), what, asked);
        return took_us <= o->spec->duration_us ? ORACLE_PASS : ORACLE_FAIL;
    }
    if (!is_over) {
        return ORACLE_OPEN;
    }
    SAY(say, "the device still held the connection %s after %s",
        duration_print((int64_t)since(now_us, detect_origin(o)), text), what);
    return ORACLE_FAIL;
}

const struct oracle_class oracle_detect = {.state_bytes = sizeof(struct detect),
                                           .event = detect_event,
                                           .act = detect_act,
                                           .judge = detect_judge,
                                           .origin_us = detect_origin};

// ---- recovery

struct recovery {
    uint64_t trouble_us; // its last sign since the last act of the rig
    bool is_done;
    uint64_t done_us;
    uint64_t attempts; // since the trouble's last sign
    bool has_lost;     // a connection ended since the last act
};

static void recovery_act(struct oracle *o)
{
    *(struct recovery *)o->state = (struct recovery){0};
}

static int recovery_event(struct oracle *o, const struct event *e)
{
    struct recovery *r = o->state;
    if (r->is_done) {
        return 0;
    }
    if (is_disturbance(e->type) || e->type == EVENT_FAULT_CLEARED) {
        r->trouble_us = e->at_us;
        r->attempts = 0;
    }
    r->attempts += e->type == EVENT_TCP_ACCEPTED;
    r->has_lost |= e->type == EVENT_TCP_CLOSED;
    if (e->type == EVENT_MQTT_CONNECTED) {
        r->is_done = true;
        r->done_us = e->at_us;
    }
    return 0;
}

static uint64_t recovery_origin(const struct oracle *o)
{
    const struct recovery *r = o->state;
    return r->trouble_us ? r->trouble_us : o->act_us;
}

static enum oracle_state recovery_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                        struct buf *say)
{
    const struct recovery *r = o->state;
    char text[32], asked[32];
    duration_print((int64_t)o->spec->duration_us, asked);
    if (r->is_done) {
        uint64_t took_us = since(r->done_us, recovery_origin(o));
        SAY(say,
            "connected again %s after the end of the trouble, %" PRIu64 " attempt%s; at most %s",
            duration_print((int64_t)took_us, text), r->attempts, r->attempts == 1 ? "" : "s",
            asked);
        return took_us <= o->spec->duration_us ? ORACLE_PASS : ORACLE_FAIL;
    }
    if (!is_over) {
        return ORACLE_OPEN;
    }
    SAY(say, "not connected again %s after the end of the trouble, %" PRIu64 " attempt%s%s",
        duration_print((int64_t)since(now_us, recovery_origin(o)), text), r->attempts,
        r->attempts == 1 ? "" : "s",
        r->has_lost ? "" : ", and no connection had ended: was there trouble at all?");
    return ORACLE_FAIL;
}

const struct oracle_class oracle_recovery = {.state_bytes = sizeof(struct recovery),
                                             .event = recovery_event,
                                             .act = recovery_act,
                                             .judge = recovery_judge,
                                             .origin_us = recovery_origin};

// ---- resubscribe

enum { FILTERS_MOST = 64, FILTER_BYTES = 160 };

struct filters {
    char items[FILTERS_MOST][FILTER_BYTES];
    size_t count;
};

struct resubscribe {
    struct filters before, now;
    bool is_reconnected, is_kept;
    bool has_connected;
    uint64_t connected_us, last_us;
};

static size_t filter_at(const struct filters *list, const char *filter)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], filter) == 0) {
            return i;
        }
    }
    return list->count;
}

static void change_filter(struct filters *list, const struct event *e)
{
    char filter[FILTER_BYTES];
    event_value(e, "filter", filter, sizeof filter);
    size_t at = filter_at(list, filter);
    if (e->type == EVENT_MQTT_SUBSCRIBED && at == list->count && at < FILTERS_MOST) {
        memcpy(list->items[list->count++], filter, sizeof filter);
    } else if (e->type == EVENT_MQTT_UNSUBSCRIBED && at < list->count) {
        memmove(list->items[at], list->items[list->count - 1], FILTER_BYTES);
        list->count--;
    }
}

static void resubscribe_act(struct oracle *o)
{
    ((struct resubscribe *)o->state)->is_reconnected = false;
}

static int resubscribe_event(struct oracle *o, const struct event *e)
{
    struct resubscribe *r = o->state;
    if (e->type == EVENT_MQTT_SUBSCRIBED || e->type == EVENT_MQTT_UNSUBSCRIBED) {
        change_filter(&r->now, e);
        r->last_us = e->at_us;
    }
    if (e->type != EVENT_MQTT_CONNECTED) {
        return 0;
    }
    r->is_reconnected = r->has_connected;
    r->has_connected = true;
    r->connected_us = e->at_us;
    r->is_kept = oracle_value_is(e, "session_present", "true");
    if (r->now.count >= r->before.count) { // a connection cut short tells no new set
        r->before = r->now;
    }
    if (!r->is_kept) {
        r->now.count = 0;
    }
    return 0;
}

static uint64_t resubscribe_origin(const struct oracle *o)
{
    const struct resubscribe *r = o->state;
    return r->is_reconnected ? r->connected_us : o->begin_us;
}

static enum oracle_state resubscribe_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                           struct buf *say)
{
    const struct resubscribe *r = o->state;
    char text[32];
    const char *missing = NULL;
    size_t again = 0;
    (void)now_us;
    if (!r->is_reconnected) {
        SAY(say, "%s", is_over ? "the device did not reconnect" : "");
        return is_over ? ORACLE_FAIL : ORACLE_OPEN;
    }
    for (size_t i = 0; i < r->before.count; i++) {
        bool is_again = filter_at(&r->now, r->before.items[i]) < r->now.count;
        again += is_again;
        missing = is_again ? missing : r->before.items[i];
    }
    if (r->before.count == 0) {
        SAY(say, "%s", is_over ? "nothing had been subscribed before the reconnect" : "");
        return is_over ? ORACLE_UNDECIDED : ORACLE_OPEN;
    }
    if (!missing && r->is_kept) {
        SAY(say, "the session was kept: %zu topic filters hold on", r->before.count);
        return ORACLE_PASS;
    }
    if (!missing) {
        SAY(say, "%zu of %zu topic filters again, %s after CONNACK", again, r->before.count,
            duration_print((int64_t)since(r->last_us, r->connected_us), text));
        return ORACLE_PASS;
    }
    if (!is_over) {
        return ORACLE_OPEN;
    }
    SAY(say, "%zu of %zu topic filters again %s after CONNACK, session_present = %s; missing: %s",
        again, r->before.count, duration_print((int64_t)o->spec->duration_us, text),
        r->is_kept ? "true" : "false", missing);
    return ORACLE_FAIL;
}

const struct oracle_class oracle_resubscribe = {.state_bytes = sizeof(struct resubscribe),
                                                .event = resubscribe_event,
                                                .act = resubscribe_act,
                                                .judge = resubscribe_judge,
                                                .origin_us = resubscribe_origin};

// ---- twin-sync

struct twin_sync {
    int64_t desired; // -1 = never changed by the service
    int64_t seen;    // since CONNACK; -1 = nothing
    bool has_connected, is_reconnected;
    uint64_t connected_us, seen_us;
};

static void twin_act(struct oracle *o)
{
    ((struct twin_sync *)o->state)->is_reconnected = false;
}

static int twin_event(struct oracle *o, const struct event *e)
{
    struct twin_sync *t = o->state;
    if (e->type == EVENT_TWIN_DESIRED) {
        t->desired = oracle_number(e, "version", 0);
    } else if (e->type == EVENT_TWIN_GET || e->type == EVENT_TWIN_PUSHED) {
        t->seen = oracle_number(e, "version", 0);
        t->seen_us = e->at_us;
    } else if (e->type == EVENT_MQTT_CONNECTED) {
        t->is_reconnected = t->has_connected;
        t->has_connected = true;
        t->connected_us = e->at_us;
        t->seen = -1;
    }
    return 0;
}

static uint64_t twin_origin(const struct oracle *o)
{
    const struct twin_sync *t = o->state;
    return t->is_reconnected ? t->connected_us : o->begin_us;
}

static enum oracle_state twin_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                    struct buf *say)
{
    const struct twin_sync *t = o->state;
    char text[32];
    (void)now_us;
    if (t->is_reconnected && t->seen >= t->desired && t->seen >= 0) {
        SAY(say, "the device has desired version %" PRId64 ", %s after CONNACK", t->seen,
            duration_print((int64_t)since(t->seen_us, t->connected_us), text));
        return ORACLE_PASS;
    }
    if (!is_over) {
        return ORACLE_OPEN;
    }
    if (!t->is_reconnected) {
        SAY(say, "the device did not reconnect");
        return ORACLE_FAIL;
    }
    duration_print((int64_t)o->spec->duration_us, text);
    if (t->seen < 0) {
        SAY(say, "the device did not ask for its twin within %s of CONNACK", text);
    } else {
        SAY(say,
            "the device has desired version %" PRId64 ", newest is %" PRId64 ", %s after CONNACK",
            t->seen, t->desired, text);
    }
    return ORACLE_FAIL;
}

const struct oracle_class oracle_twin_sync = {.state_bytes = sizeof(struct twin_sync),
                                              .event = twin_event,
                                              .act = twin_act,
                                              .judge = twin_judge,
                                              .origin_us = twin_origin};
