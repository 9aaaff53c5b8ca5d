// SPDX-License-Identifier: MIT
#include "harness/dialects/dialect.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/scenario/plan.h"

#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { RULES_MOST = 2000, GROUPS_MOST = 10, LINE_BYTES_MOST = 1024 };

#define MISTAKE(line, at, ...) diag_add(diags, line_place((line), (at)), __VA_ARGS__)

struct rule {
    char *dialect, *pattern, *code, *meaning, *try_text, *sample;
    const char *cause;
    enum event_type type;
    regex_t regex;
    bool is_compiled;
};

struct dialects {
    struct rule *rules;
    size_t count, room;
};

static const struct {
    const char *word, *meaning;
} causes[] = {
#define X(name, word, meaning) {word, meaning},
    LOG_CAUSE_TABLE(X)
#undef X
};

const char *log_cause_word(enum log_cause cause)
{
    return causes[cause].word;
}

const char *log_cause_meaning(enum log_cause cause)
{
    return causes[cause].meaning;
}

struct dialects *dialects_new(void)
{
    return calloc(1, sizeof(struct dialects));
}

static void rule_deinit(struct rule *r)
{
    char *const texts[] = {r->dialect, r->pattern, r->code, r->meaning, r->try_text, r->sample};
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        free(texts[i]);
    }
    if (r->is_compiled) {
        regfree(&r->regex);
    }
}

void dialects_free(struct dialects *d)
{
    for (size_t i = 0; d && i < d->count; i++) {
        rule_deinit(&d->rules[i]);
    }
    free(d ? d->rules : NULL);
    free(d);
}

// ---- reading a file

struct reader {
    struct dialects *d;
    struct diag_list *diags;
    struct span dialect; // its name
};

static int keep(char **field, struct span text)
{
    free(*field);
    *field = span_dup_text(text);
    ENSURE(*field != NULL, ERR_NO_MEMORY);
    return 0;
}

