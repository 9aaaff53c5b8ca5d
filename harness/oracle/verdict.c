// SPDX-License-Identifier: MIT
#include "harness/oracle/verdict.h"
#include "base/error.h"

#include <jansson.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct verdict_row {
    const char *word;
    int exit_code;
    const char *meaning;
};

static const struct verdict_row rows[] = {
#define X(name, word, exit_code, meaning) {word, exit_code, meaning},
    VERDICT_TABLE(X)
#undef X
};

const char *verdict_word(enum verdict verdict)
{
    return rows[verdict].word;
}

const char *verdict_meaning(enum verdict verdict)
{
    return rows[verdict].meaning;
}

int verdict_of(struct span word)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (span_equals_text(word, rows[i].word)) {
            return i;
        }
    }
    return -1;
}

// The text fields and their keys in verdict.json.
struct text_row {
    const char *key;
    size_t offset;
    bool is_optional; // came with a later version
};

#define TEXT_ROW(key, member)                                                                      \
    {                                                                                              \
        key, offsetof(struct outcome, member), false                                               \
    }
#define TEXT_LATER(key, member)                                                                    \
    {                                                                                              \
        key, offsetof(struct outcome, member), true                                                \
    }
static const struct text_row texts[] = {
    TEXT_ROW("scenario", scenario), TEXT_ROW("about", about),
    TEXT_ROW("file", file),         TEXT_ROW("statement", statement),
    TEXT_ROW("expected", expected), TEXT_ROW("observed", observed),
    TEXT_ROW("cause", cause),       TEXT_ROW("try", try_text),
    TEXT_ROW("evidence", evidence), TEXT_ROW("device", device),
    TEXT_LATER("why", why),         TEXT_LATER("level", level),
    TEXT_LATER("source", clause),   TEXT_LATER("firmware", firmware),
    TEXT_LATER("earlier", earlier), TEXT_LATER("again", again),
};

// Numbers that came with a later version; absent is 0.
static const struct {
    const char *key;
    size_t offset;
} counts[] = {
    {"run", offsetof(struct outcome, run)},
    {"runs", offsetof(struct outcome, runs)},
    {"good_runs", offsetof(struct outcome, good_runs)},
    {"bad_runs", offsetof(struct outcome, bad_runs)},
    {"infra_runs", offsetof(struct outcome, infra_runs)},
    {"attempts", offsetof(struct outcome, attempts)},
};

static unsigned *count_at(const struct outcome *o, size_t i)
{
    return (unsigned *)(void *)((char *)(uintptr_t)o + counts[i].offset);
}

// What every text field holds when memory is short; never freed.
static char nothing[] = "";

static char **text_at(const struct outcome *o, size_t i)
{
    return (char **)(void *)((char *)(uintptr_t)o + texts[i].offset);
}

void outcome_init(struct outcome *o)
{
    *o = (struct outcome){.verdict = VERDICT_INCONCLUSIVE};
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        *text_at(o, i) = nothing;
    }
}

void outcome_set(char **field, const char *text)
{
    char *copy = text && text[0] ? span_dup_text(span_text(text)) : NULL;
    if (*field != nothing) {
        free(*field);
    }
    *field = copy ? copy : nothing;
}

// The texts of one finding and their keys.
static char **finding_text(const struct outcome_finding *f, size_t i, const char **key)
{
    static const struct {
        const char *key;
        size_t offset;
    } row[] = {
        {"id", offsetof(struct outcome_finding, id)},
        {"sure", offsetof(struct outcome_finding, sure)},
        {"cause", offsetof(struct outcome_finding, cause)},
        {"try", offsetof(struct outcome_finding, try_text)},
    };
    *key = i < HR_COUNT_OF(row) ? row[i].key : NULL;
    return *key ? (char **)(void *)((char *)(uintptr_t)f + row[i].offset) : NULL;
}

void outcome_add_finding(struct outcome *o, const char *id, const char *sure, const char *cause,
                         const char *try_text)
{
    const char *const given[] = {id, sure, cause, try_text};
    const char *key = NULL;
    if (o->finding_count == OUTCOME_FINDINGS_MOST) {
        return;
    }
    struct outcome_finding *f = &o->findings[o->finding_count++];
    for (size_t i = 0; i < HR_COUNT_OF(given); i++) {
        char **text = finding_text(f, i, &key);
        *text = nothing;
        outcome_set(text, given[i]);
    }
}

