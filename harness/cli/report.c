// SPDX-License-Identifier: MIT
// `hubrig report`: reports from evidence folders, and the shards of a run as one.
#include "base/error.h"
#include "base/fs.h"
#include "harness/cli/cli.h"
#include "harness/cli/reports.h"
#include "harness/report/collect.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FOLDERS_MOST = 64 };

static int print_outcomes(const struct collection *c)
{
    struct report_style style = {0};
    struct buf text HR_CLEANUP(buf_deinit);
    int64_t first_us = INT64_MAX, last_us = 0;
    buf_init(&text, 64 << 20);
    for (size_t i = 0; i < c->count; i++) {
        size_t len = strlen(c->outcomes[i].scenario);
        style.name_columns = len > style.name_columns ? len : style.name_columns;
        style.shows_device |= strcmp(c->outcomes[i].device, c->outcomes[0].device) != 0;
        const struct outcome *o = &c->outcomes[i];
        int64_t end_us = o->started_us + (int64_t)o->duration_us;
        first_us = o->started_us < first_us ? o->started_us : first_us;
        last_us = end_us > last_us ? end_us : last_us;
    }
    for (size_t i = 0; i < c->count; i++) {
        TRY(report_console_line(&c->outcomes[i], &style, &text));
        TRY(report_console_detail(&c->outcomes[i], &style, &text));
    }
    TRY(report_console_causes(c->outcomes, c->count, &style, &text));
    TRY(report_console_summary(c->outcomes, c->count,
                               last_us > first_us ? (uint64_t)(last_us - first_us) : 0, &style,
                               &text));
    fputs(buf_text(&text), stdout);
    return 0;
}

static int collect(const char *const *folders, size_t count, const char *out, struct collection *c)
{
    for (size_t i = 0; i < count && out; i++) {
        TRY(collection_copy(folders[i], out));
    }
    for (size_t i = 0; i < count; i++) {
        TRY(collection_add(c, folders[i]));
    }
    if (out) { // from now on the evidence is where it was copied to
        collection_deinit(c);
        TRY(collection_add(c, out));
    }
    return 0;
}

static int report(const char *const *folders, size_t count, const char *out,
                  struct report_wish *wish)
{
    struct collection c HR_CLEANUP(collection_deinit) = {0};
    char page[PATH_MAX];
    char junit[PATH_MAX];
    wish->evidence = out ? out : folders[0];
    int code = collect(folders, count, out, &c);
    if (code == 0 && out && !wish->html) {
        code = fs_join(page, sizeof page, out, "report.html");
        wish->html = page;
    }
    if (code == 0 && out && !wish->junit) {
        code = fs_join(junit, sizeof junit, out, "junit.xml");
        wish->junit = junit;
    }
    code = code ? code : (wish->json ? 0 : print_outcomes(&c));
    if (code < 0) {
        return cli_fail("report", code);
    }
    int exit_code = reports_write(wish, c.outcomes, c.count);
    return exit_code ? exit_code : verdicts_exit_code(c.outcomes, c.count);
}

static int check_words(const char *const *words, size_t count, const char *out, bool *merges)
{
    *merges = count > 0 && strcmp(words[0], "merge") == 0;
    if (count == 0 || (*merges && count < 2)) {
        fputs("hubrig report: an evidence folder is missing; try: hubrig report evidence --html "
              "report.html\n",
              stderr);
        return EXIT_USAGE;
    }
    if (*merges != (out != NULL)) {
        fputs("hubrig report: merge and --output go together: hubrig report merge A B -o OUT\n",
              stderr);
        return EXIT_USAGE;
    }
    return EXIT_PASS;
}

static int report_run(int argc, char **argv)
{
    struct report_wish wish = {.command = "report"};
    const char *words[FOLDERS_MOST];
    const char *out = NULL;
    size_t count = 0;
    bool merges = false;
    struct option_spec specs[REPORT_SPECS + 2] = {{"--output", "FOLDER", &out},
                                                  {"-o", "FOLDER", &out}};
    size_t spec_count = 2 + reports_specs(&wish, specs + 2);
    int code = cli_options(&command_report, argc, argv, specs, spec_count, false, words,
                           FOLDERS_MOST, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    code = reports_check(&wish);
    code = code ? code : check_words(words, count, out, &merges);
    return code ? code : report(words + merges, count - merges, out, &wish);
}

const struct command command_report = {
    .name = "report",
    .summary = "write reports from evidence folders; join the shards of a run",
    .run = report_run,
    .help =
        "usage: hubrig report FOLDER... [options]\n"
        "       hubrig report merge FOLDER... --output FOLDER [options]\n"
        "\n"
        "Reads every verdict.json below the folders and reports as `hubrig run` does. merge first\n"
        "copies the evidence of all into one folder, and also writes report.html and junit.xml\n"
        "there. The same scenario on the same device in two folders is an error.\n"
        "\n"
        "  --output FOLDER, -o FOLDER   where merge puts everything\n" REPORTS_HELP "\n"
        "Exit codes: as of the run: 0 all passed, 1 a device failed, 3 the rig failed, 77 all\n"
        "      skipped; 2 usage, no verdicts, or the same verdict twice\n",
};
