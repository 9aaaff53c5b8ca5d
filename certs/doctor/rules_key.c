// SPDX-License-Identifier: MIT
// Family K: private keys. Nothing of a key is ever shown, not even its length.
#include "certs/doctor/case.h"

#include <mbedtls/pk.h>
#include <string.h>

// OpenSSL and wolfSSL look at the content, mbedTLS believes the label.
static int label_severity(const struct doctor *d)
{
    bool is_lenient = d->settings.stack == STACK_OPENSSL || d->settings.stack == STACK_WOLFSSL;
    return is_lenient ? AS_WARNING : AS_USUAL;
}

static void judge_label(struct doctor *d, const struct key *k)
{
    static const struct {
        const char *label;
        enum key_content content;
        enum doctor_rule rule;
        const char *shows;
        const char *what;
    } mismatches[] = {
        {"RSA PRIVATE KEY", CONTENT_PKCS8, DOCTOR_K_02, "mbedTLS 2.28 -0x3d00, 3.6 -0x62",
         "the label says RSA PRIVATE KEY (PKCS#1), the content is PKCS#8"},
        {"PRIVATE KEY", CONTENT_PKCS1, DOCTOR_K_03, "mbedTLS -0x3ae2",
         "the label says PRIVATE KEY (PKCS#8), the content is PKCS#1"},
        {"PRIVATE KEY", CONTENT_SEC1, DOCTOR_K_04, "mbedTLS -0x3d80",
         "the label says PRIVATE KEY (PKCS#8), the content is SEC1"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(mismatches); i++) {
        if (strcmp(k->label, mismatches[i].label) == 0 && k->content == mismatches[i].content) {
            case_say(d,
                     &(struct remark){.rule = mismatches[i].rule,
                                      .as = label_severity(d),
                                      .at = k->at,
                                      .shows = mismatches[i].shows,
                                      .fix = "openssl pkey -in OLD -out NEW writes both to match"},
                     "%s; mbedTLS goes by the label", mismatches[i].what);
        }
    }
}

static void judge_kind(struct doctor *d, const struct key *k)
{
    struct remark r = {.at = k->at, .fix = "give the device its private key"};
    bool is_request = text_has(span_text(k->label), "REQUEST");
    if (k->content == CONTENT_ENCRYPTED) {
        r.rule = DOCTOR_K_01;
        r.shows = "mbedTLS -0x3c00, wolfSSL -176";
        r.fix = "openssl pkey -in OLD -out NEW asks for the password and writes it without";
        case_say(d, &r, "the key is encrypted, and a device has nobody to type the password");
    } else if (k->content == CONTENT_OPENSSH) {
        r.rule = DOCTOR_K_06;
        r.shows = "mbedTLS -0x3d00, wolfSSL -162";
        r.fix = "ssh-keygen -p -m pkcs8 -f FILE, or make a new key with openssl";
        case_say(d, &r, "this is a key in OpenSSH's own format");
    } else if (k->content == CONTENT_PUBLIC || is_request) {
        r.rule = DOCTOR_K_05;
        r.shows = "mbedTLS -0x3d00, wolfSSL -140 or -162";
        case_say(d, &r, "this is a %s, no private key",
                 is_request ? "certificate request" : "public key");
    } else if (k->is_ed25519) {
        r.rule = DOCTOR_K_07;
        r.shows = "mbedTLS -0x3c80";
        r.fix = "make a P-256 or RSA-2048 key: the hub's suites are ECDSA and RSA";
        case_say(d, &r, "Ed25519: mbedTLS does not know it, and the hub takes RSA and ECDSA");
    }
}

static void judge_curve(struct doctor *d, const struct key *k)
{
    if (!k->has_pk || !mbedtls_pk_can_do(&k->pk, MBEDTLS_PK_ECKEY)) {
        return;
    }
    mbedtls_ecp_group_id group = mbedtls_pk_ec(k->pk)->grp.id;
    bool is_rare = group != MBEDTLS_ECP_DP_SECP256R1 && group != MBEDTLS_ECP_DP_SECP384R1;
    if (is_rare && k->content != CONTENT_PUBLIC) {
        const mbedtls_ecp_curve_info *info = mbedtls_ecp_curve_info_from_grp_id(group);
        case_say(d,
                 &(struct remark){.rule = DOCTOR_K_10,
                                  .at = k->at,
                                  .shows = "alert 40 or 47 in the handshake",
                                  .fix = "use P-256"},
                 "the key is on the curve %s", info ? info->name : "of an unknown name");
    }
}

static void judge_care(struct doctor *d, const struct key *k)
{
    if (k->content > CONTENT_SEC1) {
        return;
    }
    const struct input *input = k->piece->input;
    if (input->is_world_readable) {
        case_say(d, &(struct remark){.rule = DOCTOR_K_08, .at = k->at, .fix = "chmod 600"},
                 "everybody on this machine can read the private key");
    } else if (input->kind == INPUT_SOURCE) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_K_08,
                                  .at = k->at,
                                  .fix = "keep keys out of sources, or the file out of version "
                                         "control"},
                 "the private key stands in a C source: whoever has the sources has the device");
    }
    bool is_netx = case_source_has(d, "nx_secure_x509_certificate_initialize");
    if (is_netx && (k->is_labelled || k->content == CONTENT_PKCS8)) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_K_09,
                                  .at = k->at,
                                  .shows = "the handshake fails",
                                  .fix =
                                      "openssl rsa -in KEY -outform DER -traditional, or openssl "
                                      "ec -outform DER"},
                 "NetX takes keys as PKCS#1 or SEC1 in DER; this one is %s",
                 k->is_labelled ? "PEM" : "PKCS#8");
    }
}

static bool is_key_name(struct span name)
{
    return text_has_nocase(name, "private") || text_has_nocase(name, ".key") ||
           text_has_nocase(name, "_key") || text_has_nocase(name, "-key");
}

// A certificate in a file that is named as the key's.
static void judge_key_files(struct doctor *d)
{
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        const char *name = c->piece->view.symbol[0] ? c->piece->view.symbol : c->at.file;
        const char *slash = strrchr(name, '/');
        name = slash ? slash + 1 : name;
        bool is_for_key = is_key_name(span_text(name));
        bool is_for_cert = name_has_word(name, "cert") || name_has_word(name, "certificate") ||
                           name_has_word(name, "crt");
        if (is_for_key && !is_for_cert && !c->piece->holds_key) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_K_05,
                                      .at = c->at,
                                      .shows = "mbedTLS -0x3d00, wolfSSL -140 or -162",
                                      .fix = "give the device its private key"},
                     "this is a certificate, no private key");
        }
    }
}

void rules_key(struct doctor *d)
{
    for (size_t i = 0; i < d->key_count; i++) {
        const struct key *k = d->keys[i];
        judge_label(d, k);
        judge_kind(d, k);
        judge_curve(d, k);
        judge_care(d, k);
    }
    judge_key_files(d);
}
