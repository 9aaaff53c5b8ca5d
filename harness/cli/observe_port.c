// SPDX-License-Identifier: MIT
// `hubrig observe` of a device on a port: `serve` as a child, its events from a pipe, and what is
// done to the device through its control socket.
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/cli/cli.h"
#include "harness/cli/observe_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_BYTES_MOST = 1 << 20, REPLY_PATIENCE_MS = 5000 };

// Each turn waits for a session, lets it live, then sends its requests. The last one ends it all.
static const struct turn {
    const char *what;
    const char *requests[2]; // NULL: none
} turns[] = {
    {"drops the connection", {"{\"verb\":\"drop\",\"args\":[\"fin\"]}\n", NULL}},
    {"drops it again", {"{\"verb\":\"drop\",\"args\":[\"rst\"]}\n", NULL}},
    {"refuses four times",
     {"{\"verb\":\"fault\",\"args\":[\"refuse\",\"3\",\"times\",\"4\"]}\n",
      "{\"verb\":\"drop\",\"args\":[\"fin\"]}\n"}},
    {"has seen enough", {NULL, NULL}},
};

struct watch {
    const struct observe_wish *wish;
    struct profile *profile;
    struct env env;
    pid_t pid;
    int fd;
    struct buf in;
    char control[PATH_MAX];
    uint64_t end_us;
    uint64_t turn_us; // when the next turn comes; 0 = once a session is there
    size_t turn;
    uint64_t sessions; // that the turns before have seen
    bool is_over;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static uint64_t now_us(const struct watch *w)
{
    return w->env.mono_us(w->env.world);
}

// ---- the hub

static void become_hub(const struct observe_wish *wish, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    dup2(fd, STDOUT_FILENO);
    int code = command_serve.run(wish->serve_argc, wish->serve_argv);
    fflush(NULL);
    _exit(code);
}

static int start_hub(struct watch *w)
{
    int pair[2];
    ENSURE(pipe2(pair, O_CLOEXEC) == 0, ERR_IO);
    fflush(NULL);
    w->pid = fork();
    if (w->pid == 0) {
        become_hub(w->wish, pair[1]);
    }
    close(pair[1]);
    w->fd = pair[0];
    ENSURE(w->pid > 0, ERR_IO);
    return 0;
}

static int end_hub(struct watch *w)
{
    int status = 0;
    kill(w->pid, SIGTERM);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {
    }
    close(w->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INFRA;
}

static int dial_control(const struct watch *w)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ENSURE(fd >= 0, ERR_IO);
    if (!span_copy_text(span_text(w->control), address.sun_path, sizeof address.sun_path) ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        FAIL(ERR_IO, "cannot reach the hub at %s: %s", w->control, strerror(errno));
    }
    return fd;
}

// The answer is one line; that it says ok is all that matters.
static int ask_hub(const struct watch *w, const char *request)
{
    char reply[512];
    int fd = dial_control(w);
    TRY(fd);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t n = write(fd, request, strlen(request));
    n = n > 0 && poll(&ready, 1, REPLY_PATIENCE_MS) > 0 ? read(fd, reply, sizeof reply - 1) : -1;
    close(fd);
    reply[n > 0 ? n : 0] = '\0';
    if (!strstr(reply, "\"ok\":true")) {
        FAIL(ERR_IO, "the hub did not do %s: %s", request, reply);
    }
    return 0;
}

// ---- what it prints

// The value of "name=" in the ready line.
static const char *word_of(const char *line, const char *name, char *out, size_t capacity)
{
    const char *at = strstr(line, name);
    size_t len = at ? strcspn(at + strlen(name), " \n") : 0;
    if (!at || !span_copy_text(span_of(at + strlen(name), len), out, capacity)) {
        out[0] = '\0';
    }
    return out;
}

static void show_ready(struct watch *w, const char *line)
{
    char host[256], port[16], device[160], root[PATH_MAX], auth[16], path[PATH_MAX];
    struct buf key HR_CLEANUP(buf_wipe);
    buf_init(&key, 200);
    word_of(line, " control=", w->control, sizeof w->control);
    word_of(line, " root=", root, sizeof root);
    word_of(line, " port=", port, sizeof port);
    fprintf(stderr, "%s\n", line);
    snprintf(path, sizeof path, "%.*s/device.sas-key", (int)(strrchr(root, '/') - root), root);
    bool is_sas = strcmp(word_of(line, " auth=", auth, sizeof auth), "sas") == 0;
    if (is_sas && fs_exists(path) && fs_read_file(path, &key) == 0) {
        bool is_standard = strcmp(port, "8883") == 0;
        fprintf(stderr,
                "give the device %s and\n  HostName=%s%s%s;DeviceId=%s;SharedAccessKey=%.*s\n",
                root, word_of(line, "ready host=", host, sizeof host), is_standard ? "" : ":",
                is_standard ? "" : port, word_of(line, " device=", device, sizeof device),
                SPAN_ARG(span_trim(buf_span(&key))));
    }
}

static int take_lines(struct watch *w)
{
    size_t end;
    while ((end = span_find(buf_span(&w->in), '\n')) < w->in.len) {
        struct span line = span_slice(buf_span(&w->in), 0, end);
        if (span_starts_with(line, SPAN_LITERAL("ready "))) {
            char *text = span_dup_text(line);
            ENSURE(text != NULL, ERR_NO_MEMORY);
            show_ready(w, text);
            free(text);
        } else {
            TRY(profile_line(w->profile, line));
        }
        buf_consume(&w->in, end + 1);
    }
    return 0;
}

static int read_hub(struct watch *w)
{
    uint8_t bytes[16384];
    ssize_t n = read(w->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) {
        return 0;
    }
    w->is_over = n <= 0;
    TRY(n > 0 ? buf_append(&w->in, span_of(bytes, (size_t)n)) : 0);
    return take_lines(w);
}

// ---- turns

static int take_turn(struct watch *w)
{
    const struct turn *turn = &turns[w->turn];
    fprintf(stderr, "%s: the hub %s\n", w->profile->device, turn->what);
    for (size_t i = 0; i < HR_COUNT_OF(turn->requests) && turn->requests[i]; i++) {
        TRY(ask_hub(w, turn->requests[i]));
    }
    w->is_over = ++w->turn == HR_COUNT_OF(turns);
    w->sessions = w->profile->sessions;
    w->turn_us = 0;
    return 0;
}

static int follow(struct watch *w)
{
    uint64_t now = now_us(w);
    w->is_over |= stop_signal != 0 || now >= w->end_us;
    if (w->wish->is_passive || w->is_over) {
        return 0;
    }
    if (w->turn_us == 0 && w->profile->sessions > w->sessions) {
        w->turn_us = now + (w->turn == 0 ? w->wish->watch_us : 3000000);
    }
    return w->turn_us && now >= w->turn_us ? take_turn(w) : 0;
}

static int wait_for_hub(struct watch *w)
{
    uint64_t now = now_us(w);
    uint64_t until = w->turn_us && w->turn_us < w->end_us ? w->turn_us : w->end_us;
    struct pollfd ready = {.fd = w->fd, .events = POLLIN};
    int patience_ms = until <= now ? 0 : (int)((until - now) / 1000 % INT_MAX) + 1;
    int n = poll(&ready, 1, patience_ms);
    return n > 0 ? read_hub(w) : 0;
}

int observe_port(const struct observe_wish *wish, struct profile *p)
{
    struct watch w = {.wish = wish, .profile = p, .env = env_system()};
    struct sigaction action = {.sa_handler = on_signal}; // no SA_RESTART: it ends a poll
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    buf_init(&w.in, LINE_BYTES_MOST);
    w.end_us = now_us(&w) + wish->most_us;
    TRY(start_hub(&w));
    int code = 0;
    while (code == 0 && !w.is_over) {
        code = wait_for_hub(&w);
        code = code ? code : follow(&w);
    }
    int exit_code = end_hub(&w);
    buf_deinit(&w.in);
    TRY(code);
    if (exit_code != EXIT_PASS) {
        FAIL(exit_code == EXIT_USAGE ? ERR_USAGE : ERR_IO, "the hub ended with code %d", exit_code);
    }
    return 0;
}
