// SPDX-License-Identifier: MIT
#include "harness/runner/runner.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/device/process.h"

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
    JOBS_MOST = 64,
    OUTCOME_BYTES_MOST = 1 << 20,
    OVERTIME_US = 30 * 1000000,       // past a plan's limit before its worker is killed
    BOARD_US = 900 * 1000000,         // more for flashing and provisioning a board
    INTERRUPT_GRACE_US = 8 * 1000000, // for workers to end after Ctrl-C
};

struct slot {
    bool is_used;
    size_t plan;
    pid_t pid;
    int fd;
    struct buf json;
    uint64_t deadline_us;
    bool is_killed; // by us, for overtime
};

struct runner {
    const struct run_settings *settings;
    struct outcome *outcomes;
    bool *is_over;
    size_t next_plan;
    size_t next_report;
    size_t done;
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

static const struct plan *plan_of(const struct runner *r, const struct slot *slot)
{
    return &r->settings->plans[slot->plan];
}

// ---- outcomes

static void describe(const struct runner *r, size_t plan, struct outcome *o)
{
    outcome_set(&o->scenario, r->settings->plans[plan].name);
    outcome_set(&o->about, r->settings->plans[plan].about);
    outcome_set(&o->file, r->settings->plans[plan].file);
    outcome_set(&o->device, r->settings->device->name);
}

static void settle_as(struct runner *r, size_t plan, enum verdict verdict, const char *expected,
                      const char *observed, const char *try_text)
{
    struct outcome *o = &r->outcomes[plan];
    describe(r, plan, o);
    o->verdict = verdict;
    outcome_set(&o->expected, expected);
    outcome_set(&o->observed, observed);
    outcome_set(&o->try_text, try_text);
}

static void report_progress(struct runner *r)
{
    const char *running[JOBS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used) {
            running[count++] = plan_of(r, &r->slots[i])->name;
        }
    }
    if (r->settings->on_progress) {
        r->settings->on_progress(r->settings->context, r->done, running, count);
    }
}

static void mark_over(struct runner *r, size_t plan)
{
    r->is_over[plan] = true;
    r->done++;
    while (r->next_report < r->settings->plan_count && r->is_over[r->next_report]) {
        r->settings->on_outcome(r->settings->context, &r->outcomes[r->next_report]);
        r->next_report++;
    }
}

// ---- workers

static bool is_skipped(struct runner *r, size_t plan)
{
    const struct plan *p = &r->settings->plans[plan];
    const struct bench_device *d = r->settings->device;
    const char *missing = p->needs_clock && !d->offers_clock  ? "clock"
                          : p->needs_x509 && !d->offers_x509 ? "x509"
                          : p->needs_dps && !d->offers_dps ? "dps"
                          : p->needs_tls13 && !d->offers_tls13 ? "tls1.3"
                                                             : NULL;
    if (!missing) {
        return false;
    }
    char observed[160];
    snprintf(observed, sizeof observed, "device %s does not offer %s", d->name, missing);
    settle_as(r, plan, VERDICT_SKIPPED, "", observed, "");
    return true;
}

static void become_worker(struct runner *r, size_t plan, int fd)
{
    char evidence[PATH_MAX];
    struct job job = {
        .plan = &r->settings->plans[plan],
        .device = r->settings->device,
        .given = r->settings->given ? &r->settings->given[plan] : NULL,
        .bench_folder = r->settings->bench_folder,
        .evidence = evidence,
        .network = r->settings->network,
        .index = (int)plan,
    };
    close(r->signal_fd);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &r->old_mask, NULL);
    signal(SIGPIPE, SIG_IGN);
    int code = fs_join(evidence, sizeof evidence, r->settings->evidence, job.plan->name);
    if (code == 0) {
        code = worker_run(&job, fd);
    }
    if (code < 0) {
        fprintf(stderr, "hubrig: %s: %s\n", job.plan->name, error_text(code));
    }
    fflush(NULL);
    _exit(code == 0 ? 0 : 1);
}

