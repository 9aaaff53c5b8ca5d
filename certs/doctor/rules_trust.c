// SPDX-License-Identifier: MIT
// Family R: what the trust anchors say.
#include "base/when.h"
#include "certs/doctor/case.h"
#include "certs/doctor/openssl_hash.h"
#include "certs/doctor/stack.h"

#include <stdio.h>
#include <string.h>

static const int64_t service_life_s = INT64_C(10) * 31557600;
static const char no_trust_shows[] =
    "mbedTLS -0x2700 (-9984) flag 0x8, OpenSSL verify code 20; the hub sees alert 48 unknown_ca";

enum { SYSTEM_BUNDLE_LEAST = 50, SMALL_BUNDLE_MOST = 10 };

bool case_is_own_root(const struct cert *cert)
{
    struct span name = span_text(cert->name);
    return text_has_nocase(name, "test") || text_has_nocase(name, "do not use");
}

bool case_has_trust(const struct doctor *d)
{
    for (size_t i = 0; i < d->cert_count; i++) {
        if (d->certs[i]->role == ROLE_TRUST) {
            return true;
        }
    }
    for (size_t i = 0; i < d->piece_count; i++) {
        if (d->pieces[i]->hint == ROLE_TRUST) {
            return true;
        }
    }
    for (size_t i = 0; i < d->input_count; i++) {
        bool is_nothing = d->inputs[i]->kind == INPUT_NOTHING && !d->inputs[i]->is_text;
        if (is_nothing && !d->inputs[i]->is_of_folder) {
            return true;
        }
    }
    return false;
}

unsigned case_known_mask(const struct doctor *d)
{
    unsigned mask = 0;
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->role == ROLE_TRUST && c->known && cert_is_root(c)) {
            mask |= 1u << (c->known - known_roots);
        }
    }
    return mask;
}

static size_t count_trust(const struct doctor *d)
{
    size_t count = 0;
    for (size_t i = 0; i < d->cert_count; i++) {
        count += d->certs[i]->role == ROLE_TRUST && d->certs[i]->is_parsed;
    }
    return count;
}

static const struct cert *device_cert(const struct doctor *d)
{
    for (size_t i = 0; i < d->cert_count; i++) {
        if (d->certs[i]->role == ROLE_DEVICE && d->certs[i]->is_parsed) {
            return d->certs[i];
        }
    }
    return NULL;
}

// A root of the user's own making: it signed the device certificate, its key is here, or its name
// says test.
static const struct cert *find_own_root(const struct doctor *d)
{
    const struct cert *device = device_cert(d);
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->role != ROLE_TRUST || !cert_is_root(c) || c->known) {
            continue;
        }
        bool is_own = case_is_own_root(c) || (device && cert_is_named_issuer(c, device));
        for (size_t k = 0; k < d->key_count && !is_own; k++) {
            is_own = key_fits(d->keys[k], c);
        }
        if (is_own) {
            return c;
        }
    }
    return NULL;
}

// Where to point for the set as a whole: the first sound root, else whatever is there.
static const struct cert *first_trust(const struct doctor *d)
{
    const struct cert *first = NULL;
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->role == ROLE_TRUST && cert_is_root(c)) {
            return c;
        }
        first = c->role == ROLE_TRUST && !first ? c : first;
    }
    return first;
}

static void say_missing_names(unsigned missing, char *out, size_t capacity_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < KNOWN_ROOT_COUNT && used < capacity_bytes; i++) {
        if (missing & 1u << i) {
            used += (size_t)snprintf(out + used, capacity_bytes - used, "%s%s", used ? " and " : "",
                                     known_roots[i].name);
        }
    }
}

static void say_own_root(struct doctor *d, const struct cert *own)
{
    bool is_simulator = text_has(span_text(own->name), "hubrig test");
    struct remark r = {.rule = DOCTOR_R_01, .at = own->at, .shows = no_trust_shows};
    if (is_simulator) {
        r.as = AS_INFO;
        r.shows = "against the real hub: mbedTLS -0x2700 (-9984) flag 0x8";
        r.fix = "for the real hub put in DigiCert Global Root G2";
        case_say(d, &r, "\"%s\" is the root of hubrig's own hub: right for tests, no use elsewhere",
                 own->name);
        return;
    }
    r.fix =
        "put the hub's root (DigiCert Global Root G2) where the device looks for trust anchors; "
        "the CA that you uploaded to the hub stays with your device certificates";
    case_say(d, &r,
             "\"%s\" is your own CA: uploaded to the hub it proves the device, it did not sign the "
             "hub's certificate",
             own->name);
}

