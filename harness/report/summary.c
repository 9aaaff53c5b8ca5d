// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/when.h"
#include "harness/report/causes.h"
#include "harness/report/grade.h"
#include "harness/report/report.h"

#include <string.h>

// Text of a device must not become markup, nor end a table's cell.
static int print_cell(const char *text, struct buf *out)
{
    for (const char *at = text; *at; at++) {
        if (strchr("|\\`*_[]<>&#~", *at)) {
            TRY(buf_append_u8(out, '\\'));
        }
        TRY(buf_append_u8(out, (uint8_t)*at < 0x20 || *at == 0x7f ? ' ' : (uint8_t)*at));
    }
    return 0;
}

static int print_counts(const struct outcome *outcomes, size_t count, struct buf *out)
{
    size_t counts[VERDICT_COUNT] = {0};
    const char *before = ": ";
    for (size_t i = 0; i < count; i++) {
        counts[outcomes[i].verdict]++;
    }
    TRY(buf_printf(out, "### hubrig\n\n%zu scenario%s", count, count == 1 ? "" : "s"));
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (counts[v]) {
            TRY(buf_printf(out, "%s**%zu** %s", before, counts[v], verdict_word((enum verdict)v)));
            before = ", ";
        }
    }
    return buf_append_text(out, "\n\n");
}

static int print_card(const struct outcome *outcomes, size_t count, struct buf *out)
{
    struct grade grades[GRADES_MOST];
    size_t families = grade_families(outcomes, count, grades);
    TRY(buf_append_text(out, "| family | mark | passed | |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < families; i++) {
        TRY(buf_append_text(out, "| "));
        TRY(print_cell(grades[i].family, out));
        TRY(buf_printf(out, " | **%s** | ", grades[i].mark));
        TRY(grade_print_share(&grades[i], out));
        TRY(buf_append_text(out, " | "));
        TRY(print_cell(grades[i].why, out));
        TRY(buf_append_text(out, " |\n"));
    }
    return 0;
}

// What was measured, of all scenarios that measure something.
static int print_measures(const struct outcome *outcomes, size_t count, struct buf *out)
{
    bool has_head = false;
    for (size_t i = 0; i < count; i++) {
        const struct outcome *o = &outcomes[i];
        for (size_t k = 0; k < o->measures.count; k++) {
            struct buf value HR_CLEANUP(buf_deinit);
            buf_init(&value, 4096);
            TRY(measure_print_value(&o->measures.list[k], &value));
            TRY(has_head ? 0 : buf_append_text(out, "\n| measured | | device | scenario |\n|---|---|---|---|\n"));
            has_head = true;
            const char *const cells[] = {o->measures.list[k].name, buf_text(&value), o->device, o->scenario};
            for (size_t c = 0; c < HR_COUNT_OF(cells); c++) {
                TRY(buf_append_text(out, c ? " | " : "| "));
                TRY(print_cell(cells[c], out));
            }
            TRY(buf_append_text(out, " |\n"));
        }
    }
    return 0;
}

#define CAUSE_HEAD "| scenarios | cause | try | such as |\n|---|---|---|---|\n"

static int print_causes(const struct outcome *outcomes, size_t count, struct buf *out)
{
    struct cause causes[CAUSES_MOST];
    size_t found = causes_of(outcomes, count, verdict_is_trouble, causes);
    TRY(found ? buf_append_text(out, CAUSE_HEAD) : 0);
    for (size_t i = 0; i < found; i++) {
        TRY(buf_printf(out, "| %zu | ", causes[i].count));
        TRY(print_cell(cause_text(&causes[i]), out));
        TRY(buf_append_text(out, " | "));
        TRY(print_cell(causes[i].first->try_text, out));
        TRY(buf_append_text(out, " | "));
        TRY(print_cell(causes[i].first->scenario, out));
        TRY(buf_append_text(out, " |\n"));
    }
    return found ? buf_append_u8(out, '\n') : 0;
}

static int print_item(const char *key, const char *text, struct buf *out)
{
    if (text[0] == '\0') {
        return 0;
    }
    TRY(buf_printf(out, "- %s: ", key));
    TRY(print_cell(text, out));
    return buf_append_u8(out, '\n');
}

static int print_trouble(const struct outcome *o, struct buf *out)
{
    TRY(buf_printf(out, "\n#### %s: ", verdict_word(o->verdict)));
    TRY(print_cell(o->scenario, out));
    TRY(buf_append_text(out, " on "));
    TRY(print_cell(o->device, out));
    TRY(buf_append_text(out, "\n\n"));
    TRY(buf_append_text(out, "- where: "));
    TRY(print_cell(o->file, out));
    TRY(o->line ? buf_printf(out, ":%d\n", o->line) : buf_append_u8(out, '\n'));
    TRY(print_item("expected", o->expected, out));
    TRY(print_item("observed", o->observed, out));
    TRY(print_item("cause", o->cause, out));
    TRY(print_item("try", o->try_text, out));
    for (size_t i = 1; i < o->finding_count; i++) { // other causes that fit
        TRY(print_item(o->findings[i].sure, o->findings[i].cause, out));
        TRY(print_item("try", o->findings[i].try_text, out));
    }
    TRY(print_item("again", o->again, out));
    return print_item("evidence", o->evidence, out);
}

int report_summary(const struct outcome *outcomes, size_t count, struct buf *out)
{
    TRY(print_counts(outcomes, count, out));
    TRY(print_causes(outcomes, count, out));
    TRY(print_card(outcomes, count, out));
    TRY(print_measures(outcomes, count, out));
    for (size_t i = 0; i < count; i++) {
        if (verdict_is_trouble(outcomes[i].verdict)) {
            TRY(print_trouble(&outcomes[i], out));
        }
    }
    return 0;
}
