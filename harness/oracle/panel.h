// SPDX-License-Identifier: MIT
// The oracles of one plan: one for each statement that asks one. Translates the caller's time into
// the journal's, which the events carry.
#pragma once
#include "harness/oracle/oracle.h"
#include "harness/scenario/plan.h"

struct panel;

struct panel *panel_new(const struct plan *plan); // the plan is borrowed; NULL without memory
void panel_free(struct panel *panel);             // NULL is allowed
// `now_us` is the caller's time when it got the event.
int panel_event(struct panel *panel, const struct event *e, uint64_t now_us) HR_NODISCARD;
void panel_act(struct panel *panel, uint64_t now_us);
// The journal's time at the caller's `now_us`, as the events so far tell it.
uint64_t panel_journal_us(const struct panel *panel, uint64_t now_us);
bool panel_has(const struct panel *panel, size_t step);
void panel_begin(struct panel *panel, size_t step, uint64_t now_us);
// What the oracle of that statement says now; its deadline on the caller's time goes to
// *deadline_us.
enum oracle_state panel_ask(const struct panel *panel, size_t step, uint64_t now_us,
                            struct buf *say, uint64_t *deadline_us);
