// SPDX-License-Identifier: MIT
#include "harness/runner/runner.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/device/process.h"
#include "harness/runner/earlier.h"
#include "harness/runner/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OUTCOME_BYTES_MOST = 1 << 20,
    OVERTIME_US = 30 * 1000000,       // past a plan's limit before its worker is killed
    BOARD_US = 900 * 1000000,         // more for flashing and provisioning a board
    INTERRUPT_GRACE_US = 8 * 1000000, // for workers to end after Ctrl-C
    TICK_MS = 500,
};

struct slot {
    bool is_used;
    struct queue_item item;
    pid_t pid;
    int fd;
    struct buf json;
    uint64_t began_us;
    uint64_t deadline_us;
    bool is_killed; // by us, for overtime
};

struct runner {
    const struct run_settings *settings;
    struct outcome *outcomes;
    struct queue queue;
    unsigned round;      // that was queued last
    unsigned *open_runs; // per entry: queued or running
    size_t next_report;
    size_t done;
    uint64_t taken_us, planned_us; // of all runs that are over: what they took and could have taken
    bool is_stopping;              // after a bad run
    char stopped_by[200];
    struct env env;
    struct slot slots[JOBS_MOST];
    size_t slot_count;
    int signal_fd;
    sigset_t old_mask;
    int interrupted_by; // signal number, 0 = not
};

size_t runner_default_jobs(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jobs = cores > 0 ? 4 * (size_t)cores : 4;
    return jobs > 16 ? 16 : jobs;
}

static uint64_t now_us(const struct runner *r)
{
    return r->env.mono_us(r->env.world);
}

static const struct run_entry *entry_of(const struct runner *r, size_t entry)
{
    return &r->settings->entries[entry];
}

static const struct plan *plan_of(const struct runner *r, const struct slot *slot)
{
    return entry_of(r, slot->item.entry)->plan;
}

static struct job job_of(const struct runner *r, const struct queue_item *item)
{
    const struct run_entry *entry = entry_of(r, item->entry);
    return (struct job){
        .plan = entry->plan,
        .device = entry->device,
        .given = entry->given,
        .again = entry->again,
        .bench_folder = r->settings->bench_folder,
        .network = r->settings->network,
        .has_interface_capture = r->settings->has_interface_capture,
        .index = (int)item->entry,
        .firmware = r->settings->firmware,
        .seed = r->settings->seed,
        .round = item->round,
        .attempt = item->attempt,
    };
}

// ---- progress

static bool is_busy(const struct runner *r)
{
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used) {
            return true;
        }
    }
    return false;
}

static uint64_t longest_of(const struct run_entry *entry)
{
    return runner_longest_us(entry, 1, 1);
}

// What is left, judged by how much of their longest time the runs so far have taken.
static uint64_t estimate_us(const struct runner *r)
{
    double left = 0;
    if (r->planned_us == 0 || r->settings->rounds == 0) {
        return 0;
    }
    for (size_t i = r->queue.head; i < r->queue.count; i++) {
        const struct queue_item *item = &r->queue.items[i];
        left += item->is_taken ? 0 : (double)longest_of(entry_of(r, item->entry));
    }
    double share = (double)r->taken_us / (double)r->planned_us;
    double running = 0;
    for (size_t i = 0; i < r->slot_count; i++) {
        const struct slot *slot = &r->slots[i];
        double whole = slot->is_used ? (double)longest_of(entry_of(r, slot->item.entry)) * share : 0;
        double rest = whole - (slot->is_used ? (double)(now_us(r) - slot->began_us) : 0);
        running = rest > running ? rest : running;
    }
    double queued = left * share / (double)r->slot_count;
    return (uint64_t)(queued + running);
}

static void report_progress(struct runner *r)
{
    struct run_progress p = {.done = r->done};
    if (!r->settings->on_progress) {
        return;
    }
    p.total = r->settings->entry_count * (size_t)r->settings->rounds;
    p.left_us = estimate_us(r);
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used) {
            p.running[p.running_count].scenario = plan_of(r, &r->slots[i])->name;
            p.running[p.running_count].device = entry_of(r, r->slots[i].item.entry)->device->name;
            p.running[p.running_count].since_us = now_us(r) - r->slots[i].began_us;
            p.running_count++;
        }
    }
    r->settings->on_progress(r->settings->context, &p);
}

// ---- outcomes

static bool is_over(const struct runner *r, size_t entry)
{
    bool has_more = r->settings->rounds == 0 && !r->is_stopping && !r->interrupted_by;
    return r->open_runs[entry] == 0 && !has_more;
}

static void report_outcomes(struct runner *r)
{
    while (r->next_report < r->settings->entry_count && is_over(r, r->next_report)) {
        r->settings->on_outcome(r->settings->context, &r->outcomes[r->next_report]);
        r->next_report++;
    }
}

