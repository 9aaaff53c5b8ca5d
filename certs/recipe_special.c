// SPDX-License-Identifier: MIT
// The lines of a cert block that make a certificate wrong on purpose, or as large as it must be.
#include "base/error.h"
#include "base/text_code.h"
#include "certs/recipe.h"

#include <arpa/inet.h>
#include <string.h>

enum { PATCH_OFFSET_MOST = 1 << 20 };

static const char *const date_form_words[] = {"by-year", "generalized", "no-seconds", "offset"};
static const char *const filler_words[FILLER_COUNT] = {"sct", "san", "unknown"};

static const char *const verbs[FIELD_COUNT] = {
#define X(field, verb, least, most, read, usage) [field] = verb,
    RECIPE_FIELD_TABLE(X)
#undef X
};

int recipe_read_version(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                        size_t first, struct diag_list *diags)
{
    (void)field;
    uint64_t version = 0;
    if (span_parse_u64(line_word(line, first), &version) != 0 || version < 1 || version > 3) {
        return diag_add(diags, line_place(line, first), "expected a version from 1 to 3");
    }
    c->version = (int)version;
    return 0;
}

int recipe_read_date_form(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                          size_t first, struct diag_list *diags)
{
    (void)field;
    size_t count = HR_COUNT_OF(date_form_words);
    size_t form = recipe_known_word(line, first, "form of a date", date_form_words, count, diags);
    c->date_form = (enum der_time_form)form;
    return form == count ? ERR_SYNTAX : 0;
}

int recipe_read_inner_hash(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                           size_t first, struct diag_list *diags)
{
    (void)field;
    return recipe_read_signing(line, first, &c->inner_signing, diags);
}

int recipe_read_padding(const struct line *line, size_t first, struct recipe_padding *out,
                        struct diag_list *diags)
{
    uint64_t bytes = 0;
    size_t filler = FILLER_SCT;
    if (span_parse_u64(line_word(line, first), &bytes) != 0 || bytes < 100 ||
        bytes > RECIPE_PAD_BYTES_MOST) {
        return diag_add(diags, line_place(line, first), "expected a count of bytes from 100 to %d",
                        RECIPE_PAD_BYTES_MOST);
    }
    if (line->count > first + 1) {
        filler = recipe_known_word(line, first + 1, "filler", filler_words, FILLER_COUNT, diags);
    }
    *out = (struct recipe_padding){.to_bytes = (size_t)bytes, .filler = (enum recipe_filler)filler};
    return filler == FILLER_COUNT ? ERR_SYNTAX : 0;
}

int recipe_read_pad_to(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                       size_t first, struct diag_list *diags)
{
    (void)field;
    return recipe_read_padding(line, first, &c->padding, diags);
}

int recipe_read_duplicate(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                          size_t first, struct diag_list *diags)
{
    (void)field;
    int code = 0;
    memset(c->is_doubled, 0, sizeof c->is_doubled);
    for (size_t i = first; i < line->count; i++) {
        size_t count = FIELD_EXTENSION - FIELD_AUTHORITY_KEY_ID;
        size_t row =
            recipe_known_word(line, i, "extension", verbs + FIELD_AUTHORITY_KEY_ID, count, diags);
        if (row < count) {
            c->is_doubled[FIELD_AUTHORITY_KEY_ID + row] = true;
        } else {
            code = ERR_SYNTAX;
        }
    }
    return code;
}

// Remove -----------------------------------------------------------------------------------------

static void remove_field(struct recipe_cert *c, enum recipe_field field)
{
    c->given[field] = (struct place){0};
    c->is_critical[field] = c->is_doubled[field] = false;
    c->words[field] = (struct recipe_words){0};
    if (field == FIELD_VALID) {
        c->given[FIELD_VALID_FROM] = c->given[FIELD_VALID_TO] = (struct place){0};
    } else if (field == FIELD_EXTENSION) {
        c->extension_count = 0;
    } else if (field == FIELD_DUPLICATE) {
        memset(c->is_doubled, 0, sizeof c->is_doubled);
    } else if (field == FIELD_PAD_TO) {
        c->padding = (struct recipe_padding){0};
    } else if (field == FIELD_VERSION) {
        c->version = 0;
    } else if (field == FIELD_DATE_FORM) {
        c->date_form = DER_TIME_BY_YEAR;
    }
}