static int start_worker(struct runner *r, struct slot *slot, size_t plan)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        FAIL(ERR_IO, "cannot make a pipe: %s", strerror(errno));
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        become_worker(r, plan, pair[1]);
    }
    int errnum = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        FAIL(ERR_IO, "cannot fork: %s", strerror(errnum));
    }
    *slot = (struct slot){.is_used = true, .plan = plan, .pid = pid, .fd = pair[0]};
    slot->deadline_us = now_us(r) + r->settings->plans[plan].limit_us + OVERTIME_US +
                        (r->settings->device->board ? BOARD_US : 0);
    buf_init(&slot->json, OUTCOME_BYTES_MOST);
    report_progress(r);
    return 0;
}

static void start_workers(struct runner *r)
{
    for (size_t i = 0; i < r->slot_count && r->interrupted_by == 0; i++) {
        while (!r->slots[i].is_used && r->next_plan < r->settings->plan_count) {
            size_t plan = r->next_plan++;
            if (is_skipped(r, plan)) {
                mark_over(r, plan);
                continue;
            }
            int code = start_worker(r, &r->slots[i], plan);
            if (code < 0) {
                settle_as(r, plan, VERDICT_INFRA, "a worker can be started", error_text(code), "");
                mark_over(r, plan);
            }
        }
    }
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
        snprintf(observed, sizeof observed, "it ended with code %d and no outcome", WEXITSTATUS(status));
    }
    settle_as(r, slot->plan, VERDICT_INFRA, "the scenario's worker runs to its end", observed,
              r->interrupted_by ? "" : "run the scenario again; the journal is complete to the last event");
    char evidence[PATH_MAX];
    if (fs_join(evidence, sizeof evidence, r->settings->evidence, plan_of(r, slot)->name) == 0) {
        outcome_set(&r->outcomes[slot->plan].evidence, evidence);
    }
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
    close(slot->fd);
    while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR) {
    }
    slot->is_used = false;
    kill_orphans(r); // a worker that was killed may have left some
    struct outcome *o = &r->outcomes[slot->plan];
    if (slot->json.len == 0 || outcome_from_json(buf_span(&slot->json), o) < 0) {
        settle_lost(r, slot, status);
    }
    buf_deinit(&slot->json);
    mark_over(r, slot->plan);
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

static bool is_busy(const struct runner *r)
{
    for (size_t i = 0; i < r->slot_count; i++) {
        if (r->slots[i].is_used) {
            return true;
        }
    }
    return false;
}

static void wait_for_something(struct runner *r)
{
    struct pollfd fds[JOBS_MOST + 1] = {{.fd = r->signal_fd, .events = POLLIN}};
    for (size_t i = 0; i < r->slot_count; i++) {
        fds[i + 1] = (struct pollfd){.fd = r->slots[i].is_used ? r->slots[i].fd : -1, .events = POLLIN};
    }
    if (poll(fds, r->slot_count + 1, 500) < 0) {
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
}

static void settle_interrupted(struct runner *r)
{
    while (r->next_plan < r->settings->plan_count) {
        size_t plan = r->next_plan++;
        settle_as(r, plan, VERDICT_INFRA, "the run goes to its end", "interrupted before it began", "");
        mark_over(r, plan);
    }
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

int runner_run(const struct run_settings *settings, struct outcome *outcomes)
{
    struct runner r = {.settings = settings, .outcomes = outcomes, .env = env_system()};
    for (size_t i = 0; i < settings->plan_count; i++) {
        outcome_init(&outcomes[i]);
    }
    r.slot_count = settings->jobs < 1 ? 1 : settings->jobs > JOBS_MOST ? JOBS_MOST : settings->jobs;
    r.is_over = calloc(settings->plan_count + 1, sizeof *r.is_over);
    ENSURE(r.is_over != NULL, ERR_NO_MEMORY);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int code = open_signals(&r);
    while (code == 0) {
        start_workers(&r);
        if (!is_busy(&r)) {
            break;
        }
        wait_for_something(&r);
    }
    settle_interrupted(&r);
    process_kill_descendants(NULL, 0);
    if (r.signal_fd >= 0) {
        close(r.signal_fd);
    }
    sigprocmask(SIG_SETMASK, &r.old_mask, NULL);
    free(r.is_over);
    return code;
}
