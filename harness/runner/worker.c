// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "harness/runner/worker_private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { STOP_GRACE_US = 1500000 }; // for a device to end by itself

static uint64_t now_us(const struct worker *w)
{
    return w->env.mono_us(w->env.world);
}

// ---- events reach the executor from the loop, never from inside the layer that emitted them

void worker_on_event(void *context, const struct event *e)
{
    struct worker *w = context;
    struct event_copy *copy = event_copy_new(e);
    if (copy) {
        *w->last = copy;
        w->last = &copy->next;
    }
}

static struct event_copy *take_event(struct worker *w)
{
    struct event_copy *copy = w->first;
    if (copy) {
        w->first = copy->next;
        if (!w->first) {
            w->last = &w->first;
        }
    }
    return copy;
}

static void check_evidence(struct worker *w)
{
    const char *failure = capture_failure(w->rig.capture);
    failure = failure[0] ? failure : key_log_failure(w->rig.key_log);
    failure = failure[0] ? failure : dumpcap_failure(w->dumpcap);
    failure = w->evidence.failure[0] ? w->evidence.failure : failure;
    if (failure[0]) {
        executor_abort(w->executor, VERDICT_INFRA, "evidence can be written", failure,
                       "free some space, or choose another folder with --evidence");
    }
}

static void pump(struct worker *w)
{
    while (w->first && !executor_is_done(w->executor)) {
        struct event_copy *copy = take_event(w);
        log_reader_event(&w->log, w->rig.journal, &copy->event);
        executor_event(w->executor, &copy->event, now_us(w));
        event_copy_free(copy);
    }
    executor_tick(w->executor, now_us(w));
    check_evidence(w);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; // waking up is all; the main loop pumps
}

static void on_stop_signal(uv_signal_t *signal, int number)
{
    struct worker *w = signal->data;
    char observed[64];
    snprintf(observed, sizeof observed, "interrupted by %s", strsignal(number));
    executor_abort(w->executor, VERDICT_INFRA, "the scenario runs to its end", observed, "");
}

static void arm_timer(struct worker *w)
{
    uint64_t at = executor_deadline_us(w->executor);
    if (at == UINT64_MAX) {
        return;
    }
    uv_update_time(&w->loop);
    uv_timer_start(&w->timer, on_timer, env_wait_ms(&w->env, at), 0);
}

static int open_loop(struct worker *w)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    ENSURE(uv_loop_init(&w->loop) == 0, ERR_IO);
    uv_timer_init(&w->loop, &w->timer);
    for (size_t i = 0; i < HR_COUNT_OF(numbers); i++) {
        uv_signal_init(&w->loop, &w->stops[i]);
        w->stops[i].data = w;
        uv_signal_start(&w->stops[i], on_stop_signal, numbers[i]);
    }
    return 0;
}

static int set_up(struct worker *w)
{
    const struct executor_actions actions = worker_actions(w);
    TRY(evidence_open(&w->evidence, w->job->evidence));
    TRY(evidence_put(&w->evidence, "scenario.scn", span_text(w->job->plan->source), 0644));
    TRY(worker_enter_network(w));
    TRY(worker_check_services(w));
    w->executor = executor_new(w->job->plan, &actions);
    ENSURE(w->executor != NULL, ERR_NO_MEMORY);
    TRY(open_loop(w));
    TRY(worker_start_dumpcap(w));
    TRY(worker_open_rig(w));
    return worker_prepare_device(w);
}

// ---- running

static void run_to_the_end(struct worker *w)
{
    while (w->first) { // what setting up has emitted
        struct event_copy *copy = take_event(w);
        executor_event(w->executor, &copy->event, now_us(w));
        event_copy_free(copy);
    }
    executor_start(w->executor, now_us(w));
    pump(w);
    while (!executor_is_done(w->executor)) {
        arm_timer(w);
        uv_run(&w->loop, UV_RUN_ONCE);
        pump(w);
    }
}

static void stop_dumpcap(struct worker *w)
{
    dumpcap_stop(w->dumpcap);
    w->dumpcap = NULL;
}

static void stop_device(struct worker *w)
{
    if (!w->dut) {
        return;
    }
    device_stop(w->dut, STOP_GRACE_US);
    fleet_stop(w->fleet, STOP_GRACE_US);
    while (device_is_running(w->dut) || fleet_is_running(w->fleet)) {
        uv_run(&w->loop, UV_RUN_ONCE);
    }
    fleet_free(w->fleet);
    stop_dumpcap(w); // before what is left of the device's processes is hunted
    device_free(w->dut);
    w->fleet = NULL;
    w->dut = NULL;
}

