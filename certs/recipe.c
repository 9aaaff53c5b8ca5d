// SPDX-License-Identifier: MIT
#include "certs/recipe.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP_ROWS = 5, TOP_COUNT = TOP_ROWS + RECIPE_FACTS };

struct reader {
    struct recipe *recipe;
    const struct recipe_source *source;
    struct diag_list *diags;
    const struct line *send, *trust; // the last ones given; resolved when all certs are known
    char names[RECIPE_DEPTH_MOST][sizeof((struct recipe *)0)->name]; // files being read
    size_t depth;
    size_t said_at[RECIPE_FACTS]; // how deep the nearest file lies that states this fact; 0: none
    struct recipe_cert scratch;   // takes the lines of a cert block that was refused
};

// One file of a recipe.
struct chapter {
    struct reader *reader;
    const struct line_script *script;
    const char *name;
    struct recipe_cert *open; // the cert block that we are in, or NULL
    struct place open_at;
    struct place seen[TOP_COUNT]; // by row of top_rows, then by fact; file NULL: not yet
    bool has_body;                // a cert, send or trust has come
};

static int read_chapter(struct reader *rd, const char *name);

static int complain(struct chapter *ch, struct place at, const char *message)
{
    return diag_add(ch->reader->diags, at, "%s", message);
}

// Statements outside of cert blocks
// ----------------------------------------------------------------

bool recipe_name_is_path(const char *name)
{
    return strchr(name, '/') && span_ends_with(span_text(name), SPAN_LITERAL(".chain"));
}

// Whether the name in the file is the one that it was asked for by.
static bool name_fits(const char *asked, struct span given)
{
    struct span path = span_text(asked);
    if (!recipe_name_is_path(asked)) {
        return span_equals(path, given);
    }
    path.len -= strlen(".chain");
    bool is_tail = span_ends_with(path, given);
    size_t before = path.len - given.len;
    return is_tail && given.len > 0 && (before == 0 || path.ptr[before - 1] == '/');
}

static int read_chain(struct chapter *ch, const struct line *line)
{
    struct recipe *r = ch->reader->recipe;
    if (!name_fits(ch->name, line_word(line, 1))) {
        return diag_add(ch->reader->diags, line_place(line, 1),
                        "the chain's name '%.*s' must be the file's place, '%s'",
                        SPAN_ARG(line_word(line, 1)), ch->name);
    }
    if (ch->reader->depth == 1 && !span_copy_text(line_word(line, 1), r->name, sizeof r->name)) {
        return diag_add(ch->reader->diags, line_place(line, 1),
                        "a chain's name has at most %zu bytes", sizeof r->name - 1);
    }
    return 0;
}

// "a -> b -> a" for a circle of files.
static int complain_circle(struct chapter *ch, const struct line *line, size_t from)
{
    struct reader *rd = ch->reader;
    struct buf way HR_CLEANUP(buf_deinit);
    buf_init(&way, 2048);
    for (size_t i = from; i < rd->depth; i++) {
        TRY(buf_printf(&way, "%s -> ", rd->names[i]));
    }
    return diag_add(rd->diags, line_place(line, 1), "'based-on' goes in a circle: %s%.*s",
                    buf_text(&way), SPAN_ARG(line_word(line, 1)));
}

static int read_based_on(struct chapter *ch, const struct line *line)
{
    struct reader *rd = ch->reader;
    char name[sizeof rd->names[0]];
    if (ch->has_body) {
        return complain(ch, line->at, "'based-on' must stand before cert, send and trust");
    }
    if (!span_copy_text(line_word(line, 1), name, sizeof name) || recipe_name_is_path(name)) {
        return complain(ch, line_place(line, 1),
                        "expected a recipe's name below the recipe folder, without .chain");
    }
    for (size_t i = 0; i < rd->depth; i++) {
        if (strcmp(rd->names[i], name) == 0) {
            return complain_circle(ch, line, i);
        }
    }
    if (rd->depth == RECIPE_DEPTH_MOST) {
        return complain(ch, line->at, "'based-on' goes deeper than 8 files");
    }
    int code = read_chapter(rd, name);
    if (code < 0 && code != ERR_SYNTAX && code != ERR_NO_MEMORY) {
        return diag_add(rd->diags, line_place(line, 1), "%s", error_text(code));
    }
    return code;
}

static struct recipe_cert *find_cert(struct recipe *r, struct span name)
{
    for (size_t i = 0; i < r->cert_count; i++) {
        if (span_equals(r->certs[i].name, name)) {
            return &r->certs[i];
        }
    }
    return NULL;
}

