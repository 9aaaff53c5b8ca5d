// SPDX-License-Identifier: MIT
// Family D: the device's own certificate.
#include "certs/doctor/case.h"

#include <mbedtls/pk.h>
#include <stdio.h>
#include <string.h>

static const char connack_5[] = "handshake fine, then CONNACK 5 (not authorized)";

static void judge_subject(struct doctor *d, const struct cert *c)
{
    char id[96];
    char name[96];
    if (c->name_count != 1) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_03,
                                  .at = c->at,
                                  .shows = connack_5,
                                  .fix = "make a certificate whose subject has one CN: the id"},
                 "the subject has %zu common names; the hub wants one, the device id",
                 c->name_count);
        return;
    }
    bool is_dps = case_is_dps(d);
    if (d->device.len == 0 || is_dps) {
        return;
    }
    if (span_equals(d->device, span_text(c->name))) {
        case_right(d, "the common name of the device certificate is the device id");
        return;
    }
    bool is_thumbprint = d->settings.thumbprint != NULL;
    bool is_case = span_equals_nocase(d->device, span_text(c->name));
    case_quote(d->device, id);
    case_quote(span_text(c->name), name);
    case_say(d,
             &(struct remark){.rule = DOCTOR_D_02,
                              .at = c->at,
                              .shows = connack_5,
                              .as = is_thumbprint ? AS_INFO : AS_USUAL,
                              .fix = "use one spelling: CN = device id, byte for byte"},
             "the common name is \"%s\", the device id is \"%s\"%s", name, id,
             is_case ? ": they differ in case" : "");
}

static void judge_dates(struct doctor *d, const struct cert *c)
{
    char from[32];
    char to[32];
    int64_t now = d->settings.now_s;
    case_day(c->from_s, from);
    case_day(c->to_s, to);
    if (c->to_s < now || c->from_s > now) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_05,
                                  .at = c->at,
                                  .shows = connack_5,
                                  .fix = "make a new one; those of the tutorial live 30 days"},
                 "\"%s\" is valid from %s to %s, and today is outside", c->name, from, to);
        return;
    }
    case_right(d, "the device certificate is valid until %s", to);
    case_date(d, c->to_s, "the device certificate expires");
}

static bool is_issuer_among(const struct doctor *d, const struct cert *c, enum role role)
{
    for (size_t i = 0; i < d->cert_count; i++) {
        if (d->certs[i] != c && d->certs[i]->role == role && cert_is_named_issuer(d->certs[i], c)) {
            return true;
        }
    }
    return false;
}

static bool has_own_ca(const struct doctor *d)
{
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->role == ROLE_TRUST && cert_is_root(c) && !c->known && case_is_own_root(c)) {
            return true;
        }
    }
    return false;
}

static void judge_chain(struct doctor *d, const struct cert *c)
{
    if (c->is_self_issued) {
        if (has_own_ca(d) && !c->is_ca) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_D_15,
                                      .at = c->at,
                                      .shows = connack_5,
                                      .fix = "register its thumbprint, or sign one with the CA"},
                     "\"%s\" signed itself, but a CA is here too: registration by CA does not "
                     "accept it",
                     c->name);
        }
        return;
    }
    bool is_in_file = is_issuer_among(d, c, ROLE_CHAIN);
    bool is_given = is_in_file || is_issuer_among(d, c, ROLE_TRUST);
    if (!is_given && !d->settings.thumbprint) {
        char issuer[96];
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_06,
                                  .at = c->at,
                                  .as = has_own_ca(d) ? AS_ERROR : AS_INFO,
                                  .shows = "CONNACK 5; 401002 from the provisioning service",
                                  .fix = "append the intermediates to the device's file, device "
                                         "certificate first, or upload the issuer itself"},
                 "the issuer \"%s\" is not in the file%s", case_quote(span_text(c->issuer), issuer),
                 has_own_ca(d) ? " and is not the CA given here"
                               : ": that must be the CA which you uploaded");
    }
}