static void judge_set(struct doctor *d)
{
    const struct cloud_needs *needs = cloud_needs_of(d->cloud);
    unsigned mask = case_known_mask(d);
    const struct cert *own = find_own_root(d);
    const struct cert *first = first_trust(d);
    unsigned missing = needs->must & ~mask;
    char names[200];
    if (!missing || !first) {
        return;
    }
    struct remark r = {.at = first->at, .shows = no_trust_shows};
    if (mask == 1u << ROOT_BALTIMORE) {
        r.rule = DOCTOR_R_02;
        r.fix = "replace it by DigiCert Global Root G2, and add Microsoft RSA Root 2017 as a spare";
        case_say(d, &r,
                 "Baltimore CyberTrust Root is the only root here: hubs left it in 2023-24 "
                 "and it expired 2025-05-12");
        return;
    }
    if (own) {
        say_own_root(d, own);
        return;
    }
    say_missing_names(missing, names, sizeof names);
    r.rule = DOCTOR_R_03;
    r.fix = "add what is missing to the trust anchors of the device";
    if (d->cloud == CLOUD_PUBLIC) {
        case_say(d, &r, "the root of the public cloud's hubs is not here: %s", names);
    } else {
        case_say(d, &r, "Azure %s needs %s; not here: %s",
                 d->cloud == CLOUD_CHINA ? "China" : "Government", needs->must_text, names);
    }
}

static void judge_anchor_kind(struct doctor *d, const struct cert *c)
{
    char day[32];
    bool is_spare = !(cloud_needs_of(d->cloud)->must & ~case_known_mask(d));
    int as = is_spare ? AS_WARNING : AS_USUAL;
    bool is_client_ca = c->is_self_issued;
    if (c->is_ca && !c->is_self_issued) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_06,
                                  .as = as,
                                  .at = c->at,
                                  .shows =
                                      "OpenSSL verify code 20 today; -0x2700 (-9984) elsewhere "
                                      "from the day that Microsoft changes it",
                                  .fix = "trust the root above it instead"},
                 "\"%s\" is an intermediate (until %s): these change without notice", c->name,
                 case_day(c->to_s, day));
    } else if (!c->is_ca && !is_client_ca) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_07,
                                  .as = as,
                                  .at = c->at,
                                  .shows = no_trust_shows,
                                  .fix = "trust the root of its chain instead"},
                 "\"%s\" is a server's own certificate (until %s): hub certificates live five to "
                 "six months, and mbedTLS takes none as an anchor unless it signed itself",
                 c->name, case_day(c->to_s, day));
    } else if (!c->is_ca) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_07,
                                  .as = as,
                                  .at = c->at,
                                  .shows = no_trust_shows,
                                  .fix = "put the hub's root here"},
                 "\"%s\" is no CA certificate: it can vouch for nobody else", c->name);
    }
}

static void judge_dates(struct doctor *d, const struct cert *c, bool is_small)
{
    char day[32];
    int64_t now = d->settings.now_s;
    bool is_of_interest = c->known || is_small;
    if (!is_of_interest || !c->is_self_issued) {
        return;
    }
    case_day(c->to_s, day);
    if (c->to_s < now) {
        bool is_lax = d->settings.stack == STACK_WOLFSSL || d->settings.stack == STACK_BEARSSL;
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_04,
                                  .as = is_lax ? AS_INFO : AS_USUAL,
                                  .at = c->at,
                                  .shows =
                                      "mbedTLS -0x2700 flag 0x1, OpenSSL verify code 10, where "
                                      "it is the one needed",
                                  .fix = "remove it once no chain needs it"},
                 "\"%s\" expired %s; wolfSSL and BearSSL do not look at an anchor's dates, the "
                 "others refuse it",
                 c->name, day);
    } else if (c->to_s < now + service_life_s) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_05,
                                  .at = c->at,
                                  .fix = "plan how a device in the field gets new roots"},
                 "\"%s\" ends %s, within ten years", c->name, day);
    }
}

