// SPDX-License-Identifier: MIT
// What Azure's clouds showed to devices, and when that changed: which recipe stands for a date.
//
//     const struct timeline_row *row = timeline_at("public", utc_s);   // row->recipe
#pragma once
#include "base/span.h"

enum timeline_proof {
    TIMELINE_SEEN,       // read from certificates or logs of the time
    TIMELINE_DOCUMENTED, // announced or documented, not seen
    TIMELINE_INFERRED,   // follows from dates that are known
};

struct timeline_row {
    const char *date; // "2020-10-05": the first day
    int64_t from_s;   // its midnight, UTC
    const char *cloud;
    const char *recipe; // NULL: the cloud is closed
    enum timeline_proof proof;
    const char *event;
};

// All rows, by cloud and then by date; timeline_row fills `out`.
size_t timeline_count(void);
void timeline_row(size_t i, struct timeline_row *out);
const char *timeline_proof_word(enum timeline_proof proof);

// The names of the clouds, in the table's order.
extern const char *const timeline_clouds[];
size_t timeline_cloud_count(void);

// The last row of the cloud that has begun at this time. False when none has, or for an unknown
// cloud.
bool timeline_at(const char *cloud, int64_t utc_s, struct timeline_row *out);

// The recipe that "timeline/2019-06-01" (public cloud) or "timeline/china/2019-06-01" stands for;
// the name itself when it does not start with "timeline/"; NULL when the date is none, or lies
// before the table or after the cloud's end.
const char *timeline_resolve(const char *name);

// "2019-06-01" or "2019-06-01T08:00:00Z" as UTC seconds. ERR_VALUE.
int timeline_parse_date(const char *text, int64_t *utc_s) HR_NODISCARD;
