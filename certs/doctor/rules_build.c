// SPDX-License-Identifier: MIT
// Family Z, as far as build configuration decides it.
#include "certs/doctor/case.h"

#include <stdio.h>

// The Certificate message of today's chain: at least 5.2 KB, 7.0 KB with all its extensions; the
// other messages of the flight come in the same record.
enum { FLIGHT_BYTES_LEAST = 5200, FLIGHT_BYTES = 7440 };

static struct doctor_place place_of(const struct doctor *d, const char *name, enum config_kind kind)
{
    const struct setting *s = setting_find(d, name);
    for (size_t i = 0; !s && i < d->setting_count; i++) {
        if (d->settings_read[i]->kind == kind) {
            return (struct doctor_place){d->settings_read[i]->at.file, 0};
        }
    }
    return s ? s->at : (struct doctor_place){"", 0};
}

static bool is_off(const struct doctor *d, const char *name)
{
    return setting_state(d, CONFIG_MBEDTLS, name) == SETTING_OFF;
}

static bool is_wolf_on(const struct doctor *d, const char *name)
{
    return setting_state(d, CONFIG_WOLFSSL, name) == SETTING_ON;
}

static void judge_buffer(struct doctor *d)
{
    static const char *const names[] = {"MBEDTLS_SSL_IN_CONTENT_LEN",
                                        "MBEDTLS_SSL_MAX_CONTENT_LEN"};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        const struct setting *s = setting_find(d, names[i]);
        uint64_t size = 0;
        if (!s || !setting_number(s, &size)) {
            continue;
        }
        if (size >= FLIGHT_BYTES) {
            case_right(d, "the TLS input buffer (%llu bytes) holds today's chain",
                       (unsigned long long)size);
            return;
        }
        case_say(d,
                 &(struct remark){.rule = DOCTOR_Z_01,
                                  .at = s->at,
                                  .as = size < FLIGHT_BYTES_LEAST ? AS_ERROR : AS_WARNING,
                                  .shows = "mbedTLS -0x7100 without an alert; the hub sees a close",
                                  .fix = "16384, or 8192 at the very least"},
                 "%s is %llu: the hub's certificate message alone has 5 to 7 KB now", names[i],
                 (unsigned long long)size);
        return;
    }
}

static bool is_sha384_off(const struct doctor *d, const char **name)
{
    static const char *const kconfig[] = {"MBEDTLS_SHA384", "PSA_WANT_ALG_SHA_384"};
    for (size_t i = 0; i < HR_COUNT_OF(kconfig); i++) {
        const struct setting *s = setting_find(d, kconfig[i]);
        *name = kconfig[i];
        if (s && s->is_off) {
            return true;
        }
    }
    bool is_3 = d->settings.stack == STACK_MBEDTLS_36 || setting_find(d, "MBEDTLS_SHA384_C");
    *name = is_3 ? "MBEDTLS_SHA384_C" : "MBEDTLS_SHA512_C";
    if (is_off(d, *name)) {
        return true;
    }
    *name = "MBEDTLS_SHA512_NO_SHA384";
    if (setting_state(d, CONFIG_MBEDTLS, *name) == SETTING_ON) {
        return true;
    }
    *name = "WOLFSSL_SHA384";
    return setting_state(d, CONFIG_WOLFSSL, *name) == SETTING_OFF;
}

static void judge_hashes(struct doctor *d)
{
    const char *name = "";
    if (is_sha384_off(d, &name)) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_Z_02,
                                  .at = place_of(d, name, CONFIG_MBEDTLS),
                                  .shows = "mbedTLS -0x2700 with the misleading flags 0x1c00d, or "
                                           "alert bad_certificate",
                                  .fix = "build SHA-384 in"},
                 "SHA-384 is not built (%s): every current Azure intermediate and Microsoft's "
                 "roots are signed with it",
                 name);
    }
    bool has_no_sha1 = is_off(d, "MBEDTLS_SHA1_C") || is_wolf_on(d, "NO_SHA");
    for (size_t i = 0; i < d->cert_count && has_no_sha1; i++) {
        const struct cert *c = d->certs[i];
        if (c->role == ROLE_TRUST && c->is_parsed && c->crt.sig_md == MBEDTLS_MD_SHA1) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_Z_03,
                                      .at = c->at,
                                      .shows = "mbedTLS -0x262e, then -0x7680",
                                      .fix = "build SHA-1 in, or leave this root out"},
                     "\"%s\" is signed with SHA-1, which is not built: it cannot be read", c->name);
        }
    }
    for (size_t i = 0; i < d->cert_count && is_off(d, "MBEDTLS_SHA512_C"); i++) {
        const struct cert *c = d->certs[i];
        bool is_long = c->is_parsed &&
                       (c->crt.sig_md == MBEDTLS_MD_SHA384 || c->crt.sig_md == MBEDTLS_MD_SHA512);
        if (is_long && c->role == ROLE_TRUST) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_B_15,
                                      .at = c->at,
                                      .shows = "mbedtls_x509_crt_parse returns a positive count",
                                      .fix = "build SHA-384 in"},
                     "\"%s\" needs SHA-384, which this build has not", c->name);
        }
    }
}