static int read_cert(struct chapter *ch, const struct line *line)
{
    struct recipe *r = ch->reader->recipe;
    struct span name = line_word(line, 1);
    struct recipe_cert *known = find_cert(r, name);
    ch->open_at = line->at;
    ch->reader->scratch = (struct recipe_cert){.name = name};
    ch->open = &ch->reader->scratch;
    if (span_equals_text(name, "self")) {
        return complain(ch, line_place(line, 1), "'self' cannot be a cert's name");
    }
    if (known && known->at.file == ch->script->file) {
        return diag_add(ch->reader->diags, line_place(line, 1),
                        "cert '%.*s' stands here twice, first in line %d; only a cert of a recipe "
                        "that this one is based on can be changed",
                        SPAN_ARG(name), known->at.line);
    }
    if (!known && r->cert_count == RECIPE_CERTS_MOST) {
        return complain(ch, line->at, "a recipe has at most 32 certs");
    }
    if (!known) {
        known = &r->certs[r->cert_count++];
        *known = (struct recipe_cert){.name = name, .path_length = -1};
    }
    known->at = line->at;
    ch->open = known;
    return 0;
}

static int read_send(struct chapter *ch, const struct line *line)
{
    ch->reader->send = line;
    return 0;
}

static int read_trust(struct chapter *ch, const struct line *line)
{
    ch->reader->trust = line;
    return 0;
}

static const struct top_row {
    const char *verb;
    size_t least, most;
    bool is_body;
    int (*read)(struct chapter *ch, const struct line *line);
    const char *usage;
} top_rows[TOP_ROWS] = {
    {"chain", 1, 1, false, read_chain, "one name, as in 'chain azure/digicert-g2'"},
    {"based-on", 1, 1, false, read_based_on, "one name, as in 'based-on azure/digicert-g2'"},
    {"cert", 1, 1, true, read_cert, "one name, as in 'cert leaf'"},
    {"send", 1, RECIPE_LIST_MOST, true, read_send, "1 to 16 names of certs, leaf first"},
    {"trust", 1, RECIPE_LIST_MOST, true, read_trust, "1 to 16 names of certs"},
};

static const char *const cert_words[] = {
#define X(field, verb, least, most, read, usage) verb,
    RECIPE_FIELD_TABLE(X)
#undef X
        "end",
};

// The row of top_rows, or behind them the fact; TOP_COUNT: neither.
static size_t top_row_of(const struct line *line)
{
    size_t i = 0;
    while (i < TOP_ROWS && !line_word_is(line, 0, top_rows[i].verb)) {
        i++;
    }
    return i < TOP_ROWS ? i : TOP_ROWS + recipe_find_fact(line);
}

static size_t field_of(const struct line *line)
{
    size_t i = 0;
    while (i < FIELD_COUNT && !line_word_is(line, 0, recipe_fields[i].verb)) {
        i++;
    }
    return i;
}

int recipe_check_count(const struct line *line, size_t words, size_t least, size_t most,
                       const char *usage, struct diag_list *diags)
{
    if (words < least) {
        return diag_add(diags, line_place(line, line->count), "'%.*s' takes %s",
                        SPAN_ARG(line_word(line, 0)), usage);
    }
    if (words > most) {
        return diag_add(diags, line_place(line, line->count - (words - most)),
                        "'%.*s' takes %s and no more", SPAN_ARG(line_word(line, 0)), usage);
    }
    return 0;
}

static int read_field(struct chapter *ch, const struct line *line, enum recipe_field field)
{
    const struct recipe_field_row *row = &recipe_fields[field];
    struct recipe_cert *c = ch->open;
    struct place before = c->given[field];
    bool is_extension = field >= FIELD_AUTHORITY_KEY_ID;
    c->given[field] = line->at;
    if (before.file == ch->script->file && !recipe_field_repeats(field)) {
        return diag_add(ch->reader->diags, line->at,
                        "'%s' stands twice in this cert, first in line %d", row->verb, before.line);
    }
    c->is_critical[field] = is_extension && line_word_is(line, 1, "critical");
    // 'ca' may have the word anywhere and looks for it itself
    size_t first = c->is_critical[field] && field != FIELD_CA ? 2 : 1;
    TRY(recipe_check_count(line, line->count - first, row->least, row->most, row->usage,
                           ch->reader->diags));
    return row->read(c, field, line, first, ch->reader->diags);
}

