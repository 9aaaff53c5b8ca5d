// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/text_code.h"
#include "harness/report/report.h"

#include <inttypes.h>
#include <string.h>

// YAML's double-quoted text takes JSON's escapes.
static int print_yaml(const char *key, const char *text, struct buf *out)
{
    if (text[0] == '\0') {
        return 0;
    }
    TRY(buf_printf(out, "  %s: \"", key));
    TRY(json_escape(span_text(text), out));
    return buf_append_text(out, "\"\n");
}

// All causes that fit, where there is more than the one above.
static int print_findings(const struct outcome *o, struct buf *out)
{
    TRY(o->finding_count > 1 ? buf_append_text(out, "  findings:\n") : 0);
    for (size_t i = 0; o->finding_count > 1 && i < o->finding_count; i++) {
        const struct outcome_finding *f = &o->findings[i];
        TRY(buf_printf(out, "    - id: \"%s\"\n      sure: \"%s\"\n", f->id, f->sure));
        TRY(print_yaml("    cause", f->cause, out));
        TRY(print_yaml("    try", f->try_text, out));
    }
    return 0;
}

static int print_diagnostics(const struct outcome *o, struct buf *out)
{
    TRY(buf_append_text(out, "  ---\n"));
    TRY(print_yaml("severity", verdict_word(o->verdict), out));
    TRY(print_yaml("device", o->device, out));
    TRY(print_yaml("file", o->file, out));
    if (o->line) {
        TRY(buf_printf(out, "  line: %d\n", o->line));
    }
    TRY(print_yaml("statement", o->statement, out));
    TRY(print_yaml("expected", o->expected, out));
    TRY(print_yaml("observed", o->observed, out));
    TRY(print_yaml("cause", o->cause, out));
    TRY(print_yaml("try", o->try_text, out));
    TRY(print_findings(o, out));
    TRY(print_yaml("again", o->again, out));
    TRY(print_yaml("evidence", o->evidence, out));
    TRY(buf_printf(out, "  duration_ms: %" PRIu64 "\n", o->duration_us / 1000));
    return buf_append_text(out, "  ...\n");
}

// A '#' would start a directive, a line end the next test point. TAP 14 can escape the former.
static int print_plain(const char *text, int version, struct buf *out)
{
    for (const char *at = text; *at; at++) {
        if (version >= 14 && (*at == '#' || *at == '\\')) {
            TRY(buf_append_u8(out, '\\'));
            TRY(buf_append_u8(out, (uint8_t)*at));
            continue;
        }
        TRY(buf_append_u8(out, *at == '#' || (uint8_t)*at < 0x20 ? ' ' : (uint8_t)*at));
    }
    return 0;
}

static int print_measures(const struct outcome *o, int version, struct buf *out)
{
    for (size_t i = 0; i < o->measures.count; i++) {
        struct buf text HR_CLEANUP(buf_deinit);
        buf_init(&text, 8192);
        TRY(measure_print(&o->measures.list[i], &text));
        TRY(buf_append_text(out, "# measured "));
        TRY(print_plain(buf_text(&text), version, out));
        TRY(buf_append_u8(out, '\n'));
    }
    return 0;
}

int report_tap(const struct outcome *outcomes, size_t count, int version, struct buf *out)
{
    TRY(buf_printf(out, "TAP version %d\n1..%zu\n", version, count));
    for (size_t i = 0; i < count; i++) {
        const struct outcome *o = &outcomes[i];
        bool is_good = o->verdict == VERDICT_PASS || o->verdict == VERDICT_WARN ||
                       o->verdict == VERDICT_SKIPPED;
        TRY(buf_printf(out, "%s %zu - ", is_good ? "ok" : "not ok", i + 1));
        TRY(print_plain(o->scenario, version, out));
        if (o->verdict == VERDICT_SKIPPED) {
            TRY(buf_append_text(out, " # SKIP "));
            TRY(print_plain(o->observed[0] ? o->observed : verdict_meaning(o->verdict), version, out));
        }
        TRY(buf_append_u8(out, '\n'));
        if (o->verdict != VERDICT_PASS && o->verdict != VERDICT_SKIPPED) {
            TRY(print_diagnostics(o, out));
        }
        TRY(print_measures(o, version, out));
    }
    return 0;
}

int report_json(const struct outcome *outcomes, size_t count, struct buf *out)
{
    TRY(buf_append_u8(out, '['));
    for (size_t i = 0; i < count; i++) {
        TRY(buf_append_text(out, i ? ",\n " : "\n "));
        TRY(outcome_to_json(&outcomes[i], out));
    }
    return buf_append_text(out, count ? "\n]\n" : "]\n");
}
