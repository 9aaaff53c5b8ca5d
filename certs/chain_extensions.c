// SPDX-License-Identifier: MIT
#include "certs/chain_extensions.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

// GeneralName choices (RFC 5280 4.2.1.6).
enum { GENERAL_DNS = 2, GENERAL_URI = 6, GENERAL_IP = 7, HOST_BYTES_MOST = 253 };

struct general_name {
    uint8_t tag;
    uint8_t len;
    uint8_t bytes[HOST_BYTES_MOST];
};

struct general_names {
    struct general_name *items;
    size_t count, room;
};

int chain_check_host(const char *what, const char *host)
{
    struct span text = span_text(host);
    bool is_good = text.len > 0 && text.len <= HOST_BYTES_MOST;
    for (size_t i = 0; i < text.len; i++) {
        is_good = is_good && text.ptr[i] > 0x20 && text.ptr[i] < 0x7f;
    }
    if (!is_good) {
        FAIL(ERR_VALUE, "%s '%.64s': expected a DNS name or an IP address of 1 to %d letters", what,
             host ? host : "", HOST_BYTES_MOST);
    }
    return 0;
}

static bool is_same(const struct general_name *a, const struct general_name *b)
{
    struct span left = span_of(a->bytes, a->len), right = span_of(b->bytes, b->len);
    return a->tag == b->tag &&
           (a->tag == GENERAL_DNS ? span_equals_nocase(left, right) : span_equals(left, right));
}

static int add_name(struct general_names *list, const struct general_name *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_same(&list->items[i], name)) {
            return 0;
        }
    }
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 8;
        struct general_name *grown = realloc(list->items, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] = *name;
    return 0;
}

static int add_dns(struct general_names *list, struct span text)
{
    struct general_name name = {.tag = GENERAL_DNS, .len = (uint8_t)text.len};
    if (text.len > HOST_BYTES_MOST) {
        FAIL(ERR_VALUE, "a name in the certificate is %zu bytes long, %d fit", text.len,
             HOST_BYTES_MOST);
    }
    memcpy(name.bytes, text.ptr, text.len);
    return add_name(list, &name);
}

// 0, 4 or 16 bytes of the address that `text` is.
static uint8_t address_of(struct span text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (!span_copy_text(text, copy, sizeof copy)) {
        return 0;
    }
    return inet_pton(AF_INET, copy, out) == 1 ? 4 : inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

static int add_by_look(struct general_names *list, struct span text)
{
    struct general_name name = {.tag = GENERAL_IP};
    name.len = address_of(text, name.bytes);
    return name.len > 0 ? add_name(list, &name) : add_dns(list, text);
}

static int add_more_names(struct general_names *list, const struct chain_request *rq)
{
    for (size_t i = 0; i < rq->more_name_count; i++) {
        TRY(chain_check_host("further host name", rq->more_names[i]));
        TRY(add_by_look(list, span_text(rq->more_names[i])));
    }
    return 0;
}

static int add_word(struct general_names *list, struct span word, const struct chain_request *rq)
{
    struct span value, type = span_cut(word, ':', &value);
    if (span_equals_text(word, RECIPE_MORE_NAMES)) {
        return add_more_names(list, rq);
    }
    // An address written in the recipe as dns: stays one: that is a fault worth testing.
    if (span_equals_text(type, "ip") || span_equals_text(value, RECIPE_HUB_HOST)) {
        return add_by_look(list, span_equals_text(type, "ip") ? value : span_text(rq->hub_host));
    }
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, LINE_FILE_BYTES_MOST);
    TRY(recipe_expand(value, rq->hub_host, &text));
    return add_dns(list, buf_span(&text));
}

static int put_general_names(struct der *d, const struct recipe_words *words,
                             const struct chain_request *rq)
{
    struct general_names list = {0};
    int code = 0;
    for (size_t i = 0; i < words->count && code == 0; i++) {
        code = add_word(&list, words->items[i].text, rq);
    }
    size_t sequence = der_open(d, DER_SEQUENCE);
    for (size_t i = 0; i < list.count; i++) {
        der_value(d, DER_CONTEXT + list.items[i].tag,
                  span_of(list.items[i].bytes, list.items[i].len));
    }
    der_close(d, sequence);
    free(list.items);
    return code;
}

static int write_san(struct der *d, const struct extension_request *rq)
{
    const struct recipe_cert *c = rq->cert;
    struct extension_marks marks = extension_open(d, "2.5.29.17", c->is_critical[FIELD_SAN]);
    TRY(put_general_names(d, &c->words[FIELD_SAN], rq->request));
    extension_close(d, marks);
    return 0;
}

static int write_authority_key_id(struct der *d, const struct extension_request *rq)
{
    struct extension_marks marks =
        extension_open(d, "2.5.29.35", rq->cert->is_critical[FIELD_AUTHORITY_KEY_ID]);
    size_t sequence = der_open(d, DER_SEQUENCE);
    der_value(d, DER_CONTEXT + 0, span_of(rq->authority_key_id, KEY_ID_BYTES));
    der_close(d, sequence);
    extension_close(d, marks);
    return 0;
}