static int complain_verb(struct chapter *ch, const struct line *line)
{
    char near[96];
    struct span verb = line_word(line, 0);
    if (!ch->open && (field_of(line) < FIELD_COUNT || line_word_is(line, 0, "end"))) {
        return diag_add(ch->reader->diags, line->at, "'%.*s' belongs in a cert block",
                        SPAN_ARG(verb));
    }
    const char *top_words[TOP_COUNT];
    for (size_t i = 0; i < TOP_COUNT; i++) {
        top_words[i] = i < TOP_ROWS ? top_rows[i].verb : recipe_fact_verb(i - TOP_ROWS);
    }
    suggest_text(verb, ch->open ? cert_words : top_words,
                 ch->open ? HR_COUNT_OF(cert_words) : TOP_COUNT, near);
    return diag_add(ch->reader->diags, line->at, "unknown verb '%.*s'%s", SPAN_ARG(verb), near);
}

static int complain_open(struct chapter *ch)
{
    struct recipe_cert *cert = ch->open;
    ch->open = NULL;
    return diag_add(ch->reader->diags, ch->open_at,
                    "cert '%.*s' is never closed; put an 'end' line", SPAN_ARG(cert->name));
}

static int read_top(struct chapter *ch, const struct line *line, size_t row)
{
    const struct top_row *top = &top_rows[row];
    TRY(recipe_check_count(line, line->count - 1, top->least, top->most, top->usage,
                           ch->reader->diags));
    ch->has_body = ch->has_body || top->is_body;
    return top->read(ch, line);
}

static int read_statement(struct chapter *ch, const struct line *line, size_t row)
{
    struct reader *rd = ch->reader;
    struct place before = ch->seen[row];
    ch->seen[row] = line->at;
    if (before.file && (row >= TOP_ROWS || top_rows[row].read != read_cert)) {
        return diag_add(rd->diags, line->at, "'%.*s' stands twice, first in line %d",
                        SPAN_ARG(line_word(line, 0)), before.line);
    }
    if (row < TOP_ROWS) {
        return read_top(ch, line, row);
    }
    // 'based-on' may stand behind this line, and then its file is read later
    size_t *said_at = &rd->said_at[row - TOP_ROWS];
    struct fact_place place = {.is_own = rd->depth == 1,
                               .is_nearest = *said_at == 0 || rd->depth <= *said_at};
    *said_at = place.is_nearest ? rd->depth : *said_at;
    return recipe_read_fact(rd->recipe, row - TOP_ROWS, line, place, rd->diags);
}

static int read_line(struct chapter *ch, const struct line *line)
{
    size_t top = top_row_of(line), field = field_of(line);
    bool is_field = ch->open && field < FIELD_COUNT; // 'pad-to' is both
    if (top < TOP_COUNT && !is_field) {
        int left_open = ch->open ? complain_open(ch) : 0;
        int code = read_statement(ch, line, top);
        return code < 0 ? code : left_open;
    }
    if (is_field) {
        return read_field(ch, line, (enum recipe_field)field);
    }
    if (ch->open && line_word_is(line, 0, "end")) {
        ch->open = NULL;
        return recipe_check_count(line, line->count - 1, 0, 0, "nothing", ch->reader->diags);
    }
    return complain_verb(ch, line);
}

static int read_lines(struct chapter *ch)
{
    const struct line_script *script = ch->script;
    int result = 0;
    for (size_t i = 0; i < script->count; i++) {
        if (i == 0 && !line_word_is(&script->lines[0], 0, "chain")) {
            result = complain(ch, script->lines[0].at, "a recipe starts with 'chain NAME'");
        }
        int code = read_line(ch, &script->lines[i]);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
        result = code < 0 ? code : result;
    }
    if (ch->open) {
        result = complain_open(ch);
    }
    return result;
}

static int read_chapter(struct reader *rd, const char *name)
{
    struct recipe *r = rd->recipe;
    ENSURE(r->script_count < RECIPE_DEPTH_MOST, ERR_LIMIT);
    span_copy_text(span_text(name), rd->names[rd->depth++], sizeof rd->names[0]);
    struct line_script *script = &r->scripts[r->script_count++];
    int code = rd->source->open(rd->source->ctx, name, script, rd->diags);
    if (code == 0 || code == ERR_SYNTAX) {
        struct chapter ch = {.reader = rd, .script = script, .name = name};
        if (script->count == 0) {
            code = complain(&ch, (struct place){script->file, 1, 1},
                            "a recipe starts with 'chain NAME'");
        }
        int read = read_lines(&ch);
        code = read < 0 ? read : code;
    }
    rd->depth--;
    return code;
}

// The whole
// ----------------------------------------------------------------------------------------

