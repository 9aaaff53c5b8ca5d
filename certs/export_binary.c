// SPDX-License-Identifier: MIT
// The binary bundles: ESP-IDF's, and the key stores of Java and Bouncy Castle.
#include "base/error.h"
#include "base/hash.h"
#include "certs/export_parts.h"

#include <mbedtls/pkcs12.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

// Reading big-endian numbers; a reader that ran out of bytes stays at its end and says so once.
struct reader {
    struct span rest;
    bool is_short;
};

static struct span take(struct reader *r, size_t len)
{
    r->is_short = r->is_short || len > r->rest.len;
    if (r->is_short) {
        return SPAN_EMPTY;
    }
    struct span taken = span_slice(r->rest, 0, len);
    r->rest = span_from(r->rest, len);
    return taken;
}

static uint32_t take_number(struct reader *r, size_t bytes)
{
    uint32_t number = 0;
    struct span taken = take(r, bytes);
    for (size_t i = 0; i < taken.len; i++) {
        number = number << 8 | taken.ptr[i];
    }
    return number;
}

// ESP-IDF: a count, then per certificate the lengths of subject Name and SubjectPublicKeyInfo and
// the two, all lengths 16 bit, sorted by the Name's bytes because the device searches by halving.

static struct span subject_of(const struct cert_facts *f)
{
    return span_of(f->crt.subject_raw.p, f->crt.subject_raw.len);
}

static int compare_spans(struct span a, struct span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static int by_subject(const void *a, const void *b)
{
    return compare_spans(subject_of(*(struct cert_facts *const *)a),
                         subject_of(*(struct cert_facts *const *)b));
}

static int put_esp_entry(const struct cert_facts *f, struct buf *out)
{
    struct span name = subject_of(f), key = span_of(f->crt.pk_raw.p, f->crt.pk_raw.len);
    ENSURE(name.len <= UINT16_MAX && key.len <= UINT16_MAX, ERR_VALUE);
    TRY(buf_append_u16be(out, (uint16_t)name.len));
    TRY(buf_append_u16be(out, (uint16_t)key.len));
    TRY(buf_append(out, name));
    return buf_append(out, key);
}

int export_write_esp_idf(const struct cert_list *list, const struct export_wish *wish,
                         struct buf *out)
{
    (void)wish;
    struct cert_facts **sorted = calloc(list->count + 1, sizeof(struct cert_facts *));
    ENSURE(sorted != NULL, ERR_NO_MEMORY);
    memcpy(sorted, list->items, list->count * sizeof *sorted);
    qsort(sorted, list->count, sizeof *sorted, by_subject);
    int code = buf_append_u16be(out, (uint16_t)list->count); // CERT_LIST_MOST fits
    for (size_t i = 0; i < list->count && code == 0; i++) {
        code = put_esp_entry(sorted[i], out);
    }
    free(sorted);
    return code;
}

int export_read_esp_idf(struct span bytes, const char *password, struct buf *out)
{
    (void)password;
    struct reader r = {.rest = bytes};
    struct span before = SPAN_EMPTY;
    uint32_t count = take_number(&r, 2);
    for (uint32_t i = 0; i < count && !r.is_short; i++) {
        uint32_t name_len = take_number(&r, 2), key_len = take_number(&r, 2);
        struct span name = take(&r, name_len), key = take(&r, key_len);
        mbedtls_pk_context pk;
        mbedtls_pk_init(&pk);
        bool is_key = key.len > 0 && mbedtls_pk_parse_public_key(&pk, key.ptr, key.len) == 0;
        mbedtls_pk_free(&pk);
        ENSURE(is_key && compare_spans(before, name) <= 0, ERR_SYNTAX);
        before = name;
        TRY(buf_append(out, name));
        TRY(buf_append(out, key));
    }
    ENSURE(!r.is_short && r.rest.len == 0, ERR_SYNTAX);
    return 0;
}

// Key stores -------------------------------------------------------------------------------------

static const char x509[] = "X.509";

static int put_java_text(const char *text, struct buf *out)
{
    TRY(buf_append_u16be(out, (uint16_t)strlen(text)));
    return buf_append_text(out, text);
}

// The CN in small letters, digits and '-'; a number behind the second of the same name.
static int put_alias(const struct cert_list *list, size_t at, struct buf *out)
{
    struct buf alias HR_CLEANUP(buf_deinit);
    buf_init(&alias, 512);
    size_t same = 1;
    for (const char *c = list->items[at]->subject_cn; *c; c++) {
        bool is_alnum = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        uint8_t small = *c >= 'A' && *c <= 'Z' ? (uint8_t)(*c + 32) : is_alnum ? (uint8_t)*c : '-';
        bool is_doubled = small == '-' && (alias.len == 0 || alias.data[alias.len - 1] == '-');
        TRY(is_doubled ? 0 : buf_append_u8(&alias, small));
    }
    while (alias.len > 0 && alias.data[alias.len - 1] == '-') {
        buf_truncate(&alias, alias.len - 1);
    }
    for (size_t i = 0; i < at; i++) {
        same += strcmp(list->items[i]->subject_cn, list->items[at]->subject_cn) == 0;
    }
    TRY(alias.len == 0 ? buf_append_text(&alias, "root") : 0);
    TRY(same > 1 ? buf_printf(&alias, "-%zu", same) : 0);
    return put_java_text(buf_text(&alias), out);
}

static int put_millis(int64_t utc_s, struct buf *out)
{
    uint64_t ms = (uint64_t)utc_s * 1000;
    TRY(buf_append_u32be(out, (uint32_t)(ms >> 32)));
    return buf_append_u32be(out, (uint32_t)ms);
}

static int put_cert(const struct cert_facts *f, struct buf *out)
{
    TRY(put_java_text(x509, out));
    TRY(buf_append_u32be(out, (uint32_t)f->der.len));
    return buf_append(out, buf_span(&f->der));
}

static int take_cert(struct reader *r, struct buf *out)
{
    struct span type = take(r, take_number(r, 2));
    ENSURE(span_equals_text(type, x509), ERR_SYNTAX);
    return buf_append(out, take(r, take_number(r, 4)));
}

static void skip_alias_and_date(struct reader *r)
{
    take(r, take_number(r, 2));
    take(r, 8);
}

#define JKS_MAGIC UINT32_C(0xfeedfeed)
enum { JKS_VERSION = 2, JKS_TRUSTED = 2 };

// The password as UTF-16, a phrase that Java fixed long ago, then all that stands before.
static int jks_digest(struct span body, const char *password, uint8_t out[HASH_SHA1_BYTES])
{
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&text, EXPORT_BYTES_MOST);
    for (const char *c = password ? password : ""; *c; c++) {
        TRY(buf_append_u16be(&text, (uint8_t)*c));
    }
    TRY(buf_append_text(&text, "Mighty Aphrodite"));
    TRY(buf_append(&text, body));
    return hash_sha1(buf_span(&text), out);
}

