// SPDX-License-Identifier: MIT
// What statements are made of: durations, dates, chains, matches, ranges.
#include "harness/scenario/parser.h"
#include "base/error.h"
#include "base/when.h"
#include "certs/timeline.h"

#include <stdlib.h>
#include <string.h>

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

int parser_unknown(struct parser *p, size_t at, const char *what, const char *const *names,
                   size_t count)
{
    char hint[96];
    struct span word = line_word(p->line, at);
    return MISTAKE(p, at, "unknown %s '%.*s'%s", what, SPAN_ARG(word),
                   suggest_text(word, names, count, hint));
}

void parser_uses(struct parser *p, enum capability_index capability, size_t at, const char *what)
{
    if (!p->uses[capability].at.line) {
        p->uses[capability].at = line_place(p->line, at);
        p->uses[capability].what = what;
    }
}

int parser_text(char **field, struct span text)
{
    free(*field);
    *field = span_dup_text(text);
    ENSURE(*field != NULL, ERR_NO_MEMORY);
    return 0;
}

int parser_words(struct parser *p, char **field, size_t at)
{
    struct buf joined HR_CLEANUP(buf_deinit);
    buf_init(&joined, LINE_FILE_BYTES_MOST);
    TRY(line_join(p->line, at, &joined));
    return parser_text(field, buf_span(&joined));
}

int parser_end(struct parser *p, size_t at)
{
    if (p->line->count > at) {
        return MISTAKE(p, at, "'%.*s' is too much here: the statement is complete before it",
                       SPAN_ARG(line_word(p->line, at)));
    }
    return 0;
}

int parser_duration(struct parser *p, size_t at, int64_t least_us, uint64_t *out_us)
{
    struct span word = line_word(p->line, at);
    int64_t us = 0;
    char least[32];
    if (word.len == 0) {
        return MISTAKE(p, at, "a duration is missing; durations read 250ms, 90s, 4m, 1h30m");
    }
    int code = duration_parse(word, &us);
    if (code == ERR_VALUE) {
        return MISTAKE(p, at, "'%.*s' is longer than 100 years", SPAN_ARG(word));
    }
    if (code < 0) {
        return MISTAKE(p, at, "'%.*s' is not a duration; durations read 250ms, 90s, 4m, 1h30m",
                       SPAN_ARG(word));
    }
    if (us < least_us) {
        return MISTAKE(p, at, "'%.*s' is too short; at least %s", SPAN_ARG(word),
                       duration_print(least_us, least));
    }
    *out_us = (uint64_t)us;
    return 0;
}

int parser_chain(struct parser *p, size_t at, char out[96])
{
    struct span word = line_word(p->line, at);
    if (word.len == 0) {
        return MISTAKE(p, at, "the name of a chain is missing, such as azure/digicert-g2");
    }
    if (!span_copy_text(word, out, 96)) {
        return MISTAKE(p, at, "the name of the chain is longer than 95 bytes");
    }
    bool is_file = span_ends_with(word, SPAN_LITERAL(".chain")) ||
                   (span_starts_with(word, SPAN_LITERAL("timeline/")) && timeline_resolve(out));
    for (size_t i = 0; !is_file && i < p->chain_count; i++) {
        if (strcmp(out, p->chain_names[i]) == 0) {
            return 0;
        }
    }
    return is_file || !p->chain_names
               ? 0
               : parser_unknown(p, at, "chain", p->chain_names, p->chain_count);
}

int parser_when(struct parser *p, size_t at, bool is_device, struct when *out)
{
    struct span word = line_word(p->line, at);
    const char *forms = is_device ? "hub, a date such as 1970-01-01T00:00:10Z, or +2h or -30d"
                                  : "real, a date such as 2026-11-20T08:00:00Z, or +2h or -30d";
    if (line_word_is(p->line, at, is_device ? "hub" : "real")) {
        *out = (struct when){.kind = is_device ? WHEN_HUB : WHEN_REAL};
        return 0;
    }
    bool has_sign = word.len && (word.ptr[0] == '+' || word.ptr[0] == '-');
    *out = (struct when){.kind = has_sign ? WHEN_OFFSET : WHEN_DATE};
    int code = has_sign ? duration_parse(word, &out->us) : utc_parse(word, &out->us);
    if (code == 0) {
        return 0;
    }
    if (line_word_is(p->line, at, "hub") || line_word_is(p->line, at, "real")) {
        return MISTAKE(p, at, "'%.*s' is for the %s's clock; here stands %s", SPAN_ARG(word),
                       is_device ? "hub" : "device", forms);
    }
    return MISTAKE(p, at, "'%.*s' is not a time; expected %s", SPAN_ARG(word), forms);
}

