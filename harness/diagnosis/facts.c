// SPDX-License-Identifier: MIT
#include "harness/diagnosis/facts.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

struct diagnosis *diagnosis_new(void)
{
    return calloc(1, sizeof(struct diagnosis));
}

void diagnosis_free(struct diagnosis *d)
{
    for (int i = 0; d && i < EVENT_TYPE_COUNT; i++) {
        event_copy_free(d->last[i]);
    }
    free(d);
}

static bool value_is(const struct event *e, const char *field, const char *text)
{
    char value[32];
    return strcmp(event_value(e, field, value, sizeof value), text) == 0;
}

// Without memory the older event stays: the diagnosis knows less, and guesses nothing.
static void keep(struct diagnosis *d, const struct event *e)
{
    struct event_copy *copy = event_copy_new(e);
    if (copy) {
        event_copy_free(d->last[e->type]);
        d->last[e->type] = copy;
    }
}

static void follow_clocks(struct diagnosis *d, const struct event *e)
{
    if (e->type == EVENT_HUB_CLOCK) {
        event_value(e, "utc", d->hub_utc, sizeof d->hub_utc);
    } else if (e->type == EVENT_DEVICE_CLOCK) {
        event_value(e, "utc", d->device_utc, sizeof d->device_utc);
        d->device_utc_us = e->at_us;
    } else if (e->type == EVENT_DEVICE_STARTED) {
        event_value(e, "clock", d->device_utc, sizeof d->device_utc);
        d->device_utc_us = e->at_us;
    }
}

static void follow_link(struct diagnosis *d, const struct event *e)
{
    if (e->type == EVENT_TCP_ACCEPTED) {
        d->newest = e->connection;
        d->closed_by[0] = '\0';
    } else if (e->type == EVENT_TCP_CLOSED) {
        if (e->connection == d->newest) {
            event_value(e, "by", d->closed_by, sizeof d->closed_by);
        }
        d->hub_closed_seq = value_is(e, "by", "hub") ? e->seq : d->hub_closed_seq;
    } else if (e->type == EVENT_TLS_ALERT && !value_is(e, "name", "close_notify")) {
        bool is_device = value_is(e, "by", "device");
        event_value(e, "name", is_device ? d->alert : d->hub_alert, sizeof d->alert);
        *(is_device ? &d->alert_seq : &d->hub_alert_seq) = e->seq;
    }
}

void diagnosis_event(struct diagnosis *d, const struct event *e)
{
    struct fact_series *s = &d->series[e->type];
    s->first_us = s->count ? s->first_us : e->at_us;
    uint64_t gap_us = s->count && e->at_us > s->last_us ? e->at_us - s->last_us : 0;
    s->longest_us = gap_us > s->longest_us ? gap_us : s->longest_us;
    s->last_us = e->at_us;
    s->count++;
    d->last_seq[e->type] = e->seq;
    d->newest_us = e->at_us;
    keep(d, e);
    follow_clocks(d, e);
    follow_link(d, e);
}

void diagnosis_time(struct diagnosis *d, uint64_t now_us)
{
    d->newest_us = now_us > d->newest_us ? now_us : d->newest_us;
}

bool facts_last(const struct diagnosis *d, enum event_type a, enum event_type b)
{
    return d->last_seq[a] > d->last_seq[b];
}

uint64_t facts_longest_us(const struct diagnosis *d, const struct fact_series *s)
{
    uint64_t since_us = s->count && d->newest_us > s->last_us ? d->newest_us - s->last_us : 0;
    return since_us > s->longest_us ? since_us : s->longest_us;
}

const char *facts_value(const struct diagnosis *d, enum event_type type, const char *field,
                        char out[FACT_TEXT_BYTES])
{
    out[0] = '\0';
    return d->last[type] ? event_value(&d->last[type]->event, field, out, FACT_TEXT_BYTES) : out;
}

static const int64_t second_us = 1000000;
static const int64_t day_us = INT64_C(86400) * 1000000;

// After an answer of a time server nobody but the device knows what its clock says.
static bool has_asked_time(const struct diagnosis *d)
{
    return d->series[EVENT_SNTP_REPLY].count > 0 &&
           facts_last(d, EVENT_SNTP_REPLY, EVENT_DEVICE_CLOCK);
}

