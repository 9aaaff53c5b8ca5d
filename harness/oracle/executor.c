// SPDX-License-Identifier: MIT
// Every event passes through here once, in order: first the never watches judge it, then an exit
// of the device, then the present statement. Statements that take no time run at once after it.
#include "harness/oracle/executor_private.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

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
        executor_end_failed(x, step, step->source, &said, e);
    } else if (state == ORACLE_UNDECIDED) {
        outcome_set(&x->outcome.try_text,
                    "give the device longer, or more to do, before this statement");
        executor_end(x, VERDICT_INCONCLUSIVE, step, step->source, buf_text(&said));
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
            executor_fail_event(x, step, e, 0);
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
    const struct step *step = executor_present(x);
    // Events that the action itself causes come after it.
    x->mark = x->events.next;
    panel_act(x->panel, x->now_us);
    error_clear();
    int code = action(x, step);
    if (x->is_done) {
        return; // aborted from inside
    }
    if (code < 0) {
        executor_end(x, VERDICT_INFRA, step, step->source, error_text(code));
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
            executor_fail_event(x, step, e, x->counted);
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
    const struct step *step = executor_present(x);
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
    while (!x->is_done && executor_present(x) && advance_one(x)) {
    }
    if (!x->is_done && !executor_present(x) && x->judged >= x->events.next) {
        executor_end(x, VERDICT_PASS, NULL, "", "");
    }
}

// The deadline of the present statement has come.
static void expire(struct executor *x)
{
    const struct step *step = executor_present(x);
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
        executor_fail_missing(x, step);
    }
}

static bool has_deadline(const struct executor *x)
{
    const struct step *step = executor_present(x);
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
        executor_judge_exit(x, e);
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
            executor_fail_limit(x);
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
    executor_follow_port(x, e);
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
    executor_end(x, verdict, executor_present(x), expected, observed);
}

const struct outcome *executor_outcome(const struct executor *x)
{
    return &x->outcome;
}