static int add_rule(struct reader *r, const struct line *line, struct rule **out)
{
    struct dialects *d = r->d;
    struct diag_list *diags = r->diags;
    if (d->count == RULES_MOST) {
        return MISTAKE(line, 0, "more than %d patterns", RULES_MOST);
    }
    if (d->count == d->room) {
        size_t room = d->room ? d->room * 2 : 64;
        struct rule *grown = realloc(d->rules, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        d->rules = grown;
        d->room = room;
    }
    *out = &d->rules[d->count++];
    **out = (struct rule){.cause = ""};
    return 0;
}

static int compile(struct reader *r, const struct line *line, struct rule *rule)
{
    struct diag_list *diags = r->diags;
    char why[128];
    int code = regcomp(&rule->regex, rule->pattern, REG_EXTENDED | REG_ICASE);
    if (code != 0) {
        regerror(code, &rule->regex, why, sizeof why);
        return MISTAKE(line, 1, "the pattern cannot be read: %s", why);
    }
    rule->is_compiled = true;
    return 0;
}

static int set_cause(struct reader *r, const struct line *line, size_t at, struct span value,
                     struct rule *rule)
{
    struct diag_list *diags = r->diags;
    const char *names[LOG_CAUSE_COUNT];
    char hint[96];
    for (size_t i = 0; i < LOG_CAUSE_COUNT; i++) {
        names[i] = causes[i].word;
        if (span_equals_text(value, names[i])) {
            rule->cause = names[i];
            return 0;
        }
    }
    return MISTAKE(line, at, "unknown cause '%.*s'%s", SPAN_ARG(value),
                   suggest_text(value, names, LOG_CAUSE_COUNT, hint));
}

// code=..., cause=..., meaning "...", try "..." from word *at on.
static int read_part(struct reader *r, const struct line *line, size_t *at, struct rule *rule)
{
    struct diag_list *diags = r->diags;
    struct span rest = line_word(line, *at);
    struct span name = span_cut(rest, '=', &rest);
    if (rest.ptr && span_equals_text(name, "code")) {
        *at += 1;
        return keep(&rule->code, rest);
    }
    if (rest.ptr && span_equals_text(name, "cause")) {
        *at += 1;
        return set_cause(r, line, *at - 1, rest, rule);
    }
    bool is_meaning = line_word_is(line, *at, "meaning");
    if ((!is_meaning && !line_word_is(line, *at, "try")) || line->count <= *at + 1) {
        return MISTAKE(line, *at, "expected code=..., cause=..., meaning \"...\" or try \"...\"");
    }
    if (line_word(line, *at + 1).len >= LOG_TEXT_BYTES) {
        return MISTAKE(line, *at + 1, "the text is longer than %d bytes", LOG_TEXT_BYTES - 1);
    }
    *at += 2;
    return keep(is_meaning ? &rule->meaning : &rule->try_text, line_word(line, *at - 1));
}

static int read_match(struct reader *r, const struct line *line)
{
    struct diag_list *diags = r->diags;
    struct rule *rule = NULL;
    bool is_error = line_word_is(line, 3, "log.error");
    if (line->count < 4 || !line_word_is(line, 2, "event") ||
        (!is_error && !line_word_is(line, 3, "log.state"))) {
        return MISTAKE(line, line->count < 2 ? 1 : 2,
                       "expected: match \"PATTERN\" event log.error|log.state ...");
    }
    if (!r->dialect.len) {
        return MISTAKE(line, 0, "the first statement must be: dialect NAME");
    }
    TRY(add_rule(r, line, &rule));
    rule->type = is_error ? EVENT_LOG_ERROR : EVENT_LOG_STATE;
    TRY(keep(&rule->dialect, r->dialect));
    TRY(keep(&rule->pattern, line_word(line, 1)));
    TRY(keep(&rule->code, SPAN_EMPTY));
    TRY(keep(&rule->try_text, SPAN_EMPTY));
    TRY(keep(&rule->sample, SPAN_EMPTY));
    TRY(compile(r, line, rule));
    size_t at = 4;
    while (at < line->count) {
        TRY(read_part(r, line, &at, rule));
    }
    if (!rule->meaning || (is_error && !rule->cause[0])) {
        return MISTAKE(line, at, "%s is missing", rule->meaning ? "cause=..." : "meaning \"...\"");
    }
    return 0;
}

static int read_sample(struct reader *r, const struct line *line)
{
    struct diag_list *diags = r->diags;
    if (line->count != 2) {
        return MISTAKE(line, 1, "expected: sample \"LINE\"");
    }
    struct rule *last = r->d->count ? &r->d->rules[r->d->count - 1] : NULL;
    if (!last || !last->sample || last->sample[0]) {
        return MISTAKE(line, 0, "a sample stands behind its match, one each");
    }
    return keep(&last->sample, line_word(line, 1));
}

static int read_line(struct reader *r, const struct line *line)
{
    static const char *const names[] = {"dialect", "about", "match", "sample"};
    struct diag_list *diags = r->diags;
    char hint[96];
    if (line_word_is(line, 0, "dialect") && line->count == 2) {
        r->dialect = line_word(line, 1);
        return 0;
    }
    if (line_word_is(line, 0, "about") && line->count > 1) {
        return 0; // for readers of the file
    }
    if (line_word_is(line, 0, "match")) {
        return read_match(r, line);
    }
    if (line_word_is(line, 0, "sample")) {
        return read_sample(r, line);
    }
    return MISTAKE(line, 0, "unknown statement '%.*s'%s", SPAN_ARG(line_word(line, 0)),
                   suggest_text(line_word(line, 0), names, HR_COUNT_OF(names), hint));
}

static int read_script(struct dialects *d, const struct line_script *script, int lexed,
                       struct diag_list *diags)
{
    struct reader r = {.d = d, .diags = diags};
    bool is_good = lexed == 0;
    if (lexed < 0 && lexed != ERR_SYNTAX) {
        return lexed;
    }
    for (size_t i = 0; i < script->count; i++) {
        int code = read_line(&r, &script->lines[i]);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
        is_good &= code == 0;
    }
    if (!is_good) {
        FAIL(ERR_SYNTAX, "%s has mistakes", script->file);
    }
    return 0;
}

int dialects_parse(struct dialects *d, const char *name, struct span text, struct diag_list *diags)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    int lexed = line_parse(name, text, &script, diags);
    return read_script(d, &script, lexed, diags);
}