bool facts_clock_is_behind(const struct diagnosis *d)
{
    static const int64_t year_2015_us = INT64_C(1420070400) * 1000000;
    int64_t device_us = 0;
    int64_t hub_us = 0;
    if (has_asked_time(d) || utc_parse(span_text(d->device_utc), &device_us) < 0) {
        return false;
    }
    bool has_hub = utc_parse(span_text(d->hub_utc), &hub_us) == 0;
    return has_hub ? device_us < hub_us - day_us : device_us < year_2015_us;
}

bool facts_clock_is_unset(const struct diagnosis *d)
{
    static const int64_t year_2020_us = INT64_C(1577836800) * 1000000;
    int64_t device_us = 0;
    return utc_parse(span_text(d->device_utc), &device_us) == 0 && device_us < year_2020_us &&
           facts_clock_is_behind(d);
}

bool facts_clock_is_ahead(const struct diagnosis *d)
{
    int64_t device_us = 0;
    int64_t hub_us = 0;
    return !has_asked_time(d) && utc_parse(span_text(d->device_utc), &device_us) == 0 &&
           utc_parse(span_text(d->hub_utc), &hub_us) == 0 && device_us > hub_us + day_us;
}

bool facts_chain_is_bad(const struct diagnosis *d)
{
    char name[FACT_TEXT_BYTES], verdict[FACT_TEXT_BYTES];
    facts_value(d, EVENT_HUB_CHAIN, "name", name);
    facts_value(d, EVENT_HUB_CHAIN, "verdict", verdict);
    return strncmp(name, "bad/", 4) == 0 || strcmp(verdict, "reject") == 0;
}

static bool never_ended(const struct diagnosis *d)
{
    return d->series[EVENT_DEVICE_EXITED].count == 0;
}

bool facts_has_signal(const struct diagnosis *d)
{
    char asked[FACT_TEXT_BYTES], signal[FACT_TEXT_BYTES];
    facts_value(d, EVENT_DEVICE_EXITED, "asked", asked);
    facts_value(d, EVENT_DEVICE_EXITED, "signal", signal);
    return strcmp(asked, "true") != 0 && signal[0] && strcmp(signal, "0") != 0; // the rig's own
}

bool facts_was_refused_for_cause(const struct diagnosis *d)
{
    char reason[FACT_TEXT_BYTES];
    facts_value(d, EVENT_MQTT_REFUSED, "reason", reason);
    return facts_last(d, EVENT_MQTT_REFUSED, EVENT_MQTT_CONNECTED) &&
           strcmp(reason, "fault") != 0 &&
           strcmp(reason, "internal-error") != 0; // neither is the device's doing
}

// "ended 2 h ago", and not a minute more: a time zone.
bool facts_ended_whole_hours_ago(const struct diagnosis *d)
{
    char working[FACT_TEXT_BYTES];
    facts_value(d, EVENT_MQTT_REFUSED, "working", working);
    static const char *const frames[][2] = {{"ended ", " h ago"}, {" is ", " h before"}};
    for (size_t i = 0; i < HR_COUNT_OF(frames); i++) {
        const char *at = strstr(working, frames[i][0]);
        at = at ? at + strlen(frames[i][0]) : "";
        size_t digits = strspn(at, "0123456789");
        if (digits > 0 && span_starts_with(span_text(at + digits), span_text(frames[i][1]))) {
            return true;
        }
    }
    return false;
}

static bool token_lives_longer_than(const struct diagnosis *d, int64_t most_s)
{
    char left[FACT_TEXT_BYTES];
    facts_value(d, EVENT_MQTT_CONNECTED, "sas_expires_in_s", left);
    return strtoll(left, NULL, 10) > most_s;
}

// No duration that anybody wishes for: the expiry has another unit than seconds.
bool facts_token_is_endless(const struct diagnosis *d)
{
    return token_lives_longer_than(d, INT64_C(100) * 365 * 86400);
}

bool facts_token_is_long(const struct diagnosis *d)
{
    return token_lives_longer_than(d, INT64_C(30) * 86400);
}

bool facts_hammers(const struct diagnosis *d)
{
    return d->series[EVENT_MQTT_CONNECT].count >= 3 || d->series[EVENT_TCP_ACCEPTED].count >= 3;
}

// Away for so much longer than ever between two tries that no back-off explains it.
static bool is_over(const struct diagnosis *d)
{
    const struct fact_series *s = &d->series[EVENT_TCP_ACCEPTED];
    bool is_away = facts_stays_away(d) || facts_last(d, EVENT_TCP_CLOSED, EVENT_TCP_ACCEPTED);
    return never_ended(d) && is_away && d->newest_us - s->last_us > 4 * s->longest_us;
}

