// SPDX-License-Identifier: MIT
// Faults: what goes wrong, at which site, how often. Every layer asks faults_decide() before it
// acts at a site; scenarios and the control interface only ever fill the plan. One row per kind
// and one per site: `hubrig words` prints both tables.
//
//     struct fault f;
//     TRY(fault_parse(words, count, &f, why));           // "refuse 5 times 3"
//     faults_add(plan, &f);
//     struct fault_decision d = faults_decide(plan, SITE_MQTT_CONNACK, connection, "device-1");
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "simulator/journal/journal.h"

//    C name        word            what happens there
#define SITE_TABLE(X)                                                                              \
    X(TCP_ACCEPT, "tcp.accept", "a TCP connection was accepted, no byte has been read")            \
    X(MQTT_CONNACK, "mqtt.connack", "the hub is about to accept a CONNECT")                        \
    X(MQTT_PUBLISH, "mqtt.publish", "a telemetry message arrived, it is not yet stored")            \
    X(MQTT_PUBACK, "mqtt.puback", "the hub is about to acknowledge a message")                     \
    X(MQTT_SUBACK, "mqtt.suback", "the hub is about to acknowledge a subscription")                \
    X(MQTT_PINGRESP, "mqtt.pingresp", "the hub is about to answer a ping")                      \
    X(MQTT_C2D, "mqtt.c2d", "the hub is about to publish a cloud-to-device message")               \
    X(TWIN_RESPONSE, "twin.response", "the hub is about to answer a twin request")                 \
    X(TWIN_DESIRED, "twin.desired", "the hub is about to tell the device of new desired properties") \
    X(METHOD_REQUEST, "method.request", "the hub is about to send a method call to the device")          \
    X(DPS_ACCEPT, "dps.accept", "the provisioning service accepted a TCP connection")              \
    X(DPS_CONNACK, "dps.connack", "the provisioning service is about to accept a CONNECT")         \
    X(DPS_REGISTER, "dps.register", "the provisioning service is about to take a registration")    \
    X(DPS_STATUS, "dps.status", "the provisioning service is about to tell a registration's state")

enum fault_site {
#define X(name, word, meaning) SITE_##name,
    SITE_TABLE(X)
#undef X
    SITE_COUNT
};

//    C name  word       argument           default site     meaning
#define FAULT_TABLE(X)                                                                             \
    X(REFUSE, "refuse", "CODE", MQTT_CONNACK, "answer CONNECT with this CONNACK code, 1 to 5")     \
    X(ANSWER, "answer", "STATUS", DPS_REGISTER,                                                    \
      "answer a provisioning request with this status, 400 to 599, instead of acting")             \
    X(DELAY, "delay", "DURATION", MQTT_CONNACK, "act only after this time")                        \
    X(DROP, "drop", "fin|rst", MQTT_CONNACK, "close the TCP connection instead of acting")         \
    X(SWALLOW, "swallow", "", MQTT_PUBACK, "do not answer")                                        \
    X(STALL, "stall", "", TCP_ACCEPT, "keep the connection open and never read or write")

enum fault_kind {
    FAULT_NONE,
#define X(name, word, argument, site, meaning) FAULT_##name,
    FAULT_TABLE(X)
#undef X
    FAULT_KIND_COUNT
};

enum drop_how { DROP_FIN, DROP_RST };

struct fault {
    enum fault_kind kind;
    enum fault_site site;
    int code;           // REFUSE: 1..5; ANSWER: 400..599
    uint64_t delay_us;  // DELAY
    enum drop_how drop; // DROP
    uint64_t times;     // how often it still acts; UINT64_MAX = until cleared
    uint64_t skip;      // let this many pass first
    uint64_t start_us;  // counted from its arming: it does not act before
    uint64_t for_us;    // counted from start_us; 0 = without an end
    char device[260];   // "" = any
};

struct fault_decision {
    enum fault_kind kind; // FAULT_NONE: go on
    int code;
    uint64_t delay_us;
    enum drop_how drop;
    uint64_t order; // which fault acted; for faults_decide_after, 0 = none
};

struct fault_plan;

// The journal is borrowed (FAULT_ARMED, FAULT_FIRED, FAULT_CLEARED go there). NULL without memory.
struct fault_plan *faults_new(struct journal *journal);
void faults_free(struct fault_plan *plan);
int faults_add(struct fault_plan *plan, const struct fault *fault) HR_NODISCARD; // ERR_LIMIT: 64
void faults_clear(struct fault_plan *plan);
// What is armed, in the order of arming; `i` from 0. NULL behind the last. Borrowed until the plan
// changes.
const struct fault *faults_at(const struct fault_plan *plan, size_t i);

// The first matching fault with a count left acts and is counted down. Delays combine with what
// comes after them: a DELAY is returned once, and the caller asks again when the time is over.
struct fault_decision faults_decide(struct fault_plan *plan, enum fault_site site,
                                    uint32_t connection, const char *device);
// The same for a caller that holds several answers of one connection back at a time: only faults
// behind `after_order` (the `order` of the DELAY whose time is over; 0 = all) are asked.
struct fault_decision faults_decide_after(struct fault_plan *plan, enum fault_site site,
                                          uint32_t connection, const char *device,
                                          uint64_t after_order);

// Words of one fault as scripts write it: KIND [ARGUMENT] [at SITE] [times N|always]
// [after N] [for DURATION] [device ID]; the order of the parts behind the argument is free, the default is one
// time, or always when there is a duration. On error ERR_SYNTAX or ERR_VALUE, *bad_word is the index of the word that is wrong
// (may equal count: something is missing) and error_text() the sentence.
int fault_parse(const struct span *words, size_t count, struct fault *out, size_t *bad_word)
    HR_NODISCARD;

// The fault in words that fault_parse reads again.
int fault_print(const struct fault *fault, struct buf *out) HR_NODISCARD;

const char *fault_word(enum fault_kind kind);
const char *fault_argument(enum fault_kind kind);
const char *fault_meaning(enum fault_kind kind);
const char *site_word(enum fault_site site);
const char *site_meaning(enum fault_site site);
