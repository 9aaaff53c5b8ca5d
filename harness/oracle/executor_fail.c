// SPDX-License-Identifier: MIT
// How a run ends when it does not pass: what was wanted, what was seen instead, and why.
#include "base/error.h"
#include "base/when.h"
#include "harness/oracle/executor_private.h"

#include <inttypes.h>
#include <string.h>

void executor_end(struct executor *x, enum verdict verdict, const struct step *step,
                  const char *expected, const char *observed)
{
    struct outcome *o = &x->outcome;
    o->verdict = verdict;
    o->duration_us = x->now_us - x->start_us;
    if (step) {
        o->line = step->line;
        o->column = step->column;
        outcome_set(&o->file, step->file ? step->file : x->plan->file);
        outcome_set(&o->statement, step->source);
    }
    outcome_set(&o->expected, expected);
    outcome_set(&o->observed, observed);
    x->is_done = true;
}

// What did not come while the board's port was gone says nothing about the device.
static void end_unplugged(struct executor *x, const struct step *step, const struct buf *observed)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, SENTENCE_BYTES_MOST);
    (void)!buf_printf(&text, "%s went and did not return; %s", x->gone_port, buf_text(observed));
    outcome_set(&x->outcome.try_text,
                "check cable, USB hub and supply of the board; where its own firmware is the USB "
                "device, look for a crash at the end of serial.raw");
    executor_end(x, VERDICT_INFRA, step, "the board's serial port is there", buf_text(&text));
}

// Marks what the device was tried with, and did not take. True when it had shown enough before.
static bool miss_measure(struct executor *x)
{
    const struct step_measure *next = plan_next_measure(x->plan, x->at, NULL);
    struct measure *m = next ? measures_find(&x->outcome.measures, next->reached.name) : NULL;
    if (!m) {
        return false; // the search has not begun, or is over
    }
    m->missed = next->reached.value;
    return next->enough && m->value >= next->enough;
}

void executor_fail(struct executor *x, const struct step *step, const char *expected,
                   struct buf *observed, const struct event *violated)
{
    if (x->gone_port[0] && !violated) {
        end_unplugged(x, step, observed);
        return;
    }
    struct finding found[FINDINGS_MOST];
    bool is_expect = step && (step->kind == STEP_EXPECT || step->kind == STEP_COUNT);
    const struct question question = {
        .violated = violated,
        .missing = is_expect && !violated ? event_word(step->match.type) : NULL,
        .oracle = step && step->oracle ? oracle_word(step->oracle->kind) : NULL,
        .said = buf_text(observed)};
    diagnosis_time(x->diagnosis, panel_journal_us(x->panel, x->now_us));
    size_t count = diagnosis_rank(x->diagnosis, &question, found);
    for (size_t i = 0; i < count; i++) {
        outcome_add_finding(&x->outcome, found[i].id, sureness_word(found[i].sure), found[i].cause,
                            found[i].try_text);
    }
    outcome_set(&x->outcome.cause, count ? found[0].cause : "");
    outcome_set(&x->outcome.try_text, count ? found[0].try_text : "");
    bool is_enough = miss_measure(x) && is_expect && !violated;
    executor_end(x, is_enough ? VERDICT_WARN : VERDICT_FAIL, step, expected, buf_text(observed));
}

// "mqtt.connected within 20 s", "1 to 5 tcp.accepted within 30 s", or the statement itself.
static int print_expected(const struct step *step, struct buf *out)
{
    char time[32];
    if (!step) {
        return buf_append_text(out, "the scenario goes on");
    }
    if (step->kind != STEP_EXPECT && step->kind != STEP_COUNT) {
        return buf_append_text(out, step->source);
    }
    if (step->kind == STEP_COUNT) {
        TRY(step->most == UINT64_MAX ? buf_printf(out, "at least %" PRIu64 " ", step->least)
            : step->most == step->least
                ? buf_printf(out, "exactly %" PRIu64 " ", step->least)
                : buf_printf(out, "%" PRIu64 " to %" PRIu64 " ", step->least, step->most));
    }
    TRY(match_print(&step->match, out));
    return buf_printf(out, " within %s", duration_print((int64_t)step->duration_us, time));
}

static int print_since_boot(const struct executor *x, uint64_t at_us, struct buf *out)
{
    char time[32];
    uint64_t since = x->is_booted ? x->boot_us : x->start_us;
    return buf_printf(out, "%s after %s",
                      duration_print((int64_t)(at_us > since ? at_us - since : 0), time),
                      x->is_booted ? "boot" : "the start");
}

