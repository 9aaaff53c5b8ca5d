// SPDX-License-Identifier: MIT
#include "harness/scenario/selection.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/line.h"
#include "harness/scenario/plan.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 8, SELECTED_MOST = 100000 };

struct reader {
    struct selection *out;
    struct diag_list *diags;
    int depth;
    char tags[SELECTION_TAGS_MOST][32]; // of the includes that led here
    size_t tag_count;
    size_t include; // as in struct selected
};

static int add_word(struct reader *r, const char *folder, const char *word);

void selection_name(const char *file, char out[256])
{
    const char *stem = strrchr(file, '/');
    const char *folder = stem;
    while (folder && folder > file && folder[-1] != '/') {
        folder--;
    }
    snprintf(out, 256, "%s", stem ? folder : file);
    for (char *at = out; *at; at++) {
        *at = *at == '/' ? '.' : *at;
    }
    if (span_ends_with(span_text(out), SPAN_LITERAL(".scn"))) {
        out[strlen(out) - 4] = '\0';
    }
}

static int add_file(struct reader *r, const char *file)
{
    struct selection *s = r->out;
    ENSURE(s->count < SELECTED_MOST, ERR_LIMIT);
    struct selected *grown = realloc(s->items, (s->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    s->items = grown;
    struct selected *item = &s->items[s->count];
    *item = (struct selected){.file = span_dup_text(span_text(file)), .tag_count = r->tag_count,
                              .include = r->include};
    ENSURE(item->file != NULL, ERR_NO_MEMORY);
    memcpy(item->tags, r->tags, sizeof item->tags);
    s->count++;
    return 0;
}

static int add_folder(struct reader *r, const char *path)
{
    char **files = NULL;
    size_t count = 0;
    int code = suite_files(path, &files, &count);
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add_file(r, files[i]);
    }
    suite_free(files, count);
    return code;
}

// ---- bundles

static int mistake(struct reader *r, const struct line *line, size_t at, const char *text)
{
    return diag_add(r->diags, line_place(line, at), "%s", text);
}

static int note_include(struct reader *r, const struct line *line, size_t at)
{
    struct selection *s = r->out;
    struct place place = line_place(line, at);
    struct selected_include *grown = realloc(s->includes, (s->include_count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    s->includes = grown;
    s->includes[s->include_count] = (struct selected_include){
        .file = span_dup_text(span_text(place.file)), .line = place.line, .column = place.column};
    ENSURE(s->includes[s->include_count].file != NULL, ERR_NO_MEMORY);
    r->include = ++s->include_count;
    return 0;
}

static int read_include(struct reader *r, const char *folder, const struct line *line)
{
    struct reader inner = *r;
    char word[PATH_MAX];
    if (line->count < 2 || line->count % 2 != 0 ||
        !span_copy_text(line_word(line, 1), word, sizeof word)) {
        return mistake(r, line, 1, "expected: include SUITE [tag WORD ...]");
    }
    for (size_t i = 2; i < line->count; i += 2) {
        if (!line_word_is(line, i, "tag")) {
            return mistake(r, line, i, "expected 'tag WORD' here");
        }
        if (inner.tag_count == SELECTION_TAGS_MOST ||
            !span_copy_text(line_word(line, i + 1), inner.tags[inner.tag_count++], 32)) {
            return mistake(r, line, i, "at most 4 tags, of at most 31 bytes");
        }
    }
    TRY(line->count > 2 ? note_include(&inner, line, 3) : 0);
    int code = add_word(&inner, folder, word);
    return code == ERR_NO_FILE ? mistake(r, line, 1, error_text(code)) : code;
}

static int read_scenario(struct reader *r, const char *folder, const struct line *line)
{
    char word[PATH_MAX];
    if (line->count != 2 || !span_copy_text(line_word(line, 1), word, sizeof word)) {
        return mistake(r, line, 1, "expected: scenario NAME");
    }
    int code = add_word(r, folder, word);
    return code == ERR_NO_FILE ? mistake(r, line, 1, error_text(code)) : code;
}

static int read_exclude(struct reader *r, const char *folder, const struct line *line)
{
    (void)folder;
    struct selection *s = r->out;
    char glob[256];
    char name[256];
    size_t kept = 0;
    if (line->count != 2 || !span_copy_text(line_word(line, 1), glob, sizeof glob)) {
        return mistake(r, line, 1, "expected: exclude NAME or GLOB");
    }
    for (size_t i = 0; i < s->count; i++) {
        selection_name(s->items[i].file, name);
        if (fnmatch(glob, name, 0) == 0) {
            free(s->items[i].file);
        } else {
            s->items[kept++] = s->items[i];
        }
    }
    bool has_taken = kept < s->count;
    s->count = kept;
    return has_taken ? 0 : mistake(r, line, 1, "nothing above this line has such a name");
}

static int read_about(struct reader *r, const char *folder, const struct line *line)
{
    (void)folder;
    return line->count > 1 ? 0 : mistake(r, line, 1, "expected: about WORDS");
}

static const struct {
    const char *word;
    int (*read)(struct reader *r, const char *folder, const struct line *line);
} verbs[] = {
    {"about", read_about},
    {"include", read_include},
    {"scenario", read_scenario},
    {"exclude", read_exclude},
};

static int read_line(struct reader *r, const char *folder, const struct line *line)
{
    const char *names[HR_COUNT_OF(verbs)];
    char hint[96];
    char text[300];
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        names[i] = verbs[i].word;
        if (line_word_is(line, 0, verbs[i].word)) {
            return verbs[i].read(r, folder, line);
        }
    }
    struct span word = span_slice(line_word(line, 0), 0, 60);
    snprintf(text, sizeof text, "unknown verb '%.*s'%s", SPAN_ARG(word),
             suggest_text(word, names, HR_COUNT_OF(names), hint));
    return mistake(r, line, 0, text);
}

static int add_bundle(struct reader *r, const char *path)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    char folder[PATH_MAX];
    if (r->depth == DEPTH_MOST) {
        FAIL(ERR_SYNTAX, "%s: bundles include each other deeper than %d", path, DEPTH_MOST);
    }
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    snprintf(slash ? slash : folder, 2, "%s", slash ? "" : ".");
    size_t known = r->diags->count;
    int code = line_read(path, &script, r->diags);
    if (code < 0 && code != ERR_SYNTAX) {
        return code;
    }
    struct reader inner = *r;
    inner.depth++;
    for (size_t i = 0; i < script.count; i++) {
        code = read_line(&inner, folder, &script.lines[i]);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
    }
    if (r->diags->count > known) {
        FAIL(ERR_SYNTAX, "%s: mistakes: %zu", path, r->diags->count - known);
    }
    return code;
}

// ---- names

static bool is_there(const char *folder, const char *name, const char *extension,
                     char out[PATH_MAX])
{
    char file[PATH_MAX];
    int n = snprintf(file, sizeof file, "%s%s", name, extension);
    return n > 0 && (size_t)n < sizeof file && fs_join(out, PATH_MAX, folder, file) == 0 &&
           fs_exists(out) && (extension[0] == '\0' || !fs_is_folder(out));
}

// "tls.expired-leaf" is tls/expired-leaf.scn.
static bool is_scenario(const char *folder, const char *name, char out[PATH_MAX])
{
    char path[PATH_MAX];
    bool is_found = false;
    snprintf(path, sizeof path, "%s", name);
    for (char *at = path; *at && !is_found && !strchr(name, '/'); at++) {
        bool is_dot = *at == '.'; // a file may have some in its own name: tls/only-1.3.scn
        *at = is_dot ? '/' : *at;
        is_found = is_dot && is_there(folder, path, ".scn", out);
    }
    return is_found;
}

static bool find_in(const char *folder, const char *word, char out[PATH_MAX])
{
    return is_there(folder, word, ".suite", out) || is_there(folder, word, "", out) ||
           is_scenario(folder, word, out);
}

// Of all that ships: suites, scenarios, bundles.
static const char *suggest_shipped(const char *suites, const char *word, char hint[96])
{
    char **files = NULL, **bundles = NULL;
    size_t file_count = 0, bundle_count = 0, count = 0;
    hint[0] = '\0';
    if (suite_files_of(suites, ".scn", &files, &file_count) < 0 ||
        suite_files_of(suites, ".suite", &bundles, &bundle_count) < 0) {
        suite_free(files, file_count);
        return hint;
    }
    char(*names)[256] = calloc(2 * file_count + bundle_count + 1, sizeof *names);
    const char **list = calloc(2 * file_count + bundle_count + 1, sizeof *list);
    for (size_t i = 0; names && list && i < file_count; i++) {
        selection_name(files[i], names[count]);
        list[count] = names[count];
        struct span rest;
        struct span suite = span_cut(span_text(names[count++]), '.', &rest);
        list[count] = names[count];
        span_copy_text(suite, names[count++], sizeof *names);
    }
    for (size_t i = 0; names && list && i < bundle_count; i++) {
        struct span name = span_text(strrchr(bundles[i], '/') + 1);
        list[count] = names[count];
        span_copy_text(span_slice(name, 0, name.len - strlen(".suite")), names[count++], sizeof *names);
    }
    suggest_text(span_text(word), list, count, hint);
    free(names);
    free(list);
    suite_free(files, file_count);
    suite_free(bundles, bundle_count);
    return hint;
}

static int find_word(const char *folder, const char *word, char out[PATH_MAX])
{
    char suites[PATH_MAX];
    char hint[96];
    if (fs_exists(word) && (word[0] == '/' || !folder)) {
        ENSURE(span_copy_text(span_text(word), out, PATH_MAX), ERR_TOO_BIG);
        return 0;
    }
    TRY(fs_join(suites, sizeof suites, fs_data_folder(), "suites"));
    if (word[0] != '/' && ((folder && find_in(folder, word, out)) || find_in(suites, word, out) ||
                           is_there(fs_data_folder(), word, "", out))) {
        return 0;
    }
    FAIL(ERR_NO_FILE,
         "%s: no such file, suite, bundle or scenario here or in %s%s; "
         "`hubrig suites` lists them",
         word, suites, suggest_shipped(suites, word, hint));
}

static int add_word(struct reader *r, const char *folder, const char *word)
{
    char path[PATH_MAX];
    TRY(find_word(folder, word, path));
    if (fs_is_folder(path)) {
        return add_folder(r, path);
    }
    return span_ends_with(span_text(path), SPAN_LITERAL(".suite")) ? add_bundle(r, path)
                                                                   : add_file(r, path);
}

int selection_add(struct selection *s, const char *word, struct diag_list *diags)
{
    struct reader r = {.out = s, .diags = diags};
    return add_word(&r, NULL, word);
}

void selection_deinit(struct selection *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->items[i].file);
    }
    free(s->items);
    for (size_t i = 0; i < s->include_count; i++) {
        free(s->includes[i].file);
    }
    free(s->includes);
    *s = (struct selection){0};
}
