// SPDX-License-Identifier: MIT
// From what a person names to scenario files: a file, a folder, a bundle, or the name of a suite,
// bundle or scenario that ships with hubrig. A bundle is a .suite file:
//
//     about    what a release must pass
//     include  smoke                  # a suite, bundle or file; beside the bundle, else installed
//     include  faults tag must        # of these only what has the tag or level; may be repeated
//     scenario tls.expired-leaf       # one scenario by its name
//     exclude  smoke.clock-*          # takes out what stands above it
//
//     struct selection s = {0};
//     TRY(selection_add(&s, "release", &diags));
//     for (size_t i = 0; i < s.count; i++) { read(s.items[i].file); }
//     selection_deinit(&s);
#pragma once
#include "base/diag.h"

enum { SELECTION_TAGS_MOST = 4 };

struct selected {
    char *file;
    char tags[SELECTION_TAGS_MOST][32]; // the plan must have each of them
    size_t tag_count;
    size_t include; // the innermost include with tags that led here, from 1; 0 = none
};

// An include that asks for tags, so that one whose tags nothing has can be told.
struct selected_include {
    char *file;
    int line, column;
};

struct selection {
    struct selected *items;
    size_t count;
    struct selected_include *includes;
    size_t include_count;
};

// Add what `word` names, in the order of paths. ERR_NO_FILE with the places that were looked
// at and the nearest name;
// ERR_SYNTAX after mistakes in a bundle went to `diags`.
int selection_add(struct selection *s, const char *word, struct diag_list *diags) HR_NODISCARD;
void selection_deinit(struct selection *s);
// "smoke.connect" from ".../smoke/connect.scn".
void selection_name(const char *file, char out[256]);
