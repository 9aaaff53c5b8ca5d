// SPDX-License-Identifier: MIT
// What the session fuzz target and its mutator share: the form of an input. One byte of settings,
// then elements, each in the shape of an MQTT packet. Type 0, which MQTT does not have, is
// something that the world does to the hub; its flags say what, its body is the argument.
#pragma once
#include "simulator/mqtt/packet.h"

//    C name     argument
#define STEP_TABLE(X)                                                                              \
    X(PASS)      /* time goes by: how many times 50 ms, two bytes */                               \
    X(C2D)       /* a cloud-to-device message: acknowledgement and life in a byte, the body */     \
    X(DESIRED)   /* JSON */                                                                        \
    X(REPLACE)   /* JSON */                                                                        \
    X(METHOD)    /* time to connect in a byte, name, a blank, JSON */                              \
    X(FAULT)     /* words of a fault */                                                            \
    X(CLEAR)     /* no more faults */                                                              \
    X(DIAL)      /* the wire's connection ends, the next element opens a new one */                \
    X(WIRE)      /* which of three the next elements are for: two at the hub, one at DPS */        \
    X(DISABLE)   /* odd: the device is disabled, even: enabled */                                  \
    X(ROLL)      /* odd: another primary key, even: the first one */                               \
    X(CLOCK)     /* the hub's clock is off by so many minutes, two bytes, signed */                \
    X(PIECES)    /* how many bytes are fed at a time, 0 = all */                                   \
    X(REMOVE)    /* the identity is removed and added again */                                     \
    X(TAKE_OVER) /* another client with the same identity */                                       \
    X(PURGE)     /* the queue is emptied */

enum step {
#define X(name) STEP_##name,
    STEP_TABLE(X)
#undef X
        STEP_COUNT
};

enum { FUZZ_WIRES = 3, FUZZ_DPS_WIRE = 2, FUZZ_NOW_S = 1795168980 };
#define FUZZ_HOST   "h"
#define FUZZ_DEVICE "d"
#define FUZZ_SCOPE  "0ne00ABCDEF"
#define FUZZ_KEY    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

struct fuzz_element {
    uint8_t first;     // type and flags
    struct span whole; // the header counts
    struct span body;
};
// Cuts one element off the front of *rest; false when what is left is none.
bool fuzz_take_element(struct span *rest, struct fuzz_element *out);
