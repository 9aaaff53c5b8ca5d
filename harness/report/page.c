// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/when.h"
#include "harness/report/causes.h"
#include "harness/report/grade.h"
#include "harness/report/html.h"
#include "harness/report/page_parts.h"
#include "harness/report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Per lane. The page stays small: the whole journal is in the evidence.
enum { QUIET_MARKS_MOST = 6, TROUBLE_MARKS_MOST = 30 };

struct page {
    const struct outcome *outcomes;
    size_t count;
    const char *folder;
    struct buf *out;
    struct cause causes[CAUSES_MOST]; // of what did not pass
    size_t cause_count;
};

// ---- the head

static int print_devices(const struct page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < i && !is_known; k++) {
            is_known = strcmp(p->outcomes[k].device, p->outcomes[i].device) == 0;
        }
        if (!is_known) {
            TRY(buf_append_text(p->out, i ? ", " : ""));
            TRY(html_text(p->out, p->outcomes[i].device));
        }
    }
    return 0;
}

static int print_span(const struct page *p)
{
    int64_t first = 0, last = 0;
    char text[32];
    for (size_t i = 0; i < p->count; i++) {
        const struct outcome *o = &p->outcomes[i];
        int64_t end = o->started_us + (int64_t)o->duration_us;
        if (o->started_us) {
            first = first == 0 || o->started_us < first ? o->started_us : first;
            last = end > last ? end : last;
        }
    }
    if (!first) {
        return 0;
    }
    TRY(buf_printf(p->out, "%s", utc_print(first, text)));
    return buf_printf(p->out, " · %s", duration_print(last - first, text));
}

// The first that names its firmware, else the first; NULL without any.
static const struct outcome *first_labelled(const struct page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->outcomes[i].firmware[0]) {
            return &p->outcomes[i];
        }
    }
    return p->count ? &p->outcomes[0] : NULL;
}

static int print_head(const struct page *p)
{
    const struct outcome *first = first_labelled(p);
    TRY(buf_append_text(
        p->out, "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
                "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';style-src "
                "'unsafe-inline';script-src 'unsafe-inline'\">\n<title>hubrig: "));
    TRY(print_devices(p));
    TRY(buf_printf(p->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>",
                   page_style));
    TRY(print_devices(p));
    TRY(buf_append_text(p->out, "</h1>\n<p class=soft>"));
    if (first && first->firmware[0]) {
        TRY(buf_append_text(p->out, "firmware "));
        TRY(html_text(p->out, first->firmware));
        TRY(buf_append_text(p->out, " · "));
    }
    TRY(print_span(p));
    TRY(first && first->seed ? buf_printf(p->out, " · seed %" PRIu64, first->seed) : 0);
    return buf_append_text(p->out, "</p>\n");
}

static int print_strip(const struct page *p)
{
    size_t counts[VERDICT_COUNT] = {0};
    for (size_t i = 0; i < p->count; i++) {
        counts[p->outcomes[i].verdict]++;
    }
    TRY(buf_append_text(p->out, "<div class=strip aria-hidden=true>"));
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (counts[v]) {
            TRY(buf_printf(p->out, "<i class=%s style=\"flex:%zu\"></i>",
                           verdict_word((enum verdict)v), counts[v]));
        }
    }
    TRY(buf_printf(p->out, "</div>\n<div class=legend>%zu scenario%s", p->count,
                   p->count == 1 ? "" : "s"));
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (counts[v]) {
            const char *word = verdict_word((enum verdict)v);
            TRY(buf_printf(p->out, "<span class=%s>%zu %s</span>", word, counts[v], word));
        }
    }
    return buf_append_text(p->out, "</div>\n");
}

// ---- the causes, so that they are read first

