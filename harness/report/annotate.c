// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/text_code.h"
#include "harness/report/report.h"

#include <inttypes.h>
#include <string.h>

static bool is_worth_telling(enum verdict verdict)
{
    return verdict != VERDICT_PASS && verdict != VERDICT_SKIPPED;
}

// Files are named from the repository's root, else a CI system does not find them.
static const char *path_below(const char *file, const char *root)
{
    size_t len = root ? strlen(root) : 0;
    while (len > 1 && root[len - 1] == '/') {
        len--;
    }
    if (len && strncmp(file, root, len) == 0 && file[len] == '/') {
        return file + len + 1;
    }
    return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

struct escape {
    char c;
    const char *text;
};

static const struct escape github_data[] = {{'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"}, {0, 0}};
static const struct escape github_property[] = {{'%', "%25"}, {'\r', "%0D"}, {'\n', "%0A"},
                                                {':', "%3A"}, {',', "%2C"},  {0, 0}};
static const struct escape azure_data[] = {{'%', "%AZP25"}, {'\r', "%0D"}, {'\n', "%0A"}, {0, 0}};
static const struct escape azure_property[] = {{'%', "%AZP25"}, {'\r', "%0D"}, {'\n', "%0A"},
                                               {';', "%3B"},    {']', "%5D"},  {0, 0}};

static int print_escaped(const char *text, const struct escape *table, struct buf *out)
{
    for (const char *at = text; *at; at++) {
        const struct escape *e = table;
        while (e->c && e->c != *at) {
            e++;
        }
        bool is_control = !e->c && (uint8_t)*at < 0x20;
        TRY(e->c ? buf_append_text(out, e->text)
                 : buf_append_u8(out, is_control ? ' ' : (uint8_t)*at));
    }
    return 0;
}

// Observed, cause and try in a few lines: what fits into a remark at a line.
static int message_of(const struct outcome *o, struct buf *out)
{
    TRY(buf_append_text(out, o->observed[0] ? o->observed : verdict_meaning(o->verdict)));
    TRY(o->expected[0] ? buf_printf(out, "\nexpected: %s", o->expected) : 0);
    TRY(o->cause[0] ? buf_printf(out, "\ncause: %s", o->cause) : 0);
    TRY(o->try_text[0] ? buf_printf(out, "\ntry: %s", o->try_text) : 0);
    for (size_t i = 1; i < o->finding_count; i++) { // other causes that fit
        const struct outcome_finding *f = &o->findings[i];
        TRY(buf_printf(out, "\n%s: %s\ntry: %s", f->sure, f->cause, f->try_text));
    }
    for (size_t i = 0; i < o->measures.count; i++) {
        TRY(buf_append_text(out, "\nmeasured: "));
        TRY(measure_print(&o->measures.list[i], out));
    }
    TRY(o->again[0] ? buf_printf(out, "\nagain: %s", o->again) : 0);
    return o->evidence[0] ? buf_printf(out, "\nevidence: %s", o->evidence) : 0;
}

static int title_of(const struct outcome *o, struct buf *out)
{
    return buf_printf(out, "%s: %s on %s", verdict_word(o->verdict), o->scenario, o->device);
}

static int github_one(const struct outcome *o, const char *path, const char *title,
                      const char *message, struct buf *out)
{
    TRY(buf_printf(out, "::%s file=", o->verdict == VERDICT_WARN ? "warning" : "error"));
    TRY(print_escaped(path, github_property, out));
    TRY(buf_printf(out, ",line=%d", o->line ? o->line : 1));
    TRY(o->column ? buf_printf(out, ",col=%d", o->column) : 0);
    TRY(buf_append_text(out, ",title="));
    TRY(print_escaped(title, github_property, out));
    TRY(buf_append_text(out, "::"));
    TRY(print_escaped(message, github_data, out));
    return buf_append_u8(out, '\n');
}

static int azure_one(const struct outcome *o, const char *path, const char *title,
                     const char *message, struct buf *out)
{
    TRY(buf_printf(out, "##vso[task.logissue type=%s;sourcepath=",
                   o->verdict == VERDICT_WARN ? "warning" : "error"));
    TRY(print_escaped(path, azure_property, out));
    TRY(buf_printf(out, ";linenumber=%d;columnnumber=%d;code=", o->line ? o->line : 1,
                   o->column ? o->column : 1));
    TRY(print_escaped(o->scenario, azure_property, out));
    TRY(buf_append_text(out, ";]"));
    TRY(print_escaped(title, azure_data, out));
    TRY(buf_append_text(out, "%0A"));
    TRY(print_escaped(message, azure_data, out));
    return buf_append_u8(out, '\n');
}

static uint64_t hash_of(const char *text, uint64_t hash)
{
    for (; *text; text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3); // FNV-1a
    }
    return hash;
}

// Code Quality report of GitLab: description, check_name, fingerprint, severity, location.
static int gitlab_one(const struct outcome *o, const char *path, const char *title,
                      const char *message, struct buf *out)
{
    uint64_t print = hash_of(o->scenario, hash_of(o->device, UINT64_C(0xcbf29ce484222325)));
    TRY(buf_append_text(out, "{\"description\":\""));
    TRY(json_escape(span_text(title), out));
    TRY(buf_append_text(out, "\\n"));
    TRY(json_escape(span_text(message), out));
    TRY(buf_append_text(out, "\",\"check_name\":\""));
    TRY(json_escape(span_text(o->scenario), out));
    TRY(buf_printf(out, "\",\"fingerprint\":\"%016" PRIx64 "\",\"severity\":\"%s\",", print,
                   o->verdict == VERDICT_WARN ? "minor" : "major"));
    TRY(buf_append_text(out, "\"location\":{\"path\":\""));
    TRY(json_escape(span_text(path), out));
    return buf_printf(out, "\",\"lines\":{\"begin\":%d}}}", o->line ? o->line : 1);
}

static int annotate_one(const struct outcome *o, enum annotations kind, const char *root,
                        struct buf *out)
{
    struct buf title HR_CLEANUP(buf_deinit);
    struct buf message HR_CLEANUP(buf_deinit);
    const char *path = path_below(o->file, root);
    buf_init(&title, 4096);
    buf_init(&message, 65536);
    TRY(title_of(o, &title));
    TRY(message_of(o, &message));
    return (kind == ANNOTATE_GITHUB ? github_one
            : kind == ANNOTATE_AZURE
                ? azure_one
                : gitlab_one)(o, path, buf_text(&title), buf_text(&message), out);
}

int report_annotations(const struct outcome *outcomes, size_t count, enum annotations kind,
                       const char *root, struct buf *out)
{
    bool is_list = kind == ANNOTATE_GITLAB;
    const char *before = is_list ? "[" : "";
    if (kind == ANNOTATE_NONE) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_worth_telling(outcomes[i].verdict)) {
            TRY(buf_append_text(out, before));
            TRY(annotate_one(&outcomes[i], kind, root, out));
            before = is_list ? ",\n" : "";
        }
    }
    return is_list ? buf_append_text(out, before[0] == '[' ? "[]\n" : "]\n") : 0;
}
