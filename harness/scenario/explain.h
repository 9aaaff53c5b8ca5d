// SPDX-License-Identifier: MIT
// A plan in sentences, for `hubrig explain`.
#pragma once
#include "harness/scenario/plan.h"

int plan_explain(const struct plan *plan, struct buf *out) HR_NODISCARD;
// One JSON object: name, about, why, level, source, file, tags, needs, limit_us, longest_us, settings, steps.
int plan_explain_json(const struct plan *plan, struct buf *out) HR_NODISCARD;

// hub_knobs.c: the knobs of struct hub_settings that are not as usual, in sentences; all of them as
// members behind others.
int hub_knobs_explain(const struct hub_settings *s, struct buf *out) HR_NODISCARD;
int hub_knobs_explain_json(const struct hub_settings *s, struct buf *out) HR_NODISCARD;
