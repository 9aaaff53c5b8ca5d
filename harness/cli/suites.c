// SPDX-License-Identifier: MIT
// `hubrig suites`: what can be run.
#include "harness/cli/suites.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "base/when.h"
#include "harness/cli/catalogue.h"
#include "harness/cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { SUITES_MOST = 64 };

static int print_line(const struct plan *plan, int columns)
{
    struct buf needs HR_CLEANUP(buf_deinit);
    char limit[32];
    buf_init(&needs, 200);
    TRY(capability_print(plan->needs, " ", &needs));
    printf("%-*s  %-6s  %-8s  %-11s %s\n", columns, plan->name, level_word(plan->level),
           duration_print((int64_t)plan->limit_us, limit), needs.len ? buf_text(&needs) : "-",
           plan->about);
    return 0;
}

static int text_member(const char *before, const char *text, struct buf *out)
{
    TRY(buf_printf(out, "%s\"", before));
    TRY(json_escape(span_text(text), out));
    return buf_append_u8(out, '"');
}

static int print_json_plan(const struct plan *plan, struct buf *out)
{
    struct buf needs HR_CLEANUP(buf_deinit);
    buf_init(&needs, 200);
    TRY(capability_print(plan->needs, " ", &needs));
    TRY(text_member("{\"scenario\":", plan->name, out));
    TRY(text_member(",\"about\":", plan->about, out));
    TRY(text_member(",\"why\":", plan->why, out));
    TRY(text_member(",\"level\":", level_word(plan->level), out));
    TRY(text_member(",\"source\":", plan->basis, out));
    TRY(text_member(",\"file\":", plan->file, out));
    TRY(text_member(",\"needs\":", buf_text(&needs), out));
    TRY(buf_append_text(out, ",\"tags\":["));
    for (size_t i = 0; i < plan->tag_count; i++) {
        TRY(text_member(i ? "," : "", plan->tags[i], out));
    }
    return buf_printf(out, "],\"limit_us\":%llu}", (unsigned long long)plan->limit_us);
}

static int print_json(const struct plan_set *set)
{
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 16 << 20);
    TRY(buf_append_u8(&out, '['));
    for (size_t i = 0; i < set->count; i++) {
        TRY(buf_append_text(&out, i ? ",\n " : "\n "));
        TRY(print_json_plan(&set->plans[i], &out));
    }
    TRY(buf_append_text(&out, "\n]\n"));
    fputs(buf_text(&out), stdout);
    return 0;
}

static int print_markdown(const struct plan_set *set)
{
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 16 << 20);
    TRY(catalogue_print(set, &out));
    fputs(buf_text(&out), stdout);
    return 0;
}

int suites_print(const struct plan_set *set, enum suites_form form)
{
    int columns = 0;
    if (form != SUITES_LINES) {
        return form == SUITES_JSON ? print_json(set) : print_markdown(set);
    }
    for (size_t i = 0; i < set->count; i++) {
        int len = (int)strlen(set->plans[i].name);
        columns = len > columns ? len : columns;
    }
    for (size_t i = 0; i < set->count; i++) {
        TRY(print_line(&set->plans[i], columns));
    }
    return 0;
}

// The bundles that ship with hubrig; they select from the same scenarios.
static void print_bundles(const char *folder)
{
    char **files = NULL;
    size_t count = 0;
    if (suite_files_of(folder, ".suite", &files, &count) == 0 && count) {
        fputs("\nbundles:", stdout);
        for (size_t i = 0; i < count; i++) {
            const char *name = strrchr(files[i], '/') + 1;
            printf(" %.*s", (int)(strlen(name) - strlen(".suite")), name);
        }
        putchar('\n');
    }
    suite_free(files, count);
}

static int list(const struct plan_wish *wish, enum suites_form form)
{
    struct plan_set set HR_CLEANUP(plan_set_deinit) = {0};
    int code = plan_set_read(&set, wish);
    if (code == 0) {
        code = suites_print(&set, form);
    }
    return code < 0 ? cli_fail("suites", code) : EXIT_PASS;
}

static int suites_run(int argc, char **argv)
{
    const char *words[SUITES_MOST];
    const char *tags[OPTION_LIST_MOST + 1] = {NULL};
    const char *json = NULL;
    const char *markdown = NULL;
    struct plan_wish wish = {.suites = words, .tags = tags};
    char all[PATH_MAX];
    const struct option_spec specs[] = {
        {"--only", "GLOB", &wish.only}, {"--tag", "WORD...", tags}, {"--json", NULL, &json},
        {"--markdown", NULL, &markdown}};
    int code = cli_options(&command_suites, argc, argv, specs, HR_COUNT_OF(specs), false, words,
                           SUITES_MOST, &wish.suite_count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    bool is_whole = wish.suite_count == 0;
    if (is_whole) {
        code = fs_join(all, sizeof all, fs_data_folder(), "suites");
        if (code < 0) {
            return cli_fail("suites", code);
        }
        words[wish.suite_count++] = all;
    }
    if (json && markdown) {
        fputs("hubrig suites: expected one of --json and --markdown, not both\n", stderr);
        return EXIT_USAGE;
    }
    enum suites_form form = json ? SUITES_JSON : markdown ? SUITES_MARKDOWN : SUITES_LINES;
    code = list(&wish, form);
    if (code == EXIT_PASS && is_whole && form == SUITES_LINES) {
        print_bundles(all);
    }
    return code;
}

const struct command command_suites = {
    .name = "suites",
    .summary = "list scenarios: name, level, limit, needs, title",
    .run = suites_run,
    .help =
        "usage: hubrig suites [SUITE...] [options]\n"
        "\n"
        "Lists the scenarios of the suites that ship with hubrig, or of the given files, folders\n"
        "and bundles: name, level, limit, what the device must offer, title.\n"
        "\n"
        "  --tag WORD    only those with this tag or level; may be repeated, all must match\n"
        "  --only GLOB   only those whose name matches, such as 'smoke.*'\n"
        "  --json        one JSON array\n"
        "  --markdown    a page: the families, what each scenario asks, and which flaws it catches\n"
        "\n"
        "Exit codes: 0 listed, 2 usage or a mistake in a file, 3 a file cannot be read\n",
};
