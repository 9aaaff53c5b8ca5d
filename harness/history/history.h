// SPDX-License-Identifier: MIT
// Verdicts over time in one SQLite file: what changed since when, how often a verdict wavers, and
// whether recovering has become slower.
//
//     TRY(history_open("lab.sqlite", true, &h));
//     TRY(history_add(h, outcomes, count));
//     TRY(history_trends(h, "board-1", NULL, &trends, &count));
//     history_close(h);
#pragma once
#include "harness/oracle/verdict.h"

struct history;

// What one scenario did on one device, seen from its latest verdict.
struct trend {
    char device[128], scenario[224];
    char verdict[16], firmware[96]; // latest
    int64_t at_us;                  // UTC of the latest
    int64_t since_us;               // of the first of the verdicts in a row that are like it
    char since_firmware[96];
    char before[16], before_firmware[96]; // the verdict before these; "" when it was always so
    unsigned runs;                        // of this firmware
    unsigned bad_percent;                 // of these, when some passed and some did not; else 0
    uint64_t recovery_us;                 // median of this firmware; 0 = none seen
    uint64_t recovery_before_us;          // median of the firmware before
    bool is_slower;                       // by half and half a second at least
    char cause[300];                      // of the latest
};

// With `may_create` a missing file is made; without, it is ERR_NO_FILE. A file that is no history
// of hubrig is ERR_SYNTAX. Several processes may add at a time.
int history_open(const char *path, bool may_create, struct history **out) HR_NODISCARD;
void history_close(struct history *h); // NULL is allowed
// All or none. Skipped ones are left out. Recoveries are read from the evidence folders.
int history_add(struct history *h, const struct outcome *outcomes, size_t count) HR_NODISCARD;
// By device and scenario; NULL = all. The caller frees *out.
int history_trends(struct history *h, const char *device, const char *scenario, struct trend **out,
                   size_t *count) HR_NODISCARD;
