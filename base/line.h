// SPDX-License-Identifier: MIT
// The line-script lexer that .scn, .chain, .bench and hub files share: one statement per line,
// words between blanks, "quoted words" with \" \\ \n \t, a # outside quotes starts a comment, '='
// surrounded by blanks is a word of its own.
//
//     struct line_script script;
//     TRY(line_read(path, &script, &diags));
//     for (size_t i = 0; i < script.count; i++) { use(&script.lines[i]); }
//     line_deinit(&script);
#pragma once
#include "base/diag.h"

struct word {
    struct span text; // decoded; borrowed from the script
    int column;       // from 1
    bool is_quoted;
};

struct line {
    struct place at;
    struct word *words; // never empty
    size_t count;
    struct span source; // the line as written, without its end
};

struct line_script {
    char *file;
    struct line *lines; // only lines with words
    size_t count;
    struct buf text;    // the whole file as read
    struct buf decoded; // what quoted words decode to
    struct word *words;
};

enum { LINE_FILE_BYTES_MOST = 1 << 20, LINE_WORDS_MOST = 64 };

// Read and split a file. File errors are returned (ERR_NO_FILE ...); mistakes in the text (an open
// quote, a control character, too many words) go to `diags`, the good lines are kept, and the
// result is ERR_SYNTAX. The script must be deinitialised in every case.
int line_read(const char *path, struct line_script *script, struct diag_list *diags) HR_NODISCARD;
int line_parse(const char *name, struct span text, struct line_script *script,
               struct diag_list *diags) HR_NODISCARD;
void line_deinit(struct line_script *script);

// Where word `i` of a line stands; beyond the last word: the column behind the line.
struct place line_place(const struct line *line, size_t i);
// Word `i`, or an empty span when the line is shorter.
struct span line_word(const struct line *line, size_t i);
bool line_word_is(const struct line *line, size_t i, const char *text); // unquoted and equal
// Words from `i` on, joined by single blanks, appended to `out`.
int line_join(const struct line *line, size_t i, struct buf *out) HR_NODISCARD;
