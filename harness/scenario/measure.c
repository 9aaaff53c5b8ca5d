// SPDX-License-Identifier: MIT
#include "harness/scenario/measure.h"
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

#define AMOUNT_MOST (UINT64_C(1) << 50)

struct measure *measures_find(struct measures *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->list[i].name, name) == 0) {
            return &all->list[i];
        }
    }
    return NULL;
}

void measures_set(struct measures *all, const struct measure *m)
{
    struct measure *known = measures_find(all, m->name);
    if (!known && all->count < MEASURES_MOST) {
        known = &all->list[all->count++];
    }
    if (known) {
        *known = *m;
    }
}

void measures_lower(struct measures *sum, const struct measures *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct measure *known = measures_find(sum, run->list[i].name);
        if (!known || run->list[i].value < known->value) {
            measures_set(sum, &run->list[i]);
        }
    }
}

int measure_print_amount(uint64_t value, const char *unit, struct buf *out)
{
    bool is_kb = value && value % 1024 == 0 && strcmp(unit, "bytes") == 0;
    bool is_mb = is_kb && value % (1024 * 1024) == 0;
    uint64_t shown = is_mb ? value / (1024 * 1024) : is_kb ? value / 1024 : value;
    return buf_printf(out, "%" PRIu64 " %s", shown, is_mb ? "MB" : is_kb ? "KB" : unit);
}

int measure_print_value(const struct measure *m, struct buf *out)
{
    TRY(measure_print_amount(m->value, m->unit, out));
    if (m->missed) {
        TRY(buf_append_text(out, ", but not "));
        return measure_print_amount(m->missed, m->unit, out);
    }
    return m->is_most ? buf_append_text(out, ", the most that was tried") : 0;
}

int measure_print(const struct measure *m, struct buf *out)
{
    TRY(buf_printf(out, "%s: ", m->name));
    return measure_print_value(m, out);
}

static int parse_name(struct parser *p, struct measure *m)
{
    struct span name = line_word(p->line, 1);
    if (p->line->count < 5 || name.len == 0 || !line_word_is(p->line, 2, "=")) {
        return MISTAKE(p, p->line->count < 2 ? 1 : 2,
                       "expected: measure NAME = AMOUNT UNIT [enough AMOUNT]");
    }
    if (!span_copy_text(name, m->name, sizeof m->name)) {
        return MISTAKE(p, 1, "a measure's name has at most %d bytes", MEASURE_NAME_BYTES_MOST);
    }
    if (!span_copy_text(line_word(p->line, 4), m->unit, sizeof m->unit)) {
        return MISTAKE(p, 4, "a measure's unit has at most %d bytes", MEASURE_UNIT_BYTES_MOST);
    }
    return 0;
}

bool parser_bytes(const struct parser *p, size_t at, uint64_t *out_bytes)
{
    struct span word = line_word(p->line, at);
    uint8_t last = word.len ? word.ptr[word.len - 1] : 0;
    uint64_t factor = last == 'k' ? 1024 : last == 'M' ? 1024 * 1024 : 1;
    struct span digits = factor > 1 ? span_slice(word, 0, word.len - 1) : word;
    if (span_parse_u64(digits, out_bytes) < 0 || *out_bytes > AMOUNT_MOST / factor) {
        return false;
    }
    *out_bytes *= factor;
    return true;
}

static int parse_amount(struct parser *p, size_t at, const char *unit, uint64_t *out)
{
    bool is_amount = strcmp(unit, "bytes") == 0 ? parser_bytes(p, at, out)
                                                : span_parse_u64(line_word(p->line, at), out) == 0;
    if (!is_amount || *out == 0 || *out > AMOUNT_MOST) {
        return MISTAKE(p, at, "'%.*s' is no amount; amounts read 12, and of bytes 12k or 1M as well",
                       SPAN_ARG(line_word(p->line, at)));
    }
    return 0;
}

// A scenario that measures more than a verdict can tell.
static int check_room(struct parser *p, const struct measure *m)
{
    struct measures known = {.count = 0};
    for (size_t i = 0; i < p->plan->step_count; i++) {
        const struct step *step = &p->plan->steps[i];
        if (step->kind == STEP_MEASURE) {
            measures_set(&known, &step->measure->reached);
        }
    }
    return measures_find(&known, m->name)
               ? 0
               : MISTAKE(p, 1, "more than %d measures in one scenario", MEASURES_MOST);
}

int parser_measure(struct parser *p)
{
    struct step *step;
    TRY(parser_add_step(p, STEP_MEASURE, &step));
    step->measure = calloc(1, sizeof *step->measure);
    ENSURE(step->measure != NULL, ERR_NO_MEMORY);
    struct measure *m = &step->measure->reached;
    TRY(parse_name(p, m));
    TRY(parse_amount(p, 3, m->unit, &m->value));
    TRY(check_room(p, m));
    if (!line_word_is(p->line, 5, "enough")) {
        return parser_end(p, 5);
    }
    TRY(parse_amount(p, 6, m->unit, &step->measure->enough));
    return parser_end(p, 7);
}

const struct step_measure *plan_next_measure(const struct plan *plan, size_t at, const char *name)
{
    for (size_t i = at; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->kind == STEP_MEASURE && (!name || strcmp(step->measure->reached.name, name) == 0)) {
            return step->measure;
        }
    }
    return NULL;
}
