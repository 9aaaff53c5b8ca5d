// SPDX-License-Identifier: MIT
// Who is it? An individual enrollment of the registration id comes before all groups.
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"
#include "simulator/dps/dps_private.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"

#include <stdio.h>
#include <string.h>

int dps_derive_key(const char *group_key, struct span registration_id, struct buf *out)
{
    uint8_t mac[HASH_SHA256_BYTES];
    struct buf key HR_CLEANUP(buf_wipe);
    buf_init(&key, 128);
    TRY(base64_decode(span_text(group_key), &key));
    TRY(hash_hmac_sha256(buf_span(&key), registration_id, mac));
    int code = base64_encode(span_of(mac, sizeof mac), out);
    explicit_bzero(mac, sizeof mac);
    return code;
}

static const struct enrolled *find_individual(const struct dps *dps, const char *id)
{
    const struct enrolled *e = dps->enrollments;
    while (e && (e->e.is_group || strcasecmp(e->e.name, id) != 0)) {
        e = e->next;
    }
    return e;
}

static int refuse(struct dps_refusal *out, int status, int error_code, const char *working)
{
    out->status = status;
    out->error_code = error_code;
    snprintf(out->working, sizeof out->working, "%s", working);
    return 0;
}

// The keys of a device of this enrollment: the enrollment's own, or derived from the group's.
static int keys_of(const struct dps_enrollment *e, const char *registration_id,
                   struct identity *identity)
{
    const char *from[] = {e->primary_key, e->secondary_key};
    char *to[] = {identity->primary_key, identity->secondary_key};
    for (size_t i = 0; i < HR_COUNT_OF(from); i++) {
        if (!e->is_group || !from[i][0]) {
            memcpy(to[i], from[i], sizeof identity->primary_key);
            continue;
        }
        struct buf key HR_CLEANUP(buf_wipe);
        buf_init(&key, sizeof identity->primary_key - 1);
        TRY(dps_derive_key(from[i], span_text(registration_id), &key));
        span_copy_text(buf_span(&key), to[i], sizeof identity->primary_key);
    }
    return 0;
}

static int is_signed(const struct sas_token *token, const struct identity *identity, bool *out)
{
    *out = false;
    const char *keys[] = {identity->primary_key, identity->secondary_key};
    for (size_t i = 0; i < HR_COUNT_OF(keys); i++) {
        bool is_this = false;
        TRY(keys[i][0] ? sas_is_signed_with(token, keys[i], &is_this) : 0);
        *out = *out || is_this;
    }
    return 0;
}

static int attest_token(struct dps *dps, const struct dps_caller *caller,
                        const struct enrolled **out, struct identity *identity,
                        struct dps_refusal *refusal)
{
    struct sas_token token;
    TRY(sas_parse(buf_span(&caller->token), &token));
    const struct enrolled *own = find_individual(dps, caller->registration_id);
    bool has_candidate = own != NULL;
    identity->auth = HUB_AUTH_SAS;
    for (const struct enrolled *e = own ? own : dps->enrollments; e; e = own ? NULL : e->next) {
        bool is_mine = false;
        if ((!own && !e->e.is_group) || e->e.attestation != DPS_SYMMETRIC_KEY) {
            continue;
        }
        has_candidate = true;
        TRY(keys_of(&e->e, caller->registration_id, identity));
        TRY(is_signed(&token, identity, &is_mine));
        if (is_mine) {
            *out = e;
            return 0;
        }
    }
    if (!has_candidate) {
        return refuse(refusal, 404, 404201,
                      "no enrollment has this registration id, and no group takes symmetric keys");
    }
    return refuse(refusal, 401, 401000,
                  !own ? "the token is signed with no key that derives from a group's key; derive "
                         "it as HMAC-SHA256(group key, registration id)"
                  : own->e.attestation == DPS_X509
                      ? "the enrollment is for X.509, the device sent a token"
                      : "the token is signed with neither key of the enrollment");
}

static bool is_in_time(const struct dps *dps, const struct peer_certificate *c)
{
    int64_t now_s = dps_utc_us(dps) / 1000000;
    return now_s >= c->not_before_s && now_s <= c->not_after_s;
}

static void take_thumbprints(const struct dps_enrollment *e, const struct peer_certificate *c,
                             struct identity *identity)
{
    identity->auth = HUB_AUTH_THUMBPRINT;
    if (e->is_group) {
        thumbprint_print(span_of(c->sha256, sizeof c->sha256), identity->primary_thumbprint);
        return;
    }
    memcpy(identity->primary_thumbprint, e->primary_thumbprint, sizeof e->primary_thumbprint);
    memcpy(identity->secondary_thumbprint, e->secondary_thumbprint, sizeof e->secondary_thumbprint);
}

static int attest_individual(struct dps *dps, const struct dps_caller *caller,
                             const struct enrolled *own, const struct enrolled **out,
                             struct dps_refusal *refusal)
{
    const struct peer_certificate *c = caller->certificate;
    if (own->e.attestation != DPS_X509) {
        return refuse(refusal, 401, 401002,
                      "the enrollment is for a symmetric key, the device sent a certificate");
    }
    if (!thumbprint_matches(own->e.primary_thumbprint, c->sha1, c->sha256) &&
        !thumbprint_matches(own->e.secondary_thumbprint, c->sha1, c->sha256)) {
        return refuse(refusal, 401, 401002,
                      "the certificate has neither thumbprint of the enrollment");
    }
    if (!is_in_time(dps, c)) {
        return refuse(refusal, 401, 401002, "the certificate is outside its validity");
    }
    *out = own;
    return 0;
}

static int attest_certificate(struct dps *dps, const struct dps_caller *caller,
                              const struct enrolled **out, struct dps_refusal *refusal)
{
    const struct dps_directory *d = &dps->directory;
    const struct enrolled *own = find_individual(dps, caller->registration_id);
    char why[200] = "no enrollment has this registration id, and no group has a CA";
    if (own) {
        return attest_individual(dps, caller, own, out, refusal);
    }
    for (const struct enrolled *e = dps->enrollments; e; e = e->next) {
        bool is_candidate = e->e.is_group && e->e.attestation == DPS_X509;
        if (is_candidate && d->leads_to(d->context, caller->certificate, e->e.ca_der,
                                        dps_utc_us(dps) / 1000000, why)) {
            *out = e;
            return 0;
        }
    }
    return refuse(refusal, 401, 401002, why);
}

int dps_attest(struct dps *dps, const struct dps_caller *caller, const struct enrolled **out,
               struct identity *identity, struct dps_refusal *refusal)
{
    *out = NULL;
    *identity = (struct identity){0};
    *refusal = (struct dps_refusal){0};
    if (caller->token.len > 0) {
        TRY(attest_token(dps, caller, out, identity, refusal));
    } else {
        TRY(attest_certificate(dps, caller, out, refusal));
        if (*out) {
            take_thumbprints(&(*out)->e, caller->certificate, identity);
        }
    }
    if (*out) {
        const struct dps_enrollment *e = &(*out)->e;
        const char *id = e->device_id[0] ? e->device_id : caller->registration_id;
        snprintf(identity->name, sizeof identity->name, "%s", id);
    }
    return 0;
}
