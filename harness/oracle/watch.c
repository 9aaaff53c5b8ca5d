// SPDX-License-Identifier: MIT
// Oracles that watch for what must not happen: rate, quiet, silence, alert, leak.
#include "base/error.h"
#include "harness/oracle/oracle_private.h"
#include "harness/scenario/plan.h"

#include <stdlib.h>
#include <string.h>

// ---- rate

// The times of the last events that matched, as many as break the rule; a ring.
struct rate {
    uint64_t *times;
    size_t room;
    uint64_t count;
    uint64_t broken_us; // how long the stretch was that held too many
    bool is_broken;
    uint64_t fullest; // most events in one stretch, for the sentence
};

static void rate_deinit(void *state)
{
    free(((struct rate *)state)->times);
}

static uint64_t count_in_window(const struct rate *r, uint64_t now_us, uint64_t window_us)
{
    uint64_t in = 0;
    uint64_t kept = r->count < r->room ? r->count : r->room;
    while (in < kept && now_us - r->times[(r->count - 1 - in) % r->room] < window_us) {
        in++;
    }
    return in;
}

static int rate_event(struct oracle *o, const struct event *e)
{
    struct rate *r = o->state;
    if (!o->has_begun || r->is_broken || !match_event(&o->spec->match, e)) {
        return 0;
    }
    if (!r->times) {
        r->room = (size_t)o->spec->most + 1;
        r->times = calloc(r->room, sizeof *r->times);
        ENSURE(r->times != NULL, ERR_NO_MEMORY);
    }
    r->times[r->count++ % r->room] = e->at_us;
    uint64_t in = count_in_window(r, e->at_us, o->spec->window_us);
    r->fullest = in > r->fullest ? in : r->fullest;
    if (in > o->spec->most) {
        r->is_broken = true;
        r->broken_us = e->at_us - r->times[(r->count - in) % r->room];
    }
    return 0;
}

static enum oracle_state rate_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                    struct buf *say)
{
    const struct rate *r = o->state;
    char text[32], window[32];
    (void)now_us;
    duration_print((int64_t)o->spec->window_us, window);
    if (r->is_broken) {
        SAY(say, "%" PRIu64 " ", r->fullest);
        (void)!match_print(&o->spec->match, say);
        SAY(say, " within %s; at most %" PRIu64 " in any %s",
            duration_print((int64_t)r->broken_us, text), o->spec->most, window);
        return ORACLE_FAIL;
    }
    if (!is_over || o->spec->is_never) {
        return ORACLE_OPEN;
    }
    SAY(say, "%" PRIu64 " ", r->count);
    (void)!match_print(&o->spec->match, say);
    SAY(say, " in %s, never more than %" PRIu64 " in any %s",
        duration_print((int64_t)o->spec->duration_us, text), r->fullest, window);
    return ORACLE_PASS;
}

const struct oracle_class oracle_rate = {.state_bytes = sizeof(struct rate),
                                         .deinit = rate_deinit,
                                         .event = rate_event,
                                         .judge = rate_judge};

// ---- quiet

struct quiet {
    bool is_broken;
    uint64_t at_us;
};

static int quiet_event(struct oracle *o, const struct event *e)
{
    struct quiet *q = o->state;
    if (o->has_begun && !q->is_broken && match_event(&o->spec->match, e)) {
        *q = (struct quiet){.is_broken = true, .at_us = e->at_us};
    }
    return 0;
}

static enum oracle_state quiet_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                     struct buf *say)
{
    const struct quiet *q = o->state;
    char text[32];
    (void)now_us;
    if (q->is_broken) {
        (void)!match_print(&o->spec->match, say);
        SAY(say, " after %s of quiet",
            duration_print((int64_t)(q->at_us > o->begin_us ? q->at_us - o->begin_us : 0), text));
        return ORACLE_FAIL;
    }
    if (!is_over) {
        return ORACLE_OPEN;
    }
    SAY(say, "no ");
    (void)!match_print(&o->spec->match, say);
    SAY(say, " for %s", duration_print((int64_t)o->spec->duration_us, text));
    return ORACLE_PASS;
}

const struct oracle_class oracle_quiet = {
    .state_bytes = sizeof(struct quiet), .event = quiet_event, .judge = quiet_judge};

// ---- silence

struct silence {
    uint64_t last_us; // the device's last sign since the statement began
    uint64_t longest_us;
    enum event_type ended_by; // what came after the longest
    bool is_ended;
};

static void silence_begin(struct oracle *o)
{
    *(struct silence *)o->state = (struct silence){.last_us = o->begin_us};
}

static int silence_event(struct oracle *o, const struct event *e)
{
    struct silence *s = o->state;
    if (!o->has_begun || !oracle_is_from_device(e)) {
        return 0;
    }
    uint64_t gap = e->at_us > s->last_us ? e->at_us - s->last_us : 0;
    if (gap > s->longest_us) {
        s->longest_us = gap;
        s->ended_by = e->type;
        s->is_ended = true;
    }
    s->last_us = e->at_us;
    return 0;
}

static enum oracle_state silence_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                       struct buf *say)
{
    const struct silence *s = o->state;
    char text[32], allowed[32];
    uint64_t open_us = now_us > s->last_us ? now_us - s->last_us : 0;
    uint64_t longest = open_us > s->longest_us ? open_us : s->longest_us;
    duration_print((int64_t)o->spec->window_us, allowed);
    if (s->longest_us > o->spec->window_us) {
        SAY(say, "the device was silent for %s, then came %s; at most %s",
            duration_print((int64_t)s->longest_us, text), event_word(s->ended_by), allowed);
        return ORACLE_FAIL;
    }
    if (!is_over) {
        return ORACLE_OPEN;
    }
    SAY(say, "the device was silent for %s%s; at most %s", duration_print((int64_t)longest, text),
        longest > o->spec->window_us ? " and still is" : " at the longest", allowed);
    return longest > o->spec->window_us ? ORACLE_FAIL : ORACLE_PASS;
}

