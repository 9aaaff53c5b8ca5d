// SPDX-License-Identifier: MIT
#include "harness/cli/live.h"
#include "base/error.h"
#include "base/when.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void live_wipe(struct live *live)
{
    for (; live->lines > 0; live->lines--) {
        fputs(live->lines > 1 ? "\r\033[K\033[A" : "\r\033[K", stderr);
    }
}

void live_outcome(void *context, const struct outcome *o)
{
    struct live *live = context;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    live_wipe(live);
    if (live->is_quiet || report_console_line(o, &live->style, &text) < 0 ||
        report_console_detail(o, &live->style, &text) < 0) {
        return;
    }
    fputs(buf_text(&text), stdout);
    fflush(stdout);
}

void live_run(void *context, const struct outcome *o, bool again)
{
    struct live *live = context;
    bool is_bad = verdict_is_trouble(o->verdict);
    for (size_t i = 0; i < live->device_count && !again; i++) {
        live->done_of[i] += strcmp(live->devices[i], o->device) == 0;
    }
    if (!again && !(live->has_rounds && is_bad)) {
        return;
    }
    live_wipe(live);
    if (again) {
        fprintf(stderr, "again %s: the rig failed: %s\n", o->scenario, o->observed);
    } else {
        fprintf(stderr, "run %u of %s: %s: %s\n", o->run, o->scenario, verdict_word(o->verdict),
                o->observed);
    }
}

static size_t terminal_columns(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static int write_line(const struct live *live, size_t device, const struct run_progress *p,
                      struct buf *out)
{
    char time[32];
    TRY(buf_printf(out, "%s  %zu", live->devices[device], live->done_of[device]));
    TRY(live->total_of ? buf_printf(out, "/%zu", live->total_of) : 0);
    if (p->left_us && device == 0) {
        uint64_t whole_s = (p->left_us + 999999) / 1000000 * 1000000;
        TRY(buf_printf(out, "  about %s left", duration_print((int64_t)whole_s, time)));
    }
    for (size_t i = 0; i < p->running_count; i++) {
        if (strcmp(p->running[i].device, live->devices[device]) == 0) {
            TRY(buf_printf(out, "  %s %us", p->running[i].scenario,
                           (unsigned)(p->running[i].since_us / 1000000)));
        }
    }
    return 0;
}

void live_progress(void *context, const struct run_progress *p)
{
    struct live *live = context;
    if (!live->is_terminal) {
        return;
    }
    struct buf line HR_CLEANUP(buf_deinit);
    buf_init(&line, 16384);
    live_wipe(live);
    for (size_t i = 0; i < live->device_count; i++) {
        buf_clear(&line);
        if (write_line(live, i, p, &line) < 0) {
            return;
        }
        buf_truncate(&line, line.len < terminal_columns() - 1 ? line.len : terminal_columns() - 1);
        fprintf(stderr, "%s%s", i ? "\n" : "", buf_text(&line));
        live->lines++;
    }
}
