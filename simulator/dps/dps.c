// SPDX-License-Identifier: MIT
// Enrollments and the judgement of CONNECT.
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "simulator/dps/dps_private.h"
#include "simulator/dps/request.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES_MOST = 65536, CA_BYTES_MOST = 1 << 18 };

void dps_settings_init(struct dps_settings *settings, const char *host, const char *id_scope)
{
    *settings = (struct dps_settings){.retry_after_s = 3,
                                      .throttled_retry_after_s = 5,
                                      .assign_us = 1000000,
                                      .registrations_per_minute = 1000,
                                      .polls_most = 5,
                                      .poll_window_us = 10000000};
    span_copy_text(span_text(host), settings->host, sizeof settings->host);
    span_copy_text(span_text(id_scope), settings->id_scope, sizeof settings->id_scope);
}

struct dps *dps_new(const struct dps_settings *settings, const struct env *env,
                    struct journal *journal, const struct dps_directory *directory)
{
    struct dps *dps = calloc(1, sizeof *dps);
    if (dps) {
        dps->settings = *settings;
        dps->directory = *directory;
        dps->env = env;
        dps->journal = journal;
        if (dps->settings.polls_most > DPS_POLLS_KEPT) {
            dps->settings.polls_most = DPS_POLLS_KEPT;
        }
    }
    return dps;
}

static void enrolled_free(struct enrolled *e)
{
    free(e->ca_der);
    explicit_bzero(&e->e, sizeof e->e);
    free(e);
}

void dps_free(struct dps *dps)
{
    if (!dps) {
        return;
    }
    struct registration *r = dps->registrations;
    HASH_CLEAR(hh, dps->registrations);
    while (r) {
        struct registration *next = r->hh.next;
        free(r->payload);
        free(r->answer_payload);
        explicit_bzero(&r->identity, sizeof r->identity);
        free(r);
        r = next;
    }
    while (dps->enrollments) {
        struct enrolled *e = dps->enrollments;
        dps->enrollments = e->next;
        enrolled_free(e);
    }
    free(dps);
}

const struct dps_settings *dps_settings_of(const struct dps *dps)
{
    return &dps->settings;
}

int64_t dps_utc_us(const struct dps *dps)
{
    return dps->directory.utc_us(dps->directory.context);
}

uint64_t dps_now_us(const struct dps *dps)
{
    return dps->env->mono_us(dps->env->world);
}

// ---- enrollments

static int check_symmetric(const struct dps_enrollment *e)
{
    if (!e->primary_key[0]) {
        FAIL(ERR_VALUE, "enrollment %s: symmetric key attestation needs a primary key", e->name);
    }
    TRY(sas_check_key(e->name, "primary", e->primary_key));
    return e->secondary_key[0] ? sas_check_key(e->name, "secondary", e->secondary_key) : 0;
}

static int check_x509(struct dps_enrollment *e)
{
    char text[THUMBPRINT_TEXT_BYTES];
    if (e->is_group) {
        if (e->ca_der.len == 0 || e->ca_der.len > CA_BYTES_MOST) {
            FAIL(ERR_VALUE, "group %s: X.509 attestation needs the certificate of its CA", e->name);
        }
        return 0;
    }
    if (!e->primary_thumbprint[0]) {
        FAIL(ERR_VALUE, "enrollment %s: X.509 attestation needs a primary thumbprint", e->name);
    }
    TRY(thumbprint_normalise(span_text(e->primary_thumbprint), text));
    memcpy(e->primary_thumbprint, text, sizeof text);
    if (e->secondary_thumbprint[0]) {
        TRY(thumbprint_normalise(span_text(e->secondary_thumbprint), text));
        memcpy(e->secondary_thumbprint, text, sizeof text);
    }
    return 0;
}

