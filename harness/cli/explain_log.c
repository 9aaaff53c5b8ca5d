// SPDX-License-Identifier: MIT
// `hubrig explain-log`: paste a device's log, get the cause.
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "harness/cli/cli.h"
#include "harness/dialects/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES_MOST = 64 << 20, OUT_BYTES_MOST = 4 << 20, SHOWN_MOST = 200, SHOWN_TEXT = 160 };

// One meaning that the log has, with the line where it stood first.
struct reading {
    struct log_hit hit;
    size_t line, count;
    char text[SHOWN_TEXT];
};

struct log_reading {
    struct reading items[SHOWN_MOST];
    size_t count, lines, left_out;
};

static void keep(struct log_reading *r, const struct log_hit *hit, struct span line)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].hit.rule == hit->rule && strcmp(r->items[i].hit.code, hit->code) == 0) {
            r->items[i].count++;
            return;
        }
    }
    if (r->count == SHOWN_MOST) {
        r->left_out++;
        return;
    }
    struct reading *new = &r->items[r->count++];
    *new = (struct reading){.hit = *hit, .line = r->lines, .count = 1};
    span_copy_text(span_trim(line), new->text, sizeof new->text);
}

static void read_log(const struct dialects *d, struct span log, struct log_reading *out)
{
    struct span rest = log;
    while (rest.len) {
        struct log_hit hit;
        struct span line = span_cut(rest, '\n', &rest);
        out->lines++;
        if (dialects_read(d, line, &hit)) {
            keep(out, &hit, line);
        }
    }
}

// What names a cause stands before "it failed" and "the link was lost", which follow from it.
static int rank_of(const struct reading *r)
{
    static const char *const vague[] = {"chain",    "credentials", "hub",
                                        "protocol", "software",    "network"};
    for (size_t i = 0; i < HR_COUNT_OF(vague); i++) {
        if (strcmp(r->hit.cause, vague[i]) == 0) {
            return (int)i + 1;
        }
    }
    return r->hit.type == EVENT_LOG_ERROR ? 0 : 100;
}

static int by_rank(const void *a, const void *b)
{
    const struct reading *x = a;
    const struct reading *y = b;
    int difference = rank_of(x) - rank_of(y);
    return difference ? difference : (x->line > y->line) - (x->line < y->line);
}

static int print_text(const struct log_reading *r, const char *path, struct buf *out)
{
    const char *key = "cause";
    for (size_t i = 0; i < r->count; i++) {
        const struct reading *one = &r->items[i];
        if (one->hit.type != EVENT_LOG_ERROR) {
            continue;
        }
        TRY(buf_printf(out, "%-6s  %s (%s%s%s)\n", key, one->hit.meaning, one->hit.dialect,
                       one->hit.code[0] ? " " : "", one->hit.code));
        TRY(one->hit.try_text[0] ? buf_printf(out, "try     %s\n", one->hit.try_text) : 0);
        TRY(buf_printf(out, "where   %s:%zu, %zu time%s: ", path, one->line, one->count,
                       one->count == 1 ? "" : "s"));
        for (const char *at = one->text; *at; at++) {
            TRY(buf_append_u8(out, (uint8_t)*at < 0x20 || *at == 0x7f ? ' ' : (uint8_t)*at));
        }
        TRY(buf_append_text(out, "\n"));
        key = "also";
    }
    TRY(r->left_out ? buf_printf(out, "and %zu more readings\n", r->left_out) : 0);
    return strcmp(key, "cause") == 0
               ? buf_printf(out, "%zu line%s, and none that a dialect knows as a failure\n",
                            r->lines, r->lines == 1 ? "" : "s")
               : 0;
}

static int print_pair(const char *before, const char *key, const char *text, struct buf *out)
{
    TRY(buf_printf(out, "%s\"%s\":\"", before, key));
    TRY(json_escape(span_text(text), out));
    return buf_append_u8(out, '"');
}

static int print_json(const struct log_reading *r, struct buf *out)
{
    TRY(buf_printf(out, "{\"lines\":%zu,\"readings\":[", r->lines));
    for (size_t i = 0; i < r->count; i++) {
        const struct reading *one = &r->items[i];
        TRY(print_pair(i ? ",{" : "{", "event", event_word(one->hit.type), out));
        TRY(print_pair(",", "dialect", one->hit.dialect, out));
        TRY(print_pair(",", "code", one->hit.code, out));
        TRY(print_pair(",", "cause", one->hit.cause, out));
        TRY(print_pair(",", "meaning", one->hit.meaning, out));
        TRY(print_pair(",", "try", one->hit.try_text, out));
        TRY(print_pair(",", "text", one->text, out));
        TRY(buf_printf(out, ",\"line\":%zu,\"count\":%zu}", one->line, one->count));
    }
    return buf_append_text(out, "]}\n");
}

static int read_input(const char *path, struct buf *out)
{
    return fs_read_file(strcmp(path, "-") == 0 ? "/dev/stdin" : path, out);
}

static bool has_failure(const struct log_reading *r)
{
    return r->count > 0 && r->items[0].hit.type == EVENT_LOG_ERROR;
}

static int explain_log(const char *path, bool is_json)
{
    struct buf log HR_CLEANUP(buf_deinit), out HR_CLEANUP(buf_deinit);
    struct dialects *d = NULL;
    buf_init(&log, LOG_BYTES_MOST);
    buf_init(&out, OUT_BYTES_MOST);
    int code = read_input(path, &log);
    if (code < 0) {
        return cli_fail("explain-log", code);
    }
    struct log_reading *r = calloc(1, sizeof *r);
    code = r ? dialects_load_own(&d) : ERR_NO_MEMORY;
    bool is_failure = false;
    if (code == 0) {
        read_log(d, buf_span(&log), r);
        qsort(r->items, r->count, sizeof r->items[0], by_rank);
        is_failure = has_failure(r);
        code = is_json ? print_json(r, &out) : print_text(r, path, &out);
    }
    dialects_free(d);
    free(r);
    if (code < 0) {
        return cli_fail("explain-log", code);
    }
    fputs(buf_text(&out), stdout);
    return is_failure ? EXIT_FAIL : EXIT_PASS;
}

static int explain_log_run(int argc, char **argv)
{
    const char *is_json = NULL;
    const char *word[1];
    size_t count = 0;
    const struct option_spec specs[] = {{"--json", NULL, &is_json}};
    int code = cli_options(&command_explain_log, argc, argv, specs, 1, false, word, 1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    return explain_log(count ? word[0] : "-", is_json != NULL);
}

const struct command command_explain_log = {
    .name = "explain-log",
    .summary = "read a device's log and name the cause",
    .run = explain_log_run,
    .help =
        "usage: hubrig explain-log [FILE] [--json]\n"
        "\n"
        "Reads a device's log (standard input without FILE) with the dialects of the SDKs and TLS\n"
        "stacks that hubrig knows, and prints each failure with its meaning, what to try, and\n"
        "the line where it stood first. What names a cause stands before what follows from it.\n"
        "`hubrig words dialects` lists the patterns.\n"
        "\n"
        "  --json   one JSON object\n"
        "\n"
        "Exit codes: 0 nothing known as a failure, 1 a failure was read, 2 wrong use or no such\n"
        "file, 3 it cannot be read.\n",
};
