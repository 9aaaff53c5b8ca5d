// SPDX-License-Identifier: MIT
// How far a device got in something that a scenario tries in steps: the largest record, message or
// chain that it takes. The statement `measure` sets it, verdict.json and all reports carry it.
//
//     measures_set(&o->measures, "largest TLS record taken", "bytes", 12288);
//     measure_print(&o->measures.list[0], &text);     // "largest TLS record taken: 12 KB"
#pragma once
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { MEASURE_NAME_BYTES_MOST = 79, MEASURE_UNIT_BYTES_MOST = 23, MEASURES_MOST = 4 };

struct measure {
    char name[MEASURE_NAME_BYTES_MOST + 1]; // "largest TLS record taken"
    char unit[MEASURE_UNIT_BYTES_MOST + 1]; // "bytes", "messages"
    uint64_t value;  // the last that was reached
    uint64_t missed; // what was tried next, where the run ended; 0 = it did not end there
    bool is_most;    // nothing beyond the value was to be tried
};

struct measures {
    struct measure list[MEASURES_MOST];
    size_t count;
};

// NULL when nothing has this name.
struct measure *measures_find(struct measures *all, const char *name);
// Replaces what has this name. Beyond MEASURES_MOST it is left out: the parser refuses such a plan.
void measures_set(struct measures *all, const struct measure *m);
// Of what both have the lower value, and what only `run` has.
void measures_lower(struct measures *sum, const struct measures *run);

// "12 KB", "100 bytes", "7 messages". ERR_NO_MEMORY, ERR_TOO_BIG.
int measure_print_amount(uint64_t value, const char *unit, struct buf *out) HR_NODISCARD;
// "12 KB, but not 17 KB"; "64 KB, the most that was tried". ERR_NO_MEMORY, ERR_TOO_BIG.
int measure_print_value(const struct measure *m, struct buf *out) HR_NODISCARD;
// The name, a colon, and that. ERR_NO_MEMORY, ERR_TOO_BIG.
int measure_print(const struct measure *m, struct buf *out) HR_NODISCARD;
