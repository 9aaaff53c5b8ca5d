// SPDX-License-Identifier: MIT
// One reader per line of a cert block; each is a row of RECIPE_FIELD_TABLE.
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "certs/recipe.h"

#include <arpa/inet.h>
#include <string.h>

// In the order of their bits (RFC 5280 4.2.1.3).
static const char *const usage_words[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                          "dataEncipherment", "keyAgreement",   "keyCertSign",
                                          "cRLSign",          "encipherOnly",   "decipherOnly"};

static const char *const purpose_words[] = {"serverAuth",         "clientAuth",   "codeSigning",
                                            "emailProtection",    "timeStamping", "OCSPSigning",
                                            "anyExtendedKeyUsage"};
static const char *const purpose_oids[] = {
    "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9", "2.5.29.37.0"};

// Index of word `i` of a line in `words`; beyond them: the mistake, with the nearest word.
size_t recipe_known_word(const struct line *line, size_t i, const char *what,
                         const char *const *words, size_t count, struct diag_list *diags)
{
    char near[96];
    size_t found = span_index(line_word(line, i), words, count);
    if (found == count) {
        diag_add(diags, line_place(line, i), "unknown %s '%.*s'%s", what,
                 SPAN_ARG(line_word(line, i)),
                 suggest_text(line_word(line, i), words, count, near));
    }
    return found;
}

int recipe_read_key(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                    size_t first, struct diag_list *diags)
{
    (void)field;
    size_t kind =
        recipe_known_word(line, first, "kind of key", key_kind_words, KEY_KIND_COUNT, diags);
    c->key_kind = kind < KEY_KIND_COUNT ? (enum key_kind)kind : KEY_RSA2048;
    c->key_name = line_word(line, first + 1);
    if (!key_name_is_good(c->key_name)) {
        return diag_add(diags, line_place(line, first + 1),
                        "a key's name has letters, digits and '._+-' only, at most %d",
                        KEY_NAME_BYTES_MOST);
    }
    return kind == KEY_KIND_COUNT ? ERR_SYNTAX : 0;
}

int recipe_read_issuer(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                       size_t first, struct diag_list *diags)
{
    (void)field;
    (void)diags; // whether there is such a cert is known at the end of the file only
    c->issuer_name = line_word(line, first);
    return 0;
}

int recipe_read_signing(const struct line *line, size_t first, struct cert_signing *out,
                        struct diag_list *diags)
{
    size_t hash = recipe_known_word(line, first, "hash", cert_hash_words, CERT_HASH_COUNT, diags);
    *out =
        (struct cert_signing){.hash = hash < CERT_HASH_COUNT ? (enum cert_hash)hash : CERT_SHA256,
                              .is_pss = line_word_is(line, first + 1, "pss")};
    if (line->count > first + 1 && !out->is_pss) {
        return diag_add(diags, line_place(line, first + 1),
                        "expected 'pss' or nothing behind the hash, seen '%.*s'",
                        SPAN_ARG(line_word(line, first + 1)));
    }
    return hash == CERT_HASH_COUNT ? ERR_SYNTAX : 0;
}

int recipe_read_hash(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                     size_t first, struct diag_list *diags)
{
    (void)field;
    return recipe_read_signing(line, first, &c->signing, diags);
}

int recipe_read_serial(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                       size_t first, struct diag_list *diags)
{
    (void)field;
    uint64_t size_bytes = 0;
    c->is_serial_made = line_word_is(line, first, "random");
    if (c->is_serial_made) {
        bool is_good = span_parse_u64(line_word(line, first + 1), &size_bytes) == 0 &&
                       size_bytes >= 1 && size_bytes <= CERT_SERIAL_BYTES_MOST;
        c->serial_len_bytes = (size_t)size_bytes;
        return is_good ? 0
                       : diag_add(diags, line_place(line, first + 1),
                                  "expected a count of bytes from 1 to %d", CERT_SERIAL_BYTES_MOST);
    }
    c->is_serial_raw = line_word_is(line, first, "raw");
    size_t at = c->is_serial_raw ? first + 1 : first;
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, CERT_SERIAL_GIVEN_BYTES_MOST);
    if (line->count != at + 1 || hex_decode(line_word(line, at), &bytes) != 0 || bytes.len == 0) {
        return diag_add(diags, line_place(line, at),
                        "expected 'random N' or an even count of hexadecimal digits for at most "
                        "%d bytes, seen '%.*s'",
                        CERT_SERIAL_GIVEN_BYTES_MOST, SPAN_ARG(line_word(line, at)));
    }
    memcpy(c->serial, bytes.data, bytes.len);
    c->serial_len_bytes = bytes.len;
    return 0;
}

