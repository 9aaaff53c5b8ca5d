// SPDX-License-Identifier: MIT
#include "simulator/tls/offer.h"
#include "base/error.h"
#include "base/hash.h"
#include "simulator/tls/suite.h"

#include <stdio.h>
#include <string.h>

// ---- what is there

static bool has(const struct client_hello_list *list, uint16_t value)
{
    for (size_t i = 0; i < list->count && i < CLIENT_HELLO_LIST_MOST; i++) {
        if (list->at[i] == value) {
            return true;
        }
    }
    return false;
}

static size_t kept_suites(const struct client_hello *h)
{
    return h->suite_count < CLIENT_HELLO_SUITES_MOST ? h->suite_count : CLIENT_HELLO_SUITES_MOST;
}

// How many offered suites are of this class and have `word` in their names; "" = any.
static size_t count_suites(const struct client_hello *h, enum tls_suite_class class,
                           const char *word)
{
    size_t count = 0;
    for (size_t i = 0; i < kept_suites(h); i++) {
        const struct tls_suite *s = tls_suite_find(h->suites[i]);
        count += s && s->class == class && strstr(s->name, word);
    }
    return count;
}

static bool has_weak_suite(const struct client_hello *h)
{
    static const char *const weak[] = {"_NULL_", "_RC4_", "_3DES_", "_MD5"};
    for (size_t i = 0; i < HR_COUNT_OF(weak); i++) {
        if (count_suites(h, TLS_SUITE_NEVER, weak[i]) + count_suites(h, TLS_SUITE_REMOVED, weak[i])) {
            return true;
        }
    }
    return false;
}

// ---- the rules: each says what it thinks of a hello, OFFER_OK when it does not apply

enum {
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304,
    RSA_PKCS1_SHA256 = 0x0401,
    RSA_PKCS1_SHA384 = 0x0501,
    ECDSA_SHA256 = 0x0403,
    ECDSA_SHA384 = 0x0503,
    RSA_PSS_SHA256 = 0x0804,
    RSA_PSS_SHA384 = 0x0805,
    SECP256R1 = 23,
    SECP384R1 = 24,
};

static enum offer_verdict judge_version(const struct client_hello *h)
{
    bool has_tls12 = h->versions.count ? has(&h->versions, TLS_1_2) : h->version >= TLS_1_2;
    return has_tls12 ? OFFER_OK : OFFER_FAIL;
}

static enum offer_verdict judge_old_versions(const struct client_hello *h)
{
    return has(&h->versions, 0x0301) || has(&h->versions, 0x0302) ? OFFER_WARN : OFFER_OK;
}

static enum offer_verdict judge_tls13_suites(const struct client_hello *h)
{
    bool is_met = h->version < TLS_1_3 || count_suites(h, TLS_SUITE_TLS13, "");
    return is_met ? OFFER_OK : OFFER_FAIL;
}

static enum offer_verdict judge_suites(const struct client_hello *h)
{
    return count_suites(h, TLS_SUITE_TAKEN, "") ? OFFER_OK : OFFER_FAIL;
}

static enum offer_verdict judge_aead(const struct client_hello *h)
{
    bool is_cbc_alone =
        count_suites(h, TLS_SUITE_TAKEN, "") && !count_suites(h, TLS_SUITE_TAKEN, "_GCM_");
    return is_cbc_alone ? OFFER_WARN : OFFER_OK;
}

static enum offer_verdict judge_ecdsa_alone(const struct client_hello *h)
{
    bool is_alone = count_suites(h, TLS_SUITE_TAKEN, "_ECDSA_") &&
                    !count_suites(h, TLS_SUITE_TAKEN, "_RSA_") &&
                    !count_suites(h, TLS_SUITE_REMOVED, "_RSA_");
    return is_alone ? OFFER_WARN : OFFER_OK;
}

static enum offer_verdict judge_weak_suites(const struct client_hello *h)
{
    return has_weak_suite(h) ? OFFER_WARN : OFFER_OK;
}

static enum offer_verdict judge_curves(const struct client_hello *h)
{
    if (!h->has_groups) {
        return OFFER_WARN;
    }
    return has(&h->groups, SECP256R1) || has(&h->groups, SECP384R1) ? OFFER_OK : OFFER_WARN;
}

static enum offer_verdict judge_signatures(const struct client_hello *h)
{
    static const uint16_t good[] = {RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256,
                                    RSA_PSS_SHA384,   ECDSA_SHA256,     ECDSA_SHA384};
    for (size_t i = 0; i < HR_COUNT_OF(good); i++) {
        if (has(&h->signatures, good[i])) {
            return OFFER_OK;
        }
    }
    return OFFER_FAIL; // without the extension SHA-1 is meant, RFC 5246 7.4.1.4.1
}

