// SPDX-License-Identifier: MIT
// The list of a set of plans, as `hubrig suites` and `hubrig run --list` print it.
#pragma once
#include "harness/cli/plan_set.h"

enum suites_form { SUITES_LINES, SUITES_JSON, SUITES_MARKDOWN };

int suites_print(const struct plan_set *set, enum suites_form form) HR_NODISCARD;
// Append what the device must offer, with blanks between: "clock x509"; nothing when it is nothing.
int suites_append_needs(const struct plan *plan, struct buf *out) HR_NODISCARD;
