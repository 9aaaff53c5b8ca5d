// SPDX-License-Identifier: MIT
// From inputs to certificates, keys, strings and settings.
#include "base/error.h"
#include "certs/doctor/case.h"
#include "certs/doctor/der_read.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(void)
{
    FAIL(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
}

// Keep `item`, which the doctor owns from here on in every case but an error.
static int keep(void *list, size_t *count, void *item)
{
    char *items = NULL; // moved as bytes: the lists have different types
    memcpy(&items, list, sizeof items);
    if (*count % 16 == 0) {
        items = realloc(items, (*count + 16) * sizeof item);
        if (!items) {
            return out_of_memory();
        }
        memcpy(list, &items, sizeof items);
    }
    memcpy(items + (*count)++ * sizeof item, &item, sizeof item);
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool has_one_of(const char *name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (name_has_word(name, words[i])) {
            return true;
        }
    }
    return false;
}

static enum role hint_of(const char *name)
{
    static const char *const trust[] = {
        "ca",     "cacert", "cacerts", "cafile",     "root",   "roots",    "trust",    "trusted",
        "bundle", "anchor", "anchors", "truststore", "server", "digicert", "baltimore"};
    static const char *const device[] = {"client", "device", "dev", "thing", "identity"};
    bool is_trust = has_one_of(name, trust, HR_COUNT_OF(trust));
    bool is_device = has_one_of(name, device, HR_COUNT_OF(device));
    return is_trust == is_device ? ROLE_UNKNOWN : is_trust ? ROLE_TRUST : ROLE_DEVICE;
}

static int add_cert(struct doctor *d, struct piece *p, struct span der, size_t at,
                    struct cert **out)
{
    struct cert *cert = cert_read(d, der);
    TRY(d->code);
    int code = keep(&d->certs, &d->cert_count, cert);
    if (code < 0) {
        cert_free(cert);
        return code;
    }
    cert->piece = p;
    cert->at = case_place(p, at);
    *out = cert;
    return 0;
}

static int add_key(struct doctor *d, struct piece *p, const struct pem_block *b, struct span der,
                   size_t at)
{
    struct key *key = key_read(d, b ? b->label : SPAN_EMPTY, der, b && b->is_encrypted);
    TRY(d->code);
    int code = keep(&d->keys, &d->key_count, key);
    if (code < 0) {
        key_free(key);
        return code;
    }
    key->piece = p;
    key->at = case_place(p, at);
    p->holds_key = p->holds_key || key->content <= CONTENT_OPENSSH;
    return 0;
}

static int gather_block(struct doctor *d, struct piece *p, const struct pem_block *b)
{
    static const unsigned broken =
        1u << FORM_NO_END | 1u << FORM_BAD_CHARACTER | 1u << FORM_SHORT_BODY;
    struct cert *cert = NULL;
    if (b->forms & 1u << FORM_PLACEHOLDER) {
        return 0;
    }
    if (pem_is_certificate(b)) {
        TRY(add_cert(d, p, buf_span(&b->bytes), b->begin, &cert));
        cert->is_damaged = b->forms & broken;
        return 0;
    }
    bool is_key = text_has_nocase(b->label, "KEY") || text_has_nocase(b->label, "REQUEST");
    return is_key ? add_key(d, p, b, buf_span(&b->bytes), b->begin) : 0;
}

// Does an X.509 certificate start here? SEQUENCE { SEQUENCE { [0] ... or INTEGER, ... } SEQUENCE }
static bool looks_like_cert(struct span der)
{
    struct der_item outer;
    struct der_item tbs;
    struct der_item first;
    if (!der_next(&der, &outer) || outer.tag != 0x30 || !der_next(&outer.value, &tbs) ||
        tbs.tag != 0x30 || !der_next(&tbs.value, &first)) {
        return false;
    }
    return outer.value.len > 0 && outer.value.ptr[0] == 0x30 &&
           (first.tag == 0xa0 || first.tag == 0x02);
}

// One DER value after the other, without anything between.
static int gather_der(struct doctor *d, struct piece *p)
{
    struct span rest = p->view.text;
    bool is_glued = false;
    while (der_claimed_bytes(rest) > 0 && der_claimed_bytes(rest) <= rest.len) {
        struct span one = span_slice(rest, 0, der_claimed_bytes(rest));
        size_t at = (size_t)(rest.ptr - p->view.text.ptr);
        if (looks_like_cert(one)) {
            struct cert *cert = NULL;
            TRY(add_cert(d, p, one, at, &cert));
            cert->is_glued = is_glued;
        } else if (!is_glued) {
            TRY(add_key(d, p, NULL, one, at));
        }
        is_glued = true;
        rest = span_from(rest, one.len);
    }
    return 0;
}

// A dump: DER certificates wherever they stand.
static int gather_binary(struct doctor *d, struct piece *p)
{
    struct span s = p->view.text;
    for (size_t at = 0; at + 64 < s.len; at++) {
        struct span here = span_from(s, at);
        bool may_be = here.ptr[0] == 0x30 && here.ptr[1] == 0x82 && here.ptr[4] == 0x30;
        size_t len = may_be ? der_claimed_bytes(here) : 0;
        if (len == 0 || len > here.len || !looks_like_cert(span_slice(here, 0, len))) {
            continue;
        }
        struct cert *cert = NULL;
        TRY(add_cert(d, p, span_slice(here, 0, len), at, &cert));
        at += len - 1;
    }
    return 0;
}

static int add_piece(struct doctor *d, const struct input *input, struct text_view view)
{
    struct piece *p = calloc(1, sizeof *p);
    if (!p) {
        return out_of_memory();
    }
    p->input = input;
    p->view = view;
    enum role by_symbol = hint_of(view.symbol);
    p->hint = by_symbol != ROLE_UNKNOWN ? by_symbol : hint_of(base_name(input->name));
    int code = pem_read(&p->view, &p->pem);
    code = code < 0 ? code : keep(&d->pieces, &d->piece_count, p);
    if (code < 0) {
        pem_deinit(&p->pem);
        free(p);
        return code;
    }
    for (size_t i = 0; i < p->pem.count; i++) {
        TRY(gather_block(d, p, &p->pem.blocks[i]));
    }
    bool is_der = view.text.len > 32 && view.text.ptr[0] == 0x30 && view.text.ptr[1] >= 0x81;
    if (is_der && p->pem.count == 0) {
        return gather_der(d, p);
    }
    return input->kind == INPUT_BINARY ? gather_binary(d, p) : 0;
}

// Not a format ("HostName=%s;"), a half ("...SharedAccessKey=" MACRO) or a sentence about strings.
static bool is_connection_literal(struct span text)
{
    struct span start = span_slice(text, 0, 16);
    bool is_begun = text_has_nocase(start, "HostName=") || text_has_nocase(start, "DeviceId=") ||
                    text_has_nocase(start, "SharedAccessKe");
    return is_begun && text.len > 24 && text_has_nocase(text, "HostName=") &&
           !text_has(text, "%s") && !span_ends_with(text, SPAN_LITERAL("Key="));
}

static int gather_literal(struct doctor *d, const struct input *input, const struct literal *l)
{
    struct span text = buf_span(&l->text);
    struct text_view view = {
        .file = input->name,
        .symbol = l->symbol,
        .text = text,
        .lines = (const uint32_t *)(const void *)l->lines.data,
        .is_literal = !l->is_array,
        .is_array = l->is_array,
    };
    struct doctor_place at = {input->name, l->line};
    if (text.len == 0) {
        return 0;
    }
    bool has_pem = text_has_nocase(text, "-BEGIN ") || text_has(text, "CERTIFICATE-----");
    bool is_der = l->is_array && text.ptr[0] == 0x30 && text.ptr[1] >= 0x81 &&
                  der_claimed_bytes(text) > 32 && der_claimed_bytes(text) <= text.len;
    if (has_pem || is_der) {
        return add_piece(d, input, view);
    }
    if (is_connection_literal(text)) {
        return connection_read(d, at, l->symbol, text);
    }
    if (text.len > 40 && text_has(text, "SharedAccessSignature ") && !text_has(text, "%s")) {
        return token_read(d, at, l->symbol, text);
    }
    return 0;
}

static int gather_source(struct doctor *d, struct input *input)
{
    TRY(literal_read(buf_span(&input->bytes), &input->literals));
    for (size_t i = 0; i < input->literals.count; i++) {
        TRY(gather_literal(d, input, &input->literals.items[i]));
    }
    return settings_read(d, input);
}

// A connection string or token alone in a file may end with a line feed.
static struct span without_final_newline(const struct input *input)
{
    struct span s = buf_span(&input->bytes);
    bool has_one = !input->is_text && s.len && s.ptr[s.len - 1] == '\n';
    return has_one ? span_slice(s, 0, s.len - 1) : s;
}

int gather_input(struct doctor *d, struct input *input)
{
    struct text_view view = {.file = input->name, .symbol = "", .text = buf_span(&input->bytes)};
    struct doctor_place at = {input->name, input->is_text ? 0 : 1};
    view.is_array = input->kind == INPUT_BINARY || input->kind == INPUT_DER;
    switch (input->kind) {
    case INPUT_PEM:
    case INPUT_DER:
    case INPUT_BINARY:
        return add_piece(d, input, view);
    case INPUT_SOURCE:
        return gather_source(d, input);
    case INPUT_CONFIG:
        return settings_read(d, input);
    case INPUT_CONNECTION:
        return connection_read(d, at, "", without_final_newline(input));
    case INPUT_TOKEN:
        return token_read(d, at, "", without_final_newline(input));
    case INPUT_PKCS12:
    case INPUT_ID_SCOPE:
    case INPUT_LOG:
    case INPUT_NOTHING:
        break;
    }
    return 0;
}

// Its own key was given, in whatever file.
static bool has_key(const struct doctor *d, const struct cert *cert)
{
    for (size_t i = 0; i < d->key_count; i++) {
        if (key_fits(d->keys[i], cert)) {
            return true;
        }
    }
    return false;
}

static bool is_of_server(const struct cert *cert)
{
    return (cert->has_server_auth && !cert->has_client_auth) ||
           text_has(span_text(cert->name), "azure-devices");
}

static enum role role_by_content(const struct doctor *d, const struct cert *cert)
{
    if (!cert->is_parsed) {
        return ROLE_TRUST;
    }
    if (!cert->is_ca) {
        return is_of_server(cert) && !has_key(d, cert) ? ROLE_TRUST : ROLE_DEVICE;
    }
    return has_key(d, cert) ? ROLE_DEVICE : ROLE_TRUST;
}

// All certificates of one piece, from its first one on.
static void give_roles(struct doctor *d, size_t begin, size_t end)
{
    struct cert *own = d->certs[begin];
    enum role role = own->piece->hint;
    role = role == ROLE_UNKNOWN ? role_by_content(d, own) : role;
    if (role == ROLE_TRUST && !own->is_ca && own->is_parsed && has_key(d, own)) {
        role = ROLE_DEVICE;
    }
    for (size_t i = begin; i < end && role == ROLE_DEVICE; i++) {
        bool is_later_leaf = own->is_ca && d->certs[i]->is_parsed && !d->certs[i]->is_ca;
        own = is_later_leaf ? d->certs[i] : own;
    }
    for (size_t i = begin; i < end; i++) {
        struct cert *c = d->certs[i];
        c->role = role != ROLE_DEVICE ? role : c == own ? ROLE_DEVICE : ROLE_CHAIN;
        for (size_t k = begin; k < i; k++) {
            c->is_twice = c->is_twice || memcmp(c->sha256, d->certs[k]->sha256, 32) == 0;
        }
    }
}

static void gather_names(struct doctor *d)
{
    d->host = span_text(d->settings.hub_host);
    d->device = span_text(d->settings.device_id);
    for (size_t i = 0; i < d->connection_count; i++) {
        d->host = d->host.len ? d->host : d->connections[i]->host;
        d->device = d->device.len ? d->device : d->connections[i]->device;
    }
    d->cloud = d->settings.cloud;
    if (d->cloud == CLOUD_ANY) {
        d->cloud = cloud_of_host(d->host);
    }
    for (size_t i = 0; i < d->token_count && d->cloud == CLOUD_ANY; i++) {
        d->cloud = cloud_of_host(d->tokens[i]->sr);
    }
    for (size_t i = 0; i < d->setting_count && d->cloud == CLOUD_ANY; i++) {
        d->cloud = cloud_of_host(d->settings_read[i]->value);
    }
    d->cloud = d->cloud == CLOUD_ANY ? CLOUD_PUBLIC : d->cloud;
}

void gather_roles(struct doctor *d)
{
    size_t begin = 0;
    gather_names(d);
    for (size_t i = 1; i <= d->cert_count; i++) {
        if (i == d->cert_count || d->certs[i]->piece != d->certs[begin]->piece) {
            give_roles(d, begin, i);
            begin = i;
        }
    }
}

static int keep_text_item(void *list, size_t *count, const void *item, size_t size_bytes)
{
    void *copy = malloc(size_bytes);
    if (!copy) {
        return out_of_memory();
    }
    memcpy(copy, item, size_bytes);
    int code = keep(list, count, copy);
    if (code < 0) {
        free(copy);
    }
    return code;
}

int case_keep_connection(struct doctor *d, const struct connection *c)
{
    return keep_text_item(&d->connections, &d->connection_count, c, sizeof *c);
}

int case_keep_token(struct doctor *d, const struct token *t)
{
    return keep_text_item(&d->tokens, &d->token_count, t, sizeof *t);
}

int case_keep_setting(struct doctor *d, const struct setting *s)
{
    return keep_text_item(&d->settings_read, &d->setting_count, s, sizeof *s);
}
