// SPDX-License-Identifier: MIT
// Faults: what goes wrong, at which site, how often. Every layer asks faults_decide() before it
// acts at a site; scenarios and the control interface only ever fill the plan. The rows
// stand in fault_table.h.
//
//     struct fault f;
//     TRY(fault_parse(words, count, &f, why));           // "refuse 5 times 3"
//     faults_add(plan, &f);
//     struct fault_decision d = faults_decide(plan, SITE_MQTT_CONNACK, connection, "device-1");
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "certs/facts.h"
#include "simulator/faults/fault_table.h"
#include "simulator/faults/flight.h"
#include "simulator/journal/journal.h"

enum {
    FAULT_BYTES_MOST = 128,
    FAULT_ARGUMENTS = 2,
    FAULT_CONNECTIONS_MOST = 64, // that `times` of a state can count
    FAULT_PPM = 1000000,         // a share of all
};

enum fault_site {
#define X(name, word, classes, meaning) SITE_##name,
    SITE_TABLE(X)
#undef X
        SITE_COUNT
};

enum fault_kind {
    FAULT_NONE,
#define X(name, word, a, b, site, classes, meaning) FAULT_##name,
    FAULT_TABLE(X)
#undef X
        FAULT_KIND_COUNT
};

enum blackhole_way { BLACKHOLE_UP, BLACKHOLE_DOWN, BLACKHOLE_BOTH }; // as in its row

enum drop_how { DROP_FIN, DROP_RST }; // as the words of drop stand in its row

enum fault_argument_type {
    FAULT_ARGUMENT_NONE,
    FAULT_ARGUMENT_NUMBER,
    FAULT_ARGUMENT_TIME,
    FAULT_ARGUMENT_WORD,
    FAULT_ARGUMENT_BYTES,
    FAULT_ARGUMENT_SHARE,
    FAULT_ARGUMENT_NAME
};
struct fault_argument {
    enum fault_argument_type type;
    const char *form; // as help texts show it; for WORD the words, separated by |
    uint64_t least, most;
    int (*find)(struct span word);      // NAME: the number of a name, negative when there is none
    const char *(*name)(unsigned code); // NAME: NULL when it has none
};

struct fault {
    enum fault_kind kind;
    enum fault_site site;
    uint64_t number[FAULT_ARGUMENTS]; // the arguments, as fault_table.h stores them
    uint8_t bytes[FAULT_BYTES_MOST];
    size_t byte_count;
    uint64_t times;    // how often it still acts; UINT64_MAX = until cleared
    uint64_t skip;     // let this many pass first
    uint64_t start_us; // counted from its arming: it does not act before
    uint64_t for_us;   // counted from start_us; 0 = without an end
    uint32_t chance_ppm; // it acts on this share of its occasions; 0 = on all
    char device[260];  // "" = any
};

struct fault_decision {
    enum fault_kind kind; // FAULT_NONE: go on
    uint64_t number[FAULT_ARGUMENTS];
    uint8_t bytes[FAULT_BYTES_MOST];
    size_t byte_count;
    uint64_t order; // which fault acted; for faults_decide_after, 0 = none
};

struct fault_plan;

// The journal is borrowed (FAULT_ARMED, FAULT_FIRED, FAULT_CLEARED go there). NULL without memory.
struct fault_plan *faults_new(struct journal *journal);
void faults_free(struct fault_plan *plan);
// All that is left to chance follows from the seed, which FAULT_ARMED tells then. 0 unless told.
void faults_set_seed(struct fault_plan *plan, uint64_t seed);
uint64_t faults_seed(const struct fault_plan *plan);
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

// Words of one fault as scripts write it: KIND [ARGUMENT [ARGUMENT]] [at SITE] [times N|always]
// [after N] [chance P%] [in DURATION] [for DURATION] [device ID]; the order of the parts behind
// the arguments is free, the default is one time, or always when there is a duration. On error
// ERR_SYNTAX or ERR_VALUE, *bad_word is the index of the word that is wrong (may equal count: something is
// missing) and error_text() the sentence.
int fault_parse(const struct span *words, size_t count, struct fault *out,
                size_t *bad_word) HR_NODISCARD;

// ---- states: faults of the classes AT_STATE stand; nobody decides on them, they are looked at.
// The occasions that `times`, `after` and `chance` count are new connections.

struct fault_state {
    const struct fault *fault; // borrowed until the plan changes
    uint64_t order;
    uint64_t since_us; // how long it has stood
};
// Where a state is looked at.
struct fault_place {
    enum fault_site site;
    uint32_t connection; // 0 = a port
    const char *device;  // NULL or "" = not known
};
// A connection has come: states that count, count it. Once for each, before faults_standing.
void faults_meet(struct fault_plan *plan, enum fault_site site, uint32_t connection);
// The state of that order, wherever it acts. False when it holds no longer.
bool faults_state_of(const struct fault_plan *plan, uint64_t order, struct fault_state *out);
// The next state that holds now at this place. *next is 0 at first. False behind the last one.
bool faults_standing(struct fault_plan *plan, size_t *next, const struct fault_place *place,
                     struct fault_state *out);
// fault.fired for a state that begins to act on a connection (0 = a port).
void faults_note_fired(struct fault_plan *plan, const struct fault_state *state,
                       uint32_t connection, const char *device);
// `changed` is called after faults were added or removed, not when the time of one is over. At most
// 8 watchers, ERR_LIMIT; `context` names one.
int faults_watch(struct fault_plan *plan, void (*changed)(void *context), void *context) HR_NODISCARD;
void faults_unwatch(struct fault_plan *plan, const void *context);
// Remove only the states.
void faults_clear_states(struct fault_plan *plan);

// Whether anything is armed at a site of these classes (bits of enum fault_class).
bool faults_wait_at(const struct fault_plan *plan, unsigned classes);

// The fault in words that fault_parse reads again.
int fault_print(const struct fault *fault, struct buf *out) HR_NODISCARD;

const char *fault_word(enum fault_kind kind);
const struct fault_argument *fault_argument(enum fault_kind kind, size_t i); // i below 2
// The form of both its arguments: "warning|fatal CODE".
const char *fault_form(enum fault_kind kind, char out[64]);
enum fault_site fault_default_site(enum fault_kind kind);
unsigned fault_classes(enum fault_kind kind); // bits of enum fault_class: where it can act
unsigned site_classes(enum fault_site site);
bool fault_is_state(enum fault_kind kind);
// The word of a WORD argument, cut out of its form; "" behind the last.
struct span fault_argument_word(const struct fault_argument *argument, uint64_t number);
// "slice 64" into a text; cut at capacity.
const char *fault_brief(const struct fault *fault, char *out, size_t capacity_bytes);
static inline enum drop_how fault_drop(const uint64_t *number)
{
    return number[0] == DROP_FIN ? DROP_FIN : DROP_RST;
}
const char *fault_meaning(enum fault_kind kind);
const char *site_word(enum fault_site site);
// The place of the provisioning service that is like this one of the hub, "tls.finished" to
// "dps.finished"; itself when it is one, SITE_COUNT when there is none.
enum fault_site site_of_dps(enum fault_site site);
const char *site_meaning(enum fault_site site);
