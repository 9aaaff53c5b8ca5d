// SPDX-License-Identifier: MIT
// Dates at which clocks, formats and certificates turn, so that a sweep looks on both sides of
// each and can say what stands behind an edge that it found.
#pragma once
#include "base/span.h"

struct search;

struct landmark_question {
    const char *chain; // a recipe, or NULL: what the public cloud shows at the date
    const char *root;  // recipe of the device's trust anchors, or NULL: the chain's own
    int64_t from_s, to_s;
};

// Both sides of each landmark in range: of calendars, of the timeline when there is no chain, and
// of the trust anchors. Errors of chain_make.
int landmarks_add(const struct landmark_question *question, struct search *s) HR_NODISCARD;

// What turns after from_s, up to to_s: sentences with "; " between, "" when nothing is known.
// `stops`: the device connects before and not after; certificates that begin are left out then.
int landmarks_print(const struct landmark_question *question, bool stops,
                    struct buf *out) HR_NODISCARD;
