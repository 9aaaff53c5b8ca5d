// SPDX-License-Identifier: MIT
// The statements that ask an oracle: expect backoff ..., expect ledger ..., never leak.
#include "base/error.h"
#include "base/when.h"
#include "harness/scenario/parser.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

enum { SAMPLES_STANDARD = 3, SAMPLES_LEAST = 2, SAMPLES_MOST = 1000, WORD_BYTES = 64 };

// within|for DURATION at word *at, the last part of a statement.
static int parse_span(struct parser *p, size_t *at, const char *word, struct oracle_spec *spec)
{
    if (!line_word_is(p->line, *at, word)) {
        return MISTAKE(p, *at, "expected '%s DURATION' here", word);
    }
    TRY(parser_duration(p, *at + 1, 1, &spec->duration_us));
    *at += 2;
    return 0;
}

static int parse_within_or_now(struct parser *p, size_t *at, struct oracle_spec *spec)
{
    return p->line->count > *at ? parse_span(p, at, "within", spec) : 0;
}

static int parse_number(struct parser *p, size_t at, uint64_t least, uint64_t most, uint64_t *out)
{
    struct span word = line_word(p->line, at);
    if (span_parse_u64(word, out) < 0 || *out < least || *out > most) {
        return MISTAKE(p, at, "'%.*s' is not a number from %" PRIu64 " to %" PRIu64, SPAN_ARG(word),
                       least, most);
    }
    return 0;
}

// ---- backoff

static const struct {
    const char *word;
    unsigned shapes;
} shape_words[] = {{"none", BACKOFF_NONE},       {"constant", BACKOFF_CONSTANT},
                   {"linear", BACKOFF_LINEAR},   {"exponential", BACKOFF_EXPONENTIAL},
                   {"growing", BACKOFF_GROWING}, {"any", BACKOFF_ANY}};

static int parse_shapes(struct parser *p, size_t at, struct oracle_spec *spec)
{
    const char *names[HR_COUNT_OF(shape_words)];
    struct span rest = line_word(p->line, at);
    do {
        struct span one = span_cut(rest, '|', &rest);
        unsigned shapes = 0;
        for (size_t i = 0; i < HR_COUNT_OF(shape_words); i++) {
            names[i] = shape_words[i].word;
            shapes |= span_equals_text(one, names[i]) ? shape_words[i].shapes : 0;
        }
        if (!shapes) {
            char hint[96];
            return MISTAKE(p, at,
                           "unknown type of back-off '%.*s'%s; types: none, constant, linear, "
                           "exponential, growing, any",
                           SPAN_ARG(one), suggest_text(one, names, HR_COUNT_OF(names), hint));
        }
        spec->shapes |= shapes;
    } while (rest.ptr);
    return 0;
}

static bool read_decimal(struct span s, double *out)
{
    char text[32];
    char *end = NULL;
    if (s.len == 0 || s.ptr[0] < '0' || s.ptr[0] > '9' || !span_copy_text(s, text, sizeof text)) {
        return false;
    }
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out) && *out >= 1 && *out <= 1000;
}

// "A..B" into its halves; false without both.
static bool split_range(struct span word, struct span *least, struct span *most)
{
    for (size_t i = 0; i + 1 < word.len; i++) {
        if (word.ptr[i] == '.' && word.ptr[i + 1] == '.') {
            *least = span_slice(word, 0, i);
            *most = span_from(word, i + 2);
            return least->len > 0 && most->len > 0;
        }
    }
    return false;
}

static int parse_factor(struct parser *p, size_t *at, struct oracle_spec *spec)
{
    struct span word = line_word(p->line, *at + 1);
    struct span least, most;
    if (!split_range(word, &least, &most) || !read_decimal(least, &spec->factor_least) ||
        !read_decimal(most, &spec->factor_most) || spec->factor_least > spec->factor_most) {
        return MISTAKE(p, *at + 1, "'%.*s' is not a range of factors from 1 on, such as 1.4..2.6",
                       SPAN_ARG(word));
    }
    spec->has_factor = true;
    *at += 2;
    return 0;
}

