// SPDX-License-Identifier: MIT
#include "certs/chain.h"
#include "base/error.h"
#include "certs/chain_extensions.h"
#include "certs/stacks.h"
#include "certs/workshop.h"

#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_S = 60,
    DAY_S = 86400,
    YEAR_S = 365 * DAY_S,
    CHAIN_BYTES_MOST = 1 << 22,
    PAD_STEPS = 6
};

// One chain in the making. Only certs that are sent or trusted are made.
struct build {
    struct workshop *w;
    const struct recipe *recipe;
    const struct chain_request *request;
    struct key_wish wishes[RECIPE_CERTS_MOST];
    size_t wish_count;
    size_t wish_of[RECIPE_CERTS_MOST]; // by cert
    bool is_needed[RECIPE_CERTS_MOST]; // by cert
    struct buf der[RECIPE_CERTS_MOST]; // by cert; empty when not needed
};

// Keys
// ---------------------------------------------------------------------------------------------

static int wish_for(struct build *b, size_t cert)
{
    const struct recipe_cert *c = &b->recipe->certs[cert];
    size_t i = 0;
    while (i < b->wish_count && !(b->wishes[i].kind == c->key_kind &&
                                  span_equals_text(c->key_name, b->wishes[i].name))) {
        i++;
    }
    b->wish_of[cert] = i;
    if (i < b->wish_count) {
        return 0;
    }
    b->wish_count++;
    b->wishes[i].kind = c->key_kind;
    ENSURE(span_copy_text(c->key_name, b->wishes[i].name, sizeof b->wishes[i].name), ERR_VALUE);
    return 0;
}

static int load_keys(struct build *b)
{
    const struct recipe *r = b->recipe;
    for (size_t i = 0; i < r->send_count; i++) {
        b->is_needed[r->send[i]] = true;
    }
    for (size_t i = 0; i < r->trust_count; i++) {
        b->is_needed[r->trust[i]] = true;
    }
    for (size_t i = 0; i < r->cert_count; i++) {
        if (b->is_needed[i]) {
            TRY(wish_for(b, i));
            TRY(wish_for(b, r->certs[i].issuer));
        }
    }
    return key_cache_load(b->w->keys, b->wishes, b->wish_count);
}

static mbedtls_pk_context *key_of(struct build *b, size_t cert)
{
    return &b->wishes[b->wish_of[cert]].pk;
}

// Certificates
// -------------------------------------------------------------------------------------

static int write_name(const struct build *b, const struct recipe_name *name, struct buf *out)
{
    struct name_part parts[RECIPE_RDNS_MOST];
    struct buf text HR_CLEANUP(buf_deinit);
    size_t ends[RECIPE_RDNS_MOST];
    buf_init(&text, CERT_DER_BYTES_MOST);
    for (size_t i = 0; i < name->count; i++) {
        TRY(recipe_expand(name->parts[i].value, b->request->hub_host, &text));
        ends[i] = text.len;
    }
    for (size_t i = 0; i < name->count; i++) {
        size_t from = i > 0 ? ends[i - 1] : 0;
        parts[i] = name->parts[i];
        parts[i].value = span_slice(buf_span(&text), from, ends[i] - from);
    }
    return cert_write_name(parts, name->count, out);
}

static int64_t floor_to(int64_t s, int64_t unit_s)
{
    int64_t rest = s % unit_s;
    return s - (rest < 0 ? rest + unit_s : rest);
}

static int resolve_date(const struct recipe_date *date, int64_t utc_s, int64_t unit_s, int64_t *out)
{
    *out = date->s;
    if (!date->is_relative) {
        return 0;
    }
    if (__builtin_add_overflow(utc_s, date->s, out) || *out < INT64_MIN + DAY_S) {
        FAIL(ERR_VALUE, "the hub clock is too far from 1970 for a certificate's dates");
    }
    *out = floor_to(*out, unit_s);
    return 0;
}

