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

// "tls.self-signed" is suites/tls/self-signed.scn.
static bool is_missing_in_its_family(const char *scenario)
{
    char name[PATH_MAX];
    char path[PATH_MAX];
    struct span case_name;
    struct span family = span_cut(span_text(scenario), '.', &case_name);
    int n = snprintf(name, sizeof name, "suites/%.*s", SPAN_ARG(family));
    if (n < 0 || (size_t)n >= sizeof name ||
        fs_join(path, sizeof path, fs_data_folder(), name) < 0 || !fs_is_folder(path)) {
        return false;
    }
    n = snprintf(name, sizeof name, "suites/%.*s/%.*s.scn", SPAN_ARG(family), SPAN_ARG(case_name));
    return n > 0 && (size_t)n < sizeof name &&
           fs_join(path, sizeof path, fs_data_folder(), name) == 0 && !fs_exists(path);
}

static int check_names(const struct forecast_list *list, const struct plan_set *set,
                       struct diag_list *diags)
{
    char hint[96];
    int worst = 0;
    const char **names = calloc(set->count ? set->count : 1, sizeof *names);
    ENSURE(names != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < set->count; i++) {
        names[i] = set->plans[i].name;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct forecast *f = &list->items[i];
        if (!is_selected(set, f->scenario) && is_missing_in_its_family(f->scenario)) {
            worst = diag_add(diags, (struct place){list->file, f->line, f->column},
                             "there is no scenario %s%s", f->scenario,
                             suggest_text(span_text(f->scenario), names, set->count, hint));
        }
    }
    free(names);
    return worst;
}

int forecasts_read(const char *path, const struct plan_set *set, struct forecast_list *out)
{
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    diag_init(&diags);
    int code = forecast_read(path, out, &diags);
    code = code < 0 ? code : check_names(out, set, &diags);
    if (diags.count && diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
        error_set(ERR_SYNTAX, "the --expect file has mistakes; nothing was run");
    }
    return code;
}
