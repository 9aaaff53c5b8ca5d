// SPDX-License-Identifier: MIT
// repeat ... end, param and include: lines that stand for more lines. A line with a {name} is read again
// with the name's value in its place, so that each statement is checked as if it were written out.
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <string.h>

enum { DEPTH_MOST = 4, NAMES_MOST = 16, LINES_MOST = 20000, REPEATS_MOST = 1000, NAME_BYTES = 32 };

#define MISTAKE(p, line, at, ...) diag_add((p)->diags, line_place((line), (at)), __VA_ARGS__)

struct given_name {
    char name[NAME_BYTES];
    struct span value;
};

struct blocks {
    struct parser *p;
    int (*parse)(struct parser *p);
    struct given_name names[NAMES_MOST];
    size_t name_count;
    size_t lines; // read so far, each turn of a repeat counts too
    bool is_over; // more than LINES_MOST
};

static bool is_name(struct span word)
{
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) {
            return false;
        }
    }
    return word.len > 0 && word.len < NAME_BYTES && !(word.ptr[0] >= '0' && word.ptr[0] <= '9');
}

static int give(struct blocks *b, const struct line *line, struct span name, struct span value)
{
    if (b->name_count == NAMES_MOST) {
        return MISTAKE(b->p, line, 1, "more than %d names at a time", NAMES_MOST);
    }
    struct given_name *new = &b->names[b->name_count++];
    span_copy_text(name, new->name, sizeof new->name);
    new->value = value;
    return 0;
}

// The newest of that name, or NULL.
static const struct given_name *name_at(const struct blocks *b, struct span text)
{
    for (size_t i = b->name_count; i > 0; i--) {
        const struct given_name *n = &b->names[i - 1];
        size_t len = strlen(n->name);
        if (text.len > len + 1 && text.ptr[len + 1] == '}' &&
            memcmp(text.ptr + 1, n->name, len) == 0) {
            return n;
        }
    }
    return NULL;
}

// `out` gets the line with its names filled in; false when it has none.
static int fill(const struct blocks *b, struct span source, struct buf *out, bool *has_any)
{
    *has_any = false;
    while (source.len) {
        const struct given_name *n = source.ptr[0] == '{' ? name_at(b, source) : NULL;
        *has_any |= n != NULL;
        TRY(n ? buf_append(out, n->value) : buf_append_u8(out, source.ptr[0]));
        source = span_from(source, n ? strlen(n->name) + 2 : 1);
    }
    return 0;
}

static int read_filled(struct blocks *b, const struct line *line, struct span text)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    struct line again;
    TRY(line_parse(line->at.file, text, &script, b->p->diags));
    if (script.count != 1) {
        return MISTAKE(b->p, line, 0, "with its names filled in this is no single statement");
    }
    again = script.lines[0];
    again.at = line->at;
    b->p->line = &again;
    int code = b->parse(b->p);
    b->p->line = line;
    return code;
}

static int read_one(struct blocks *b, const struct line *line)
{
    struct buf text HR_CLEANUP(buf_deinit);
    bool has_any = false;
    buf_init(&text, LINE_FILE_BYTES_MOST);
    // Empty lines before it let the lexer tell the right line of a mistake.
    for (int i = 1; b->name_count && i < line->at.line; i++) {
        TRY(buf_append_u8(&text, '\n'));
    }
    TRY(b->name_count ? fill(b, line->source, &text, &has_any) : 0);
    if (has_any) {
        return read_filled(b, line, buf_span(&text));
    }
    b->p->line = line;
    return b->parse(b->p);
}

static int read_param(struct blocks *b, const struct line *line)
{
    struct span name = line_word(line, 1);
    if (line->count != 4 || !line_word_is(line, 2, "=") || !is_name(name)) {
        return MISTAKE(b->p, line, 1,
                       "expected: param NAME = VALUE, a name of a-z, 0-9, '-' and '_'");
    }
    return give(b, line, name, line_word(line, 3));
}