int export_write_jks(const struct cert_list *list, const struct export_wish *wish, struct buf *out)
{
    uint8_t digest[HASH_SHA1_BYTES];
    TRY(buf_append_u32be(out, JKS_MAGIC));
    TRY(buf_append_u32be(out, JKS_VERSION));
    TRY(buf_append_u32be(out, (uint32_t)list->count));
    for (size_t i = 0; i < list->count; i++) {
        TRY(buf_append_u32be(out, JKS_TRUSTED));
        TRY(put_alias(list, i, out));
        TRY(put_millis(wish->utc_s, out));
        TRY(put_cert(list->items[i], out));
    }
    TRY(jks_digest(buf_span(out), wish->password, digest));
    return buf_append(out, span_of(digest, sizeof digest));
}

int export_read_jks(struct span bytes, const char *password, struct buf *out)
{
    uint8_t digest[HASH_SHA1_BYTES];
    ENSURE(bytes.len > sizeof digest, ERR_SYNTAX);
    struct span body = span_slice(bytes, 0, bytes.len - sizeof digest);
    struct reader r = {.rest = body};
    TRY(jks_digest(body, password, digest));
    ENSURE(span_equals(span_of(digest, sizeof digest), span_from(bytes, body.len)), ERR_SYNTAX);
    ENSURE(take_number(&r, 4) == JKS_MAGIC && take_number(&r, 4) == JKS_VERSION, ERR_SYNTAX);
    uint32_t count = take_number(&r, 4);
    for (uint32_t i = 0; i < count && !r.is_short; i++) {
        ENSURE(take_number(&r, 4) == JKS_TRUSTED, ERR_SYNTAX);
        skip_alias_and_date(&r);
        TRY(take_cert(&r, out));
    }
    ENSURE(!r.is_short && r.rest.len == 0, ERR_SYNTAX);
    return 0;
}

enum {
    BKS_VERSION = 2,
    BKS_SALT_BYTES = 20,
    BKS_ROUNDS = 1024,
    BKS_CERTIFICATE = 1,
    BKS_END = 0,
    BKS_PASSWORD_MOST = 31
};

