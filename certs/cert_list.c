// SPDX-License-Identifier: MIT
#include "certs/cert_list.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/text_code.h"
#include "base/when.h"
#include "certs/cert_write.h"
#include "certs/recipe.h"

#include <arpa/inet.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cert_list_init(struct cert_list *list)
{
    *list = (struct cert_list){0};
}

static void free_facts(struct cert_facts *f)
{
    mbedtls_x509_crt_free(&f->crt);
    buf_deinit(&f->der);
    buf_deinit(&f->names);
    free(f);
}

void cert_list_deinit(struct cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free_facts(list->items[i]);
    }
    free(list->items);
    cert_list_init(list);
}

// Facts of one certificate -----------------------------------------------------------------------

// What goes to a terminal or a file for people: no control characters.
static void keep_printable(char *text)
{
    for (; *text; text++) {
        *text = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
    }
}

static void put_name(const mbedtls_x509_name *name, char *whole, size_t whole_bytes, char *cn,
                     size_t cn_bytes)
{
    if (mbedtls_x509_dn_gets(whole, whole_bytes, name) < 0) {
        snprintf(whole, whole_bytes, "(a name of more than %zu bytes)", whole_bytes - 1);
    }
    keep_printable(whole);
    span_copy_text(span_text(whole), cn, cn_bytes);
    for (const mbedtls_x509_name *part = name; part; part = part->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0) {
            span_copy_text(span_of(part->val.p, part->val.len), cn, cn_bytes);
            keep_printable(cn);
        }
    }
    if (cn[0] == '\0') {
        span_copy_text(SPAN_LITERAL("(no name)"), cn, cn_bytes);
    }
}

static int64_t to_utc(const mbedtls_x509_time *t)
{
    struct civil_date date = {t->year, t->mon, t->day, t->hour, t->min, t->sec};
    return utc_from_civil(&date);
}

static void put_key(struct cert_facts *f)
{
    static const struct {
        mbedtls_ecp_group_id id;
        const char *word;
    } curves[] = {
        {MBEDTLS_ECP_DP_SECP256R1, "P-256"},
        {MBEDTLS_ECP_DP_SECP384R1, "P-384"},
        {MBEDTLS_ECP_DP_SECP521R1, "P-521"},
    };
    size_t bits = mbedtls_pk_get_bitlen(&f->crt.pk);
    if (mbedtls_pk_get_type(&f->crt.pk) == MBEDTLS_PK_RSA) {
        snprintf(f->key, sizeof f->key, "RSA-%zu", bits);
        return;
    }
    snprintf(f->key, sizeof f->key, "EC-%zu", bits);
    for (size_t i = 0; i < HR_COUNT_OF(curves); i++) {
        if (mbedtls_pk_ec(f->crt.pk)->grp.id == curves[i].id) {
            snprintf(f->key, sizeof f->key, "%s", curves[i].word);
        }
    }
}

static void put_hash(struct cert_facts *f)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(f->crt.sig_md);
    const char *name = md ? mbedtls_md_get_name(md) : "?";
    bool is_sha = strncmp(name, "SHA", 3) == 0;
    snprintf(f->hash, sizeof f->hash, "%s%s", is_sha ? "SHA-" : name, is_sha ? name + 3 : "");
}

static int put_text(struct span bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        bool is_plain = bytes.ptr[i] > 0x20 && bytes.ptr[i] < 0x7f;
        TRY(buf_append_u8(out, is_plain ? bytes.ptr[i] : '?'));
    }
    return 0;
}

// GeneralName's tags (RFC 5280 4.2.1.6).
static int put_alt_name(const mbedtls_x509_buf *san, struct buf *out)
{
    enum { MAIL = 1, DNS = 2, URI = 6, IP = 7 };
    char address[INET6_ADDRSTRLEN];
    struct span value = span_of(san->p, san->len);
    int tag = san->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    if (tag == IP && (value.len == 4 || value.len == 16)) {
        inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.ptr, address, sizeof address);
        return buf_printf(out, "ip:%s\n", address);
    }
    if (tag != MAIL && tag != DNS && tag != URI) {
        return buf_printf(out, "type%d:(%zu bytes)\n", tag, value.len);
    }
    TRY(buf_append_text(out, tag == DNS ? "dns:" : tag == URI ? "uri:" : "email:"));
    TRY(put_text(value, out));
    return buf_append_u8(out, '\n');
}

