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

// ---- the page

static int append_row(struct buf *out, const struct family *f, const struct plan *plan)
{
    char limit[32];
    struct buf needs HR_CLEANUP(buf_deinit);
    buf_init(&needs, 200);
    TRY(capability_print(plan->needs, " ", &needs));
    TRY(buf_append_text(out, "|"));
    TRY(append_cell(out, plan->name));
    TRY(append_cell(out, plan->about));
    TRY(append_cell(out, plan->why));
    TRY(append_cell(out, level_word(plan->level)));
    TRY(append_cell(out, plan->basis));
    TRY(append_cell(out, buf_text(&needs)));
    TRY(append_cell(out, duration_print((int64_t)plan->limit_us, limit)));
    return append_flaws(out, f, plan->name);
}

static int append_head(struct buf *out, const struct plan_set *set, const struct family *f)
{
    size_t count = 0, must = 0;
    for (size_t i = 0; i < set->count; i++) {
        char name[128];
        family_name(&set->plans[i], name);
        if (strcmp(name, f->name) == 0) {
            count++;
            must += set->plans[i].level == LEVEL_MUST;
        }
    }
    return buf_printf(
        out,
        "\n## %s\n\n%zu scenarios, %zu of them a must.\n\n"
        "| Id | What the device must show | What failing costs in the field | Level | "
        "Source | Needs | Limit | Catches |\n"
        "|---|---|---|---|---|---|---|---|\n",
        f->name, count, must);
}

static int append_families(struct buf *out, const struct plan_set *set, struct family *f)
{
    for (size_t i = 0; i < set->count; i++) {
        char name[128];
        family_name(&set->plans[i], name);
        if (strcmp(name, f->name) != 0) {
            TRY(family_enter(f, &set->plans[i]));
            TRY(append_head(out, set, f));
        }
        TRY(append_row(out, f, &set->plans[i]));
    }
    return 0;
}

int catalogue_print(const struct plan_set *set, struct buf *out)
{
    struct family f = {0};
    buf_init(&f.matrix, MATRIX_BYTES_MOST);
    TRY(buf_printf(
        out,
        "# The scenarios of hubrig\n\n"
        "%zu scenarios. Written by `hubrig suites --markdown`: change the scenarios, not "
        "this page.\n\n"
        "Catches: devices with one mistake each that fail the scenario, as the "
        "suite's matrix.txt holds\nthem and the tests prove (`reference_device "
        "--list-flaws` says what each does wrong).\n",
        set->count));
    int code = append_families(out, set, &f);
    buf_deinit(&f.matrix);
    return code;
}
