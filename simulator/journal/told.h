// SPDX-License-Identifier: MIT
// For tests: an event as a line of text, "mqtt.refused@2 code=3 why=not_valid": on connection 2,
// with fields. The running test fails over words that no event has.
#pragma once
#include "simulator/journal/event.h"

enum { TOLD_FIELDS_MOST = 8, TOLD_BYTES_MOST = 400 };

struct told {
    struct event event; // borrows from the rest; the names of its fields live on
    struct field fields[TOLD_FIELDS_MOST];
    char room[TOLD_BYTES_MOST];
};

// In values of the fields that `with_blanks` names (blanks between them, "" for none) a '_' stands
// for a blank. Time and number are the caller's to set.
void told_read(struct told *t, const char *line, const char *with_blanks);
