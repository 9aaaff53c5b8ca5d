// SPDX-License-Identifier: MIT
// The values of a C source's string literals (neighbours joined, as the compiler does) and byte
// arrays, each with the name that holds it and the line of every byte. Its comments are blanked
// out in `code`, so that a search finds what the compiler sees.
//
//     struct literal_list list;
//     TRY(literal_read(source, &list));
//     use(buf_span(&list.items[0].text), list.items[0].symbol);
//     literal_deinit(&list);
#pragma once
#include "base/span.h"

struct literal {
    char *symbol; // of the macro or variable, "" when there is none
    int line;     // where it starts
    struct buf text;
    struct buf lines; // one uint32_t per byte of text
    bool is_array;
};

struct literal_list {
    struct literal *items;
    size_t count;
    struct buf code; // as long as the source: comments and the inside of strings are blanks
};

enum { LITERALS_MOST = 20000, LITERAL_ARRAY_LEAST = 16 };

// ERR_NO_MEMORY; anything is read, broken C too. Literals past LITERALS_MOST are left out, byte
// arrays shorter than LITERAL_ARRAY_LEAST as well.
int literal_read(struct span source, struct literal_list *out) HR_NODISCARD;
void literal_deinit(struct literal_list *list); // wipes the values
