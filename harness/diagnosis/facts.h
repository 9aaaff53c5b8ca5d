// SPDX-License-Identifier: MIT
// What the diagnosis keeps of the journal: counts, the last value of telling fields, and how far
// the newest connection came. Not for other folders.
#pragma once
#include "harness/diagnosis/diagnosis.h"

enum { FACT_TEXT_BYTES = 160 };

struct fact_series {
    uint64_t count;
    uint64_t first_us, last_us;
};

struct diagnosis {
    struct fact_series series[EVENT_TYPE_COUNT];
    uint64_t last_seq[EVENT_TYPE_COUNT]; // 0 = never seen
    char chain[FACT_TEXT_BYTES];         // the hub presents it
    char chain_verdict[16], chain_accepted_by[FACT_TEXT_BYTES];
    char alert[FACT_TEXT_BYTES];         // the device's last alert in a handshake
    uint64_t alert_seq;
    char device_utc[32], hub_utc[32];
    char refusal[FACT_TEXT_BYTES]; // reason word of the last refusal
    char refusal_why[FACT_TEXT_BYTES], refusal_hint[FACT_TEXT_BYTES];
    char refusal_working[FACT_TEXT_BYTES], refusal_code[16];
    char error_why[FACT_TEXT_BYTES], tls_why[FACT_TEXT_BYTES];
    char exit_code[16], exit_signal[32], exit_asked[8];
    char closed_by[16];      // who ended the newest connection: device or hub
    uint64_t hub_closed_seq; // last tcp.closed by the hub
    uint64_t newest;         // connection number of the newest tcp.accepted
};

// a happened, and no b after it.
bool facts_last(const struct diagnosis *d, enum event_type a, enum event_type b);
// The device's clock is far before the hub's, or stands where a board wakes up without a battery.
bool facts_clock_is_behind(const struct diagnosis *d);
