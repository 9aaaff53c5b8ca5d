// SPDX-License-Identifier: MIT
#include "harness/device/process.h"
#include "base/error.h"
#include "harness/device/memory.h"
#include "harness/device/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

// Often enough for a leak of hours, seldom enough for a device whose clock is fast.
enum { MEMORY_EVERY_MS_LEAST = 50 };

struct stream {
    struct process *process;
    struct output_stream lines;
    uv_pipe_t pipe;
    bool is_open;
};

struct process {
    struct process_settings settings;
    pid_t pid;
    bool is_running;
    bool is_asked;
    int stdin_fd; // -1 = none
    struct output output;
    uint64_t output_bytes;
    struct stream streams[2];
    uv_signal_t child_signal;
    uv_timer_t kill_timer;
    uv_timer_t memory_timer;
    int open_handles;
};

// ---- output

static void take_output(struct stream *s, struct span bytes)
{
    struct process *p = s->process;
    p->output_bytes += bytes.len;
    if (p->settings.on_bytes) {
        p->settings.on_bytes(p->settings.context, s->lines.name, bytes);
    }
    if (!p->settings.is_tool) {
        output_take(&s->lines, bytes);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[65536];
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_closed(uv_handle_t *handle)
{
    struct process *p = handle->data;
    p->open_handles--;
}

static void on_stream_closed(uv_handle_t *handle)
{
    struct stream *s = handle->data;
    s->process->open_handles--;
}

static void close_stream(struct stream *s)
{
    if (!s->is_open) {
        return;
    }
    s->is_open = false;
    if (!s->process->settings.is_tool) {
        output_flush(&s->lines);
    }
    uv_close((uv_handle_t *)&s->pipe, on_stream_closed);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct stream *s = stream->data;
    if (n > 0) {
        take_output(s, span_of(bytes->base, (size_t)n));
    } else if (n < 0) {
        close_stream(s);
    }
}

// What is still in the pipe when the program has ended belongs before device.exited.
static void drain_stream(struct stream *s)
{
    uv_os_fd_t fd;
    char chunk[65536];
    if (!s->is_open || uv_fileno((uv_handle_t *)&s->pipe, &fd) != 0) {
        return;
    }
    for (int turns = 0; turns < 64; turns++) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n <= 0) {
            return;
        }
        take_output(s, span_of(chunk, (size_t)n));
    }
}

// ---- the end

static void on_child(uv_signal_t *signal, int number)
{
    struct process *p = signal->data;
    int status = 0;
    (void)number;
    if (!p->is_running || waitpid(p->pid, &status, WNOHANG) != p->pid) {
        return;
    }
    p->is_running = false;
    uv_timer_stop(&p->kill_timer);
    uv_timer_stop(&p->memory_timer);
    char signal_name[32] = "";
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(signal_name, sizeof signal_name, "SIG%s", name ? name : "?");
    }
    for (size_t i = 0; i < HR_COUNT_OF(p->streams); i++) {
        drain_stream(&p->streams[i]);
    }
    if (!p->settings.is_tool) {
        EMIT(p->settings.journal, DEVICE_EXITED, 0, NULL,
         F_INT("code", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
         F_TEXT("signal", signal_name),
         F_BOOL("asked", p->is_asked));
    }
    if (p->settings.on_exit) {
        p->settings.on_exit(p->settings.context, WIFEXITED(status) ? WEXITSTATUS(status) : -1, signal_name);
    }
}

static void on_memory_timer(uv_timer_t *timer)
{
    struct process *p = timer->data;
    uint64_t kb = p->is_running ? memory_of_kb(p->pid) : 0;
    if (kb > 0) {
        EMIT(p->settings.journal, DEVICE_MEMORY, 0, NULL, F_INT("kb", kb));
    }
}

static void watch_memory(struct process *p)
{
    uint64_t every_ms = env_machine_us(p->settings.env, p->settings.memory_every_us) / 1000;
    if (p->settings.memory_every_us > 0) {
        every_ms = every_ms < MEMORY_EVERY_MS_LEAST ? MEMORY_EVERY_MS_LEAST : every_ms;
        uv_timer_start(&p->memory_timer, on_memory_timer, every_ms, every_ms);
    }
}

static void on_kill_timer(uv_timer_t *timer)
{
    struct process *p = timer->data;
    if (p->is_running) {
        kill(-p->pid, SIGKILL);
    }
}