static int check_enrollment(struct dps_enrollment *e)
{
    if (!dps_id_is_valid(span_text(e->name))) {
        FAIL(ERR_VALUE,
             "'%s' is no enrollment name: expected 1 to %d letters, digits, - . _ and :, the last "
             "one a letter, a digit or -",
             e->name, DPS_ID_BYTES_MOST);
    }
    if (e->is_group && e->device_id[0]) {
        FAIL(ERR_VALUE, "group %s: devices of a group are named by their registration ids",
             e->name);
    }
    if (e->allocation == DPS_STATIC && !e->hubs[0][0]) {
        FAIL(ERR_VALUE, "enrollment %s: static allocation needs a hub", e->name);
    }
    return e->attestation == DPS_X509 ? check_x509(e) : check_symmetric(e);
}

int dps_put_enrollment(struct dps *dps, const struct dps_enrollment *enrollment)
{
    struct enrolled *fresh = calloc(1, sizeof *fresh);
    ENSURE(fresh != NULL, ERR_NO_MEMORY);
    fresh->e = *enrollment;
    int code = check_enrollment(&fresh->e);
    if (code == 0) {
        fresh->ca_der = span_dup_text(enrollment->ca_der);
        fresh->e.ca_der = span_of(fresh->ca_der, enrollment->ca_der.len);
        code = fresh->ca_der ? 0 : ERR_NO_MEMORY;
    }
    if (code < 0) {
        enrolled_free(fresh);
        return code;
    }
    struct enrolled **at = &dps->enrollments;
    while (*at && ((*at)->e.is_group != fresh->e.is_group ||
                   strcasecmp((*at)->e.name, fresh->e.name) != 0)) {
        at = &(*at)->next;
    }
    if (!*at) {
        *at = fresh;
        return 0;
    }
    // in place: a registration under way holds on to its enrollment
    struct enrolled old = **at;
    (*at)->e = fresh->e;
    (*at)->ca_der = fresh->ca_der;
    fresh->ca_der = old.ca_der;
    enrolled_free(fresh);
    explicit_bzero(&old, sizeof old);
    return 0;
}

int dps_set_disabled(struct dps *dps, const char *name, bool is_disabled)
{
    for (struct enrolled *e = dps->enrollments; e; e = e->next) {
        if (strcasecmp(e->e.name, name) == 0) {
            e->e.is_disabled = is_disabled;
            return 0;
        }
    }
    FAIL(ERR_UNKNOWN_NAME, "the provisioning service has no enrollment '%s'", name);
}

int dps_assign(struct dps *dps, const char *name, const char *hub)
{
    struct enrolled *e = dps->enrollments;
    while (e && strcasecmp(e->e.name, name) != 0) {
        e = e->next;
    }
    if (!e) {
        FAIL(ERR_UNKNOWN_NAME, "the provisioning service has no enrollment '%s'", name);
    }
    if (!dps_is_linked(dps, hub) || strlen(hub) >= sizeof e->e.hubs[0]) {
        FAIL(ERR_VALUE, "no hub named '%s' is linked to the provisioning service", hub);
    }
    memset(e->e.hubs, 0, sizeof e->e.hubs);
    memcpy(e->e.hubs[0], hub, strlen(hub));
    e->e.allocation = DPS_STATIC;
    return 0;
}

// ---- CONNECT

void dps_caller_deinit(struct dps_caller *caller)
{
    buf_wipe(&caller->token);
    caller->registration_id[0] = '\0';
}

static enum reason judge_expiry(struct dps *dps, const struct sas_token *token,
                                char working[DPS_WORKING_BYTES])
{
    char distance[32];
    char se[32];
    char now[32];
    int64_t now_us = dps_utc_us(dps);
    int64_t late_us = now_us - token->expires_us;
    bool is_expired = late_us > INT64_C(1000000) * SAS_SKEW_S;
    snprintf(working, DPS_WORKING_BYTES,
             "se=%s is %s %s the service's time %s (%d min skew allowed)%s",
             utc_print(token->expires_us, se),
             duration_print(late_us < 0 ? -late_us : late_us, distance),
             late_us > 0 ? "before" : "after", utc_print(now_us, now), SAS_SKEW_S / 60,
             is_expired && late_us > INT64_C(86400000000) * 365 * 20
                 ? "; the device's clock was in or near 1970 when it signed"
                 : "");
    return is_expired ? REASON_SAS_EXPIRED : REASON_OK;
}

