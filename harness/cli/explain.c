// SPDX-License-Identifier: MIT
// `hubrig explain`: a scenario in sentences.
#include "harness/scenario/explain.h"
#include "base/error.h"
#include "harness/cli/cli.h"
#include "harness/cli/chains.h"

#include <stdio.h>

enum { EXPLAIN_BYTES_MOST = 1 << 22 };

static int explain_file(const char *path, bool is_json)
{
    struct plan plan HR_CLEANUP(plan_deinit) = {0};
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf out HR_CLEANUP(buf_deinit);
    struct chain_names chains HR_CLEANUP(chain_names_deinit) = {0};
    diag_init(&diags);
    buf_init(&out, EXPLAIN_BYTES_MOST);
    chain_names_load(&chains);
    int code = plan_read(path, (const char *const *)chains.names, chains.count, &plan, &diags);
    if (diags.count) {
        int printed = diag_print(&diags, &out);
        fputs(buf_text(&out), stderr);
        return printed < 0 ? cli_fail("explain", printed) : EXIT_USAGE;
    }
    if (code == 0) {
        code = is_json ? plan_explain_json(&plan, &out) : plan_explain(&plan, &out);
    }
    if (code < 0) {
        return cli_fail("explain", code);
    }
    fputs(buf_text(&out), stdout);
    return EXIT_PASS;
}

static int explain_run(int argc, char **argv)
{
    const char *is_json = NULL;
    const char *word[1];
    size_t count = 0;
    const struct option_spec specs[] = {{"--json", NULL, &is_json}};
    int code = cli_options(&command_explain, argc, argv, specs, 1, false, word, 1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        fputs("hubrig explain: a file is missing\nTry: hubrig explain --help\n", stderr);
        return EXIT_USAGE;
    }
    return explain_file(word[0], is_json != NULL);
}

const struct command command_explain = {
    .name = "explain",
    .summary = "tell what a scenario does, in sentences",
    .run = explain_run,
    .help = "usage: hubrig explain FILE [--json]\n"
            "\n"
            "Prints what the scenario FILE needs, sets and does, line by line, and the longest\n"
            "time that it can take. Nothing is run.\n"
            "\n"
            "  --json   one JSON object\n"
            "\n"
            "Exit codes: 0 explained, 2 the file has mistakes or does not exist, 3 it cannot be "
            "read.\n",
};
