// SPDX-License-Identifier: MIT
// What can be known of a device from what it did: gathered from events, in one pass. Pure.
//
//     struct profile p;
//     profile_init(&p);
//     TRY(profile_event(&p, e));                // each event, in order
//     TRY(profile_print_text(&p, &out));        // or _json, _bench
//     profile_deinit(&p);
#pragma once
#include "harness/oracle/attempts.h"
#include "simulator/journal/event.h"

enum { PROFILE_TOPICS_MOST = 16, PROFILE_TEXT_BYTES = 512, PROFILE_SUITES_MOST = 12 };

struct profile_beat { // something that comes again and again on one connection
    uint64_t count;
    uint64_t last_us;
    uint32_t connection;
    uint64_t least_gap_us, gap_sum_us, gaps;
};

struct profile {
    // TLS
    char ja3[40], sni[256], versions[128], groups[256], suites[2048], tls_used[128];
    size_t suite_count;
    char judged[PROFILE_TEXT_BYTES]; // what IoT Hub does not like of the offer, "; " between
    bool resumes;
    // MQTT
    char device[160], client_id[160], username[PROFILE_TEXT_BYTES], product[256];
    char api_version[32], auth[32];
    bool is_clean, has_will, uses_websocket, uses_dps, uses_sntp;
    int64_t keep_alive_s, sas_s; // -1 = not seen
    uint64_t connections, sessions, refusals, disconnects;
    struct profile_beat pings, telemetry;
    uint64_t body_least, body_most, twin_reads, twin_reports, methods_answered, c2d_taken;
    int64_t qos_most; // of telemetry
    char filters[PROFILE_TOPICS_MOST][160];
    size_t filter_count;
    char others[160]; // another device of the same hub, which is left out; "" = none
    struct attempts attempts;
};

void profile_init(struct profile *p);
void profile_deinit(struct profile *p);
int profile_event(struct profile *p, const struct event *e) HR_NODISCARD; // ERR_NO_MEMORY
// One line of a journal.jsonl; a line that is no event is left out. ERR_NO_MEMORY.
int profile_line(struct profile *p, struct span line) HR_NODISCARD;

// Which SDK it looks like, with the clue; never NULL.
const char *profile_sdk(const struct profile *p);
// The suites that suit what the device uses, with the reason; returns how many.
struct profile_suite {
    const char *name, *reason;
};
size_t profile_suites(const struct profile *p, struct profile_suite out[PROFILE_SUITES_MOST]);

int profile_print_text(const struct profile *p, struct buf *out) HR_NODISCARD;
int profile_print_json(const struct profile *p, struct buf *out) HR_NODISCARD;
// A block for a .bench file. `words`: the command, NULL for a device that is only seen on the wire;
// then `address` is where this machine is, as the device reaches it.
struct profile_bench {
    const char *name;
    const char *const *words;
    size_t word_count;
    const char *address;
};
int profile_print_bench(const struct profile *p, const struct profile_bench *how,
                        struct buf *out) HR_NODISCARD;
