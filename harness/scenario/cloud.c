// SPDX-License-Identifier: MIT
// The statements of the service: hub c2d, hub desired, hub method.
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <jansson.h>
#include <stdlib.h>

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

static int keep_text(struct step *step, struct span text)
{
    step->text = span_dup_text(text);
    ENSURE(step->text != NULL, ERR_NO_MEMORY);
    return 0;
}

static int parse_id(struct parser *p, size_t at, struct step *step)
{
    struct span word = line_word(p->line, at);
    if (word.len == 0 || !span_copy_text(word, step->message->id, sizeof step->message->id)) {
        return MISTAKE(p, at, "a message id has 1 to %d bytes", C2D_ID_BYTES_MOST);
    }
    return 0;
}

static int parse_ack(struct parser *p, size_t at, struct step *step)
{
    static const char *const names[] = {
#define X(name, word) word,
        C2D_ACK_TABLE(X)
#undef X
    };
    int ack = c2d_ack_of(line_word(p->line, at));
    if (ack < 0) {
        return parser_unknown(p, at, "kind of feedback", names, HR_COUNT_OF(names));
    }
    step->message->ack = (enum c2d_ack)ack;
    return 0;
}

// Whole seconds, because the service counts in them.
static int parse_seconds(struct parser *p, size_t at, uint32_t least_s, uint32_t most_s,
                         uint32_t *out_s)
{
    uint64_t us = 0;
    TRY(parser_duration(p, at, 1, &us));
    if (us % 1000000 || us / 1000000 < least_s || us / 1000000 > most_s) {
        return MISTAKE(p, at, "'%.*s' is out of range: %u to %u whole seconds",
                       SPAN_ARG(line_word(p->line, at)), least_s, most_s);
    }
    *out_s = (uint32_t)(us / 1000000);
    return 0;
}

static int parse_ttl(struct parser *p, size_t at, struct step *step)
{
    return parse_seconds(p, at, 1, C2D_TTL_S_MOST, &step->message->ttl_s);
}

static int parse_size(struct parser *p, size_t at, struct step *step)
{
    uint64_t size_bytes = 0;
    if (!parser_bytes(p, at, &size_bytes) || size_bytes == 0 ||
        size_bytes > C2D_BYTES_MOST || step->text[0] == '\0') {
        return MISTAKE(p, at, "size wants 1 to %d bytes, and a body to repeat", C2D_BYTES_MOST);
    }
    step->message->size_bytes = (size_t)size_bytes;
    return 0;
}

// NAME = VALUE
static int parse_property(struct parser *p, size_t at, struct step *step)
{
    struct step_message *m = step->message;
    if (m->property_count == STEP_PROPERTIES_MOST) {
        return MISTAKE(p, at, "more than %d properties on one message", STEP_PROPERTIES_MOST);
    }
    if (!line_word_is(p->line, at + 1, "=") || at + 2 >= p->line->count) {
        return MISTAKE(p, at, "expected: property NAME = VALUE, with blanks around '='");
    }
    if (!span_copy_text(line_word(p->line, at), m->properties[m->property_count].name,
                        sizeof m->properties[0].name) ||
        !span_copy_text(line_word(p->line, at + 2), m->properties[m->property_count].value,
                        sizeof m->properties[0].value)) {
        return MISTAKE(p, at, "a property's name has at most 63 bytes, its value at most 159");
    }
    m->property_count++;
    return 0;
}

static int parse_input(struct parser *p, size_t at, struct step *step)
{
    struct span word = line_word(p->line, at);
    if (word.len == 0 || !span_copy_text(word, step->message->input, sizeof step->message->input)) {
        return MISTAKE(p, at, "an input has a name of 1 to %zu bytes", sizeof step->message->input - 1);
    }
    parser_uses(p, CAPABILITY_MODULE, at, "an input");
    return 0;
}

static const struct clause {
    const char *word;
    size_t words; // behind it
    int (*parse)(struct parser *p, size_t at, struct step *step);
} clauses[] = {{"id", 1, parse_id},
               {"ack", 1, parse_ack},
               {"ttl", 1, parse_ttl},
               {"size", 1, parse_size},
               {"property", 3, parse_property},
               {"input", 1, parse_input}};

