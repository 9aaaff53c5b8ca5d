// SPDX-License-Identifier: MIT
#include "simulator/faults/flight.h"
#include "base/error.h"

static const struct flight_row {
    const char *word;
    const char *alerts;
    const char *meaning;
} rows[] = {
#define X(name, word, alerts, meaning) {word, alerts, meaning},
    FLIGHT_TABLE(X)
#undef X
};

int flight_find(struct span word)
{
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (span_equals_text(word, rows[i].word)) {
            return (int)i;
        }
    }
    return ERR_UNKNOWN_NAME;
}

const char *flight_word(unsigned flight)
{
    return rows[flight].word;
}

const char *flight_alerts(unsigned flight)
{
    return rows[flight].alerts;
}

const char *flight_meaning(unsigned flight)
{
    return rows[flight].meaning;
}
