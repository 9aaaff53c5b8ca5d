// SPDX-License-Identifier: MIT
// The catalogue of a set of plans in Markdown, as `hubrig suites --markdown` prints it: a table per
// family for people who do not read scenarios.
//
//     TRY(catalogue_print(&set, &out));
#pragma once
#include "harness/cli/plan_set.h"

// Append the catalogue to `out`. The flaws that a scenario catches are read from the matrix.txt
// beside its file; without one that column is empty. ERR_NO_MEMORY, ERR_TOO_BIG, or that of a
// matrix.txt which cannot be read.
int catalogue_print(const struct plan_set *set, struct buf *out) HR_NODISCARD;