static bool wants_again(struct runner *r, const struct queue_item *item, const struct outcome *o)
{
    struct queue_item again = *item;
    again.is_taken = false;
    again.attempt++;
    return o->verdict == VERDICT_INFRA && !r->interrupted_by && !r->is_stopping &&
           item->attempt <= r->settings->retries && queue_add(&r->queue, again) == 0;
}

static void stop_after(struct runner *r, const struct outcome *o)
{
    bool is_bad = verdict_is_trouble(o->verdict);
    if (is_bad && !r->is_stopping && (r->settings->stops_at_bad || r->settings->rounds == 0)) {
        r->is_stopping = true;
        snprintf(r->stopped_by, sizeof r->stopped_by, "%s on %s: %s", o->scenario, o->device,
                 verdict_word(o->verdict));
    }
}

// Takes `o` over.
static void settle(struct runner *r, const struct queue_item *item, struct outcome *o)
{
    struct outcome *sum = &r->outcomes[item->entry];
    bool again = wants_again(r, item, o);
    if (r->settings->on_run) {
        r->settings->on_run(r->settings->context, o, again);
    }
    if (again) {
        char earlier[600];
        snprintf(earlier, sizeof earlier, "infra: %s", o->observed);
        outcome_set(&sum->earlier, earlier);
        earlier_set_aside(o->evidence, item->attempt);
        outcome_deinit(o);
        return;
    }
    if (item->attempt > 1) {
        outcome_set(&o->earlier, sum->earlier);
    }
    stop_after(r, o);
    outcome_add_run(sum, o);
    outcome_deinit(o);
    r->open_runs[item->entry]--;
    r->done++;
}

// What the rig owes stands in the evidence as well, so that a report of it says so. When the folder
// cannot be written the run tells it alone.
static void keep_verdict(const struct outcome *o, const char *folder)
{
    char path[PATH_MAX];
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, OUTCOME_BYTES_MOST);
    if (fs_make_folder(folder, 0755) == 0 && outcome_to_json(o, &json) == 0 &&
        fs_join(path, sizeof path, folder, "verdict.json") == 0) {
        (void)!fs_write_file(path, buf_span(&json), 0644);
    }
}

static void settle_as(struct runner *r, const struct queue_item *item, enum verdict verdict,
                      const char *expected, const char *observed, const char *try_text)
{
    struct outcome o;
    char evidence[PATH_MAX];
    const struct job job = job_of(r, item);
    outcome_init(&o);
    job_describe(&job, &o);
    o.verdict = verdict;
    outcome_set(&o.expected, expected);
    outcome_set(&o.observed, observed);
    outcome_set(&o.try_text, try_text);
    bool has_folder = earlier_folder(r->settings, item->entry, item->round, evidence,
                                     sizeof evidence) == 0;
    if (has_folder && fs_is_folder(evidence)) {
        outcome_set(&o.evidence, evidence);
    }
    if (has_folder && verdict == VERDICT_INFRA) {
        keep_verdict(&o, evidence);
    }
    settle(r, item, &o);
}

// ---- workers

// What the plan needs and the device does not offer: the first of it, or CAPABILITY_COUNT.
static size_t missing_on(const struct bench_device *d, const struct plan *p)
{
    size_t i = 0;
    while (i < CAPABILITY_COUNT && !(p->needs & ~bench_capabilities(d) & 1U << i)) {
        i++;
    }
    return i;
}

static bool is_settled_without(struct runner *r, const struct queue_item *item)
{
    const struct run_entry *entry = entry_of(r, item->entry);
    size_t missing = missing_on(entry->device, entry->plan);
    char text[PATH_MAX];
    struct outcome o;
    if (missing < CAPABILITY_COUNT) {
        snprintf(text, sizeof text, "device %s does not offer %s (this needs a device %s)",
                 entry->device->name, capability_word(missing), capability_claim(missing));
        settle_as(r, item, VERDICT_SKIPPED, "", text, "");
        return true;
    }
    if (!r->settings->is_resumed ||
        earlier_folder(r->settings, item->entry, item->round, text, sizeof text) < 0) {
        return false;
    }
    bool is_taken = earlier_take(r->settings, item->entry, text, &o);
    if (is_taken) {
        settle(r, item, &o);
    } else {
        outcome_deinit(&o);
    }
    return is_taken;
}

static void become_worker(struct runner *r, const struct queue_item *item, int fd, pid_t runner)
{
    char evidence[PATH_MAX];
    struct job job = job_of(r, item);
    job.evidence = evidence;
    close(r->signal_fd);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != runner) { // it went before it could be watched
        _exit(1);
    }
    sigprocmask(SIG_SETMASK, &r->old_mask, NULL);
    signal(SIGPIPE, SIG_IGN);
    int code = earlier_folder(r->settings, item->entry, item->round, evidence, sizeof evidence);
    if (code == 0) {
        code = worker_run(&job, fd);
    }
    if (code < 0) {
        fprintf(stderr, "hubrig: %s: %s\n", job.plan->name, error_text(code));
    }
    fflush(NULL);
    _exit(code == 0 ? 0 : 1);
}

