// SPDX-License-Identifier: MIT
// hubrig: one program, one table row per sub-command.
#include "base/diag.h"
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_serve,
    &command_front,
    &command_ctl,
    &command_try,
    &command_observe,
    &command_run,
    &command_sweep,
    &command_suites,
    &command_boards,
    &command_report,
    &command_history,
    &command_check,
    &command_doctor,
    &command_explain,
    &command_explain_log,
    &command_words,
    &command_certs,
};

static void print_help(FILE *to)
{
    fputs("usage: hubrig COMMAND [OPTION...] [WORD...]\n\n", to);
    for (size_t i = 0; i < HR_COUNT_OF(commands); i++) {
        fprintf(to, "  %-11s  %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\n`hubrig COMMAND --help` tells more; `hubrig --version` prints the version.\n", to);
}

static int refuse(const char *word)
{
    const char *names[HR_COUNT_OF(commands)];
    char hint[96];
    for (size_t i = 0; i < HR_COUNT_OF(commands); i++) {
        names[i] = commands[i]->name;
    }
    fprintf(stderr, "hubrig: unknown command '%s'%s\nTry: hubrig --help\n", word,
            suggest_text(span_text(word), names, HR_COUNT_OF(commands), hint));
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_PASS;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("hubrig " HUBRIG_VERSION);
        return EXIT_PASS;
    }
    for (size_t i = 0; i < HR_COUNT_OF(commands); i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    return refuse(argv[1]);
}
