// SPDX-License-Identifier: MIT
// include FILE: one file of statements for several scenarios.
#include "base/error.h"
#include "base/fs.h"
#include "harness/scenario/parser.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

// Beside the file that includes it.
static int find(struct parser *p, char path[PATH_MAX])
{
    struct span word = line_word(p->line, 1);
    char name[PATH_MAX];
    if (p->line->count != 2 || word.len == 0 || word.ptr[0] == '/') {
        return MISTAKE(p, 1, "expected: include FILE, a path from the folder of this file");
    }
    if (span_ends_with(word, SPAN_LITERAL(".scn"))) {
        return MISTAKE(p, 1, "a .scn file is a scenario of its own; give what is shared another "
                             "ending, such as .part");
    }
    ENSURE(span_copy_text(word, name, sizeof name), ERR_TOO_BIG);
    return fs_beside(path, PATH_MAX, p->line->at.file, name);
}

// The evidence has what was run in one file, the lines of the scenario where they were.
static int keep_source(struct plan *plan, const char *path, struct span text)
{
    struct buf whole HR_CLEANUP(buf_deinit);
    buf_init(&whole, (size_t)LINE_FILE_BYTES_MOST * (INCLUDES_MOST + 1) * 2);
    TRY(buf_append_text(&whole, plan->source));
    TRY(buf_printf(&whole, "\n# include %s\n", path));
    while (text.len) {
        struct span line = span_cut(text, '\n', &text);
        TRY(buf_printf(&whole, "#   %.*s\n", SPAN_ARG(line)));
    }
    return parser_text(&plan->source, buf_span(&whole));
}

static int read_file(struct parser *p, const char *path, size_t *which)
{
    struct plan *plan = p->plan;
    if (plan->included_count == INCLUDES_MOST) {
        return MISTAKE(p, 0, "more than %d files are included", INCLUDES_MOST);
    }
    struct line_script *script = &p->included[plan->included_count];
    int code = line_read(path, script, p->diags);
    if (code < 0 && code != ERR_SYNTAX) {
        MISTAKE(p, 1, "%s", error_text(code));
        line_deinit(script);
        return code == ERR_NO_MEMORY ? code : ERR_SYNTAX;
    }
    *which = plan->included_count;
    code = parser_text(&plan->included[*which], span_text(path));
    plan->included_count++;
    return code < 0 ? code : keep_source(plan, path, buf_span(&script->text));
}

int parser_include(struct parser *p, size_t *which)
{
    char path[PATH_MAX];
    TRY(find(p, path));
    for (size_t i = 0; i < p->plan->included_count; i++) {
        if (strcmp(p->plan->included[i], path) == 0) {
            *which = i;
            return 0;
        }
    }
    return read_file(p, path, which);
}
