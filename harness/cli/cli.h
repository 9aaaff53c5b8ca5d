// SPDX-License-Identifier: MIT
// The command line: one file per sub-command, one table row each. Results go to stdout, progress
// to stderr.
#pragma once
#include "base/compat.h"

#include <stdbool.h>
#include <stddef.h>

enum cli_exit { EXIT_PASS = 0, EXIT_FAIL = 1, EXIT_USAGE = 2, EXIT_INFRA = 3, EXIT_SKIPPED = 77 };

struct command {
    const char *name;
    const char *summary;                // one line for `hubrig --help`
    int (*run)(int argc, char **argv);  // argv[0] is the command's name; returns the exit code
    const char *help;                   // the whole text of `hubrig NAME --help`
};

extern const struct command command_boards;
extern const struct command command_certs;
extern const struct command command_check;
extern const struct command command_ctl;
extern const struct command command_doctor;
extern const struct command command_explain;
extern const struct command command_explain_log;
extern const struct command command_front;
extern const struct command command_history;
extern const struct command command_observe;
extern const struct command command_report;
extern const struct command command_run;
extern const struct command command_serve;
extern const struct command command_suites;
extern const struct command command_sweep;
extern const struct command command_try;
extern const struct command command_words;

enum { OPTION_LIST_MOST = 64 };

// Options as each command lists them. Long options only, "--name value" or "--name=value".
struct option_spec {
    const char *name;     // "--json"
    const char *argument; // "FILE", or NULL for a flag, or "FILE..." when it may be repeated
    const char **value;   // receives the argument, or "" for a flag; with "...": an array of
                          // OPTION_LIST_MOST + 1 NULLs, filled from its start
};
// Takes options out of argv until "--" or (with stops_at_word) the first plain word; plain words
// are gathered at words[]. Prints the mistake to stderr and returns EXIT_USAGE; EXIT_PASS = go on;
// -1 = --help was printed, leave with 0.
int cli_options(const struct command *command, int argc, char **argv,
                const struct option_spec *specs, size_t spec_count, bool stops_at_word,
                const char **words, size_t words_most, size_t *word_count);
// Prints "hubrig NAME: text" and returns the exit code that the error's class asks for.
int cli_fail(const char *command, int code);
