// SPDX-License-Identifier: MIT
// Every event passes through here once, in order: first the never watches judge it, then an exit
// of the device, then the present statement. Statements that take no time run at once after it.
#include "harness/oracle/executor.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/diagnosis/diagnosis.h"
#include "harness/oracle/event_queue.h"
#include "harness/oracle/panel.h"
#include "harness/oracle/seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_BYTES_MOST = 8192 };

struct executor {
    const struct plan *plan;
    struct executor_actions actions;
    struct diagnosis *diagnosis;
    struct panel *panel;
    struct outcome outcome;
    struct event_queue events;
    struct seen_output output;
    bool *is_armed;   // per statement: a never that still holds
    uint64_t judged;  // events before this number have passed
    uint64_t mark;    // an expect looks at events from this number on
    uint64_t scanned; // those before it the present expect has looked at
    uint64_t counted; // by the present count
    size_t at;        // the present statement; step_count = all are over
    bool has_begun;   // the present statement has
    bool is_running;  // an action is under way or events are being judged
    bool is_started, is_done;
    bool has_told_drop;
    bool has_accepted; // the device opened a TCP connection
    bool is_booted;
    char gone_port[300]; // the board's serial port, while it is gone: which, and why
    uint64_t start_us, boot_us, now_us;
    uint64_t step_deadline_us;
};

