// SPDX-License-Identifier: MIT
// The plans that a person's words select, for `run`, `try` and `suites`.
#pragma once
#include "harness/scenario/plan.h"

struct plan_set {
    struct plan *plans;
    size_t count;
    size_t seen; // scenarios that were named, before the wish left some of them out
    char **chain_names;
    size_t chain_count;
};

struct plan_wish {
    const char *const *suites; // files, folders, bundles, names
    size_t suite_count;
    const char *only;        // a glob over names; NULL = all
    const char *const *tags; // NULL-terminated; a plan must have each. NULL = none asked for
};

// Mistakes in files are printed to stderr and end in an error: nothing is run then. A scenario that
// is named twice counts once. The set must be deinitialised in every case.
int plan_set_read(struct plan_set *set, const struct plan_wish *wish) HR_NODISCARD;
void plan_set_deinit(struct plan_set *set);