bool process_is_running(const struct process *p)
{
    return p->is_running;
}

uint64_t process_output_bytes(const struct process *p)
{
    return p->output_bytes;
}

int process_send(struct process *p, struct span bytes)
{
    ssize_t n = p->stdin_fd >= 0 ? write(p->stdin_fd, bytes.ptr, bytes.len) : -1;
    if (n != (ssize_t)bytes.len) {
        FAIL(ERR_IO, "the device's program does not take what is typed");
    }
    return 0;
}

void process_stop(struct process *p, uint64_t grace_us)
{
    if (!p->is_running) {
        return;
    }
    p->is_asked = true;
    kill(-p->pid, SIGTERM);
    uv_timer_start(&p->kill_timer, on_kill_timer, grace_us / 1000, 0);
}

void process_kill(struct process *p)
{
    if (p->is_running) {
        p->is_asked = true;
        kill(-p->pid, SIGKILL);
    }
}

static bool is_kept(int pid, const int *keep, size_t keep_count)
{
    for (size_t i = 0; i < keep_count; i++) {
        if (keep[i] == pid) {
            return true;
        }
    }
    return false;
}

// One pass over our direct children; killing a child hands its children up to us.
static size_t kill_children_once(const int *keep, size_t keep_count)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    size_t killed = 0;
    int pid = 0;
    while (list && fscanf(list, "%d", &pid) == 1) {
        if (!is_kept(pid, keep, keep_count)) {
            kill(pid, SIGKILL);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
            }
            killed++;
        }
    }
    if (list) {
        fclose(list);
    }
    return killed;
}

size_t process_kill_descendants(const int *keep, size_t keep_count)
{
    size_t total = 0;
    for (int pass = 0; pass < 1000; pass++) {
        size_t killed = kill_children_once(keep, keep_count);
        if (killed == 0) {
            break;
        }
        total += killed;
    }
    return total;
}

void process_free(struct process *p)
{
    if (!p) {
        return;
    }
    if (p->pid > 0) {
        kill(-p->pid, SIGKILL);
    }
    if (!p->settings.is_tool) {
        process_kill_descendants(NULL, 0);
    } else if (p->is_running) {
        waitpid(p->pid, NULL, 0);
    }
    if (p->stdin_fd >= 0) {
        close(p->stdin_fd);
    }
    for (size_t i = 0; i < HR_COUNT_OF(p->streams); i++) {
        close_stream(&p->streams[i]);
    }
    uv_close((uv_handle_t *)&p->child_signal, on_closed);
    uv_close((uv_handle_t *)&p->kill_timer, on_closed);
    uv_close((uv_handle_t *)&p->memory_timer, on_closed);
    while (p->open_handles > 0) {
        uv_run(p->settings.loop, UV_RUN_ONCE);
    }
    output_close(&p->output);
    free(p);
}

// ---- the start

// Where the program is, by the rules of execvp(3), found before the fork.
static int find_program(const char *name, char *out, size_t capacity)
{
    if (strchr(name, '/')) {
        snprintf(out, capacity, "%s", name);
        return 0;
    }
    const char *path = getenv("PATH");
    struct span rest = span_text(path && path[0] ? path : "/usr/local/bin:/usr/bin:/bin");
    while (rest.ptr) {
        struct span folder = span_cut(rest, ':', &rest);
        struct stat st;
        snprintf(out, capacity, "%.*s/%s", SPAN_ARG(folder), name);
        if (folder.len > 0 && stat(out, &st) == 0 && S_ISREG(st.st_mode) && access(out, X_OK) == 0) {
            return 0;
        }
    }
    FAIL(ERR_SPAWN, "cannot start '%s': no such program in PATH", name);
}

struct child_pipes {
    int in[2]; // -1: the device reads nothing
    int out[2];
    int err[2];
    int failure[2]; // carries errno when exec fails
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
    }
}

static int open_pipes(struct child_pipes *pipes, bool has_stdin)
{
    *pipes = (struct child_pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(pipes->out, O_CLOEXEC) != 0 || pipe2(pipes->err, O_CLOEXEC) != 0 ||
        pipe2(pipes->failure, O_CLOEXEC) != 0 || (has_stdin && pipe2(pipes->in, O_CLOEXEC) != 0)) {
        int errnum = errno;
        close_pair(pipes->in);
        close_pair(pipes->out);
        close_pair(pipes->err);
        close_pair(pipes->failure);
        FAIL(ERR_IO, "cannot make pipes for the device: %s", strerror(errnum));
    }
    return 0;
}