int dialects_load(const char *folder, struct dialects **out, struct diag_list *diags)
{
    char **files = NULL;
    size_t count = 0;
    *out = NULL;
    TRY(suite_files_of(folder, ".dialect", &files, &count));
    struct dialects *d = dialects_new();
    int code = d ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct line_script script HR_CLEANUP(line_deinit) = {0};
        int lexed = line_read(files[i], &script, diags);
        code = read_script(d, &script, lexed, diags);
    }
    suite_free(files, count);
    if (code < 0) {
        dialects_free(d);
        return code;
    }
    *out = d;
    return 0;
}

int dialects_load_own(struct dialects **out)
{
    char folder[PATH_MAX];
    struct diag_list diags HR_CLEANUP(diag_deinit);
    diag_init(&diags);
    *out = NULL;
    TRY(fs_join(folder, sizeof folder, fs_data_folder(), "harness/dialects"));
    int code = dialects_load(folder, out, &diags);
    if (code == ERR_SYNTAX && diags.count) {
        FAIL(ERR_SYNTAX, "%s:%d: %s", diags.items[0].file, diags.items[0].line,
             diags.items[0].message);
    }
    return code;
}

// ---- reading a log

// A line without colours and other control sequences; bytes of 0 end a C string, so they go too.
static void clean(struct span line, char out[LINE_BYTES_MOST])
{
    size_t n = 0;
    for (size_t i = 0; i < line.len && n + 1 < LINE_BYTES_MOST; i++) {
        uint8_t c = line.ptr[i];
        if (c == 0x1b && i + 1 < line.len && line.ptr[i + 1] == '[') {
            i += 2;
            while (i < line.len && (line.ptr[i] < 0x40 || line.ptr[i] > 0x7e)) {
                i++;
            }
        } else if (c >= 0x20 || c == '\t') {
            out[n++] = (char)c;
        }
    }
    out[n] = '\0';
}

static void fill_groups(const char *template, const char *line, const regmatch_t *groups, char *out,
                        size_t capacity)
{
    size_t n = 0;
    for (const char *at = template; *at && n + 1 < capacity; at++) {
        if (*at != '$' || at[1] < '1' || at[1] > '9') {
            out[n++] = *at;
            continue;
        }
        const regmatch_t *g = &groups[*++at - '0'];
        for (regoff_t i = g->rm_so; g->rm_so >= 0 && i < g->rm_eo && n + 1 < capacity; i++) {
            out[n++] = line[i];
        }
    }
    out[n] = '\0';
}

bool dialects_read(const struct dialects *d, struct span line, struct log_hit *out)
{
    char text[LINE_BYTES_MOST];
    regmatch_t groups[GROUPS_MOST];
    clean(line, text);
    for (size_t i = 0; i < d->count; i++) {
        const struct rule *r = &d->rules[i];
        if (regexec(&r->regex, text, GROUPS_MOST, groups, 0) != 0) {
            continue;
        }
        *out = (struct log_hit){.type = r->type,
                                .dialect = r->dialect,
                                .cause = r->cause,
                                .meaning = r->meaning,
                                .try_text = r->try_text,
                                .rule = i};
        fill_groups(r->code, text, groups, out->code, sizeof out->code);
        return true;
    }
    return false;
}

size_t dialects_count(const struct dialects *d)
{
    return d->count;
}

struct log_rule dialects_rule(const struct dialects *d, size_t i)
{
    const struct rule *r = &d->rules[i];
    return (struct log_rule){r->dialect, r->pattern, r->code, r->cause, r->meaning, r->sample};
}