static int parse_clause(struct parser *p, size_t *at, struct step *step)
{
    const char *names[HR_COUNT_OF(clauses)];
    for (size_t i = 0; i < HR_COUNT_OF(clauses); i++) {
        names[i] = clauses[i].word;
        if (line_word_is(p->line, *at, clauses[i].word)) {
            TRY(clauses[i].parse(p, *at + 1, step));
            *at += 1 + clauses[i].words;
            return 0;
        }
    }
    return parser_unknown(p, *at, "part of a message", names, HR_COUNT_OF(names));
}

int parser_c2d(struct parser *p, struct step *step)
{
    if (p->line->count < 3) {
        return MISTAKE(p, 2,
                       "expected: hub c2d BODY [id ID] [ack full] [ttl DURATION] "
                       "[size BYTES] [property NAME = VALUE ...] [input NAME]");
    }
    TRY(keep_text(step, line_word(p->line, 2)));
    step->message = calloc(1, sizeof *step->message);
    ENSURE(step->message != NULL, ERR_NO_MEMORY);
    size_t at = 3;
    while (at < p->line->count) {
        TRY(parse_clause(p, &at, step));
    }
    return 0;
}

static int check_json(struct parser *p, size_t at, bool is_object)
{
    struct span word = line_word(p->line, at);
    json_error_t error;
    json_t *value =
        json_loadb(word.len ? (const char *)word.ptr : "", word.len, JSON_DECODE_ANY, &error);
    bool is_good = value && (!is_object || json_is_object(value));
    json_decref(value);
    if (is_good) {
        return 0;
    }
    if (value) {
        return MISTAKE(p, at, "expected an object in quotes: \"{\\\"rate\\\":5}\"");
    }
    return MISTAKE(p, at, "not JSON, byte %d: %s; write it in quotes: \"{\\\"rate\\\":5}\"",
                   error.position, error.text);
}

int parser_desired(struct parser *p, struct step *step)
{
    if (p->line->count < 3) {
        return MISTAKE(p, 2, "expected: hub desired \"JSON\"");
    }
    TRY(check_json(p, 2, true));
    TRY(keep_text(step, line_word(p->line, 2)));
    return parser_end(p, 3);
}

static int parse_payload_size(struct parser *p, size_t at, struct step *step)
{
    uint64_t size_bytes = 0;
    if (!parser_bytes(p, at, &size_bytes) || size_bytes < 2 || size_bytes > METHOD_PAYLOAD_BYTES_MOST) {
        return MISTAKE(p, at, "size wants 2 to %d bytes, for a JSON text with its quotes",
                       METHOD_PAYLOAD_BYTES_MOST);
    }
    step->payload_bytes = (size_t)size_bytes;
    return 0;
}

int parser_method(struct parser *p, struct step *step)
{
    struct span name = line_word(p->line, 2);
    size_t at = 3;
    step->timeout_s = METHOD_RESPONSE_S;
    if (name.len == 0 || !span_copy_text(name, step->method, sizeof step->method)) {
        return MISTAKE(p, 2, "expected: hub method NAME [\"JSON\" | size BYTES] [within DURATION]");
    }
    bool has_size = line_word_is(p->line, at, "size");
    bool has_payload = p->line->count > at && !has_size && !line_word_is(p->line, at, "within");
    TRY(has_payload ? check_json(p, at, false) : 0);
    TRY(has_size ? parse_payload_size(p, at + 1, step) : 0);
    TRY(keep_text(step, has_payload ? line_word(p->line, at) : SPAN_EMPTY));
    at += has_size ? 2 : has_payload;
    if (line_word_is(p->line, at, "within")) {
        TRY(parse_seconds(p, at + 1, METHOD_RESPONSE_S_LEAST, METHOD_TIMEOUT_S_MOST,
                          &step->timeout_s));
        at += 2;
    }
    return parser_end(p, at);
}
