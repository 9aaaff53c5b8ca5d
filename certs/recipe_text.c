// SPDX-License-Identifier: MIT
// The texts of a recipe: names of certificates, and the braces that are filled in later.
#include "base/error.h"
#include "certs/recipe.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const rdn_words[] = {"C", "ST", "L", "O", "OU", "CN"};
static const char *const rdn_oids[] = {"2.5.4.6",  "2.5.4.8",  "2.5.4.7",
                                       "2.5.4.10", "2.5.4.11", "2.5.4.3"};

static const char *const string_words[] = {"utf8", "printable", "ia5", "teletex"};
static const uint8_t string_tags[] = {DER_UTF8_STRING, DER_PRINTABLE_STRING, DER_IA5_STRING,
                                      DER_TELETEX_STRING};

enum { BRACE_HOST, BRACE_HOST_IN_CAPITALS, BRACE_DOMAIN, BRACE_NUL, BRACE_COUNT };
static const char *const brace_words[] = {RECIPE_HUB_HOST, "{hub.HOST}", "{hub.domain}", "{nul}"};

// Which brace `text` starts with; BRACE_COUNT: none that is known. *len_bytes is its length.
static size_t brace_at(struct span text, size_t *len_bytes)
{
    size_t end = span_find(text, '}');
    *len_bytes = end < text.len ? end + 1 : text.len;
    return span_index(span_slice(text, 0, *len_bytes), brace_words, BRACE_COUNT);
}

// Braces may only hold names that we fill in; text must be printable ASCII.
int recipe_check_template(const struct line *line, size_t i, struct diag_list *diags)
{
    struct span text = line_word(line, i);
    for (size_t at = 0; at < text.len; at++) {
        size_t len;
        if (text.ptr[at] < 0x20 || text.ptr[at] > 0x7e) {
            return diag_add(diags, line_place(line, i), "expected printable ASCII letters only");
        }
        if (text.ptr[at] == '{' && brace_at(span_from(text, at), &len) == BRACE_COUNT) {
            return diag_add(diags, line_place(line, i),
                            "unknown name '%.*s' in braces; {hub.host}, {hub.HOST}, {hub.domain} "
                            "and {nul} are filled in here",
                            SPAN_ARG(span_slice(text, at, len)));
        }
    }
    return 0;
}

static int append_capitals(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_small = text.ptr[i] >= 'a' && text.ptr[i] <= 'z';
        TRY(buf_append_u8(out, (uint8_t)(text.ptr[i] - (is_small ? 'a' - 'A' : 0))));
    }
    return 0;
}

static struct span domain_of(struct span host)
{
    char text[INET_ADDRSTRLEN];
    uint8_t address[4];
    bool is_address =
        span_copy_text(host, text, sizeof text) && inet_pton(AF_INET, text, address) == 1;
    size_t dot = span_find(host, '.');
    return is_address || dot + 1 >= host.len ? host : span_from(host, dot + 1);
}

static int append_brace(size_t brace, struct span host, struct buf *out)
{
    switch (brace) {
    case BRACE_HOST:
        return buf_append(out, host);
    case BRACE_HOST_IN_CAPITALS:
        return append_capitals(host, out);
    case BRACE_DOMAIN:
        return buf_append(out, domain_of(host));
    default:
        return buf_append_u8(out, 0);
    }
}

int recipe_expand(struct span text, const char *hub_host, struct buf *out)
{
    while (text.len > 0) {
        size_t len = 1;
        size_t brace = text.ptr[0] == '{' ? brace_at(text, &len) : BRACE_COUNT;
        TRY(brace < BRACE_COUNT ? append_brace(brace, span_text(hub_host), out)
                                : buf_append_u8(out, text.ptr[0]));
        text = span_from(text, brace < BRACE_COUNT ? len : 1);
    }
    return 0;
}

// "CN=x", "CN:utf8=x", "2.5.4.97=x". False when it is no such pair.
static bool parse_part(struct span word, struct name_part *out)
{
    struct span value, form, type = span_cut(span_cut(word, '=', &value), ':', &form);
    size_t row = span_index(type, rdn_words, HR_COUNT_OF(rdn_words));
    size_t string = span_index(form, string_words, HR_COUNT_OF(string_words));
    bool is_known = row < HR_COUNT_OF(rdn_words);
    *out = (struct name_part){
        .oid = is_known ? span_text(rdn_oids[row]) : type,
        .value = value,
        .tag = string < HR_COUNT_OF(string_words) ? string_tags[string] : 0,
    };
    return (is_known || der_is_oid(type)) && value.len > 0 && (!form.ptr || out->tag != 0);
}

static int read_name(struct recipe_name *name, const struct line *line, size_t first,
                     struct diag_list *diags)
{
    int code = 0;
    name->count = 0;
    if (line->count == first + 1 && line_word_is(line, first, "none")) {
        return 0;
    }
    for (size_t i = first; i < line->count; i++) {
        struct name_part part;
        if (!parse_part(line_word(line, i), &part)) {
            code = diag_add(diags, line_place(line, i),
                            "expected one of C= ST= L= O= OU= CN= and a value, seen '%.*s'; put "
                            "each pair in quotes of its own",
                            SPAN_ARG(line_word(line, i)));
            continue;
        }
        if (recipe_check_template(line, i, diags) < 0) {
            code = ERR_SYNTAX;
        }
        name->parts[name->count++] = part;
    }
    return code;
}

int recipe_read_subject(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                        size_t first, struct diag_list *diags)
{
    (void)field;
    return read_name(&c->subject, line, first, diags);
}

int recipe_read_issuer_name(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                            size_t first, struct diag_list *diags)
{
    (void)field;
    return read_name(&c->issuer_name_given, line, first, diags);
}
