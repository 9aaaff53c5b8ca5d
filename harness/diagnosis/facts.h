// SPDX-License-Identifier: MIT
// What the diagnosis keeps of the journal: counts, the last event of each type, and how far the
// newest connection came. Not for other folders.
#pragma once
#include "harness/diagnosis/diagnosis.h"

enum { FACT_TEXT_BYTES = 320 };

struct fact_series {
    uint64_t count;
    uint64_t first_us, last_us;
    uint64_t longest_us; // between two that follow each other
};

struct diagnosis {
    struct fact_series series[EVENT_TYPE_COUNT];
    uint64_t last_seq[EVENT_TYPE_COUNT];       // 0 = never seen
    struct event_copy *last[EVENT_TYPE_COUNT]; // NULL = never seen
    char alert[FACT_TEXT_BYTES];               // the device's last alert in a handshake
    uint64_t alert_seq;
    char hub_alert[FACT_TEXT_BYTES]; // the hub's
    uint64_t hub_alert_seq;
    char device_utc[40], hub_utc[40];
    uint64_t device_utc_us; // when that was, by the journal
    char closed_by[16];      // who ended the newest connection: device or hub
    uint64_t hub_closed_seq; // last tcp.closed by the hub
    uint64_t newest_us;      // of all events, or by diagnosis_time
    uint64_t newest;         // connection number of the newest tcp.accepted
};

// a happened, and no b after it.
bool facts_last(const struct diagnosis *d, enum event_type a, enum event_type b);
// The longest time between two of a series, or since the last one.
uint64_t facts_longest_us(const struct diagnosis *d, const struct fact_series *s);
// A field of the last event of that type as text, "" when there is none.
const char *facts_value(const struct diagnosis *d, enum event_type type, const char *field,
                        char out[FACT_TEXT_BYTES]);
// The device's clock is far before the hub's, or stands where a board wakes up without a battery;
// or it is far ahead of the hub's.
bool facts_clock_is_behind(const struct diagnosis *d);
bool facts_clock_is_ahead(const struct diagnosis *d);
// The device's clock stands before every certificate of today: it was never set.
bool facts_clock_is_unset(const struct diagnosis *d);
bool facts_chain_is_bad(const struct diagnosis *d);

// What evidence strings cannot say; a row names one.
typedef bool facts_test(const struct diagnosis *d);
facts_test facts_has_signal, facts_hammers, facts_hammers_fast, facts_has_alert, facts_handshake_left,
    facts_stays_away,
    facts_has_no_hello, facts_has_no_connect, facts_has_no_telemetry, facts_has_no_tcp,
    facts_was_refused_for_cause, facts_ended_whole_hours_ago, facts_token_is_endless,
    facts_token_is_long, facts_token_was_short, facts_is_fleet, facts_ran_out_of_tries,
    facts_goes_on_trying;
// The device's last word in a handshake was one of these alerts (names separated by blanks).
bool facts_alert_is(const struct diagnosis *d, const char *names);
