// SPDX-License-Identifier: MIT
// What JSON may stand in a twin, how large it counts, how a patch merges, and how it is written.
// Inside the hub only: twin.h is what others use.
#pragma once
#include "base/span.h"
#include "simulator/hub/reason.h"

#include <jansson.h>

enum { TWIN_TIME_BYTES = 40 };

// The root object of a payload. NULL with the reason and a sentence in error_detail():
// REASON_MALFORMED_JSON, REASON_INVALID_ARGUMENT (an integer beyond 64 bits, too many levels, no
// object at the root).
json_t *twin_parse(struct span json, enum reason *reason);
// Keys, strings, integers, depth, null in arrays; arrays at all unless `may_have_arrays`.
enum reason twin_check(const json_t *object, bool may_have_arrays);
// Keys and values of a section: names in bytes without control characters, strings likewise,
// numbers 8, booleans 4.
size_t twin_size_bytes(const json_t *value);

struct twin_stamp {
    char time[TWIN_TIME_BYTES]; // "2026-11-20T10:03:00.0000000Z"
    int64_t version;            // $lastUpdatedVersion; 0 = not written
};
void twin_stamp_time(struct twin_stamp *stamp, int64_t utc_us);
// Merges `patch` into `target` and its `metadata`. ERR_NO_MEMORY.
int twin_merge(json_t *target, json_t *metadata, const json_t *patch,
               const struct twin_stamp *stamp) HR_NODISCARD;
// A metadata node without children. NULL without memory.
json_t *twin_metadata_new(const struct twin_stamp *stamp);

// Compact JSON. Numbers keep their kind: 1 stays 1, 1.0 stays 1.0, 0.1 is not drawn out.
int twin_write(const json_t *value, struct buf *out) HR_NODISCARD;
// An object's members without its braces: "\"a\":1,\"b\":2".
int twin_write_members(const json_t *object, struct buf *out) HR_NODISCARD;
