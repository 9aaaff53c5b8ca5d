// SPDX-License-Identifier: MIT
// device, and the statements that stand from their line on: while and when.
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <stdlib.h>

enum { WHEN_TIMES_MOST = 1000000 };

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

// ---- device

static int parse_power(struct parser *p, struct step *step)
{
    static const char *const states[] = {[DEVICE_POWER_OFF] = "off", [DEVICE_POWER_ON] = "on"};
    parser_uses(p, CAPABILITY_POWER, 0, "'device power'");
    for (size_t i = 0; i < HR_COUNT_OF(states); i++) {
        if (line_word_is(p->line, 2, states[i])) {
            step->act = (enum device_verb)i;
            return parser_end(p, 3);
        }
    }
    return MISTAKE(p, 2, "expected: device power on|off");
}

static int parse_reset(struct parser *p, struct step *step)
{
    step->act = DEVICE_RESET;
    parser_uses(p, CAPABILITY_RESET, 0, "'device reset'");
    return parser_end(p, 2);
}

static int parse_send(struct parser *p, struct step *step)
{
    step->act = DEVICE_SEND;
    parser_uses(p, CAPABILITY_CONSOLE, 0, "'device send'");
    return p->line->count < 3 ? MISTAKE(p, 2, "expected: device send WORDS")
                              : parser_words(p, &step->text, 2);
}

int parser_device(struct parser *p, struct step *step)
{
    static const struct {
        const char *word;
        int (*parse)(struct parser *p, struct step *step);
    } rows[] = {{"power", parse_power}, {"reset", parse_reset}, {"send", parse_send}};
    const char *names[HR_COUNT_OF(rows)];
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        names[i] = rows[i].word;
        if (line_word_is(p->line, 1, names[i])) {
            return rows[i].parse(p, step);
        }
    }
    return p->line->count < 2 ? MISTAKE(p, 1, "expected: device power on|off | reset | send WORDS")
                              : parser_unknown(p, 1, "device verb", names, HR_COUNT_OF(names));
}

// ---- while FROM until TO ...

static int parse_expectation(struct parser *p, size_t at, struct step *step)
{
    size_t next = 0;
    bool is_count = line_word_is(p->line, at, "count");
    TRY(parser_match(p, at + is_count, &step->match, &next));
    step->least = 1;
    step->most = UINT64_MAX;
    if (is_count) {
        TRY(parser_range(p, next, &step->least, &step->most));
        next++;
    } else if (line_word_is(p->line, next, "within")) {
        TRY(parser_duration(p, next + 1, 1, &step->during->within_us));
        next += 2;
    }
    return parser_end(p, next);
}

int parser_while(struct parser *p, struct step *step)
{
    size_t next = 0;
    step->during = calloc(1, sizeof *step->during);
    ENSURE(step->during != NULL, ERR_NO_MEMORY);
    TRY(parser_match(p, 1, &step->during->from, &next));
    if (!line_word_is(p->line, next, "until")) {
        return MISTAKE(p, next, "expected 'until MATCH' here");
    }
    TRY(parser_match(p, next + 1, &step->before, &next));
    if (line_word_is(p->line, next, "expect")) {
        return parse_expectation(p, next + 1, step);
    }
    if (!line_word_is(p->line, next, "never")) {
        return MISTAKE(p, next, "expected 'never MATCH' or 'expect ...' here");
    }
    step->during->is_never = true;
    TRY(parser_match(p, next + 1, &step->match, &next));
    return parser_end(p, next);
}

// ---- when MATCH [times N] do ...

static int parse_times(struct parser *p, size_t *next, uint64_t *times)
{
    *times = 1;
    if (!line_word_is(p->line, *next, "times")) {
        return 0;
    }
    if (span_parse_u64(line_word(p->line, *next + 1), times) < 0 || *times == 0 ||
        *times > WHEN_TIMES_MOST) {
        return MISTAKE(p, *next + 1, "expected: times N, 1 to %d", WHEN_TIMES_MOST);
    }
    *next += 2;
    return 0;
}

int parser_when_do(struct parser *p)
{
    struct step *step;
    struct step *then = NULL;
    size_t next = 0;
    TRY(parser_add_step(p, STEP_WHEN, &step));
    size_t at = p->plan->step_count - 1;
    TRY(parser_match(p, 1, &step->match, &next));
    TRY(parse_times(p, &next, &step->times));
    if (!line_word_is(p->line, next, "do")) {
        return MISTAKE(p, next, "expected 'do STATEMENT' here");
    }
    TRY(parser_act(p, next + 1, &then));
    p->plan->steps[at].then = then; // the list may have moved
    return 0;
}
