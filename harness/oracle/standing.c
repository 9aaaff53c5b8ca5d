// SPDX-License-Identifier: MIT
#include "harness/oracle/standing.h"
#include "base/error.h"
#include "base/when.h"

#include <inttypes.h>
#include <stdlib.h>

struct state {
    bool is_armed;
    bool is_open;       // WHILE: between its two events
    uint64_t opened_us;
    uint64_t counted;   // since then
    uint64_t windows;   // times between that began
    uint64_t judged;    // of these, such that their judgement is known
    uint64_t left, due; // WHEN: how often still, how often now
};

struct standing {
    const struct plan *plan;
    struct state *states; // one per statement
};

struct standing *standing_new(const struct plan *plan)
{
    struct standing *s = calloc(1, sizeof *s);
    struct state *states = calloc(plan->step_count + 1, sizeof *states);
    if (!s || !states) {
        free(s);
        free(states);
        return NULL;
    }
    *s = (struct standing){plan, states};
    return s;
}

void standing_free(struct standing *s)
{
    if (s) {
        free(s->states);
        free(s);
    }
}

void standing_arm(struct standing *s, size_t step)
{
    s->states[step] = (struct state){.is_armed = true, .left = s->plan->steps[step].times};
}

bool standing_is_armed(const struct standing *s, size_t step)
{
    return s->states[step].is_armed;
}

static enum standing_says see_never(struct state *state, const struct step *step,
                                    const struct event *e)
{
    if (step->has_before && match_event(&step->before, e)) {
        state->is_armed = false;
        return STANDING_FINE;
    }
    return match_event(&step->match, e) ? STANDING_BROKEN : STANDING_FINE;
}

// The lower end of what a time between must see; once it is there, the time is judged.
static void note_enough(struct state *state, const struct step *step)
{
    state->judged += state->counted == step->least;
}

static enum standing_says see_inside(struct state *state, const struct step *step,
                                     const struct event *e)
{
    if (match_event(&step->match, e)) {
        state->counted++;
        if (step->during->is_never || state->counted > step->most) {
            return STANDING_BROKEN;
        }
        note_enough(state, step);
    }
    if (!match_event(&step->before, e)) {
        return STANDING_FINE;
    }
    state->is_open = false;
    // With `within` a time that ends early has not shown anything.
    bool is_short = state->counted < step->least && step->during->within_us == 0;
    return is_short ? STANDING_MISSING : STANDING_FINE;
}

static enum standing_says see_while(struct state *state, const struct step *step,
                                    const struct event *e, uint64_t now_us)
{
    enum standing_says says = state->is_open ? see_inside(state, step, e) : STANDING_FINE;
    if (says == STANDING_FINE && !state->is_open && match_event(&step->during->from, e)) {
        state->is_open = true;
        state->opened_us = now_us;
        state->counted = 0;
        state->windows++;
        note_enough(state, step);
    }
    return says;
}

enum standing_says standing_event(struct standing *s, size_t step, const struct event *e,
                                  uint64_t now_us)
{
    struct state *state = &s->states[step];
    const struct step *statement = &s->plan->steps[step];
    if (statement->kind == STEP_WHILE) {
        return see_while(state, statement, e, now_us);
    }
    if (statement->kind == STEP_NEVER) {
        return see_never(state, statement, e);
    }
    if (state->left > 0 && match_event(&statement->match, e)) {
        state->left--;
        state->due++;
    }
    return STANDING_FINE;
}

bool standing_take_due(struct standing *s, size_t *step)
{
    for (size_t i = 0; i < s->plan->step_count; i++) {
        if (s->states[i].due) {
            s->states[i].due--;
            *step = i;
            return true;
        }
    }
    return false;
}

static uint64_t deadline_of(const struct standing *s, size_t step)
{
    const struct state *state = &s->states[step];
    const struct step_while *during = s->plan->steps[step].during;
    bool waits = during && during->within_us && state->is_open && state->counted == 0;
    if (!waits || during->within_us > UINT64_MAX - state->opened_us) {
        return UINT64_MAX;
    }
    return state->opened_us + during->within_us;
}

uint64_t standing_deadline_us(const struct standing *s)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < s->plan->step_count; i++) {
        uint64_t at = deadline_of(s, i);
        first = at < first ? at : first;
    }
    return first;
}

bool standing_expired(const struct standing *s, uint64_t now_us, size_t *step)
{
    for (size_t i = 0; i < s->plan->step_count; i++) {
        if (deadline_of(s, i) <= now_us) {
            *step = i;
            return true;
        }
    }
    return false;
}

uint64_t standing_counted(const struct standing *s, size_t step)
{
    return s->states[step].counted;
}

int standing_print_missing(const struct standing *s, size_t step, uint64_t now_us, struct buf *out)
{
    const struct state *state = &s->states[step];
    const struct step *statement = &s->plan->steps[step];
    char time[32];
    TRY(state->counted ? buf_printf(out, "%" PRIu64 " ", state->counted) : buf_append_text(out, "no "));
    TRY(match_print(&statement->match, out));
    TRY(buf_printf(out, " in %s after ",
                   duration_print((int64_t)(now_us - state->opened_us), time)));
    TRY(match_print(&statement->during->from, out));
    TRY(state->is_open ? 0 : buf_append_text(out, ", then came "));
    return state->is_open ? 0 : match_print(&statement->before, out);
}

bool standing_print_end(const struct standing *s, size_t step, struct buf *out)
{
    const struct state *state = &s->states[step];
    const struct step *statement = &s->plan->steps[step];
    // A piece that does not fit is left out: half a sentence helps more than none.
    if (state->judged) {
        (void)!buf_printf(out, "'%s' held, times: %" PRIu64, statement->source, state->judged);
    } else if (state->windows == 0) {
        (void)!(buf_append_text(out, "never judged: no ") ||
                match_print(&statement->during->from, out) ||
                buf_append_text(out, " was seen"));
    } else {
        (void)!buf_append_text(out, "never judged: the scenario, or each time between, ended before "
                                    "enough was seen");
    }
    return state->judged > 0;
}
