// SPDX-License-Identifier: MIT
#include "harness/oracle/forecast.h"
#include "base/error.h"
#include "harness/oracle/verdict.h"

#include <stdlib.h>
#include <string.h>

enum { FORECASTS_MOST = 20000 };

struct reading {
    struct forecast_list *list;
    struct diag_list *diags;
    const struct line *devices; // the last `device` line, or NULL
};

static const char *const verbs[] = {"device", FORECAST_FAILS, FORECAST_MAYBE};

static const struct forecast *find_exact(const struct forecast_list *list, struct span device,
                                         struct span scenario)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct forecast *f = &list->items[i];
        if (span_equals_text(device, f->device) && span_equals_text(scenario, f->scenario)) {
            return f;
        }
    }
    return NULL;
}

static int add(struct reading *r, struct span device, const struct line *line, size_t at,
               const char *kind, struct span because)
{
    struct forecast_list *list = r->list;
    struct span scenario = line_word(line, at);
    const struct forecast *known = find_exact(list, device, scenario);
    if (known) {
        return diag_add(r->diags, line_place(line, at), "%.*s stands in line %d already",
                        SPAN_ARG(scenario), known->line);
    }
    ENSURE(list->count < FORECASTS_MOST, ERR_LIMIT);
    struct forecast *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    list->items = grown;
    struct forecast *f = &list->items[list->count++];
    *f = (struct forecast){.device = span_dup_text(device),
                           .scenario = span_dup_text(scenario),
                           .because = span_dup_text(because),
                           .kind = kind,
                           .line = line->at.line,
                           .column = line_place(line, at).column};
    ENSURE(f->device != NULL && f->scenario != NULL && f->because != NULL, ERR_NO_MEMORY);
    return 0;
}

static int add_for_devices(struct reading *r, const struct line *line, size_t at, const char *kind,
                           struct span because)
{
    struct span scenario = line_word(line, at);
    if (span_find(scenario, '.') == scenario.len) {
        return diag_add(r->diags, line_place(line, at),
                        "expected a scenario such as tls.self-signed, seen '%.*s'",
                        SPAN_ARG(scenario));
    }
    if (!r->devices) {
        return add(r, SPAN_EMPTY, line, at, kind, because);
    }
    for (size_t i = 1; i < r->devices->count; i++) {
        TRY(add(r, line_word(r->devices, i), line, at, kind, because));
    }
    return 0;
}

static int read_rows(struct reading *r, const struct line *line, const char *kind)
{
    size_t names = 1;
    while (names < line->count && !line_word_is(line, names, "because")) {
        names++;
    }
    bool has_reason = names < line->count;
    if (names == 1) {
        return diag_add(r->diags, line_place(line, 1),
                        "expected: %s SCENARIO... [because \"REASON\"]", kind);
    }
    if (has_reason && (names + 2 != line->count || !line->words[names + 1].is_quoted)) {
        return diag_add(r->diags, line_place(line, names + 1),
                        "expected one reason in \"quotes\" behind because");
    }
    int worst = 0;
    for (size_t i = 1; i < names; i++) {
        int code =
            add_for_devices(r, line, i, kind, has_reason ? line_word(line, names + 1) : SPAN_EMPTY);
        worst = code < 0 ? code : worst;
    }
    return worst;
}

static int read_line(struct reading *r, const struct line *line)
{
    char hint[96];
    if (line_word_is(line, 0, verbs[0])) {
        r->devices = line;
        return line->count > 1
                   ? 0
                   : diag_add(r->diags, line_place(line, 1), "expected: device NAME...");
    }
    for (size_t i = 1; i < HR_COUNT_OF(verbs); i++) {
        if (line_word_is(line, 0, verbs[i])) {
            return read_rows(r, line, verbs[i]);
        }
    }
    struct span word = line_word(line, 0);
    return diag_add(r->diags, line_place(line, 0), "expected device, fails or maybe, seen '%.*s'%s",
                    SPAN_ARG(word), suggest_text(word, verbs, HR_COUNT_OF(verbs), hint));
}

static int read_script(const struct line_script *script, struct forecast_list *out,
                       struct diag_list *diags)
{
    struct reading r = {.list = out, .diags = diags};
    int worst = 0;
    for (size_t i = 0; i < script->count; i++) {
        int code = read_line(&r, &script->lines[i]);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
        worst = code < 0 ? code : worst;
    }
    return worst;
}

static int finish(const char *name, int read, struct line_script *script, struct forecast_list *out,
                  struct diag_list *diags)
{
    *out = (struct forecast_list){.file = span_dup_text(span_text(name))};
    int code = out->file ? read : ERR_NO_MEMORY;
    if (code == 0 || code == ERR_SYNTAX) {
        int judged = read_script(script, out, diags);
        code = judged < 0 ? judged : code;
    }
    line_deinit(script);
    return code;
}

int forecast_read(const char *path, struct forecast_list *out, struct diag_list *diags)
{
    struct line_script script;
    int code = line_read(path, &script, diags);
    return finish(path, code, &script, out, diags);
}

int forecast_parse(const char *name, struct span text, struct forecast_list *out,
                   struct diag_list *diags)
{
    struct line_script script;
    int code = line_parse(name, text, &script, diags);
    return finish(name, code, &script, out, diags);
}

void forecast_deinit(struct forecast_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].device);
        free(list->items[i].scenario);
        free(list->items[i].because);
    }
    free(list->items);
    free(list->file);
    *list = (struct forecast_list){0};
}

const struct forecast *forecast_find(const struct forecast_list *list, const char *device,
                                     const char *scenario)
{
    const struct forecast *own = find_exact(list, span_text(device), span_text(scenario));
    return own ? own : find_exact(list, SPAN_EMPTY, span_text(scenario));
}
