// SPDX-License-Identifier: MIT
#include "harness/diagnosis/diagnosis.h"
#include "harness/diagnosis/rows.h"

#include <string.h>

static const struct row_table *const tables[] = {
    &diagnosis_chain_rows, &diagnosis_net_rows,   &diagnosis_fault_rows, &diagnosis_connect_rows,
    &diagnosis_narrow_rows, &diagnosis_tls_rows,   &diagnosis_cloud_rows, &diagnosis_link_rows,
    &diagnosis_last_rows,
};

static const struct {
    const char *word, *meaning;
} sureness_rows[] = {
#define X(name, word, meaning) {word, meaning},
    SURENESS_TABLE(X)
#undef X
};

const char *sureness_word(enum sureness sure)
{
    return sureness_rows[sure].word;
}

const char *sureness_meaning(enum sureness sure)
{
    return sureness_rows[sure].meaning;
}

// Oracles that fail when the device does not come through at all: the general rows speak as well.
static bool is_about_coming_back(const char *oracle)
{
    static const char *const words[] = {"recovery", "silence", "resubscribe", "twin-sync", "alert"};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (strcmp(oracle, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_said(const struct question *q, struct span part)
{
    char text[FACT_TEXT_BYTES];
    span_copy_text(part, text, sizeof text);
    for (char *at = strchr(text, '_'); at; at = strchr(at, '_')) {
        *at = ' ';
    }
    return q->said && strstr(q->said, text);
}

// "backoff", or "backoff~linear~without_jitter" when it said both.
static bool names_oracle(struct span word, const struct question *q)
{
    struct span parts;
    bool is_it = span_equals_text(span_cut(word, '~', &parts), q->oracle);
    while (is_it && parts.ptr) {
        is_it = has_said(q, span_cut(parts, '~', &parts));
    }
    return is_it;
}

static bool names_question(const char *list, const struct question *q)
{
    bool is_general = !q->oracle || is_about_coming_back(q->oracle);
    const char *word = q->violated ? event_word(q->violated->type) : is_general ? "-" : "";
    struct span rest = span_text(list);
    while (rest.len) {
        struct span one = span_cut(rest, ' ', &rest);
        if (span_equals_text(one, word)) {
            return true;
        }
        bool is_missing = q->missing && one.ptr[0] == '?' &&
                          span_equals_text(span_from(one, 1), q->missing);
        if (is_missing || (q->oracle && one.ptr[0] == '@' && names_oracle(span_from(one, 1), q))) {
            return true;
        }
    }
    return false;
}

static bool row_fits(const struct row *r, const struct diagnosis *d, const struct question *q)
{
    bool is_bad = facts_chain_is_bad(d);
    return names_question(r->violated, q) && (r->chain != CHAIN_GOOD || !is_bad) &&
           (r->chain != CHAIN_BAD || is_bad) && (!r->evidence || evidence_fits(r->evidence, d)) &&
           (!r->fits || r->fits(d));
}

static const struct row *row_at(size_t i)
{
    for (size_t t = 0; t < HR_COUNT_OF(tables); t++) {
        if (i < tables[t]->count) {
            return &tables[t]->rows[i];
        }
        i -= tables[t]->count;
    }
    return NULL;
}

static bool has_family(const struct row *const *found, size_t count, const char *family)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i]->family, family) == 0) {
            return true;
        }
    }
    return false;
}

// The surer first; among equals the order of the table.
static void insert(const struct row **found, size_t *count, const struct row *row)
{
    size_t at = *count;
    while (at > 0 && found[at - 1]->sure > row->sure) {
        at--;
    }
    if (at == FINDINGS_MOST) {
        return;
    }
    size_t kept = *count < FINDINGS_MOST ? *count : FINDINGS_MOST - 1;
    memmove(&found[at + 1], &found[at], (kept - at) * sizeof *found);
    found[at] = row;
    *count = kept + 1;
}

// Two rows that end in the same advice are one finding, the surer.
static bool repeats_advice(const struct finding *found, size_t count, const struct finding *f)
{
    for (size_t i = 0; i < count; i++) {
        if (f->try_text[0] && strcmp(found[i].try_text, f->try_text) == 0) {
            return true;
        }
    }
    return false;
}

size_t diagnosis_rank(const struct diagnosis *d, const struct question *q,
                      struct finding out[FINDINGS_MOST])
{
    const struct row *found[FINDINGS_MOST + 1];
    size_t count = 0;
    for (size_t i = 0; row_at(i); i++) {
        const struct row *row = row_at(i);
        if (!has_family(found, count, row->family) && row_fits(row, d, q)) {
            insert(found, &count, row);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct finding *f = &out[kept];
        *f = (struct finding){.id = found[i]->id, .sure = found[i]->sure};
        diagnosis_fill(d, q->violated, found[i]->cause, f->cause, sizeof f->cause);
        diagnosis_fill(d, q->violated, found[i]->try_text, f->try_text, sizeof f->try_text);
        kept += !repeats_advice(out, kept, f);
    }
    return kept;
}

size_t diagnosis_row_count(void)
{
    size_t count = 0;
    for (size_t t = 0; t < HR_COUNT_OF(tables); t++) {
        count += tables[t]->count;
    }
    return count;
}

const char *diagnosis_row_id(size_t i)
{
    return row_at(i)->id;
}

const char *diagnosis_row_cause(size_t i)
{
    return row_at(i)->cause;
}

enum sureness diagnosis_row_sure(size_t i)
{
    return row_at(i)->sure;
}

bool diagnosis_row_is_sound(size_t i)
{
    return !row_at(i)->evidence || evidence_is_sound(row_at(i)->evidence);
}
