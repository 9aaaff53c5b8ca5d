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

static const char functions[] =
    "serve() {\n"
    "  rm -f lines\n"
    "  hubrig serve --port 0 \"$@\" >lines 2>&1 & hub=$!\n"
    "  until grep -qs 'mosquitto_pub\\|has a certificate' lines; do\n"
    "    kill -0 $hub || { cat lines; exit 9; }\n"
    "  done\n"
    "  port=$(sed -n 's/^ready .* port=\\([0-9]*\\).*/\\1/p' lines)\n"
    "  sub=$(grep -o 'mosquitto_pub.*' lines | sed 's/^mosquitto_pub/mosquitto_sub/; s/-t .*//')\n"
    "}\n"
    "finish() { kill $hub; wait $hub; echo hub $?; }\n";

int shell_set_up(void **state)
{
    (void)state;
    snprintf(shell_folder, sizeof shell_folder, "/tmp/hubrig-test-XXXXXX");
    if (system("command -v hubrig >/dev/null") != 0 || !mkdtemp(shell_folder)) {
        return -1;
    }
    setenv("HUBRIG_LOCKS", shell_folder, 1); // no other test holds a board of ours
    shell_write("functions", functions);
    return 0;
}

int shell_tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", shell_folder);
    return system(command);
}

void shell_run(struct shell_result *r, const char *format, ...)
{
    struct buf command HR_CLEANUP(buf_deinit);
    char text[1 << 15];
    va_list args;
    va_start(args, format);
    assert_true(vsnprintf(text, sizeof text, format, args) < (int)sizeof text);
    va_end(args);
    buf_init(&command, 2 * sizeof text);
    buf_init(&r->out, 64 << 20);
    assert_int_equal(buf_printf(&command, "cd %s && exec 2>&1; . ./functions; %s", shell_folder,
                                text), 0);
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

void shell_assert_says_all(const struct shell_result *r, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        shell_assert_says(r, texts[i]);
    }
}

void shell_assert(const char *command, int code, const char *says)
{
    struct shell_result r;
    shell_run(&r, "%s", command);
    if (r.code != code || !strstr(buf_text(&r.out), says)) {
        fail_msg("%s\nexpected exit code %d and '%s', seen %d and:\n%s", command, code, says, r.code,
                 buf_text(&r.out));
    }
    shell_release(&r);
}

void shell_assert_rows(const char *command, const struct shell_row *rows, size_t count)
{
    char text[1000];
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%s %s", command, rows[i].words);
        shell_assert(text, rows[i].code, rows[i].says);
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