// The fields of a row as an array of names for suggestions; they live in `room`.
static size_t field_names(enum event_type type, char room[512], const char *names[32])
{
    size_t count = 0;
    span_copy_text(span_text(event_fields(type)), room, 512);
    char *save = NULL;
    for (char *at = strtok_r(room, " ", &save); at && count < 32; at = strtok_r(NULL, " ", &save)) {
        names[count++] = at;
    }
    return count;
}

static int check_field(struct parser *p, size_t at, enum event_type type)
{
    struct span word = line_word(p->line, at);
    char room[512];
    char hint[96];
    const char *names[32];
    if (word.len == 0) {
        return MISTAKE(p, at, "a field of %s is missing; it has: %s", event_word(type),
                       event_fields(type));
    }
    if (event_has_field(type, word)) {
        return 0;
    }
    size_t count = field_names(type, room, names);
    if (count == 0) {
        return MISTAKE(p, at, "%s has no fields", event_word(type));
    }
    return MISTAKE(p, at, "%s has no field '%.*s'%s; it has: %s", event_word(type), SPAN_ARG(word),
                   suggest_text(word, names, count, hint), event_fields(type));
}

static int match_how_of(const struct line *line, size_t at)
{
    for (int how = MATCH_IS; how <= MATCH_HAS; how++) {
        if (line_word_is(line, at, match_how_word((enum match_how)how))) {
            return how;
        }
    }
    return -1;
}

// FIELD = VALUE at word `at`: three words.
static int parse_condition(struct parser *p, size_t at, struct match *m)
{
    if (m->where_count == MATCH_WHERE_MOST) {
        return MISTAKE(p, at, "more than %d conditions on one event", MATCH_WHERE_MOST);
    }
    TRY(check_field(p, at, m->type));
    int how = match_how_of(p->line, at + 1);
    if (how < 0) {
        return MISTAKE(p, at + 1, "expected '=', '!=' or 'has' with blanks around it");
    }
    if (p->line->count <= at + 2) {
        return MISTAKE(p, at + 2, "a value is missing behind '%s'", match_how_word((enum match_how)how));
    }
    span_copy_text(line_word(p->line, at), m->where[m->where_count].field,
                   sizeof m->where[0].field);
    if (!span_copy_text(line_word(p->line, at + 2), m->where[m->where_count].value,
                        sizeof m->where[0].value)) {
        return MISTAKE(p, at + 2, "the value is longer than %zu bytes",
                       sizeof m->where[0].value - 1);
    }
    m->where[m->where_count].how = (enum match_how)how;
    m->where_count++;
    return 0;
}

int parser_match(struct parser *p, size_t at, struct match *out, size_t *next)
{
    struct span word = line_word(p->line, at);
    *out = (struct match){0};
    if (word.len == 0) {
        return MISTAKE(p, at,
                       "an event is missing, such as mqtt.connected (see: hubrig words events)");
    }
    int type = event_type_of(word);
    if (type < 0) {
        return parser_unknown(p, at, "event", event_words(), EVENT_TYPE_COUNT);
    }
    out->type = (enum event_type)type;
    size_t i = at + 1;
    const char *joint = "with";
    while (line_word_is(p->line, i, joint)) {
        TRY(parse_condition(p, i + 1, out));
        i += 4;
        joint = "and";
    }
    *next = i;
    return 0;
}

int parser_range(struct parser *p, size_t at, uint64_t *least, uint64_t *most)
{
    struct span word = line_word(p->line, at);
    struct span upper = SPAN_EMPTY;
    struct span lower = word;
    bool is_open = false;
    for (size_t i = 0; i + 1 < word.len; i++) {
        if (word.ptr[i] == '.' && word.ptr[i + 1] == '.') {
            lower = span_slice(word, 0, i);
            upper = span_from(word, i + 2);
            is_open = upper.len == 0;
            break;
        }
    }
    *most = UINT64_MAX;
    bool is_from_zero = word.len > 2 && lower.len == 0;
    *least = 0;
    if (word.len == 0 || (!is_from_zero && span_parse_u64(lower, least) < 0) ||
        (upper.len > 0 && span_parse_u64(upper, most) < 0)) {
        return MISTAKE(p, at, "'%.*s' is not a range; ranges read 3, 3.., ..5 or 3..5", SPAN_ARG(word));
    }
    if (!is_open && upper.len == 0) {
        *most = *least;
    }
    if (*least > *most) {
        return MISTAKE(p, at, "the range '%.*s' is empty; its lower end comes first",
                       SPAN_ARG(word));
    }
    return 0;
}