static void judge_mbedtls(struct doctor *d, const struct cert *c)
{
    if (c->odd_oid[0] || c->strict_error) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_13,
                                  .at = c->at,
                                  .as = case_is_mbedtls(d) ? AS_ERROR : AS_USUAL,
                                  .shows = "mbedTLS -0x2562 or -0x2080, or a positive count",
                                  .fix = "use a root without it"},
                 "\"%s\" has an extension that mbedTLS must understand and does not (%s)", c->name,
                 c->odd_oid[0] ? c->odd_oid : "not marked critical");
    }
    if (c->crt.version == 1) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_14,
                                  .at = c->at,
                                  .shows = "wolfSSL -188, BearSSL 62",
                                  .fix = "use a version 3 root"},
                 "\"%s\" is a version 1 certificate: wolfSSL and BearSSL refuse it", c->name);
    }
}

static void judge_twins(struct doctor *d, const struct cert *c, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const struct cert *other = d->certs[i];
        if (other->role != ROLE_TRUST || !other->is_parsed) {
            continue;
        }
        const mbedtls_x509_buf *a = &c->crt.subject_raw;
        const mbedtls_x509_buf *b = &other->crt.subject_raw;
        bool is_namesake = span_equals(span_of(a->p, a->len), span_of(b->p, b->len));
        bool is_same_key = span_equals(span_of(c->crt.pk_raw.p, c->crt.pk_raw.len),
                                       span_of(other->crt.pk_raw.p, other->crt.pk_raw.len));
        if (is_namesake && !is_same_key) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_R_12,
                                      .at = c->at,
                                      .fix = "find out which one is genuine and remove the other"},
                     "\"%s\" has the name of the one in %s:%d, but another key", c->name,
                     other->at.file, other->at.line);
            return;
        }
    }
}

static void judge_cert(struct doctor *d, const struct cert *c, size_t i, size_t trust_count)
{
    bool is_small = trust_count <= SMALL_BUNDLE_MOST;
    char day[32];
    judge_anchor_kind(d, c);
    judge_dates(d, c, is_small);
    judge_mbedtls(d, c);
    judge_twins(d, c, i);
    bool is_sha1 = c->crt.sig_md == MBEDTLS_MD_SHA1 || c->crt.sig_md == MBEDTLS_MD_MD5;
    if (is_sha1 && c->is_self_issued && (is_small || c->known)) {
        case_say(d, &(struct remark){.rule = DOCTOR_R_11, .at = c->at, .fix = "nothing to do"},
                 "\"%s\" is signed with SHA-1: fine, nobody checks the signature of an anchor",
                 c->name);
    }
    if (c->known && cert_is_root(c) && !c->is_twice) {
        case_right(d, "%s is there and genuine (SHA-1 %.8s..., until %s)", c->known->name,
                   c->known->sha1, case_day(c->to_s, day));
    }
}

static void judge_count(struct doctor *d, size_t trust_count)
{
    const struct cert *first = first_trust(d);
    unsigned mask = case_known_mask(d);
    bool has_must = !(cloud_needs_of(d->cloud)->must & ~mask);
    if (trust_count == 1 && has_must) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_08,
                                  .at = first->at,
                                  .fix = "add Microsoft RSA Root Certificate Authority 2017"},
                 "%s is the only root: the next move of the hubs stops the device",
                 first->known->name);
    }
    bool has_rsa =
        setting_state(d, CONFIG_MBEDTLS, "MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED") != SETTING_OFF &&
        setting_state(d, CONFIG_WOLFSSL, "NO_RSA") != SETTING_ON;
    if (!has_rsa && trust_count && !(mask & (1u << ROOT_G3 | 1u << ROOT_MS_ECC_2017))) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_09,
                                  .at = first->at,
                                  .shows = no_trust_shows,
                                  .fix = "add DigiCert Global Root G3 and Microsoft ECC Root 2017"},
                 "the build has no RSA suites, so the hub shows its ECC chain, and no ECC root is "
                 "here");
    }
    bool is_sovereign = d->cloud == CLOUD_CHINA || d->cloud == CLOUD_GOV;
    size_t g1_alone = 0;
    const struct cert *g1 = NULL;
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        bool is_g1 = c->known == &known_roots[ROOT_G1] && c->role == ROLE_TRUST;
        g1 = is_g1 && !g1 ? c : g1;
        g1_alone += is_g1 && c->piece->pem.count < SYSTEM_BUNDLE_LEAST;
    }
    if (is_sovereign && g1 && g1_alone == 0) {
        case_say(
            d,
            &(struct remark){.rule = DOCTOR_R_10,
                             .at = g1->at,
                             .shows = no_trust_shows,
                             .fix = "keep a copy of it in the firmware"},
            "DigiCert Global Root CA comes from a system bundle; public stores drop it in 2026");
    }
}