static int print_causes(const struct page *p)
{
    if (p->cause_count == 0) {
        return 0;
    }
    TRY(buf_append_text(p->out, "<h2>Causes</h2>\n<ul class=causes>\n"));
    for (size_t i = 0; i < p->cause_count && i < CAUSES_SHOWN; i++) {
        const struct cause *cause = &p->causes[i];
        TRY(buf_printf(p->out, "<li class=%s><span class=word>%zu</span> <a href=\"#cause-%zu\">",
                       verdict_word(cause->first->verdict), cause->count, i));
        TRY(html_text(p->out, cause_text(cause)));
        TRY(buf_append_text(p->out, "</a>"));
        TRY(cause->first->try_text[0] ? html_element(p->out, "p class=soft", cause->first->try_text) : 0);
        TRY(buf_append_text(p->out, "</li>\n"));
    }
    if (p->cause_count > CAUSES_SHOWN) {
        TRY(buf_printf(p->out, "<li class=soft>and %zu more, below</li>\n", p->cause_count - CAUSES_SHOWN));
    }
    return buf_append_text(p->out, "</ul>\n");
}

// ---- the report card

static const char *class_of(const char *mark)
{
    static const struct {
        char letter;
        const char *class;
    } table[] = {{'A', "pass"}, {'B', "pass"}, {'C', "warn"},
                 {'D', "warn"}, {'E', "fail"}, {'F', "fail"}};
    for (size_t i = 0; i < HR_COUNT_OF(table); i++) {
        if (table[i].letter == mark[0]) {
            return table[i].class;
        }
    }
    return "skipped";
}

static int print_card(const struct page *p)
{
    struct grade grades[GRADES_MOST];
    size_t families = grade_families(p->outcomes, p->count, grades);
    TRY(buf_append_text(p->out, "<h2>Report card</h2>\n<div class=card>\n"));
    for (size_t i = 0; i < families; i++) {
        TRY(buf_printf(p->out, "<a class=\"mark %s\" href=\"#family-%zu\"><b>%s</b>",
                       class_of(grades[i].mark), i, grades[i].mark));
        TRY(html_element(p->out, "strong", grades[i].family));
        TRY(buf_append_text(p->out, "<span>passed "));
        TRY(grade_print_share(&grades[i], p->out));
        TRY(buf_append_text(p->out, "</span>"));
        if (grades[i].is_capped) {
            TRY(html_element(p->out, "em", grades[i].why));
        }
        TRY(buf_append_text(p->out, "</a>\n"));
    }
    return buf_append_text(p->out, "</div>\n");
}

// ---- one scenario

static int print_item(const struct page *p, const char *key, const char *class, const char *text)
{
    if (text[0] == '\0') {
        return 0;
    }
    TRY(buf_printf(p->out, "<dt>%s</dt><dd%s%s>", key, class[0] ? " class=" : "", class));
    TRY(html_text(p->out, text));
    return buf_append_text(p->out, "</dd>\n");
}

static int print_where(const struct page *p, const struct outcome *o)
{
    if (!o->line) {
        return print_item(p, "where", "mono", o->file);
    }
    char line[24];
    struct buf where HR_CLEANUP(buf_deinit);
    buf_init(&where, 8192);
    snprintf(line, sizeof line, ":%d", o->line);
    TRY(buf_append_text(&where, o->file));
    TRY(buf_append_text(&where, line));
    TRY(o->statement[0] ? buf_printf(&where, "  %s", o->statement) : 0);
    return print_item(p, "where", "mono", buf_text(&where));
}

static int print_evidence(const struct page *p, const struct outcome *o, const char *link)
{
    static const char *const files[] = {"wire.pcapng", "keys.log", "journal.jsonl", "device.log"};
    if (!o->evidence[0]) {
        return 0;
    }
    if (!link[0]) {
        return print_item(p, "evidence", "mono", o->evidence);
    }
    TRY(buf_append_text(p->out, "<dt>evidence</dt><dd>"));
    for (size_t i = 0; i < HR_COUNT_OF(files); i++) {
        TRY(buf_printf(p->out, "%s<a href=\"%s%s\">%s</a>", i ? " · " : "", link, files[i],
                       files[i]));
    }
    return buf_append_text(p->out, "</dd>\n");
}

static int print_measured(const struct page *p, const struct measure *m)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 4096);
    TRY(measure_print(m, &text));
    return print_item(p, "measured", "", buf_text(&text));
}

static int print_runs(const struct page *p, const struct outcome *o)
{
    char text[80];
    snprintf(text, sizeof text, "%u of %u passed; shown is run %u", o->good_runs, o->runs, o->run);
    return o->runs > 1 ? print_item(p, "runs", "", text) : 0;
}

