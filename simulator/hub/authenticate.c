// SPDX-License-Identifier: MIT
// Who may connect (reference: IoT Hub over MQTT, CONNECT, CONNACK codes, authentication). Every
// step adds to `working`, so that a refusal shows the hub's whole reckoning.
#include "base/error.h"
#include "base/when.h"
#include "simulator/hub/hub_private.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"
#include "simulator/hub/username.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES_MOST = 90, USUAL_TOKEN_S = 3600, FIRST_PLAUSIBLE_YEAR = 2016 };

static void say(struct auth_result *out, const char *format, ...) HR_PRINTF(2, 3);

static void say(struct auth_result *out, const char *format, ...)
{
    size_t at = strlen(out->working);
    va_list args;
    if (at > 0) {
        at += (size_t)snprintf(out->working + at, sizeof out->working - at, "; ");
        at = at < sizeof out->working ? at : sizeof out->working - 1;
    }
    va_start(args, format);
    vsnprintf(out->working + at, sizeof out->working - at, format, args);
    va_end(args);
}

// Text of the device for a sentence: without a secret, cut to a readable length.
static const char *shown(struct span text, char out[SHOWN_BYTES_MOST])
{
    char safe[SHOWN_BYTES_MOST];
    span_copy_text(sas_redacted(text, safe, sizeof safe), out, SHOWN_BYTES_MOST);
    return out;
}

static void say_clock(struct auth_result *out, int64_t expires_us, int64_t now_us)
{
    char late[32];
    int64_t made_us = expires_us - INT64_C(1000000) * USUAL_TOKEN_S;
    int64_t year = made_us < 0 ? 1970 : civil_from_utc(made_us / 1000000).year;
    if (year < FIRST_PLAUSIBLE_YEAR) {
        say(out, "the token was made when the device's clock said %d", (int)year);
        return;
    }
    say(out, "the device clock looks about %s late if the token is fresh and lives 1 h",
        duration_print(now_us - made_us, late));
}

static bool has_expired(const struct hub *hub, const struct sas_token *token,
                        struct auth_result *out)
{
    char se[32];
    char now[32];
    char distance[32];
    int64_t now_us = hub_utc_us(hub);
    int64_t late_us = now_us - token->expires_us;
    bool is_expired = late_us > INT64_C(1000000) * SAS_SKEW_S;
    say(out, "se=%s is %s %s the hub's time %s (%d min skew allowed)",
        utc_print(token->expires_us, se),
        duration_print(late_us < 0 ? -late_us : late_us, distance),
        late_us > 0 ? "before" : "after", utc_print(now_us, now), SAS_SKEW_S / 60);
    if (is_expired) {
        say_clock(out, token->expires_us, now_us);
    }
    return is_expired;
}

// Which key signed the token: 0 and out->key, or out->key stays "".
static int find_key(const struct identity *id, const struct sas_token *token,
                    struct auth_result *out)
{
    const char *keys[] = {id->primary_key, id->secondary_key};
    const char *names[] = {"primary", "secondary"};
    for (size_t i = 0; i < HR_COUNT_OF(keys); i++) {
        bool is_signed = false;
        TRY(keys[i][0] ? sas_is_signed_with(token, keys[i], &is_signed) : 0);
        if (is_signed && !out->key[0]) {
            snprintf(out->key, sizeof out->key, "%s", names[i]);
        }
    }
    return 0;
}

static bool covers(const struct hub *hub, const struct sas_token *token, const struct username *u)
{
    if (sas_resource_covers(token->resource, span_text(hub->settings.host), u->device, u->module)) {
        return true;
    }
    for (size_t i = 0; i < HR_COUNT_OF(hub->settings.aliases); i++) {
        struct span alias = span_text(hub->settings.aliases[i]);
        if (alias.len && sas_resource_covers(token->resource, alias, u->device, u->module)) {
            return true;
        }
    }
    return false;
}

static enum reason judge_sas(const struct hub *hub, const struct auth_request *rq,
                             const struct username *u, struct auth_result *out)
{
    struct sas_token token;
    char sr[160];
    if (sas_parse(rq->password, &token) < 0) {
        say(out, "%s", error_text(ERR_SYNTAX));
        return REASON_SAS_MALFORMED;
    }
    sas_resource_print(token.resource, sr, sizeof sr);
    if (token.policy.len) {
        say(out, "sr=%s; the token carries a policy name in skn, a device key's token has none",
            sr);
        return REASON_SAS_UNKNOWN_POLICY;
    }
    if (!covers(hub, &token, u)) {
        say(out, "sr=%s does not match, expected %s/devices/%.*s%s%.*s", sr, hub->settings.host,
            SPAN_ARG(u->device), u->module.len ? "/modules/" : "", SPAN_ARG(u->module));
        has_expired(hub, &token, out);
        return REASON_SAS_WRONG_RESOURCE;
    }
    say(out, "sr=%s matches", sr);
    if (find_key(out->identity, &token, out) < 0) {
        say(out, "the signature could not be computed");
        return REASON_INTERNAL;
    }
    say(out, out->key[0] ? "signed with the %s key" : "signed with neither key%s", out->key);
    bool is_expired = has_expired(hub, &token, out);
    if (!out->key[0]) {
        return REASON_SAS_WRONG_SIGNATURE;
    }
    out->token_expires_us = token.expires_us;
    return is_expired ? REASON_SAS_EXPIRED : REASON_OK;
}

