// SPDX-License-Identifier: MIT
// The list of a set of plans, as `hubrig suites` and `hubrig run --list` print it.
#pragma once
#include "harness/cli/plan_set.h"

enum suites_form { SUITES_LINES, SUITES_JSON, SUITES_MARKDOWN };

int suites_print(const struct plan_set *set, enum suites_form form) HR_NODISCARD;