static int read_date(const struct line *line, size_t i, struct recipe_date *out,
                     struct diag_list *diags)
{
    struct span word = line_word(line, i);
    int64_t us = 0;
    out->is_relative = word.len > 0 && (word.ptr[0] == '+' || word.ptr[0] == '-');
    int code = out->is_relative ? duration_parse(word, &us) : utc_parse(word, &us);
    if (code < 0) {
        return diag_add(diags, line_place(line, i),
                        "expected a date as 2026-11-20T08:00:00Z, or a duration from the hub clock "
                        "with its sign as -30d or +12h, seen '%.*s'",
                        SPAN_ARG(word));
    }
    out->s = us / 1000000 - (us % 1000000 < 0 ? 1 : 0);
    return 0;
}

int recipe_read_valid(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                      size_t first, struct diag_list *diags)
{
    (void)field;
    int from = read_date(line, first, &c->from, diags);
    int to = read_date(line, first + 1, &c->to, diags);
    c->given[FIELD_VALID_FROM] = c->given[FIELD_VALID_TO] = line->at;
    return from < 0 ? from : to;
}

int recipe_read_valid_from(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                           size_t first, struct diag_list *diags)
{
    (void)field;
    return read_date(line, first, &c->from, diags);
}

int recipe_read_valid_to(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                         size_t first, struct diag_list *diags)
{
    (void)field;
    return read_date(line, first, &c->to, diags);
}

int recipe_read_nothing(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                        size_t first, struct diag_list *diags)
{
    (void)c;
    (void)field;
    (void)line;
    (void)first;
    (void)diags;
    return 0;
}

static void keep_words(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                       size_t first)
{
    c->words[field] = (struct recipe_words){line->words + first, line->count - first};
}

static bool is_address(struct span text)
{
    char address[64];
    uint8_t bytes[16];
    return span_copy_text(text, address, sizeof address) &&
           (inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1);
}

static bool is_hex(struct span text)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, LINE_FILE_BYTES_MOST);
    return text.len > 0 && hex_decode(text, &bytes) == 0;
}

static int check_san(const struct line *line, size_t i, struct diag_list *diags)
{
    struct span word = line_word(line, i), name, type = span_cut(word, ':', &name);
    bool is_text = span_equals_text(type, "dns") || span_equals_text(type, "uri") ||
                   span_equals_text(type, "email");
    bool is_alone = line_word_is(line, i, "empty") && i + 1 == line->count;
    if (name.len > 0 && is_text) {
        return recipe_check_template(line, i, diags);
    }
    if (span_equals_text(word, RECIPE_MORE_NAMES) || is_alone ||
        (span_equals_text(type, "ip") && is_address(name)) ||
        (span_equals_text(type, "raw") && is_hex(name))) {
        return 0;
    }
    return diag_add(
        diags, line_place(line, i),
        "expected dns:NAME, ip:ADDRESS, uri:URI, email:TEXT, raw:HEX, " RECIPE_MORE_NAMES
        " or empty, seen '%.*s'",
        SPAN_ARG(word));
}

static int check_oid(const struct line *line, size_t i, struct diag_list *diags)
{
    if (der_is_oid(line_word(line, i))) {
        return 0;
    }
    return diag_add(diags, line_place(line, i),
                    "expected an object identifier as 2.23.140.1.2.2, seen '%.*s'",
                    SPAN_ARG(line_word(line, i)));
}

