// SPDX-License-Identifier: MIT
// Which dates to try: a coarse row first, then between each two neighbours that differ, until
// they are near enough. Pure: knows no device and no clock.
//
//     struct search s = {.precision_s = 1};
//     TRY(search_add(&s, utc_s));                    // the coarse row, in any order
//     while ((n = search_next(&s, 8)) > 0) { ... s.points[i].state of those that are ASKED ... }
//     search_deinit(&s);
#pragma once
#include "base/span.h"

enum { SEARCH_POINTS_MOST = 20000 };

enum search_state { SEARCH_NEW, SEARCH_ASKED, SEARCH_CONNECTS, SEARCH_FAILS };

struct search_point {
    int64_t utc_s;
    enum search_state state;
    size_t tag; // free for the owner
};

struct search {
    struct search_point *points; // by date, each date once
    size_t count, room;
    int64_t precision_s; // at least 1: neighbours that differ come to stand this near
};

// A date that is there already is no error. ERR_NO_MEMORY, ERR_LIMIT.
int search_add(struct search *s, int64_t utc_s) HR_NODISCARD;
// Marks what is to be tried next as ASKED: all that is new, else dates between neighbours that
// differ, about `side_by_side` of them. Returns how many, 0 when all is known, or an error.
int search_next(struct search *s, size_t side_by_side) HR_NODISCARD;
void search_deinit(struct search *s);
