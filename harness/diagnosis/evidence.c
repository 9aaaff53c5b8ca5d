// SPDX-License-Identifier: MIT
// The clauses of a row's evidence (rows.h).
#include "harness/diagnosis/rows.h"

#include <string.h>

struct clause {
    bool is_never;
    enum event_type type;
    char field[32];      // "" = the event itself
    char operation;      // '=', '!' (not one of), '~', '>' or 0
    struct span operand; // values, a part, or the other event
    enum event_type other;
};

static bool read_event(struct span word, enum event_type *type)
{
    int found = event_type_of(word);
    *type = (enum event_type)(found < 0 ? 0 : found);
    return found >= 0;
}

// "mqtt.cut" or "mqtt.cut.reason"
static bool read_subject(struct span word, struct clause *out)
{
    if (read_event(word, &out->type)) {
        return true;
    }
    size_t dot = word.len;
    while (dot > 0 && word.ptr[dot - 1] != '.') {
        dot--;
    }
    return dot > 0 && read_event(span_slice(word, 0, dot - 1), &out->type) &&
           span_copy_text(span_from(word, dot), out->field, sizeof out->field) &&
           event_has_field(out->type, span_from(word, dot));
}

static bool read_clause(struct span text, struct clause *out)
{
    *out = (struct clause){0};
    text = span_trim(text);
    out->is_never = text.len && text.ptr[0] == '!';
    struct span rest = span_from(text, out->is_never);
    struct span subject = span_cut(rest, ' ', &rest);
    if (!read_subject(subject, out)) {
        return false;
    }
    if (!rest.ptr) {
        return out->field[0] == '\0';
    }
    struct span operation = span_cut(rest, ' ', &out->operand);
    out->operation = operation.len ? (char)operation.ptr[0] : 0;
    if (out->operation == '>') {
        return !out->field[0] && read_event(out->operand, &out->other);
    }
    bool is_known = span_equals_text(operation, "=") || span_equals_text(operation, "!=") ||
                    span_equals_text(operation, "~");
    return is_known && out->field[0];
}

static bool is_one_of(struct span list, const char *value)
{
    do {
        if (span_equals_text(span_cut(list, '|', &list), value)) {
            return true;
        }
    } while (list.ptr);
    return false;
}

static bool contains_one_of(struct span list, const char *value)
{
    do {
        char text[FACT_TEXT_BYTES];
        span_copy_text(span_cut(list, '|', &list), text, sizeof text);
        if (strstr(value, text)) {
            return true;
        }
    } while (list.ptr);
    return false;
}

static bool clause_fits(const struct clause *c, const struct diagnosis *d)
{
    char value[FACT_TEXT_BYTES];
    bool is_seen = d->last_seq[c->type] != 0;
    if (c->is_never) {
        return !is_seen;
    }
    if (c->operation == '>') {
        return facts_last(d, c->type, c->other);
    }
    if (!c->field[0] || !is_seen) {
        return is_seen;
    }
    facts_value(d, c->type, c->field, value);
    if (c->operation == '~') {
        return contains_one_of(c->operand, value);
    }
    return is_one_of(c->operand, value) == (c->operation == '=');
}

bool evidence_fits(const char *evidence, const struct diagnosis *d)
{
    struct span rest = span_text(evidence);
    while (rest.len) {
        struct clause clause;
        if (!read_clause(span_cut(rest, ';', &rest), &clause) || !clause_fits(&clause, d)) {
            return false;
        }
    }
    return true;
}

bool evidence_is_sound(const char *evidence)
{
    struct span rest = span_text(evidence);
    while (rest.len) {
        struct clause clause;
        if (!read_clause(span_cut(rest, ';', &rest), &clause)) {
            return false;
        }
    }
    return true;
}
