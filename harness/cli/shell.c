// SPDX-License-Identifier: MIT
#include "harness/cli/shell.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

char shell_folder[64];

bool shell_open(void)
{
    snprintf(shell_folder, sizeof shell_folder, "/tmp/hubrig-test-XXXXXX");
    return mkdtemp(shell_folder) != NULL;
}

int shell_close(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", shell_folder);
    return system(command);
}

void shell_run(struct shell_result *r, const char *format, ...)
{
    struct buf command HR_CLEANUP(buf_deinit);
    char text[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_init(&command, 16384);
    buf_init(&r->out, 64 << 20);
    assert_int_equal(buf_printf(&command, "cd %s && exec 2>&1; %s", shell_folder, text), 0);
    FILE *pipe = popen(buf_text(&command), "r");
    assert_non_null(pipe);
    size_t got = 0;
    while ((got = fread(text, 1, sizeof text, pipe)) > 0) {
        assert_int_equal(buf_append(&r->out, span_of(text, got)), 0);
    }
    int status = pclose(pipe);
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void shell_release(struct shell_result *r)
{
    buf_deinit(&r->out);
}

void shell_assert_says(const struct shell_result *r, const char *text)
{
    if (!strstr(buf_text(&r->out), text)) {
        fail_msg("expected '%s' in:\n%s", text, buf_text(&r->out));
    }
}

void shell_write(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    assert_int_equal(fs_write_file(path, span_text(text), 0755), 0);
}

static bool has_word(const char *pid, const char *word)
{
    char path[300];
    char line[4096] = "";
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    FILE *f = fopen(path, "r");
    if (!f) {
        return false;
    }
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    for (size_t i = 0; i < n; i++) {
        line[i] = line[i] == '\0' ? ' ' : line[i];
    }
    return strstr(line, word) != NULL;
}

int shell_count_processes(const char *word)
{
    int count = 0;
    DIR *proc = opendir("/proc");
    struct dirent *entry = NULL;
    while ((entry = readdir(proc))) {
        count += entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && has_word(entry->d_name, word);
    }
    closedir(proc);
    return count;
}