static void end(struct executor *x, enum verdict verdict, const struct step *step,
                const char *expected, const char *observed)
{
    struct outcome *o = &x->outcome;
    o->verdict = verdict;
    o->duration_us = x->now_us - x->start_us;
    if (step) {
        o->line = step->line;
        o->column = step->column;
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
    end(x, VERDICT_INFRA, step, "the board's serial port is there", buf_text(&text));
}

// As end, with cause and advice from the evidence.
static void end_failed(struct executor *x, const struct step *step, const char *expected,
                       struct buf *observed, const struct event *violated)
{
    if (x->gone_port[0] && !violated) {
        end_unplugged(x, step, observed);
        return;
    }
    struct finding found[FINDINGS_MOST];
    const struct question question = {
        .violated = violated,
        .oracle = step && step->oracle ? oracle_word(step->oracle->kind) : NULL};
    size_t count = diagnosis_rank(x->diagnosis, &question, found);
    for (size_t i = 0; i < count; i++) {
        outcome_add_finding(&x->outcome, found[i].id, sureness_word(found[i].sure), found[i].cause,
                            found[i].try_text);
    }
    outcome_set(&x->outcome.cause, count ? found[0].cause : "");
    outcome_set(&x->outcome.try_text, count ? found[0].try_text : "");
    end(x, VERDICT_FAIL, step, expected, buf_text(observed));
}

static const struct step *present(const struct executor *x)
{
    return x->at < x->plan->step_count ? &x->plan->steps[x->at] : NULL;
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

static void fail_missing(struct executor *x, const struct step *step)
{
    struct buf expected HR_CLEANUP(buf_deinit), observed HR_CLEANUP(buf_deinit);
    buf_init(&expected, SENTENCE_BYTES_MOST);
    buf_init(&observed, SENTENCE_BYTES_MOST);
    // A piece that does not fit is left out: half a sentence helps more than none.
    (void)!print_expected(step, &expected);
    (void)!print_missing(x, step, &observed);
    end_failed(x, step, buf_text(&expected), &observed, NULL);
}

static void fail_event(struct executor *x, const struct step *step, const struct event *e,
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
    end_failed(x, step, buf_text(&expected), &observed, e);
}

static void fail_limit(struct executor *x)
{
    struct buf expected HR_CLEANUP(buf_deinit), observed HR_CLEANUP(buf_deinit);
    char time[32];
    const struct step *step = present(x);
    buf_init(&expected, SENTENCE_BYTES_MOST);
    buf_init(&observed, SENTENCE_BYTES_MOST);
    (void)!buf_printf(&expected, "the scenario ends within its limit of %s",
                      duration_print((int64_t)x->plan->limit_us, time));
    (void)!buf_printf(&observed, "still at '%s'", step ? step->source : "");
    if (step && (step->kind == STEP_EXPECT || step->kind == STEP_COUNT)) {
        (void)!print_instead(x, step, &observed);
    }
    end_failed(x, step, buf_text(&expected), &observed, NULL);
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

static void judge_exit(struct executor *x, const struct event *e)
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
        end(x, VERDICT_INFRA, present(x), "the device's program starts", buf_text(&observed));
        return;
    }
    end_failed(x, present(x), "the device's program keeps running", &observed, e);
}

// What the oracle of statement `at` says now. True when the statement is over, one way or another.
static bool ask_oracle(struct executor *x, size_t at, const struct event *e)
{
    const struct step *step = &x->plan->steps[at];
    struct buf said HR_CLEANUP(buf_deinit);
    buf_init(&said, SENTENCE_BYTES_MOST);
    uint64_t deadline_us = 0;
    enum oracle_state state = panel_ask(x->panel, at, x->now_us, &said, &deadline_us);
    if (at == x->at) {
        x->step_deadline_us = deadline_us; // it moves with the events
    }
    if (state == ORACLE_PASS) {
        x->actions.note(x->actions.context, buf_text(&said));
    } else if (state == ORACLE_FAIL) {
        end_failed(x, step, step->source, &said, e);
    } else if (state == ORACLE_UNDECIDED) {
        outcome_set(&x->outcome.try_text,
                    "give the device longer, or more to do, before this statement");
        end(x, VERDICT_INCONCLUSIVE, step, step->source, buf_text(&said));
    }
    return state != ORACLE_OPEN;
}

static void feed_oracles(struct executor *x, const struct event *e)
{
    if (panel_event(x->panel, e, x->now_us) < 0) {
        executor_abort(x, VERDICT_INFRA, "every event is judged", "out of memory", "");
    }
}

static void judge_never(struct executor *x, const struct event *e)
{
    for (size_t i = 0; i < x->at && !x->is_done; i++) {
        const struct step *step = &x->plan->steps[i];
        if (!x->is_armed[i]) {
            continue;
        }
        if (step->oracle) {
            (void)ask_oracle(x, i, e);
        } else if (step->has_before && match_event(&step->before, e)) {
            x->is_armed[i] = false;
        } else if (match_event(&step->match, e)) {
            fail_event(x, step, e, 0);
        }
    }
}

static void next_step(struct executor *x)
{
    x->at++;
    x->has_begun = false;
    event_queue_forget(&x->events, x->mark < x->judged ? x->mark : x->judged);
}

static void ask_present(struct executor *x)
{
    if (ask_oracle(x, x->at, NULL) && !x->is_done) {
        next_step(x);
    }
}

static void act(struct executor *x, int (*action)(struct executor *x, const struct step *step))
{
    const struct step *step = present(x);
    // Events that the action itself causes come after it.
    x->mark = x->events.next;
    panel_act(x->panel, x->now_us);
    error_clear();
    int code = action(x, step);
    if (x->is_done) {
        return; // aborted from inside
    }
    if (code < 0) {
        end(x, VERDICT_INFRA, step, step->source, error_text(code));
        return;
    }
    next_step(x);
}

static int act_boot(struct executor *x, const struct step *step)
{
    (void)step;
    x->is_booted = true;
    x->boot_us = x->now_us;
    return x->actions.boot(x->actions.context);
}

static int act_time(struct executor *x, const struct step *step)
{
    return x->actions.time(x->actions.context, step);
}

static int act_hub(struct executor *x, const struct step *step)
{
    return x->actions.hub(x->actions.context, step);
}

// Looks at the events that have passed since it looked last.
static void scan(struct executor *x, const struct step *step)
{
    if (x->scanned < x->events.first) {
        x->scanned = x->events.first;
    }
    while (x->scanned < x->judged) {
        const struct event *e = event_queue_at(&x->events, x->scanned++);
        if (!match_event(&step->match, e)) {
            continue;
        }
        x->counted++;
        if (step->kind == STEP_COUNT && x->counted > step->most) {
            fail_event(x, step, e, x->counted);
            return;
        }
        bool is_enough =
            step->kind == STEP_EXPECT || (step->most == UINT64_MAX && x->counted >= step->least);
        if (is_enough) {
            x->mark = x->scanned;
            next_step(x);
            return;
        }
    }
    if (step->kind == STEP_COUNT && step->most == UINT64_MAX && x->counted >= step->least) {
        next_step(x); // N.. with N = 0
    }
}

static void begin(struct executor *x, const struct step *step)
{
    x->has_begun = true;
    x->scanned = x->mark;
    x->counted = 0;
    x->step_deadline_us =
        step->duration_us > UINT64_MAX - x->now_us ? UINT64_MAX : x->now_us + step->duration_us;
    if (panel_has(x->panel, x->at)) {
        panel_begin(x->panel, x->at, x->now_us);
    }
    x->actions.begin(x->actions.context, step);
}

// One statement as far as it goes now; false when it waits.
static bool advance_one(struct executor *x)
{
    const struct step *step = present(x);
    size_t was_at = x->at;
    bool is_action = step->kind == STEP_BOOT || step->kind == STEP_TIME || step->kind == STEP_HUB;
    if (is_action && x->judged < x->events.next) {
        return false; // what happened before the action is judged before it
    }
    if (!x->has_begun) {
        begin(x, step);
        if (x->is_done) {
            return false;
        }
    }
    switch (step->kind) {
    case STEP_BOOT:
        act(x, act_boot);
        break;
    case STEP_TIME:
        act(x, act_time);
        break;
    case STEP_HUB:
        act(x, act_hub);
        break;
    case STEP_LOG:
        x->actions.note(x->actions.context, step->text);
        next_step(x);
        break;
    case STEP_NEVER:
        x->is_armed[x->at] = true;
        next_step(x);
        break;
    case STEP_EXPECT:
    case STEP_COUNT:
        scan(x, step);
        break;
    case STEP_ORACLE:
        ask_present(x);
        break;
    case STEP_WAIT:
        break;
    }
    return !x->is_done && x->at != was_at;
}

static void advance(struct executor *x)
{
    while (!x->is_done && present(x) && advance_one(x)) {
    }
    if (!x->is_done && !present(x) && x->judged >= x->events.next) {
        end(x, VERDICT_PASS, NULL, "", "");
    }
}

// The deadline of the present statement has come.
static void expire(struct executor *x)
{
    const struct step *step = present(x);
    if (step->kind == STEP_COUNT && x->counted >= step->least) {
        // An expect looks behind the last event that this count matched.
        for (uint64_t n = x->judged; n > x->mark && n > x->events.first; n--) {
            if (match_event(&step->match, event_queue_at(&x->events, n - 1))) {
                x->mark = n;
                break;
            }
        }
        next_step(x);
    } else if (step->kind == STEP_ORACLE) {
        ask_present(x);
    } else if (step->kind == STEP_WAIT) {
        next_step(x);
    } else {
        fail_missing(x, step);
    }
}

static bool has_deadline(const struct executor *x)
{
    const struct step *step = present(x);
    return step && x->has_begun &&
           (step->kind == STEP_WAIT || step->kind == STEP_EXPECT || step->kind == STEP_COUNT ||
            step->kind == STEP_ORACLE);
}

static void judge(struct executor *x, const struct event *e)
{
    x->judged++;
    feed_oracles(x, e);
    judge_never(x, e);
    if (!x->is_done && e->type == EVENT_DEVICE_EXITED) {
        judge_exit(x, e);
    }
    // From here on `e` may be forgotten.
    advance(x);
}

// Runs until nothing is left to do now. Events that come meanwhile are only queued.
static void run(struct executor *x)
{
    if (x->is_running || !x->is_started) {
        return;
    }
    x->is_running = true;
    advance(x);
    while (!x->is_done && x->judged < x->events.next) {
        if (x->judged < x->events.first) {
            x->judged = x->events.first;
        }
        judge(x, event_queue_at(&x->events, x->judged));
    }
    x->is_running = false;
}

static void run_timers(struct executor *x)
{
    uint64_t limit_at = x->start_us + x->plan->limit_us;
    while (!x->is_done && !x->is_running) {
        bool is_due = has_deadline(x) && x->now_us >= x->step_deadline_us;
        if (is_due && x->step_deadline_us <= limit_at) {
            expire(x);
            run(x);
        } else if (x->now_us >= limit_at) {
            fail_limit(x);
        } else {
            return;
        }
    }
}

static int refuse_boot(void *context)
{
    (void)context;
    FAIL(ERR_INTERNAL, "the executor was given no action for this statement");
}

static int refuse_step(void *context, const struct step *step)
{
    (void)step;
    return refuse_boot(context);
}

static void ignore_note(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static void ignore_begin(void *context, const struct step *step)
{
    (void)context;
    (void)step;
}

struct executor *executor_new(const struct plan *plan, const struct executor_actions *actions)
{
    struct executor *x = calloc(1, sizeof *x);
    if (!x) {
        return NULL;
    }
    outcome_init(&x->outcome);
    x->plan = plan;
    x->actions = *actions;
    x->actions.boot = actions->boot ? actions->boot : refuse_boot;
    x->actions.hub = actions->hub ? actions->hub : refuse_step;
    x->actions.time = actions->time ? actions->time : refuse_step;
    x->actions.note = actions->note ? actions->note : ignore_note;
    x->actions.begin = actions->begin ? actions->begin : ignore_begin;
    x->diagnosis = diagnosis_new();
    x->panel = panel_new(plan);
    x->is_armed = calloc(plan->step_count + 1, sizeof *x->is_armed);
    if (!x->diagnosis || !x->panel || !x->is_armed) {
        executor_free(x);
        return NULL;
    }
    outcome_set(&x->outcome.scenario, plan->name);
    outcome_set(&x->outcome.about, plan->about);
    outcome_set(&x->outcome.file, plan->file);
    return x;
}

void executor_free(struct executor *x)
{
    if (!x) {
        return;
    }
    event_queue_deinit(&x->events);
    diagnosis_free(x->diagnosis);
    panel_free(x->panel);
    outcome_deinit(&x->outcome);
    free(x->is_armed);
    free(x);
}

void executor_start(struct executor *x, uint64_t now_us)
{
    x->start_us = now_us;
    x->now_us = now_us;
    // What came before is evidence for the diagnosis alone: no statement looks at it.
    x->judged = x->events.next;
    x->mark = x->events.next;
    x->is_started = true;
    run(x);
}

static void follow_port(struct executor *x, const struct event *e)
{
    char port[128], why[128];
    if (e->type == EVENT_DEVICE_UNPLUGGED) {
        snprintf(x->gone_port, sizeof x->gone_port, "%s (%s)",
                 event_value(e, "port", port, sizeof port), event_value(e, "why", why, sizeof why));
    } else if (e->type == EVENT_DEVICE_REPLUGGED) {
        x->gone_port[0] = '\0';
    }
}

static void note_event(struct executor *x, const struct event *e)
{
    x->outcome.events++;
    diagnosis_event(x->diagnosis, e);
    if (!x->is_started) {
        feed_oracles(x, e);
    }
    if (e->type == EVENT_DEVICE_OUTPUT) {
        seen_output_add(&x->output, e);
    }
    follow_port(x, e);
    x->has_accepted |= e->type == EVENT_TCP_ACCEPTED;
    if (event_queue_push(&x->events, e) < 0) {
        executor_abort(x, VERDICT_INFRA, "every event is judged", "out of memory", "");
    }
    if (x->events.dropped && !x->has_told_drop) {
        x->has_told_drop = true;
        x->actions.note(x->actions.context,
                        "more than 100000 events wait for an expect; the oldest "
                        "are no longer looked at");
    }
}

void executor_event(struct executor *x, const struct event *e, uint64_t now_us)
{
    if (x->is_done) {
        return;
    }
    if (x->is_started && !x->is_running && now_us > x->now_us) {
        // What was due before this event is decided without it.
        x->now_us = now_us - 1;
        run_timers(x);
    }
    x->now_us = now_us > x->now_us ? now_us : x->now_us;
    if (!x->is_done) {
        note_event(x, e);
        run(x);
    }
}

void executor_tick(struct executor *x, uint64_t now_us)
{
    if (x->is_done || !x->is_started) {
        return;
    }
    x->now_us = now_us > x->now_us ? now_us : x->now_us;
    run_timers(x);
}

uint64_t executor_deadline_us(const struct executor *x)
{
    if (x->is_done || !x->is_started) {
        return UINT64_MAX;
    }
    uint64_t limit_at = x->start_us + x->plan->limit_us;
    return has_deadline(x) && x->step_deadline_us < limit_at ? x->step_deadline_us : limit_at;
}

bool executor_is_done(const struct executor *x)
{
    return x->is_done;
}

void executor_abort(struct executor *x, enum verdict verdict, const char *expected,
                    const char *observed, const char *try_text)
{
    if (x->is_done) {
        return;
    }
    outcome_set(&x->outcome.try_text, try_text);
    end(x, verdict, present(x), expected, observed);
}

const struct outcome *executor_outcome(const struct executor *x)
{
    return &x->outcome;
}
