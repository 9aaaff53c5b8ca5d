// SPDX-License-Identifier: MIT
// Client certificates: registered by thumbprint, or signed by a CA of the hub.
#include "base/error.h"
#include "base/when.h"
#include "simulator/hub/authenticate_private.h"
#include "simulator/hub/thumbprint.h"

#include <stdio.h>
#include <string.h>

static enum reason judge_validity(const struct hub *hub, const struct peer_certificate *cert,
                                  struct auth_result *out)
{
    char from[32];
    char to[32];
    char now[32];
    int64_t now_us = hub_utc_us(hub);
    int64_t now_s = now_us / 1000000;
    bool is_valid = now_s >= cert->not_before_s && now_s <= cert->not_after_s;
    auth_say(out, "valid from %s to %s, the hub's time is %s",
             utc_print(cert->not_before_s * 1000000, from),
             utc_print(cert->not_after_s * 1000000, to), utc_print(now_us, now));
    return is_valid ? REASON_OK : REASON_CERTIFICATE_EXPIRED;
}

enum reason auth_judge_thumbprint(const struct hub *hub, const struct peer_certificate *cert,
                                  struct auth_result *out)
{
    const struct identity *id = out->identity;
    char sha1[THUMBPRINT_TEXT_BYTES];
    char sha256[THUMBPRINT_TEXT_BYTES];
    bool is_primary = thumbprint_matches(id->primary_thumbprint, cert->sha1, cert->sha256);
    bool is_secondary = thumbprint_matches(id->secondary_thumbprint, cert->sha1, cert->sha256);
    if (!is_primary && !is_secondary) {
        thumbprint_print(span_of(cert->sha1, 20), sha1);
        thumbprint_print(span_of(cert->sha256, 32), sha256);
        auth_say(out, "presented SHA-1 %s, SHA-256 %s", sha1, sha256);
        auth_say(out, "registered primary %s, secondary %s",
                 id->primary_thumbprint[0] ? id->primary_thumbprint : "(none)",
                 id->secondary_thumbprint[0] ? id->secondary_thumbprint : "(none)");
        return REASON_THUMBPRINT_MISMATCH;
    }
    snprintf(out->key, sizeof out->key, "%s thumbprint", is_primary ? "primary" : "secondary");
    auth_say(out, "the certificate matches the %s", out->key);
    return judge_validity(hub, cert, out);
}

static bool is_on_chain(const struct hub_crypto *crypto, const struct peer_certificate *cert,
                        const struct hub_ca *ca, int64_t now_s, struct cert_judgement *j)
{
    return crypto->chain_leads_to(cert->chain_der, cert->chain_count, &ca->der, 1, now_s, j) == 0 &&
           (j->verdict == CERT_TRUSTED || j->verdict == CERT_OUT_OF_DATE);
}

// The chain leads to no verified CA: perhaps to one that nobody proved to possess.
static enum reason refuse_chain(const struct hub *hub, const struct peer_certificate *cert,
                                const char *why, struct auth_result *out)
{
    struct cert_judgement j;
    int64_t now_s = hub_utc_us(hub) / 1000000;
    for (size_t i = 0; i < hub->ca_count; i++) {
        const struct hub_ca *ca = &hub->cas[i];
        if (!ca->is_verified && is_on_chain(hub->settings.crypto, cert, ca, now_s, &j)) {
            auth_say(out, "the chain leads to CA '%s', which is registered but not verified",
                     ca->name);
            return REASON_CERTIFICATE_UNVERIFIED_CA;
        }
    }
    auth_say(out, "%zu certificates sent, %zu CAs registered: %s", cert->chain_count, hub->ca_count,
             why);
    return REASON_CERTIFICATE_UNKNOWN_CA;
}

// The CA that the chain leads to; NULL when there is none, with the reason.
static const struct hub_ca *find_chain_ca(const struct hub *hub,
                                          const struct peer_certificate *cert,
                                          struct cert_judgement *j, struct auth_result *out)
{
    struct span anchors[HUB_CAS_MOST];
    const struct hub_ca *cas[HUB_CAS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < hub->ca_count; i++) {
        if (hub->cas[i].is_verified) {
            cas[count] = &hub->cas[i];
            anchors[count++] = hub->cas[i].der;
        }
    }
    int code = hub->settings.crypto->chain_leads_to(cert->chain_der, cert->chain_count, anchors,
                                                    count, hub_utc_us(hub) / 1000000, j);
    if (code < 0) {
        auth_say(out, "the chain could not be judged");
        out->reason = REASON_INTERNAL;
        return NULL;
    }
    if (j->verdict != CERT_TRUSTED && j->verdict != CERT_OUT_OF_DATE) {
        out->reason = refuse_chain(hub, cert, j->why, out);
        return NULL;
    }
    return cas[j->anchor];
}

enum reason auth_judge_ca(const struct hub *hub, const struct peer_certificate *cert,
                          struct auth_result *out)
{
    struct cert_judgement j;
    const struct hub_ca *ca = find_chain_ca(hub, cert, &j, out);
    if (!ca) {
        return out->reason;
    }
    snprintf(out->key, sizeof out->key, "CA %s", ca->name);
    auth_say(out, "the chain of %zu leads to the verified CA '%s'", cert->chain_count, ca->name);
    if (strcmp(cert->common_name, out->name) != 0) {
        auth_say(out, "the certificate's CN is '%s', expected exactly '%s'", cert->common_name,
                 out->name);
        return REASON_CERTIFICATE_WRONG_NAME;
    }
    enum reason reason = judge_validity(hub, cert, out);
    if (reason == REASON_OK && j.verdict == CERT_OUT_OF_DATE) {
        auth_say(out, "%s", j.why);
        return REASON_CERTIFICATE_EXPIRED;
    }
    return reason;
}
