// SPDX-License-Identifier: MIT
// What a scenario says about itself: why it matters, how much, and who asks for it.
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <string.h>

static const char *const levels[] = {
    [LEVEL_MUST] = "must", [LEVEL_SHOULD] = "should", [LEVEL_INFO] = "info"};

const char *plan_level_word(enum plan_level level)
{
    return levels[level];
}

bool plan_has_tag(const struct plan *plan, const char *tag)
{
    for (size_t i = 0; i < plan->tag_count; i++) {
        if (strcmp(plan->tags[i], tag) == 0) {
            return true;
        }
    }
    return strcmp(levels[plan->level], tag) == 0;
}

void plan_slow_down(struct plan *plan, double factor)
{
    plan->limit_us = (uint64_t)((double)plan->limit_us * factor);
    for (size_t i = 0; i < plan->step_count; i++) {
        struct step *step = &plan->steps[i];
        bool is_open = step->kind == STEP_COUNT && step->most == UINT64_MAX;
        if (step->kind == STEP_EXPECT || is_open) {
            step->duration_us = (uint64_t)((double)step->duration_us * factor);
        }
    }
}

static int once(struct parser *p, const char *verb, int *line)
{
    if (*line) {
        return diag_add(p->diags, line_place(p->line, 0), "'%s' stands already on line %d", verb,
                        *line);
    }
    *line = p->line->at.line;
    return 0;
}

static int words_once(struct parser *p, const char *verb, int *line, char **field)
{
    TRY(once(p, verb, line));
    if (p->line->count < 2) {
        return diag_add(p->diags, line_place(p->line, 1), "expected: %s WORDS", verb);
    }
    return parser_words(p, 1, field);
}

int parser_why(struct parser *p)
{
    return words_once(p, "why", &p->why_line, &p->plan->why);
}

int parser_source(struct parser *p)
{
    return words_once(p, "source", &p->source_line, &p->plan->clause);
}

int parser_level(struct parser *p)
{
    TRY(once(p, "level", &p->level_line));
    if (p->line->count < 2) {
        return diag_add(p->diags, line_place(p->line, 1), "expected: level must|should|info");
    }
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (line_word_is(p->line, 1, levels[i])) {
            p->plan->level = (enum plan_level)i;
            return parser_end(p, 2);
        }
    }
    return parser_unknown(p, 1, "level", levels, LEVEL_COUNT);
}
