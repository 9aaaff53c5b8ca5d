// SPDX-License-Identifier: MIT
#include "harness/oracle/backoff.h"
#include "base/error.h"
#include "harness/oracle/attempts.h"
#include "harness/oracle/oracle_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAPS_SHOWN = 8, GAPS_FITTED_MOST = 64 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

// A line through y[0..count), by the median of all pairwise slopes (Theil and Sen).
struct straight {
    double slope, at_zero;
};

static struct straight line_through(const double *y, size_t count, double *room)
{
    struct straight line = {0, 0};
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            room[pairs++] = (y[k] - y[i]) / (double)(k - i);
        }
    }
    line.slope = pairs ? median(room, pairs) : 0;
    for (size_t i = 0; i < count; i++) {
        room[i] = y[i] - line.slope * (double)i;
    }
    line.at_zero = median(room, count);
    return line;
}

static double share_of_rising(const double *y, size_t count)
{
    size_t rising = 0;
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            pairs++;
            rising += y[k] > y[i];
        }
    }
    return pairs ? (double)rising / (double)pairs : 0;
}

// How far the row is off a curve: the mean and the largest share; what a busy machine adds is not
// counted.
struct distance {
    double mean, most;
};

static struct distance distance_of(const double *gaps, size_t count, struct straight line,
                                   bool is_log)
{
    struct distance d = {0, 0};
    for (size_t i = 0; i < count; i++) {
        double y = line.at_zero + line.slope * (double)i;
        double want = is_log ? exp(y) : y;
        double off = fabs(gaps[i] - want) / (want > 1 ? want : 1);
        d.mean += off / (double)count;
        if (fabs(gaps[i] - want) > BACKOFF_NOISE_US && off > d.most) {
            d.most = off;
        }
    }
    return d;
}

// Without the tail that stands at the cap: its first wait still belongs to the curve.
static size_t count_below_cap(const double *gaps, size_t count, struct backoff_fit *out)
{
    double most = 0;
    size_t at_cap = 0;
    for (size_t i = 0; i < count; i++) {
        most = gaps[i] > most ? gaps[i] : most;
    }
    while (at_cap < count && gaps[count - 1 - at_cap] >= most * BACKOFF_CAP_NEAR) {
        at_cap++;
    }
    if (at_cap < 2) {
        return count;
    }
    out->cap_us = (uint64_t)most;
    return count - at_cap + 1;
}

static void fit_constant(const double *gaps, size_t count, double *room, struct backoff_fit *out)
{
    memcpy(room, gaps, count * sizeof *room);
    struct straight flat = {0, median(room, count)};
    out->shapes = flat.at_zero < BACKOFF_NONE_US ? BACKOFF_NONE : BACKOFF_CONSTANT;
    out->factor = 1;
    out->cap_us = 0;
    out->off = distance_of(gaps, count, flat, false).most;
}

static void fit_growing(const double *gaps, const double *logs, size_t count, double *room,
                        struct backoff_fit *out)
{
    struct straight straight = line_through(gaps, count, room);
    struct straight curve = line_through(logs, count, room);
    struct distance linear = distance_of(gaps, count, straight, false);
    struct distance exponential = distance_of(gaps, count, curve, true);
    bool is_near = count < 3 || (linear.mean < 2 * exponential.mean + 0.02 &&
                                 exponential.mean < 2 * linear.mean + 0.02);
    bool is_linear = linear.mean < exponential.mean;
    double off = is_linear ? linear.most : exponential.most;
    // A few waits with a random part lie on a line by chance as often as on a curve.
    is_near |= off > BACKOFF_JITTER_LEAST && count < BACKOFF_SURE_COUNT;
    out->shapes = is_near ? BACKOFF_GROWING : is_linear ? BACKOFF_LINEAR : BACKOFF_EXPONENTIAL;
    out->off = off;
    out->factor = exp(curve.slope);
}