static void judge_form(struct doctor *d, const struct cert *c)
{
    bool is_small = d->settings.stack < STACK_COUNT && d->settings.stack != STACK_OPENSSL &&
                    d->settings.stack != STACK_GNUTLS;
    is_small = is_small || d->is_config_whole[CONFIG_MBEDTLS] || d->is_config_whole[CONFIG_WOLFSSL];
    size_t bits = mbedtls_pk_get_bitlen(&c->crt.pk);
    bool is_rsa = mbedtls_pk_get_type(&c->crt.pk) == MBEDTLS_PK_RSA;
    if (c->has_eku && !c->has_client_auth) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_08,
                                  .at = c->at,
                                  .shows = connack_5,
                                  .fix = "add clientAuth, or leave the extension out"},
                 "the extended key usage of \"%s\" does not allow clientAuth", c->name);
    }
    if (is_rsa && bits >= 3072 && is_small) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_09,
                                  .at = c->at,
                                  .shows = "-0x7100 or a handshake of many seconds",
                                  .fix = "use a P-256 key"},
                 "RSA-%zu: the certificate alone is %zu bytes, and each signature %zu", bits,
                 c->der.len, bits / 8);
    }
    if (c->crt.sig_md == MBEDTLS_MD_SHA1 || c->crt.sig_md == MBEDTLS_MD_MD5) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_10,
                                  .at = c->at,
                                  .shows = connack_5,
                                  .fix = "sign it with SHA-256"},
                 "\"%s\" is signed with %s", c->name,
                 c->crt.sig_md == MBEDTLS_MD_SHA1 ? "SHA-1" : "MD5");
    }
}

static void judge_key(struct doctor *d, const struct cert *c)
{
    const struct key *wrong = NULL;
    for (size_t i = 0; i < d->key_count; i++) {
        if (key_fits(d->keys[i], c)) {
            case_right(d, "the private key belongs to the device certificate");
            return;
        }
        wrong = d->keys[i]->has_pk && d->keys[i]->content <= CONTENT_SEC1 ? d->keys[i] : wrong;
    }
    if (wrong) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_04,
                                  .at = wrong->at,
                                  .shows = "mbedTLS -0x7680 or a bad signature: the hub sends "
                                           "alert 51 or closes",
                                  .fix = "take the key that the certificate was made with"},
                 "this key does not belong to \"%s\" in %s", c->name, c->at.file);
    }
}

static void judge_order(struct doctor *d, const struct cert *c)
{
    size_t chain_certs = 0;
    for (size_t i = 0; i < d->cert_count; i++) {
        chain_certs += d->certs[i]->piece == c->piece && d->certs[i]->role == ROLE_CHAIN;
    }
    for (size_t i = 0; i < d->cert_count; i++) {
        if (d->certs[i]->piece != c->piece) {
            continue;
        }
        if (d->certs[i] != c) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_D_11,
                                      .at = d->certs[i]->at,
                                      .fix = "put the device's certificate first, then upwards"},
                     "\"%s\" stands before the device's own certificate", d->certs[i]->name);
        }
        break;
    }
    bool is_netx = case_source_has(d, "nx_secure_x509_certificate_initialize") ||
                   case_source_has(d, "nx_secure_tls_session_create");
    if (is_netx && chain_certs) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_07,
                                  .at = c->at,
                                  .shows = connack_5,
                                  .fix = "upload the intermediate to the hub instead"},
                 "NetX Duo sends the device certificate alone, without the %zu behind it",
                 chain_certs);
    }
}

static void judge_mix(struct doctor *d, const struct cert *c)
{
    for (size_t i = 0; i < d->connection_count; i++) {
        if (d->connections[i]->key.len) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_D_16,
                                      .at = d->connections[i]->at,
                                      .shows = connack_5,
                                      .fix = "with a certificate use x509=true and leave the "
                                             "SharedAccessKey and the MQTT password out"},
                     "a SharedAccessKey stands here, and %s holds a device certificate",
                     c->at.file);
        }
    }
}

// One thumbprint as the registry shows it.
struct thumbprint {
    char hex[65];
    size_t digits; // hex digits found
    size_t others; // colons, blanks
    size_t hidden; // not ASCII
};