static int start_worker(struct runner *r, struct slot *slot, const struct queue_item *item)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        FAIL(ERR_IO, "cannot make a pipe: %s", strerror(errno));
    }
    fflush(NULL);
    pid_t runner = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_worker(r, item, pair[1], runner);
    }
    int errnum = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        FAIL(ERR_IO, "cannot fork: %s", strerror(errnum));
    }
    *slot = (struct slot){
        .is_used = true, .item = *item, .pid = pid, .fd = pair[0], .began_us = now_us(r)};
    const struct run_entry *entry = entry_of(r, item->entry);
    uint64_t limit_us = (uint64_t)rate_slower((int64_t)entry->plan->limit_us, 
                                              run_rate_ppm(entry->plan, entry->device));
    slot->deadline_us = slot->began_us + limit_us + OVERTIME_US +
                        (entry->device->board ? BOARD_US : 0);
    buf_init(&slot->json, OUTCOME_BYTES_MOST);
    report_progress(r);
    return 0;
}

// A board takes one scenario at a time.
static bool is_free(void *context, size_t entry)
{
    struct runner *r = context;
    for (size_t i = 0; i < r->slot_count && entry_of(r, entry)->is_alone; i++) {
        if (r->slots[i].is_used &&
            entry_of(r, r->slots[i].item.entry)->device == entry_of(r, entry)->device) {
            return false;
        }
    }
    return true;
}

// Without an end, a round begins when the one before is over: they share evidence folders.
static int refill(struct runner *r)
{
    if (r->settings->rounds || queue_left(&r->queue) || is_busy(r) ||
        r->settings->entry_count == 0) {
        return 0;
    }
    queue_deinit(&r->queue);
    TRY(queue_add_round(&r->queue, r->settings->entry_count, ++r->round,
                        r->settings->is_shuffled ? r->settings->seed : 0));
    for (size_t i = 0; i < r->settings->entry_count; i++) {
        r->open_runs[i]++;
    }
    return 0;
}

static int start_workers(struct runner *r)
{
    struct queue_item item;
    for (size_t i = 0; i < r->slot_count; i++) {
        while (!r->slots[i].is_used && !r->interrupted_by && !r->is_stopping) {
            TRY(refill(r));
            if (!queue_take(&r->queue, is_free, r, &item)) {
                return 0;
            }
            if (is_settled_without(r, &item)) {
                report_outcomes(r);
                continue;
            }
            int code = start_worker(r, &r->slots[i], &item);
            if (code < 0) {
                settle_as(r, &item, VERDICT_INFRA, "a worker can be started", error_text(code), "");
            }
        }
    }
    return 0;
}

static void settle_lost(struct runner *r, const struct slot *slot, int status)
{
    char observed[200];
    if (slot->is_killed) {
        snprintf(observed, sizeof observed, "it was still running 30 s after the scenario's limit");
    } else if (WIFSIGNALED(status)) {
        snprintf(observed, sizeof observed, "signal %d ended it (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(observed, sizeof observed, "it ended with code %d and no outcome",
                 WEXITSTATUS(status));
    }
    settle_as(r, &slot->item, VERDICT_INFRA, "the scenario's worker runs to its end", observed,
              r->interrupted_by
                  ? ""
                  : "run the scenario again; the journal is complete to the last event");
}

static void kill_orphans(struct runner *r)
{
    int keep[JOBS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used) {
            keep[count++] = r->slots[i].pid;
        }
    }
    process_kill_descendants(keep, count);
}

static void finish_worker(struct runner *r, struct slot *slot)
{
    int status = 0;
    struct outcome o;
    close(slot->fd);
    while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR) {
    }
    slot->is_used = false;
    kill_orphans(r); // a worker that was killed may have left some
    r->taken_us += now_us(r) - slot->began_us;
    r->planned_us += longest_of(entry_of(r, slot->item.entry));
    if (slot->json.len > 0 && outcome_from_json(buf_span(&slot->json), &o) == 0) {
        settle(r, &slot->item, &o);
    } else {
        if (slot->json.len > 0) {
            outcome_deinit(&o);
        }
        settle_lost(r, slot, status);
    }
    buf_deinit(&slot->json);
    report_outcomes(r);
    report_progress(r);
}

static void read_outcome(struct runner *r, struct slot *slot)
{
    char chunk[16384];
    ssize_t n = read(slot->fd, chunk, sizeof chunk);
    if (n > 0 && buf_append(&slot->json, span_of(chunk, (size_t)n)) == 0) {
        return;
    }
    if (n < 0 && errno == EINTR) {
        return;
    }
    finish_worker(r, slot);
}

