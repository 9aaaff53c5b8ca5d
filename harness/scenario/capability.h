// SPDX-License-Identifier: MIT
// What a scenario can need of a device and a bench can say that a device offers, one row each.
#pragma once
#include "base/span.h"

//    C name  word       meaning
#define CAPABILITY_TABLE(X)                                                                        \
    X(CLOCK, "clock", "its clock can be set")                                                      \
    X(X509, "x509", "it connects with a certificate when it is given one")                         \
    X(DPS, "dps", "it registers itself with the provisioning service")                             \
    X(TLS13, "tls1.3", "it speaks TLS 1.3")                                                        \
    X(SNTP, "sntp", "it asks a time server when its clock is wrong")                               \
    X(ECHO, "echo", "its application answers messages, methods and twin as suites/echo asks")      \
    X(QUIET, "quiet", "it sends little by itself, its keep-alive and tokens are short")    \
    X(SELDOM, "seldom", "it sends a message a minute at most, so that a day of it stays small")    \
    X(MEMORY, "memory", "its memory can be watched: it is a process of this machine, which offers this by itself")

enum capability_index {
#define X(name, word, meaning) CAPABILITY_##name,
    CAPABILITY_TABLE(X)
#undef X
    CAPABILITY_COUNT
};

// Sets of capabilities are unsigned, one bit each: CAN(X509) | CAN(DPS).
#define CAN(name) (1U << CAPABILITY_##name)

const char *capability_word(size_t i); // NULL behind the last
const char *capability_meaning(size_t i);
const char *const *capability_words(void); // CAPABILITY_COUNT of them
// Its bit, or 0 for an unknown word.
unsigned capability_of(struct span word);
// "clock x509", with `between` between; nothing for an empty set.
int capability_print(unsigned set, const char *between, struct buf *out) HR_NODISCARD;
