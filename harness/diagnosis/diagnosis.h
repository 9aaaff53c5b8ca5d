// SPDX-License-Identifier: MIT
// From evidence to findings: cause, what to try, how sure. A data table of event patterns (rows.h);
// two possible causes are two findings, the surer first. None when no row fits: it never guesses
// silently.
#pragma once
#include "simulator/journal/event.h"

struct diagnosis;

struct diagnosis *diagnosis_new(void); // NULL without memory
void diagnosis_free(struct diagnosis *d);
void diagnosis_event(struct diagnosis *d, const struct event *e); // a journal listener's body
// Nothing has happened until now, by the time of the journal.
void diagnosis_time(struct diagnosis *d, uint64_t now_us);

//    C name     word        meaning
#define SURENESS_TABLE(X)                                                                          \
    X(SURE, "sure", "the evidence allows nothing else")                                            \
    X(LIKELY, "likely", "the usual reason for what was seen")                                      \
    X(POSSIBLE, "possible", "one of several that look the same on the wire")

enum sureness {
#define X(name, word, meaning) SURENESS_##name,
    SURENESS_TABLE(X)
#undef X
        SURENESS_COUNT
};
const char *sureness_word(enum sureness sure);
const char *sureness_meaning(enum sureness sure);

enum { FINDINGS_MOST = 4, FINDING_TEXT_BYTES = 400 };

struct finding {
    const char *id; // the row's name; "" when nothing is known
    enum sureness sure;
    char cause[FINDING_TEXT_BYTES];
    char try_text[FINDING_TEXT_BYTES];
};

// What the verdict was about.
struct question {
    const struct event *violated; // the event that broke the scenario's rule, or NULL
    const char *missing;          // the word of an event that was waited for in vain, or NULL
    const char *oracle;           // the word of the oracle that failed, or NULL
    const char *said;             // its sentence, or NULL
};

// Up to FINDINGS_MOST findings, the first is the best; returns how many.
size_t diagnosis_rank(const struct diagnosis *d, const struct question *question,
                      struct finding out[FINDINGS_MOST]);

// All rows, for `hubrig words causes` and so that a test can prove that it covers them.
size_t diagnosis_row_count(void);
const char *diagnosis_row_id(size_t i);
const char *diagnosis_row_cause(size_t i); // with its {placeholders}
enum sureness diagnosis_row_sure(size_t i);
// False when the evidence of a row cannot be read; for the test of the table itself.
bool diagnosis_row_is_sound(size_t i);
