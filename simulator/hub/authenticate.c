// SPDX-License-Identifier: MIT
// Who may connect (reference: IoT Hub over MQTT, CONNECT, CONNACK codes, authentication). Every
// step adds to `working`, so that a refusal shows the hub's whole reckoning.
#include "base/error.h"
#include "simulator/hub/authenticate_private.h"
#include "simulator/hub/sas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES_MOST = 90 };

void auth_say(struct auth_result *out, const char *format, ...)
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

static enum reason judge_credentials(const struct hub *hub, const struct auth_request *rq,
                                     const struct username *u, struct auth_result *out)
{
    static const char *const ways[] = {"SAS tokens", "a certificate thumbprint",
                                       "certificates of a CA"};
    bool has_token = rq->password.len > 0; // an empty password is none
    if (!has_token && !rq->certificate) {
        auth_say(out,
                 "no password in the CONNECT packet, no client certificate in the TLS handshake");
        return REASON_NO_CREDENTIALS;
    }
    bool wants_token = out->identity->auth == HUB_AUTH_SAS;
    if (has_token != wants_token) {
        auth_say(out, "%s is registered for %s, but the device sent %s", out->name,
                 ways[out->identity->auth],
                 has_token ? "a password" : "a client certificate and no password");
        return REASON_WRONG_AUTH_METHOD;
    }
    // a certificate sent together with a token is ignored
    if (has_token) {
        return auth_judge_sas(hub, rq, u, out);
    }
    return out->identity->auth == HUB_AUTH_CA ? auth_judge_ca(hub, rq->certificate, out)
                                              : auth_judge_thumbprint(hub, rq->certificate, out);
}

static enum reason refuse_unknown(const struct hub *hub, const struct username *u,
                                  struct auth_result *out)
{
    struct span name = span_text(out->name);
    for (struct hub_entry *e = hub->entries; e; e = e->hh.next) {
        if (span_equals_nocase(name, span_text(e->identity.name))) {
            auth_say(out, "'%s' differs from the registered '%s' in upper and lower case",
                     out->name, e->identity.name);
            return u->module.len > 0 && hub_find_identity(hub, u->device) ? REASON_UNKNOWN_MODULE
                                                                          : REASON_UNKNOWN_IDENTITY;
        }
    }
    if (u->module.len > 0 && hub_find_identity(hub, u->device)) {
        auth_say(out, "device '%.*s' is registered, but has no module '%.*s'", SPAN_ARG(u->device),
                 SPAN_ARG(u->module));
        return REASON_UNKNOWN_MODULE;
    }
    auth_say(out, "'%s' is not among the %u registered identities", out->name,
             HASH_COUNT(hub->entries));
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
        auth_say(out, "%s", error_text(ERR_SYNTAX));
        if (identity_name_is_valid(rq->client_id)) {
            span_copy_text(rq->client_id, out->name, sizeof out->name);
        }
        return REASON_BAD_USERNAME;
    }
    memcpy(out->name, u->name, sizeof out->name);
    memcpy(out->api_version, u->api_version, sizeof out->api_version);
    if (!hub_has_host(hub, u->host)) {
        auth_say(out, "the user name begins with '%s', this hub is '%s'", shown(u->host, seen),
                 hub->settings.host);
        return REASON_WRONG_HOST;
    }
    if (!span_equals_text(rq->client_id, u->name)) {
        auth_say(out, "the client id is '%s', the user name says '%s'", shown(rq->client_id, seen),
                 u->name);
        return REASON_CLIENT_ID_MISMATCH;
    }
    out->identity = hub_find_identity(hub, span_text(u->name));
    return out->identity ? REASON_OK : refuse_unknown(hub, u, out);
}

void hub_authenticate(struct hub *hub, const struct auth_request *request, struct auth_result *out)
{
    struct username u;
    *out = (struct auth_result){.token_expires_us = INT64_MAX, .token_scope = ""};
    out->reason = judge_name(hub, request, &u, out);
    if (out->reason == REASON_OK) {
        out->reason = judge_credentials(hub, request, &u, out);
    }
    if (out->reason == REASON_OK && is_disabled(hub, out->identity, &u)) {
        auth_say(out, "the credentials are right, but the registry has %s disabled", out->name);
        out->reason = REASON_DISABLED;
    }
}
