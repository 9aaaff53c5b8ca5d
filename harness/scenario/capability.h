// SPDX-License-Identifier: MIT
// What a scenario can need of a device and a bench can say that a device offers, one row each.
#pragma once
#include "base/span.h"

//    C name   word       a device               meaning
#define CAPABILITY_TABLE(X)                                                                        \
    X(CLOCK, "clock", "whose clock can be set", "its clock can be set")                            \
    X(X509, "x509", "that takes a certificate", "it connects with a certificate when it is given one") \
    X(TWO_KEYS, "two-keys", "that knows both its keys",                                            \
      "it is given both its keys and tries the other one when one is refused")                     \
    X(MODULE, "module", "that can be a module", "it connects as a module when its connection string says so") \
    X(DPS, "dps", "that registers itself", "it registers itself with the provisioning service")    \
    X(TLS13, "tls1.3", "that speaks TLS 1.3", "it speaks TLS 1.3")                                 \
    X(SNTP, "sntp", "that asks a time server", "it asks a time server when its clock is wrong")    \
    X(ECHO, "echo", "that answers", "its application answers messages, methods and twin as suites/echo asks") \
    X(QUIET, "quiet", "that sends little", "it sends little by itself, its keep-alive and tokens are short") \
    X(SELDOM, "seldom", "that sends seldom", "it sends a message a minute at most, so that a day of it stays small") \
    X(MEMORY, "memory", "whose memory can be watched", "its memory can be watched: every program")  \
    X(POWER, "power", "whose power can be cut",                                                    \
      "its power can be cut: every program and emulator, a board whose bench says how")            \
    X(RESET, "reset", "that can be reset",                                                         \
      "it can be reset: the same, and a board whose bench says how")                               \
    X(FALLBACK, "fallback", "that tries port 443",                                                 \
      "it tries MQTT over WebSocket on port 443 when 8883 is out of reach")                        \
    X(CONSOLE, "console", "with a console", "it takes lines on a console: every board and emulator")

enum capability_index {
#define X(name, word, claim, meaning) CAPABILITY_##name,
    CAPABILITY_TABLE(X)
#undef X
    CAPABILITY_COUNT
};

// Sets of capabilities are unsigned, one bit each: CAN(X509) | CAN(DPS).
#define CAN(name) (1U << CAPABILITY_##name)

const char *capability_word(size_t i); // NULL behind the last
const char *capability_meaning(size_t i);
const char *capability_claim(size_t i); // "whose clock can be set", behind "a device"
// What a device has by what its bench says of it, whatever it says that it offers.
#define CAPABILITIES_IMPLIED (CAN(POWER) | CAN(RESET) | CAN(CONSOLE))
const char *const *capability_words(void); // CAPABILITY_COUNT of them
// Its bit, or 0 for an unknown word.
unsigned capability_of(struct span word);
// "clock x509", with `between` between; nothing for an empty set.
int capability_print(unsigned set, const char *between, struct buf *out) HR_NODISCARD;
