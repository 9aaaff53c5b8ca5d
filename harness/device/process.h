// SPDX-License-Identifier: MIT
// A device that is a program on this machine: started in a process group of its own, its output
// kept with time-stamps, ended with everything that it started.
#pragma once
#include "base/env.h"
#include "simulator/journal/journal.h"

struct uv_loop_s;
struct process;

struct process_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal; // receives device.started, device.output, device.exited
    char *const *argv;       // NULL-terminated; argv[0] is looked up in PATH
    char *const *envp;       // NULL-terminated, the whole environment
    const char *log_path;    // device.log: "   1.204113 out| text" per line; "" = none
    const char *command_text; // for device.started: the command without secrets
    const char *clock_text;   // and what the device's clock says
    uint64_t memory_every_us; // of env's time: device.memory; 0 = never
    bool has_stdin;          // process_send can type
    bool goes_on;            // behind what the log has already
    bool is_tool;            // not the device itself: no events, no log, no hunt for what it left
    void (*on_bytes)(void *context, const char *stream, struct span bytes); // as read; or NULL
    void (*on_exit)(void *context, int code, const char *signal);          // or NULL
    void *context;
};

// ERR_SPAWN with a sentence (not found, not executable, bad interpreter). Everything is borrowed.
int process_start(const struct process_settings *settings, struct process **out) HR_NODISCARD;
// To its standard input, at most what a pipe holds: ERR_IO when it does not read.
int process_send(struct process *p, struct span bytes) HR_NODISCARD;
bool process_is_running(const struct process *p);
// SIGTERM to the group now, SIGKILL after grace_us; device.exited follows with asked=true.
void process_stop(struct process *p, uint64_t grace_us);
// SIGKILL to the group now, as when the power is cut; device.exited follows with asked=true.
void process_kill(struct process *p);
// Kill the group and every descendant that is left, reap them, close the log. Runs the loop until
// the handles are closed. NULL is allowed. After it nothing of the device runs.
void process_free(struct process *p);
// Bytes that the device printed in all, and whether the log is complete.
uint64_t process_output_bytes(const struct process *p);

// Every descendant of the calling process that is not in `keep` gets SIGKILL and is reaped. Needs
// PR_SET_CHILD_SUBREAPER to see what has left its parent. Returns how many were killed.
size_t process_kill_descendants(const int *keep, size_t keep_count);
