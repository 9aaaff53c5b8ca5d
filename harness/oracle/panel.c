// SPDX-License-Identifier: MIT
#include "harness/oracle/panel.h"
#include "base/error.h"

#include <stdlib.h>

struct panel {
    const struct plan *plan;
    struct oracle **oracles; // per statement, NULL where none is asked
    uint64_t behind_us;      // the journal's time is the caller's minus this
    bool has_behind;
};

struct panel *panel_new(const struct plan *plan)
{
    struct panel *p = calloc(1, sizeof *p);
    if (!p) {
        return NULL;
    }
    p->plan = plan;
    p->oracles = calloc(plan->step_count + 1, sizeof *p->oracles);
    bool is_complete = p->oracles != NULL;
    for (size_t i = 0; is_complete && i < plan->step_count; i++) {
        if (plan->steps[i].oracle) {
            p->oracles[i] = oracle_new(plan->steps[i].oracle);
            is_complete = p->oracles[i] != NULL;
        }
    }
    if (!is_complete) {
        panel_free(p);
        return NULL;
    }
    return p;
}

void panel_free(struct panel *p)
{
    if (!p) {
        return;
    }
    for (size_t i = 0; p->oracles && i < p->plan->step_count; i++) {
        oracle_free(p->oracles[i]);
    }
    free(p->oracles);
    free(p);
}

// An event arrives a little after it was made; the smallest difference is the clocks' own.
static void learn_time(struct panel *p, const struct event *e, uint64_t now_us)
{
    uint64_t behind_us = now_us > e->at_us ? now_us - e->at_us : 0;
    if (!p->has_behind || behind_us < p->behind_us) {
        p->has_behind = true;
        p->behind_us = behind_us;
    }
}

uint64_t panel_journal_us(const struct panel *p, uint64_t now_us)
{
    return now_us > p->behind_us ? now_us - p->behind_us : 0;
}

int panel_event(struct panel *p, const struct event *e, uint64_t now_us)
{
    learn_time(p, e, now_us);
    for (size_t i = 0; i < p->plan->step_count; i++) {
        TRY(p->oracles[i] ? oracle_event(p->oracles[i], e) : 0);
    }
    return 0;
}

void panel_act(struct panel *p, uint64_t now_us)
{
    for (size_t i = 0; i < p->plan->step_count; i++) {
        if (p->oracles[i]) {
            oracle_act(p->oracles[i], panel_journal_us(p, now_us));
        }
    }
}

bool panel_has(const struct panel *p, size_t step)
{
    return p->oracles[step] != NULL;
}

void panel_begin(struct panel *p, size_t step, uint64_t now_us)
{
    oracle_begin(p->oracles[step], panel_journal_us(p, now_us));
}

enum oracle_state panel_ask(const struct panel *p, size_t step, uint64_t now_us, struct buf *say,
                            uint64_t *deadline_us)
{
    const struct oracle *o = p->oracles[step];
    uint64_t at_us = oracle_deadline_us(o);
    bool is_over = !p->plan->steps[step].oracle->is_never && panel_journal_us(p, now_us) >= at_us;
    *deadline_us = at_us > UINT64_MAX - p->behind_us ? UINT64_MAX : at_us + p->behind_us;
    return oracle_judge(o, panel_journal_us(p, now_us), is_over, say);
}
