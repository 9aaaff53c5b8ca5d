// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"
#include "certs/chain.h"
#include "certs/workshop.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, DEVICE_ID_BYTES_MOST = 128 };
#define CLOCK_S_MOST INT64_C(300000000000) // the year 11476: beyond what der_time writes

// Device ids may hold letters that a file name cannot, so those go by their hash; the '+' keeps a
// hash apart from an id that looks like one.
static int name_key(const char *device_id, char out[KEY_NAME_BYTES_MOST + 1])
{
    struct span id = span_text(device_id);
    if (key_name_is_good(id) && span_find(id, '+') == id.len) {
        span_copy_text(id, out, KEY_NAME_BYTES_MOST + 1);
        return 0;
    }
    uint8_t digest[HASH_SHA256_BYTES];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, KEY_NAME_BYTES_MOST);
    TRY(hash_sha256(id, digest));
    TRY(buf_append_text(&text, "sha256+"));
    TRY(hex_encode(span_of(digest, sizeof digest), &text));
    span_copy_text(buf_span(&text), out, KEY_NAME_BYTES_MOST + 1);
    return 0;
}

static int check_id(const char *device_id)
{
    struct span id = span_text(device_id);
    bool is_good = id.len > 0 && id.len <= DEVICE_ID_BYTES_MOST;
    for (size_t i = 0; i < id.len; i++) {
        is_good = is_good && id.ptr[i] > 0x20 && id.ptr[i] < 0x7f;
    }
    if (!is_good) {
        FAIL(ERR_VALUE, "device id '%.140s': expected 1 to %d ASCII letters without blanks",
             device_id ? device_id : "", DEVICE_ID_BYTES_MOST);
    }
    return 0;
}

static int write_extensions(mbedtls_pk_context *pk, bool is_ca, struct buf *out)
{
    uint8_t key_id[KEY_ID_BYTES];
    TRY(cert_key_id(pk, key_id));
    struct der d = der_begin(out);
    struct extension_marks marks = extension_open(&d, SPAN_LITERAL("2.5.29.14"), false);
    der_value(&d, DER_OCTET_STRING, span_of(key_id, sizeof key_id));
    extension_close(&d, marks);
    extension_key_usage(&d, true, is_ca ? 1u << 5 : 1u << 0); // keyCertSign or digitalSignature
    extension_basic_constraints(&d, true, is_ca, -1);
    if (is_ca) {
        return d.code;
    }
    marks = extension_open(&d, SPAN_LITERAL("2.5.29.37"), false);
    size_t purposes = der_open(&d, DER_SEQUENCE);
    der_oid(&d, span_text("1.3.6.1.5.5.7.3.2")); // clientAuth
    der_close(&d, purposes);
    extension_close(&d, marks);
    return d.code;
}

// A name with its key: the device, or the CA that signs it.
struct party {
    const char *common_name;
    mbedtls_pk_context *pk;
};

static int write_party_name(const struct party *party, struct buf *out)
{
    struct name_part common_name = {.oid = span_text("2.5.4.3"),
                                    .value = span_text(party->common_name)};
    return cert_write_name(&common_name, 1, out);
}

static int write_cert(struct workshop *w, const struct party *subject, const struct party *issuer,
                      bool is_ca, int64_t utc_s, struct buf *der)
{
    struct buf name HR_CLEANUP(buf_deinit);
    struct buf issuer_name HR_CLEANUP(buf_deinit);
    struct buf extensions HR_CLEANUP(buf_deinit);
    buf_init(&name, CERT_DER_BYTES_MOST);
    buf_init(&issuer_name, CERT_DER_BYTES_MOST);
    buf_init(&extensions, CERT_DER_BYTES_MOST);
    TRY(write_party_name(subject, &name));
    TRY(write_party_name(issuer, &issuer_name));
    TRY(write_extensions(subject->pk, is_ca, &extensions));
    // From midnight, so that the thumbprint that was registered in the morning holds all day.
    int64_t today_s = utc_s - utc_s % DAY_S - (utc_s % DAY_S < 0 ? DAY_S : 0);
    struct cert_plan plan = {
        .subject = buf_span(&name),
        .issuer = buf_span(&issuer_name),
        .subject_key = subject->pk,
        .issuer_key = issuer->pk,
        .signing = {.hash = CERT_SHA256},
        .serial_made_bytes = 16,
        .from_s = today_s - DAY_S,
        .to_s = today_s + 364 * (int64_t)DAY_S,
        .extensions = buf_span(&extensions),
    };
    return cert_write(&plan, &w->random.drbg, der);
}

