// SPDX-License-Identifier: MIT
#include "harness/report/collect.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/scenario/plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERDICT_BYTES_MOST = 1 << 20, FILE_BYTES_MOST = 512 << 20 };

static bool is_same_place(const struct outcome *a, const struct outcome *b)
{
    return strcmp(a->scenario, b->scenario) == 0 && strcmp(a->device, b->device) == 0;
}

static struct outcome *find_place(struct collection *c, const struct outcome *o)
{
    for (size_t i = 0; i < c->count; i++) {
        if (is_same_place(&c->outcomes[i], o)) {
            return &c->outcomes[i];
        }
    }
    struct outcome *grown = realloc(c->outcomes, (c->count + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    c->outcomes = grown;
    outcome_init(&c->outcomes[c->count]);
    return &c->outcomes[c->count++];
}

static bool ends_with_attempt(const char *folder)
{
    const char *name = strrchr(folder, '/');
    return name && strstr(name, ".attempt-") != NULL;
}

static int add_verdict(struct collection *c, const char *path)
{
    struct outcome o;
    char folder[PATH_MAX];
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, VERDICT_BYTES_MOST);
    ENSURE(span_copy_text(span_text(path), folder, sizeof folder), ERR_TOO_BIG);
    *strrchr(folder, '/') = '\0';
    if (ends_with_attempt(folder)) {
        return 0; // the attempt that came after it counts
    }
    TRY(fs_read_file(path, &json));
    int code = outcome_from_json(buf_span(&json), &o);
    if (code == 0) {
        outcome_set(&o.evidence, folder); // it may have moved since
        struct outcome *sum = find_place(c, &o);
        code = sum ? 0 : ERR_NO_MEMORY;
        bool is_again = sum && sum->runs && sum->run == o.run && o.run <= 1;
        if (is_again) {
            error_set(ERR_VALUE, "%s on %s is there twice: %s and %s", o.scenario, o.device,
                      sum->evidence, folder);
            code = ERR_VALUE;
        } else if (sum) {
            outcome_add_run(sum, &o);
        }
    }
    outcome_deinit(&o);
    return code;
}

static int by_place(const void *a, const void *b)
{
    const struct outcome *x = a;
    const struct outcome *y = b;
    int order = strcmp(x->device, y->device);
    return order ? order : strcmp(x->scenario, y->scenario);
}

int collection_add(struct collection *c, const char *folder)
{
    char **files = NULL;
    size_t count = 0;
    size_t found = 0;
    TRY(suite_files_of(folder, "verdict.json", &files, &count));
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add_verdict(c, files[i]);
        found++;
    }
    suite_free(files, count);
    TRY(code);
    if (found == 0) {
        FAIL(ERR_NO_FILE,
             "%s: no verdict.json below this folder; hubrig run --evidence writes them", folder);
    }
    qsort(c->outcomes, c->count, sizeof *c->outcomes, by_place);
    return 0;
}

void collection_deinit(struct collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        outcome_deinit(&c->outcomes[i]);
    }
    free(c->outcomes);
    *c = (struct collection){0};
}

// ---- copying

static int copy_file(const char *from, const char *to)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    struct buf there HR_CLEANUP(buf_deinit);
    char folder[PATH_MAX];
    buf_init(&bytes, FILE_BYTES_MOST);
    buf_init(&there, FILE_BYTES_MOST);
    TRY(fs_read_file(from, &bytes));
    if (fs_exists(to)) {
        TRY(fs_read_file(to, &there));
        if (!span_equals(buf_span(&bytes), buf_span(&there))) {
            FAIL(ERR_VALUE, "%s is there already and differs from %s", to, from);
        }
        return 0;
    }
    ENSURE(span_copy_text(span_text(to), folder, sizeof folder), ERR_TOO_BIG);
    *strrchr(folder, '/') = '\0';
    TRY(fs_make_folder(folder, 0755));
    bool is_secret = span_ends_with(span_text(to), SPAN_LITERAL(".key")) ||
                     span_ends_with(span_text(to), SPAN_LITERAL(".pcapng"));
    return fs_write_file(to, buf_span(&bytes), is_secret ? 0600 : 0644);
}

// Below the folder of a verdict. What stands above is of one run of hubrig alone: its seed, its own
// reports, what a pipeline put beside it.
static bool is_of_verdict(const char *path, size_t skip)
{
    char verdict[PATH_MAX];
    for (const char *at = strchr(path + skip, '/'); at; at = strchr(at + 1, '/')) {
        int n = snprintf(verdict, sizeof verdict, "%.*s/verdict.json", (int)(at - path), path);
        if (n > 0 && (size_t)n < sizeof verdict && fs_exists(verdict)) {
            return true;
        }
    }
    return false;
}

int collection_copy(const char *from, const char *to)
{
    char **files = NULL;
    size_t count = 0;
    char target[PATH_MAX];
    size_t skip = strlen(from);
    while (skip > 1 && from[skip - 1] == '/') {
        skip--;
    }
    TRY(suite_files_of(from, "", &files, &count));
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        const char *name = files[i] + skip;
        if (strstr(name, "/rig/") || !is_of_verdict(files[i], skip)) {
            continue;
        }
        code = fs_join(target, sizeof target, to, name + strspn(name, "/"));
        code = code ? code : copy_file(files[i], target);
    }
    suite_free(files, count);
    return code;
}
