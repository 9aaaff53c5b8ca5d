// SPDX-License-Identifier: MIT
// A stretch of text that knows the lines it came from: a whole file, or the value of a C literal,
// whose bytes stand elsewhere than in the text that the compiler makes of them.
#pragma once
#include "base/span.h"

struct text_view {
    const char *file;      // borrowed
    const char *symbol;    // the C name that holds it, or ""
    struct span text;      // borrowed
    const uint32_t *lines; // the line of each byte of `text`; NULL: count newlines
    const uint32_t *ends;  // of the lines, from view_index; may be NULL
    size_t end_count;
    bool is_literal; // a string literal: the compiler adds a NUL
    bool is_array;   // a byte array, or a binary file
};

// For texts with many places to name. `room` holds the index and must live as long as the view.
int view_index(struct text_view *view, struct buf *room) HR_NODISCARD;
// Line of the byte at `offset`, from 1. CR alone, LF and CR LF each end one line.
int view_line(const struct text_view *view, size_t offset);

// Text searches without case where said. Offset, or s.len when there is none.
size_t text_find(struct span s, const char *word);
size_t text_find_nocase(struct span s, const char *word);
bool text_has(struct span s, const char *word);
bool text_has_nocase(struct span s, const char *word);
// `word` as a whole: no letter, digit or underscore beside it. From `from` on.
size_t text_find_word(struct span s, size_t from, const char *word);
// The next line without its end; moves *rest behind it. *rest has a NULL pointer after the last.
struct span text_line(struct span *rest);
// One of the parts between characters that are no letters or digits, camel case split, equals
// `word` (lower case).
bool name_has_word(const char *name, const char *word);
