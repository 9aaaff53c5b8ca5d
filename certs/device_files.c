// SPDX-License-Identifier: MIT
#include "certs/device_files.h"
#include "base/error.h"
#include "certs/cert_write.h"
#include "certs/credential_parts.h"

#include <stdio.h>
#include <string.h>

const char *const device_kind_words[DEVICE_KIND_COUNT] = {
#define X(kind, word, meaning) [kind] = word,
    DEVICE_KIND_TABLE(X)
#undef X
};
const char *const device_kind_meanings[DEVICE_KIND_COUNT] = {
#define X(kind, word, meaning) [kind] = meaning,
    DEVICE_KIND_TABLE(X)
#undef X
};

enum { DAY_S = 86400, OWN = 0, OTHER, KEY_COUNT };

struct maker {
    struct workshop *w;
    const struct device_wish *wish;
    struct key_wish keys[KEY_COUNT];
    struct device_ca ca;
    struct buf name; // DER
    struct buf der;
    struct device_files *out;
};

static bool has_ca(enum credential_kind kind)
{
    return kind == DEVICE_CA_SIGNED || kind == DEVICE_WRONG_CN || kind == DEVICE_CA_AS_DEVICE;
}

// Names and keys ---------------------------------------------------------------------------------

static int check_ids(const struct device_wish *wish)
{
    struct span module = SPAN_EMPTY;
    struct span device = span_cut(span_text(wish->id), '/', &module);
    if (wish->kind == DEVICE_MODULE && !module.ptr) {
        FAIL(ERR_VALUE, "'%.140s': a module's id is DEVICE/MODULE", wish->id);
    }
    if (wish->kind != DEVICE_MODULE && module.ptr) {
        FAIL(ERR_VALUE, "device id '%.140s' has a slash; DEVICE/MODULE goes with the kind 'module'",
             wish->id);
    }
    TRY(credential_check_id("device id", device));
    return module.ptr ? credential_check_id("module id", module) : 0;
}

static int load_keys(struct maker *m)
{
    struct key_wish *keys = m->keys;
    keys[OWN].kind = m->wish->key;
    keys[OTHER].kind = m->wish->key;
    TRY(credential_key_name(m->wish->id, keys[OWN].name));
    snprintf(keys[OTHER].name, sizeof keys[OTHER].name, "other+device");
    // an RSA key takes long enough not to make one that nobody looks at
    size_t count = m->wish->kind == DEVICE_KEY_MISMATCH ? KEY_COUNT : OTHER;
    return key_cache_load(m->w->devices, keys, count);
}

static int write_names(struct maker *m)
{
    snprintf(m->out->common_name, sizeof m->out->common_name, "%s%s", m->wish->id,
             m->wish->kind == DEVICE_WRONG_CN ? "-other" : "");
    if (m->wish->kind == DEVICE_CA_AS_DEVICE) {
        snprintf(m->out->common_name, sizeof m->out->common_name, DEVICE_CA_ROOT_NAME);
    }
    return credential_write_cn(span_text(m->out->common_name), &m->name);
}

// Certificates -----------------------------------------------------------------------------------

static int write_own(struct maker *m)
{
    if (m->wish->kind == DEVICE_CA_AS_DEVICE) {
        return buf_append(&m->der, buf_span(&m->ca.der[DEVICE_CA_ROOT]));
    }
    int64_t today_s = credential_midnight(m->wish->utc_s);
    int64_t back_s = m->wish->kind == DEVICE_EXPIRED ? 365 * (int64_t)DAY_S : 0;
    bool has_issuer = has_ca(m->wish->kind);
    struct credential_plan plan = {
        .subject = buf_span(&m->name),
        .issuer = buf_span(has_issuer ? &m->ca.names[DEVICE_CA_ISSUING] : &m->name),
        .subject_key = &m->keys[OWN].pk,
        .issuer_key = has_issuer ? &m->ca.keys[DEVICE_CA_ISSUING].pk : &m->keys[OWN].pk,
        .from_s = today_s - DAY_S - back_s,
        .to_s = today_s + 364 * (int64_t)DAY_S - back_s,
    };
    return credential_write(m->w, &plan, &m->der);
}

static int put_certs(struct maker *m)
{
    struct device_files *out = m->out;
    struct span der = buf_span(&m->der);
    TRY(cert_write_pem(der, &out->cert_pem));
    TRY(credential_thumbprints(der, out->sha1_hex, out->sha256_hex));
    if (!has_ca(m->wish->kind)) {
        return 0;
    }
    TRY(cert_write_pem(buf_span(&m->ca.der[DEVICE_CA_ROOT]), &out->ca_pem));
    TRY(cert_write_pem(der, &out->chain_pem));
    return m->wish->kind == DEVICE_CA_AS_DEVICE
               ? 0
               : cert_write_pem(buf_span(&m->ca.der[DEVICE_CA_ISSUING]), &out->chain_pem);
}

static int make(struct maker *m)
{
    const struct device_wish *wish = m->wish;
    mbedtls_pk_context *key = &m->keys[wish->kind == DEVICE_KEY_MISMATCH ? OTHER : OWN].pk;
    if (wish->kind == DEVICE_CA_AS_DEVICE) {
        key = &m->ca.keys[DEVICE_CA_ROOT].pk;
    }
    TRY(load_keys(m));
    TRY(write_names(m));
    TRY(write_own(m));
    TRY(put_certs(m));
    return key_form_write(key, wish->form, wish->password, &m->w->random.drbg,
                          &m->out->key_pem);
}

int device_files_make(struct workshop *w, const struct device_wish *wish, struct device_files *out)
{
    *out = (struct device_files){0};
    TRY(check_ids(wish));
    TRY(credential_check_clock(wish->utc_s));
    struct maker m = {.w = w, .wish = wish, .out = out};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        mbedtls_pk_init(&m.keys[i].pk);
    }
    buf_init(&m.der, CERT_DER_BYTES_MOST);
    buf_init(&m.name, CERT_DER_BYTES_MOST);
    buf_init(&out->cert_pem, CERT_DER_BYTES_MOST);
    buf_init(&out->chain_pem, CERT_DER_BYTES_MOST);
    buf_init(&out->ca_pem, CERT_DER_BYTES_MOST);
    buf_init(&out->key_pem, 2 * KEY_PEM_BYTES_MOST);
    int code = device_ca_open(w, &m.ca);
    if (code == 0) {
        code = make(&m);
        device_ca_close(&m.ca);
    }
    key_wishes_free(m.keys, KEY_COUNT);
    buf_deinit(&m.name);
    buf_deinit(&m.der);
    if (code < 0) {
        device_files_deinit(out);
    }
    return code;
}

void device_files_deinit(struct device_files *files)
{
    buf_deinit(&files->cert_pem);
    buf_deinit(&files->chain_pem);
    buf_deinit(&files->ca_pem);
    buf_wipe(&files->key_pem);
    *files = (struct device_files){0};
}