// Whole days for what lives for years: such a certificate then is the same, byte for byte, all day
// long, and a device that was given this root an hour ago still has it.
static int resolve_dates(const struct recipe_cert *c, int64_t utc_s, struct cert_plan *plan)
{
    bool is_long = c->from.is_relative && c->to.is_relative && llabs(c->from.s) >= YEAR_S &&
                   llabs(c->to.s) >= YEAR_S;
    int64_t unit_s = is_long ? DAY_S : MINUTE_S;
    TRY(resolve_date(&c->from, utc_s, unit_s, &plan->from_s));
    return resolve_date(&c->to, utc_s, unit_s, &plan->to_s);
}

static int apply_patches(const struct recipe_cert *c, bool is_before_signing, struct buf *bytes)
{
    for (size_t i = 0; i < c->patch_count; i++) {
        const struct recipe_patch *patch = &c->patches[i];
        int code =
            patch->is_before_signing == is_before_signing ? patch_apply(&patch->patch, bytes) : 0;
        if (code == ERR_VALUE) {
            FAIL(ERR_VALUE, "%s:%d:%d: %s", patch->at.file, patch->at.line, patch->at.column,
                 error_detail());
        }
        TRY(code);
    }
    return 0;
}

static int patch_tbs(void *ctx, struct buf *tbs)
{
    return apply_patches(ctx, true, tbs);
}

struct filling {
    enum recipe_filler filler;
    size_t bytes;
    bool is_draft;
};

// One certificate, undamaged, with so many bytes of filler in it.
static int write_filled(struct build *b, size_t cert, struct filling filling, struct buf *out)
{
    const struct recipe_cert *c = &b->recipe->certs[cert];
    bool has_issuer_name = c->given[FIELD_ISSUER_NAME].file != NULL;
    struct buf subject HR_CLEANUP(buf_deinit);
    struct buf issuer HR_CLEANUP(buf_deinit);
    struct buf extensions HR_CLEANUP(buf_deinit);
    buf_init(&subject, CERT_DER_BYTES_MOST);
    buf_init(&issuer, CERT_DER_BYTES_MOST);
    buf_init(&extensions, CERT_DER_BYTES_MOST);
    struct extension_request rq = {
        .cert = c, .request = b->request, .filler = filling.filler, .filler_bytes = filling.bytes};
    TRY(write_name(b, &c->subject, &subject));
    TRY(write_name(b,
                   has_issuer_name ? &c->issuer_name_given : &b->recipe->certs[c->issuer].subject,
                   &issuer));
    TRY(cert_key_id(key_of(b, cert), rq.subject_key_id));
    TRY(cert_key_id(key_of(b, c->issuer), rq.authority_key_id));
    TRY(chain_write_extensions(&rq, &extensions));
    struct cert_plan plan = {
        .version = c->version,
        .subject = buf_span(&subject),
        .issuer = buf_span(&issuer),
        .subject_key = key_of(b, cert),
        .issuer_key = key_of(b, c->issuer),
        .signing = c->signing,
        .inner_signing = c->given[FIELD_INNER_HASH].file ? &c->inner_signing : NULL,
        .serial = span_of(c->serial, c->serial_len_bytes),
        .is_serial_raw = c->is_serial_raw,
        .serial_made_bytes = c->is_serial_made ? c->serial_len_bytes : 0,
        .time_form = c->date_form,
        .extensions = buf_span(&extensions),
        .is_draft = filling.is_draft,
        .edit = c->patch_count > 0 ? patch_tbs : NULL,
        .edit_ctx = (void *)(uintptr_t)c,
    };
    TRY(resolve_dates(c, b->request->utc_s, &plan));
    buf_clear(out);
    return cert_write(&plan, &b->w->random.drbg, out);
}

