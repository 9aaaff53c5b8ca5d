// SPDX-License-Identifier: MIT
// Durations and dates as the scripts write them, without locale or time zone.
#pragma once
#include "base/span.h"

// "90s", "250ms", "4m", "1h30m", "2d", with an optional sign: microseconds. A number without a
// unit is ERR_SYNTAX; beyond +-100 years ERR_VALUE.
int duration_parse(struct span text, int64_t *out_us) HR_NODISCARD;
// "2 h 3 min", "1.5 s", "12 ms": at most two units, for people. `out` holds at least 32 bytes.
const char *duration_print(int64_t us, char out[32]);
// "1970-01-01T00:00:10Z" (RFC 3339, UTC, optional fraction): microseconds since 1970, years
// 1601 to 9999.
int utc_parse(struct span text, int64_t *out_us) HR_NODISCARD;
// Prints with whole seconds: "2026-11-20T08:00:00Z". `out` holds at least 32 bytes.
const char *utc_print(int64_t us, char out[32]);

// How fast a clock runs, in millionths of real time: "20", "1.5", "0.999"; 0.001 to 1000, at most six
// decimals. ERR_SYNTAX, ERR_VALUE.
int rate_parse(struct span text, uint32_t *out_ppm) HR_NODISCARD;
const char *rate_print(uint32_t rate_ppm, char out[32]);

struct civil_date {
    int64_t year;
    int month, day, hour, minute, second; // month and day from 1
};
struct civil_date civil_from_utc(int64_t seconds);
int64_t utc_from_civil(const struct civil_date *date); // seconds since 1970
