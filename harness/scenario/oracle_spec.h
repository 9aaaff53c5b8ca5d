// SPDX-License-Identifier: MIT
// What an oracle is asked: the part of an `expect` or `never` statement behind the oracle's name.
// Plain data, filled by the parser (oracles.c), judged by harness/oracle. `hubrig words oracles`
// prints the table.
//
// An oracle consumes no event: what it has looked at can still be matched by a later expect.
#pragma once
#include "simulator/journal/event.h"

enum { MATCH_WHERE_MOST = 4, ORACLE_ALERTS_MOST = 8 };
enum match_how { MATCH_IS, MATCH_IS_NOT, MATCH_HAS };
struct match {
    enum event_type type;
    struct {
        char field[32];
        char value[128];
        enum match_how how;
    } where[MATCH_WHERE_MOST];
    size_t where_count;
};
const char *match_how_word(enum match_how how);
bool match_event(const struct match *m, const struct event *e);
int match_print(const struct match *m, struct buf *out) HR_NODISCARD; // as a scenario writes it

//    C name       word           form                          meaning
#define ORACLE_TABLE(X)                                                                            \
    X(BACKOFF, "backoff",                                                                          \
      "expect|never backoff TYPE[|TYPE...] [factor A..B] [jitter|no-jitter] [after CAUSE] "        \
      "[samples N] [within DURATION]",                                                             \
      "how the waits between failed attempts grow")                                                \
    X(RATE, "rate",                                                                                \
      "expect rate MATCH at most N per DURATION for DURATION, never rate MATCH above N per "       \
      "DURATION",                                                                                  \
      "no stretch of that length holds more of these events")                                      \
    X(QUIET, "quiet", "expect quiet MATCH for DURATION", "no such event for that time")            \
    X(SILENCE, "silence", "expect silence at most DURATION for DURATION",                          \
      "the device shows itself on the wire at least that often")                                   \
    X(LEDGER, "ledger",                                                                            \
      "expect ledger d2c|c2d [lost RANGE] [duplicated RANGE] [reordered RANGE] "                   \
      "[renumbered RANGE] [messages RANGE] [within DURATION]",                                     \
      "every message is accounted for: delivered, duplicated, lost, reordered; renumbered (d2c): " \
      "it came again under another packet id")                                                     \
    X(KEEPALIVE, "keepalive", "expect keepalive A..B within DURATION",                             \
      "the announced keep-alive lies in the range, and the device pings as often as it says")      \
    X(DETECT, "detect", "expect detect within DURATION",                                           \
      "the device gives a disturbed connection up: it closes it or opens another")                 \
    X(RECOVERY, "recovery", "expect recovery within DURATION",                                     \
      "after the end of the trouble the device is connected again")                                \
    X(RESUBSCRIBE, "resubscribe", "expect resubscribe within DURATION",                            \
      "after a reconnect every earlier topic filter is subscribed again, or the session is kept")  \
    X(TWIN_SYNC, "twin-sync", "expect twin-sync within DURATION",                                  \
      "after a reconnect the device has the newest desired version")                               \
    X(RENEWAL, "renewal", "expect renewal margin A..B within DURATION",                            \
      "the device connects with a new token that long before the old one ends; durations, or "     \
      "percents of its life")                                                                      \
    X(ALERT, "alert", "expect alert NAME[|NAME|silence...] within DURATION",                       \
      "the device refuses the chain with one of these alerts; silence: it may close without one")  \
    X(MEMORY, "memory", "expect memory growth at most N KB for DURATION",                          \
      "the device does not need more and more memory; needs memory")                               \
    X(LEAK, "leak", "never leak",                                                                  \
      "nothing is sent over a chain that must be refused: no CONNECT, no request, no credential")

enum oracle_kind {
#define X(name, word, form, meaning) ORACLE_##name,
    ORACLE_TABLE(X)
#undef X
        ORACLE_KIND_COUNT
};
const char *oracle_word(enum oracle_kind kind);
const char *oracle_form(enum oracle_kind kind);
const char *oracle_meaning(enum oracle_kind kind);

// Shapes of a back-off; a statement names a set of them.
enum backoff_shape {
    BACKOFF_NONE = 1,
    BACKOFF_CONSTANT = 2,
    BACKOFF_LINEAR = 4,
    BACKOFF_EXPONENTIAL = 8,
    BACKOFF_GROWING = BACKOFF_LINEAR | BACKOFF_EXPONENTIAL,
    BACKOFF_ANY = BACKOFF_CONSTANT | BACKOFF_GROWING
};

//    C name       word           meaning
#define ATTEMPT_TABLE(X)                                                                           \
    X(NONE, "any", "whatever ended the attempts, as long as it is the same each time")             \
    X(TCP, "tcp", "the connection ended before a ClientHello")                                     \
    X(TLS, "tls", "the TLS handshake did not complete")                                            \
    X(CONNACK, "connack", "CONNACK refused; connack-1 to connack-5 name one code")                 \
    X(UNANSWERED, "unanswered", "TLS was up, and no CONNACK came")                                 \
    X(DROP, "drop", "the connection was accepted by CONNACK 0 and then lost")                      \
    X(OWN, "own", "the device ended it with DISCONNECT; not a failure")

enum attempt_cause {
#define X(name, word, meaning) ATTEMPT_##name,
    ATTEMPT_TABLE(X)
#undef X
        ATTEMPT_CAUSE_COUNT
};
const char *attempt_word(enum attempt_cause cause);
const char *attempt_meaning(enum attempt_cause cause);

enum oracle_jitter { JITTER_ANY, JITTER_WITH, JITTER_WITHOUT };

struct oracle_range {
    bool is_given;
    uint64_t least, most; // most UINT64_MAX: open
};

struct oracle_spec {
    enum oracle_kind kind;
    bool is_never; // a standing watch instead of a statement that waits

    unsigned shapes; // BACKOFF: of enum backoff_shape
    double factor_least, factor_most;
    bool has_factor;
    enum oracle_jitter jitter;
    enum attempt_cause cause; // ATTEMPT_NONE = any
    int connack_code;         // 0 = any
    uint64_t samples;         // gaps

    struct match match; // RATE, QUIET
    uint64_t most;      // RATE; MEMORY: KB
    uint64_t window_us; // RATE: per; SILENCE: at most

    bool is_c2d; // LEDGER
    struct oracle_range lost, duplicated, reordered, renumbered, messages;

    bool is_percent;              // RENEWAL
    uint64_t least, most_of_span; // KEEPALIVE, RENEWAL: microseconds, or percent

    char alerts[ORACLE_ALERTS_MOST][40]; // ALERT
    size_t alert_count;
    bool allows_silence;

    uint64_t duration_us; // within or for; 0: judged at once
};

// One sentence for `hubrig explain`.
int oracle_explain(const struct oracle_spec *spec, struct buf *out) HR_NODISCARD;
