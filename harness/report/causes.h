// SPDX-License-Identifier: MIT
// What did not pass, gathered by cause: one mistake of a device that fails eighty scenarios is told
// once, with the scenarios that it failed.
#pragma once
#include "harness/oracle/verdict.h"

struct cause {
    const struct outcome *first; // lends the texts
    size_t count;
};

// SHOWN: as many as a person wants to read before the details.
enum { CAUSES_MOST = 512, CAUSES_SHOWN = 8 };

// Of the outcomes for which `is_meant` holds, such as verdict_is_trouble; those with most scenarios
// first, else in their order. Outcomes with the same best finding have one cause, those without a
// finding are told apart by their verdict and what was expected, else observed. Returns how many there are; beyond
// CAUSES_MOST outcomes are left out.
size_t causes_of(const struct outcome *outcomes, size_t count, bool (*is_meant)(enum verdict verdict),
                 struct cause out[CAUSES_MOST]);
bool cause_has(const struct cause *cause, const struct outcome *o); // an outcome that is meant
// What to call it: the cause, else what was observed, else what the verdict means.
const char *cause_text(const struct cause *cause);