static void drop_findings(struct outcome *o)
{
    const char *key = NULL;
    for (size_t i = 0; i < o->finding_count; i++) {
        char **text = NULL;
        for (size_t k = 0; (text = finding_text(&o->findings[i], k, &key)) != NULL; k++) {
            outcome_set(text, NULL);
        }
    }
    o->finding_count = 0;
}

void outcome_copy_findings(struct outcome *to, const struct outcome *from)
{
    drop_findings(to);
    for (size_t i = 0; i < from->finding_count; i++) {
        const struct outcome_finding *f = &from->findings[i];
        outcome_add_finding(to, f->id, f->sure, f->cause, f->try_text);
    }
}

void outcome_deinit(struct outcome *o)
{
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        outcome_set(text_at(o, i), NULL);
    }
    drop_findings(o);
    outcome_init(o);
}

// Text from a device may hold anything; what is not UTF-8 must not spoil the file.
static json_t *json_text(const char *text)
{
    json_t *plain = json_string(text);
    if (plain) {
        return plain;
    }
    char *clean = span_dup_text(span_text(text));
    for (char *at = clean; at && *at; at++) {
        *at = (unsigned char)*at < 0x80 ? *at : '?';
    }
    plain = clean ? json_string(clean) : NULL;
    free(clean);
    return plain;
}

static json_t *json_findings(const struct outcome *o)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->finding_count; i++) {
        const char *key = NULL;
        char **text = NULL;
        json_t *one = json_object();
        for (size_t k = 0; one && (text = finding_text(&o->findings[i], k, &key)) != NULL; k++) {
            json_object_set_new(one, key, json_text(*text));
        }
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *json_measures(const struct outcome *o)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->measures.count; i++) {
        const struct measure *m = &o->measures.list[i];
        json_t *one = json_pack("{so so sI}", "name", json_text(m->name), "unit", json_text(m->unit),
                                "value", (json_int_t)m->value);
        if (one && m->missed) {
            json_object_set_new(one, "missed", json_integer((json_int_t)m->missed));
        }
        if (one && m->is_most) {
            json_object_set_new(one, "is_most", json_true());
        }
        json_array_append_new(list, one);
    }
    return list;
}

static int fill_object(const struct outcome *o, json_t *object)
{
    int failed = json_object_set_new(object, "verdict", json_string(rows[o->verdict].word));
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        if (texts[i].is_optional && (*text_at(o, i))[0] == '\0') {
            continue;
        }
        failed |= json_object_set_new(object, texts[i].key, json_text(*text_at(o, i)));
    }
    if (o->finding_count) {
        failed |= json_object_set_new(object, "findings", json_findings(o));
    }
    if (o->measures.count) {
        failed |= json_object_set_new(object, "measures", json_measures(o));
    }
    failed |= json_object_set_new(object, "line", json_integer(o->line));
    failed |= json_object_set_new(object, "column", json_integer(o->column));
    failed |= json_object_set_new(object, "duration_us", json_integer((json_int_t)o->duration_us));
    failed |= json_object_set_new(object, "events", json_integer((json_int_t)o->events));
    for (size_t i = 0; i < HR_COUNT_OF(counts); i++) {
        if (*count_at(o, i)) {
            failed |= json_object_set_new(object, counts[i].key, json_integer(*count_at(o, i)));
        }
    }
    if (o->seed) {
        failed |= json_object_set_new(object, "seed", json_integer((json_int_t)o->seed));
    }
    if (o->started_us) {
        failed |= json_object_set_new(object, "started_us", json_integer(o->started_us));
    }
    ENSURE(!failed, ERR_NO_MEMORY);
    return 0;
}

int outcome_to_json(const struct outcome *o, struct buf *out)
{
    json_t *object = json_object();
    int code = object ? fill_object(o, object) : ERR_NO_MEMORY;
    char *text = code == 0 ? json_dumps(object, JSON_COMPACT) : NULL;
    if (code == 0) {
        code = text ? buf_append_text(out, text) : ERR_NO_MEMORY;
    }
    free(text);
    json_decref(object);
    return code;
}

static int read_number(const json_t *object, const char *key, int64_t most, int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > most) {
        FAIL(ERR_SYNTAX, "verdict.json: '%s' must be a number from 0 on", key);
    }
    *out = json_integer_value(value);
    return 0;
}

