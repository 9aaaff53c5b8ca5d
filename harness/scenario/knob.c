// SPDX-License-Identifier: MIT
#include "harness/scenario/plan.h"

struct knob_row {
    const char *word;
    const char *values;
    const char *standard;
    const char *meaning;
};

static const struct knob_row rows[] = {
#define X(name, word, values, standard, meaning) {word, values, standard, meaning},
    KNOB_TABLE(X)
#undef X
};

const char *knob_word(enum knob knob)
{
    return rows[knob].word;
}

const char *knob_values(enum knob knob)
{
    return rows[knob].values;
}

const char *knob_default(enum knob knob)
{
    return rows[knob].standard;
}

const char *knob_meaning(enum knob knob)
{
    return rows[knob].meaning;
}