static int print_facts(const struct page *p, const struct outcome *o, const char *link)
{
    TRY(buf_append_text(p->out, "<dl>\n"));
    TRY(print_where(p, o));
    for (size_t i = 0; i < o->measures.count; i++) {
        TRY(print_measured(p, &o->measures.list[i]));
    }
    TRY(print_item(p, "expected", "", o->expected));
    TRY(print_item(p, "observed", "", o->observed));
    TRY(print_item(p, "cause", "cause", o->cause));
    TRY(print_item(p, "try", "", o->try_text));
    for (size_t i = 1; i < o->finding_count; i++) { // other causes that fit
        TRY(print_item(p, o->findings[i].sure, "cause", o->findings[i].cause));
        TRY(print_item(p, "try", "", o->findings[i].try_text));
    }
    TRY(print_item(p, "why", "", o->why));
    TRY(print_item(p, "source", "", o->clause));
    TRY(print_runs(p, o));
    TRY(print_item(p, "earlier", "", o->earlier));
    TRY(print_item(p, "again", "mono", o->again));
    TRY(print_evidence(p, o, link));
    return buf_append_text(p->out, "</dl>\n");
}

static int print_body(const struct page *p, const struct outcome *o)
{
    struct timeline t = {0};
    struct buf link HR_CLEANUP(buf_deinit);
    buf_init(&link, 16384);
    TRY(o->evidence[0] ? page_link(p->folder, o->evidence, &link) : 0);
    TRY(print_facts(p, o, buf_text(&link)));
    if (!o->evidence[0]) {
        return 0;
    }
    int code = timeline_read(o->evidence, &t);
    if (code == 0 && t.count) {
        code = page_timeline(&t, (size_t)(o - p->outcomes),
                             verdict_is_trouble(o->verdict) ? TROUBLE_MARKS_MOST : QUIET_MARKS_MOST,
                             buf_text(&link), p->out);
    }
    timeline_deinit(&t);
    return code == ERR_NO_MEMORY || code == ERR_TOO_BIG ? code : 0; // no journal, no picture
}

static int print_trouble(const struct page *p, const struct outcome *o)
{
    char time[32];
    TRY(buf_printf(p->out, "<article class=%s><header><span class=word>%s</span>",
                   verdict_word(o->verdict), verdict_word(o->verdict)));
    TRY(html_element(p->out, "h3", o->scenario));
    TRY(html_element(p->out, "span class=soft", o->device));
    TRY(buf_printf(p->out, "<span class=time>%s</span></header>\n",
                   duration_print((int64_t)o->duration_us, time)));
    TRY(o->about[0] ? html_element(p->out, "p class=soft", o->about) : 0);
    TRY(print_body(p, o));
    return buf_append_text(p->out, "</article>\n");
}

static int print_quiet(const struct page *p, const struct outcome *o)
{
    char time[32];
    TRY(buf_printf(p->out, "<details class=row><summary><span class=\"v %s\">%s</span>",
                   verdict_word(o->verdict), verdict_word(o->verdict)));
    TRY(html_element(p->out, "span class=name", o->scenario));
    TRY(html_element(p->out, "span class=\"about soft\"",
                     o->verdict == VERDICT_SKIPPED ? o->observed : o->about));
    TRY(buf_printf(p->out, "<span class=time>%s</span></summary>\n<div>",
                   duration_print((int64_t)o->duration_us, time)));
    TRY(print_body(p, o));
    return buf_append_text(p->out, "</div></details>\n");
}

// The first scenario of a cause is open, the others are rows to unfold.
static int print_cause(const struct page *p, size_t number)
{
    const struct cause *cause = &p->causes[number];
    TRY(buf_printf(p->out, "<h3 class=family id=cause-%zu>%zu scenario%s: ", number, cause->count,
                   cause->count == 1 ? "" : "s"));
    TRY(html_text(p->out, cause_text(cause)));
    TRY(buf_append_text(p->out, "</h3>\n"));
    TRY(print_trouble(p, cause->first));
    TRY(cause->count > 1 ? buf_append_text(p->out, "<div class=rows>\n") : 0);
    for (size_t i = 0; i < p->count; i++) {
        const struct outcome *o = &p->outcomes[i];
        if (o != cause->first && verdict_is_trouble(o->verdict) && cause_has(cause, o)) {
            TRY(print_quiet(p, o));
        }
    }
    return cause->count > 1 ? buf_append_text(p->out, "</div>\n") : 0;
}

