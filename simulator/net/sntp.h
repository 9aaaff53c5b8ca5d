// SPDX-License-Identifier: MIT
// A time server that can be wrong on purpose: answers NTP and SNTP on a UDP port with the time of
// whoever is asked through utc_us, or as its mode says.
//
//     TRY(sntp_mode_parse(words, count, &mode, &bad_word));       // "late 20s"
//     TRY(sntp_open(&settings, "203.0.113.53", 123, &port, &sntp));
//     sntp_use(sntp, &mode);
//     sntp_close(sntp);   // then run the loop once
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "simulator/journal/journal.h"

struct uv_loop_s;
struct sntp;

//    C name       word            argument       meaning
#define SNTP_MODE_TABLE(X)                                                                         \
    X(RIGHT, "right", "", "answers with the hub's clock")                                          \
    X(SILENT, "silent", "", "never answers")                                                       \
    X(LATE, "late", "DURATION", "answers only after this time, counted from its start")            \
    X(OFFSET, "offset", "+-DURATION", "is wrong by this much")                                     \
    X(DATE, "date", "DATE", "believes it is this date and goes on from there")                     \
    X(STEP, "step", "+-DURATION", "every answer is wrong by this much more than the one before")   \
    X(STRATUM16, "stratum16", "", "is not synchronised: leap indicator 3, stratum 16")             \
    X(KOD, "kod", "CODE", "kiss of death, as RATE, DENY or RSTR")

enum sntp_kind {
#define X(name, word, argument, meaning) SNTP_##name,
    SNTP_MODE_TABLE(X)
#undef X
        SNTP_KIND_COUNT
};

struct sntp_mode {
    enum sntp_kind kind; // zero is RIGHT
    int64_t us;          // LATE, OFFSET, STEP; DATE: since 1970
    char code[5];        // KOD
};

// Words as in the table. On error ERR_SYNTAX or ERR_VALUE with a sentence, and the index of the
// word that is wrong (may equal count).
int sntp_mode_parse(const struct span *words, size_t count, struct sntp_mode *out,
                    size_t *bad_word) HR_NODISCARD;
const char *sntp_mode_print(const struct sntp_mode *mode, char out[64]); // parses again
const char *sntp_mode_word(enum sntp_kind kind);
const char *sntp_mode_argument(enum sntp_kind kind);
const char *sntp_mode_meaning(enum sntp_kind kind);

struct sntp_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal;
    int64_t (*utc_us)(void *context); // whose clock it follows
    void *context;
};

// `port` 0 takes a free one. Errors as server_listen. Everything in settings outlives it.
int sntp_open(const struct sntp_settings *settings, const char *address, int port, int *bound_port,
              struct sntp **out) HR_NODISCARD;
// From now on; a LATE counts from here.
void sntp_use(struct sntp *sntp, const struct sntp_mode *mode);
void sntp_close(struct sntp *sntp); // NULL is allowed; freed by the loop's next turn
