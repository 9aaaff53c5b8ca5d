// SPDX-License-Identifier: MIT
// For tests of this folder: a scenario from a text, and its mistakes as a person sees them.
//
//     struct parsed f;
//     assert_int_equal(parsed_from(&f, "scenario t.a\nboot device\n"), 0);
//     use(&f.plan);
//     parsed_release(&f);
#pragma once
#include "harness/scenario/plan.h"

struct parsed {
    struct plan plan;
    struct diag_list diags;
    struct buf printed; // the mistakes
};

// What plan_parse returns; `file` is the name of the text, "suites/t/a.scn" when it is not told.
int parsed_as(struct parsed *f, const char *file, const char *text);
int parsed_from(struct parsed *f, const char *text);
void parsed_release(struct parsed *f);
