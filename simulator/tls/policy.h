// SPDX-License-Identifier: MIT
// What a server takes part in: engine, versions, suites, curves, tickets, client certificates. Read
// from words, the same in scenarios (`set hub.tls_versions = 1.3`), options (`--tls-versions 1.3`)
// and hub files (`tls_versions 1.3`). All zero means: as the real service does it today.
//
//     struct tls_policy policy = {0};
//     TRY(tls_policy_set(&policy, POLICY_TLS_VERSIONS, span_text("1.2..1.3")));
//     TRY(tls_policy_check(&policy));
#pragma once
#include "base/span.h"

enum tls_engine_wish { TLS_ENGINE_AUTO, TLS_ENGINE_MBEDTLS, TLS_ENGINE_OPENSSL };
enum tls_tickets {
    TLS_TICKETS_OFF,      // none is issued: every handshake is a full one
    TLS_TICKETS_HONOURED, // issued, and taken back, also after a change of chain
    TLS_TICKETS_REFUSED,  // issued, and never taken back
    TLS_TICKETS_STALE,    // issued; what was issued under an earlier chain is not taken back
};
enum tls_client_certificate {
    TLS_CLIENT_CERTIFICATE_OPTIONAL, // asked for, as the real service does
    TLS_CLIENT_CERTIFICATE_REQUIRED, // a handshake without one fails
    TLS_CLIENT_CERTIFICATE_NONE,     // not asked for
};

enum { TLS_POLICY_SUITES_MOST = 32, TLS_POLICY_GROUPS_MOST = 8, TLS_POLICY_CAS_MOST = 400 };

struct tls_policy {
    enum tls_engine_wish engine;
    uint16_t version_least; // 0x0301 .. 0x0304; 0 = TLS 1.2
    uint16_t version_most;
    uint16_t suites[TLS_POLICY_SUITES_MOST]; // in order of preference; of a version that has none
    size_t suite_count;                      // here, the standard ones stay
    uint16_t groups[TLS_POLICY_GROUPS_MOST]; // 0 of them = x25519, secp256r1, secp384r1
    size_t group_count;
    enum tls_tickets tickets;
    enum tls_client_certificate client_certificate;
    size_t ca_count; // names of foreign CAs in the request for a client certificate
};

//    C name  knob  values  default  meaning
#define TLS_POLICY_TABLE(X)                                                                        \
    X(TLS_ENGINE, "hub.tls_engine", "auto|mbedtls|openssl", "auto",                                \
      "the TLS library behind the listeners; auto: openssl when TLS 1.3 is among the versions, "   \
      "else mbedtls")                                                                              \
    X(TLS_VERSIONS, "hub.tls_versions", "1.0|1.1|1.2|1.3|FROM..TO", "1.2",                         \
      "the TLS versions that are taken; needs tls1.3 alone makes it 1.2..1.3")                     \
    X(TLS_SUITES, "hub.tls_suites", "standard|NAME,NAME...", "standard",                           \
      "the cipher suites that are taken, IANA names, best first; a version without one here keeps " \
      "its standard ones")                                                                         \
    X(TLS_GROUPS, "hub.tls_groups", "standard|NAME,NAME...", "standard",                           \
      "the curves that are taken: x25519, secp256r1, secp384r1, secp521r1, best first")            \
    X(TLS_TICKETS, "hub.tls_tickets", "off|honoured|refused|stale", "off",                         \
      "session tickets: none; issued and taken back; issued and never taken back; taken back only " \
      "until the chain changes")                                                                   \
    X(CLIENT_CERTIFICATE, "hub.client_certificate", "optional|required|none", "optional",          \
      "whether the device is asked for a certificate, or must send one")                           \
    X(CLIENT_CAS, "hub.client_cas", "none|COUNT", "none",                                          \
      "how many names of foreign CAs the request for a client certificate lists")

enum tls_policy_key {
#define X(name, word, values, standard, meaning) POLICY_##name,
    TLS_POLICY_TABLE(X)
#undef X
        POLICY_KEY_COUNT
};


const char *tls_policy_word(enum tls_policy_key key); // "tls_engine": the knob without "hub."
const char *tls_policy_values(enum tls_policy_key key);

// One value from its words. ERR_VALUE with a sentence that says what was expected.
int tls_policy_set(struct tls_policy *policy, enum tls_policy_key key,
                   struct span value) HR_NODISCARD;
// Whether the values go together. ERR_VALUE with a sentence.
int tls_policy_check(const struct tls_policy *policy) HR_NODISCARD;

// The engine by its name for a policy that leaves it open, unless only the other one can follow it.
// NULL or "" changes nothing. ERR_VALUE: no such engine.
int tls_policy_prefer(struct tls_policy *policy, const char *engine) HR_NODISCARD;

// The versions with 0 resolved.
uint16_t tls_policy_least(const struct tls_policy *policy);
uint16_t tls_policy_most(const struct tls_policy *policy);
// The engine with auto resolved.
enum tls_engine_wish tls_policy_engine(const struct tls_policy *policy);
// The suites of TLS 1.3 (is_tls13) or of the versions before it; returns how many.
size_t tls_policy_suites(const struct tls_policy *policy, bool is_tls13,
                         uint16_t out[TLS_POLICY_SUITES_MOST]);
size_t tls_policy_groups(const struct tls_policy *policy, uint16_t out[TLS_POLICY_GROUPS_MOST]);
// "1.2" or "1.2..1.3", for sentences.
int tls_policy_print_versions(const struct tls_policy *policy, struct buf *out) HR_NODISCARD;
// What a device without one of them is told.
int tls_policy_tell_versions(const struct tls_policy *policy, char out[80]) HR_NODISCARD;
// One line that says what differs from the standard; "" when nothing does.
int tls_policy_print(const struct tls_policy *policy, struct buf *out) HR_NODISCARD;