// The line of the 'end' that belongs to the repeat on line `at`, or `to`.
static size_t end_of(const struct line_script *script, size_t at, size_t to)
{
    size_t depth = 0;
    for (size_t i = at; i < to; i++) {
        depth += line_word_is(&script->lines[i], 0, "repeat");
        depth -= line_word_is(&script->lines[i], 0, "end");
        if (depth == 0) {
            return i;
        }
    }
    return to;
}

static int read_lines(struct blocks *b, const struct line_script *script, size_t from, size_t to,
                      int depth);

static bool takes_turn(struct blocks *b, const struct line *line)
{
    b->lines++;
    if (b->lines > LINES_MOST && !b->is_over) {
        b->is_over = true;
        MISTAKE(b->p, line, 0, "the scenario has more than %d lines when it is written out",
                LINES_MOST);
    }
    return !b->is_over;
}

static int read_repeat(struct blocks *b, const struct line_script *script, size_t at, size_t end,
                       int depth)
{
    const struct line *line = &script->lines[at];
    uint64_t times = 0;
    bool has_list = line->count > 3 && line_word_is(line, 2, "in") && is_name(line_word(line, 1));
    bool is_count = line->count == 2 && span_parse_u64(line_word(line, 1), &times) == 0;
    if (!has_list && (!is_count || times == 0 || times > REPEATS_MOST)) {
        return MISTAKE(b->p, line, 1, "expected: repeat N, 1 to %d, or repeat NAME in VALUE...",
                       REPEATS_MOST);
    }
    if (depth == DEPTH_MOST) {
        return MISTAKE(b->p, line, 0, "more than %d repeats and includes within each other", DEPTH_MOST);
    }
    times = has_list ? line->count - 3 : times;
    for (uint64_t i = 0; i < times && takes_turn(b, line); i++) {
        size_t known = b->name_count;
        TRY(has_list ? give(b, line, line_word(line, 1), line_word(line, 3 + (size_t)i)) : 0);
        TRY(read_lines(b, script, at + 1, end, depth + 1));
        b->name_count = known;
    }
    return 0;
}

static int read_include(struct blocks *b, const struct line *line, int depth)
{
    size_t which = 0;
    if (depth == DEPTH_MOST) {
        return MISTAKE(b->p, line, 0, "more than %d repeats and includes within each other", DEPTH_MOST);
    }
    b->p->line = line;
    TRY(parser_include(b->p, &which));
    const struct line_script *script = &b->p->included[which];
    const char *file = b->p->file;
    b->p->file = b->p->plan->included[which];
    int code = read_lines(b, script, 0, script->count, depth + 1);
    b->p->file = file;
    return code;
}

// One statement, or a whole repeat; *i moves to its last line.
static int read_at(struct blocks *b, const struct line_script *script, size_t *i, size_t to,
                   int depth)
{
    const struct line *line = &script->lines[*i];
    bool is_include = line_word_is(line, 0, "include");
    bool is_block = is_include || line_word_is(line, 0, "repeat") || line_word_is(line, 0, "param");
    if (is_block && !b->p->has_first) {
        b->p->has_first = true;
        MISTAKE(b->p, line, 0, "the first statement must be: scenario NAME");
    }
    if (line_word_is(line, 0, "repeat")) {
        size_t at = *i;
        *i = end_of(script, at, to);
        if (*i == to) {
            return MISTAKE(b->p, line, 0, "this repeat has no 'end'");
        }
        return read_repeat(b, script, at, *i, depth);
    }
    if (line_word_is(line, 0, "end")) {
        return MISTAKE(b->p, line, 0, "no repeat begins before this 'end'");
    }
    if (is_include) {
        return read_include(b, line, depth);
    }
    return line_word_is(line, 0, "param") ? read_param(b, line) : read_one(b, line);
}

static int read_lines(struct blocks *b, const struct line_script *script, size_t from, size_t to,
                      int depth)
{
    for (size_t i = from; i < to && takes_turn(b, &script->lines[i]); i++) {
        int code = read_at(b, script, &i, to, depth);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
    }
    return 0;
}

int parser_blocks(struct parser *p, const struct line_script *script,
                  int (*parse)(struct parser *p))
{
    struct blocks b = {.p = p, .parse = parse};
    return read_lines(&b, script, 0, script->count, 0);
}
