// SPDX-License-Identifier: MIT
#include "simulator/hub/sas.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"

#include <string.h>

static const int64_t year_9999_s = INT64_C(253402300799);

enum { FIELD_COUNT = 4, TEXT_BYTES_MOST = 1 << 17 };

static const char *const field_names[FIELD_COUNT] = {"sr", "sig", "se", "skn"};

// Decimal seconds with an optional fraction, as a double would be written without exponent.
static int parse_expiry(struct span text, int64_t *out_us)
{
    struct span fraction;
    struct span whole = span_cut(text, '.', &fraction);
    uint64_t seconds = 0;
    int code = span_parse_u64(whole, &seconds);
    if (code == ERR_SYNTAX) {
        FAIL(ERR_SYNTAX, "`se` is not a number of seconds since 1970");
    }
    if (code < 0 || seconds > (uint64_t)year_9999_s) {
        seconds = (uint64_t)year_9999_s;
    }
    int64_t us = 0;
    int64_t scale = 100000;
    for (size_t i = 0; i < fraction.len; i++) {
        if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9') {
            FAIL(ERR_SYNTAX, "`se` is not a number of seconds since 1970");
        }
        us += (fraction.ptr[i] - '0') * scale;
        scale /= 10;
    }
    *out_us = (int64_t)seconds * 1000000 + us;
    return 0;
}

static int parse_field(struct span field, struct span values[FIELD_COUNT])
{
    if (field.len == 0) {
        return 0;
    }
    struct span value;
    struct span name = span_cut(field, '=', &value);
    if (value.ptr == NULL) {
        FAIL(ERR_SYNTAX, "a part of the token between two & has no =");
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!span_equals_nocase(name, span_text(field_names[i]))) {
            continue;
        }
        if (values[i].ptr) {
            FAIL(ERR_SYNTAX, "`%s` stands twice in the token", field_names[i]);
        }
        values[i] = value;
    }
    return 0;
}

int sas_parse(struct span password, struct sas_token *out)
{
    static const struct span start = {(const uint8_t *)"SharedAccessSignature ", 22};
    struct span values[FIELD_COUNT] = {0};
    if (!span_starts_with(password, start)) {
        FAIL(ERR_SYNTAX, "the password does not begin with the word SharedAccessSignature and "
                         "one blank");
    }
    struct span rest = span_from(password, start.len);
    if (span_find(rest, ' ') < rest.len) {
        FAIL(ERR_SYNTAX, "a second blank stands in the token");
    }
    while (rest.ptr) {
        TRY(parse_field(span_cut(rest, '&', &rest), values));
    }
    for (size_t i = 0; i < 3; i++) {
        if (values[i].len == 0) {
            FAIL(ERR_SYNTAX, "`%s` is %s", field_names[i], values[i].ptr ? "empty" : "missing");
        }
    }
    *out = (struct sas_token){
        .resource = values[0], .signature = values[1], .expiry = values[2], .policy = values[3]};
    return parse_expiry(out->expiry, &out->expires_us);
}

static int hmac(struct span key, struct span resource, struct span expiry, struct buf *out)
{
    uint8_t mac[HASH_SHA256_BYTES];
    struct buf text;
    buf_init(&text, TEXT_BYTES_MOST);
    int code = buf_append(&text, resource);
    code = code < 0 ? code : buf_append_u8(&text, '\n');
    code = code < 0 ? code : buf_append(&text, expiry);
    code = code < 0 ? code : hash_hmac_sha256(key, buf_span(&text), mac);
    code = code < 0 ? code : base64_encode(span_of(mac, sizeof mac), out);
    explicit_bzero(mac, sizeof mac);
    buf_deinit(&text);
    return code;
}

int sas_sign(const char *key_base64, struct span resource, struct span expiry, struct buf *out)
{
    struct buf key;
    buf_init(&key, SAS_KEY_BYTES_MOST * 2);
    int code = base64_decode(span_text(key_base64), &key);
    code = code < 0 ? code : hmac(buf_span(&key), resource, expiry, out);
    buf_wipe(&key);
    return code;
}

int sas_is_signed_with(const struct sas_token *token, const char *key_base64, bool *out)
{
    struct buf expected;
    struct buf received;
    buf_init(&expected, 64);
    buf_init(&received, TEXT_BYTES_MOST);
    *out = false;
    int code = sas_sign(key_base64, token->resource, token->expiry, &expected);
    int decoded = percent_decode(token->signature, &received);
    if (code == 0 && decoded == 0) {
        *out = span_equals_constant_time(buf_span(&expected), buf_span(&received));
    }
    code = code == 0 && decoded == ERR_NO_MEMORY ? decoded : code;
    buf_wipe(&expected);
    buf_wipe(&received);
    return code;
}

