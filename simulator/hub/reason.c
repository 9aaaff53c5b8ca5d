// SPDX-License-Identifier: MIT
#include "simulator/hub/reason.h"

static const struct reason_row rows[] = {
#define X(name, word, hub_code, connack, http, amqp, sentence, hint)                               \
    {word, hub_code, connack, http, amqp, sentence, hint},
    REASON_TABLE(X)
#undef X
};

const struct reason_row *reason_row(enum reason reason)
{
    return &rows[reason];
}

int reason_of(struct span word)
{
    for (int i = 0; i < REASON_COUNT; i++) {
        if (span_equals_text(word, rows[i].word)) {
            return i;
        }
    }
    return -1;
}