static void add_word(char *out, size_t out_bytes, const char *word)
{
    size_t len = strlen(out);
    snprintf(out + len, out_bytes - len, "%s%s", len ? " " : "", word);
}

static void put_usages(struct cert_facts *f)
{
    static const struct {
        unsigned bit;
        const char *word;
    } rows[] = {
        {MBEDTLS_X509_KU_DIGITAL_SIGNATURE, "digitalSignature"},
        {MBEDTLS_X509_KU_NON_REPUDIATION, "nonRepudiation"},
        {MBEDTLS_X509_KU_KEY_ENCIPHERMENT, "keyEncipherment"},
        {MBEDTLS_X509_KU_DATA_ENCIPHERMENT, "dataEncipherment"},
        {MBEDTLS_X509_KU_KEY_AGREEMENT, "keyAgreement"},
        {MBEDTLS_X509_KU_KEY_CERT_SIGN, "keyCertSign"},
        {MBEDTLS_X509_KU_CRL_SIGN, "cRLSign"},
        {MBEDTLS_X509_KU_ENCIPHER_ONLY, "encipherOnly"},
        {MBEDTLS_X509_KU_DECIPHER_ONLY, "decipherOnly"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (f->crt.key_usage & rows[i].bit) {
            add_word(f->usages, sizeof f->usages, rows[i].word);
        }
    }
}

static void put_purposes(struct cert_facts *f)
{
    static const char *const words[] = {"serverAuth",      "clientAuth",   "codeSigning",
                                        "emailProtection", "timeStamping", "OCSPSigning"};
    const mbedtls_x509_sequence *at = f->crt.ext_key_usage.buf.p ? &f->crt.ext_key_usage : NULL;
    for (; at; at = at->next) {
        char dotted[100] = "?";
        const char *word = dotted;
        if (mbedtls_oid_get_numeric_string(dotted, sizeof dotted, &at->buf) < 0) {
            span_copy_text(SPAN_LITERAL("?"), dotted, sizeof dotted);
        }
        for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
            struct span oid = recipe_purpose_oid(span_text(words[i]));
            word = span_equals_text(oid, dotted) ? words[i] : word;
        }
        add_word(f->purposes, sizeof f->purposes, word);
    }
}

static int put_hex(struct span bytes, char *out, size_t out_bytes)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 4096);
    TRY(hex_encode(span_slice(bytes, 0, (out_bytes - 1) / 2), &text));
    span_copy_text(buf_span(&text), out, out_bytes);
    return 0;
}

static int put_digests(struct cert_facts *f)
{
    uint8_t sha1[HASH_SHA1_BYTES], sha256[HASH_SHA256_BYTES];
    TRY(hash_sha1(buf_span(&f->der), sha1));
    TRY(hash_sha256(buf_span(&f->der), sha256));
    TRY(put_hex(span_of(sha1, sizeof sha1), f->sha1_hex, sizeof f->sha1_hex));
    return put_hex(span_of(sha256, sizeof sha256), f->sha256_hex, sizeof f->sha256_hex);
}

static int put_facts(struct cert_facts *f)
{
    mbedtls_x509_crt *crt = &f->crt;
    put_name(&crt->subject, f->subject, sizeof f->subject, f->subject_cn, sizeof f->subject_cn);
    put_name(&crt->issuer, f->issuer, sizeof f->issuer, f->issuer_cn, sizeof f->issuer_cn);
    put_key(f);
    put_hash(f);
    f->from_s = to_utc(&crt->valid_from);
    f->to_s = to_utc(&crt->valid_to);
    f->has_constraints = (crt->ext_types & MBEDTLS_X509_EXT_BASIC_CONSTRAINTS) != 0;
    f->is_ca = crt->ca_istrue != 0;
    f->path_length = crt->max_pathlen - 1; // mbedTLS counts one more
    put_usages(f);
    put_purposes(f);
    const mbedtls_x509_sequence *san =
        crt->subject_alt_names.buf.p ? &crt->subject_alt_names : NULL;
    for (; san; san = san->next) {
        TRY(put_alt_name(&san->buf, &f->names));
    }
    return put_hex(span_of(crt->serial.p, crt->serial.len), f->serial_hex, sizeof f->serial_hex);
}

