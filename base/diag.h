// SPDX-License-Identifier: MIT
// Diagnostics of text files: file:line:col, a sentence, and what to try. A list collects all of a
// file's mistakes, so that one run shows every one of them.
//
//     smoke/a.scn:7:8: unknown event 'mqtt.conected' (did you mean mqtt.connected?)
#pragma once
#include "base/span.h"

struct place {
    const char *file; // borrowed: lives as long as the script it came from
    int line;         // from 1
    int column;       // from 1, in bytes
};

struct diag {
    char *file;
    int line;
    int column;
    char *message;
};

struct diag_list {
    struct diag *items;
    size_t count;
    size_t dropped; // beyond DIAG_MOST items, counted only
};

enum { DIAG_MOST = 200 };

void diag_init(struct diag_list *list);
void diag_deinit(struct diag_list *list);
// Adds one line and returns ERR_SYNTAX, so that a parser can `return diag_add(...)`.
int diag_add(struct diag_list *list, struct place at, const char *format, ...) HR_PRINTF(3, 4);
// All lines as text, "file:line:col: message\n" each.
int diag_print(const struct diag_list *list, struct buf *out) HR_NODISCARD;

// The name nearest to `word` (edit distance with transpositions, at most a third of its length),
// or NULL when none is near.
const char *suggest_name(struct span word, const char *const *names, size_t count);
// " (did you mean X?)" or "", in `out` (at least 96 bytes).
const char *suggest_text(struct span word, const char *const *names, size_t count, char out[96]);
