// SPDX-License-Identifier: MIT
#include "simulator/tls/offer_report.h"
#include "base/error.h"
#include "base/fs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_BYTES = 2000 };

int offer_report_open(struct offer_report *report, const char *folder)
{
    TRY(fs_join(report->path, sizeof report->path, folder, "client-hello.txt"));
    unlink(report->path);
    return 0;
}

// A list with commas as lines of at most 90 columns.
static void print_list(FILE *out, const char *title, const char *list)
{
    int column = fprintf(out, "%-12s", title);
    struct span rest = span_text(list);
    while (rest.len > 0) {
        struct span name = span_cut(rest, ',', &rest);
        if (column + (int)name.len > 90) {
            column = fprintf(out, "\n%-12s", "") - 1;
        }
        column += fprintf(out, " %.*s", SPAN_ARG(name));
    }
    fputc('\n', out);
}

static void print_offer(FILE *out, const struct event *e)
{
    static const struct {
        const char *title;
        const char *field;
    } rows[] = {{"versions", "versions"},     {"suites", "suites"}, {"curves", "groups"},
                {"signatures", "signatures"}, {"alpn", "alpn"},     {"fragment", "max_fragment_bytes"},
                {"ticket", "ticket"}};
    char text[LIST_BYTES];
    fprintf(out, "%sClientHello of connection %u, fingerprint (JA3) %s\n\n",
            ftell(out) > 0 ? "\n\n" : "", e->connection, event_value(e, "ja3", text, sizeof text));
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        print_list(out, rows[i].title, event_value(e, rows[i].field, text, sizeof text));
    }
    fputs("\nwhat IoT Hub makes of it\n\n", out);
}

static void print_judgement(FILE *out, const struct event *e)
{
    char verdict[16];
    char text[LIST_BYTES];
    event_value(e, "verdict", verdict, sizeof verdict);
    fprintf(out, "%-4s  %-22s  %s\n", verdict, event_value(e, "rule", text, 100),
            event_field(e, "requirement") ? event_value(e, "requirement", text + 100, 200) : "");
    if (strcmp(verdict, "ok") != 0) {
        fprintf(out, "      %-22s  %s\n", "", event_value(e, "why", text, sizeof text));
    }
}

void offer_report_event(void *context, const struct event *event)
{
    struct offer_report *report = context;
    if (event->type != EVENT_TLS_OFFER && event->type != EVENT_TLS_OFFER_JUDGED) {
        return;
    }
    FILE *out = fopen(report->path, "ae"); // what cannot be written is in the journal all the same
    if (!out) {
        return;
    }
    fseek(out, 0, SEEK_END);
    if (event->type == EVENT_TLS_OFFER) {
        print_offer(out, event);
    } else {
        print_judgement(out, event);
    }
    fclose(out);
}
