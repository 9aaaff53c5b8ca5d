// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/when.h"
#include "harness/report/causes.h"
#include "harness/report/report.h"

#include <string.h>

// A colour per verdict, as SGR parameters.
static const char *const colours[VERDICT_COUNT] = {
    [VERDICT_PASS] = "32",         [VERDICT_WARN] = "33",  [VERDICT_FAIL] = "1;31",
    [VERDICT_INCONCLUSIVE] = "35", [VERDICT_FLAKY] = "1;35",
    [VERDICT_INFRA] = "36", [VERDICT_SKIPPED] = "2",
};

enum { WORD_COLUMNS = 6, KEY_COLUMNS = 10, NAMES_MOST = 4 };

static int print_blanks(size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        TRY(buf_append_u8(out, ' '));
    }
    return 0;
}

// Text of a device may hold escape sequences: control characters become blanks.
static int print_clean(const char *text, struct buf *out)
{
    for (const char *at = text; *at; at++) {
        TRY(buf_append_u8(out, (uint8_t)*at < 0x20 || *at == 0x7f ? ' ' : (uint8_t)*at));
    }
    return 0;
}

static int print_word(enum verdict verdict, const struct report_style *style, struct buf *out)
{
    if (!style->has_colour) {
        return buf_append_text(out, verdict_word(verdict));
    }
    return buf_printf(out, "\033[%sm%s\033[0m", colours[verdict], verdict_word(verdict));
}

int report_console_line(const struct outcome *o, const struct report_style *style, struct buf *out)
{
    char time[32];
    size_t word = strlen(verdict_word(o->verdict));
    size_t gap = word + 2 > WORD_COLUMNS ? 2 : WORD_COLUMNS - word;
    // A long verdict word borrows from the name's column, so that the times still align.
    const char *device = style->shows_device ? o->device : "";
    size_t used = word + gap + strlen(o->scenario) + (device[0] ? strlen(device) + 1 : 0);
    size_t wanted = WORD_COLUMNS + style->name_columns;
    TRY(print_word(o->verdict, style, out));
    TRY(print_blanks(gap, out));
    TRY(print_clean(device, out));
    TRY(device[0] ? buf_append_u8(out, '/') : 0);
    TRY(print_clean(o->scenario, out));
    TRY(print_blanks(used < wanted ? wanted - used + 2 : 2, out));
    if (o->verdict == VERDICT_SKIPPED) { // why, in place of the time that it did not take
        TRY(print_clean(o->observed, out));
        return buf_append_u8(out, '\n');
    }
    TRY(buf_append_text(out, duration_print((int64_t)o->duration_us, time)));
    if (o->runs > 1) {
        TRY(buf_printf(out, "  %u of %u runs passed", o->good_runs, o->runs));
    }
    return buf_append_text(out, o->attempts > 1 ? "  second attempt\n" : "\n");
}

static int print_row(const char *key, const char *text, struct buf *out)
{
    if (text[0] == '\0') {
        return 0;
    }
    TRY(print_blanks(WORD_COLUMNS, out));
    TRY(buf_append_text(out, key));
    TRY(print_blanks(KEY_COLUMNS - strlen(key), out));
    TRY(print_clean(text, out));
    return buf_append_u8(out, '\n');
}

static int print_measures(const struct outcome *o, struct buf *out)
{
    for (size_t i = 0; i < o->measures.count; i++) {
        struct buf text HR_CLEANUP(buf_deinit);
        buf_init(&text, 8192);
        TRY(measure_print(&o->measures.list[i], &text));
        TRY(print_row("measured", buf_text(&text), out));
    }
    return 0;
}

static int print_where(const struct outcome *o, struct buf *out)
{
    struct buf where HR_CLEANUP(buf_deinit);
    buf_init(&where, 8192);
    TRY(buf_append_text(&where, o->file));
    if (o->line) {
        TRY(buf_printf(&where, ":%d", o->line));
    }
    return print_row("where", buf_text(&where), out);
}

static int print_evidence(const struct outcome *o, struct buf *out)
{
    struct buf folder HR_CLEANUP(buf_deinit);
    buf_init(&folder, 8192);
    size_t len = strlen(o->evidence);
    TRY(buf_append_text(&folder, o->evidence));
    if (len && o->evidence[len - 1] != '/') {
        TRY(buf_append_u8(&folder, '/'));
    }
    return print_row("evidence", buf_text(&folder), out);
}

