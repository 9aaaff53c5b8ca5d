// SPDX-License-Identifier: MIT
#include "harness/cli/reports.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_BYTES_MOST = 256 << 20 };

// How each CI system shows itself, and where the repository stands.
static const struct {
    const char *word;
    enum annotations kind;
    const char *sign;
    const char *root;
} systems[] = {
    {"github", ANNOTATE_GITHUB, "GITHUB_ACTIONS", "GITHUB_WORKSPACE"},
    {"gitlab", ANNOTATE_GITLAB, "GITLAB_CI", "CI_PROJECT_DIR"},
    {"azure", ANNOTATE_AZURE, "TF_BUILD", "BUILD_SOURCESDIRECTORY"},
};

size_t reports_specs(struct report_wish *wish, struct option_spec *specs)
{
    const struct option_spec own[REPORT_SPECS] = {
        {"--html", "FILE", &wish->html},       {"--junit", "FILE", &wish->junit},
        {"--tap", "FILE", &wish->tap},         {"--tap14", "FILE", &wish->tap14},
        {"--summary", "FILE", &wish->summary}, {"--annotate", "KIND", &wish->annotate},
        {"--json", NULL, &wish->json},
    };
    memcpy(specs, own, sizeof own);
    return REPORT_SPECS;
}

static enum annotations annotations_of(const struct report_wish *wish, const char **root)
{
    *root = NULL;
    for (size_t i = 0; wish->annotate && i < HR_COUNT_OF(systems); i++) {
        bool is_auto = strcmp(wish->annotate, "auto") == 0;
        if (is_auto ? getenv(systems[i].sign) != NULL
                    : strcmp(wish->annotate, systems[i].word) == 0) {
            *root = getenv(systems[i].root);
            return systems[i].kind;
        }
    }
    return ANNOTATE_NONE;
}

int reports_check(const struct report_wish *wish)
{
    const char *words[] = {"github", "gitlab", "azure", "auto"};
    char hint[96];
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (!wish->annotate || strcmp(wish->annotate, words[i]) == 0) {
            return EXIT_PASS;
        }
    }
    fprintf(stderr, "hubrig %s: --annotate takes github, gitlab, azure or auto, seen '%s'%s\n",
            wish->command, wish->annotate,
            suggest_text(span_text(wish->annotate), words, HR_COUNT_OF(words), hint));
    return EXIT_USAGE;
}

static int folder_of(const char *path, char out[PATH_MAX])
{
    ENSURE(span_copy_text(span_text(path), out, PATH_MAX), ERR_TOO_BIG);
    char *slash = strrchr(out, '/');
    snprintf(slash == out ? out + 1 : slash ? slash : out, 2, "%s", slash ? "" : ".");
    return 0;
}

// A file is written beside its place and renamed, so the folder decides; the summary is added to.
int reports_check_places(const struct report_wish *wish)
{
    const char *const files[] = {wish->html, wish->junit, wish->tap, wish->tap14, wish->summary};
    char folder[PATH_MAX];
    for (size_t i = 0; i < HR_COUNT_OF(files); i++) {
        if (!files[i]) {
            continue;
        }
        TRY(folder_of(files[i], folder));
        bool is_added_to = files[i] == wish->summary && fs_exists(files[i]);
        if (access(is_added_to ? files[i] : folder, W_OK) != 0) {
            FAIL(error_from_errno(errno), "cannot write %s: %s", files[i], strerror(errno));
        }
    }
    return 0;
}

static int append_file(const char *path, struct span text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        FAIL(error_from_errno(errno), "cannot write %s: %s", path, strerror(errno));
    }
    ssize_t n = write(fd, text.ptr, text.len);
    close(fd);
    ENSURE(n == (ssize_t)text.len, ERR_IO);
    return 0;
}

static int write_annotations(const struct report_wish *wish, const struct outcome *outcomes,
                             size_t count, struct buf *text)
{
    const char *root = NULL;
    char path[PATH_MAX];
    enum annotations kind = annotations_of(wish, &root);
    char *cwd = root ? NULL : getcwd(NULL, 0);
    int code = report_annotations(outcomes, count, kind, root ? root : cwd, text);
    free(cwd);
    TRY(code);
    if (kind == ANNOTATE_GITLAB) {
        TRY(fs_join(path, sizeof path, wish->evidence, "gl-code-quality-report.json"));
        return fs_write_file(path, buf_span(text), 0644);
    }
    fputs(buf_text(text), wish->json ? stderr : stdout); // systems read both
    const char *summary = kind == ANNOTATE_GITHUB ? getenv("GITHUB_STEP_SUMMARY") : NULL;
    if (!summary || !summary[0]) {
        return 0;
    }
    buf_clear(text);
    TRY(report_summary(outcomes, count, text));
    return append_file(summary, buf_span(text));
}

static int write_html(const char *path, const struct outcome *outcomes, size_t count,
                      struct buf *text)
{
    char folder[PATH_MAX];
    TRY(folder_of(path, folder));
    TRY(report_html(outcomes, count, folder, text));
    return fs_write_file(path, buf_span(text), 0644);
}

static int write_one(const struct report_wish *wish, size_t which, const struct outcome *outcomes,
                     size_t count)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, REPORT_BYTES_MOST);
    if (which == 0 && wish->junit) {
        TRY(report_junit(outcomes, count, "hubrig", &text));
        return fs_write_file(wish->junit, buf_span(&text), 0644);
    }
    if (which == 1 && wish->tap) {
        TRY(report_tap(outcomes, count, 13, &text));
        return fs_write_file(wish->tap, buf_span(&text), 0644);
    }
    if (which == 2 && wish->tap14) {
        TRY(report_tap(outcomes, count, 14, &text));
        return fs_write_file(wish->tap14, buf_span(&text), 0644);
    }
    if (which == 3 && wish->html) {
        return write_html(wish->html, outcomes, count, &text);
    }
    if (which == 4 && wish->summary) {
        TRY(report_summary(outcomes, count, &text));
        return append_file(wish->summary, buf_span(&text));
    }
    if (which == 5 && wish->annotate) {
        return write_annotations(wish, outcomes, count, &text);
    }
    if (which == 6 && wish->json) {
        TRY(report_json(outcomes, count, &text));
        puts(buf_text(&text));
    }
    return 0;
}

int reports_write(const struct report_wish *wish, const struct outcome *outcomes, size_t count)
{
    int exit_code = EXIT_PASS;
    for (size_t which = 0; which < REPORT_SPECS; which++) {
        int code = write_one(wish, which, outcomes, count);
        exit_code = code < 0 ? cli_fail(wish->command, code) : exit_code;
    }
    return exit_code;
}
