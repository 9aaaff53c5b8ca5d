// SPDX-License-Identifier: MIT
// A plan in sentences, for `hubrig explain`.
#pragma once
#include "harness/scenario/plan.h"

int plan_explain(const struct plan *plan, struct buf *out) HR_NODISCARD;
// One JSON object: name, about, why, level, source, file, tags, needs, limit_us, longest_us, settings, steps.
int plan_explain_json(const struct plan *plan, struct buf *out) HR_NODISCARD;
