// SPDX-License-Identifier: MIT
// What a run leaves when a part of it goes at a moment nobody chose: the runner, a worker, the
// device, the cable. HUBRIG_KILLS tells how many moments, HUBRIG_KILL_SEED repeats them.
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/scripted.h"
#include "harness/cli/shell.h"
#include "harness/oracle/verdict.h"
#include "harness/report/packets.h"
#include "harness/report/timeline.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GONE_MS = 20000, OVER_MS = 90000, TICK_MS = 20, MOMENTS_USUALLY = 6, CODE_SIGNAL = 1000 };

static uint64_t random_state;

struct run {
    char evidence[100]; // absolute: it marks the processes of this run
    pid_t pid;
    int pid_fd;
};

// ---- the world around a run

static unsigned random_below(unsigned most)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % most;
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);
    return text && text[0] ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static int set_up(void **state)
{
    struct env env = env_system();
    char path[200];
    if (scripted_set_up(state) < 0) {
        return -1;
    }
    random_state = number_of("HUBRIG_KILL_SEED", (unsigned)env.mono_us(env.world) % 1000000);
    print_message("HUBRIG_KILL_SEED=%" PRIu64 "\n", random_state);
    snprintf(path, sizeof path, "%s/t", shell_folder);
    assert_int_equal(fs_make_folder(path, 0755), 0);
    snprintf(path, sizeof path, "%s/locks", shell_folder);
    setenv("HUBRIG_LOCKS", path, 1);
    scripted_bench("scripted.bench", "");
    shell_write("program.bench",
                "process program\n"
                "  command reference_device --root {root.pem}\n"
                "  env IOTHUB_DEVICE_CONNECTION_STRING={device.connection_string}\n"
                "end\n");
    shell_write("t/back.scn", "scenario t.back\nlimit 30s\nboot device\n"
                              "expect mqtt.connected within 6s\nhub drop rst\n"
                              "expect mqtt.connected within 6s\n");
    shell_write("t/talk.scn", "scenario t.talk\nlimit 30s\nboot device\n"
                              "expect d2c.message within 6s\nexpect d2c.message within 6s\n");
    return 0;
}

static void tell_board(const char *word)
{
    char path[200];
    snprintf(path, sizeof path, "%s/port.ctl", shell_folder);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word));
    close(fd);
}

// ---- one run

// A board takes one scenario at a time, and waits long for a port that is gone.
static bool is_board(const char *device)
{
    return strcmp(device, "scripted") == 0;
}

static void start_run(struct run *r, unsigned number, const char *device, bool is_resumed)
{
    snprintf(r->evidence, sizeof r->evidence, "%s/evidence-%u.", shell_folder, number);
    char bench[40];
    snprintf(bench, sizeof bench, "%s.bench", device);
    r->pid = fork();
    if (r->pid == 0) {
        if (chdir(shell_folder) == 0 && freopen("output.txt", "w", stdout) && dup2(1, 2) == 2) {
            execlp("hubrig", "hubrig", "run", "t", "--bench", bench, "--device", device, "-j", "2",
                   "--only", is_board(device) ? "t.back" : "t.*", "--retries", "0", "--evidence",
                   r->evidence, is_resumed ? "--resume" : (char *)NULL, (char *)NULL);
        }
        _exit(99);
    }
    r->pid_fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
    assert_true(r->pid_fd >= 0);
}

// False when it is still running.
static bool wait_for_end(const struct run *r, int most_ms)
{
    struct pollfd end = {.fd = r->pid_fd, .events = POLLIN};
    return poll(&end, 1, most_ms) > 0;
}

// Its exit code, or CODE_SIGNAL and the signal that ended it.
static int end_run(struct run *r)
{
    int status = 0;
    bool is_over = wait_for_end(r, OVER_MS);
    if (!is_over) {
        kill(r->pid, SIGKILL);
    }
    waitpid(r->pid, &status, 0);
    close(r->pid_fd);
    assert_true(is_over);
    return WIFEXITED(status) ? WEXITSTATUS(status) : CODE_SIGNAL + WTERMSIG(status);
}