static int check_given(struct reader *rd, const struct recipe_cert *c)
{
    static const enum recipe_field required[] = {FIELD_SUBJECT, FIELD_KEY,    FIELD_ISSUER,
                                                 FIELD_HASH,    FIELD_SERIAL, FIELD_VALID_FROM,
                                                 FIELD_VALID_TO};
    int code = 0;
    for (size_t i = 0; i < HR_COUNT_OF(required); i++) {
        if (!c->given[required[i]].file) {
            code = diag_add(rd->diags, c->at, "cert '%.*s' has no '%s' line", SPAN_ARG(c->name),
                            recipe_fields[required[i]].verb);
        }
    }
    return code;
}

// Elliptic curves have no PSS and no MD5.
static int check_signing(struct reader *rd, const struct recipe_cert *c,
                         const struct recipe_cert *issuer)
{
    bool is_rsa = key_kind_is_rsa(issuer->key_kind);
    bool is_good = cert_can_sign(is_rsa, &c->signing) &&
                   (!c->given[FIELD_INNER_HASH].file || cert_can_sign(is_rsa, &c->inner_signing));
    if (is_good) {
        return 0;
    }
    return diag_add(rd->diags, c->given[FIELD_HASH],
                    "the issuer '%.*s' has an elliptic curve key, which makes no PSS and no MD5 "
                    "signatures; give it an RSA key",
                    SPAN_ARG(issuer->name));
}

static int complain_cert(struct reader *rd, struct place at, struct span name)
{
    const char *names[RECIPE_CERTS_MOST];
    char copies[RECIPE_CERTS_MOST][64], near[96];
    for (size_t i = 0; i < rd->recipe->cert_count; i++) {
        span_copy_text(rd->recipe->certs[i].name, copies[i], sizeof copies[i]);
        names[i] = copies[i];
    }
    return diag_add(rd->diags, at, "there is no cert '%.*s'%s", SPAN_ARG(name),
                    suggest_text(name, names, rd->recipe->cert_count, near));
}

static int resolve_issuer(struct reader *rd, struct recipe_cert *c)
{
    struct recipe *r = rd->recipe;
    const struct recipe_cert *issuer =
        span_equals_text(c->issuer_name, "self") ? c : find_cert(r, c->issuer_name);
    if (issuer) {
        c->issuer = (size_t)(issuer - r->certs);
        return issuer->given[FIELD_KEY].file && c->given[FIELD_HASH].file
                   ? check_signing(rd, c, issuer)
                   : 0;
    }
    return c->given[FIELD_ISSUER].file ? complain_cert(rd, c->given[FIELD_ISSUER], c->issuer_name)
                                       : 0;
}

static int resolve_issuers(struct reader *rd)
{
    struct recipe *r = rd->recipe;
    int code = 0;
    for (size_t i = 0; i < r->cert_count; i++) {
        int given = check_given(rd, &r->certs[i]);
        int resolved = resolve_issuer(rd, &r->certs[i]);
        code = given < 0 || resolved < 0 ? ERR_SYNTAX : code;
    }
    return code;
}

static int resolve_list(struct reader *rd, const struct line *line, const char *verb,
                        size_t out[RECIPE_LIST_MOST], size_t *count)
{
    struct recipe *r = rd->recipe;
    int code = 0;
    if (!line) {
        return diag_add(rd->diags, (struct place){r->scripts[0].file, 1, 1},
                        "a recipe needs a '%s' line", verb);
    }
    for (size_t i = 1; i < line->count; i++) {
        const struct recipe_cert *cert = find_cert(r, line_word(line, i));
        if (cert) {
            out[(*count)++] = (size_t)(cert - r->certs);
        } else {
            code = complain_cert(rd, line_place(line, i), line_word(line, i));
        }
    }
    return code;
}

static int read_whole(struct reader *rd, const char *name)
{
    struct recipe *r = rd->recipe;
    int code = read_chapter(rd, name);
    if (code < 0 && code != ERR_SYNTAX) {
        return code;
    }
    int parts[] = {code, resolve_issuers(rd),
                   resolve_list(rd, rd->send, "send", r->send, &r->send_count),
                   resolve_list(rd, rd->trust, "trust", r->trust, &r->trust_count)};
    for (size_t i = 0; i < HR_COUNT_OF(parts); i++) {
        TRY(parts[i]);
    }
    return 0;
}

int recipe_read(const struct recipe_source *source, const char *name, struct recipe **out,
                struct diag_list *diags)
{
    *out = NULL;
    struct recipe *r = calloc(1, sizeof *r);
    ENSURE(r != NULL, ERR_NO_MEMORY);
    struct reader rd = {.recipe = r, .source = source, .diags = diags};
    int code = read_whole(&rd, name);
    if (code < 0) {
        recipe_free(r);
        return code;
    }
    *out = r;
    return 0;
}

void recipe_free(struct recipe *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->script_count; i++) {
        line_deinit(&r->scripts[i]);
    }
    free(r);
}