static int parse_cause(struct parser *p, size_t *at, struct oracle_spec *spec)
{
    const char *names[ATTEMPT_CAUSE_COUNT];
    struct span word = line_word(p->line, *at + 1);
    for (int i = 0; i < ATTEMPT_OWN; i++) {
        names[i] = attempt_word((enum attempt_cause)i);
        if (span_equals_text(word, names[i])) {
            spec->cause = (enum attempt_cause)i;
            *at += 2;
            return 0;
        }
    }
    bool has_code = word.len == 9 && span_starts_with(word, SPAN_LITERAL("connack-")) &&
                    word.ptr[8] >= '1' && word.ptr[8] <= '5';
    if (!has_code) {
        return parser_unknown(p, *at + 1, "cause of failed attempts", names, ATTEMPT_OWN);
    }
    spec->cause = ATTEMPT_CONNACK;
    spec->connack_code = word.ptr[8] - '0';
    *at += 2;
    return 0;
}

static int parse_samples(struct parser *p, size_t *at, struct oracle_spec *spec)
{
    TRY(parse_number(p, *at + 1, SAMPLES_LEAST, SAMPLES_MOST, &spec->samples));
    *at += 2;
    return 0;
}

static int parse_jitter(struct parser *p, size_t *at, struct oracle_spec *spec)
{
    spec->jitter = line_word_is(p->line, *at, "jitter") ? JITTER_WITH : JITTER_WITHOUT;
    *at += 1;
    return 0;
}

static int parse_backoff(struct parser *p, size_t at, struct oracle_spec *spec)
{
    static const struct {
        const char *word;
        int (*parse)(struct parser *p, size_t *at, struct oracle_spec *spec);
    } parts[] = {{"factor", parse_factor},
                 {"jitter", parse_jitter},
                 {"no-jitter", parse_jitter},
                 {"after", parse_cause},
                 {"samples", parse_samples}};
    const char *names[HR_COUNT_OF(parts) + 1] = {0};
    spec->samples = SAMPLES_STANDARD;
    TRY(parse_shapes(p, at++, spec));
    while (p->line->count > at && !line_word_is(p->line, at, "within")) {
        bool is_known = false;
        for (size_t i = 0; i < HR_COUNT_OF(parts) && !is_known; i++) {
            names[i] = parts[i].word;
            if (line_word_is(p->line, at, parts[i].word)) {
                is_known = true;
                TRY(parts[i].parse(p, &at, spec));
            }
        }
        if (!is_known) {
            names[HR_COUNT_OF(parts)] = "within";
            return parser_unknown(p, at, "part of a back-off", names, HR_COUNT_OF(names));
        }
    }
    if (spec->is_never) {
        return parser_end(p, at);
    }
    TRY(parse_within_or_now(p, &at, spec));
    return parser_end(p, at);
}

// ---- watches

static int parse_rate(struct parser *p, size_t at, struct oracle_spec *spec)
{
    TRY(parser_match(p, at, &spec->match, &at));
    if (spec->is_never) {
        if (!line_word_is(p->line, at, "above")) {
            return MISTAKE(p, at, "expected 'above N per DURATION' here");
        }
        at += 1;
    } else if (!line_word_is(p->line, at, "at") || !line_word_is(p->line, at + 1, "most")) {
        return MISTAKE(p, at, "expected 'at most N per DURATION for DURATION' here");
    } else {
        at += 2;
    }
    TRY(parse_number(p, at, 0, 1000000, &spec->most));
    if (!line_word_is(p->line, at + 1, "per")) {
        return MISTAKE(p, at + 1, "expected 'per DURATION' here");
    }
    TRY(parser_duration(p, at + 2, 1, &spec->window_us));
    at += 3;
    TRY(spec->is_never ? 0 : parse_span(p, &at, "for", spec));
    return parser_end(p, at);
}

static int parse_quiet(struct parser *p, size_t at, struct oracle_spec *spec)
{
    TRY(parser_match(p, at, &spec->match, &at));
    TRY(parse_span(p, &at, "for", spec));
    return parser_end(p, at);
}

static int parse_silence(struct parser *p, size_t at, struct oracle_spec *spec)
{
    if (!line_word_is(p->line, at, "at") || !line_word_is(p->line, at + 1, "most")) {
        return MISTAKE(p, at, "expected 'at most DURATION for DURATION' here");
    }
    TRY(parser_duration(p, at + 2, 1, &spec->window_us));
    at += 3;
    TRY(parse_span(p, &at, "for", spec));
    return parser_end(p, at);
}