static enum offer_verdict judge_sha384(const struct client_hello *h)
{
    bool is_met = has(&h->signatures, RSA_PKCS1_SHA384) || has(&h->signatures, ECDSA_SHA384) ||
                  has(&h->signatures, RSA_PSS_SHA384);
    return is_met ? OFFER_OK : OFFER_WARN;
}

static enum offer_verdict judge_sni(const struct client_hello *h)
{
    return h->sni[0] ? OFFER_OK : OFFER_WARN;
}

static enum offer_verdict judge_sni_text(const struct client_hello *h)
{
    bool is_bad = strchr(h->sni, ':') || (h->sni[0] && strspn(h->sni, "0123456789.") == strlen(h->sni));
    return is_bad ? OFFER_FAIL : OFFER_OK;
}

static enum offer_verdict judge_max_fragment(const struct client_hello *h)
{
    return h->max_fragment_bytes ? OFFER_WARN : OFFER_OK;
}

static enum offer_verdict judge_renegotiation(const struct client_hello *h)
{
    return h->has_renegotiation_info ? OFFER_OK : OFFER_WARN;
}

static enum offer_verdict judge_master_secret(const struct client_hello *h)
{
    bool has_tls12 = judge_version(h) == OFFER_OK;
    return h->has_extended_master_secret || !has_tls12 ? OFFER_OK : OFFER_WARN;
}

static enum offer_verdict judge_compression(const struct client_hello *h)
{
    return h->has_compression ? OFFER_WARN : OFFER_OK;
}

static enum offer_verdict judge_tls13(const struct client_hello *h)
{
    return h->version >= TLS_1_3 ? OFFER_OK : OFFER_WARN;
}

struct rule_row {
    const char *id;
    const char *requirement;
    enum offer_verdict (*judge)(const struct client_hello *h);
    const char *why; // what it costs when it is not met
};

static const struct rule_row rules[] = {
    {"tls-1.2", "offers TLS 1.2", judge_version,
     "IoT Hub ended TLS 1.0 and 1.1 on 2025-08-31, and its classic host names speak no TLS 1.3"},
    {"old-versions", "offers no version before TLS 1.2", judge_old_versions,
     "TLS 1.0 and 1.1 are offered too; the service takes neither, and a scan of the device will "
     "complain"},
    {"suite", "offers a cipher suite that IoT Hub takes", judge_suites,
     "none of ECDHE with AES-GCM, AES128-CBC-SHA256 or AES256-CBC-SHA384 is offered; the others "
     "ended on 2025-08-31"},
    {"suite-gcm", "offers an AES-GCM suite", judge_aead,
     "of the suites that the service takes only CBC ones are offered; those are the next to go"},
    {"suite-weak", "offers no broken suite", judge_weak_suites,
     "a suite with NULL, RC4, 3DES or MD5 is offered; no service takes it, and it can only harm"},
    {"suite-tls-1.3", "offers a TLS 1.3 suite with AES-GCM", judge_tls13_suites,
     "TLS 1.3 is offered without TLS_AES_128_GCM_SHA256 or TLS_AES_256_GCM_SHA384"},
    {"ecdsa-only", "can do with an RSA certificate", judge_ecdsa_alone,
     "without an RSA suite the service shows its ECC chain: the device needs the ECC roots "
     "(DigiCert Global Root G3) besides the RSA ones"},
    {"curve", "offers secp256r1 or secp384r1", judge_curves,
     "the service is known to choose secp256r1 and secp384r1; without them it may find no curve"},
    {"signature", "offers SHA-256 or better signatures", judge_signatures,
     "no signature with SHA-256 or SHA-384 is offered, and the service signs with nothing older"},
    {"sha-384", "offers SHA-384 signatures", judge_sha384,
     "the intermediates of today's chains are signed with SHA-384; a stack without it skips them "
     "and reports misleading errors"},
    {"sni", "names the host (SNI)", judge_sni,
     "the host names with TLS 1.3 need the server name, and no other front finds the right hub "
     "without it"},
    {"sni-text", "names a host in the SNI, no address and no port", judge_sni_text,
     "the server name is an address or carries a port; RFC 6066 allows host names alone"},
    {"max-fragment", "needs no small fragments", judge_max_fragment,
     "a maximum fragment length is asked for: the service may then split its Certificate message, "
     "which mbedTLS before 3.6.3 cannot read"},
    {"renegotiation-info", "signals secure renegotiation", judge_renegotiation,
     "neither renegotiation_info nor its signalling suite is there (RFC 5746); strict peers refuse"},
    {"extended-master-secret", "offers the extended master secret", judge_master_secret,
     "RFC 7627 binds the session to its handshake; FIPS and strict peers ask for it"},
    {"compression", "offers no compression", judge_compression,
     "TLS compression is offered; it leaks secrets (CRIME) and no service takes it"},
    {"tls-1.3", "is ready for the host names with TLS 1.3", judge_tls13,
     "TLS 1.2 is still taken everywhere; the new host names speak TLS 1.3 as well"},
};