static void remove_patches(struct recipe_cert *c, bool is_before_signing)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->patch_count; i++) {
        if (c->patches[i].is_before_signing != is_before_signing) {
            c->patches[kept++] = c->patches[i];
        }
    }
    c->patch_count = kept;
}

int recipe_read_remove(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                       size_t first, struct diag_list *diags)
{
    (void)field;
    int code = 0;
    for (size_t i = first; i < line->count; i++) {
        size_t row = recipe_known_word(line, i, "verb", verbs, FIELD_COUNT, diags);
        if (row == FIELD_COUNT) {
            code = ERR_SYNTAX;
        } else if (row == FIELD_REMOVE || !c->given[row].file) {
            code =
                diag_add(diags, line_place(line, i), "there is no '%s' line to remove", verbs[row]);
        } else {
            remove_field(c, (enum recipe_field)row);
            if (row == FIELD_PATCH || row == FIELD_PATCH_TBS) {
                remove_patches(c, row == FIELD_PATCH_TBS);
            }
        }
    }
    return code;
}

// Patches ----------------------------------------------------------------------------------------

static bool parse_bytes(struct span hex, struct patch_bytes *out)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, sizeof out->data);
    if (hex_decode(hex, &bytes) != 0 || bytes.len == 0) {
        return false;
    }
    memcpy(out->data, bytes.data, bytes.len);
    out->len = bytes.len;
    return true;
}

static bool parse_count(struct span text, size_t most, size_t *out)
{
    uint64_t count = 0;
    bool is_good = span_parse_u64(text, &count) == 0 && count >= 1 && count <= most;
    *out = (size_t)count;
    return is_good;
}

// A byte's place: "4", "-1", or "signature" for the last byte of all.
static bool parse_offset(struct span text, int64_t *out)
{
    bool is_from_end = span_starts_with(text, SPAN_LITERAL("-"));
    uint64_t offset = 0;
    if (span_equals_text(text, "signature")) {
        *out = -1;
        return true;
    }
    bool is_good = span_parse_u64(span_from(text, is_from_end ? 1 : 0), &offset) == 0 &&
                   offset <= PATCH_OFFSET_MOST && (!is_from_end || offset > 0);
    *out = is_from_end ? -(int64_t)offset : (int64_t)offset;
    return is_good;
}

static bool parse_patch(struct span verb, struct span one, struct span two, struct patch *out)
{
    bool has_two = two.len > 0;
    if (span_equals_text(verb, "flip-bit")) {
        out->verb = PATCH_FLIP_BIT;
        return !has_two && parse_offset(one, &out->offset);
    }
    if (span_equals_text(verb, "truncate")) {
        out->verb = PATCH_TRUNCATE;
        return !has_two && parse_count(one, PATCH_GARBAGE_MOST, &out->count);
    }
    if (span_equals_text(verb, "garbage")) {
        out->verb = PATCH_GARBAGE;
        return !has_two && parse_count(one, PATCH_GARBAGE_MOST, &out->count);
    }
    if (span_equals_text(verb, "append")) {
        out->verb = PATCH_APPEND;
        return !has_two && parse_bytes(one, &out->bytes);
    }
    if (span_equals_text(verb, "byte")) {
        out->verb = PATCH_BYTE;
        return parse_offset(one, &out->offset) && parse_bytes(two, &out->bytes);
    }
    out->verb = PATCH_REPLACE;
    return span_equals_text(verb, "replace") && parse_bytes(one, &out->find) &&
           parse_bytes(two, &out->bytes);
}

int recipe_read_patch(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                      size_t first, struct diag_list *diags)
{
    if (c->patch_count == RECIPE_PATCHES_MOST) {
        return diag_add(diags, line->at, "a cert has at most %d patches", RECIPE_PATCHES_MOST);
    }
    struct recipe_patch *patch = &c->patches[c->patch_count];
    *patch = (struct recipe_patch){.at = line->at, .is_before_signing = field == FIELD_PATCH_TBS};
    if (!parse_patch(line_word(line, first), line_word(line, first + 1), line_word(line, first + 2),
                     &patch->patch)) {
        return diag_add(diags, line_place(line, first),
                        "expected %s, with at most %d bytes of hexadecimal digits",
                        recipe_fields[FIELD_PATCH].usage, PATCH_BYTES_MOST);
    }
    c->patch_count++;
    return 0;
}

// Extensions -------------------------------------------------------------------------------------