// What was seen instead of what the statement wanted.
static int print_instead(struct executor *x, const struct step *step, struct buf *out)
{
    bool is_empty = true;
    size_t before = out->len;
    TRY(seen_print(&x->events, x->mark > x->events.first ? x->mark : x->events.first, x->judged,
                   &step->match, out, &is_empty));
    if (!is_empty) {
        return 0;
    }
    if (x->is_booted && !x->has_accepted) {
        buf_truncate(out, before);
        TRY(buf_append_text(out, "; nothing at all from the device: no TCP connection"));
        return seen_output_print(&x->output, out);
    }
    return buf_append_text(out, "; nothing on the wire in that time");
}

static int print_missing(struct executor *x, const struct step *step, struct buf *out)
{
    char time[32];
    duration_print((int64_t)step->duration_us, time);
    if (step->kind == STEP_COUNT) {
        TRY(buf_printf(out, "%" PRIu64 " ", x->counted));
        TRY(match_print(&step->match, out));
        TRY(buf_printf(out, " in %s", time));
    } else {
        TRY(buf_append_text(out, "no "));
        TRY(match_print(&step->match, out));
        TRY(buf_printf(out, " in %s", time));
    }
    return print_instead(x, step, out);
}

void executor_fail_missing(struct executor *x, const struct step *step)
{
    struct buf expected HR_CLEANUP(buf_deinit), observed HR_CLEANUP(buf_deinit);
    buf_init(&expected, SENTENCE_BYTES_MOST);
    buf_init(&observed, SENTENCE_BYTES_MOST);
    // A piece that does not fit is left out: half a sentence helps more than none.
    (void)!print_expected(step, &expected);
    (void)!print_missing(x, step, &observed);
    executor_fail(x, step, buf_text(&expected), &observed, NULL);
}

void executor_fail_event(struct executor *x, const struct step *step, const struct event *e,
                         uint64_t count)
{
    struct buf expected HR_CLEANUP(buf_deinit), observed HR_CLEANUP(buf_deinit);
    buf_init(&expected, SENTENCE_BYTES_MOST);
    buf_init(&observed, SENTENCE_BYTES_MOST);
    (void)!print_expected(step, &expected);
    if (count) {
        (void)!buf_printf(&observed, "number %" PRIu64 ": ", count);
    }
    (void)!(event_to_brief(e, &observed) || buf_append_u8(&observed, ' '));
    (void)!print_since_boot(x, x->now_us, &observed);
    executor_fail(x, step, buf_text(&expected), &observed, e);
}

void executor_fail_limit(struct executor *x)
{
    struct buf expected HR_CLEANUP(buf_deinit), observed HR_CLEANUP(buf_deinit);
    char time[32];
    const struct step *step = executor_present(x);
    buf_init(&expected, SENTENCE_BYTES_MOST);
    buf_init(&observed, SENTENCE_BYTES_MOST);
    (void)!buf_printf(&expected, "the scenario ends within its limit of %s",
                      duration_print((int64_t)x->plan->limit_us, time));
    (void)!buf_printf(&observed, "still at '%s'", step ? step->source : "");
    if (step && (step->kind == STEP_EXPECT || step->kind == STEP_COUNT)) {
        (void)!print_instead(x, step, &observed);
    }
    executor_fail(x, step, buf_text(&expected), &observed, NULL);
}

static bool expects_event(const struct executor *x, const struct event *e)
{
    for (size_t i = x->at; i < x->plan->step_count; i++) {
        const struct step *step = &x->plan->steps[i];
        if ((step->kind == STEP_EXPECT || step->kind == STEP_COUNT) &&
            match_event(&step->match, e)) {
            return true;
        }
    }
    return false;
}

// A shell's way to say that a program could not be started.
static bool is_start_failure(const struct executor *x, const char *code)
{
    return !x->has_accepted && (strcmp(code, "126") == 0 || strcmp(code, "127") == 0);
}

void executor_judge_exit(struct executor *x, const struct event *e)
{
    char asked[8], code[16], signal[24];
    event_value(e, "asked", asked, sizeof asked);
    if (strcmp(asked, "true") == 0 || expects_event(x, e)) {
        return;
    }
    event_value(e, "code", code, sizeof code);
    event_value(e, "signal", signal, sizeof signal);
    bool has_signal = signal[0] && strcmp(signal, "0") != 0;
    struct buf observed HR_CLEANUP(buf_deinit);
    buf_init(&observed, SENTENCE_BYTES_MOST);
    (void)!buf_printf(&observed, "the device's program ended %s %s ",
                      has_signal ? "by signal" : "with code", has_signal ? signal : code);
    (void)!(print_since_boot(x, x->now_us, &observed) || seen_output_print(&x->output, &observed));
    if (!has_signal && is_start_failure(x, code)) {
        outcome_set(&x->outcome.try_text,
                    "check the device's command in the .bench file: run it by "
                    "hand; 127 means not found, 126 not executable");
        executor_end(x, VERDICT_INFRA, executor_present(x), "the device's program starts", buf_text(&observed));
        return;
    }
    executor_fail(x, executor_present(x), "the device's program keeps running", &observed, e);
}
