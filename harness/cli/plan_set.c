// SPDX-License-Identifier: MIT
#include "harness/cli/plan_set.h"
#include "base/error.h"
#include "certs/chain.h"
#include "harness/scenario/selection.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(const struct plan_set *set, const struct plan *plan)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->plans[i].name, plan->name) == 0 &&
            strcmp(set->plans[i].source, plan->source) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_included(const struct selected *item, const struct plan *plan)
{
    for (size_t i = 0; i < item->tag_count; i++) {
        if (!plan_has_tag(plan, item->tags[i])) {
            return false;
        }
    }
    return true;
}

static bool is_wanted(const struct plan_wish *wish, const struct plan *plan)
{
    for (size_t i = 0; wish->tags && wish->tags[i]; i++) {
        if (!plan_has_tag(plan, wish->tags[i])) {
            return false;
        }
    }
    return !wish->only || fnmatch(wish->only, plan->name, 0) == 0;
}

static int read_plan(struct plan_set *set, const struct plan_wish *wish,
                     const struct selected *item, bool *is_met, struct diag_list *diags)
{
    struct plan *grown = realloc(set->plans, (set->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    set->plans = grown;
    struct plan *plan = &set->plans[set->count];
    int code =
        plan_read(item->file, (const char *const *)set->chain_names, set->chain_count, plan, diags);
    bool is_in = code == 0 && is_included(item, plan);
    *is_met |= is_in || code < 0; // of one with mistakes nobody knows
    set->seen += is_in;
    if (is_in && is_wanted(wish, plan) && !is_known(set, plan)) {
        set->count++;
    } else {
        plan_deinit(plan);
    }
    return code;
}

// An include of which scenarios are left and none has its tags. `met` has a place per include.
static int check_includes(const struct selection *s, const bool *met, struct diag_list *diags)
{
    int code = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t id = s->items[i].include;
        bool is_told = false;
        for (size_t k = 0; k < i && !is_told; k++) {
            is_told = s->items[k].include == id;
        }
        if (id && !met[id] && !is_told) {
            const struct selected_include *include = &s->includes[id - 1];
            code = diag_add(diags, (struct place){include->file, include->line, include->column},
                            "no scenario of this include has the tag or level");
        }
    }
    return code;
}

static int read_selection(struct plan_set *set, const struct plan_wish *wish,
                          const struct selection *selection, struct diag_list *diags)
{
    int worst = 0;
    bool *met = calloc(selection->include_count + 1, sizeof *met);
    ENSURE(met != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < selection->count; i++) {
        const struct selected *item = &selection->items[i];
        int code = read_plan(set, wish, item, &met[item->include], diags);
        worst = code < 0 && worst == 0 ? code : worst;
        if (code < 0 && code != ERR_SYNTAX) {
            break;
        }
    }
    int code = worst ? 0 : check_includes(selection, met, diags);
    free(met);
    return worst ? worst : code;
}

static int read_words(struct plan_set *set, const struct plan_wish *wish, struct diag_list *diags)
{
    struct selection selection HR_CLEANUP(selection_deinit) = {0};
    int worst = 0;
    for (size_t i = 0; i < wish->suite_count; i++) {
        int code = selection_add(&selection, wish->suites[i], diags);
        worst = code < 0 && worst == 0 ? code : worst;
    }
    if (worst < 0 && worst != ERR_SYNTAX) {
        return worst;
    }
    int code = read_selection(set, wish, &selection, diags);
    return worst ? worst : code;
}

static int read_chain_names(struct plan_set *set)
{
    struct workshop *w = NULL;
    struct workshop_settings settings = {0};
    TRY(workshop_open(&settings, &w));
    int code = workshop_names(w, &set->chain_names, &set->chain_count);
    workshop_close(w);
    return code;
}

int plan_set_read(struct plan_set *set, const struct plan_wish *wish)
{
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    *set = (struct plan_set){0};
    buf_init(&text, 1 << 20);
    diag_init(&diags);
    TRY(read_chain_names(set));
    int worst = read_words(set, wish, &diags);
    if (diags.count && diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
        error_set(ERR_SYNTAX, "the suite has mistakes; nothing was run");
    }
    return worst;
}

void plan_set_deinit(struct plan_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        plan_deinit(&set->plans[i]);
    }
    free(set->plans);
    workshop_names_free(set->chain_names, set->chain_count);
    *set = (struct plan_set){0};
}