static int check_url(const struct line *line, size_t i, struct diag_list *diags)
{
    struct span word = line_word(line, i), rest;
    struct span scheme = span_cut(word, ':', &rest);
    bool is_ascii = true;
    for (size_t at = 0; at < word.len; at++) {
        is_ascii = is_ascii && word.ptr[at] > 0x20 && word.ptr[at] < 0x7f;
    }
    if (is_ascii && scheme.len > 0 && span_starts_with(rest, SPAN_LITERAL("//"))) {
        return 0;
    }
    return diag_add(diags, line_place(line, i), "expected a URL as http://host/path, seen '%.*s'",
                    SPAN_ARG(word));
}

static int check_purpose(const struct line *line, size_t i, struct diag_list *diags)
{
    size_t count = HR_COUNT_OF(purpose_words);
    if (der_is_oid(line_word(line, i))) {
        return 0;
    }
    return recipe_known_word(line, i, "purpose", purpose_words, count, diags) < count ? 0
                                                                                      : ERR_SYNTAX;
}

static int read_list(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                     size_t first, struct diag_list *diags,
                     int (*check)(const struct line *, size_t, struct diag_list *))
{
    int code = 0;
    keep_words(c, field, line, first);
    for (size_t i = first; i < line->count; i++) {
        if (check(line, i, diags) < 0) {
            code = ERR_SYNTAX;
        }
    }
    return code;
}

int recipe_read_san(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                    size_t first, struct diag_list *diags)
{
    return read_list(c, field, line, first, diags, check_san);
}

int recipe_read_oids(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                     size_t first, struct diag_list *diags)
{
    return read_list(c, field, line, first, diags, check_oid);
}

int recipe_read_urls(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                     size_t first, struct diag_list *diags)
{
    return read_list(c, field, line, first, diags, check_url);
}

int recipe_read_purposes(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                         size_t first, struct diag_list *diags)
{
    return read_list(c, field, line, first, diags, check_purpose);
}

int recipe_read_key_usage(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                          size_t first, struct diag_list *diags)
{
    (void)field;
    size_t count = HR_COUNT_OF(usage_words);
    int code = 0;
    c->key_usage = 0;
    for (size_t i = first; i < line->count; i++) {
        size_t bit = recipe_known_word(line, i, "key usage", usage_words, count, diags);
        c->key_usage |= bit < count ? 1u << bit : 0;
        code = bit < count ? code : ERR_SYNTAX;
    }
    return code;
}

static int read_path_length(struct recipe_cert *c, const struct line *line, size_t i,
                            struct diag_list *diags)
{
    uint64_t length = 0;
    if (span_parse_u64(line_word(line, i), &length) != 0 || length > 100) {
        return diag_add(diags, line_place(line, i), "expected a path length from 0 to 100");
    }
    c->path_length = (int)length;
    return 0;
}

int recipe_read_ca(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                   size_t first, struct diag_list *diags)
{
    bool has_answer = false;
    c->path_length = -1;
    for (size_t i = first; i < line->count; i++) {
        if (line_word_is(line, i, "critical")) {
            c->is_critical[field] = true;
        } else if (line_word_is(line, i, "pathlen")) {
            TRY(read_path_length(c, line, ++i, diags));
        } else if (line_word_is(line, i, "true") || line_word_is(line, i, "false")) {
            c->is_ca = line_word_is(line, i, "true");
            has_answer = true;
        } else {
            return diag_add(diags, line_place(line, i),
                            "expected true, false, 'pathlen N' or critical, seen '%.*s'",
                            SPAN_ARG(line_word(line, i)));
        }
    }
    if (!has_answer) {
        return diag_add(diags, line_place(line, line->count), "'ca' needs true or false");
    }
    return 0;
}

struct span recipe_purpose_oid(struct span word)
{
    size_t i = span_index(word, purpose_words, HR_COUNT_OF(purpose_words));
    return i < HR_COUNT_OF(purpose_words) ? span_text(purpose_oids[i]) : word;
}

const struct recipe_field_row recipe_fields[FIELD_COUNT] = {
#define X(field, verb, least, most, read, usage)                                                   \
    [field] = {verb, least, most, recipe_read_##read, usage},
    RECIPE_FIELD_TABLE(X)
#undef X
};
