// SPDX-License-Identifier: MIT
// What happened in one run, in lanes, read from the evidence folder's journal.jsonl and
// wire.pcapng.
#pragma once
#include "base/span.h"

//    C name    title
#define LANE_TABLE(X)                                                                              \
    X(SCENARIO, "scenario")                                                                        \
    X(DEVICE, "device log")                                                                        \
    X(TCP, "TCP")                                                                                  \
    X(TLS, "TLS")                                                                                  \
    X(MQTT, "MQTT")                                                                                \
    X(HUB, "hub")                                                                                  \
    X(CLOCK, "clock")                                                                              \
    X(FAULTS, "faults")

enum lane {
#define X(name, title) LANE_##name,
    LANE_TABLE(X)
#undef X
        LANE_COUNT
};
const char *lane_title(enum lane lane);

struct mark {
    uint64_t at_us;
    unsigned long long seq;
    enum lane lane;
    uint32_t connection; // 0 = none
    unsigned packet;     // in wire.pcapng; 0 = none
    bool is_bad;         // a refusal, an alert, an error
    unsigned alike;      // more of the same event at the same time that this mark stands for
    char event[40];
    char *text; // "mqtt.refused code=5 reason=sas-expired"
};

// From one event of a connection to another: a live TCP connection, a TLS handshake, a session.
struct bar {
    enum lane lane;
    uint64_t from_us, to_us;
    uint32_t connection;
    bool is_handshake;
};

struct timeline {
    struct mark *marks;
    size_t count;
    size_t left_out; // beyond the most that are kept
    size_t alike;    // that others stand for
    struct bar *bars;
    size_t bar_count;
    uint64_t begin_us; // of the first statement: what comes before is the rig's setting up
    uint64_t end_us;
    uint64_t verdict_us;  // 0 = none
    uint64_t recovery_us; // the longest from a drop, cut or hub fault to the next mqtt.connected; 0
                          // = none
};

enum { TIMELINE_MARKS_MOST = 4000, TIMELINE_BARS_MOST = 400, TIMELINE_ALIKE_US = 2000 };

// A damaged line is left out: a killed worker leaves one. File errors are returned.
int timeline_read(const char *evidence, struct timeline *out) HR_NODISCARD;
int timeline_parse(struct span journal, struct span capture, struct timeline *out) HR_NODISCARD;
void timeline_deinit(struct timeline *t);