// Without a finding the list is left out.
static int read_findings(const json_t *object, struct outcome *o)
{
    const json_t *list = json_object_get(object, "findings");
    if (list && !json_is_array(list)) {
        FAIL(ERR_SYNTAX, "verdict.json: 'findings' must be a list");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *given[4];
        const char *key = NULL;
        for (size_t k = 0; finding_text(&o->findings[0], k, &key); k++) {
            given[k] = json_string_value(json_object_get(one, key));
            if (!given[k]) {
                FAIL(ERR_SYNTAX, "verdict.json: a finding's text '%s' is missing", key);
            }
        }
        outcome_add_finding(o, given[0], given[1], given[2], given[3]);
    }
    return 0;
}

// Without a measure the list is left out.
static int read_measures(const json_t *object, struct outcome *o)
{
    const json_t *list = json_object_get(object, "measures");
    if (list && !json_is_array(list)) {
        FAIL(ERR_SYNTAX, "verdict.json: 'measures' must be a list");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *unit = json_string_value(json_object_get(one, "unit"));
        struct measure m = {.is_most = json_is_true(json_object_get(one, "is_most"))};
        int64_t value = 0, missed = 0;
        if (!name || !span_copy_text(span_text(name), m.name, sizeof m.name) || !unit ||
            !span_copy_text(span_text(unit), m.unit, sizeof m.unit)) {
            FAIL(ERR_SYNTAX, "verdict.json: a measure needs a short name and a short unit");
        }
        TRY(read_number(one, "value", INT64_MAX, &value));
        TRY(json_object_get(one, "missed") ? read_number(one, "missed", INT64_MAX, &missed) : 0);
        m.value = (uint64_t)value;
        m.missed = (uint64_t)missed;
        measures_set(&o->measures, &m);
    }
    return 0;
}

static int read_counts(const json_t *object, struct outcome *o)
{
    int64_t number = 0;
    for (size_t i = 0; i < HR_COUNT_OF(counts); i++) {
        if (json_object_get(object, counts[i].key)) {
            TRY(read_number(object, counts[i].key, UINT_MAX, &number));
            *count_at(o, i) = (unsigned)number;
        }
    }
    if (json_object_get(object, "started_us")) {
        TRY(read_number(object, "started_us", INT64_MAX, &o->started_us));
    }
    if (json_object_get(object, "seed")) {
        TRY(read_number(object, "seed", INT64_MAX, &number));
        o->seed = (uint64_t)number;
    }
    return 0;
}

static int read_object(const json_t *object, struct outcome *o)
{
    const char *word = json_string_value(json_object_get(object, "verdict"));
    int verdict = word ? verdict_of(span_text(word)) : -1;
    if (verdict < 0) {
        FAIL(ERR_SYNTAX, "verdict.json: '%s' is not a verdict", word ? word : "");
    }
    o->verdict = (enum verdict)verdict;
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        const char *text = json_string_value(json_object_get(object, texts[i].key));
        if (!text && texts[i].is_optional) {
            continue;
        }
        if (!text) {
            FAIL(ERR_SYNTAX, "verdict.json: the text '%s' is missing", texts[i].key);
        }
        outcome_set(text_at(o, i), text);
    }
    TRY(read_findings(object, o));
    TRY(read_measures(object, o));
    int64_t line = 0, column = 0, duration_us = 0, events = 0;
    TRY(read_number(object, "line", INT_MAX, &line));
    TRY(read_number(object, "column", INT_MAX, &column));
    TRY(read_number(object, "duration_us", INT64_MAX, &duration_us));
    TRY(read_number(object, "events", INT64_MAX, &events));
    TRY(read_counts(object, o));
    o->line = (int)line;
    o->column = (int)column;
    o->duration_us = (uint64_t)duration_us;
    o->events = (uint64_t)events;
    return 0;
}

int outcome_from_json(struct span json, struct outcome *o)
{
    json_error_t error;
    outcome_init(o);
    json_t *object = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        FAIL(ERR_SYNTAX, "verdict.json:%d:%d: %s", error.line, error.column, error.text);
    }
    int code = read_object(object, o);
    json_decref(object);
    return code;
}

int verdicts_exit_code(const struct outcome *outcomes, size_t count)
{
    bool has_fail = false;
    bool has_judged = count == 0;
    for (size_t i = 0; i < count; i++) {
        int code = rows[outcomes[i].verdict].exit_code;
        if (code == rows[VERDICT_INFRA].exit_code) {
            return code;
        }
        has_fail |= code == rows[VERDICT_FAIL].exit_code;
        has_judged |= outcomes[i].verdict != VERDICT_SKIPPED;
    }
    if (has_fail) {
        return rows[VERDICT_FAIL].exit_code;
    }
    return has_judged ? rows[VERDICT_PASS].exit_code : rows[VERDICT_SKIPPED].exit_code;
}