int report_console_detail(const struct outcome *o, const struct report_style *style,
                          struct buf *out)
{
    (void)style; // only the verdict's word carries colour
    TRY(print_measures(o, out));
    if (o->verdict == VERDICT_PASS) {
        return print_row("earlier", o->earlier, out); // a rig that failed once is not hidden
    }
    if (o->verdict == VERDICT_SKIPPED) {
        return 0;
    }
    TRY(print_where(o, out));
    TRY(print_row("expected", o->expected, out));
    TRY(print_row("observed", o->observed, out));
    TRY(print_row("cause", o->cause, out));
    TRY(print_row("try", o->try_text, out));
    for (size_t i = 1; i < o->finding_count; i++) {
        TRY(print_row(o->findings[i].sure, o->findings[i].cause, out));
        TRY(print_row("try", o->findings[i].try_text, out));
    }
    TRY(print_row("earlier", o->earlier, out));
    TRY(print_row("again", o->again, out));
    return print_evidence(o, out);
}

// "tls.a, tls.b and 3 more".
static int print_names(const struct outcome *outcomes, size_t count, const struct cause *cause,
                       const struct report_style *style, struct buf *out)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        const struct outcome *o = &outcomes[i];
        if (!verdict_is_trouble(o->verdict) || !cause_has(cause, o) || seen++ >= NAMES_MOST) {
            continue;
        }
        TRY(buf_append_text(out, seen > 1 ? ", " : ""));
        TRY(style->shows_device ? buf_printf(out, "%s/", o->device) : 0);
        TRY(buf_append_text(out, o->scenario));
    }
    return seen > NAMES_MOST ? buf_printf(out, " and %zu more", seen - NAMES_MOST) : 0;
}

static int print_cause(const struct outcome *outcomes, size_t count, const struct cause *cause,
                       const struct report_style *style, struct buf *out)
{
    struct buf names HR_CLEANUP(buf_deinit);
    buf_init(&names, 16384);
    TRY(buf_printf(out, "%*zu  ", WORD_COLUMNS - 2, cause->count));
    TRY(print_clean(cause_text(cause), out));
    TRY(buf_append_u8(out, '\n'));
    if (cause->first->verdict == VERDICT_SKIPPED) {
        return 0;
    }
    TRY(print_row("try", cause->first->try_text, out));
    TRY(print_names(outcomes, count, cause, style, &names));
    TRY(print_row("in", buf_text(&names), out));
    return print_row("again", cause->first->again, out);
}

static bool is_skipped(enum verdict verdict)
{
    return verdict == VERDICT_SKIPPED;
}

int report_console_causes(const struct outcome *outcomes, size_t count,
                          const struct report_style *style, struct buf *out)
{
    static const struct {
        const char *title;
        bool (*is_meant)(enum verdict verdict);
    } parts[] = {{"\nskipped, by reason\n", is_skipped},
                 {"\nnot passed, by cause\n", verdict_is_trouble}};
    struct cause causes[CAUSES_MOST];
    bool has_any = false;
    for (size_t i = 0; i < HR_COUNT_OF(parts) && count > 1; i++) {
        size_t found = causes_of(outcomes, count, parts[i].is_meant, causes);
        TRY(found ? buf_append_text(out, parts[i].title) : 0);
        for (size_t k = 0; k < found && k < CAUSES_SHOWN; k++) {
            TRY(print_cause(outcomes, count, &causes[k], style, out));
        }
        TRY(found > CAUSES_SHOWN ? buf_printf(out, "   and %zu more\n", found - CAUSES_SHOWN) : 0);
        has_any |= found > 0;
    }
    return has_any ? buf_append_u8(out, '\n') : 0;
}

int report_console_summary(const struct outcome *outcomes, size_t count, uint64_t wall_us,
                           const struct report_style *style, struct buf *out)
{
    char time[32];
    size_t counts[VERDICT_COUNT] = {0};
    const char *before = ": ";
    for (size_t i = 0; i < count; i++) {
        counts[outcomes[i].verdict]++;
    }
    TRY(buf_printf(out, "%zu scenario%s", count, count == 1 ? "" : "s"));
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (counts[v]) {
            TRY(buf_printf(out, "%s%zu ", before, counts[v]));
            TRY(print_word((enum verdict)v, style, out));
            before = ", ";
        }
    }
    return buf_printf(out, " in %s\n", duration_print((int64_t)wall_us, time));
}