static int parse_memory(struct parser *p, size_t at, struct oracle_spec *spec)
{
    static const char *const words[] = {"growth", "at", "most"};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (!line_word_is(p->line, at + i, words[i])) {
            return MISTAKE(p, at + i, "expected 'growth at most N KB for DURATION' here");
        }
    }
    TRY(parse_number(p, at + 3, 0, 1 << 30, &spec->most));
    if (!line_word_is(p->line, at + 4, "KB")) {
        return MISTAKE(p, at + 4, "expected 'KB' here");
    }
    at += 5;
    TRY(parse_span(p, &at, "for", spec));
    parser_uses(p, CAPABILITY_MEMORY, 1, "memory");
    return parser_end(p, at);
}

static int parse_leak(struct parser *p, size_t at, struct oracle_spec *spec)
{
    (void)spec;
    return parser_end(p, at);
}

// Names as the TLS registry writes them, so that a typing mistake is not a device's failure.
static const char *const alert_names[] = {"unexpected_message",
                                          "bad_record_mac",
                                          "decryption_failed",
                                          "record_overflow",
                                          "decompression_failure",
                                          "handshake_failure",
                                          "no_certificate",
                                          "bad_certificate",
                                          "unsupported_certificate",
                                          "certificate_revoked",
                                          "certificate_expired",
                                          "certificate_unknown",
                                          "illegal_parameter",
                                          "unknown_ca",
                                          "access_denied",
                                          "decode_error",
                                          "decrypt_error",
                                          "protocol_version",
                                          "insufficient_security",
                                          "internal_error",
                                          "inappropriate_fallback",
                                          "user_canceled",
                                          "no_renegotiation",
                                          "missing_extension",
                                          "unsupported_extension",
                                          "unrecognized_name",
                                          "bad_certificate_status_response",
                                          "unknown_psk_identity",
                                          "certificate_required",
                                          "no_application_protocol",
                                          "silence"};

static int parse_alert_name(struct parser *p, size_t at, struct span one, struct oracle_spec *spec)
{
    char hint[96];
    if (span_equals_text(one, "silence")) {
        spec->allows_silence = true;
        return 0;
    }
    for (size_t i = 0; i < HR_COUNT_OF(alert_names); i++) {
        if (!span_equals_text(one, alert_names[i])) {
            continue;
        }
        if (spec->alert_count == ORACLE_ALERTS_MOST) {
            return MISTAKE(p, at, "more than %d alerts", ORACLE_ALERTS_MOST);
        }
        span_copy_text(one, spec->alerts[spec->alert_count++], sizeof spec->alerts[0]);
        return 0;
    }
    return MISTAKE(p, at, "unknown alert '%.*s'%s", SPAN_ARG(one),
                   suggest_text(one, alert_names, HR_COUNT_OF(alert_names), hint));
}

static int parse_alert(struct parser *p, size_t at, struct oracle_spec *spec)
{
    struct span rest = line_word(p->line, at);
    do {
        struct span one = span_cut(rest, '|', &rest);
        TRY(parse_alert_name(p, at, one, spec));
    } while (rest.ptr);
    at++;
    TRY(parse_span(p, &at, "within", spec));
    return parser_end(p, at);
}

// ---- books and spans

static int parse_ledger(struct parser *p, size_t at, struct oracle_spec *spec)
{
    struct {
        const char *word;
        struct oracle_range *range;
    } parts[] = {{"lost", &spec->lost},
                 {"duplicated", &spec->duplicated},
                 {"reordered", &spec->reordered},
                 {"renumbered", &spec->renumbered},
                 {"messages", &spec->messages}};
    static const char *const ways[] = {"d2c", "c2d"};
    const char *names[] = {"lost", "duplicated", "reordered", "renumbered", "messages", "within"};
    spec->is_c2d = line_word_is(p->line, at, "c2d");
    if (!spec->is_c2d && !line_word_is(p->line, at, "d2c")) {
        return parser_unknown(p, at, "way of messages", ways, HR_COUNT_OF(ways));
    }
    spec->lost = (struct oracle_range){.is_given = true};
    at++;
    while (p->line->count > at && !line_word_is(p->line, at, "within")) {
        struct oracle_range *range = NULL;
        for (size_t i = 0; i < HR_COUNT_OF(parts); i++) {
            range = line_word_is(p->line, at, parts[i].word) ? parts[i].range : range;
        }
        if (!range) {
            return parser_unknown(p, at, "column of a ledger", names, HR_COUNT_OF(names));
        }
        TRY(parser_range(p, at + 1, &range->least, &range->most));
        range->is_given = true;
        at += 2;
    }
    TRY(parse_within_or_now(p, &at, spec));
    return parser_end(p, at);
}