// Fill up to `padding->to_bytes`. The length of lengths moves while the filler grows, so the size
// is reached in a few steps; what is smaller than an extension's frame stays missing.
static int write_padded(struct build *b, size_t cert, const struct recipe_padding *padding)
{
    struct buf *out = &b->der[cert];
    struct filling filling = {.filler = padding->filler, .is_draft = true};
    const struct recipe_cert *c = &b->recipe->certs[cert];
    if (padding->filler == FILLER_SAN && !c->given[FIELD_SAN].file) {
        FAIL(ERR_VALUE, "chain %s: 'pad-to' with san needs a 'san' line in cert '%.*s'",
             b->recipe->name, SPAN_ARG(c->name));
    }
    TRY(write_filled(b, cert, filling, out));
    if (out->len > padding->to_bytes) {
        FAIL(ERR_VALUE, "chain %s: cert '%.*s' has %zu bytes before it is padded to %zu",
             b->recipe->name, SPAN_ARG(c->name), out->len, padding->to_bytes);
    }
    for (int step = 0; step < PAD_STEPS && out->len != padding->to_bytes; step++) {
        size_t grown = filling.bytes + padding->to_bytes;
        filling.bytes = grown > out->len ? grown - out->len : 1;
        TRY(write_filled(b, cert, filling, out));
    }
    filling.is_draft = false;
    return write_filled(b, cert, filling, out);
}

static int build_cert(struct build *b, size_t cert)
{
    const struct recipe_cert *c = &b->recipe->certs[cert];
    TRY(c->padding.to_bytes > 0 ? write_padded(b, cert, &c->padding)
                                : write_filled(b, cert, (struct filling){0}, &b->der[cert]));
    return apply_patches(c, false, &b->der[cert]);
}

// The handshake message: its header, the list's length, a length before each certificate.
static size_t message_bytes(const struct build *b)
{
    size_t bytes = 4 + 3;
    for (size_t i = 0; i < b->recipe->send_count; i++) {
        bytes += 3 + b->der[b->recipe->send[i]].len;
    }
    return bytes;
}

// The first certificate takes what the message lacks.
static int pad_message(struct build *b)
{
    const struct recipe *r = b->recipe;
    struct recipe_padding padding = r->padding;
    size_t leaf = r->send[0], message = message_bytes(b);
    if (message > padding.to_bytes) {
        FAIL(ERR_VALUE,
             "chain %s: the Certificate message has %zu bytes before it is padded to %zu", r->name,
             message, padding.to_bytes);
    }
    padding.to_bytes = b->der[leaf].len + padding.to_bytes - message;
    TRY(write_padded(b, leaf, &padding));
    return apply_patches(&r->certs[leaf], false, &b->der[leaf]);
}

static int put_sent(const struct build *b, struct chain *out)
{
    const struct recipe *r = b->recipe;
    for (size_t i = 0; i < r->send_count; i++) {
        struct span der = buf_span(&b->der[r->send[i]]);
        TRY(buf_append(&out->der, der));
        TRY(cert_write_pem(der, &out->sent_pem));
        out->sent_der[i].len = der.len;
    }
    size_t at = 0;
    for (size_t i = 0; i < r->send_count; i++) {
        out->sent_der[i].ptr = out->der.data + at; // only now does the buffer stay where it is
        at += out->sent_der[i].len;
    }
    out->sent_count = r->send_count;
    return 0;
}

static int expand_facts(const struct chain_facts *facts, const char *hub_host,
                        struct chain_facts *out)
{
    struct buf host HR_CLEANUP(buf_deinit);
    buf_init(&host, LINE_FILE_BYTES_MOST);
    *out = *facts;
    TRY(recipe_expand(span_text(facts->device_host), hub_host, &host));
    if (host.len > 0) {
        TRY(chain_check_host("device-host", buf_text(&host)));
    }
    span_copy_text(buf_span(&host), out->device_host, sizeof out->device_host);
    return 0;
}

// An installation without the table is no less able to make chains.
static int note_accepting(const char *name, struct chain *out)
{
    static const char folder[] = "catalogue/";
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, sizeof out->accepted_by - 1);
    if (strncmp(name, folder, strlen(folder)) != 0) {
        return 0;
    }
    int code = stacks_accepting(name + strlen(folder), &text);
    span_copy_text(buf_span(&text), out->accepted_by, sizeof out->accepted_by);
    return code == ERR_NO_FILE ? 0 : code;
}

