// SPDX-License-Identifier: MIT
// The head of a scenario: its name, what it is for, whom it binds and what it needs.
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MOST = 200 };

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

// The file's last two path parts: *folder is empty for a bare file name.
static void place_in_suite(const char *file, struct span *folder, struct span *stem)
{
    struct span path = span_text(file);
    while (span_starts_with(path, SPAN_LITERAL("./"))) {
        path = span_from(path, 2);
    }
    struct span rest = path;
    *folder = SPAN_EMPTY;
    *stem = path;
    while (rest.ptr) {
        *folder = *stem;
        *stem = span_cut(rest, '/', &rest);
    }
    if (stem->len == path.len) {
        *folder = SPAN_EMPTY;
    }
    if (span_ends_with(*stem, SPAN_LITERAL(".scn"))) {
        stem->len -= 4;
    }
}

static int check_name(struct parser *p, struct span word)
{
    struct span folder, stem;
    char wanted[NAME_BYTES_MOST * 2];
    for (size_t i = 0; i < word.len; i++) {
        if (!is_name_char(word.ptr[i]) && word.ptr[i] != '/') {
            return MISTAKE(p, 1, "a name has letters, digits, '-', '_' and '.' only");
        }
    }
    if (word.len > NAME_BYTES_MOST) {
        return MISTAKE(p, 1, "the name is longer than %d bytes", NAME_BYTES_MOST);
    }
    place_in_suite(p->plan->file, &folder, &stem);
    snprintf(wanted, sizeof wanted, "%.*s%s%.*s", SPAN_ARG(folder), folder.len ? "." : "",
             SPAN_ARG(stem));
    for (char *at = p->plan->name; *at; at++) {
        *at = *at == '/' ? '.' : *at;
    }
    if (strcmp(p->plan->name, wanted) == 0) {
        return 0;
    }
    // A bare file name does not show its folder, so only the last part can be compared.
    const char *last = strrchr(p->plan->name, '.');
    if (folder.len == 0 && last && span_equals_text(stem, last + 1)) {
        return 0;
    }
    return MISTAKE(p, 1, "the file's place asks for the name '%s', seen '%.*s'", wanted,
                   SPAN_ARG(word));
}

int parser_head_scenario(struct parser *p)
{
    if (p->scenario_line) {
        return MISTAKE(p, 0, "'scenario' stands already on line %d; one scenario per file",
                       p->scenario_line);
    }
    p->scenario_line = p->line->at.line;
    struct span word = line_word(p->line, 1);
    if (word.len == 0) {
        return MISTAKE(p, 1, "expected: scenario NAME");
    }
    TRY(parser_text(&p->plan->name, word));
    TRY(check_name(p, word));
    return parser_end(p, 2);
}

// One statement of free words, given once.
static int parse_words(struct parser *p, const char *verb, int *line, char **out)
{
    if (*line) {
        return MISTAKE(p, 0, "'%s' stands already on line %d", verb, *line);
    }
    *line = p->line->at.line;
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: %s WORDS", verb);
    }
    return parser_words(p, out, 1);
}

int parser_head_about(struct parser *p)
{
    return parse_words(p, "about", &p->about_line, &p->plan->about);
}

int parser_head_why(struct parser *p)
{
    return parse_words(p, "why", &p->why_line, &p->plan->why);
}

int parser_head_source(struct parser *p)
{
    return parse_words(p, "source", &p->basis_line, &p->plan->basis);
}

static const char *const level_words[] = {"must", "should", "info"};

const char *level_word(enum level level)
{
    return level_words[level];
}

int parser_head_level(struct parser *p)
{
    if (p->level_line) {
        return MISTAKE(p, 0, "'level' stands already on line %d", p->level_line);
    }
    p->level_line = p->line->at.line;
    for (size_t i = 0; i < HR_COUNT_OF(level_words); i++) {
        if (line_word_is(p->line, 1, level_words[i])) {
            p->plan->level = (enum level)i;
            return parser_end(p, 2);
        }
    }
    return parser_unknown(p, 1, "level", level_words, HR_COUNT_OF(level_words));
}

int parser_head_tags(struct parser *p)
{
    struct plan *plan = p->plan;
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: tags WORD...");
    }
    for (size_t i = 1; i < p->line->count; i++) {
        if (plan->tag_count == HR_COUNT_OF(plan->tags)) {
            return MISTAKE(p, i, "more than %zu tags", HR_COUNT_OF(plan->tags));
        }
        struct span tag = line_word(p->line, i);
        if (tag.len == 0 ||
            !span_copy_text(tag, plan->tags[plan->tag_count], sizeof plan->tags[0])) {
            return MISTAKE(p, i, "a tag has 1 to %zu bytes", sizeof plan->tags[0] - 1);
        }
        plan->tag_count++;
    }
    return 0;
}

int parser_head_needs(struct parser *p)
{
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: needs CAPABILITY ... (see: hubrig words capabilities)");
    }
    for (size_t i = 1; i < p->line->count; i++) {
        unsigned bit = capability_of(line_word(p->line, i));
        if (!bit) {
            return parser_unknown(p, i, "capability", capability_words(), CAPABILITY_COUNT);
        }
        p->plan->needs |= bit;
        if (bit == CAN(TLS13)) {
            p->tls13_use = line_place(p->line, i);
        }
        p->plan->needs_services = p->plan->needs_services || bit == CAN(SNTP);
    }
    return 0;
}

int parser_head_limit(struct parser *p)
{
    if (p->limit_line) {
        return MISTAKE(p, 0, "'limit' stands already on line %d", p->limit_line);
    }
    p->limit_line = p->line->at.line;
    TRY(parser_duration(p, 1, 1000, &p->plan->limit_us));
    return parser_end(p, 2);
}

