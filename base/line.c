// SPDX-License-Identifier: MIT
#include "base/line.h"
#include "base/error.h"
#include "base/fs.h"

#include <stdlib.h>

// One word as found: offsets, because the decoded buffer and the word array still grow.
struct raw_word {
    size_t offset;
    size_t len;
    int column;
    bool is_quoted;
};

struct splitter {
    struct line_script *script;
    struct diag_list *diags;
    struct raw_word raw[LINE_WORDS_MOST];
    size_t raw_count;
    size_t words_total;
    size_t words_room;
    size_t lines_room;
    bool has_error;
};

static int report(struct splitter *s, int line, size_t column, const char *message)
{
    struct place at = {s->script->file, line, (int)column + 1};
    s->has_error = true;
    return diag_add(s->diags, at, "%s", message);
}

static int escape_of(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case 'n':
        return '\n';
    case 't':
        return '\t';
    default:
        return -1;
    }
}

// A quoted word from its opening quote on; returns the offset behind the closing quote.
static int split_quoted(struct splitter *s, struct span line, int number, size_t from, size_t *next)
{
    struct buf *decoded = &s->script->decoded;
    size_t i = from + 1;
    while (i < line.len && line.ptr[i] != '"') {
        uint8_t c = line.ptr[i];
        if (c == '\\') {
            int plain = i + 1 < line.len ? escape_of(line.ptr[i + 1]) : -1;
            if (plain < 0) {
                return report(s, number, i, "unknown escape; use \\\" \\\\ \\n or \\t");
            }
            c = (uint8_t)plain;
            i++;
        }
        TRY(buf_append_u8(decoded, c));
        i++;
    }
    if (i >= line.len) {
        return report(s, number, from, "the quote that opens here is never closed");
    }
    *next = i + 1;
    if (*next < line.len && line.ptr[*next] != ' ' && line.ptr[*next] != '\t') {
        return report(s, number, *next, "a blank must follow the closing quote");
    }
    return 0;
}

static int split_plain(struct splitter *s, struct span line, size_t from, size_t *next)
{
    size_t i = from;
    while (i < line.len && line.ptr[i] != ' ' && line.ptr[i] != '\t' &&
           !(line.ptr[i] == '#' && i == from)) {
        i++;
    }
    *next = i;
    return buf_append(&s->script->decoded, span_slice(line, from, i - from));
}

static int check_bytes(struct splitter *s, struct span line, int number)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] < 0x20 && line.ptr[i] != '\t') {
            return report(s, number, i, "a control character does not belong in a script");
        }
    }
    return 0;
}

static int split_line(struct splitter *s, struct span line, int number)
{
    s->raw_count = 0;
    TRY(check_bytes(s, line, number));
    size_t i = 0;
    while (i < line.len) {
        if (line.ptr[i] == ' ' || line.ptr[i] == '\t') {
            i++;
            continue;
        }
        if (line.ptr[i] == '#') {
            return 0;
        }
        if (s->raw_count == LINE_WORDS_MOST) {
            return report(s, number, i, "too many words on one line (64 at most)");
        }
        struct raw_word *w = &s->raw[s->raw_count];
        *w = (struct raw_word){.offset = s->script->decoded.len,
                               .column = (int)i + 1,
                               .is_quoted = line.ptr[i] == '"'};
        TRY(w->is_quoted ? split_quoted(s, line, number, i, &i) : split_plain(s, line, i, &i));
        w->len = s->script->decoded.len - w->offset;
        s->raw_count++;
    }
    return 0;
}

static int keep_line(struct splitter *s, struct span source, int number)
{
    struct line_script *script = s->script;
    if (script->count == s->lines_room) {
        size_t room = s->lines_room ? s->lines_room * 2 : 32;
        struct line *grown = realloc(script->lines, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        script->lines = grown;
        s->lines_room = room;
    }
    if (s->words_total + s->raw_count > s->words_room) {
        size_t room = s->words_room * 2 + LINE_WORDS_MOST;
        struct word *grown = realloc(script->words, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        script->words = grown;
        s->words_room = room;
    }
    for (size_t i = 0; i < s->raw_count; i++) {
        // an offset for now: settle() turns it into a pointer
        script->words[s->words_total + i] =
            (struct word){.text = {(const uint8_t *)(uintptr_t)s->raw[i].offset, s->raw[i].len},
                          .column = s->raw[i].column,
                          .is_quoted = s->raw[i].is_quoted};
    }
    script->lines[script->count++] = (struct line){
        .at = {script->file, number, s->raw[0].column}, .count = s->raw_count, .source = source};
    s->words_total += s->raw_count;
    return 0;
}

// Both arrays have stopped growing: turn offsets into pointers.
static void settle(struct line_script *script)
{
    struct word *w = script->words;
    for (size_t i = 0; i < script->count; i++) {
        script->lines[i].words = w;
        for (size_t k = 0; k < script->lines[i].count; k++) {
            w[k].text.ptr = script->decoded.data + (uintptr_t)w[k].text.ptr;
        }
        w += script->lines[i].count;
    }
}

static int split_text(struct splitter *s)
{
    struct span rest = buf_span(&s->script->text);
    for (int number = 1; rest.ptr; number++) {
        struct span line = span_cut(rest, '\n', &rest);
        if (line.len && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        int code = split_line(s, line, number);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
        if (code == 0 && s->raw_count > 0) {
            TRY(keep_line(s, line, number));
        }
    }
    return 0;
}

static int split_script(struct line_script *script, struct diag_list *diags)
{
    struct splitter s = {.script = script, .diags = diags};
    int code = split_text(&s);
    settle(script);
    TRY(code);
    return s.has_error ? ERR_SYNTAX : 0;
}

static int script_init(struct line_script *script, const char *name)
{
    *script = (struct line_script){.file = span_dup_text(span_text(name))};
    buf_init(&script->text, LINE_FILE_BYTES_MOST);
    buf_init(&script->decoded, LINE_FILE_BYTES_MOST);
    ENSURE(script->file != NULL, ERR_NO_MEMORY);
    return buf_reserve(&script->decoded, 1); // words point into it, even if all are empty
}

int line_read(const char *path, struct line_script *script, struct diag_list *diags)
{
    TRY(script_init(script, path));
    TRY(fs_read_file(path, &script->text));
    return split_script(script, diags);
}

int line_parse(const char *name, struct span text, struct line_script *script,
               struct diag_list *diags)
{
    TRY(script_init(script, name));
    TRY(buf_append(&script->text, text));
    return split_script(script, diags);
}

void line_deinit(struct line_script *script)
{
    free(script->file);
    free(script->lines);
    free(script->words);
    buf_deinit(&script->text);
    buf_deinit(&script->decoded);
    *script = (struct line_script){0};
}

struct place line_place(const struct line *line, size_t i)
{
    struct place at = line->at;
    at.column = i < line->count ? line->words[i].column : (int)line->source.len + 1;
    return at;
}

struct span line_word(const struct line *line, size_t i)
{
    return i < line->count ? line->words[i].text : SPAN_EMPTY;
}

bool line_word_is(const struct line *line, size_t i, const char *text)
{
    return i < line->count && !line->words[i].is_quoted &&
           span_equals_text(line->words[i].text, text);
}

int line_join(const struct line *line, size_t i, struct buf *out)
{
    for (size_t k = i; k < line->count; k++) {
        TRY(k > i ? buf_append_u8(out, ' ') : 0);
        TRY(buf_append(out, line->words[k].text));
    }
    return 0;
}
