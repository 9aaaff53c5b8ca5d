// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"
#include "certs/chain.h"
#include "certs/credential_parts.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, DEVICE_ID_BYTES_MOST = 128 };
#define CLOCK_S_MOST INT64_C(300000000000) // the year 11476: beyond what der_time writes

// Device ids may hold letters that a file name cannot, so those go by their hash; the '+' keeps a
// hash apart from an id that looks like one.
int credential_key_name(const char *id, char out[KEY_NAME_BYTES_MOST + 1])
{
    struct span text = span_text(id);
    if (key_name_is_good(text) && span_find(text, '+') == text.len) {
        span_copy_text(text, out, KEY_NAME_BYTES_MOST + 1);
        return 0;
    }
    uint8_t digest[HASH_SHA256_BYTES];
    struct buf name HR_CLEANUP(buf_deinit);
    buf_init(&name, KEY_NAME_BYTES_MOST);
    TRY(hash_sha256(text, digest));
    TRY(buf_append_text(&name, "sha256+"));
    TRY(hex_encode(span_of(digest, sizeof digest), &name));
    span_copy_text(buf_span(&name), out, KEY_NAME_BYTES_MOST + 1);
    return 0;
}

int credential_check_id(const char *what, struct span id)
{
    bool is_good = id.len > 0 && id.len <= DEVICE_ID_BYTES_MOST;
    for (size_t i = 0; i < id.len; i++) {
        is_good = is_good && id.ptr[i] > 0x20 && id.ptr[i] < 0x7f;
    }
    if (!is_good) {
        struct span shown = span_slice(id, 0, 140);
        FAIL(ERR_VALUE, "%s '%.*s': expected 1 to %d visible ASCII characters, no blanks", what,
             SPAN_ARG(shown), DEVICE_ID_BYTES_MOST);
    }
    return 0;
}

int credential_check_clock(int64_t utc_s)
{
    if (utc_s < -CLOCK_S_MOST || utc_s > CLOCK_S_MOST) {
        FAIL(ERR_VALUE, "the hub clock is too far from 1970 for a certificate's dates");
    }
    return 0;
}

int64_t credential_midnight(int64_t utc_s)
{
    return utc_s - utc_s % DAY_S - (utc_s % DAY_S < 0 ? DAY_S : 0);
}

int credential_write_cn(struct span common_name, struct buf *out)
{
    struct name_part part = {.oid = span_text("2.5.4.3"), .value = common_name};
    return cert_write_name(&part, 1, out);
}

static int write_extensions(const struct credential_plan *plan, struct buf *out)
{
    enum { DIGITAL_SIGNATURE = 1u << 0, KEY_CERT_SIGN = 1u << 5, CRL_SIGN = 1u << 6 };
    uint8_t key_id[KEY_ID_BYTES], issuer_id[KEY_ID_BYTES];
    TRY(cert_key_id(plan->subject_key, key_id));
    TRY(cert_key_id(plan->issuer_key, issuer_id));
    struct der d = der_begin(out);
    struct extension_marks marks;
    if (plan->issuer_key != plan->subject_key) {
        marks = extension_open(&d, SPAN_LITERAL("2.5.29.35"), false);
        size_t id = der_open(&d, DER_SEQUENCE);
        der_value(&d, DER_CONTEXT + 0, span_of(issuer_id, sizeof issuer_id));
        der_close(&d, id);
        extension_close(&d, marks);
    }
    marks = extension_open(&d, SPAN_LITERAL("2.5.29.14"), false);
    der_value(&d, DER_OCTET_STRING, span_of(key_id, sizeof key_id));
    extension_close(&d, marks);
    extension_key_usage(&d, true, plan->is_ca ? KEY_CERT_SIGN | CRL_SIGN : DIGITAL_SIGNATURE);
    if (!plan->is_ca) {
        marks = extension_open(&d, SPAN_LITERAL("2.5.29.37"), false);
        size_t purposes = der_open(&d, DER_SEQUENCE);
        der_oid(&d, span_text("1.3.6.1.5.5.7.3.2")); // clientAuth
        der_close(&d, purposes);
        extension_close(&d, marks);
    }
    extension_basic_constraints(&d, true, plan->is_ca, plan->is_ca ? plan->path_length : -1);
    return d.code;
}

