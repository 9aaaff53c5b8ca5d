// SPDX-License-Identifier: MIT
// Oracles of a healthy connection's pace: keep-alive, and the renewal of its token.
#include "base/error.h"
#include "harness/oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

// ---- keepalive

struct keepalive {
    uint32_t asking; // the connection of the last CONNECT, and what it announced
    uint64_t asked_us;
    bool is_connected; // below: the newest connection that was accepted
    uint32_t connection;
    uint64_t announced_us;
    uint64_t last_us, longest_us;
    uint64_t pings, signs; // signs: any packet of the device
};

enum { SIGNS_ENOUGH = 3 }; // a device that sends this often needs no ping

static int keepalive_event(struct oracle *o, const struct event *e)
{
    struct keepalive *k = o->state;
    if (e->type == EVENT_MQTT_CONNECT) {
        k->asking = e->connection;
        k->asked_us = (uint64_t)oracle_number(e, "keep_alive_s", 0) * 1000000;
    } else if (e->type == EVENT_MQTT_CONNECTED && e->connection == k->asking) {
        *k = (struct keepalive){.asking = k->asking,
                                .asked_us = k->asked_us,
                                .is_connected = true,
                                .connection = e->connection,
                                .announced_us = k->asked_us,
                                .last_us = e->at_us};
    } else if (k->is_connected && e->connection == k->connection && oracle_is_from_device(e)) {
        uint64_t gap = e->at_us > k->last_us ? e->at_us - k->last_us : 0;
        k->longest_us = gap > k->longest_us ? gap : k->longest_us;
        k->last_us = e->at_us;
        k->signs++;
        k->pings += e->type == EVENT_MQTT_PING;
    }
    return 0;
}

// A tenth and a second for a timer that ticks in seconds.
static bool is_too_long(const struct keepalive *k, uint64_t gap_us)
{
    return k->announced_us && gap_us > k->announced_us + k->announced_us / 10 + 1000000;
}

static enum oracle_state keepalive_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                         struct buf *say)
{
    const struct keepalive *k = o->state;
    char text[32], least[32], most[32];
    if (!k->is_connected) {
        SAY(say, "%s", is_over ? "the device was not connected: no keep-alive to judge" : "");
        return is_over ? ORACLE_UNDECIDED : ORACLE_OPEN;
    }
    duration_print((int64_t)k->announced_us, text);
    if (k->announced_us < o->spec->least || k->announced_us > o->spec->most_of_span) {
        SAY(say, "the device announces a keep-alive of %s%s; asked for %s to %s", text,
            k->announced_us ? "" : " (off)", duration_print((int64_t)o->spec->least, least),
            duration_print((int64_t)o->spec->most_of_span, most));
        return ORACLE_FAIL;
    }
    uint64_t open_us = is_over && now_us > k->last_us ? now_us - k->last_us : 0;
    uint64_t longest = open_us > k->longest_us ? open_us : k->longest_us;
    if (is_too_long(k, longest)) {
        SAY(say, "keep-alive %s, but the device was silent for %s", text,
            duration_print((int64_t)longest, least));
        return ORACLE_FAIL;
    }
    if (k->pings == 0 && !is_over) {
        return ORACLE_OPEN;
    }
    SAY(say, "keep-alive %s, %" PRIu64 " ping%s, silent for %s at the longest", text, k->pings,
        k->pings == 1 ? "" : "s", duration_print((int64_t)longest, least));
    bool is_seen = k->pings || k->signs >= SIGNS_ENOUGH || !k->announced_us ||
                   now_us - o->begin_us >= k->announced_us;
    SAY(say, "%s", is_seen ? "" : "; the statement's time is too short to see a ping");
    return is_seen ? ORACLE_PASS : ORACLE_UNDECIDED;
}

const struct oracle_class oracle_keepalive = {
    .state_bytes = sizeof(struct keepalive), .event = keepalive_event, .judge = keepalive_judge};

// ---- renewal