static bool covers(const struct dps *dps, struct span resource, const char *registration_id)
{
    char expected[256];
    struct buf decoded HR_CLEANUP(buf_deinit);
    buf_init(&decoded, TOKEN_BYTES_MOST);
    snprintf(expected, sizeof expected, "%s/registrations/%s", dps->settings.id_scope,
             registration_id);
    return percent_decode(resource, &decoded) == 0 &&
           span_equals_nocase(buf_span(&decoded), span_text(expected));
}

static enum reason judge_token(struct dps *dps, struct span password, struct dps_caller *caller,
                               char working[DPS_WORKING_BYTES])
{
    struct sas_token token;
    char sr[160];
    if (sas_parse(password, &token) < 0) {
        snprintf(working, DPS_WORKING_BYTES, "%s", error_text(ERR_SYNTAX));
        return REASON_SAS_MALFORMED;
    }
    if (!span_equals_text(token.policy, "registration")) {
        snprintf(working, DPS_WORKING_BYTES, "skn is %s, expected registration",
                 token.policy.len ? "another name" : "missing");
        return REASON_DPS_WRONG_POLICY;
    }
    if (!covers(dps, token.resource, caller->registration_id)) {
        snprintf(working, DPS_WORKING_BYTES, "sr=%s does not match, expected %s/registrations/%s",
                 sas_resource_print(token.resource, sr, sizeof sr), dps->settings.id_scope,
                 caller->registration_id);
        return REASON_DPS_WRONG_RESOURCE;
    }
    return judge_expiry(dps, &token, working);
}

static enum reason judge_credentials(struct dps *dps, const struct auth_request *rq,
                                     struct dps_caller *caller, char working[DPS_WORKING_BYTES])
{
    if (rq->password.len > 0) {
        enum reason reason = judge_token(dps, rq->password, caller, working);
        if (reason == REASON_OK && buf_append(&caller->token, rq->password) < 0) {
            return REASON_INTERNAL;
        }
        return reason;
    }
    if (!rq->certificate) {
        snprintf(working, DPS_WORKING_BYTES,
                 "no password in the CONNECT packet, no client certificate in the TLS handshake");
        return REASON_NO_CREDENTIALS;
    }
    caller->certificate = rq->certificate;
    snprintf(working, DPS_WORKING_BYTES, "the certificate's common name is '%s'",
             rq->certificate->common_name);
    return strcasecmp(rq->certificate->common_name, caller->registration_id) == 0
               ? REASON_OK
               : REASON_DPS_CLIENT_ID_MISMATCH;
}

enum reason dps_connect(struct dps *dps, const struct auth_request *request, uint32_t connection,
                        struct dps_caller *caller, char working[DPS_WORKING_BYTES])
{
    struct dps_username u;
    char seen[160];
    *caller = (struct dps_caller){.connection = connection};
    buf_init(&caller->token, TOKEN_BYTES_MOST);
    working[0] = '\0';
    if (dps_username_parse(request->username, &u) < 0) {
        snprintf(working, DPS_WORKING_BYTES, "%s", error_text(ERR_SYNTAX));
        return REASON_DPS_BAD_USERNAME;
    }
    span_copy_text(u.registration_id, caller->registration_id, sizeof caller->registration_id);
    memcpy(caller->api_version, u.api_version, sizeof caller->api_version);
    if (!span_equals_nocase(u.id_scope, span_text(dps->settings.id_scope))) {
        span_copy_text(u.id_scope, seen, sizeof seen);
        snprintf(working, DPS_WORKING_BYTES, "the user name begins with '%s', the id scope is '%s'",
                 seen, dps->settings.id_scope);
        return REASON_UNKNOWN_ID_SCOPE;
    }
    if (!span_equals(request->client_id, u.registration_id)) {
        char shown[160];
        span_copy_text(sas_redacted(request->client_id, shown, sizeof shown), seen, sizeof seen);
        snprintf(working, DPS_WORKING_BYTES, "the client id is '%s', the user name says '%s'", seen,
                 caller->registration_id);
        return REASON_DPS_CLIENT_ID_MISMATCH;
    }
    return judge_credentials(dps, request, caller, working);
}
