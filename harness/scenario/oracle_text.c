// SPDX-License-Identifier: MIT
#include "harness/scenario/oracle_spec.h"
#include "base/error.h"
#include "base/when.h"

#include <inttypes.h>

static const struct {
    const char *word, *form, *meaning;
} rows[] = {
#define X(name, word, form, meaning) {word, form, meaning},
    ORACLE_TABLE(X)
#undef X
};

static const struct {
    const char *word, *meaning;
} causes[] = {
#define X(name, word, meaning) {word, meaning},
    ATTEMPT_TABLE(X)
#undef X
};

const char *oracle_word(enum oracle_kind kind)
{
    return rows[kind].word;
}

const char *oracle_form(enum oracle_kind kind)
{
    return rows[kind].form;
}

const char *oracle_meaning(enum oracle_kind kind)
{
    return rows[kind].meaning;
}

const char *attempt_word(enum attempt_cause cause)
{
    return causes[cause].word;
}

const char *attempt_meaning(enum attempt_cause cause)
{
    return causes[cause].meaning;
}

static int print_time(const char *before, uint64_t us, struct buf *out)
{
    char text[32];
    return buf_printf(out, "%s%s", before, duration_print((int64_t)us, text));
}

static int print_range(const char *what, const struct oracle_range *r, struct buf *out)
{
    if (!r->is_given) {
        return 0;
    }
    if (r->most == UINT64_MAX) {
        return buf_printf(out, ", %s: at least %" PRIu64, what, r->least);
    }
    return r->least == r->most
               ? buf_printf(out, ", %s: %" PRIu64, what, r->least)
               : buf_printf(out, ", %s: %" PRIu64 " to %" PRIu64, what, r->least, r->most);
}

static int explain_backoff(const struct oracle_spec *s, struct buf *out)
{
    static const struct {
        unsigned shape;
        const char *word;
    } shapes[] = {{BACKOFF_NONE, "none"},
                  {BACKOFF_CONSTANT, "constant"},
                  {BACKOFF_LINEAR, "linear"},
                  {BACKOFF_EXPONENTIAL, "exponential"}};
    const char *before = "";
    TRY(buf_printf(out, "%s %" PRIu64 " waits between failed attempts",
                   s->is_never ? "From here on fail when" : "Require that", s->samples));
    if (s->cause != ATTEMPT_NONE) {
        TRY(buf_printf(out, " (%s", attempt_word(s->cause)));
        TRY(s->connack_code ? buf_printf(out, "-%d)", s->connack_code) : buf_append_u8(out, ')'));
    }
    TRY(buf_append_text(out, " have the shape "));
    for (size_t i = 0; i < HR_COUNT_OF(shapes); i++) {
        if (s->shapes & shapes[i].shape) {
            TRY(buf_printf(out, "%s%s", before, shapes[i].word));
            before = " or ";
        }
    }
    if (s->has_factor) {
        TRY(buf_printf(out, ", growing by %.1f to %.1f each", s->factor_least, s->factor_most));
    }
    if (s->jitter != JITTER_ANY) {
        TRY(buf_append_text(out, s->jitter == JITTER_WITH ? ", with a random part"
                                                          : ", without a random part"));
    }
    return s->duration_us ? print_time("; wait for them at most ", s->duration_us, out) : 0;
}

static int explain_rate(const struct oracle_spec *s, struct buf *out)
{
    TRY(s->is_never ? buf_append_text(out, "From here on require")
                    : print_time("Require for ", s->duration_us, out));
    TRY(buf_printf(out, " at most %" PRIu64 " ", s->most));
    TRY(match_print(&s->match, out));
    return print_time(" in any ", s->window_us, out);
}

