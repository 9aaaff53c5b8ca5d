// SPDX-License-Identifier: MIT
#include "harness/cli/catalogue.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MATRIX_BYTES_MOST = 1 << 20, FLAWS_MOST = 256 };

// Words become cells: a bar would begin the next cell.
static int append_cell(struct buf *out, const char *text)
{
    TRY(buf_append_text(out, " "));
    for (; *text; text++) {
        TRY(buf_append_text(out, *text == '|' ? "\\" : ""));
        TRY(buf_append_u8(out, (uint8_t)*text));
    }
    return buf_append_text(out, " |");
}

// ---- families

struct family {
    char name[128];
    struct buf matrix; // its matrix.txt, empty when there is none
};

static void family_name(const struct plan *plan, char out[128])
{
    struct span rest;
    span_copy_text(span_cut(span_text(plan->name), '.', &rest), out, 128);
}

// Begin the family of `plan`: its name and the matrix beside its file.
static int family_enter(struct family *f, const struct plan *plan)
{
    char path[PATH_MAX];
    char folder[PATH_MAX];
    const char *slash = strrchr(plan->file, '/');
    family_name(plan, f->name);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - plan->file) : 1,
             slash ? plan->file : ".");
    buf_clear(&f->matrix);
    TRY(fs_join(path, sizeof path, folder, "matrix.txt"));
    return fs_exists(path) ? fs_read_file(path, &f->matrix) : 0;
}

// ---- who fails a scenario: rows `FLAW: NAME...` and `FLAW slow: NAME...`

static bool row_names(struct span names, const char *scenario)
{
    while (names.len) {
        struct span name = span_cut(names, ' ', &names);
        if (span_equals_text(name, scenario)) {
            return true;
        }
    }
    return false;
}

// The device of a row that names `scenario`, empty otherwise. Rows with `maybe` are left to
// chance and prove nothing.
static struct span row_device(struct span row, const char *scenario)
{
    struct span names, kind;
    row = span_cut(row, '#', &names);
    struct span device = span_cut(span_cut(row, ':', &names), ' ', &kind);
    bool is_proof = !kind.len || span_equals_text(span_trim(kind), "slow");
    return is_proof && row_names(names, scenario) ? device : SPAN_EMPTY;
}

static bool is_among(struct span word, const struct span *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equals(word, words[i])) {
            return true;
        }
    }
    return false;
}

static int append_flaws(struct buf *out, const struct family *f, const char *scenario)
{
    struct span seen[FLAWS_MOST];
    size_t count = 0;
    struct span rows = buf_span(&f->matrix);
    while (rows.len && count < FLAWS_MOST) {
        struct span device = row_device(span_trim(span_cut(rows, '\n', &rows)), scenario);
        if (device.len && !is_among(device, seen, count)) {
            TRY(buf_printf(out, "%s %.*s", count ? "," : "", SPAN_ARG(device)));
            seen[count++] = device;
        }
    }
    return buf_append_text(out, " |\n");
}

// What the family asks, as the first line of its matrix.txt says: "# asks: WORDS".
static struct span family_asks(const struct family *f)
{
    static const char mark[] = "# asks: ";
    struct span rest;
    struct span first = span_cut(buf_span(&f->matrix), '\n', &rest);
    return span_starts_with(first, span_text(mark)) ? span_from(first, sizeof mark - 1)
                                                    : SPAN_EMPTY;
}

static bool family_has(const struct family *f, const struct plan *plan)
{
    char name[128];
    family_name(plan, name);
    return strcmp(name, f->name) == 0;
}

// ---- the page: an index of the families, then for each what its scenarios ask and, folded away,
// what those need to know who run them

typedef int print_family(struct buf *out, const struct plan_set *set, const struct family *f);

struct counts {
    size_t all;
    size_t levels[LEVEL_INFO + 1];
};

static struct counts family_count(const struct plan_set *set, const struct family *f)
{
    struct counts counts = {0};
    for (size_t i = 0; i < set->count; i++) {
        if (family_has(f, &set->plans[i])) {
            counts.all++;
            counts.levels[set->plans[i].level]++;
        }
    }
    return counts;
}