static void read_thumbprint(struct span text, struct thumbprint *t)
{
    *t = (struct thumbprint){0};
    text = span_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_upper = c >= 'A' && c <= 'F';
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || is_upper;
        if (is_hex) {
            if (t->digits < 64) {
                t->hex[t->digits] = (char)(is_upper ? c + 32 : c);
            }
            t->digits++;
        } else if (c >= 0x80) {
            t->hidden += (c & 0xc0) != 0x80;
        } else {
            t->others++;
        }
    }
}

static void hex_of(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

static bool judge_thumbprint_form(struct doctor *d, const struct thumbprint *t)
{
    struct remark r = {.rule = DOCTOR_D_13,
                       .at = {"--thumbprint", 0},
                       .shows = connack_5,
                       .fix = "register 40 (SHA-1) or 64 (SHA-256) hex digits and nothing else"};
    if (t->hidden || t->others) {
        case_say(d, &r,
                 "the thumbprint holds %zu invisible and %zu other characters beside hex "
                 "digits",
                 t->hidden, t->others);
    }
    if (t->digits != 40 && t->digits != 64) {
        case_say(d, &r, "the thumbprint has %zu hex digits; expected 40 or 64", t->digits);
        return false;
    }
    return true;
}

static bool is_thumbprint_of(const struct thumbprint *t, const struct cert *c)
{
    char hex[65];
    hex_of(t->digits == 40 ? c->sha1 : c->sha256, t->digits / 2, hex);
    return memcmp(hex, t->hex, t->digits) == 0;
}

static void judge_thumbprints(struct doctor *d, const struct cert *c)
{
    struct thumbprint two[2] = {0};
    size_t count = 0;
    bool is_sound = true;
    bool is_found = false;
    struct span rest = span_text(d->settings.thumbprint);
    while (rest.ptr && count < 2) {
        read_thumbprint(span_cut(rest, ',', &rest), &two[count]);
        is_sound = judge_thumbprint_form(d, &two[count]) && is_sound;
        count++;
    }
    if (is_sound && count == 2 && two[0].digits != two[1].digits) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_D_13,
                                  .at = {"--thumbprint", 0},
                                  .shows = connack_5,
                                  .fix = "use SHA-256 for both"},
                 "primary and secondary thumbprint are of different kinds");
    }
    if (!c || !is_sound) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        is_found = is_found || is_thumbprint_of(&two[i], c);
    }
    if (is_found) {
        case_right(d, "the registered thumbprint is the one of the device certificate");
        if (two[0].digits == 40) {
            case_say(d,
                     &(struct remark){
                         .rule = DOCTOR_D_14, .at = {"--thumbprint", 0}, .fix = "nothing to do"},
                     "this is SHA-1; where the hub shows 64 digits it shows SHA-256 of the same "
                     "certificate");
        }
        return;
    }
    char hex[65];
    hex_of(two[0].digits == 40 ? c->sha1 : c->sha256, two[0].digits / 2, hex);
    case_say(d,
             &(struct remark){.rule = DOCTOR_D_12,
                              .at = c->at,
                              .shows = connack_5,
                              .fix = "register the thumbprint of the certificate in use"},
             "registered is %.8s..., the certificate has %.8s...", two[0].hex, hex);
}

void rules_device(struct doctor *d)
{
    const struct cert *first = NULL;
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->role != ROLE_DEVICE || !c->is_parsed) {
            continue;
        }
        first = first ? first : c;
        if (c->is_ca) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_D_01,
                                      .at = c->at,
                                      .shows = connack_5,
                                      .fix = "sign a device certificate with this CA, CN = device "
                                             "id, and give the device that one"},
                     "\"%s\" is a CA certificate: the device shows the CA itself", c->name);
        }
        judge_subject(d, c);
        judge_dates(d, c);
        judge_chain(d, c);
        judge_form(d, c);
        judge_key(d, c);
        judge_order(d, c);
    }
    if (first) {
        judge_mix(d, first);
    }
    if (d->settings.thumbprint) {
        judge_thumbprints(d, first);
    }
}
