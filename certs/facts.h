// SPDX-License-Identifier: MIT
// What a recipe says about its chain: where the row comes from, what a client that is in order does
// with it, and which name has to be dialled. certs/README.md has the statements.
#pragma once
#include "base/span.h"

enum chain_verdict {
    CHAIN_VERDICT_NONE = 0, // the recipe does not say
    CHAIN_ACCEPT,           // a client that is in order goes on with the handshake
    CHAIN_REJECT,           // ... ends it
    CHAIN_FREE,             // the standards leave it open: note it, judge nothing
};

enum {
    CHAIN_ALERTS_MOST = 8,
    CHAIN_ID_BYTES_MOST = 47,
    CHAIN_HOST_BYTES_MOST = 253,
    CHAIN_ABOUT_BYTES_MOST = 399
};

struct chain_facts {
    char about[CHAIN_ABOUT_BYTES_MOST + 1];
    char id[CHAIN_ID_BYTES_MOST + 1]; // "t-leaf-expired"; "" when the recipe gives none
    char origin[200];                 // RFC clause, x509-limbo or badssl name
    enum chain_verdict verdict;
    uint8_t alerts[CHAIN_ALERTS_MOST]; // what a client that is in order may send, RFC 5246 7.2.2
    size_t alert_count;
    char device_host[CHAIN_HOST_BYTES_MOST + 1]; // name to dial; "" = the hub's own
    bool needs_raw_flight; // beyond one record: mbedTLS cannot serve it, bare bytes can
};

// "accept", "reject", "free", or "" for CHAIN_VERDICT_NONE.
const char *chain_verdict_word(enum chain_verdict verdict);
// The name in RFC 5246 7.2 and RFC 6066 9 of an alert, as "unknown_ca"; NULL when it has none.
const char *chain_alert_word(unsigned code);
// The code behind a name; -1 when there is none.
int chain_alert_code(struct span word);