static void fit(const double *gaps, const double *logs, size_t count, double *room,
                struct backoff_fit *out)
{
    double least = gaps[0];
    double most = gaps[0];
    for (size_t i = 1; i < count; i++) {
        least = gaps[i] < least ? gaps[i] : least;
        most = gaps[i] > most ? gaps[i] : most;
    }
    out->growth = most / (least > 1 ? least : 1);
    size_t below = count_below_cap(gaps, count, out);
    out->rising = share_of_rising(gaps, below);
    memcpy(room, gaps, count * sizeof *room);
    bool is_none = median(room, count) < BACKOFF_NONE_US;
    if (is_none || below < 2 || out->growth < BACKOFF_GROWTH_LEAST ||
        out->rising < BACKOFF_RISING_LEAST) {
        fit_constant(gaps, count, room, out);
    } else {
        fit_growing(gaps, logs, below, room, out);
    }
    out->has_jitter = out->off > BACKOFF_JITTER_LEAST;
}

int backoff_fit_of(const uint64_t *gaps_us, size_t count, struct backoff_fit *out)
{
    size_t used = count < GAPS_FITTED_MOST ? count : GAPS_FITTED_MOST;
    double *values = calloc(2 * used + used * (used + 1) / 2, sizeof *values);
    *out = (struct backoff_fit){.factor = 1};
    ENSURE(values != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < used; i++) {
        values[i] = (double)gaps_us[i];
        values[used + i] = log(gaps_us[i] > 1000 ? (double)gaps_us[i] : 1000);
    }
    fit(values, values + used, used, values + 2 * used, out);
    free(values);
    return 0;
}

int backoff_print(const struct backoff_fit *fit, struct buf *out)
{
    char text[32];
    static const char *const names[] = {[BACKOFF_NONE] = "no back-off",
                                        [BACKOFF_CONSTANT] = "constant",
                                        [BACKOFF_LINEAR] = "linear",
                                        [BACKOFF_EXPONENTIAL] = "exponential",
                                        [BACKOFF_GROWING] = "growing (linear or exponential)"};
    TRY(buf_append_text(out, names[fit->shapes]));
    if (fit->shapes & BACKOFF_GROWING) {
        TRY(buf_printf(out, ", by %.1f each", fit->factor));
    }
    TRY(buf_printf(out, ", largest by smallest %.1f", fit->growth));
    if (fit->cap_us) {
        TRY(buf_printf(out, ", cap near %s", duration_print((int64_t)fit->cap_us, text)));
    }
    return buf_printf(out, ", %s jitter (%.0f %% off the curve)",
                      fit->has_jitter ? "with" : "without", fit->off * 100);
}

// ---- the oracle

// Gaps first .. first + count - 1 follow failures of one cause.
struct row {
    size_t first, count;
};

static bool counts(const struct oracle_spec *s, const struct attempt *a)
{
    if (a->cause == ATTEMPT_NONE || a->cause == ATTEMPT_OWN) {
        return false;
    }
    return s->cause == ATTEMPT_NONE ||
           (a->cause == s->cause && (!s->connack_code || s->connack_code == a->connack_code));
}

static bool is_same(const struct attempt *a, const struct attempt *b)
{
    return a->cause == b->cause && a->connack_code == b->connack_code;
}

// The latest row with enough gaps, else the longest of the rest.
static struct row row_of(const struct oracle_spec *s, const struct attempts *list)
{
    struct row best = {0};
    struct row now = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct attempt *a = &list->items[i];
        bool goes_on = i > 0 && counts(s, a) && counts(s, a - 1) &&
                       (s->cause != ATTEMPT_NONE || is_same(a - 1, a));
        if (!goes_on) {
            now = (struct row){.first = i};
        }
        if (!counts(s, a)) {
            continue;
        }
        now.count += i + 1 < list->count; // the last failure has no attempt behind it yet
        if (now.count >= best.count || now.count >= s->samples) {
            best = now;
        }
    }
    return best;
}

