// SPDX-License-Identifier: MIT
#include "harness/scenario/plan.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The field's value as text without a copy of long texts; `room` holds what must be printed.
static struct span value_of(const struct field *f, char *room, size_t capacity_bytes)
{
    if (!f) {
        return SPAN_EMPTY;
    }
    if (f->kind == FIELD_TEXT) {
        return f->text;
    }
    if (f->kind == FIELD_BOOL) {
        return span_text(f->number ? "true" : "false");
    }
    snprintf(room, capacity_bytes, "%" PRId64, f->number);
    return span_text(room);
}

const char *match_how_word(enum match_how how)
{
    static const char *const words[] = {[MATCH_IS] = "=", [MATCH_IS_NOT] = "!=", [MATCH_HAS] = "has"};
    return words[how];
}

static bool fits(struct span value, const char *wanted, enum match_how how)
{
    if (how == MATCH_HAS) {
        size_t len = strlen(wanted);
        return len == 0 || (value.len && memmem(value.ptr, value.len, wanted, len) != NULL);
    }
    return span_equals_text(value, wanted) == (how == MATCH_IS);
}

bool match_event(const struct match *m, const struct event *e)
{
    if (m->type != e->type) {
        return false;
    }
    for (size_t i = 0; i < m->where_count; i++) {
        char room[32];
        struct span value = value_of(event_field(e, m->where[i].field), room, sizeof room);
        if (!fits(value, m->where[i].value, m->where[i].how)) {
            return false;
        }
    }
    return true;
}

// Words that the lexer or the grammar would read otherwise need quotes.
static bool needs_quotes(const char *value)
{
    static const char *const keywords[] = {"and", "with", "within", "before", "until",
                                           "do", "=", "!=", "has", ""};
    for (size_t i = 0; i < HR_COUNT_OF(keywords); i++) {
        if (strcmp(value, keywords[i]) == 0) {
            return true;
        }
    }
    return strpbrk(value, " \t\n\"\\#") != NULL;
}

static int print_value(const char *value, struct buf *out)
{
    if (!needs_quotes(value)) {
        return buf_append_text(out, value);
    }
    TRY(buf_append_u8(out, '"'));
    for (const char *at = value; *at; at++) {
        if (*at == '\n' || *at == '\t') {
            TRY(buf_append_text(out, *at == '\n' ? "\\n" : "\\t"));
            continue;
        }
        if (*at == '"' || *at == '\\') {
            TRY(buf_append_u8(out, '\\'));
        }
        TRY(buf_append_u8(out, (uint8_t)*at));
    }
    return buf_append_u8(out, '"');
}

int match_print(const struct match *m, struct buf *out)
{
    TRY(buf_append_text(out, event_word(m->type)));
    for (size_t i = 0; i < m->where_count; i++) {
        TRY(buf_printf(out, " %s %s %s ", i ? "and" : "with", m->where[i].field,
                       match_how_word(m->where[i].how)));
        TRY(print_value(m->where[i].value, out));
    }
    return 0;
}