static int read_percent(struct span s, uint64_t *out)
{
    ENSURE(s.len > 1 && s.ptr[s.len - 1] == '%', ERR_SYNTAX);
    TRY(span_parse_u64(span_slice(s, 0, s.len - 1), out));
    ENSURE(*out <= 100, ERR_VALUE);
    return 0;
}

static int read_time(struct span s, uint64_t *out)
{
    int64_t us = 0;
    TRY(duration_parse(s, &us));
    ENSURE(us >= 0, ERR_VALUE);
    *out = (uint64_t)us;
    return 0;
}

// A..B, both durations or, where allowed, both percents.
static int parse_span_range(struct parser *p, size_t at, bool has_percents,
                            struct oracle_spec *spec)
{
    struct span word = line_word(p->line, at);
    struct span least, most;
    bool is_good = split_range(word, &least, &most);
    spec->is_percent = is_good && has_percents && most.ptr[most.len - 1] == '%';
    int (*read)(struct span, uint64_t *) = spec->is_percent ? read_percent : read_time;
    if (!is_good || read(least, &spec->least) < 0 || read(most, &spec->most_of_span) < 0 ||
        spec->least > spec->most_of_span) {
        return MISTAKE(p, at, "'%.*s' is not a range of times, such as 30s..4m%s", SPAN_ARG(word),
                       has_percents ? " or 5%..25%" : "");
    }
    return 0;
}

static int parse_keepalive(struct parser *p, size_t at, struct oracle_spec *spec)
{
    TRY(parse_span_range(p, at, false, spec));
    at++;
    TRY(parse_span(p, &at, "within", spec));
    return parser_end(p, at);
}

static int parse_renewal(struct parser *p, size_t at, struct oracle_spec *spec)
{
    if (!line_word_is(p->line, at, "margin")) {
        return MISTAKE(p, at, "expected 'margin A..B' here");
    }
    TRY(parse_span_range(p, at + 1, true, spec));
    at += 2;
    TRY(parse_span(p, &at, "within", spec));
    return parser_end(p, at);
}

static int parse_link(struct parser *p, size_t at, struct oracle_spec *spec)
{
    TRY(parse_span(p, &at, "within", spec));
    return parser_end(p, at);
}

static const struct {
    int (*parse)(struct parser *p, size_t at, struct oracle_spec *spec);
    bool is_for_expect, is_for_never;
} rows[] = {
    [ORACLE_BACKOFF] = {parse_backoff, true, true},
    [ORACLE_RATE] = {parse_rate, true, true},
    [ORACLE_QUIET] = {parse_quiet, true, false},
    [ORACLE_SILENCE] = {parse_silence, true, false},
    [ORACLE_LEDGER] = {parse_ledger, true, false},
    [ORACLE_KEEPALIVE] = {parse_keepalive, true, false},
    [ORACLE_DETECT] = {parse_link, true, false},
    [ORACLE_RECOVERY] = {parse_link, true, false},
    [ORACLE_RESUBSCRIBE] = {parse_link, true, false},
    [ORACLE_TWIN_SYNC] = {parse_link, true, false},
    [ORACLE_RENEWAL] = {parse_renewal, true, false},
    [ORACLE_ALERT] = {parse_alert, true, false},
    [ORACLE_MEMORY] = {parse_memory, true, false},
    [ORACLE_LEAK] = {parse_leak, false, true},
};

int parser_oracle_of(const struct parser *p)
{
    for (int i = 0; i < ORACLE_KIND_COUNT; i++) {
        if (line_word_is(p->line, 1, oracle_word((enum oracle_kind)i))) {
            return i;
        }
    }
    return -1;
}

int parser_oracle(struct parser *p, enum oracle_kind kind, bool is_never, struct step *step)
{
    if (is_never ? !rows[kind].is_for_never : !rows[kind].is_for_expect) {
        return MISTAKE(p, 0, "'%s' goes with %s: %s", oracle_word(kind),
                       is_never ? "expect" : "never", oracle_form(kind));
    }
    step->oracle = calloc(1, sizeof *step->oracle);
    ENSURE(step->oracle != NULL, ERR_NO_MEMORY);
    step->oracle->kind = kind;
    step->oracle->is_never = is_never;
    TRY(rows[kind].parse(p, 2, step->oracle));
    step->duration_us = step->oracle->duration_us;
    if (!is_never && !p->boot_line) {
        return MISTAKE(p, 0, "this comes before 'boot device', so there is nothing to judge");
    }
    return 0;
}
