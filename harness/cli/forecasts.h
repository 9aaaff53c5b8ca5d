// SPDX-License-Identifier: MIT
// The file of `run --expect`, held against the scenarios that there are.
#pragma once
#include "harness/cli/plan_set.h"
#include "harness/oracle/forecast.h"

// Reads the file; a scenario that a family of hubrig's does not have is a mistake as well. What is
// neither in `set` (NULL: nothing runs) nor in a family of hubrig's is left alone: it may belong to
// suites that do not run now. The list must be deinitialised in every case.
int forecasts_check(const char *path, const struct plan_set *set, struct forecast_list *out,
                    struct diag_list *diags) HR_NODISCARD;
// The same, with mistakes printed to stderr.
int forecasts_read(const char *path, const struct plan_set *set,
                   struct forecast_list *out) HR_NODISCARD;