static int put_thumbprints(struct span der, struct device_credential *out)
{
    uint8_t sha1[HASH_SHA1_BYTES], sha256[HASH_SHA256_BYTES];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 128);
    TRY(hash_sha1(der, sha1));
    TRY(hash_sha256(der, sha256));
    TRY(hex_encode(span_of(sha1, sizeof sha1), &text));
    span_copy_text(buf_span(&text), out->sha1_hex, sizeof out->sha1_hex);
    buf_clear(&text);
    TRY(hex_encode(span_of(sha256, sizeof sha256), &text));
    span_copy_text(buf_span(&text), out->sha256_hex, sizeof out->sha256_hex);
    return 0;
}

static int fill(struct workshop *w, const struct party *device, const struct party *issuer,
                int64_t utc_s, struct device_credential *out)
{
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&der, CERT_DER_BYTES_MOST);
    TRY(write_cert(w, device, issuer, false, utc_s, &der));
    TRY(cert_write_pem(buf_span(&der), &out->cert_pem));
    TRY(put_thumbprints(buf_span(&der), out));
    TRY(buf_reserve(&out->key_pem, KEY_PEM_BYTES_MOST));
    return key_write_pem(device->pk, &out->key_pem);
}

// With a CA, its certificate follows the device's own in cert_pem and is *ca_der.
static int fill_from_ca(struct workshop *w, const struct party *device, const struct party *ca,
                        int64_t utc_s, struct device_credential *out, struct buf *ca_der)
{
    TRY(fill(w, device, ca, utc_s, out));
    TRY(write_cert(w, ca, ca, true, utc_s, ca_der));
    return cert_write_pem(buf_span(ca_der), &out->cert_pem);
}

static int prepare(const char *device_id, int64_t utc_s, struct key_wish *wish,
                   struct device_credential *out)
{
    TRY(check_id(device_id));
    if (utc_s < -CLOCK_S_MOST || utc_s > CLOCK_S_MOST) {
        FAIL(ERR_VALUE, "the hub clock is too far from 1970 for a certificate's dates");
    }
    wish->kind = KEY_P256;
    TRY(name_key(device_id, wish->name));
    buf_init(&out->cert_pem, CERT_DER_BYTES_MOST);
    buf_init(&out->key_pem, KEY_PEM_BYTES_MOST);
    return 0;
}

int device_credential_make(struct workshop *w, const char *device_id, int64_t utc_s,
                           struct device_credential *out)
{
    *out = (struct device_credential){0};
    struct key_wish wish = {.kind = KEY_P256};
    TRY(prepare(device_id, utc_s, &wish, out));
    struct party self = {device_id, &wish.pk};
    int code = key_cache_load(w->devices, &wish, 1);
    code = code < 0 ? code : fill(w, &self, &self, utc_s, out);
    key_wishes_free(&wish, 1);
    if (code < 0) {
        device_credential_deinit(out);
    }
    return code;
}

int device_credential_issue(struct workshop *w, const char *ca_name, const char *device_id,
                            int64_t utc_s, struct device_credential *out, struct buf *ca_der)
{
    *out = (struct device_credential){0};
    struct key_wish wishes[2] = {{.kind = KEY_P256}, {.kind = KEY_P256}};
    TRY(check_id(ca_name));
    TRY(name_key(ca_name, wishes[1].name));
    TRY(prepare(device_id, utc_s, &wishes[0], out));
    struct party device = {device_id, &wishes[0].pk};
    struct party ca = {ca_name, &wishes[1].pk};
    int code = key_cache_load(w->devices, wishes, 2);
    code = code < 0 ? code : fill_from_ca(w, &device, &ca, utc_s, out, ca_der);
    key_wishes_free(wishes, 2);
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