int recipe_read_key_id(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                       size_t first, struct diag_list *diags)
{
    struct recipe_key_id *id =
        field == FIELD_SUBJECT_KEY_ID ? &c->subject_key_id : &c->authority_key_id;
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, sizeof id->bytes);
    id->len = 0;
    if (line->count == first) {
        return 0;
    }
    if (hex_decode(line_word(line, first), &bytes) != 0 || bytes.len == 0) {
        return diag_add(diags, line_place(line, first),
                        "expected an even count of hexadecimal digits for at most %d bytes, seen "
                        "'%.*s'",
                        RECIPE_KEY_ID_BYTES_MOST, SPAN_ARG(line_word(line, first)));
    }
    memcpy(id->bytes, bytes.data, bytes.len);
    id->len = bytes.len;
    return 0;
}

static bool parse_network(struct span text, struct recipe_subtree *out)
{
    char copy[INET6_ADDRSTRLEN];
    struct span bits_text, address = span_cut(text, '/', &bits_text);
    uint64_t bits = 0;
    if (!span_copy_text(address, copy, sizeof copy) || span_parse_u64(bits_text, &bits) != 0) {
        return false;
    }
    size_t len = inet_pton(AF_INET, copy, out->address) == 1    ? 4
                 : inet_pton(AF_INET6, copy, out->address) == 1 ? 16
                                                                : 0;
    out->address_len = 2 * len;
    for (size_t i = 0; i < len * 8 && i < bits; i++) {
        out->address[len + i / 8] |= (uint8_t)(0x80 >> i % 8);
    }
    return len > 0 && bits <= len * 8;
}

bool recipe_parse_subtree(struct span word, struct recipe_subtree *out)
{
    struct span rest, type, side = span_cut(word, ':', &rest);
    *out = (struct recipe_subtree){.is_excluded = span_equals_text(side, "exclude")};
    type = span_cut(rest, ':', &out->name);
    out->is_address = span_equals_text(type, "ip");
    if (!out->is_excluded && !span_equals_text(side, "permit")) {
        return false;
    }
    return out->is_address ? parse_network(out->name, out)
                           : span_equals_text(type, "dns") && out->name.len > 0;
}

int recipe_read_subtrees(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                         size_t first, struct diag_list *diags)
{
    int code = 0;
    c->words[field] = (struct recipe_words){line->words + first, line->count - first};
    for (size_t i = first; i < line->count; i++) {
        struct recipe_subtree subtree;
        if (!recipe_parse_subtree(line_word(line, i), &subtree)) {
            code = diag_add(diags, line_place(line, i), "expected %s, seen '%.*s'",
                            recipe_fields[field].usage, SPAN_ARG(line_word(line, i)));
        } else if (recipe_check_template(line, i, diags) < 0) {
            code = ERR_SYNTAX;
        }
    }
    return code;
}

// An extension of the base with the same identifier goes; one of this file stays beside it.
static void drop_inherited(struct recipe_cert *c, struct span oid, const char *file)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->extension_count; i++) {
        struct recipe_extension *e = &c->extensions[i];
        if (e->at.file == file || !span_equals(e->oid, oid)) {
            c->extensions[kept++] = *e;
        }
    }
    c->extension_count = kept;
}

int recipe_read_extension(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                          size_t first, struct diag_list *diags)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    struct recipe_extension e = {.at = line->at,
                                 .oid = line_word(line, first),
                                 .hex = line_word(line, first + 1),
                                 .is_critical = c->is_critical[field]};
    buf_init(&bytes, LINE_FILE_BYTES_MOST);
    if (!der_is_oid(e.oid) || hex_decode(e.hex, &bytes) != 0) {
        return diag_add(diags, line_place(line, first),
                        "expected %s, as in 'extension 1.3.6.1.5.5.7.1.24 3003020105'",
                        recipe_fields[field].usage);
    }
    drop_inherited(c, e.oid, line->at.file);
    if (c->extension_count == RECIPE_EXTENSIONS_MOST) {
        return diag_add(diags, line->at, "a cert has at most %d 'extension' lines",
                        RECIPE_EXTENSIONS_MOST);
    }
    c->extensions[c->extension_count++] = e;
    return 0;
}

bool recipe_field_repeats(enum recipe_field field)
{
    return field == FIELD_EXTENSION || field == FIELD_PATCH || field == FIELD_PATCH_TBS ||
           field == FIELD_REMOVE;
}
