// SPDX-License-Identifier: MIT
// `hubrig words`: every name that a scenario may use, from the tables that the parser reads.
#include "base/error.h"
#include "base/text_code.h"
#include "harness/cli/cli.h"
#include "harness/diagnosis/diagnosis.h"
#include "harness/dialects/dialect.h"
#include "harness/oracle/verdict.h"
#include "harness/scenario/plan.h"
#include "simulator/hub/reason.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_MOST = 4, TABLE_BYTES_MOST = 1 << 20 };

// One row of a table: as many texts as the table has columns.
struct cells {
    const char *text[COLUMNS_MOST];
    char room[64];
};

struct table {
    const char *name;
    const char *columns[COLUMNS_MOST]; // keys in --json; NULL-terminated when fewer
    size_t (*count)(void);
    void (*row)(size_t i, struct cells *out);
};

static size_t event_count(void)
{
    return EVENT_TYPE_COUNT;
}

static void event_row(size_t i, struct cells *out)
{
    enum event_type type = (enum event_type)i;
    *out = (struct cells){.text = {event_word(type), event_fields(type), event_meaning(type)}};
}

static size_t knob_count(void)
{
    return KNOB_COUNT;
}

static void knob_row(size_t i, struct cells *out)
{
    enum knob knob = (enum knob)i;
    *out = (struct cells){
        .text = {knob_word(knob), knob_values(knob), knob_default(knob), knob_meaning(knob)}};
}

static size_t fault_count(void)
{
    return FAULT_KIND_COUNT - 1;
}

static void fault_row(size_t i, struct cells *out)
{
    enum fault_kind kind = (enum fault_kind)(i + 1);
    *out = (struct cells){.text = {fault_word(kind), "", site_word(fault_default_site(kind)),
                                   fault_meaning(kind)}};
    out->text[1] = fault_form(kind, out->room);
}

static size_t flight_count(void)
{
    return FLIGHT_COUNT;
}

static void flight_row(size_t i, struct cells *out)
{
    const char *alerts = flight_alerts((unsigned)i);
    *out = (struct cells){.text = {flight_word((unsigned)i), alerts[0] ? alerts : "-",
                                   flight_meaning((unsigned)i)}};
}

static size_t site_count(void)
{
    return SITE_COUNT;
}

static void site_row(size_t i, struct cells *out)
{
    enum fault_site site = (enum fault_site)i;
    *out = (struct cells){.text = {site_word(site), site_meaning(site)}};
}

static size_t reason_count(void)
{
    return REASON_COUNT;
}

static void reason_cells(size_t i, struct cells *out)
{
    const struct reason_row *row = reason_row((enum reason)i);
    *out = (struct cells){.text = {row->word, NULL, row->sentence, row->hint}};
    snprintf(out->room, sizeof out->room, "%d", row->connack);
    out->text[1] = out->room;
}

static size_t oracle_count(void)
{
    return ORACLE_KIND_COUNT;
}

static void oracle_row(size_t i, struct cells *out)
{
    enum oracle_kind kind = (enum oracle_kind)i;
    *out = (struct cells){.text = {oracle_word(kind), oracle_form(kind), oracle_meaning(kind)}};
}

static void finding_row(size_t i, struct cells *out)
{
    *out = (struct cells){.text = {diagnosis_row_id(i), sureness_word(diagnosis_row_sure(i)),
                                   diagnosis_row_cause(i)}};
}

// Read once, when the table is asked for; they live as long as the program.
static const struct dialects *own_dialects(void)
{
    static struct dialects *loaded;
    static bool is_tried;
    if (!is_tried) {
        is_tried = true;
        (void)!dialects_load_own(&loaded);
    }
    return loaded;
}

static size_t dialect_count(void)
{
    return own_dialects() ? dialects_count(own_dialects()) : 0;
}

static void dialect_row(size_t i, struct cells *out)
{
    struct log_rule r = dialects_rule(own_dialects(), i);
    *out = (struct cells){.text = {r.dialect, r.cause, r.pattern, r.meaning}};
}

