// SPDX-License-Identifier: MIT
#include "harness/sweep/search.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct search *s, int64_t utc_s)
{
    size_t low = 0;
    size_t high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->points[middle].utc_s < utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int grow(struct search *s)
{
    if (s->count < s->room) {
        return 0;
    }
    ENSURE(s->count < SEARCH_POINTS_MOST, ERR_LIMIT);
    size_t room = s->room ? 2 * s->room : 64;
    struct search_point *points = realloc(s->points, room * sizeof *points);
    ENSURE(points != NULL, ERR_NO_MEMORY);
    s->points = points;
    s->room = room;
    return 0;
}

int search_add(struct search *s, int64_t utc_s)
{
    size_t at = place_of(s, utc_s);
    if (at < s->count && s->points[at].utc_s == utc_s) {
        return 0;
    }
    TRY(grow(s));
    memmove(s->points + at + 1, s->points + at, (s->count - at) * sizeof *s->points);
    s->points[at] = (struct search_point){.utc_s = utc_s};
    s->count++;
    return 0;
}

static bool is_wide_edge(const struct search *s, size_t i)
{
    const struct search_point *a = &s->points[i];
    return a->state != a[1].state && a[1].utc_s - a->utc_s > s->precision_s;
}

static int ask_new(struct search *s)
{
    int asked = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->points[i].state == SEARCH_NEW) {
            s->points[i].state = SEARCH_ASKED;
            asked++;
        }
    }
    return asked;
}

static int add_between(struct search *s, int64_t from_s, int64_t to_s, size_t parts)
{
    for (size_t k = 1; k < parts; k++) {
        int64_t at_s = from_s + (to_s - from_s) / (int64_t)parts * (int64_t)k +
                       (to_s - from_s) % (int64_t)parts * (int64_t)k / (int64_t)parts;
        TRY(at_s > from_s ? search_add(s, at_s) : 0);
    }
    return 0;
}

int search_next(struct search *s, size_t side_by_side)
{
    size_t edges = 0;
    int asked = ask_new(s);
    for (size_t i = 0; asked == 0 && i + 1 < s->count; i++) {
        edges += is_wide_edge(s, i);
    }
    if (asked || edges == 0) {
        return asked;
    }
    size_t parts = 1 + (side_by_side > edges ? side_by_side / edges : 1);
    for (size_t i = s->count - 1; i-- > 0;) { // from the end: what is added stands behind i
        if (is_wide_edge(s, i)) {
            TRY(add_between(s, s->points[i].utc_s, s->points[i + 1].utc_s, parts));
        }
    }
    return ask_new(s);
}

void search_deinit(struct search *s)
{
    free(s->points);
    *s = (struct search){.precision_s = s->precision_s};
}