// mbedTLS asks here about extensions that it does not know; it would refuse the critical ones.
static int on_unknown_extension(void *ctx, const mbedtls_x509_crt *crt, const mbedtls_x509_buf *oid,
                                int is_critical, const unsigned char *value,
                                const unsigned char *end)
{
    struct cert_facts *f = ctx;
    char dotted[100] = "?";
    (void)crt;
    (void)value;
    (void)end;
    if (is_critical) {
        bool is_named = mbedtls_oid_get_numeric_string(dotted, sizeof dotted, oid) > 0;
        add_word(f->unknown_critical, sizeof f->unknown_critical, is_named ? dotted : "?");
    }
    return 0;
}

static int read_facts(struct cert_facts *f, struct span der)
{
    TRY(buf_append(&f->der, der));
    TRY(put_digests(f));
    int code = mbedtls_x509_crt_parse_der_with_ext_cb(&f->crt, f->der.data, f->der.len, 1,
                                                      on_unknown_extension, f);
    f->is_readable = code == 0;
    if (!f->is_readable) {
        char reason[100];
        mbedtls_strerror(code, reason, sizeof reason);
        snprintf(f->trouble, sizeof f->trouble, "mbedTLS -0x%04x: %s", (unsigned)-code, reason);
        return 0;
    }
    return put_facts(f);
}

// Lists ------------------------------------------------------------------------------------------

int cert_list_add_der(struct cert_list *list, struct span der, enum cert_role role)
{
    ENSURE(list->count < CERT_LIST_MOST, ERR_LIMIT);
    struct cert_facts **grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    list->items = grown;
    struct cert_facts *f = calloc(1, sizeof *f);
    ENSURE(f != NULL, ERR_NO_MEMORY);
    f->role = role;
    f->number = 1;
    for (size_t i = 0; i < list->count; i++) {
        f->number += list->items[i]->role == role;
    }
    buf_init(&f->der, CERT_FILE_BYTES_MOST);
    buf_init(&f->names, CERT_FILE_BYTES_MOST);
    mbedtls_x509_crt_init(&f->crt);
    int code = read_facts(f, der);
    if (code < 0) {
        free_facts(f);
        return code;
    }
    list->items[list->count++] = f;
    return 0;
}

static size_t find_text(struct span where, const char *what)
{
    const uint8_t *at = where.len ? memmem(where.ptr, where.len, what, strlen(what)) : NULL;
    return at ? (size_t)(at - where.ptr) : where.len;
}

static int decode_body(struct span body, struct buf *der)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, CERT_FILE_BYTES_MOST);
    for (size_t i = 0; i < body.len; i++) {
        uint8_t c = body.ptr[i];
        if (c != '\n' && c != '\r' && c != ' ' && c != '\t') {
            TRY(buf_append_u8(&text, c));
        }
    }
    buf_clear(der);
    return base64_decode(buf_span(&text), der);
}

int pem_next_certificate(struct span *rest, struct buf *der)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char end[] = "-----END CERTIFICATE-----";
    size_t at = find_text(*rest, begin);
    if (at == rest->len) {
        *rest = span_from(*rest, at);
        return 0;
    }
    struct span body = span_from(*rest, at + strlen(begin));
    size_t len = find_text(body, end);
    if (len == body.len) {
        FAIL(ERR_SYNTAX, "a certificate begins with %s and never ends: expected %s", begin, end);
    }
    if (decode_body(span_slice(body, 0, len), der) < 0 || der->len == 0) {
        FAIL(ERR_SYNTAX, "a certificate's base64 text is damaged: get the file again, or copy all "
                         "of it");
    }
    *rest = span_from(body, len + strlen(end));
    return 1;
}

static int line_of(struct span whole, struct span rest)
{
    int line = 1;
    for (size_t i = 0; i < whole.len - rest.len; i++) {
        line += whole.ptr[i] == '\n';
    }
    return line;
}

