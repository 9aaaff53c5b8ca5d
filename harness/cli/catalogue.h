// SPDX-License-Identifier: MIT
// The catalogue of a set of plans in Markdown, as `hubrig suites --markdown` prints it: a an index of the
// families, and what their scenarios ask, for people who do not read scenarios.
//
//     TRY(catalogue_print(&set, &out));
#pragma once
#include "harness/cli/plan_set.h"

// Append the catalogue to `out`. The flaws that a scenario catches are read from the matrix.txt
// beside its file, and what a family asks from its first line, "# asks: WORDS"; without one both are
// empty. Links lead from the folder above the suites. ERR_NO_MEMORY, ERR_TOO_BIG, or that of a
// matrix.txt which cannot be read.
int catalogue_print(const struct plan_set *set, struct buf *out) HR_NODISCARD;