// ECDHE with AES-GCM or AES-CBC with SHA-256 or SHA-384: the eight that the hub kept.
static bool is_hub_suite(struct span name)
{
    bool is_ecdhe =
        text_has(name, "TLS_ECDHE_RSA_WITH_AES_") || text_has(name, "TLS_ECDHE_ECDSA_WITH_AES_");
    bool has_hash = span_ends_with(name, SPAN_LITERAL("_SHA256")) ||
                    span_ends_with(name, SPAN_LITERAL("_SHA384"));
    bool has_mode = text_has(name, "_GCM_") || text_has(name, "_CBC_");
    return is_ecdhe && has_hash && has_mode;
}

static size_t word_len(struct span s)
{
    size_t len = 0;
    while (len < s.len && (s.ptr[len] == '_' || (s.ptr[len] >= 'A' && s.ptr[len] <= 'Z') ||
                           (s.ptr[len] >= '0' && s.ptr[len] <= '9'))) {
        len++;
    }
    return len;
}

// Suites that a header or source names.
static void judge_named_suites(struct doctor *d, const struct input *input)
{
    struct span code = buf_span(&input->literals.code);
    size_t named = 0;
    size_t good = 0;
    struct text_view view = {.file = input->name, .text = code};
    size_t first = text_find(code, "MBEDTLS_TLS_");
    for (size_t at = first; at < code.len;) {
        struct span word = span_slice(code, at, word_len(span_from(code, at)));
        bool is_suite = text_has(word, "_WITH_");
        named += is_suite;
        good += is_suite && is_hub_suite(word);
        at += word.len ? word.len : 1;
        at += text_find(span_from(code, at), "MBEDTLS_TLS_");
    }
    if (named && !good) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_Z_04,
                                  .at = {input->name, view_line(&view, first)},
                                  .shows = "-0x7280 right after ClientHello, or a TCP reset",
                                  .fix = "add ECDHE-RSA-AES128-GCM-SHA256"},
                 "none of the %zu cipher suites named here is one that hubs take since 2025-08-31",
                 named);
    }
}

static void judge_suites(struct doctor *d)
{
    static const char ecdhe_rsa[] = "MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED";
    bool has_ecdhe =
        !is_off(d, ecdhe_rsa) || !is_off(d, "MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED");
    bool has_mode = !is_off(d, "MBEDTLS_GCM_C") || !is_off(d, "MBEDTLS_CIPHER_MODE_CBC");
    bool has_ecc = setting_state(d, CONFIG_WOLFSSL, "HAVE_ECC") != SETTING_OFF;
    struct remark r = {.rule = DOCTOR_Z_04,
                       .at = place_of(d, ecdhe_rsa, CONFIG_MBEDTLS),
                       .shows = "-0x7280 right after ClientHello, or a TCP reset",
                       .fix = "switch ECDHE-RSA and AES-GCM on"};
    if (!has_ecdhe || !has_mode) {
        case_say(d, &r,
                 "the build has no ECDHE suite with AES-GCM or AES-CBC: hubs dropped all "
                 "others on 2025-08-31");
    } else if (!has_ecc) {
        r.at = place_of(d, "HAVE_ECC", CONFIG_WOLFSSL);
        r.fix = "#define HAVE_ECC and HAVE_AESGCM";
        case_say(d, &r,
                 "the build has no elliptic curves, so no ECDHE: hubs dropped all other "
                 "suites on 2025-08-31");
    }
    for (size_t i = 0; i < d->input_count; i++) {
        if (d->inputs[i]->kind == INPUT_SOURCE) {
            judge_named_suites(d, d->inputs[i]);
        }
    }
}

static void judge_rest(struct doctor *d)
{
    static const char tls12[] = "MBEDTLS_SSL_PROTO_TLS1_2";
    static const char time_date[] = "MBEDTLS_HAVE_TIME_DATE";
    const struct setting *depth = setting_find(d, "MBEDTLS_X509_MAX_INTERMEDIATE_CA");
    uint64_t most = 0;
    if (is_off(d, tls12) || is_wolf_on(d, "WOLFSSL_NO_TLS12")) {
        bool is_wolf = is_wolf_on(d, "WOLFSSL_NO_TLS12");
        const char *name = is_wolf ? "WOLFSSL_NO_TLS12" : tls12;
        case_say(d,
                 &(struct remark){.rule = DOCTOR_Z_05,
                                  .at = place_of(d, name, CONFIG_MBEDTLS),
                                  .shows = "alert 70 protocol_version, or a TCP reset",
                                  .fix = "switch TLS 1.2 on"},
                 "TLS 1.2 is off: the hub's usual host name speaks nothing else");
    }
    if (depth && setting_number(depth, &most) && most < 2) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_Z_09,
                                  .at = depth->at,
                                  .shows = "mbedTLS -0x3000",
                                  .fix = "leave it at 8"},
                 "%llu intermediate is allowed; the hub sends two now", (unsigned long long)most);
    }
    if (is_off(d, time_date) || is_wolf_on(d, "NO_ASN_TIME")) {
        bool is_wolf = is_wolf_on(d, "NO_ASN_TIME");
        case_say(
            d,
            &(struct remark){.rule = DOCTOR_Z_12,
                             .at = place_of(d, is_wolf ? "NO_ASN_TIME" : time_date, CONFIG_MBEDTLS),
                             .fix = "switch it on, and give the device the time first"},
            "dates are not checked: an expired certificate is as good as any");
    }
}

void rules_build(struct doctor *d)
{
    judge_buffer(d);
    judge_hashes(d);
    judge_suites(d);
    judge_rest(d);
}