// A child of the process, any of them; 0 = it has none.
static pid_t child_of(pid_t parent)
{
    char path[100];
    int pids[32];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *list = parent > 0 ? fopen(path, "re") : NULL;
    while (list && count < HR_COUNT_OF(pids) && fscanf(list, "%d", &pids[count]) == 1) {
        count++;
    }
    if (list) {
        fclose(list);
    }
    return count ? pids[random_below(count)] : 0;
}

static void kill_if_there(pid_t pid)
{
    if (pid > 0) {
        kill(pid, SIGKILL);
    }
}

// ---- what goes

static void kill_runner(const struct run *r)
{
    kill(r->pid, SIGKILL);
}

static void interrupt_runner(const struct run *r)
{
    kill(r->pid, SIGINT);
}

static void kill_worker(const struct run *r)
{
    kill_if_there(child_of(r->pid));
}

static void kill_device(const struct run *r)
{
    kill_if_there(child_of(child_of(r->pid)));
}

static void crash_firmware(const struct run *r)
{
    (void)r;
    tell_board("crash\n");
}

static void pull_cable(const struct run *r)
{
    (void)r;
    tell_board("off\n");
}

static void jiggle_cable(const struct run *r)
{
    (void)r;
    tell_board("vanish\n");
}

static const struct kind {
    const char *name, *device;
    void (*act)(const struct run *r);
    int codes[4]; // what the run may end with; 0 too, since it may have been over
} kinds[] = {
    {"runner killed", "program", kill_runner, {CODE_SIGNAL + SIGKILL}},
    {"runner interrupted", "program", interrupt_runner, {3, CODE_SIGNAL + SIGINT}},
    {"worker killed", "program", kill_worker, {3}},
    {"device killed", "program", kill_device, {1}},
    {"runner of a board killed", "scripted", kill_runner, {CODE_SIGNAL + SIGKILL}},
    {"worker of a board killed", "scripted", kill_worker, {3}},
    {"firmware of a board crashed", "scripted", crash_firmware, {1}},
    {"cable pulled", "scripted", pull_cable, {3}},
    {"cable jiggled", "scripted", jiggle_cable, {3}},
};

// ---- what must be left

static void assert_nothing_runs(const struct run *r)
{
    for (int waited = 0; shell_count_processes(r->evidence) > 0; waited += TICK_MS) {
        if (waited > GONE_MS) {
            fail_msg("%d processes of the run are left after %d ms",
                     shell_count_processes(r->evidence), GONE_MS);
        }
        poll(NULL, 0, TICK_MS);
    }
}

static void assert_locks_are_free(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/locks", shell_folder);
    DIR *folder = opendir(path);
    struct dirent *entry = NULL;
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        int fd = openat(dirfd(folder), entry->d_name, O_RDWR | O_CLOEXEC);
        int waited = 0; // a process that exits loses its name before its files
        while (flock(fd, LOCK_EX | LOCK_NB) != 0 && waited < GONE_MS) {
            poll(NULL, 0, TICK_MS);
            waited += TICK_MS;
        }
        assert_true(waited < GONE_MS);
        close(fd);
    }
    if (folder) {
        closedir(folder);
    }
}

static bool read_file(const char *folder, const char *name, struct buf *out)
{
    char path[PATH_MAX];
    buf_init(out, 64 << 20);
    return fs_join(path, sizeof path, folder, name) == 0 && fs_read_file(path, out) == 0;
}

static void assert_journal_is_whole(const char *folder)
{
    struct buf text HR_CLEANUP(buf_deinit);
    struct timeline timeline;
    if (!read_file(folder, "journal.jsonl", &text) || text.len == 0) {
        return;
    }
    assert_int_equal(text.data[text.len - 1], '\n');
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }
    assert_int_equal(timeline_parse(buf_span(&text), (struct span){0}, &timeline), 0);
    assert_int_equal(timeline.count + timeline.alike + timeline.left_out, lines);
    timeline_deinit(&timeline);
}