static int build_chain(struct build *b, struct chain *out)
{
    const struct recipe *r = b->recipe;
    TRY(load_keys(b));
    for (size_t i = 0; i < r->cert_count; i++) {
        TRY(b->is_needed[i] ? build_cert(b, i) : 0);
    }
    TRY(r->padding.to_bytes > 0 ? pad_message(b) : 0);
    TRY(put_sent(b, out));
    for (size_t i = 0; i < r->trust_count; i++) {
        TRY(cert_write_pem(buf_span(&b->der[r->trust[i]]), &out->root_pem));
    }
    TRY(buf_reserve(&out->key_pem, KEY_PEM_BYTES_MOST));
    memcpy(out->name, r->name, sizeof out->name);
    memcpy(out->about, r->facts.about, sizeof out->about);
    TRY(expand_facts(&r->facts, b->request->hub_host, &out->facts));
    TRY(note_accepting(r->name, out));
    return key_write_pem(key_of(b, r->send[0]), &out->key_pem);
}

static int make_of_recipe(struct workshop *w, const struct recipe *recipe,
                          const struct chain_request *request, struct chain *out)
{
    struct build *b = calloc(1, sizeof *b);
    ENSURE(b != NULL, ERR_NO_MEMORY);
    b->w = w;
    b->recipe = recipe;
    b->request = request;
    for (size_t i = 0; i < RECIPE_CERTS_MOST; i++) {
        buf_init(&b->der[i], CERT_DER_BYTES_MOST);
        mbedtls_pk_init(&b->wishes[i].pk);
    }
    int code = build_chain(b, out);
    key_wishes_free(b->wishes, b->wish_count);
    for (size_t i = 0; i < RECIPE_CERTS_MOST; i++) {
        buf_deinit(&b->der[i]);
    }
    free(b);
    return code;
}

// The API
// ------------------------------------------------------------------------------------------

static int fail_with(const struct diag_list *diags)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    TRY(diag_print(diags, &text));
    FAIL(ERR_SYNTAX, "%.*s", SPAN_ARG(span_trim(buf_span(&text))));
}

static int read_recipe(struct workshop *w, const char *name, struct recipe **out)
{
    struct diag_list diags;
    diag_init(&diags);
    int code = workshop_read_recipe(w, name, out, &diags);
    code = code == ERR_SYNTAX ? fail_with(&diags) : code;
    diag_deinit(&diags);
    return code;
}

int chain_make(struct workshop *w, const char *name, const struct chain_request *request,
               struct chain *out)
{
    *out = (struct chain){0};
    TRY(chain_check_host("hub host name", request->hub_host));
    struct recipe *recipe = NULL;
    TRY(read_recipe(w, name, &recipe));
    buf_init(&out->sent_pem, CHAIN_BYTES_MOST);
    buf_init(&out->root_pem, CHAIN_BYTES_MOST);
    buf_init(&out->key_pem, KEY_PEM_BYTES_MOST);
    buf_init(&out->der, CHAIN_BYTES_MOST);
    int code = make_of_recipe(w, recipe, request, out);
    recipe_free(recipe);
    if (code < 0) {
        chain_deinit(out);
    }
    return code;
}

void chain_deinit(struct chain *chain)
{
    buf_wipe(&chain->key_pem);
    buf_deinit(&chain->sent_pem);
    buf_deinit(&chain->root_pem);
    buf_deinit(&chain->der);
    *chain = (struct chain){0};
}

int chain_read_facts(struct workshop *w, const char *name, const char *hub_host,
                     struct chain_facts *out)
{
    struct recipe *recipe = NULL;
    *out = (struct chain_facts){0};
    TRY(chain_check_host("hub host name", hub_host));
    TRY(read_recipe(w, name, &recipe));
    int code = expand_facts(&recipe->facts, hub_host, out);
    recipe_free(recipe);
    return code;
}

int chain_check(struct workshop *w, const char *name, struct diag_list *diags)
{
    struct recipe *recipe = NULL;
    int code = workshop_read_recipe(w, name, &recipe, diags);
    recipe_free(recipe);
    return code;
}