int credential_write(struct workshop *w, const struct credential_plan *plan, struct buf *der)
{
    struct buf extensions HR_CLEANUP(buf_deinit);
    buf_init(&extensions, CERT_DER_BYTES_MOST);
    TRY(write_extensions(plan, &extensions));
    struct cert_plan cert = {
        .subject = plan->subject,
        .issuer = plan->issuer,
        .subject_key = plan->subject_key,
        .issuer_key = plan->issuer_key,
        .signing = {.hash = CERT_SHA256},
        .serial_made_bytes = 16,
        .from_s = plan->from_s,
        .to_s = plan->to_s,
        .extensions = buf_span(&extensions),
    };
    return cert_write(&cert, &w->random.drbg, der);
}

int credential_thumbprints(struct span der, char sha1_hex[41], char sha256_hex[65])
{
    uint8_t sha1[HASH_SHA1_BYTES], sha256[HASH_SHA256_BYTES];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 128);
    TRY(hash_sha1(der, sha1));
    TRY(hash_sha256(der, sha256));
    TRY(hex_encode(span_of(sha1, sizeof sha1), &text));
    span_copy_text(buf_span(&text), sha1_hex, 41);
    buf_clear(&text);
    TRY(hex_encode(span_of(sha256, sizeof sha256), &text));
    span_copy_text(buf_span(&text), sha256_hex, 65);
    return 0;
}

static int write_self_signed(struct workshop *w, mbedtls_pk_context *pk, const char *device_id,
                             int64_t utc_s, struct buf *der)
{
    struct buf name HR_CLEANUP(buf_deinit);
    buf_init(&name, CERT_DER_BYTES_MOST);
    TRY(credential_write_cn(span_text(device_id), &name));
    // From midnight, so that the thumbprint that was registered in the morning holds all day.
    int64_t today_s = credential_midnight(utc_s);
    struct credential_plan plan = {
        .subject = buf_span(&name),
        .issuer = buf_span(&name),
        .subject_key = pk,
        .issuer_key = pk,
        .from_s = today_s - DAY_S,
        .to_s = today_s + 364 * (int64_t)DAY_S,
    };
    return credential_write(w, &plan, der);
}

static int fill(struct workshop *w, struct key_wish *wish, const char *device_id, int64_t utc_s,
                struct device_credential *out)
{
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&der, CERT_DER_BYTES_MOST);
    TRY(key_cache_load(w->devices, wish, 1));
    TRY(write_self_signed(w, &wish->pk, device_id, utc_s, &der));
    TRY(cert_write_pem(buf_span(&der), &out->cert_pem));
    TRY(credential_thumbprints(buf_span(&der), out->sha1_hex, out->sha256_hex));
    TRY(buf_reserve(&out->key_pem, KEY_PEM_BYTES_MOST));
    return key_write_pem(&wish->pk, &out->key_pem);
}

int device_credential_make(struct workshop *w, const char *device_id, int64_t utc_s,
                           struct device_credential *out)
{
    *out = (struct device_credential){0};
    struct key_wish wish = {.kind = KEY_P256};
    TRY(credential_check_id("device id", span_text(device_id)));
    TRY(credential_check_clock(utc_s));
    TRY(credential_key_name(device_id, wish.name));
    buf_init(&out->cert_pem, CERT_DER_BYTES_MOST);
    buf_init(&out->key_pem, KEY_PEM_BYTES_MOST);
    int code = fill(w, &wish, device_id, utc_s, out);
    key_wishes_free(&wish, 1);
    if (code < 0) {
        device_credential_deinit(out);
    }
    return code;
}

void device_credential_deinit(struct device_credential *credential)
{
    buf_deinit(&credential->cert_pem);
    buf_wipe(&credential->key_pem);
    *credential = (struct device_credential){0};
}