// HMAC-SHA1 under a key that PKCS#12 (RFC 7292 appendix B, purpose 3) makes of the password.
static int bks_mac(struct span salt, uint32_t rounds, const char *password, struct span entries,
                   uint8_t out[HASH_SHA1_BYTES])
{
    unsigned char wide[2 * (BKS_PASSWORD_MOST + 1)] = {0}; // UTF-16 with two NUL bytes behind
    unsigned char key[HASH_SHA1_BYTES];
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    size_t len = password ? strlen(password) : 0;
    if (len > BKS_PASSWORD_MOST) { // what mbedTLS derives a key from
        FAIL(ERR_VALUE, "a BKS password has at most %d letters, this one has %zu",
             BKS_PASSWORD_MOST, len);
    }
    ENSURE(rounds > 0 && rounds <= 1 << 16, ERR_SYNTAX);
    for (size_t i = 0; i < len; i++) {
        wide[2 * i + 1] = (unsigned char)password[i];
    }
    int failed =
        mbedtls_pkcs12_derivation(key, sizeof key, wide, 2 * (len + 1), salt.ptr, salt.len,
                                  MBEDTLS_MD_SHA1, MBEDTLS_PKCS12_DERIVE_MAC_KEY, (int)rounds);
    if (failed == 0) {
        failed = mbedtls_md_hmac(sha1, key, sizeof key, entries.ptr, entries.len, out);
    }
    mbedtls_platform_zeroize(wide, sizeof wide);
    mbedtls_platform_zeroize(key, sizeof key);
    ENSURE(failed == 0, ERR_CRYPTO);
    return 0;
}

int export_write_bks(const struct cert_list *list, const struct export_wish *wish, struct buf *out)
{
    uint8_t mac[HASH_SHA1_BYTES], salt[BKS_SALT_BYTES];
    struct buf entries HR_CLEANUP(buf_deinit);
    buf_init(&entries, EXPORT_BYTES_MOST);
    for (size_t i = 0; i < list->count; i++) {
        TRY(buf_append_u8(&entries, BKS_CERTIFICATE));
        TRY(put_alias(list, i, &entries));
        TRY(put_millis(wish->utc_s, &entries));
        TRY(buf_append_u32be(&entries, 0)); // no chain
        TRY(put_cert(list->items[i], &entries));
    }
    TRY(buf_append_u8(&entries, BKS_END));
    // Salted by the content: the same bundle is the same file. Its password guards nothing secret.
    TRY(hash_sha1(buf_span(&entries), salt));
    TRY(bks_mac(span_of(salt, sizeof salt), BKS_ROUNDS, wish->password, buf_span(&entries), mac));
    TRY(buf_append_u32be(out, BKS_VERSION));
    TRY(buf_append_u32be(out, sizeof salt));
    TRY(buf_append(out, span_of(salt, sizeof salt)));
    TRY(buf_append_u32be(out, BKS_ROUNDS));
    TRY(buf_append(out, buf_span(&entries)));
    return buf_append(out, span_of(mac, sizeof mac));
}

static int read_bks_entries(struct span entries, struct buf *out)
{
    struct reader r = {.rest = entries};
    for (uint32_t type = take_number(&r, 1); type != BKS_END; type = take_number(&r, 1)) {
        ENSURE(type == BKS_CERTIFICATE, ERR_SYNTAX);
        skip_alias_and_date(&r);
        ENSURE(take_number(&r, 4) == 0 && !r.is_short, ERR_SYNTAX);
        TRY(take_cert(&r, out));
    }
    ENSURE(!r.is_short && r.rest.len == 0, ERR_SYNTAX);
    return 0;
}

int export_read_bks(struct span bytes, const char *password, struct buf *out)
{
    uint8_t mac[HASH_SHA1_BYTES];
    struct reader r = {.rest = bytes};
    ENSURE(take_number(&r, 4) == BKS_VERSION, ERR_SYNTAX);
    struct span salt = take(&r, take_number(&r, 4));
    uint32_t rounds = take_number(&r, 4);
    ENSURE(!r.is_short && salt.len > 0 && r.rest.len > sizeof mac, ERR_SYNTAX);
    struct span entries = span_slice(r.rest, 0, r.rest.len - sizeof mac);
    TRY(bks_mac(salt, rounds, password, entries, mac));
    ENSURE(span_equals(span_of(mac, sizeof mac), span_from(r.rest, entries.len)), ERR_SYNTAX);
    return read_bks_entries(entries, out);
}