static enum reason judge_validity(const struct hub *hub, const struct peer_certificate *cert,
                                  struct auth_result *out)
{
    char from[32];
    char to[32];
    char now[32];
    int64_t now_us = hub_utc_us(hub);
    int64_t now_s = now_us / 1000000;
    bool is_valid = now_s >= cert->not_before_s && now_s <= cert->not_after_s;
    say(out, "valid from %s to %s, the hub's time is %s",
        utc_print(cert->not_before_s * 1000000, from), utc_print(cert->not_after_s * 1000000, to),
        utc_print(now_us, now));
    return is_valid ? REASON_OK : REASON_CERTIFICATE_EXPIRED;
}

static enum reason judge_thumbprint(const struct hub *hub, const struct peer_certificate *cert,
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
        say(out, "presented SHA-1 %s, SHA-256 %s", sha1, sha256);
        say(out, "registered primary %s, secondary %s",
            id->primary_thumbprint[0] ? id->primary_thumbprint : "(none)",
            id->secondary_thumbprint[0] ? id->secondary_thumbprint : "(none)");
        return REASON_THUMBPRINT_MISMATCH;
    }
    snprintf(out->key, sizeof out->key, "%s thumbprint", is_primary ? "primary" : "secondary");
    say(out, "the certificate matches the %s", out->key);
    return judge_validity(hub, cert, out);
}

static enum reason judge_credentials(const struct hub *hub, const struct auth_request *rq,
                                     const struct username *u, struct auth_result *out)
{
    bool has_token = rq->password.len > 0; // an empty password is none
    if (!has_token && !rq->certificate) {
        say(out, "no password in the CONNECT packet, no client certificate in the TLS handshake");
        return REASON_NO_CREDENTIALS;
    }
    bool wants_token = out->identity->auth == HUB_AUTH_SAS;
    if (has_token != wants_token) {
        say(out, "%s is registered for %s, but the device sent %s", out->name,
            wants_token ? "SAS tokens" : "a certificate thumbprint",
            has_token ? "a password" : "a client certificate and no password");
        return REASON_WRONG_AUTH_METHOD;
    }
    // a certificate sent together with a token is ignored
    return has_token ? judge_sas(hub, rq, u, out) : judge_thumbprint(hub, rq->certificate, out);
}

static enum reason refuse_unknown(const struct hub *hub, struct auth_result *out)
{
    struct span name = span_text(out->name);
    for (struct hub_entry *e = hub->entries; e; e = e->hh.next) {
        if (span_equals_nocase(name, span_text(e->identity.name))) {
            say(out, "'%s' differs from the registered '%s' in upper and lower case", out->name,
                e->identity.name);
            return REASON_UNKNOWN_IDENTITY;
        }
    }
    say(out, "'%s' is not among the %u registered identities", out->name, HASH_COUNT(hub->entries));
    return REASON_UNKNOWN_IDENTITY;
}

static bool is_disabled(const struct hub *hub, const struct identity *id, const struct username *u)
{
    const struct identity *device = hub_find_identity(hub, u->device);
    return id->is_disabled || (device && device->is_disabled);
}

static enum reason judge_name(const struct hub *hub, const struct auth_request *rq,
                              struct username *u, struct auth_result *out)
{
    char seen[SHOWN_BYTES_MOST];
    if (username_parse(rq->username, u) < 0) {
        say(out, "%s", error_text(ERR_SYNTAX));
        if (identity_name_is_valid(rq->client_id)) {
            span_copy_text(rq->client_id, out->name, sizeof out->name);
        }
        return REASON_BAD_USERNAME;
    }
    memcpy(out->name, u->name, sizeof out->name);
    memcpy(out->api_version, u->api_version, sizeof out->api_version);
    if (!hub_has_host(hub, u->host)) {
        say(out, "the user name begins with '%s', this hub is '%s'", shown(u->host, seen),
            hub->settings.host);
        return REASON_WRONG_HOST;
    }
    if (!span_equals_text(rq->client_id, u->name)) {
        say(out, "the client id is '%s', the user name says '%s'", shown(rq->client_id, seen),
            u->name);
        return REASON_CLIENT_ID_MISMATCH;
    }
    out->identity = hub_find_identity(hub, span_text(u->name));
    return out->identity ? REASON_OK : refuse_unknown(hub, out);
}

void hub_authenticate(struct hub *hub, const struct auth_request *request, struct auth_result *out)
{
    struct username u;
    *out = (struct auth_result){.token_expires_us = INT64_MAX};
    out->reason = judge_name(hub, request, &u, out);
    if (out->reason == REASON_OK) {
        out->reason = judge_credentials(hub, request, &u, out);
    }
    if (out->reason == REASON_OK && is_disabled(hub, out->identity, &u)) {
        say(out, "the credentials are right, but the registry has %s disabled", out->name);
        out->reason = REASON_DISABLED;
    }
}
