// SPDX-License-Identifier: MIT
// Reads a device's log: patterns of SDKs and TLS stacks, one .dialect file each, turn a line into
// an event log.error or log.state with its meaning. It enriches what the hub saw, and never
// replaces it.
//
//     dialect mbedtls
//     about   "mbedTLS, whatever is built on it"
//     match   "-0x2700" event log.error code=-0x2700 cause=chain meaning "..." try "..."
//     sample  "mbedtls_ssl_handshake returned -0x2700"      # of the match above; the tests use it
//
// Patterns are POSIX extended regular expressions, upper and lower case alike; $1 to $9 in a field
// stand for their groups. The first pattern that fits a line speaks; files are asked in the order
// of their names.
//
//     struct dialects *d = NULL;
//     TRY(dialects_load(folder, &d, &diags));
//     struct log_hit hit;
//     if (dialects_read(d, line, &hit)) { use hit.fields; }
#pragma once
#include "base/line.h"
#include "simulator/journal/event.h"

//    C name      word           meaning
#define LOG_CAUSE_TABLE(X)                                                                         \
    X(CHAIN, "chain", "the server's certificate chain was refused")                                \
    X(ROOT, "root", "the root is missing or cannot be read")                                       \
    X(NAME, "name", "the host name does not fit the certificate")                                  \
    X(CLOCK, "clock", "the device's clock does not fit")                                           \
    X(ALGORITHM, "algorithm", "a hash, curve, version or suite is not built in")                   \
    X(MEMORY, "memory", "a buffer or the heap is too small")                                       \
    X(KEY, "key", "the device's own key or certificate")                                           \
    X(CREDENTIALS, "credentials", "token, key or identity, as the hub sees it")                    \
    X(DNS, "dns", "the name does not resolve")                                                     \
    X(NETWORK, "network", "no way to the hub, or the connection was lost")                         \
    X(PROTOCOL, "protocol", "MQTT or HTTP was not as expected")                                    \
    X(HUB, "hub", "the hub is busy, throttles or refuses for now")                                 \
    X(SOFTWARE, "software", "the device's program itself")

enum log_cause {
#define X(name, word, meaning) LOG_CAUSE_##name,
    LOG_CAUSE_TABLE(X)
#undef X
        LOG_CAUSE_COUNT
};
const char *log_cause_word(enum log_cause cause);
const char *log_cause_meaning(enum log_cause cause);

enum { LOG_TEXT_BYTES = 320 };

struct log_hit {
    enum event_type type; // EVENT_LOG_ERROR or EVENT_LOG_STATE
    const char *dialect;  // borrowed from the dialects, as all but code
    char code[64];        // with its groups filled in; "" = none
    const char *cause;    // a word of LOG_CAUSE_TABLE; "" for a state
    const char *meaning, *try_text;
    size_t rule;
};

struct dialects;

// All .dialect files below `folder` (or the file itself). Mistakes go to `diags`, result
// ERR_SYNTAX; file errors as they are. *out is NULL on error; the caller frees it.
int dialects_load(const char *folder, struct dialects **out, struct diag_list *diags) HR_NODISCARD;
// One dialect from memory, added to `d`; for tests and the fuzz target.
int dialects_parse(struct dialects *d, const char *name, struct span text,
                   struct diag_list *diags) HR_NODISCARD;
struct dialects *dialects_new(void);    // empty; NULL without memory
void dialects_free(struct dialects *d); // NULL is allowed
// False when no pattern fits. Control sequences of terminals and long lines are cut away.
bool dialects_read(const struct dialects *d, struct span line, struct log_hit *out);
// Rules in order, for `hubrig words dialects` and the tests.
size_t dialects_count(const struct dialects *d);
struct log_rule {
    const char *dialect, *pattern, *code, *cause, *meaning, *sample; // borrowed
};
struct log_rule dialects_rule(const struct dialects *d, size_t i);
// The folder that comes with hubrig.
int dialects_load_own(struct dialects **out) HR_NODISCARD;
