// SPDX-License-Identifier: MIT
// From evidence to a finding: cause and what to try. A data table of event patterns; the first row
// whose evidence is complete speaks. Empty when no row fits: it never guesses silently.
#pragma once
#include "simulator/journal/event.h"

struct diagnosis;

struct diagnosis *diagnosis_new(void); // NULL without memory
void diagnosis_free(struct diagnosis *d);
void diagnosis_event(struct diagnosis *d, const struct event *e); // a journal listener's body

struct finding {
    const char *id;    // the row's name; "" when nothing is known
    char cause[300];
    char try_text[300];
};
// `violated` is the event that broke the scenario's rule, or NULL.
void diagnosis_find(const struct diagnosis *d, const struct event *violated, struct finding *out);
// Names of all rows, so that a test can prove that it covers them.
size_t diagnosis_row_count(void);
const char *diagnosis_row_id(size_t i);
