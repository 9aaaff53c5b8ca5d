// SPDX-License-Identifier: MIT
#include "harness/report/grade.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

const char *const grade_rules[] = {
    "The score is the share of judged scenarios that passed. A must weighs 4, a should 2, an info "
    "1; "
    "a warning counts three quarters, a flaky scenario a quarter.",
    "A from 90 percent, B from 75, C from 60, D from 45, E from 30, else F.",
    "A must that broke a never statement caps the mark at F, another must that failed at D, a "
    "flaky "
    "must at C, a should that failed at B.",
    "A+ means that everything passed and nothing was skipped. What the rig could not judge does "
    "not "
    "count.",
    NULL,
};

struct sums {
    unsigned weight, quarters; // quarters of points: 4 = passed
    char cap;                  // the worst letter that a cap asks for; 'A' = none
    char capped_by[160];
    bool has_remark; // a warning or something skipped
};

void grade_family_of(const char *scenario, char out[64])
{
    size_t len = strcspn(scenario, ".");
    snprintf(out, 64, "%.*s", (int)len, scenario);
}

static unsigned weight_of(const struct outcome *o)
{
    return strcmp(o->level, "info") == 0 ? 1 : strcmp(o->level, "should") == 0 ? 2 : 4;
}

static unsigned quarters_of(enum verdict verdict)
{
    return verdict == VERDICT_PASS ? 4 : verdict == VERDICT_WARN ? 3 : verdict == VERDICT_FLAKY;
}

static char cap_of(const struct outcome *o)
{
    unsigned weight = weight_of(o);
    bool is_bad = o->verdict == VERDICT_FAIL || o->verdict == VERDICT_INCONCLUSIVE;
    if (weight == 4 && o->verdict == VERDICT_FLAKY) {
        return 'C';
    }
    if (!is_bad || weight == 1) {
        return 'A';
    }
    bool is_never = strncmp(o->statement, "never", 5) == 0;
    return weight == 2 ? 'B' : is_never ? 'F' : 'D';
}

static void add(struct sums *s, const struct outcome *o)
{
    char cap = cap_of(o);
    s->has_remark |= o->verdict == VERDICT_WARN || o->verdict == VERDICT_SKIPPED;
    if (o->verdict == VERDICT_SKIPPED || o->verdict == VERDICT_INFRA) {
        return;
    }
    s->weight += weight_of(o);
    s->quarters += weight_of(o) * quarters_of(o->verdict);
    if (cap > s->cap) {
        s->cap = cap;
        snprintf(s->capped_by, sizeof s->capped_by, "%.120s %s", o->scenario,
                 o->verdict == VERDICT_FLAKY ? "is flaky"
                 : cap == 'F'                ? "did what it must never do"
                                             : "did not pass");
    }
}

static char letter_of(unsigned score)
{
    return score >= 90   ? 'A'
           : score >= 75 ? 'B'
           : score >= 60 ? 'C'
           : score >= 45 ? 'D'
           : score >= 30 ? 'E'
                         : 'F';
}

static void finish(struct grade *g, const struct sums *s)
{
    if (s->weight == 0) {
        snprintf(g->mark, sizeof g->mark, "-");
        snprintf(g->why, sizeof g->why, "nothing was judged");
        return;
    }
    g->score = s->quarters * 25 / s->weight;
    char letter = letter_of(g->score);
    bool is_capped = s->cap > letter;
    bool is_best = g->score == 100 && !s->has_remark && g->judged == g->count;
    snprintf(g->mark, sizeof g->mark, "%c%s", is_capped ? s->cap : letter, is_best ? "+" : "");
    if (s->cap != 'A' && s->cap >= letter) {
        g->is_capped = true;
        snprintf(g->why, sizeof g->why, "%s", s->capped_by);
    } else {
        snprintf(g->why, sizeof g->why, "%u percent", g->score);
    }
}

static struct grade *find(struct grade *out, size_t *count, const char *family)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(out[i].family, family) == 0) {
            return &out[i];
        }
    }
    if (*count == GRADES_MOST) {
        return NULL;
    }
    struct grade *g = &out[(*count)++];
    *g = (struct grade){0};
    snprintf(g->family, sizeof g->family, "%s", family);
    return g;
}

int grade_print_share(const struct grade *grade, struct buf *out)
{
    TRY(buf_printf(out, "%zu of %zu", grade->good, grade->judged));
    return grade->count > grade->judged
               ? buf_printf(out, ", %zu not judged", grade->count - grade->judged)
               : 0;
}

size_t grade_families(const struct outcome *outcomes, size_t count, struct grade *out)
{
    struct sums sums[GRADES_MOST];
    size_t families = 0;
    char family[64];
    for (size_t i = 0; i < count; i++) {
        size_t before = families;
        grade_family_of(outcomes[i].scenario, family);
        struct grade *g = find(out, &families, family);
        if (!g) {
            continue;
        }
        struct sums *s = &sums[g - out];
        if (families > before) {
            *s = (struct sums){.cap = 'A'};
        }
        add(s, &outcomes[i]);
        g->count++;
        g->good += verdict_is_good(outcomes[i].verdict);
        g->judged += outcomes[i].verdict != VERDICT_SKIPPED && outcomes[i].verdict != VERDICT_INFRA;
    }
    for (size_t i = 0; i < families; i++) {
        finish(&out[i], &sums[i]);
    }
    return families;
}