static size_t log_cause_count(void)
{
    return LOG_CAUSE_COUNT;
}

static void log_cause_row(size_t i, struct cells *out)
{
    enum log_cause cause = (enum log_cause)i;
    *out = (struct cells){.text = {log_cause_word(cause), log_cause_meaning(cause)}};
}

static size_t cause_count(void)
{
    return ATTEMPT_CAUSE_COUNT;
}

static void cause_row(size_t i, struct cells *out)
{
    enum attempt_cause cause = (enum attempt_cause)i;
    *out = (struct cells){.text = {attempt_word(cause), attempt_meaning(cause)}};
}

static void verb_row(size_t i, struct cells *out)
{
    *out = (struct cells){0};
    out->text[0] = plan_verb(i, &out->text[1], &out->text[2]);
}

static size_t capability_count(void)
{
    return CAPABILITY_COUNT;
}

static void capability_row(size_t i, struct cells *out)
{
    *out = (struct cells){.text = {capability_word(i), capability_meaning(i)}};
}

static size_t sntp_count(void)
{
    return SNTP_KIND_COUNT;
}

static void sntp_row(size_t i, struct cells *out)
{
    enum sntp_kind kind = (enum sntp_kind)i;
    *out = (struct cells){
        .text = {sntp_mode_word(kind), sntp_mode_argument(kind), sntp_mode_meaning(kind)}};
}

static size_t dns_count(void)
{
    return DNS_BEHAVIOUR_COUNT;
}

static void dns_row(size_t i, struct cells *out)
{
    enum dns_behaviour_kind kind = (enum dns_behaviour_kind)i;
    *out = (struct cells){.text = {dns_behaviour_word(kind), dns_behaviour_argument(kind),
                                   dns_behaviour_meaning(kind)}};
}

static size_t verdict_count(void)
{
    return VERDICT_COUNT;
}

static void verdict_row(size_t i, struct cells *out)
{
    enum verdict verdict = (enum verdict)i;
    *out = (struct cells){.text = {verdict_word(verdict), verdict_meaning(verdict)}};
}

static const struct table tables[] = {
    {"verbs", {"verb", "form", "meaning"}, plan_verb_count, verb_row},
    {"oracles", {"oracle", "form", "meaning"}, oracle_count, oracle_row},
    {"findings", {"finding", "sure", "cause"}, diagnosis_row_count, finding_row},
    {"dialects", {"dialect", "cause", "pattern", "meaning"}, dialect_count, dialect_row},
    {"log-causes", {"cause", "meaning"}, log_cause_count, log_cause_row},
    {"causes", {"cause", "meaning"}, cause_count, cause_row},
    {"capabilities", {"capability", "meaning"}, capability_count, capability_row},
    {"events", {"event", "fields", "meaning"}, event_count, event_row},
    {"knobs", {"knob", "values", "default", "meaning"}, knob_count, knob_row},
    {"faults", {"fault", "argument", "site", "meaning"}, fault_count, fault_row},
    {"sntp", {"mode", "argument", "meaning"}, sntp_count, sntp_row},
    {"dns", {"behaviour", "argument", "meaning"}, dns_count, dns_row},
    {"flights", {"flight", "alerts", "meaning"}, flight_count, flight_row},
    {"sites", {"site", "meaning"}, site_count, site_row},
    {"reasons", {"reason", "connack", "sentence", "hint"}, reason_count, reason_cells},
    {"verdicts", {"verdict", "meaning"}, verdict_count, verdict_row},
};

static size_t columns_of(const struct table *t)
{
    size_t count = 0;
    while (count < COLUMNS_MOST && t->columns[count]) {
        count++;
    }
    return count;
}