size_t offer_rule_count(void)
{
    return HR_COUNT_OF(rules);
}

struct offer_judgement offer_judge(const struct client_hello *hello, size_t rule)
{
    const struct rule_row *row = &rules[rule];
    enum offer_verdict verdict = row->judge(hello);
    return (struct offer_judgement){row->id, row->requirement, verdict,
                                    verdict == OFFER_OK ? "met, or not asked of this offer"
                                                        : row->why};
}

const char *offer_verdict_word(enum offer_verdict verdict)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    return words[verdict];
}

// ---- lists

static const char *signature_name(uint16_t id, char scratch[16])
{
    static const struct {
        uint16_t id;
        const char *name;
    } rows[] = {
        {0x0201, "rsa_pkcs1_sha1"},       {0x0203, "ecdsa_sha1"},
        {0x0401, "rsa_pkcs1_sha256"},     {0x0501, "rsa_pkcs1_sha384"},
        {0x0601, "rsa_pkcs1_sha512"},     {0x0403, "ecdsa_secp256r1_sha256"},
        {0x0503, "ecdsa_secp384r1_sha384"}, {0x0603, "ecdsa_secp521r1_sha512"},
        {0x0804, "rsa_pss_rsae_sha256"},  {0x0805, "rsa_pss_rsae_sha384"},
        {0x0806, "rsa_pss_rsae_sha512"},  {0x0807, "ed25519"},
        {0x0808, "ed448"},                {0x0809, "rsa_pss_pss_sha256"},
        {0x080A, "rsa_pss_pss_sha384"},   {0x080B, "rsa_pss_pss_sha512"},
        {0x0301, "rsa_pkcs1_sha224"},     {0x0303, "ecdsa_sha224"},
        {0x0101, "rsa_pkcs1_md5"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (rows[i].id == id) {
            return rows[i].name;
        }
    }
    snprintf(scratch, 16, "0x%04x", id);
    return scratch;
}

// Cut at the last name that fits.
static void print_names(const uint16_t *numbers, size_t count,
                        const char *(*name_of)(uint16_t, char[16]), char *out, size_t capacity)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char scratch[16];
        const char *name = name_of(numbers[i], scratch);
        if (tls_is_grease(numbers[i]) || at + strlen(name) + 2 > capacity) {
            continue;
        }
        at += (size_t)snprintf(out + at, capacity - at, "%s%s", at ? "," : "", name);
    }
}

static const char *suite_or_signal(uint16_t id, char scratch[16])
{
    return tls_suite_is_signal(id) ? (id == 0xFF ? "renegotiation-signal" : "fallback-signal")
                                   : tls_suite_name(id, scratch);
}

static size_t kept(const struct client_hello_list *list)
{
    return list->count < CLIENT_HELLO_LIST_MOST ? list->count : CLIENT_HELLO_LIST_MOST;
}

static int print_numbers(const uint16_t *numbers, size_t count, struct buf *out)
{
    const char *joint = "";
    for (size_t i = 0; i < count; i++) {
        if (!tls_is_grease(numbers[i])) {
            TRY(buf_printf(out, "%s%u", joint, numbers[i]));
            joint = "-";
        }
    }
    return 0;
}

int offer_print_ja3(const struct client_hello *h, struct buf *out)
{
    TRY(buf_printf(out, "%u,", h->legacy_version));
    TRY(print_numbers(h->suites, kept_suites(h), out));
    TRY(buf_append_u8(out, ','));
    TRY(print_numbers(h->extensions.at, kept(&h->extensions), out));
    TRY(buf_append_u8(out, ','));
    TRY(print_numbers(h->groups.at, kept(&h->groups), out));
    TRY(buf_append_u8(out, ','));
    return print_numbers(h->point_formats.at, kept(&h->point_formats), out);
}

int offer_describe(const struct client_hello *h, struct offer_text *out)
{
    uint8_t digest[HASH_MD5_BYTES];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 8000);
    if (h->versions.count) {
        print_names(h->versions.at, kept(&h->versions), tls_version_name, out->versions,
                    sizeof out->versions);
    } else {
        print_names(&h->version, 1, tls_version_name, out->versions, sizeof out->versions);
    }
    print_names(h->suites, kept_suites(h), suite_or_signal, out->suites, sizeof out->suites);
    print_names(h->groups.at, kept(&h->groups), tls_group_name, out->groups, sizeof out->groups);
    print_names(h->signatures.at, kept(&h->signatures), signature_name, out->signatures,
                sizeof out->signatures);
    TRY(offer_print_ja3(h, &text));
    TRY(hash_md5(buf_span(&text), digest));
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(out->ja3 + 2 * i, 3, "%02x", digest[i]);
    }
    return 0;
}