bool facts_ran_out_of_tries(const struct diagnosis *d)
{
    return d->series[EVENT_TCP_ACCEPTED].count >= 4 && is_over(d);
}

bool facts_goes_on_trying(const struct diagnosis *d)
{
    return !is_over(d);
}

// The token that was refused as expired, by the clock that made it: se, and when that clock stood.
bool facts_token_was_short(const struct diagnosis *d)
{
    char working[FACT_TEXT_BYTES];
    int64_t made_us = 0;
    int64_t expires_us = 0;
    struct span rest = SPAN_EMPTY;
    const char *at = strstr(facts_value(d, EVENT_MQTT_REFUSED, "working", working), "se=");
    bool has_end = at && utc_parse(span_cut(span_text(at + 3), ' ', &rest), &expires_us) == 0;
    if (!has_end || has_asked_time(d) || utc_parse(span_text(d->device_utc), &made_us) < 0) {
        return false;
    }
    made_us += (int64_t)(d->series[EVENT_MQTT_CONNECT].last_us - d->device_utc_us);
    return expires_us > made_us - second_us && expires_us < made_us + 300 * second_us;
}

bool facts_is_fleet(const struct diagnosis *d)
{
    return d->series[EVENT_DEVICE_STARTED].count > 1;
}

// The device's alert is the last word: no handshake was completed after it.
bool facts_has_alert(const struct diagnosis *d)
{
    return d->alert_seq > d->last_seq[EVENT_TLS_ESTABLISHED];
}

bool facts_alert_is(const struct diagnosis *d, const char *names)
{
    struct span rest = span_text(names);
    while (facts_has_alert(d) && rest.len) {
        if (span_equals_text(span_cut(rest, ' ', &rest), d->alert)) {
            return true;
        }
    }
    return false;
}

// A ClientHello, no completed handshake after it, and the device went away by itself.
bool facts_handshake_left(const struct diagnosis *d)
{
    char why[FACT_TEXT_BYTES];
    facts_value(d, EVENT_TLS_FAILED, "why", why);
    return facts_last(d, EVENT_TLS_CLIENT_HELLO, EVENT_TLS_ESTABLISHED) && !facts_has_alert(d) &&
           d->last_seq[EVENT_FAULT_ARMED] == 0 &&
           (strcmp(d->closed_by, "device") == 0 || strstr(why, "without an alert"));
}

// The hub ended a connection or refused, and no new attempt was seen after that.
bool facts_stays_away(const struct diagnosis *d)
{
    uint64_t refused = d->last_seq[EVENT_MQTT_REFUSED];
    uint64_t ended = d->hub_closed_seq > refused ? d->hub_closed_seq : refused;
    uint64_t accepted = d->last_seq[EVENT_TCP_ACCEPTED];
    bool said_goodbye = d->last_seq[EVENT_MQTT_DISCONNECT] > accepted;
    return never_ended(d) && d->last_seq[EVENT_MQTT_CONNECT] != 0 && ended > accepted &&
           !said_goodbye;
}

bool facts_has_no_hello(const struct diagnosis *d)
{
    return never_ended(d) && d->series[EVENT_TCP_ACCEPTED].count > 0 &&
           d->series[EVENT_TLS_CLIENT_HELLO].count == 0 && d->series[EVENT_FAULT_FIRED].count == 0;
}

bool facts_has_no_connect(const struct diagnosis *d)
{
    return never_ended(d) && facts_last(d, EVENT_TLS_ESTABLISHED, EVENT_MQTT_CONNECT) &&
           d->series[EVENT_MQTT_EARLY].count == 0;
}

bool facts_has_no_telemetry(const struct diagnosis *d)
{
    return never_ended(d) && facts_last(d, EVENT_MQTT_CONNECTED, EVENT_D2C_MESSAGE) &&
           facts_last(d, EVENT_MQTT_CONNECTED, EVENT_MQTT_DISCONNECT) && d->closed_by[0] == '\0';
}

bool facts_has_no_tcp(const struct diagnosis *d)
{
    return never_ended(d) && d->series[EVENT_DEVICE_STARTED].count > 0 &&
           d->series[EVENT_TCP_ACCEPTED].count == 0;
}