int cert_list_add_pem(struct cert_list *list, struct span pem, enum cert_role role)
{
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&der, CERT_FILE_BYTES_MOST);
    struct span rest = pem;
    for (;;) {
        struct span before = span_from(rest, find_text(rest, "-----BEGIN CERTIFICATE-----"));
        int found = pem_next_certificate(&rest, &der);
        if (found < 0) {
            char detail[400];
            span_copy_text(span_text(error_text(found)), detail, sizeof detail);
            FAIL(found, "line %d: %s", line_of(pem, before), detail);
        }
        if (found == 0) {
            return 0;
        }
        TRY(cert_list_add_der(list, buf_span(&der), role));
    }
}

static int add_file_bytes(struct cert_list *list, struct span bytes)
{
    enum { SEQUENCE = 0x30 };
    bool is_der =
        bytes.len > 0 && bytes.ptr[0] == SEQUENCE && find_text(bytes, "-----BEGIN ") == bytes.len;
    size_t before = list->count;
    TRY(is_der ? cert_list_add_der(list, bytes, CERT_ROLE_FILE)
               : cert_list_add_pem(list, bytes, CERT_ROLE_FILE));
    if (list->count == before || (is_der && !list->items[before]->is_readable)) {
        FAIL(ERR_SYNTAX, "expected certificates (-----BEGIN CERTIFICATE----- or DER), found none");
    }
    return 0;
}

int cert_list_add_file(struct cert_list *list, const char *path)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, CERT_FILE_BYTES_MOST);
    TRY(fs_read_file(path, &bytes));
    const char *slash = strrchr(path, '/');
    span_copy_text(span_text(slash ? slash + 1 : path), list->name, sizeof list->name);
    int code = add_file_bytes(list, buf_span(&bytes));
    if (code == ERR_SYNTAX) {
        char detail[400];
        span_copy_text(span_text(error_text(code)), detail, sizeof detail);
        FAIL(code, "%s: %s", path, detail);
    }
    return code;
}

int cert_list_add_chain(struct cert_list *list, const struct chain *chain)
{
    span_copy_text(span_text(chain->name), list->name, sizeof list->name);
    span_copy_text(span_text(chain->about), list->about, sizeof list->about);
    list->facts = chain->facts;
    for (size_t i = 0; i < chain->sent_count; i++) {
        TRY(cert_list_add_der(list, chain->sent_der[i], CERT_ROLE_SENT));
    }
    return cert_list_add_pem(list, buf_span(&chain->root_pem), CERT_ROLE_TRUSTED);
}

// Signers ----------------------------------------------------------------------------------------

static bool has_signed(const struct cert_facts *signer, const struct cert_facts *f)
{
    unsigned char digest[MBEDTLS_MD_MAX_SIZE];
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(f->crt.sig_md);
    // mbedTLS takes the key non-const but only reads it
    mbedtls_pk_context *key = (mbedtls_pk_context *)&signer->crt.pk;
    return md && mbedtls_pk_can_do(key, f->crt.sig_pk) &&
           mbedtls_md(md, f->crt.tbs.p, f->crt.tbs.len, digest) == 0 &&
           mbedtls_pk_verify_ext(f->crt.sig_pk, f->crt.sig_opts, key, f->crt.sig_md, digest,
                                 mbedtls_md_get_size(md), f->crt.sig.p, f->crt.sig.len) == 0;
}

static bool names_fit(const struct cert_facts *signer, const struct cert_facts *f)
{
    return span_equals(span_of(signer->crt.subject_raw.p, signer->crt.subject_raw.len),
                       span_of(f->crt.issuer_raw.p, f->crt.issuer_raw.len));
}

static void find_signer(struct cert_list *list, struct cert_facts *f)
{
    f->signer = SIGNER_ABSENT;
    if (names_fit(f, f) && has_signed(f, f)) {
        f->signer = SIGNER_SELF;
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct cert_facts *other = list->items[i];
        if (!other->is_readable || !names_fit(other, f)) {
            continue;
        }
        f->signer_at = i;
        f->signer = has_signed(other, f) ? SIGNER_FOUND : SIGNER_WRONG;
        if (f->signer == SIGNER_FOUND) {
            return;
        }
    }
}

void cert_list_find_signers(struct cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->is_readable) {
            find_signer(list, list->items[i]);
        }
    }
}
