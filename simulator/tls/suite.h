// SPDX-License-Identifier: MIT
// Cipher suites, curves and protocol versions by number and by IANA name, and which of them IoT Hub
// takes. Plain data, no TLS library.
#pragma once
#include "base/span.h"

// What IoT Hub does with a suite.
enum tls_suite_class {
    TLS_SUITE_TAKEN,   // today, with TLS 1.2
    TLS_SUITE_TLS13,   // with TLS 1.3, on host names that offer it
    TLS_SUITE_REMOVED, // was taken until 2025-08-31 or before
    TLS_SUITE_NEVER,   // was never in the list
};

struct tls_suite {
    uint16_t id;
    const char *name; // IANA
    enum tls_suite_class class;
};

// NULL when the number or name is not in the table. Names are compared without regard to case.
const struct tls_suite *tls_suite_find(uint16_t id);
const struct tls_suite *tls_suite_named(struct span name);
// All rows, for suggestions and lists.
const struct tls_suite *tls_suites(size_t *count);
// "TLS_AES_128_GCM_SHA256"; "0x1306" goes to `scratch` for what has no row.
const char *tls_suite_name(uint16_t id, char scratch[16]);
// TLS_EMPTY_RENEGOTIATION_INFO_SCSV and TLS_FALLBACK_SCSV: signals, not suites.
bool tls_suite_is_signal(uint16_t id);
bool tls_is_grease(uint16_t number); // RFC 8701: reserved numbers that mean nothing

// "secp256r1" of 23, "x25519" of 29; 0 for an unknown name.
const char *tls_group_name(uint16_t id, char scratch[16]);
uint16_t tls_group_named(struct span name);

// "TLSv1.2"; "0x0305" goes to `scratch` for what has no name.
const char *tls_version_name(uint16_t version, char scratch[16]);
