// SPDX-License-Identifier: MIT
// `hubrig check`: all mistakes of scenarios, benches, recipes, hub files and what runs expect, without running anything.
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "certs/chain.h"
#include "harness/bench/bench.h"
#include "harness/cli/chains.h"
#include "harness/cli/cli.h"
#include "harness/cli/forecasts.h"
#include "harness/scenario/plan.h"
#include "simulator/rig/hub_file.h"

#include <stdio.h>

enum { CHECK_WORDS_MOST = 1024, CHECK_BYTES_MOST = 1 << 22 };

struct checker {
    struct chain_names chains;
    struct diag_list diags;
    struct buf out;
    bool is_json;
    size_t files;
    size_t mistakes;
};

static int check_scenario(struct checker *c, const char *path)
{
    struct plan plan HR_CLEANUP(plan_deinit) = {0};
    return plan_read(path, (const char *const *)c->chains.names, c->chains.count, &plan, &c->diags);
}

static int check_bench(struct checker *c, const char *path)
{
    struct bench bench HR_CLEANUP(bench_deinit) = {0};
    return bench_read(path, &bench, &c->diags);
}

static int check_recipe(struct checker *c, const char *path)
{
    struct workshop *w = NULL;
    char named[4096];
    // A path without a slash would be taken for a name.
    TRY(fs_join(named, sizeof named, path[0] == '/' ? "" : ".", path));
    TRY(workshop_open(&(struct workshop_settings){0}, &w));
    int code = chain_check(w, path[0] == '/' ? path : named, &c->diags);
    workshop_close(w);
    return code;
}

static int check_hub(struct checker *c, const char *path)
{
    struct hub_file file HR_CLEANUP(hub_file_deinit) = {0};
    return hub_file_read(path, (const char *const *)c->chains.names, c->chains.count, &file, &c->diags);
}

static int check_forecasts(struct checker *c, const char *path)
{
    struct forecast_list list HR_CLEANUP(forecast_deinit) = {0};
    return forecasts_check(path, NULL, &list, &c->diags);
}

struct kind {
    const char *extension;
    int (*check)(struct checker *c, const char *path);
};

static const struct kind kinds[] = {
    {".scn", check_scenario},
    {".bench", check_bench},
    {".chain", check_recipe},
    {".hub", check_hub},
    {".expect", check_forecasts},
};

static int print_json(struct checker *c)
{
    for (size_t i = 0; i < c->diags.count; i++) {
        const struct diag *d = &c->diags.items[i];
        TRY(buf_append_text(&c->out, c->mistakes + i ? ",\n {\"file\":\"" : "\n {\"file\":\""));
        TRY(json_escape(span_text(d->file), &c->out));
        TRY(buf_printf(&c->out, "\",\"line\":%d,\"column\":%d,\"message\":\"", d->line, d->column));
        TRY(json_escape(span_text(d->message), &c->out));
        TRY(buf_append_text(&c->out, "\"}"));
    }
    return 0;
}

// One file; its mistakes are printed before the next one is read.
static int check_file(struct checker *c, const struct kind *kind, const char *path)
{
    c->files++;
    diag_init(&c->diags);
    int code = kind->check(c, path);
    bool has_mistakes = c->diags.count + c->diags.dropped > 0;
    if (has_mistakes) {
        code = c->is_json ? print_json(c) : diag_print(&c->diags, &c->out);
        c->mistakes += c->diags.count + c->diags.dropped;
    }
    diag_deinit(&c->diags);
    if (!c->is_json && code == 0) {
        fputs(buf_text(&c->out), stdout);
        buf_clear(&c->out);
    }
    return code;
}

static int check_folder(struct checker *c, const char *path)
{
    for (size_t k = 0; k < HR_COUNT_OF(kinds); k++) {
        char **files = NULL;
        size_t count = 0;
        TRY(suite_files_of(path, kinds[k].extension, &files, &count));
        int code = 0;
        for (size_t i = 0; i < count && code == 0; i++) {
            code = check_file(c, &kinds[k], files[i]);
        }
        suite_free(files, count);
        TRY(code);
    }
    return 0;
}

static int check_path(struct checker *c, const char *path)
{
    if (fs_is_folder(path)) {
        return check_folder(c, path);
    }
    for (size_t k = 0; k < HR_COUNT_OF(kinds); k++) {
        if (span_ends_with(span_text(path), span_text(kinds[k].extension))) {
            return check_file(c, &kinds[k], path);
        }
    }
    FAIL(ERR_USAGE, "%s: expected a folder or a file that ends in .scn, .bench, .chain, .hub or .expect", path);
}

static int check_all(struct checker *c, const char *const *paths, size_t count)
{
    TRY(c->is_json ? buf_append_u8(&c->out, '[') : 0);
    for (size_t i = 0; i < count; i++) {
        TRY(check_path(c, paths[i]));
    }
    if (c->files == 0) {
        FAIL(ERR_NO_FILE, "no .scn, .bench, .chain, .hub or .expect file below the given folders");
    }
    const char *ending = c->files == 1 ? "" : "s";
    if (c->is_json) {
        TRY(buf_append_text(&c->out, c->mistakes ? "\n]\n" : "]\n"));
    } else if (c->mistakes) {
        TRY(buf_printf(&c->out, "%zu file%s, %zu mistake%s\n", c->files, ending, c->mistakes,
                       c->mistakes == 1 ? "" : "s"));
    } else {
        TRY(buf_printf(&c->out, "%zu file%s, no mistakes\n", c->files, ending));
    }
    fputs(buf_text(&c->out), stdout);
    return 0;
}

static int check_run(int argc, char **argv)
{
    const char *is_json = NULL;
    const char *paths[CHECK_WORDS_MOST];
    size_t count = 0;
    const struct option_spec specs[] = {{"--json", NULL, &is_json}};
    int code =
        cli_options(&command_check, argc, argv, specs, 1, false, paths, CHECK_WORDS_MOST, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        fputs("hubrig check: a file or folder is missing\nTry: hubrig check --help\n", stderr);
        return EXIT_USAGE;
    }
    struct checker c = {.is_json = is_json != NULL};
    buf_init(&c.out, CHECK_BYTES_MOST);
    chain_names_load(&c.chains);
    code = check_all(&c, paths, count);
    chain_names_deinit(&c.chains);
    buf_deinit(&c.out);
    if (code < 0) {
        return cli_fail("check", code);
    }
    return c.mistakes ? EXIT_USAGE : EXIT_PASS;
}

const struct command command_check = {
    .name = "check",
    .summary = "find the mistakes in scenarios, benches, recipes, hub files and what runs expect",
    .run = check_run,
    .help = "usage: hubrig check FILE|FOLDER... [--json]\n"
            "\n"
            "Reads .scn, .bench, .chain, .hub and .expect files, of a folder all below it, and prints\n"
            "every mistake as file:line:col: message. Nothing is run.\n"
            "\n"
            "  --json   a JSON array of {file, line, column, message} instead\n"
            "\n"
            "Exit codes: 0 no mistakes, 2 mistakes, an unknown file or option, 3 a file cannot be "
            "read.\n",
};