static int on_event(struct oracle *o, const struct event *e)
{
    return attempts_event(o->state, e);
}

static void deinit(void *state)
{
    attempts_deinit(state);
}

static void say_row(const struct attempts *list, const struct row *row, const uint64_t *gaps,
                    struct buf *say)
{
    char text[32];
    SAY(say, "%zu wait%s after ", row->count, row->count == 1 ? "" : "s");
    (void)!attempts_print_cause(&list->items[row->first], say);
    size_t from = row->count > GAPS_SHOWN ? row->count - GAPS_SHOWN : 0;
    for (size_t i = from; i < row->count; i++) {
        SAY(say, "%s%s",
            i > from ? ", "
            : from   ? ": ... "
                     : ": ",
            duration_print((int64_t)gaps[i], text));
    }
}

static bool is_asked_for(const struct oracle_spec *s, const struct backoff_fit *fit)
{
    // Where the numbers allow two shapes, either is right; a never must be sure.
    bool is_shape = s->is_never ? (fit->shapes & ~s->shapes) == 0 : (fit->shapes & s->shapes) != 0;
    bool is_factor =
        !s->has_factor || (fit->factor >= s->factor_least && fit->factor <= s->factor_most);
    bool is_jitter = s->jitter == JITTER_ANY || fit->has_jitter == (s->jitter == JITTER_WITH);
    return is_shape && is_factor && is_jitter;
}

static enum oracle_state judge_row(const struct oracle_spec *s, const struct attempts *list,
                                   const struct row *row, struct buf *say)
{
    struct backoff_fit fit;
    uint64_t *gaps = calloc(row->count, sizeof *gaps);
    if (!gaps) {
        SAY(say, "no memory to look at %zu waits", row->count);
        return ORACLE_UNDECIDED;
    }
    for (size_t i = 0; i < row->count; i++) {
        gaps[i] = attempts_gap_us(list, row->first + i);
    }
    // The newest gaps: an older row may have been cut.
    size_t skip = row->count > GAPS_FITTED_MOST ? row->count - GAPS_FITTED_MOST : 0;
    enum oracle_state state = ORACLE_OPEN;
    if (backoff_fit_of(gaps + skip, row->count - skip, &fit) == 0) {
        bool is_good = is_asked_for(s, &fit) != s->is_never;
        state = is_good ? (s->is_never ? ORACLE_OPEN : ORACLE_PASS) : ORACLE_FAIL;
        if (state != ORACLE_OPEN) {
            say_row(list, row, gaps, say);
            SAY(say, " = ");
            (void)!backoff_print(&fit, say);
        }
    }
    free(gaps);
    return state;
}

static enum oracle_state judge(const struct oracle *o, uint64_t now_us, bool is_over,
                               struct buf *say)
{
    char text[32];
    const struct attempts *list = o->state;
    struct row row = row_of(o->spec, list);
    if (row.count >= o->spec->samples) {
        return judge_row(o->spec, list, &row, say);
    }
    if (!is_over || o->spec->is_never) {
        return ORACLE_OPEN;
    }
    SAY(say, "%zu of %" PRIu64 " waits between failed attempts", row.count, o->spec->samples);
    const struct attempt *last = list->count ? &list->items[list->count - 1] : NULL;
    if (!last || last->cause == ATTEMPT_NONE || last->cause == ATTEMPT_OWN) {
        SAY(say, ": too few to name a back-off");
        return ORACLE_UNDECIDED;
    }
    SAY(say, ": no further attempt for %s after ",
        duration_print((int64_t)(now_us > last->end_us ? now_us - last->end_us : 0), text));
    (void)!attempts_print_cause(last, say);
    return ORACLE_FAIL;
}

const struct oracle_class oracle_backoff = {
    .state_bytes = sizeof(struct attempts), .deinit = deinit, .event = on_event, .judge = judge};