// The family's page is beside its folder: a link when the scenarios are below a folder of its name.
static int append_name(struct buf *out, const struct plan *plan)
{
    const char *dot = strchr(plan->name, '.');
    const char *slash = strrchr(plan->file, '/');
    return dot && slash ? buf_printf(out, "| [%s](%.*s/%s) |", dot + 1, (int)(dot - plan->name),
                                     plan->name, slash + 1)
                        : buf_printf(out, "| %s |", plan->name);
}

static int append_index_row(struct buf *out, const struct plan_set *set, const struct family *f)
{
    struct counts c = family_count(set, f);
    TRY(buf_printf(out, "| [%s](#%s) | %zu | %zu | %zu | %zu | ", f->name, f->name, c.all,
                   c.levels[LEVEL_MUST], c.levels[LEVEL_SHOULD], c.levels[LEVEL_INFO]));
    TRY(buf_append(out, family_asks(f)));
    return buf_append_text(out, " |\n");
}

static int append_asked(struct buf *out, const struct plan *plan)
{
    TRY(append_name(out, plan));
    TRY(append_cell(out, level_word(plan->level)));
    TRY(append_cell(out, plan->about));
    TRY(append_cell(out, plan->why));
    return buf_append_text(out, "\n");
}

static int append_needed(struct buf *out, const struct family *f, const struct plan *plan)
{
    char limit[32];
    struct buf needs HR_CLEANUP(buf_deinit);
    buf_init(&needs, 200);
    TRY(capability_print(plan->needs, " ", &needs));
    TRY(buf_append_text(out, "|"));
    TRY(append_cell(out, plan->name));
    TRY(append_cell(out, plan->basis));
    TRY(append_cell(out, buf_text(&needs)));
    TRY(append_cell(out, duration_print((int64_t)plan->limit_us, limit)));
    return append_flaws(out, f, plan->name);
}

static int append_chapter(struct buf *out, const struct plan_set *set, const struct family *f)
{
    struct counts c = family_count(set, f);
    TRY(buf_printf(out, "\n## %s\n\n", f->name));
    TRY(buf_append(out, family_asks(f)));
    TRY(buf_printf(out,
                   "%s%zu scenarios, %zu of them a must.\n\n"
                   "| Scenario | Level | What the device must show | What failing costs in the "
                   "field |\n|---|---|---|---|\n",
                   family_asks(f).len ? "\n\n" : "", c.all, c.levels[LEVEL_MUST]));
    for (size_t i = 0; i < set->count; i++) {
        TRY(family_has(f, &set->plans[i]) ? append_asked(out, &set->plans[i]) : 0);
    }
    TRY(buf_append_text(out, "\n<details><summary>sources, needs, limits, and what each catches"
                             "</summary>\n\n| Id | Source | Needs | Limit | Catches |\n"
                             "|---|---|---|---|---|\n"));
    for (size_t i = 0; i < set->count; i++) {
        TRY(family_has(f, &set->plans[i]) ? append_needed(out, f, &set->plans[i]) : 0);
    }
    return buf_append_text(out, "\n</details>\n");
}

static int each_family(struct buf *out, const struct plan_set *set, print_family *print)
{
    struct family f = {0};
    int code = 0;
    buf_init(&f.matrix, MATRIX_BYTES_MOST);
    for (size_t i = 0; i < set->count && code == 0; i++) {
        if (!family_has(&f, &set->plans[i])) {
            code = family_enter(&f, &set->plans[i]);
            code = code < 0 ? code : print(out, set, &f);
        }
    }
    buf_deinit(&f.matrix);
    return code;
}

int catalogue_print(const struct plan_set *set, struct buf *out)
{
    TRY(buf_printf(
        out,
        "# The scenarios of hubrig\n\n"
        "%zu scenarios. What fails a *must* is not fit for the field; a *should* is good practice "
        "that somebody may\nhave reasons to leave; an *info* is measured and said. Written by "
        "`hubrig suites --markdown`: change the\nscenarios, not this page.\n\n"
        "Below each family stands what its scenarios catch: devices with one mistake each that "
        "fail them, as the\nsuite's matrix.txt holds them and the tests prove "
        "(`reference_device --list-flaws` says what each does wrong).\n\n"
        "| Family | Scenarios | must | should | info | What it asks |\n"
        "|---|---|---|---|---|---|\n",
        set->count));
    TRY(each_family(out, set, append_index_row));
    return each_family(out, set, append_chapter);
}