static int explain_span(const struct oracle_spec *s, struct buf *out)
{
    char least[32], most[32];
    TRY(buf_append_text(out, s->kind == ORACLE_KEEPALIVE
                                 ? "Require a keep-alive of "
                                 : "Require a new token before the old one ends, by "));
    if (s->is_percent) {
        TRY(buf_printf(out, "%" PRIu64 " to %" PRIu64 " %% of its life", s->least,
                       s->most_of_span));
    } else {
        TRY(buf_printf(out, "%s to %s", duration_print((int64_t)s->least, least),
                       duration_print((int64_t)s->most_of_span, most)));
    }
    TRY(s->kind == ORACLE_KEEPALIVE ? buf_append_text(out, ", and that the device keeps to it")
                                    : 0);
    return print_time("; wait for it at most ", s->duration_us, out);
}

static int explain_ledger(const struct oracle_spec *s, struct buf *out)
{
    TRY(buf_printf(out, "Balance the books of %s messages",
                   s->is_c2d ? "cloud-to-device" : "device-to-cloud"));
    TRY(print_range("lost", &s->lost, out));
    TRY(print_range("duplicated", &s->duplicated, out));
    TRY(print_range("reordered", &s->reordered, out));
    TRY(print_range("renumbered", &s->renumbered, out));
    TRY(print_range("messages", &s->messages, out));
    return s->duration_us ? print_time(", within ", s->duration_us, out) : 0;
}

static int explain_alert(const struct oracle_spec *s, struct buf *out)
{
    TRY(print_time("Wait at most ", s->duration_us, out));
    TRY(buf_append_text(out, " for the device to refuse the chain by "));
    for (size_t i = 0; i < s->alert_count; i++) {
        TRY(buf_printf(out, "%s%s", i ? " or " : "the alert ", s->alerts[i]));
    }
    return s->allows_silence
               ? buf_printf(out, "%sclosing without an alert", s->alert_count ? " or " : "")
               : 0;
}

static int explain_watch(const struct oracle_spec *s, struct buf *out)
{
    if (s->kind == ORACLE_QUIET) {
        TRY(buf_append_text(out, "Require that no "));
        TRY(match_print(&s->match, out));
        return print_time(" comes for ", s->duration_us, out);
    }
    TRY(print_time("Require for ", s->duration_us, out));
    return print_time(" that the device is never silent for longer than ", s->window_us, out);
}

static int explain_memory(const struct oracle_spec *s, struct buf *out)
{
    TRY(print_time("Watch the device's memory for ", s->duration_us, out));
    return buf_printf(out, " and require that it grows by %" PRIu64 " KB at most", s->most);
}

static int explain_leak(const struct oracle_spec *s, struct buf *out)
{
    (void)s;
    return buf_append_text(
        out, "From here on fail when anything is sent over a chain that must be refused");
}

static int explain_link(const struct oracle_spec *s, struct buf *out)
{
    static const char *const sentences[] = {
        [ORACLE_DETECT] = "for the device to give up the disturbed connection",
        [ORACLE_RECOVERY] = "after the end of the trouble for the device to be connected again",
        [ORACLE_RESUBSCRIBE] = "after the reconnect for every earlier topic filter",
        [ORACLE_TWIN_SYNC] =
            "after the reconnect for the device to have the newest desired version",
    };
    TRY(print_time("Wait at most ", s->duration_us, out));
    return buf_printf(out, " %s", sentences[s->kind]);
}

int oracle_explain(const struct oracle_spec *spec, struct buf *out)
{
    static int (*const explain[])(const struct oracle_spec *, struct buf *) = {
        [ORACLE_BACKOFF] = explain_backoff,  [ORACLE_RATE] = explain_rate,
        [ORACLE_QUIET] = explain_watch,      [ORACLE_SILENCE] = explain_watch,
        [ORACLE_LEDGER] = explain_ledger,    [ORACLE_KEEPALIVE] = explain_span,
        [ORACLE_DETECT] = explain_link,      [ORACLE_RECOVERY] = explain_link,
        [ORACLE_RESUBSCRIBE] = explain_link, [ORACLE_TWIN_SYNC] = explain_link,
        [ORACLE_RENEWAL] = explain_span,     [ORACLE_ALERT] = explain_alert,
        [ORACLE_LEAK] = explain_leak,          [ORACLE_MEMORY] = explain_memory,
    };
    return explain[spec->kind](spec, out);
}
