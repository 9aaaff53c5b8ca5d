// SPDX-License-Identifier: MIT
// `hubrig history`: what changed since when.
#include "harness/history/history.h"
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "harness/cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_firmware(const char *firmware)
{
    if (firmware[0]) {
        printf(" with firmware %s", firmware);
    }
}

static void print_trend(const struct trend *t, int columns)
{
    char time[32];
    printf("  %-*s  %-12s since %s", columns, t->scenario, t->verdict,
           utc_print(t->since_us, time));
    print_firmware(t->since_firmware);
    if (t->before[0]) {
        printf(", before %s", t->before);
        print_firmware(t->before_firmware);
    }
    if (t->bad_percent) {
        printf("; %u %% of %u runs did not pass", t->bad_percent, t->runs);
    }
    if (t->is_slower) {
        printf("; recovers in %s", duration_print((int64_t)t->recovery_us, time));
        printf(", before in %s", duration_print((int64_t)t->recovery_before_us, time));
    }
    putchar('\n');
    if (t->cause[0] && strcmp(t->verdict, "pass") != 0) {
        printf("  %-*s  cause        %s\n", columns, "", t->cause);
    }
}

static void print_trends(const struct trend *trends, size_t count)
{
    int columns = 0;
    for (size_t i = 0; i < count; i++) {
        int len = (int)strlen(trends[i].scenario);
        columns = len > columns ? len : columns;
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(trends[i].device, trends[i - 1].device) != 0) {
            printf("%s\n", trends[i].device);
        }
        print_trend(&trends[i], columns);
    }
}

static int text_member(const char *before, const char *text, struct buf *out)
{
    TRY(buf_printf(out, "%s\"", before));
    TRY(json_escape(span_text(text), out));
    return buf_append_u8(out, '"');
}

static int print_json_trend(const struct trend *t, struct buf *out)
{
    char at[32];
    char since[32];
    TRY(text_member("{\"device\":", t->device, out));
    TRY(text_member(",\"scenario\":", t->scenario, out));
    TRY(text_member(",\"verdict\":", t->verdict, out));
    TRY(text_member(",\"firmware\":", t->firmware, out));
    TRY(text_member(",\"since_firmware\":", t->since_firmware, out));
    TRY(text_member(",\"before\":", t->before, out));
    TRY(text_member(",\"before_firmware\":", t->before_firmware, out));
    TRY(text_member(",\"cause\":", t->cause, out));
    TRY(buf_printf(out, ",\"at\":\"%s\",\"since\":\"%s\",\"runs\":%u,\"bad_percent\":%u",
                   utc_print(t->at_us, at), utc_print(t->since_us, since), t->runs,
                   t->bad_percent));
    return buf_printf(
        out, ",\"recovery_us\":%" PRIu64 ",\"recovery_before_us\":%" PRIu64 ",\"is_slower\":%s}",
        t->recovery_us, t->recovery_before_us, t->is_slower ? "true" : "false");
}

static int print_json(const struct trend *trends, size_t count)
{
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 64 << 20);
    TRY(buf_append_u8(&out, '['));
    for (size_t i = 0; i < count; i++) {
        TRY(buf_append_text(&out, i ? ",\n " : "\n "));
        TRY(print_json_trend(&trends[i], &out));
    }
    TRY(buf_append_text(&out, count ? "\n]\n" : "]\n"));
    fputs(buf_text(&out), stdout);
    return 0;
}

static int look_back(const char *path, const char *device, const char *scenario, bool is_json)
{
    struct history *history = NULL;
    struct trend *trends = NULL;
    size_t count = 0;
    int code = history_open(path, false, &history);
    if (code == 0) {
        code = history_trends(history, device, scenario, &trends, &count);
    }
    if (code == 0 && is_json) {
        code = print_json(trends, count);
    } else if (code == 0) {
        print_trends(trends, count);
    }
    free(trends);
    history_close(history);
    return code < 0 ? cli_fail("history", code) : EXIT_PASS;
}

static int history_run(int argc, char **argv)
{
    const char *device = NULL;
    const char *scenario = NULL;
    const char *json = NULL;
    const char *file[1];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--device", "NAME", &device}, {"--scenario", "GLOB", &scenario}, {"--json", NULL, &json}};
    int code = cli_options(&command_history, argc, argv, specs, HR_COUNT_OF(specs), false, file, 1,
                           &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        fputs("hubrig history: a file is missing, as hubrig run --history writes it\n", stderr);
        return EXIT_USAGE;
    }
    return look_back(file[0], device, scenario, json != NULL);
}

const struct command command_history = {
    .name = "history",
    .summary = "tell what changed since when, per device, firmware and scenario",
    .run = history_run,
    .help =
        "usage: hubrig history FILE [options]\n"
        "\n"
        "Reads the SQLite file that `hubrig run --history FILE --firmware VERSION` adds to, and\n"
        "prints per device and scenario: the latest verdict, since when and with which firmware "
        "it\n"
        "stands, what it was before, how many runs of this firmware did not pass when others did,\n"
        "and recoveries that became slower (medians of two firmware versions, by half at least).\n"
        "\n"
        "  --device NAME     of this device only\n"
        "  --scenario GLOB   of these scenarios only\n"
        "  --json            one JSON array\n"
        "\n"
        "Exit codes: 0 printed, 2 usage, no such file or no history, 3 it cannot be read\n",
};