// Columns that align, but for a cell that is wider than 28.
static int print_table(const struct table *t, struct buf *out)
{
    enum { WIDE = 28 };
    size_t columns = columns_of(t);
    size_t widths[COLUMNS_MOST] = {0};
    struct cells cells;
    for (size_t i = 0; i < t->count(); i++) {
        t->row(i, &cells);
        for (size_t k = 0; k < columns; k++) {
            size_t len = strlen(cells.text[k]);
            widths[k] = len > widths[k] && len <= WIDE ? len : widths[k];
        }
    }
    TRY(buf_printf(out, "%s\n", t->name));
    for (size_t i = 0; i < t->count(); i++) {
        t->row(i, &cells);
        TRY(buf_append_text(out, "  "));
        for (size_t k = 0; k < columns; k++) {
            bool is_last = k + 1 == columns;
            TRY(buf_printf(out, "%-*s%s", is_last ? 0 : (int)widths[k], cells.text[k],
                           is_last ? "\n" : "  "));
        }
    }
    return 0;
}

static int print_json(const struct table *t, struct buf *out)
{
    struct cells cells;
    TRY(buf_printf(out, "\"%s\":[", t->name));
    for (size_t i = 0; i < t->count(); i++) {
        t->row(i, &cells);
        TRY(buf_append_text(out, i ? ",{" : "{"));
        for (size_t k = 0; k < columns_of(t); k++) {
            TRY(buf_printf(out, "%s\"%s\":\"", k ? "," : "", t->columns[k]));
            TRY(json_escape(span_text(cells.text[k]), out));
            TRY(buf_append_u8(out, '"'));
        }
        TRY(buf_append_u8(out, '}'));
    }
    return buf_append_u8(out, ']');
}

static int print_tables(const struct table *only, bool is_json, struct buf *out)
{
    bool is_first = true;
    TRY(is_json ? buf_append_u8(out, '{') : 0);
    for (size_t i = 0; i < HR_COUNT_OF(tables); i++) {
        if (only && only != &tables[i]) {
            continue;
        }
        if (!is_first) {
            TRY(buf_append_u8(out, is_json ? ',' : '\n'));
        }
        is_first = false;
        TRY(is_json ? print_json(&tables[i], out) : print_table(&tables[i], out));
    }
    return is_json ? buf_append_text(out, "}\n") : 0;
}

static const struct table *table_of(const char *name)
{
    for (size_t i = 0; i < HR_COUNT_OF(tables); i++) {
        if (strcmp(name, tables[i].name) == 0) {
            return &tables[i];
        }
    }
    return NULL;
}

static int refuse_table(const char *name)
{
    const char *names[HR_COUNT_OF(tables)];
    char hint[96];
    for (size_t i = 0; i < HR_COUNT_OF(tables); i++) {
        names[i] = tables[i].name;
    }
    fprintf(stderr, "hubrig words: unknown table '%s'%s\nTry: hubrig words --help\n", name,
            suggest_text(span_text(name), names, HR_COUNT_OF(tables), hint));
    return EXIT_USAGE;
}

static int words_run(int argc, char **argv)
{
    const char *is_json = NULL;
    const char *word[1];
    size_t count = 0;
    const struct option_spec specs[] = {{"--json", NULL, &is_json}};
    int code = cli_options(&command_words, argc, argv, specs, 1, false, word, 1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    const struct table *only = count ? table_of(word[0]) : NULL;
    if (count && !only) {
        return refuse_table(word[0]);
    }
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, TABLE_BYTES_MOST);
    code = print_tables(only, is_json != NULL, &out);
    if (code < 0) {
        return cli_fail("words", code);
    }
    fputs(buf_text(&out), stdout);
    return EXIT_PASS;
}

const struct command command_words = {
    .name = "words",
    .summary = "list the names that scenarios use",
    .run = words_run,
    .help = "usage: hubrig words [TABLE] [--json]\n"
            "\n"
            "Lists every name that a scenario may use, with its meaning. TABLE is one of\n"
            "  verbs oracles capabilities causes findings dialects log-causes\n"
            "  events knobs faults sntp dns flights sites reasons verdicts\n"
            "Without it all tables are listed.\n"
            "\n"
            "  --json   one JSON object with an array per table\n"
            "\n"
            "Exit codes: 0 listed, 2 no such table, 3 out of memory.\n",
};
