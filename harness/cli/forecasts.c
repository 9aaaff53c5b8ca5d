// SPDX-License-Identifier: MIT
#include "harness/cli/forecasts.h"
#include "base/error.h"
#include "base/fs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_selected(const struct plan_set *set, const char *scenario)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->plans[i].name, scenario) == 0) {
            return true;
        }
    }
    return false;
}

enum { FAMILY_MOST = 500 };

// "suites/tls/self-signed.scn" as "self-signed".
static const char *case_of(char *file)
{
    char *name = strrchr(file, '/');
    name = name ? name + 1 : file;
    name[strlen(name) - strlen(".scn")] = '\0';
    return name;
}

// The scenario's family ships with hubrig, and does not have it.
static int check_name(const struct forecast *f, const char *file, struct diag_list *diags)
{
    char hint[96];
    char folder[PATH_MAX];
    char path[PATH_MAX];
    const char *names[FAMILY_MOST];
    char **files = NULL;
    size_t count = 0;
    bool is_known = false;
    struct span case_name;
    struct span family = span_cut(span_text(f->scenario), '.', &case_name);
    int n = snprintf(folder, sizeof folder, "suites/%.*s", SPAN_ARG(family));
    if (n < 0 || (size_t)n >= sizeof folder ||
        fs_join(path, sizeof path, fs_data_folder(), folder) < 0 || !fs_is_folder(path)) {
        return 0;
    }
    TRY(suite_files_of(path, ".scn", &files, &count));
    count = count < FAMILY_MOST ? count : FAMILY_MOST;
    for (size_t i = 0; i < count; i++) {
        names[i] = case_of(files[i]);
        is_known = is_known || span_equals_text(case_name, names[i]);
    }
    int code = is_known
                   ? 0
                   : diag_add(diags, (struct place){file, f->line, f->column},
                              "the family %.*s has no scenario '%.*s'%s", SPAN_ARG(family),
                              SPAN_ARG(case_name), suggest_text(case_name, names, count, hint));
    suite_free(files, count);
    return code;
}

int forecasts_check(const char *path, const struct plan_set *set, struct forecast_list *out,
                    struct diag_list *diags)
{
    int worst = forecast_read(path, out, diags);
    for (size_t i = 0; i < out->count && (worst == 0 || worst == ERR_SYNTAX); i++) {
        if (!set || !is_selected(set, out->items[i].scenario)) {
            int code = check_name(&out->items[i], out->file, diags);
            worst = code < 0 ? code : worst;
        }
    }
    return worst;
}

int forecasts_read(const char *path, const struct plan_set *set, struct forecast_list *out)
{
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    diag_init(&diags);
    int code = forecasts_check(path, set, out, &diags);
    if (diags.count && diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
        error_set(ERR_SYNTAX, "the --expect file has mistakes; nothing was run");
    }
    return code;
}
