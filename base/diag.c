// SPDX-License-Identifier: MIT
#include "base/diag.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void diag_init(struct diag_list *list)
{
    *list = (struct diag_list){0};
}

void diag_deinit(struct diag_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file);
        free(list->items[i].message);
    }
    free(list->items);
    diag_init(list);
}

int diag_add(struct diag_list *list, struct place at, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct diag *grown =
        list->count < DIAG_MOST ? realloc(list->items, (list->count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        list->dropped++;
        return ERR_SYNTAX;
    }
    list->items = grown;
    struct diag *d = &list->items[list->count];
    *d = (struct diag){.file = span_dup_text(span_text(at.file)),
                       .line = at.line,
                       .column = at.column,
                       .message = span_dup_text(span_text(message))};
    if (!d->file || !d->message) {
        free(d->file);
        free(d->message);
        list->dropped++;
        return ERR_SYNTAX;
    }
    list->count++;
    return ERR_SYNTAX;
}

int diag_print(const struct diag_list *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct diag *d = &list->items[i];
        TRY(buf_printf(out, "%s:%d:%d: %s\n", d->file, d->line, d->column, d->message));
    }
    if (list->dropped) {
        TRY(buf_printf(out, "and %zu more\n", list->dropped));
    }
    return 0;
}

enum { SUGGEST_MOST = 48 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Optimal string alignment distance, three rolling rows.
static size_t edit_distance(struct span a, struct span b)
{
    size_t rows[3][SUGGEST_MOST + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3];
        size_t *up = rows[(i + 2) % 3];
        size_t *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t differs = a.ptr[i - 1] != b.ptr[j - 1];
            now[j] = least(least(up[j] + 1, now[j - 1] + 1), up[j - 1] + differs);
            bool is_swap = i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
            if (is_swap) {
                now[j] = least(now[j], up2[j - 2] + 1);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

const char *suggest_name(struct span word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = word.len / 3 + 1;
    if (word.len == 0 || word.len > SUGGEST_MOST) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct span name = span_text(names[i]);
        if (name.len == 0 || name.len > SUGGEST_MOST) {
            continue;
        }
        size_t distance = edit_distance(word, name);
        if (distance < best_distance) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best;
}

const char *suggest_text(struct span word, const char *const *names, size_t count, char out[96])
{
    const char *best = suggest_name(word, names, count);
    out[0] = '\0';
    if (best) {
        snprintf(out, 96, " (did you mean %s?)", best);
    }
    return out;
}
