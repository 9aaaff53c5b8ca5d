// SPDX-License-Identifier: MIT
// For tests that use the program from outside: commands in a temporary folder, their exit code and
// their output, and what they leave running.
#pragma once
#include "base/span.h"

struct shell_result {
    int code;
    struct buf out; // stdout and stderr together
};

extern char shell_folder[64];

bool shell_open(void); // makes the folder
int shell_close(void); // removes it
void shell_run(struct shell_result *r, const char *format, ...) HR_PRINTF(2, 3);
void shell_release(struct shell_result *r);
// Fails the running test, with the whole output, when `text` is not in it.
void shell_assert_says(const struct shell_result *r, const char *text);
void shell_write(const char *name, const char *text); // an executable file in the folder
int shell_count_processes(const char *word);          // with `word` in their command line
