// SPDX-License-Identifier: MIT
// What is behind struct workshop: for the files of this folder only.
#pragma once
#include "certs/chain.h"
#include "certs/random.h"
#include "certs/recipe.h"

#include <limits.h>

struct workshop {
    char recipes[PATH_MAX]; // folder of .chain files
    char keys[PATH_MAX];    // keys that recipes name
    char devices[PATH_MAX]; // keys of device credentials
    struct random_source random;
};

// Read a recipe by name or path; as recipe_read, with a suggestion in error_text() for an unknown
// name.
int workshop_read_recipe(struct workshop *w, const char *name, struct recipe **out,
                         struct diag_list *diags) HR_NODISCARD;
