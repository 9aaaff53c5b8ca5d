// SPDX-License-Identifier: MIT
// Proves one board of a bench end to end, before a suite blames the device: port, reset, baud rate,
// script, name resolution, clock, one connect, power. Each part is proven, broken with what was
// expected, seen and what to try, or left out with the reason.
//
//     struct board_check_settings s = {.device = device, .bench_folder = ".", .index = 0};
//     TRY(board_check_run(&s, &check));       // some ten seconds; in a process of its own
//     if (board_check_is_broken(&check)) { ... check.parts[i] ... }
#pragma once
#include "harness/bench/bench.h"

//     name      word       what it proves
#define BOARD_PART_TABLE(X)                                                                        \
    X(PART_SERIAL, "serial", "its serial port is there and opens")                                 \
    X(PART_PREPARE, "prepare", "flash and credentials commands work")                              \
    X(PART_RESET, "reset", "a reset makes it boot anew")                                           \
    X(PART_BAUD, "baud", "its console is text at the rate of the bench")                           \
    X(PART_SCRIPT, "script", "its console answers as the script expects")                          \
    X(PART_NAME, "name", "the hub's name leads it to this machine")                                \
    X(PART_CLOCK, "clock", "its clock is the one that was set")                                    \
    X(PART_CONNECT, "connect", "it connects to the hub by MQTT over TLS")                          \
    X(PART_POWER, "power", "its power really goes off and on")

enum board_part {
#define X(name, word, meaning) name,
    BOARD_PART_TABLE(X)
#undef X
    BOARD_PART_COUNT
};
const char *board_part_word(enum board_part part);
const char *board_part_meaning(enum board_part part);

enum proof { PROOF_NOT_REACHED, PROOF_GOOD, PROOF_BROKEN, PROOF_LEFT_OUT };
const char *proof_word(enum proof proof);

struct board_finding {
    enum proof proof;
    char expected[160];
    char seen[500]; // of a part that was left out: why
    char try_text[240];
};

struct board_check {
    struct board_finding parts[BOARD_PART_COUNT];
    int code; // the rig's own failure, such as a hub-address that is not of this machine
    char sentence[500];
};

struct board_check_settings {
    const struct bench_device *device; // a board, an emulator or a black box
    const char *bench_folder;
};

// Runs in a child process, so that it may have a private network and leaves nothing behind.
// ERR_IO, ERR_NO_MEMORY: no check could be begun. A broken part is no error.
int board_check_run(const struct board_check_settings *settings, struct board_check *out) HR_NODISCARD;
bool board_check_is_broken(const struct board_check *check);

// The last time that a text tells, as seconds since 1970 (ten digits) or "2026-11-20 08:00:00" (or
// with T), UTC. False: none. For `ask clock`, and its test.
bool board_find_time(struct span text, int64_t *out_utc_s);
// Whether an IPv4 address stands in a text, and not as part of a longer one.
bool board_find_address(struct span text, const char *address);
