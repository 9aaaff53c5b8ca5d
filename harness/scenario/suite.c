// SPDX-License-Identifier: MIT
#include "harness/scenario/plan.h"
#include "base/error.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SUITE_DEPTH_MOST = 16, SUITE_FILES_MOST = 100000 };

struct file_list {
    const char *extension;
    char **items;
    size_t count;
};

static int list_add(struct file_list *list, const char *path)
{
    ENSURE(list->count < SUITE_FILES_MOST, ERR_LIMIT);
    char **grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    list->items = grown;
    list->items[list->count] = span_dup_text(span_text(path));
    ENSURE(list->items[list->count] != NULL, ERR_NO_MEMORY);
    list->count++;
    return 0;
}

static int walk(struct file_list *list, const char *folder, int depth);

// Below a suite, what a run has left is no part of it.
static bool is_copy(const struct file_list *list, const char *folder, int depth)
{
    char path[PATH_MAX];
    return depth > 0 && strcmp(list->extension, ".scn") == 0 &&
           fs_join(path, sizeof path, folder, "verdict.json") == 0 && fs_exists(path);
}

// A folder that is a symbolic link is not entered, so that a loop ends.
static int visit(struct file_list *list, const char *folder, const char *name, int depth)
{
    char path[PATH_MAX];
    struct stat st;
    if (name[0] == '.') {
        return 0;
    }
    TRY(fs_join(path, sizeof path, folder, name));
    if (lstat(path, &st) != 0) {
        return 0;
    }
    if (S_ISDIR(st.st_mode)) {
        return walk(list, path, depth + 1);
    }
    bool is_wanted = span_ends_with(span_text(name), span_text(list->extension));
    return is_wanted && !is_copy(list, folder, depth) ? list_add(list, path) : 0;
}

static int walk(struct file_list *list, const char *folder, int depth)
{
    if (depth > SUITE_DEPTH_MOST) {
        FAIL(ERR_LIMIT, "%s: folders are nested deeper than %d", folder, SUITE_DEPTH_MOST);
    }
    DIR *dir = opendir(folder);
    if (!dir) {
        FAIL(error_from_errno(errno), "cannot open %s: %s", folder, strerror(errno));
    }
    int code = 0;
    const struct dirent *entry;
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        code = visit(list, folder, entry->d_name, depth);
    }
    closedir(dir);
    return code;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int suite_files_of(const char *path, const char *extension, char ***files, size_t *count)
{
    struct file_list list = {.extension = extension};
    *files = NULL;
    *count = 0;
    if (!fs_exists(path)) {
        FAIL(ERR_NO_FILE, "%s: no such file or folder", path);
    }
    int code = fs_is_folder(path) ? walk(&list, path, 0) : list_add(&list, path);
    if (code < 0) {
        suite_free(list.items, list.count);
        return code;
    }
    if (list.count) {
        qsort(list.items, list.count, sizeof *list.items, by_path);
    }
    *files = list.items;
    *count = list.count;
    return 0;
}

int suite_files(const char *path, char ***files, size_t *count)
{
    TRY(suite_files_of(path, ".scn", files, count));
    if (*count == 0) {
        FAIL(ERR_NO_FILE, "%s: no .scn file below this folder", path);
    }
    return 0;
}

void suite_free(char **files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(files[i]);
    }
    free(files);
}
