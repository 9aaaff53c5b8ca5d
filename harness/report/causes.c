// SPDX-License-Identifier: MIT
#include "harness/report/causes.h"

#include <stdlib.h>
#include <string.h>

static const char *trait_of(const struct outcome *o)
{
    return o->expected[0] ? o->expected : o->observed;
}

bool cause_has(const struct cause *cause, const struct outcome *o)
{
    const struct outcome *first = cause->first;
    if (first->finding_count && o->finding_count) {
        return strcmp(first->findings[0].id, o->findings[0].id) == 0;
    }
    return first->finding_count == o->finding_count && first->verdict == o->verdict &&
           strcmp(trait_of(first), trait_of(o)) == 0;
}

const char *cause_text(const struct cause *cause)
{
    const struct outcome *o = cause->first;
    return o->cause[0] ? o->cause : o->observed[0] ? o->observed : verdict_meaning(o->verdict);
}

static int by_count(const void *a, const void *b)
{
    const struct cause *x = a;
    const struct cause *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return x->first < y->first ? -1 : 1; // both point into one array
}

size_t causes_of(const struct outcome *outcomes, size_t count, bool (*is_meant)(enum verdict verdict),
                 struct cause out[CAUSES_MOST])
{
    size_t causes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        if (!is_meant(outcomes[i].verdict)) {
            continue;
        }
        while (at < causes && !cause_has(&out[at], &outcomes[i])) {
            at++;
        }
        if (at == causes && causes < CAUSES_MOST) {
            out[causes++] = (struct cause){.first = &outcomes[i]};
        }
        if (at < causes) {
            out[at].count++;
        }
    }
    qsort(out, causes, sizeof *out, by_count);
    return causes;
}