static void judge_nothing(struct doctor *d, size_t trust_count)
{
    const char *file = "";
    unsigned mask = case_known_mask(d);
    unsigned must = cloud_needs_of(d->cloud)->must;
    for (size_t i = 0; i < d->input_count; i++) {
        file = d->inputs[i]->kind == INPUT_NOTHING ? d->inputs[i]->name : file;
    }
    if (trust_count == 0 && case_has_trust(d)) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_15,
                                  .at = {file, 0},
                                  .shows = no_trust_shows,
                                  .fix = "give the device DigiCert Global Root G2"},
                 "no trust anchor can be read: the device cannot verify any hub");
        return;
    }
    if (trust_count == 0 && d->host.len) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_R_15,
                                  .as = AS_INFO,
                                  .at = {"", 0},
                                  .shows = no_trust_shows,
                                  .fix = "give the doctor the file that the device trusts"},
                 "no trust anchors among the inputs: a device without any refuses every hub");
        return;
    }
    for (size_t i = 0; i < KNOWN_ROOT_COUNT; i++) {
        bool is_past = known_roots[i].not_after_s < d->settings.now_s;
        if (must & mask & 1u << i && is_past) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_R_15,
                                      .at = first_trust(d)->at,
                                      .shows = "mbedTLS -0x2700 flag 0x1",
                                      .fix = "ask Microsoft's page which root follows"},
                     "%s has ended: the chain below it verifies no more", known_roots[i].name);
        }
    }
}

static bool is_hash_name(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");
    return digits == 8 && name[8] == '.' && name[9] >= '0' && name[9] <= '9';
}

static const char *base_of(const struct input *input)
{
    const char *slash = strrchr(input->name, '/');
    return slash ? slash + 1 : input->name;
}

static bool folder_has(const struct doctor *d, const char *hash)
{
    for (size_t i = 0; i < d->input_count; i++) {
        const char *name = base_of(d->inputs[i]);
        if (d->inputs[i]->is_of_folder && (hash ? strncmp(name, hash, 8) == 0 : true) &&
            is_hash_name(name)) {
            return true;
        }
    }
    return false;
}

// OpenSSL finds an anchor in a folder by the hash of its subject alone.
static void judge_folder(struct doctor *d)
{
    bool is_openssl = d->settings.stack == STACK_OPENSSL || folder_has(d, NULL);
    for (size_t i = 0; i < d->cert_count && is_openssl; i++) {
        const struct cert *c = d->certs[i];
        char hash[9];
        if (!c->piece->input->is_of_folder || c->role != ROLE_TRUST || !c->is_parsed) {
            continue;
        }
        const mbedtls_x509_buf *name = &c->crt.subject_raw;
        if (openssl_name_hash(span_of(name->p, name->len), hash) && !folder_has(d, hash)) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_R_16,
                                      .at = c->at,
                                      .shows = "OpenSSL verify code 20",
                                      .fix = "run `openssl rehash` on the folder on the device, or "
                                             "name the file as CAfile"},
                     "\"%s\" is in the folder, but not under the name %s.0 by which OpenSSL looks",
                     c->name, hash);
        }
    }
}

void rules_trust(struct doctor *d)
{
    size_t trust_count = count_trust(d);
    judge_nothing(d, trust_count);
    judge_set(d);
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->role == ROLE_TRUST && c->is_parsed) {
            judge_cert(d, c, i, trust_count);
        }
    }
    judge_count(d, trust_count);
    judge_folder(d);
}
