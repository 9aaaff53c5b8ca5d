// SPDX-License-Identifier: MIT
// The list of a set of plans, as `hubrig suites` and `hubrig run --list` print it.
#pragma once
#include "harness/cli/plan_set.h"

int suites_print(const struct plan_set *set, bool is_json) HR_NODISCARD;