// With the handlers gone a second signal would end the worker before its outcome is written.
static void hold_signals(void)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGINT);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

static void close_loop(struct worker *w)
{
    hold_signals();
    uv_close((uv_handle_t *)&w->timer, NULL);
    for (size_t i = 0; i < HR_COUNT_OF(w->stops); i++) {
        uv_close((uv_handle_t *)&w->stops[i], NULL);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_loop_close(&w->loop);
}

static void tear_down(struct worker *w)
{
    stop_device(w);
    stop_dumpcap(w);
    if (w->has_rig) {
        rig_device_deinit(&w->device);
        rig_close(&w->rig);
        close_loop(w);
    }
    struct event_copy *copy = NULL;
    while ((copy = take_event(w))) {
        event_copy_free(copy);
    }
    credentials_deinit(&w->credentials);
    surroundings_deinit(&w->around);
    executor_free(w->executor);
    log_reader_close(&w->log);
}

// To the evidence first: killed in between, the runner knows of no outcome and says so there.
static int send_outcome(struct worker *w, const struct outcome *o, int fd)
{
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, 1 << 20);
    TRY(outcome_to_json(o, &json));
    int kept = w->evidence.folder[0]
                   ? evidence_put(&w->evidence, "verdict.json", buf_span(&json), 0644)
                   : 0; // the outcome says already why there is no folder
    struct span left = buf_span(&json);
    while (left.len > 0) {
        ssize_t n = write(fd, left.ptr, left.len);
        ENSURE(n > 0, ERR_IO);
        left = span_from(left, (size_t)n);
    }
    return kept;
}

uint32_t run_rate_ppm(const struct plan *plan, const struct bench_device *device)
{
    bool can = device && device->kind == BENCH_PROCESS && (device->offers & CAN(CLOCK));
    return can ? plan->settings.device_rate_ppm : RATE_REAL_PPM;
}

static void fill_outcome(struct worker *w, struct outcome *o)
{
    job_describe(w->job, o);
    o->started_us = worker_machine_utc_us(w);
    outcome_set(&o->evidence, w->job->evidence);
}

static void fill_infra(struct outcome *o, int code)
{
    o->verdict = VERDICT_INFRA;
    outcome_set(&o->expected, "the rig can be set up");
    outcome_set(&o->observed, error_text(code));
}

static void copy_outcome(struct outcome *to, const struct outcome *from)
{
    to->verdict = from->verdict;
    outcome_set(&to->file, from->file);
    to->line = from->line;
    to->column = from->column;
    to->duration_us = from->duration_us;
    outcome_set(&to->statement, from->statement);
    outcome_set(&to->expected, from->expected);
    outcome_set(&to->observed, from->observed);
    outcome_set(&to->cause, from->cause);
    outcome_set(&to->try_text, from->try_text);
    to->measures = from->measures;
    outcome_copy_findings(to, from);
}

static void judge(struct worker *w, struct outcome *o)
{
    copy_outcome(o, executor_outcome(w->executor));
    EMIT(w->rig.journal, RUN_VERDICT, 0, NULL, F_TEXT("verdict", verdict_word(o->verdict)),
         F_INT("line", o->line), F_TEXT("cause", o->cause));
    o->events = journal_count(w->rig.journal);
}

int worker_run(const struct job *job, int outcome_fd)
{
    struct seeded_world world = {job_seed(job)};
    struct worker w = {.job = job, .machine = env_seeded(&world)};
    struct outcome outcome;
    w.env = env_paced(&w.paced, &w.machine, run_rate_ppm(job->plan, job->device));
    w.last = &w.first;
    outcome_init(&outcome);
    prctl(PR_SET_CHILD_SUBREAPER, 1); // what the device leaves behind comes to us
    uint64_t began_us = w.machine.mono_us(w.machine.world);
    fill_outcome(&w, &outcome);
    int code = set_up(&w);
    if (code == 0) {
        run_to_the_end(&w);
        stop_device(&w);
        judge(&w, &outcome);
    } else {
        fill_infra(&outcome, code);
    }
    outcome.duration_us = w.machine.mono_us(w.machine.world) - began_us;
    tear_down(&w);
    code = send_outcome(&w, &outcome, outcome_fd);
    evidence_close(&w.evidence);
    outcome_deinit(&outcome);
    return code;
}