static void assert_capture_is_whole(const char *folder)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    struct packet_index *index = NULL;
    if (read_file(folder, "wire.pcapng", &bytes) && bytes.len > 0) {
        assert_int_equal(packets_read(buf_span(&bytes), &index), 0);
        packets_free(index);
    }
}

static void assert_verdict_is_whole(const char *folder)
{
    struct buf json HR_CLEANUP(buf_deinit);
    struct outcome o;
    if (read_file(folder, "verdict.json", &json)) {
        assert_int_equal(outcome_from_json(buf_span(&json), &o), 0);
        outcome_deinit(&o);
    }
}

static void assert_evidence_is_whole(const struct run *r)
{
    static const char *const scenarios[] = {"t.back", "t.talk"};
    for (size_t i = 0; i < HR_COUNT_OF(scenarios); i++) {
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%s/%s", r->evidence, scenarios[i]);
        assert_journal_is_whole(folder);
        assert_capture_is_whole(folder);
        assert_verdict_is_whole(folder);
    }
}

static bool is_expected(const struct kind *k, int code)
{
    bool is_expected = code == 0;
    for (size_t i = 0; i < HR_COUNT_OF(k->codes); i++) {
        is_expected |= code == k->codes[i];
    }
    return is_expected;
}

// The verdicts in the evidence end a report as they ended the run.
static void assert_report_agrees(const struct run *r, int code)
{
    struct shell_result report;
    shell_run(&report, "hubrig report %s", r->evidence);
    if (report.code != code) {
        fail_msg("the run ended with %d, the report of its evidence with %d:\n%s", code,
                 report.code, buf_text(&report.out));
    }
    shell_release(&report);
}

static void assert_it_can_be_resumed(unsigned number, const char *device)
{
    struct run r;
    start_run(&r, number, device, true);
    assert_int_equal(end_run(&r), 0);
    assert_nothing_runs(&r);
}

static void strike(unsigned number, const struct kind *k, unsigned after_ms)
{
    struct run r;
    start_run(&r, number, k->device, false);
    bool is_over = wait_for_end(&r, (int)after_ms);
    if (!is_over) {
        k->act(&r);
    }
    int code = end_run(&r);
    print_message("%2u: %s after %u ms%s: code %d\n", number, k->name, after_ms,
                  is_over ? " (it was over)" : "", code);
    assert_nothing_runs(&r);
    assert_locks_are_free();
    assert_evidence_is_whole(&r);
    assert_true(is_expected(k, code));
    if (k->act == pull_cable) {
        tell_board("on\n");
    }
    if (code < CODE_SIGNAL) {
        assert_report_agrees(&r, code);
    } else {
        assert_it_can_be_resumed(number, k->device);
    }
}

static void at_any_moment_a_part_can_go_and_the_evidence_is_whole(void **state)
{
    (void)state;
    unsigned longest_ms[HR_COUNT_OF(kinds)] = {0};
    struct env env = env_system();
    unsigned moments = number_of("HUBRIG_KILLS", MOMENTS_USUALLY);
    for (unsigned i = 0; i < 2; i++) { // how long a run takes that nobody disturbs
        struct run r;
        uint64_t began_us = env.mono_us(env.world);
        start_run(&r, i, kinds[i ? HR_COUNT_OF(kinds) - 1 : 0].device, false);
        assert_int_equal(end_run(&r), 0);
        longest_ms[i] = (unsigned)((env.mono_us(env.world) - began_us) / 1000);
    }
    unsigned first = random_below(HR_COUNT_OF(kinds));
    for (unsigned i = 0; i < moments; i++) {
        const struct kind *k = &kinds[(first + i) % HR_COUNT_OF(kinds)];
        strike(i + 2, k, random_below(longest_ms[is_board(k->device)]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_any_moment_a_part_can_go_and_the_evidence_is_whole),
    };
    return cmocka_run_group_tests(tests, set_up, scripted_tear_down);
}
