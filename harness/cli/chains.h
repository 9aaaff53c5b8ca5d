// SPDX-License-Identifier: MIT
// The names of the recipes that come with hubrig, for checks of scenarios.
#pragma once
#include <stddef.h>

struct chain_names {
    char **names; // NULL = not known, so any name goes
    size_t count;
};

// Without a readable recipe folder the list stays empty and names are not checked.
void chain_names_load(struct chain_names *out);
void chain_names_deinit(struct chain_names *chains);