// ---- the loop

static void interrupt(struct runner *r)
{
    struct signalfd_siginfo info;
    ssize_t n = read(r->signal_fd, &info, sizeof info);
    if (n != (ssize_t)sizeof info) {
        return;
    }
    bool is_again = r->interrupted_by != 0;
    r->interrupted_by = (int)info.ssi_signo;
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used) {
            kill(r->slots[i].pid, is_again ? SIGKILL : SIGTERM);
            r->slots[i].deadline_us = now_us(r) + INTERRUPT_GRACE_US;
        }
    }
}

static void kill_overdue(struct runner *r)
{
    uint64_t now = now_us(r);
    for (size_t i = 0; i < r->slot_count; i++) {
        struct slot *slot = &r->slots[i];
        if (slot->is_used && now > slot->deadline_us) {
            slot->is_killed = true;
            kill(slot->pid, SIGKILL);
            slot->deadline_us = UINT64_MAX;
        }
    }
}

static void wait_for_something(struct runner *r)
{
    struct pollfd fds[JOBS_MOST + 1] = {{.fd = r->signal_fd, .events = POLLIN}};
    for (size_t i = 0; i < r->slot_count; i++) {
        fds[i + 1] =
            (struct pollfd){.fd = r->slots[i].is_used ? r->slots[i].fd : -1, .events = POLLIN};
    }
    int ready = poll(fds, r->slot_count + 1, TICK_MS);
    if (ready < 0) {
        return;
    }
    if (fds[0].revents) {
        interrupt(r);
    }
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used && fds[i + 1].revents) {
            read_outcome(r, &r->slots[i]);
        }
    }
    kill_overdue(r);
    if (ready == 0) {
        report_progress(r);
    }
}

// What was queued and did not begin. An entry that has run before keeps what those runs said.
static void settle_rest(struct runner *r)
{
    char observed[300] = "interrupted before it began";
    bool is_stopped = r->is_stopping && !r->interrupted_by;
    if (is_stopped) {
        snprintf(observed, sizeof observed, "not run, after %s", r->stopped_by);
    }
    for (size_t i = r->queue.head; i < r->queue.count; i++) {
        struct queue_item *item = &r->queue.items[i];
        if (item->is_taken) {
            continue;
        }
        item->is_taken = true;
        if (is_stopped && r->outcomes[item->entry].runs) {
            r->open_runs[item->entry]--;
        } else if (is_stopped) {
            settle_as(r, item, VERDICT_SKIPPED, "", observed, "");
        } else {
            settle_as(r, item, VERDICT_INFRA, "the run goes to its end", observed, "");
        }
    }
    report_outcomes(r);
}

static int open_signals(struct runner *r)
{
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigprocmask(SIG_BLOCK, &stops, &r->old_mask);
    r->signal_fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
    ENSURE(r->signal_fd >= 0, ERR_IO);
    return 0;
}

static int open_runs(struct runner *r)
{
    const struct run_settings *s = r->settings;
    r->open_runs = calloc(s->entry_count + 1, sizeof *r->open_runs);
    ENSURE(r->open_runs != NULL, ERR_NO_MEMORY);
    if (!s->is_resumed) {
        earlier_forget(s);
    }
    for (unsigned round = 1; round <= s->rounds; round++) {
        TRY(queue_add_round(&r->queue, s->entry_count, round, s->is_shuffled ? s->seed : 0));
    }
    for (size_t i = 0; i < s->entry_count; i++) {
        r->open_runs[i] = (unsigned)s->rounds;
    }
    return 0;
}

static void close_runner(struct runner *r)
{
    if (r->signal_fd >= 0) {
        close(r->signal_fd);
    }
    sigprocmask(SIG_SETMASK, &r->old_mask, NULL);
    queue_deinit(&r->queue);
    free(r->open_runs);
}

int runner_run(const struct run_settings *settings, struct outcome *outcomes)
{
    struct runner r = {
        .settings = settings, .outcomes = outcomes, .env = env_system(), .signal_fd = -1};
    for (size_t i = 0; i < settings->entry_count; i++) {
        outcome_init(&outcomes[i]);
    }
    r.slot_count = settings->jobs < 1 ? 1 : settings->jobs > JOBS_MOST ? JOBS_MOST : settings->jobs;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int code = open_signals(&r);
    code = code == 0 ? open_runs(&r) : code;
    while (code == 0) {
        code = start_workers(&r);
        if (code < 0 || !is_busy(&r)) {
            break;
        }
        wait_for_something(&r);
    }
    if (code == 0) {
        settle_rest(&r);
    }
    process_kill_descendants(NULL, 0);
    close_runner(&r);
    return code;
}
