// SPDX-License-Identifier: MIT
// What the parsers of hub files share. Not for other folders.
#pragma once
#include "simulator/rig/hub_file.h"

struct parser {
    struct hub_file *file;
    const char *path; // NULL: the text came alone, and files that it names are not read
    const char *const *chains;
    size_t chain_count;
    const struct line *line;
    struct diag_list *diags;
    struct place chain_at;
    struct place clock_at;
    struct place clock_rate_at;
    struct place policy_at[POLICY_KEY_COUNT];
    size_t own_policy_count; // that no new hub has
};

#define MISTAKE(p, word, ...) diag_add((p)->diags, line_place((p)->line, (word)), __VA_ARGS__)

// Each: 0, ERR_SYNTAX after a diagnostic, ERR_NO_MEMORY.

// Between 2 and `most` words, else the mistake shows `usage`.
int hub_file_check_words(struct parser *p, size_t most, const char *usage);
// Word `at`, behind `word`, is the `which` key of word 1.
int hub_file_read_key(struct parser *p, size_t at, const char *word, const char *which,
                      char out[100]);
// hub_file_access.c
int hub_file_policy(struct parser *p);
int hub_file_ca(struct parser *p);
