// SPDX-License-Identifier: MIT
// What a name server knows, and how it goes wrong, name by name. Without a socket: dns.c asks it.
//
//     TRY(dns_zone_add(&zone, "*.pool.ntp.org", "203.0.113.53"));
//     TRY(dns_behaviour_parse(words, count, &b, &bad_word));      // "slow 3s"
//     TRY(dns_zone_behave(&zone, "testhub.azure-devices.net", &b));
//     TRY(dns_zone_answer(&zone, &query, message, &verdict, &out));
#pragma once
#include "simulator/net/dns_packet.h"

//    C name       word           argument     meaning
#define DNS_BEHAVIOUR_TABLE(X)                                                                     \
    X(RIGHT, "right", "", "the right address, behind aliases as the service has them")             \
    X(NXDOMAIN, "nxdomain", "", "there is no such name")                                           \
    X(SERVFAIL, "servfail", "", "the server has a failure")                                        \
    X(REFUSE, "refused", "", "the server refuses to answer")                                       \
    X(TIMEOUT, "timeout", "", "no answer")                                                         \
    X(SLOW, "slow", "DURATION", "the right answer, this much later")                               \
    X(TRUNCATED, "truncated", "", "over UDP an empty answer that asks for TCP; over TCP all")      \
    X(ADDRESS, "address", "ADDRESS", "this address")                                               \
    X(MOVED, "moved", "", "the second address, where the service answers as well")                 \
    X(DEAD_IPV6, "dead-ipv6", "", "an IPv6 address that refuses, beside the right one")   \
    X(POISONED, "poisoned", "", "the address of a stranger, who refuses")

enum dns_behaviour_kind {
#define X(name, word, argument, meaning) DNS_BEHAVE_##name,
    DNS_BEHAVIOUR_TABLE(X)
#undef X
        DNS_BEHAVIOUR_COUNT
};

struct dns_behaviour {
    enum dns_behaviour_kind kind; // zero is RIGHT
    uint64_t us;                  // SLOW
    char address[46];             // ADDRESS
};

// Words as in the table. On error ERR_SYNTAX or ERR_VALUE with a sentence, and the index of the
// word that is wrong (may equal count).
int dns_behaviour_parse(const struct span *words, size_t count, struct dns_behaviour *out,
                        size_t *bad_word) HR_NODISCARD;
const char *dns_behaviour_print(const struct dns_behaviour *b, char out[80]); // parses again
const char *dns_behaviour_word(enum dns_behaviour_kind kind);
const char *dns_behaviour_argument(enum dns_behaviour_kind kind);
const char *dns_behaviour_meaning(enum dns_behaviour_kind kind);

enum { DNS_NAMES_MOST = 48, DNS_TTL_S = 60 };

struct dns_name {
    char name[DNS_NAME_BYTES_MOST + 1]; // lower case; "*.pool.ntp.org" stands for all below
    char address[46];                   // "" = only a behaviour is known
    char second[46];                    // for MOVED; "" = none
    bool has_aliases;                   // two CNAMEs before the address, as the service
    struct dns_behaviour behaviour;
};
struct dns_zone {
    struct dns_name names[DNS_NAMES_MOST];
    size_t count;
    char stranger[46];  // POISONED; "" = not at hand
    char dead_ipv6[46]; // DEAD_IPV6; "" = not at hand
};

struct dns_verdict { // what became of a query
    bool is_silent;
    uint64_t delay_us;
    enum dns_code code;
    char address[46]; // "" = none
    struct dns_behaviour behaviour;
};

// A name of the zone, with its right address. ERR_LIMIT.
int dns_zone_add(struct dns_zone *zone, const struct dns_name *name) HR_NODISCARD;
// How the zone answers for this name from now on; a name that it does not know is added.
// ERR_LIMIT; ERR_VALUE when the behaviour needs what the zone does not have.
int dns_zone_behave(struct dns_zone *zone, const char *name,
                    const struct dns_behaviour *behaviour) HR_NODISCARD;
// Appends the answer to `out`; nothing when it is_silent. `limit_bytes`: a longer one is truncated.
int dns_zone_answer(const struct dns_zone *zone, const struct dns_query *query,
                    struct span message, size_t limit_bytes, bool is_tcp,
                    struct dns_verdict *verdict, struct buf *out) HR_NODISCARD;
const char *dns_code_word(enum dns_code code); // "NXDOMAIN"
