// SPDX-License-Identifier: MIT
#include "certs/stacks.h"
#include "base/error.h"
#include "base/fs.h"

#include <limits.h>

enum { TABLE_BYTES_MOST = 1 << 20, COLUMNS_MOST = 16, FIRST_LIBRARY = 3 };

struct table {
    struct buf text;
    struct span rest; // rows that are not read yet
    struct span names[COLUMNS_MOST];
    size_t columns;
};

static size_t split(struct span line, struct span cells[COLUMNS_MOST])
{
    size_t count = 0;
    while (line.ptr && count < COLUMNS_MOST) {
        cells[count++] = span_cut(line, '\t', &line);
    }
    return count;
}

static bool next_row(struct table *t, struct span cells[COLUMNS_MOST], size_t *count)
{
    while (t->rest.len > 0) {
        struct span line = span_cut(t->rest, '\n', &t->rest);
        if (line.len > 0 && line.ptr[0] != '#') {
            *count = split(line, cells);
            return true;
        }
    }
    return false;
}

static int open_table(struct table *t)
{
    char path[PATH_MAX];
    buf_init(&t->text, TABLE_BYTES_MOST);
    TRY(fs_join(path, sizeof path, fs_data_folder(), "certs/stacks.tsv"));
    TRY(fs_read_file(path, &t->text));
    t->rest = buf_span(&t->text);
    bool is_table = next_row(t, t->names, &t->columns) && t->columns > FIRST_LIBRARY &&
                    span_equals_text(t->names[0], "id");
    if (!is_table) {
        FAIL(ERR_SYNTAX, "%s: expected a header row with id, verdict, alerts and libraries", path);
    }
    return 0;
}

static int append_word(struct buf *out, const char *separator, struct span word)
{
    TRY(out->len > 0 ? buf_append_text(out, separator) : 0);
    return buf_append(out, word);
}

static int list_accepting(struct table *t, const char *id, struct buf *out)
{
    struct span cells[COLUMNS_MOST];
    size_t count = 0;
    while (next_row(t, cells, &count)) {
        for (size_t i = FIRST_LIBRARY; i < count && i < t->columns && span_equals_text(cells[0], id);
             i++) {
            TRY(span_equals_text(cells[i], "accept") ? append_word(out, ", ", t->names[i]) : 0);
        }
    }
    return 0;
}

int stacks_accepting(const char *id, struct buf *out)
{
    struct table t = {0};
    int code = open_table(&t);
    code = code < 0 ? code : list_accepting(&t, id, out);
    buf_deinit(&t.text);
    return code;
}

static int list_differences(struct table *t, size_t column, struct buf *lets_through,
                            struct buf *refuses)
{
    struct span cells[COLUMNS_MOST];
    size_t count = 0;
    while (next_row(t, cells, &count)) {
        if (column >= count || span_equals_text(cells[column], "-")) {
            continue;
        }
        bool accepts = span_equals_text(cells[column], "accept");
        if (accepts && span_equals_text(cells[1], "reject")) {
            TRY(append_word(lets_through, " ", cells[0]));
        } else if (!accepts && span_equals_text(cells[1], "accept")) {
            TRY(append_word(refuses, " ", cells[0]));
        }
    }
    return 0;
}

int stacks_differences(const char *library, struct buf *lets_through, struct buf *refuses)
{
    struct table t = {0};
    size_t column = 0;
    int code = open_table(&t);
    for (size_t i = FIRST_LIBRARY; code == 0 && i < t.columns; i++) {
        column = span_equals_text(t.names[i], library) ? i : column;
    }
    if (code == 0) {
        code = column ? list_differences(&t, column, lets_through, refuses)
                      : error_set(ERR_UNKNOWN_NAME, "no measurement of '%s'", library);
    }
    buf_deinit(&t.text);
    return code;
}
