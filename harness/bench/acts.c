// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/when.h"
#include "harness/bench/reader.h"

#include <stdlib.h>
#include <string.h>

enum { EXPECT_US = 5000000, COMMAND_US = 300000000, WAIT_US_MOST = 600000000 };

static int add(struct bench_acts *acts, const struct bench_act *act)
{
    struct bench_act *grown = realloc(acts->items, (acts->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    acts->items = grown;
    acts->items[acts->count++] = *act;
    return 0;
}

static void free_words(struct bench_act *act)
{
    for (size_t i = 0; i < act->word_count; i++) {
        free(act->words[i]);
    }
    free(act->words);
}

static int add_word(struct bench_act *act, struct span text)
{
    char **grown = realloc(act->words, (act->word_count + 2) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    act->words = grown;
    act->words[act->word_count] = span_dup_text(text);
    ENSURE(act->words[act->word_count] != NULL, ERR_NO_MEMORY);
    act->words[++act->word_count] = NULL;
    return 0;
}

void acts_deinit(struct bench_acts *acts)
{
    for (size_t i = 0; i < acts->count; i++) {
        free_words(&acts->items[i]);
    }
    free(acts->items);
    *acts = (struct bench_acts){0};
}

int acts_add_command(struct bench_acts *acts, int line, const char *const *words, size_t count)
{
    struct bench_act act = {.kind = ACT_COMMAND, .line = line, .time_us = COMMAND_US};
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add_word(&act, span_text(words[i]));
    }
    code = code == 0 ? add(acts, &act) : code;
    if (code < 0) {
        free_words(&act);
    }
    return code;
}

// ---- the forms

static int read_joined(struct reader *r, size_t from, size_t until, struct bench_act *act)
{
    struct buf joined HR_CLEANUP(buf_deinit);
    buf_init(&joined, LINE_FILE_BYTES_MOST);
    for (size_t i = from; i < until; i++) {
        TRY(i > from ? buf_append_u8(&joined, ' ') : 0);
        TRY(buf_append(&joined, line_word(r->line, i)));
    }
    TRY(reader_check_template(r, from, buf_span(&joined)));
    return add_word(act, buf_span(&joined));
}

static int read_send(struct reader *r, size_t at, struct bench_act *act)
{
    act->kind = ACT_SEND;
    return read_joined(r, at + 1, r->line->count, act);
}

static int read_expect(struct reader *r, size_t at, struct bench_act *act)
{
    size_t until = r->line->count;
    act->kind = ACT_EXPECT;
    act->time_us = EXPECT_US;
    if (until >= at + 4 && line_word_is(r->line, until - 2, "within")) {
        until -= 2;
        TRY(reader_duration(r, until + 1, &act->time_us));
    }
    if (until < at + 2 || line_word(r->line, at + 1).len == 0) {
        return MISTAKE(r, at + 1, "expected: expect TEXT [within DURATION]");
    }
    return read_joined(r, at + 1, until, act);
}

static int read_wait(struct reader *r, size_t at, struct bench_act *act)
{
    act->kind = ACT_WAIT;
    TRY(reader_duration(r, at + 1, &act->time_us));
    if (act->time_us > WAIT_US_MOST) {
        return MISTAKE(r, at + 1, "longer than 10 minutes");
    }
    return r->line->count > at + 2 ? MISTAKE(r, at + 2, "expected: wait DURATION") : 0;
}

static int read_command(struct reader *r, size_t at, struct bench_act *act)
{
    act->kind = ACT_COMMAND;
    act->time_us = COMMAND_US;
    if (r->line->count < at + 2) {
        return MISTAKE(r, at + 1, "expected: command PROGRAM [ARGUMENT...]");
    }
    for (size_t i = at + 1; i < r->line->count; i++) {
        TRY(reader_check_template(r, i, line_word(r->line, i)));
        TRY(add_word(act, line_word(r->line, i)));
    }
    return 0;
}

static const struct act_form {
    const char *word;
    int (*read)(struct reader *r, size_t at, struct bench_act *act);
} forms[] = {
    {"send", read_send},
    {"expect", read_expect},
    {"wait", read_wait},
    {"command", read_command},
};

// ---- control lines

static bool read_line_state(struct span word, struct bench_act *act)
{
    static const struct {
        const char *word;
        int dtr, rts;
    } states[] = {
        {"dtr=on", 1, -1}, {"dtr=off", 0, -1}, {"rts=on", -1, 1}, {"rts=off", -1, 0},
    };
    for (size_t i = 0; i < HR_COUNT_OF(states); i++) {
        if (span_equals_text(word, states[i].word)) {
            act->dtr = states[i].dtr;
            act->rts = states[i].rts;
            return true;
        }
    }
    return false;
}

// `lines dtr=off rts=on wait 100ms rts=off`: one act per word, two for `wait`.
static int read_lines(struct reader *r, size_t at, struct bench_acts *acts)
{
    static const char *const words[] = {"dtr=on", "dtr=off", "rts=on", "rts=off", "wait"};
    if (r->line->count < at + 2) {
        return MISTAKE(r, at + 1, "expected: lines dtr=on|off rts=on|off [wait DURATION] ...");
    }
    for (size_t i = at + 1; i < r->line->count; i++) {
        struct bench_act act = {.kind = ACT_LINES, .line = r->line->at.line};
        if (line_word_is(r->line, i, "wait")) {
            act.kind = ACT_WAIT;
            TRY(reader_duration(r, ++i, &act.time_us));
        } else if (!read_line_state(line_word(r->line, i), &act)) {
            return reader_unknown(r, i, "line state", words, HR_COUNT_OF(words));
        }
        TRY(add(acts, &act));
    }
    return 0;
}

int acts_read(struct reader *r, size_t at, struct bench_acts *acts)
{
    static const char *const words[] = {"send", "expect", "wait", "command", "lines"};
    if (acts->count >= BOARD_ACTS_MOST) {
        return MISTAKE(r, at, "more than %d lines of this kind", BOARD_ACTS_MOST);
    }
    if (line_word_is(r->line, at, "lines")) {
        return read_lines(r, at, acts);
    }
    for (size_t i = 0; i < HR_COUNT_OF(forms); i++) {
        struct bench_act act = {.line = r->line->at.line};
        if (!line_word_is(r->line, at, forms[i].word)) {
            continue;
        }
        int code = forms[i].read(r, at, &act);
        code = code == 0 ? add(acts, &act) : code;
        if (code < 0) {
            free_words(&act);
        }
        return code;
    }
    if (r->line->count <= at) {
        return MISTAKE(r, at, "expected: send, expect, wait, command or lines");
    }
    return reader_unknown(r, at, "act", words, HR_COUNT_OF(words));
}
