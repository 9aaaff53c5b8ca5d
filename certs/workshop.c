// SPDX-License-Identifier: MIT
#include "certs/workshop.h"
#include "base/error.h"
#include "base/fs.h"
#include "certs/timeline.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_DEPTH_MOST = 6, NAMES_MOST = 4096 };

// The folder of all that hubrig keeps between runs.
static int cache_folder(const char *given, char out[PATH_MAX])
{
    const char *own = getenv("HUBRIG_CACHE");
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    given = given ? given : own && own[0] ? own : NULL;
    if (given) {
        return fs_join(out, PATH_MAX, given, "");
    }
    if (xdg && xdg[0] == '/') { // the base directory specification ignores relative paths
        return fs_join(out, PATH_MAX, xdg, "hubrig");
    }
    if (home && home[0]) {
        return fs_join(out, PATH_MAX, home, ".cache/hubrig");
    }
    FAIL(ERR_IO, "no folder for keys: none of HUBRIG_CACHE, XDG_CACHE_HOME and HOME is set; set "
                 "HUBRIG_CACHE to a folder of your own");
}

static int open_folders(struct workshop *w, const struct workshop_settings *settings)
{
    char cache[PATH_MAX];
    if (settings && settings->recipes) {
        TRY(fs_join(w->recipes, sizeof w->recipes, settings->recipes, ""));
    } else {
        TRY(fs_join(w->recipes, sizeof w->recipes, fs_data_folder(), "certs/recipes"));
    }
    TRY(cache_folder(settings ? settings->key_cache : NULL, cache));
    TRY(fs_join(w->keys, sizeof w->keys, cache, "keys"));
    TRY(fs_join(w->devices, sizeof w->devices, cache, "devices"));
    TRY(key_cache_prepare(w->keys));
    return key_cache_prepare(w->devices);
}

int workshop_open(const struct workshop_settings *settings, struct workshop **out)
{
    *out = NULL;
    struct workshop *w = calloc(1, sizeof *w);
    ENSURE(w != NULL, ERR_NO_MEMORY);
    int code = random_source_init(&w->random);
    if (code == 0) {
        code = open_folders(w, settings);
    }
    if (code < 0) {
        workshop_close(w);
        return code;
    }
    *out = w;
    return 0;
}

void workshop_close(struct workshop *w)
{
    if (w) {
        random_source_deinit(&w->random);
        free(w);
    }
}

// Names
// --------------------------------------------------------------------------------------------

struct name_list {
    char **names;
    size_t count;
};

static int add_name(struct name_list *list, const char *folder, const char *file)
{
    const struct span ending = SPAN_LITERAL(".chain");
    char name[PATH_MAX];
    struct span stem = span_text(file);
    if (!span_ends_with(stem, ending) || stem.len == ending.len) {
        return 0;
    }
    stem.len -= ending.len;
    int len = snprintf(name, sizeof name, "%s%.*s", folder, SPAN_ARG(stem));
    ENSURE(len > 0 && (size_t)len < sizeof name, ERR_TOO_BIG);
    ENSURE(list->count < NAMES_MOST, ERR_LIMIT);
    char **grown = realloc(list->names, (list->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    list->names = grown;
    grown[list->count] = strdup(name);
    ENSURE(grown[list->count] != NULL, ERR_NO_MEMORY);
    list->count++;
    return 0;
}

// `below` is the folder's place below the recipe folder, "" or "azure/".
static int walk(const char *path, const char *below, int depth, struct name_list *list);

static int visit(const char *path, const char *below, const char *entry, int depth,
                 struct name_list *list)
{
    char child[PATH_MAX], prefix[PATH_MAX];
    if (entry[0] == '.') {
        return 0;
    }
    TRY(fs_join(child, sizeof child, path, entry));
    if (!fs_is_folder(child)) {
        return add_name(list, below, entry);
    }
    int len = snprintf(prefix, sizeof prefix, "%s%s/", below, entry);
    ENSURE(len > 0 && (size_t)len < sizeof prefix, ERR_TOO_BIG);
    return depth < FOLDER_DEPTH_MOST ? walk(child, prefix, depth + 1, list) : 0;
}

static int walk(const char *path, const char *below, int depth, struct name_list *list)
{
    DIR *folder = opendir(path);
    if (!folder) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot read the recipe folder %s: %s", path,
             strerror(errnum));
    }
    int code = 0;
    for (struct dirent *e = readdir(folder); e && code == 0; e = readdir(folder)) {
        code = visit(path, below, e->d_name, depth, list);
    }
    closedir(folder);
    return code;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int workshop_names(struct workshop *w, char ***names, size_t *count)
{
    struct name_list list = {0};
    *names = NULL;
    *count = 0;
    int code = walk(w->recipes, "", 0, &list);
    if (code < 0) {
        workshop_names_free(list.names, list.count);
        return code;
    }
    if (list.count > 0) {
        qsort(list.names, list.count, sizeof *list.names, by_text);
    }
    *names = list.names;
    *count = list.count;
    return 0;
}

void workshop_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

// Recipes
// ------------------------------------------------------------------------------------------

// Parts of letters, digits and "._-" between slashes, none starting with a dot: a name that comes
// over a control connection must not lead out of the recipe folder.
static bool is_recipe_name(struct span name)
{
    if (name.len == 0 || name.len >= sizeof((struct recipe *)0)->name) {
        return false;
    }
    while (name.ptr) {
        if (!key_name_is_good(span_cut(name, '/', &name))) {
            return false;
        }
    }
    return true;
}

static int fail_unknown(struct workshop *w, const char *name)
{
    char **names = NULL;
    size_t count = 0;
    char near[96];
    TRY(workshop_names(w, &names, &count));
    suggest_text(span_text(name), (const char *const *)names, count, near);
    workshop_names_free(names, count);
    FAIL(ERR_UNKNOWN_NAME, "there is no recipe '%s' in %s%s", name, w->recipes, near);
}

static int open_recipe(void *ctx, const char *name, struct line_script *script,
                       struct diag_list *diags)
{
    struct workshop *w = ctx;
    char path[PATH_MAX], file[128];
    if (recipe_name_is_path(name)) {
        return line_read(name, script, diags);
    }
    if (!is_recipe_name(span_text(name))) {
        return fail_unknown(w, name);
    }
    snprintf(file, sizeof file, "%s.chain", name);
    TRY(fs_join(path, sizeof path, w->recipes, file));
    return fs_exists(path) ? line_read(path, script, diags) : fail_unknown(w, name);
}

int workshop_read_recipe(struct workshop *w, const char *name, struct recipe **out,
                         struct diag_list *diags)
{
    *out = NULL;
    const char *resolved = timeline_resolve(name);
    if (!resolved) {
        FAIL(ERR_UNKNOWN_NAME,
             "'%s': expected timeline/DATE, such as timeline/2019-06-01, at a time when the cloud "
             "was there; `hubrig certs timeline` lists them",
             name);
    }
    struct recipe_source source = {.ctx = w, .open = open_recipe};
    return recipe_read(&source, resolved, out, diags);
}