struct renewal {
    bool has_token, is_renewed, has_ended;
    int64_t life_us;   // when the token came
    int64_t ends_us;   // on the journal's time
    int64_t margin_us; // of the renewal; negative: it came too late
    int64_t renewed_life_us;
    int64_t hub_utc_us, hub_at_us; // the hub's clock as last told
};

static void renewal_act(struct oracle *o)
{
    ((struct renewal *)o->state)->is_renewed = false;
}

// A jump of the hub's clock moves the end of a token.
static void follow_clock(struct renewal *r, const struct event *e)
{
    char text[40];
    int64_t utc_us = 0;
    event_value(e, "utc", text, sizeof text);
    if (utc_parse(span_text(text), &utc_us) < 0) {
        return;
    }
    if (r->hub_utc_us && r->has_token) {
        r->ends_us -= utc_us - (r->hub_utc_us + (int64_t)e->at_us - r->hub_at_us);
    }
    r->hub_utc_us = utc_us;
    r->hub_at_us = (int64_t)e->at_us;
}

static int renewal_event(struct oracle *o, const struct event *e)
{
    struct renewal *r = o->state;
    if (e->type == EVENT_HUB_CLOCK) {
        follow_clock(r, e);
    } else if (e->type == EVENT_SAS_EXPIRED) {
        r->has_ended = true;
    }
    if (e->type != EVENT_MQTT_CONNECTED || !event_field(e, "sas_expires_in_s")) {
        return 0;
    }
    int64_t at_us = (int64_t)e->at_us;
    int64_t left_us = oracle_number(e, "sas_expires_in_s", 0) * 1000000;
    int64_t ends_us = at_us + left_us;
    if (r->has_token && ends_us > r->ends_us + 1500000 && !r->is_renewed) { // not the same again
        r->is_renewed = true;
        r->margin_us = r->ends_us - at_us;
        r->renewed_life_us = r->life_us;
    }
    if (!r->has_token || ends_us > r->ends_us + 1500000) {
        r->life_us = left_us;
    }
    r->has_token = true;
    r->ends_us = ends_us;
    return 0;
}

static bool is_in_span(const struct oracle_spec *s, const struct renewal *r)
{
    if (r->margin_us < 0) {
        return false;
    }
    uint64_t margin = (uint64_t)r->margin_us;
    if (!s->is_percent) {
        return margin >= s->least && margin <= s->most_of_span;
    }
    uint64_t life = r->renewed_life_us > 0 ? (uint64_t)r->renewed_life_us : 1;
    return margin * 100 >= s->least * life && margin * 100 <= s->most_of_span * life;
}

static void say_renewal(const struct renewal *r, struct buf *say)
{
    char margin[32], life[32];
    int64_t us = r->margin_us < 0 ? -r->margin_us : r->margin_us;
    duration_print(us, margin);
    duration_print(r->renewed_life_us, life);
    SAY(say, "the new token came %s %s the end of the old one, which lived %s", margin,
        r->margin_us < 0 ? "after" : "before", life);
    if (r->margin_us >= 0 && r->renewed_life_us > 0) {
        SAY(say, " (%" PRId64 " %%)", r->margin_us * 100 / r->renewed_life_us);
    }
}

static enum oracle_state renewal_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                       struct buf *say)
{
    const struct renewal *r = o->state;
    char text[32];
    (void)now_us;
    if (r->is_renewed) {
        say_renewal(r, say);
        return is_in_span(o->spec, r) ? ORACLE_PASS : ORACLE_FAIL;
    }
    if (!is_over && !r->has_ended) {
        return ORACLE_OPEN;
    }
    if (r->has_ended) {
        SAY(say, "the token ran out and the hub cut the connection: it was not renewed");
        return ORACLE_FAIL;
    }
    if (!r->has_token) {
        SAY(say, "the device did not connect with a token");
        return ORACLE_UNDECIDED;
    }
    SAY(say, "no new token within %s", duration_print((int64_t)o->spec->duration_us, text));
    return ORACLE_FAIL;
}

const struct oracle_class oracle_renewal = {.state_bytes = sizeof(struct renewal),
                                            .event = renewal_event,
                                            .act = renewal_act,
                                            .judge = renewal_judge};