// In the child, between fork and exec: only async-signal-safe calls.
static void become_device(const struct child_pipes *pipes, const char *path, char *const *argv,
                          char *const *envp, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(pipes->in[0] >= 0 ? pipes->in[0] : null, STDIN_FILENO);
    dup2(pipes->out[1], STDOUT_FILENO);
    dup2(pipes->err[1], STDERR_FILENO);
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, argv, envp);
    int errnum = errno;
    ssize_t n = write(pipes->failure[1], &errnum, sizeof errnum);
    _exit(n > 0 ? 127 : 126);
}

static int spawn(const struct process_settings *settings, struct child_pipes *pipes, pid_t *out)
{
    char path[PATH_MAX];
    TRY(find_program(settings->argv[0], path, sizeof path));
    TRY(open_pipes(pipes, settings->has_stdin));
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        become_device(pipes, path, settings->argv, settings->envp, parent);
    }
    int errnum = child < 0 ? errno : 0;
    close(pipes->out[1]);
    close(pipes->err[1]);
    close(pipes->failure[1]);
    if (pipes->in[0] >= 0) {
        close(pipes->in[0]);
    }
    if (child > 0) {
        setpgid(child, child); // whichever of the two comes first
        if (read(pipes->failure[0], &errnum, sizeof errnum) <= 0) {
            errnum = 0;
        }
    }
    close(pipes->failure[0]);
    if (errnum != 0) {
        close(pipes->out[0]);
        close(pipes->err[0]);
        if (pipes->in[1] >= 0) {
            close(pipes->in[1]);
        }
        if (child > 0) {
            waitpid(child, NULL, 0);
        }
        FAIL(ERR_SPAWN, "cannot start '%s': %s", settings->argv[0], strerror(errnum));
    }
    *out = child;
    return 0;
}

static void open_stream(struct process *p, struct stream *s, const char *name, int fd)
{
    s->process = p;
    output_stream_init(&s->lines, &p->output, name);
    uv_pipe_init(p->settings.loop, &s->pipe, 0);
    s->pipe.data = s;
    s->is_open = true;
    p->open_handles++;
    uv_pipe_open(&s->pipe, fd);
    uv_read_start((uv_stream_t *)&s->pipe, on_alloc, on_output);
}

static void emit_started(struct process *p)
{
    EMIT(p->settings.journal, DEVICE_STARTED, 0, NULL, F_INT("pid", p->pid),
         F_TEXT("command", p->settings.command_text), F_TEXT("clock", p->settings.clock_text));
}

int process_start(const struct process_settings *settings, struct process **out)
{
    struct process *p = calloc(1, sizeof *p);
    struct child_pipes pipes;
    ENSURE(p != NULL, ERR_NO_MEMORY);
    p->settings = *settings;
    p->stdin_fd = -1;
    int code = output_open(&p->output, settings->env, settings->journal, settings->log_path,
                           settings->goes_on);
    code = code < 0 ? code : spawn(settings, &pipes, &p->pid);
    if (code < 0) {
        output_close(&p->output);
        free(p);
        return code;
    }
    p->is_running = true;
    p->stdin_fd = pipes.in[1];
    if (p->stdin_fd >= 0) {
        fcntl(p->stdin_fd, F_SETFL, O_NONBLOCK);
    }
    uv_signal_init(settings->loop, &p->child_signal);
    uv_timer_init(settings->loop, &p->kill_timer);
    uv_timer_init(settings->loop, &p->memory_timer);
    p->child_signal.data = p;
    p->kill_timer.data = p;
    p->memory_timer.data = p;
    p->open_handles = 3;
    watch_memory(p);
    uv_signal_start(&p->child_signal, on_child, SIGCHLD);
    if (!settings->is_tool) {
        emit_started(p);
    }
    open_stream(p, &p->streams[0], "out", pipes.out[0]);
    open_stream(p, &p->streams[1], "err", pipes.err[0]);
    on_child(&p->child_signal, SIGCHLD); // it may have ended before the watch began
    *out = p;
    return 0;
}