static int write_subject_key_id(struct der *d, const struct extension_request *rq)
{
    struct extension_marks marks =
        extension_open(d, "2.5.29.14", rq->cert->is_critical[FIELD_SUBJECT_KEY_ID]);
    der_value(d, DER_OCTET_STRING, span_of(rq->subject_key_id, KEY_ID_BYTES));
    extension_close(d, marks);
    return 0;
}

static int write_policies(struct der *d, const struct extension_request *rq)
{
    const struct recipe_words *words = &rq->cert->words[FIELD_POLICIES];
    struct extension_marks marks =
        extension_open(d, "2.5.29.32", rq->cert->is_critical[FIELD_POLICIES]);
    size_t policies = der_open(d, DER_SEQUENCE);
    for (size_t i = 0; i < words->count; i++) {
        size_t policy = der_open(d, DER_SEQUENCE);
        der_oid(d, words->items[i].text);
        der_close(d, policy);
    }
    der_close(d, policies);
    extension_close(d, marks);
    return 0;
}

static int write_key_usage(struct der *d, const struct extension_request *rq)
{
    extension_key_usage(d, rq->cert->is_critical[FIELD_KEY_USAGE], rq->cert->key_usage);
    return 0;
}

static int write_purposes(struct der *d, const struct extension_request *rq)
{
    const struct recipe_words *words = &rq->cert->words[FIELD_EXTENDED_KEY_USAGE];
    struct extension_marks marks =
        extension_open(d, "2.5.29.37", rq->cert->is_critical[FIELD_EXTENDED_KEY_USAGE]);
    size_t purposes = der_open(d, DER_SEQUENCE);
    for (size_t i = 0; i < words->count; i++) {
        der_oid(d, recipe_purpose_oid(words->items[i].text));
    }
    der_close(d, purposes);
    extension_close(d, marks);
    return 0;
}

// One DistributionPoint with a fullName per URL (RFC 5280 4.2.1.13).
static int write_crl(struct der *d, const struct extension_request *rq)
{
    const struct recipe_words *words = &rq->cert->words[FIELD_CRL];
    struct extension_marks marks = extension_open(d, "2.5.29.31", rq->cert->is_critical[FIELD_CRL]);
    size_t points = der_open(d, DER_SEQUENCE);
    for (size_t i = 0; i < words->count; i++) {
        size_t point = der_open(d, DER_SEQUENCE);
        size_t name = der_open(d, DER_CONTEXT_CONSTRUCTED + 0);
        size_t full_name = der_open(d, DER_CONTEXT_CONSTRUCTED + 0);
        der_value(d, DER_CONTEXT + GENERAL_URI, words->items[i].text);
        der_close(d, full_name);
        der_close(d, name);
        der_close(d, point);
    }
    der_close(d, points);
    extension_close(d, marks);
    return 0;
}

static void put_access(struct der *d, const char *method, const struct recipe_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        size_t description = der_open(d, DER_SEQUENCE);
        der_oid(d, span_text(method));
        der_value(d, DER_CONTEXT + GENERAL_URI, words->items[i].text);
        der_close(d, description);
    }
}

// AuthorityInfoAccess is one extension for two lines: 'ocsp' writes both, 'ca-issuers' only when
// there is no 'ocsp'.
static int write_access(struct der *d, const struct extension_request *rq)
{
    const struct recipe_cert *c = rq->cert;
    bool is_critical = c->is_critical[FIELD_OCSP] || c->is_critical[FIELD_CA_ISSUERS];
    struct extension_marks marks = extension_open(d, "1.3.6.1.5.5.7.1.1", is_critical);
    size_t descriptions = der_open(d, DER_SEQUENCE);
    put_access(d, "1.3.6.1.5.5.7.48.2", &c->words[FIELD_CA_ISSUERS]);
    put_access(d, "1.3.6.1.5.5.7.48.1", &c->words[FIELD_OCSP]);
    der_close(d, descriptions);
    extension_close(d, marks);
    return 0;
}

static int write_ca_issuers(struct der *d, const struct extension_request *rq)
{
    return rq->cert->given[FIELD_OCSP].file ? 0 : write_access(d, rq);
}

static int write_ca(struct der *d, const struct extension_request *rq)
{
    const struct recipe_cert *c = rq->cert;
    extension_basic_constraints(d, c->is_critical[FIELD_CA], c->is_ca, c->path_length);
    return 0;
}

static int (*const writers[FIELD_COUNT])(struct der *d, const struct extension_request *rq) = {
    [FIELD_AUTHORITY_KEY_ID] = write_authority_key_id,
    [FIELD_SUBJECT_KEY_ID] = write_subject_key_id,
    [FIELD_SAN] = write_san,
    [FIELD_POLICIES] = write_policies,
    [FIELD_KEY_USAGE] = write_key_usage,
    [FIELD_EXTENDED_KEY_USAGE] = write_purposes,
    [FIELD_CRL] = write_crl,
    [FIELD_OCSP] = write_access,
    [FIELD_CA_ISSUERS] = write_ca_issuers,
    [FIELD_CA] = write_ca,
};

int chain_write_extensions(const struct extension_request *rq, struct buf *out)
{
    struct der d = der_begin(out);
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (writers[field] && rq->cert->given[field].file) {
            TRY(writers[field](&d, rq));
        }
    }
    return d.code;
}