const struct oracle_class oracle_silence = {.state_bytes = sizeof(struct silence),
                                            .event = silence_event,
                                            .begin = silence_begin,
                                            .judge = silence_judge};

// ---- alert

struct alert {
    bool is_refused, is_accepted;
    char how[32], name[40];
    uint64_t at_us;
    enum event_type accepted_by;
};

static void alert_act(struct oracle *o)
{
    *(struct alert *)o->state = (struct alert){0};
}

static int alert_event(struct oracle *o, const struct event *e)
{
    struct alert *a = o->state;
    if (a->is_refused || a->is_accepted) {
        return 0;
    }
    if (e->type == EVENT_TLS_REFUSED) {
        a->is_refused = true;
        a->at_us = e->at_us;
        event_value(e, "how", a->how, sizeof a->how);
        event_value(e, "alert", a->name, sizeof a->name);
    } else if (e->type == EVENT_MQTT_CONNECT || e->type == EVENT_DPS_CONNECT ||
               e->type == EVENT_MQTT_EARLY || e->type == EVENT_HTTP_REQUEST) {
        a->is_accepted = true;
        a->accepted_by = e->type;
    }
    return 0;
}

static enum oracle_state alert_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                     struct buf *say)
{
    const struct alert *a = o->state;
    bool has_alert = strcmp(a->how, "alert") == 0;
    (void)now_us;
    if (a->is_accepted) {
        SAY(say, "the device took the chain: %s came instead of a refusal",
            event_word(a->accepted_by));
        return ORACLE_FAIL;
    }
    if (!a->is_refused) {
        SAY(say, "%s", is_over ? "the device did not refuse the chain" : "");
        return is_over ? ORACLE_FAIL : ORACLE_OPEN;
    }
    if (!has_alert) {
        SAY(say, "the device refused the chain without an alert (%s)", a->how);
        return o->spec->allows_silence ? ORACLE_PASS : ORACLE_FAIL;
    }
    SAY(say, "the device refused the chain with the alert %s", a->name);
    for (size_t i = 0; i < o->spec->alert_count; i++) {
        if (strcmp(a->name, o->spec->alerts[i]) == 0) {
            return ORACLE_PASS;
        }
    }
    return ORACLE_FAIL;
}

const struct oracle_class oracle_alert = {.state_bytes = sizeof(struct alert),
                                          .event = alert_event,
                                          .act = alert_act,
                                          .judge = alert_judge};

// ---- leak

enum { BAD_CONNECTIONS = 64 };

// Which connections stand on a chain that must be refused: decided when TLS was established, for
// the chain may change under a live connection.
struct leak {
    char hub_chain[96], dps_chain[96];
    bool is_hub_bad, is_dps_bad;
    uint32_t bad[BAD_CONNECTIONS];
    size_t next;
    bool is_leaked, has_password;
    char chain[96];
    enum event_type by;
};

static bool is_bad(const struct leak *l, const struct event *e)
{
    char chain[96];
    event_value(e, "chain", chain, sizeof chain);
    bool is_dps = chain[0] && strcmp(chain, l->dps_chain) == 0 && strcmp(chain, l->hub_chain) != 0;
    return is_dps ? l->is_dps_bad : l->is_hub_bad;
}

static bool stands_on_bad(const struct leak *l, uint32_t connection)
{
    for (size_t i = 0; i < BAD_CONNECTIONS; i++) {
        if (connection && l->bad[i] == connection) {
            return true;
        }
    }
    return false;
}

static bool sends_something(enum event_type type)
{
    return type == EVENT_MQTT_CONNECT || type == EVENT_MQTT_EARLY || type == EVENT_MQTT_ERROR ||
           type == EVENT_DPS_CONNECT || type == EVENT_HTTP_REQUEST || type == EVENT_WS_OPEN;
}

static int leak_event(struct oracle *o, const struct event *e)
{
    struct leak *l = o->state;
    if (e->type == EVENT_HUB_CHAIN) {
        event_value(e, "name", l->hub_chain, sizeof l->hub_chain);
        l->is_hub_bad = oracle_is_bad_chain(e);
    } else if (e->type == EVENT_DPS_CHAIN) {
        event_value(e, "name", l->dps_chain, sizeof l->dps_chain);
        l->is_dps_bad = oracle_is_bad_chain(e);
    } else if (e->type == EVENT_TLS_ESTABLISHED && is_bad(l, e)) {
        l->bad[l->next++ % BAD_CONNECTIONS] = e->connection;
        event_value(e, "chain", l->chain, sizeof l->chain);
    } else if (o->has_begun && !l->is_leaked && sends_something(e->type) &&
               stands_on_bad(l, e->connection)) {
        l->is_leaked = true;
        l->by = e->type;
        l->has_password = oracle_value_is(e, "has_password", "true");
    }
    return 0;
}

static enum oracle_state leak_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                    struct buf *say)
{
    const struct leak *l = o->state;
    (void)now_us;
    (void)is_over;
    if (!l->is_leaked) {
        return ORACLE_OPEN;
    }
    SAY(say, "the device sent %s%s over %s, which it had to refuse", event_word(l->by),
        l->has_password ? " with a password" : "", l->chain[0] ? l->chain : l->hub_chain);
    return ORACLE_FAIL;
}

const struct oracle_class oracle_leak = {
    .state_bytes = sizeof(struct leak), .event = leak_event, .judge = leak_judge};
