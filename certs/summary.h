// SPDX-License-Identifier: MIT
// What a recipe says about itself, without making keys or certificates: for lists.
#pragma once
#include "certs/chain.h"

struct recipe_summary {
    char name[96];
    char about[400];
    struct chain_facts facts; // device_host as written
    size_t sent_count, trusted_count;
};

// As chain_check, with the mistakes in error_text().
int recipe_summary_read(struct workshop *w, const char *name,
                        struct recipe_summary *out) HR_NODISCARD;
