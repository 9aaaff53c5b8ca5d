// SPDX-License-Identifier: MIT
// `hubrig certs timeline`.
#include "base/error.h"
#include "base/text_code.h"
#include "certs/timeline.h"
#include "harness/cli/certs_parts.h"

#include <stdio.h>

enum { TIMELINE_BYTES_MOST = 1 << 20 };

static int add_text(const struct timeline_row *row, struct buf *out)
{
    return buf_printf(out, "%-7s  %s  %-28s  %-10s  %s\n", row->cloud, row->date,
                      row->recipe ? row->recipe : "-", timeline_proof_word(row->proof), row->event);
}

static int add_json(const struct timeline_row *row, struct buf *out)
{
    TRY(buf_printf(out, "%s{\"cloud\":\"%s\",\"date\":\"%s\",\"recipe\":",
                   out->len > 1 ? ",\n " : "\n ", row->cloud, row->date));
    TRY(row->recipe ? buf_printf(out, "\"%s\"", row->recipe) : buf_append_text(out, "null"));
    TRY(buf_printf(out, ",\"proof\":\"%s\",\"event\":\"", timeline_proof_word(row->proof)));
    TRY(json_escape(span_text(row->event), out));
    return buf_append_text(out, "\"}");
}

static int add_row(const struct timeline_row *row, bool is_json, struct buf *out)
{
    return is_json ? add_json(row, out) : add_text(row, out);
}

static int print_timeline(const char *at, bool is_json)
{
    struct buf out HR_CLEANUP(buf_deinit);
    struct timeline_row row;
    int64_t utc_s = 0;
    buf_init(&out, TIMELINE_BYTES_MOST);
    TRY(at ? timeline_parse_date(at, &utc_s) : 0);
    TRY(is_json ? buf_append_u8(&out, '[') : 0);
    for (size_t i = 0; !at && i < timeline_count(); i++) {
        timeline_row(i, &row);
        TRY(add_row(&row, is_json, &out));
    }
    for (size_t i = 0; at && i < timeline_cloud_count(); i++) {
        if (timeline_at(timeline_clouds[i], utc_s, &row)) {
            TRY(add_row(&row, is_json, &out));
        }
    }
    TRY(is_json ? buf_append_text(&out, "\n]\n") : 0);
    if (out.len == 0) {
        FAIL(ERR_VALUE, "nothing is known of %s; the table begins in 2015", at);
    }
    return certs_put(NULL, buf_span(&out), 0);
}

static int timeline_run(int argc, char **argv)
{
    const char *at = NULL, *is_json = NULL;
    size_t words = 0;
    const struct option_spec specs[] = {{"--at", "DATE", &at}, {"--json", NULL, &is_json}};
    int code = cli_options(&command_certs_timeline, argc, argv, specs, HR_COUNT_OF(specs), false,
                           NULL, 0, &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    code = print_timeline(at, is_json != NULL);
    return code < 0 ? cli_fail("certs timeline", code) : EXIT_PASS;
}

const struct command command_certs_timeline = {
    .name = "certs timeline",
    .summary = "what Azure's clouds showed when, and the recipe that stands for it",
    .run = timeline_run,
    .help =
        "usage: hubrig certs timeline [--at DATE] [--json]\n"
        "\n"
        "Lists cloud, date, recipe, how sure we are (seen in certificates or logs of the time,\n"
        "documented, inferred from dates) and what happened. `certs make`, scenarios and\n"
        "`serve --chain` take timeline/2019-06-01 for the public cloud's recipe of that date,\n"
        "timeline/china/2019-06-01 for another cloud's (gov, china, germany).\n"
        "\n"
        "  --at DATE   only what stood on that date, one row per cloud\n"
        "  --json      an array of {cloud, date, recipe, proof, event}\n"
        "\n"
        "exit: 0 listed, 2 usage or a date before the table\n",
};
