// SPDX-License-Identifier: MIT
#include "certs/chain_extensions.h"
#include "base/error.h"
#include "base/text_code.h"

enum { GENERAL_DNS = 2, GENERAL_URI = 6, GENERAL_IP = 7 }; // RFC 5280 4.2.1.6

static struct span key_id_of(const struct recipe_key_id *given, const uint8_t *derived)
{
    return given->len > 0 ? span_of(given->bytes, given->len) : span_of(derived, KEY_ID_BYTES);
}

static int write_authority_key_id(struct der *d, const struct extension_request *rq)
{
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("2.5.29.35"), rq->cert->is_critical[FIELD_AUTHORITY_KEY_ID]);
    size_t sequence = der_open(d, DER_SEQUENCE);
    der_value(d, DER_CONTEXT + 0, key_id_of(&rq->cert->authority_key_id, rq->authority_key_id));
    der_close(d, sequence);
    extension_close(d, marks);
    return 0;
}

static int write_subject_key_id(struct der *d, const struct extension_request *rq)
{
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("2.5.29.14"), rq->cert->is_critical[FIELD_SUBJECT_KEY_ID]);
    der_value(d, DER_OCTET_STRING, key_id_of(&rq->cert->subject_key_id, rq->subject_key_id));
    extension_close(d, marks);
    return 0;
}

static int write_policies(struct der *d, const struct extension_request *rq)
{
    const struct recipe_words *words = &rq->cert->words[FIELD_POLICIES];
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("2.5.29.32"), rq->cert->is_critical[FIELD_POLICIES]);
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
    struct extension_marks marks = extension_open(d, SPAN_LITERAL("2.5.29.37"),
                                                  rq->cert->is_critical[FIELD_EXTENDED_KEY_USAGE]);
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
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("2.5.29.31"), rq->cert->is_critical[FIELD_CRL]);
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
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("1.3.6.1.5.5.7.1.1"), is_critical);
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

static int put_subtree(struct der *d, const struct recipe_subtree *tree,
                       const struct chain_request *rq)
{
    struct buf name HR_CLEANUP(buf_deinit);
    buf_init(&name, LINE_FILE_BYTES_MOST);
    TRY(recipe_expand(tree->name, rq->hub_host, &name));
    size_t subtree = der_open(d, DER_SEQUENCE);
    if (tree->is_address) {
        der_value(d, DER_CONTEXT + GENERAL_IP, span_of(tree->address, tree->address_len));
    } else {
        der_value(d, DER_CONTEXT + GENERAL_DNS, buf_span(&name));
    }
    der_close(d, subtree);
    return 0;
}

// One side of NameConstraints (RFC 5280 4.2.1.10), if the recipe says anything about it.
static int put_subtrees(struct der *d, const struct extension_request *rq, bool is_excluded)
{
    const struct recipe_words *words = &rq->cert->words[FIELD_NAME_CONSTRAINTS];
    bool is_open = false;
    size_t side = 0;
    for (size_t i = 0; i < words->count; i++) {
        struct recipe_subtree tree;
        if (!recipe_parse_subtree(words->items[i].text, &tree) || tree.is_excluded != is_excluded) {
            continue;
        }
        if (!is_open) {
            side = der_open(d, (uint8_t)(DER_CONTEXT_CONSTRUCTED + is_excluded));
            is_open = true;
        }
        TRY(put_subtree(d, &tree, rq->request));
    }
    if (is_open) {
        der_close(d, side);
    }
    return 0;
}

static int write_name_constraints(struct der *d, const struct extension_request *rq)
{
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("2.5.29.30"), rq->cert->is_critical[FIELD_NAME_CONSTRAINTS]);
    size_t constraints = der_open(d, DER_SEQUENCE);
    TRY(put_subtrees(d, rq, false));
    TRY(put_subtrees(d, rq, true));
    der_close(d, constraints);
    extension_close(d, marks);
    return 0;
}

// TLS feature status_request (RFC 7633 4).
static int write_must_staple(struct der *d, const struct extension_request *rq)
{
    struct extension_marks marks = extension_open(d, SPAN_LITERAL("1.3.6.1.5.5.7.1.24"),
                                                  rq->cert->is_critical[FIELD_MUST_STAPLE]);
    size_t features = der_open(d, DER_SEQUENCE);
    der_number(d, 5);
    der_close(d, features);
    extension_close(d, marks);
    return 0;
}

static int write_given(struct der *d, const struct recipe_extension *e)
{
    struct buf value HR_CLEANUP(buf_deinit);
    buf_init(&value, LINE_FILE_BYTES_MOST);
    TRY(hex_decode(e->hex, &value));
    struct extension_marks marks = extension_open(d, e->oid, e->is_critical);
    der_raw(d, buf_span(&value));
    extension_close(d, marks);
    return 0;
}

static int (*const writers[FIELD_COUNT])(struct der *d, const struct extension_request *rq) = {
    [FIELD_AUTHORITY_KEY_ID] = write_authority_key_id,
    [FIELD_SUBJECT_KEY_ID] = write_subject_key_id,
    [FIELD_SAN] = chain_write_san,
    [FIELD_POLICIES] = write_policies,
    [FIELD_KEY_USAGE] = write_key_usage,
    [FIELD_EXTENDED_KEY_USAGE] = write_purposes,
    [FIELD_CRL] = write_crl,
    [FIELD_OCSP] = write_access,
    [FIELD_CA_ISSUERS] = write_ca_issuers,
    [FIELD_CA] = write_ca,
    [FIELD_NAME_CONSTRAINTS] = write_name_constraints,
    [FIELD_MUST_STAPLE] = write_must_staple,
};

int chain_write_extensions(const struct extension_request *rq, struct buf *out)
{
    const struct recipe_cert *c = rq->cert;
    struct der d = der_begin(out);
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        int times = !writers[field] || !c->given[field].file ? 0 : c->is_doubled[field] ? 2 : 1;
        for (int i = 0; i < times; i++) {
            TRY(writers[field](&d, rq));
        }
    }
    for (size_t i = 0; i < c->extension_count; i++) {
        TRY(write_given(&d, &c->extensions[i]));
    }
    if (rq->filler_bytes > 0) {
        TRY(chain_write_filler(&d, rq));
    }
    return d.code;
}
