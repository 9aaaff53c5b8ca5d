// SPDX-License-Identifier: MIT
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_serve, &command_try, &command_run, &command_check, &command_explain, &command_words,
};

static void print_usage(FILE *out)
{
    fputs("usage: hubrig COMMAND [options]\n\n", out);
    for (size_t i = 0; i < HR_COUNT_OF(commands); i++) {
        fprintf(out, "  %-10s%s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\n`hubrig COMMAND --help` says more. `hubrig --version` prints the version.\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_PASS;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("hubrig " HUBRIG_VERSION);
        return EXIT_PASS;
    }
    const char *names[HR_COUNT_OF(commands)];
    for (size_t i = 0; i < HR_COUNT_OF(commands); i++) {
        names[i] = commands[i]->name;
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    return cli_unknown_command(argv[1], names, HR_COUNT_OF(commands));
}
