// SPDX-License-Identifier: MIT
// Every event passes through here once, in order: first what stands (never, while, when) judges it,
// then an exit of the device, then the present statement. Statements that take no time run at once after it.
#include "base/error.h"
#include "harness/oracle/executor_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct step *executor_present(const struct executor *x)
{
    return x->at < x->plan->step_count ? &x->plan->steps[x->at] : NULL;
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
        executor_fail(x, step, step->source, &said, e);
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

static void fail_standing(struct executor *x, size_t at, const struct event *e)
{
    const struct step *step = &x->plan->steps[at];
    struct buf said HR_CLEANUP(buf_deinit);
    buf_init(&said, SENTENCE_BYTES_MOST);
    (void)!standing_print_missing(x->standing, at, x->now_us, &said);
    executor_fail(x, step, step->source, &said, e);
}

static void judge_standing(struct executor *x, const struct event *e)
{
    for (size_t i = 0; i < x->at && !x->is_done; i++) {
        const struct step *step = &x->plan->steps[i];
        if (!standing_is_armed(x->standing, i)) {
            continue;
        }
        if (step->oracle) {
            (void)ask_oracle(x, i, e);
            continue;
        }
        enum standing_says says = standing_event(x->standing, i, e, x->now_us);
        if (says == STANDING_BROKEN) {
            executor_fail_event(x, step, e,
                                step->kind == STEP_WHILE && !step->during->is_never
                                    ? standing_counted(x->standing, i)
                                    : 0);
        } else if (says == STANDING_MISSING) {
            fail_standing(x, i, e);
        }
    }
}

// All statements are over: each while must have had something to judge.
static void end_standing(struct executor *x)
{
    for (size_t i = 0; i < x->plan->step_count && !x->is_done; i++) {
        const struct step *step = &x->plan->steps[i];
        struct buf said HR_CLEANUP(buf_deinit);
        buf_init(&said, SENTENCE_BYTES_MOST);
        if (step->kind != STEP_WHILE) {
            continue;
        }
        if (standing_print_end(x->standing, i, &said)) {
            x->actions.note(x->actions.context, buf_text(&said));
        } else {
            outcome_set(&x->outcome.try_text,
                        "give the device longer, or more to do, behind this statement");
            executor_end(x, VERDICT_INCONCLUSIVE, step, step->source, buf_text(&said));
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

static int perform(struct executor *x, const struct step *step)
{
    void *context = x->actions.context;
    switch (step->kind) {
    case STEP_BOOT:
        x->is_booted = true;
        x->boot_us = x->now_us;
        return x->actions.boot(context);
    case STEP_TIME:
        return x->actions.time(context, step);
    case STEP_HUB:
        return x->actions.hub(context, step);
    case STEP_DEVICE:
        return x->actions.device(context, step);
    default:
        return ERR_INTERNAL;
    }
}

// False when the run has ended.
static bool act(struct executor *x, const struct step *step)
{
    panel_act(x->panel, x->now_us);
    error_clear();
    int code = perform(x, step);
    if (!x->is_done && code < 0) {
        executor_end(x, VERDICT_INFRA, step, step->source, error_text(code));
    }
    return !x->is_done; // it may have been aborted from inside
}

static void act_present(struct executor *x)
{
    // Events that the action itself causes come after it.
    x->mark = x->events.next;
    if (act(x, executor_present(x))) {
        next_step(x);
    }
}

// What whens do is asked for by events, so the present statement still sees them all.
static void act_due(struct executor *x)
{
    size_t at = 0;
    while (!x->is_done && standing_take_due(x->standing, &at)) {
        const struct step *step = &x->plan->steps[at];
        x->actions.begin(x->actions.context, step);
        if (step->then->kind == STEP_LOG) {
            x->actions.note(x->actions.context, step->then->text);
        } else {
            (void)act(x, step->then);
        }
    }
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

// The last measure of a name counts.
static void keep_measure(struct executor *x, const struct step *step)
{
    struct measure m = step->measure->reached;
    struct buf said HR_CLEANUP(buf_deinit);
    buf_init(&said, SENTENCE_BYTES_MOST);
    (void)!measure_print(&m, &said);
    x->actions.note(x->actions.context, buf_text(&said));
    m.is_most = !plan_next_measure(x->plan, x->at + 1, m.name);
    measures_set(&x->outcome.measures, &m);
    next_step(x);
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
    bool is_action = step->kind == STEP_BOOT || step->kind == STEP_TIME ||
                     step->kind == STEP_HUB || step->kind == STEP_DEVICE;
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
    case STEP_TIME:
    case STEP_HUB:
    case STEP_DEVICE:
        act_present(x);
        break;
    case STEP_LOG:
        x->actions.note(x->actions.context, step->text);
        next_step(x);
        break;
    case STEP_NEVER:
    case STEP_WHILE:
    case STEP_WHEN:
        standing_arm(x->standing, x->at);
        next_step(x);
        break;
    case STEP_MEASURE:
        keep_measure(x, step);
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
        end_standing(x);
        if (!x->is_done) {
            executor_end(x, VERDICT_PASS, NULL, "", "");
        }
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
    judge_standing(x, e);
    if (!x->is_done && e->type == EVENT_DEVICE_EXITED) {
        executor_judge_exit(x, e);
    }
    // From here on `e` may be forgotten.
    act_due(x);
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

static uint64_t step_due_us(const struct executor *x)
{
    return has_deadline(x) ? x->step_deadline_us : UINT64_MAX;
}

// What is due at or before `limit_us` has come; false when nothing has.
static bool run_timer(struct executor *x, uint64_t limit_us)
{
    uint64_t standing_us = standing_deadline_us(x->standing);
    uint64_t step_us = step_due_us(x);
    uint64_t first_us = standing_us < step_us ? standing_us : step_us;
    size_t at = 0;
    if (first_us > x->now_us || first_us > limit_us) {
        return false;
    }
    if (standing_us < step_us && standing_expired(x->standing, x->now_us, &at)) {
        fail_standing(x, at, NULL);
    } else {
        expire(x);
        run(x);
    }
    return true;
}

static void run_timers(struct executor *x)
{
    uint64_t limit_us = x->start_us + x->plan->limit_us;
    while (!x->is_done && !x->is_running && run_timer(x, limit_us)) {
    }
    if (!x->is_done && !x->is_running && x->now_us >= limit_us) {
        executor_fail_limit(x);
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
    x->actions.device = actions->device ? actions->device : refuse_step;
    x->actions.note = actions->note ? actions->note : ignore_note;
    x->actions.begin = actions->begin ? actions->begin : ignore_begin;
    x->diagnosis = diagnosis_new();
    x->panel = panel_new(plan);
    x->standing = standing_new(plan);
    if (!x->diagnosis || !x->panel || !x->standing) {
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
    standing_free(x->standing);
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
    char port[128], why[128], power[8];
    if (e->type == EVENT_DEVICE_POWER) {
        x->is_off = strcmp(event_value(e, "power", power, sizeof power), "off") == 0;
    } else if (e->type == EVENT_DEVICE_UNPLUGGED && !x->is_off) {
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
    uint64_t standing_at = standing_deadline_us(x->standing);
    uint64_t first = step_due_us(x) < limit_at ? step_due_us(x) : limit_at;
    return standing_at < first ? standing_at : first;
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
