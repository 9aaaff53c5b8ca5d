// SPDX-License-Identifier: MIT
// For tests that use the programs from outside: commands in a temporary folder, their exit code and
// their output, and what they leave running. CTest puts `hubrig`, `reference_device` and
// `scripted_board` on the PATH. The commands may use
//   serve OPTION...  a hub in the background that is ready when this returns; its output goes to the
//                    file `lines`; sets $hub (the process), $port, and $sub, a mosquitto_sub line
//                    without a topic (empty where the device has a certificate)
//   finish           ends it and tells "hub EXIT-CODE"
#pragma once
#include "base/span.h"

struct shell_result {
    int code;
    struct buf out; // stdout and stderr together
};

struct shell_row {
    const char *words;
    int code;
    const char *says;
};

extern char shell_folder[64];

// Make and remove the folder: the fixtures of a group of tests.
int shell_set_up(void **state);
int shell_tear_down(void **state);
void shell_run(struct shell_result *r, const char *format, ...) HR_PRINTF(2, 3);
void shell_release(struct shell_result *r);
// Fails the running test, with the whole output, when `text` is not in it.
void shell_assert_says(const struct shell_result *r, const char *text);
void shell_assert_says_all(const struct shell_result *r, const char *const *texts, size_t count);
// Runs a command that must end with this code and say this text.
void shell_assert(const char *command, int code, const char *says);
// Runs `command` with the words of each row, as shell_assert does.
void shell_assert_rows(const char *command, const struct shell_row *rows, size_t count);
void shell_write(const char *name, const char *text); // an executable file in the folder
int shell_count_processes(const char *word);          // with `word` in their command line