// Without "/api-version=...", which old tools put behind the resource.
static struct span without_version(struct span resource)
{
    for (size_t i = resource.len; i > 0; i--) {
        if (resource.ptr[i - 1] == '/') {
            struct span last = span_from(resource, i);
            bool is_version =
                span_equals_nocase(span_slice(last, 0, 12), SPAN_LITERAL("api-version="));
            return is_version ? span_slice(resource, 0, i - 1) : resource;
        }
    }
    return resource;
}

static bool is_prefix(struct span resource, const struct span *target, size_t count)
{
    struct span rest = without_version(resource);
    size_t i = 0;
    while (rest.ptr) {
        struct span segment = span_cut(rest, '/', &rest);
        if (i == count || !span_equals_nocase(segment, target[i])) {
            return false;
        }
        i++;
    }
    return i > 0;
}

bool sas_resource_covers(struct span resource, struct span host, struct span device,
                         struct span module)
{
    const struct span target[] = {host, SPAN_LITERAL("devices"), device, SPAN_LITERAL("modules"),
                                  module};
    size_t count = module.len ? 5 : 3;
    struct buf decoded;
    buf_init(&decoded, TEXT_BYTES_MOST);
    // a raw % of a device id that was never encoded cannot be decoded: compared as it came
    bool is_covered =
        percent_decode(resource, &decoded) == 0 && is_prefix(buf_span(&decoded), target, count);
    is_covered = is_covered || is_prefix(resource, target, count);
    buf_deinit(&decoded);
    return is_covered;
}

const char *sas_scope(struct span resource)
{
    static const char *const scopes[] = {"hub", "devices", "device", "module"};
    struct buf decoded;
    buf_init(&decoded, TEXT_BYTES_MOST);
    struct span rest = percent_decode(resource, &decoded) == 0 ? buf_span(&decoded) : resource;
    rest = without_version(rest);
    size_t last = 0;
    for (size_t i = 0; i < rest.len; i++) {
        last += rest.ptr[i] == '/' && last + 1 < HR_COUNT_OF(scopes);
    }
    buf_deinit(&decoded);
    return scopes[last];
}

const char *sas_resource_print(struct span resource, char *out, size_t capacity_bytes)
{
    struct buf decoded;
    buf_init(&decoded, TEXT_BYTES_MOST);
    struct span shown = percent_decode(resource, &decoded) == 0 ? buf_span(&decoded) : resource;
    shown = span_slice(shown, 0, span_find(shown, '&'));
    span_copy_text(shown, out, capacity_bytes);
    buf_deinit(&decoded);
    return out;
}

// Offset behind the first of the marks, without case; text.len when there is none.
static size_t find_secret(struct span text)
{
    static const struct span marks[] = {{(const uint8_t *)"sig=", 4},
                                        {(const uint8_t *)"sig%3D", 6},
                                        {(const uint8_t *)"SharedAccessKey=", 16}};
    for (size_t i = 0; i < text.len; i++) {
        for (size_t k = 0; k < HR_COUNT_OF(marks); k++) {
            if (span_equals_nocase(span_slice(text, i, marks[k].len), marks[k])) {
                return i + marks[k].len;
            }
        }
    }
    return text.len;
}

struct span sas_redacted(struct span text, char *out, size_t capacity_bytes)
{
    size_t at = find_secret(text);
    if (at == text.len) {
        return text;
    }
    size_t kept = at < capacity_bytes - 4 ? at : capacity_bytes - 4;
    memcpy(out, text.ptr, kept);
    memcpy(out + kept, "***", 4);
    return span_of(out, kept + 3);
}

int sas_check_key(const char *name, const char *which, const char *key_base64)
{
    struct buf key HR_CLEANUP(buf_wipe);
    buf_init(&key, SAS_KEY_BYTES_MOST + 3);
    int code = base64_decode(span_text(key_base64), &key);
    if (code == ERR_NO_MEMORY) {
        return code;
    }
    if (code < 0 || key.len < SAS_KEY_BYTES_LEAST || key.len > SAS_KEY_BYTES_MOST) {
        FAIL(ERR_VALUE, "%s: the %s key is not the base64 text of %d to %d bytes", name, which,
             SAS_KEY_BYTES_LEAST, SAS_KEY_BYTES_MOST);
    }
    return 0;
}