static int print_troubles(const struct page *p)
{
    TRY(p->cause_count ? buf_append_text(p->out, "<h2>What did not pass</h2>\n") : 0);
    for (size_t i = 0; i < p->cause_count; i++) {
        TRY(print_cause(p, i));
    }
    return 0;
}

// ---- what was measured

static int print_measure_row(const struct page *p, const struct outcome *o, const struct measure *m)
{
    struct buf value HR_CLEANUP(buf_deinit);
    buf_init(&value, 4096);
    TRY(measure_print_value(m, &value));
    TRY(buf_append_text(p->out, "<tr>"));
    TRY(html_element(p->out, "td", m->name));
    TRY(html_element(p->out, "td", buf_text(&value)));
    TRY(html_element(p->out, "td class=soft", o->device));
    TRY(html_element(p->out, "td class=soft", o->scenario));
    return buf_append_text(p->out, "</tr>\n");
}

static int print_measures(const struct page *p)
{
    bool has_head = false;
    for (size_t i = 0; i < p->count; i++) {
        const struct outcome *o = &p->outcomes[i];
        for (size_t k = 0; k < o->measures.count; k++) {
            TRY(has_head ? 0 : buf_append_text(p->out, "<h2>Measured</h2>\n<table class=measured>\n"));
            has_head = true;
            TRY(print_measure_row(p, o, &o->measures.list[k]));
        }
    }
    return has_head ? buf_append_text(p->out, "</table>\n") : 0;
}

// ---- the rest, by family

static int print_pointer(const struct page *p, const struct outcome *o)
{
    TRY(buf_printf(p->out,
                   "<div class=row style=\"padding:.5rem 1rem\"><span class=\"v %s\">%s</span> ",
                   verdict_word(o->verdict), verdict_word(o->verdict)));
    TRY(html_text(p->out, o->scenario));
    return buf_append_text(p->out, " <span class=soft>above</span></div>\n");
}

static int print_family(const struct page *p, const struct grade *g, size_t number)
{
    char family[64];
    TRY(buf_printf(p->out, "<h3 class=family id=family-%zu>", number));
    TRY(html_text(p->out, g->family));
    TRY(buf_append_text(p->out, "</h3>\n<div class=rows>\n"));
    for (size_t i = 0; i < p->count; i++) {
        const struct outcome *o = &p->outcomes[i];
        grade_family_of(o->scenario, family);
        if (strcmp(family, g->family) != 0) {
            continue;
        }
        TRY(verdict_is_trouble(o->verdict) ? print_pointer(p, o) : print_quiet(p, o));
    }
    return buf_append_text(p->out, "</div>\n");
}

static int print_families(const struct page *p)
{
    struct grade grades[GRADES_MOST];
    size_t families = grade_families(p->outcomes, p->count, grades);
    TRY(buf_append_text(p->out, "<h2>All scenarios</h2>\n"));
    for (size_t i = 0; i < families; i++) {
        TRY(print_family(p, &grades[i], i));
    }
    return 0;
}

static int print_foot(const struct page *p)
{
    TRY(buf_append_text(p->out, "<footer>How marks are made:<ul>\n"));
    for (size_t i = 0; grade_rules[i]; i++) {
        TRY(html_element(p->out, "li", grade_rules[i]));
    }
    return buf_printf(p->out,
                      "</ul>\nA packet's number is that of its frame in wire.pcapng, which "
                      "Wireshark opens decrypted.\n</footer>\n</main>\n<script>\n%s</script>\n"
                      "</body>\n</html>\n",
                      page_script);
}

int report_html(const struct outcome *outcomes, size_t count, const char *page_folder,
                struct buf *out)
{
    struct page p = {.outcomes = outcomes, .count = count, .folder = page_folder, .out = out};
    p.cause_count = causes_of(outcomes, count, verdict_is_trouble, p.causes);
    TRY(print_head(&p));
    TRY(print_strip(&p));
    TRY(print_causes(&p));
    TRY(print_card(&p));
    TRY(print_measures(&p));
    TRY(print_troubles(&p));
    TRY(print_families(&p));
    return print_foot(&p);
}
