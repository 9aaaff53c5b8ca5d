// SPDX-License-Identifier: MIT
// A registration's way: register -> assigning -> assigned, failed or disabled; again and again.
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/dps/dps_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t minute_us = 60000000;

void dps_answer_init(struct dps_answer *answer)
{
    *answer = (struct dps_answer){0};
    buf_init(&answer->body, DPS_ANSWER_BYTES_MOST);
}

void dps_answer_deinit(struct dps_answer *answer)
{
    buf_deinit(&answer->body);
}

// ---- answers

struct status_row {
    int status;
    int error_code;
    const char *message;
};

static const struct status_row status_rows[] = {
    {400, 400004, "Bad Request"},         {401, 401002, "Unauthorized"},
    {404, 404201, "Not Found"},           {409, 409203, "Precondition failed"},
    {412, 412001, "Precondition failed"}, {415, 415001, "Unsupported media type"},
    {429, 429001, "Too many requests"},   {500, 500000, "Internal server error"},
    {503, 503001, "Service unavailable"},
};

static const char *message_of(int status)
{
    for (size_t i = 0; i < HR_COUNT_OF(status_rows); i++) {
        if (status_rows[i].status == status) {
            return status_rows[i].message;
        }
    }
    return status >= 500 ? "Server error" : "Request refused";
}

static int error_code_of(int status)
{
    for (size_t i = 0; i < HR_COUNT_OF(status_rows); i++) {
        if (status_rows[i].status == status) {
            return status_rows[i].error_code;
        }
    }
    return status * 1000;
}

static void reject(struct dps *dps, const struct dps_caller *caller, int status, int error_code,
                   const char *message, const char *why, struct dps_answer *answer)
{
    buf_clear(&answer->body);
    answer->status = status;
    bool is_passing = status == 429 || status >= 500;
    answer->retry_after_s = is_passing ? dps->settings.throttled_retry_after_s : 0;
    EMIT(dps->journal, DPS_REJECTED, caller->connection, caller->registration_id,
         F_INT("status", status), F_INT("error_code", error_code), F_TEXT("message", message),
         F_TEXT("why", why), F_INT("retry_after_s", answer->retry_after_s));
    if (dps_body_error(dps, error_code, message, &answer->body) < 0) {
        buf_clear(&answer->body);
        answer->status = 500;
    }
}

static void reject_plain(struct dps *dps, const struct dps_caller *caller, int status,
                         const char *why, struct dps_answer *answer)
{
    reject(dps, caller, status, error_code_of(status), message_of(status), why, answer);
}

void dps_refuse(struct dps *dps, const struct dps_caller *caller, int status,
                struct dps_answer *answer)
{
    reject_plain(dps, caller, status, "a fault of the scenario answered", answer);
}

static void reject_refusal(struct dps *dps, const struct dps_caller *caller,
                           const struct dps_refusal *refusal, struct dps_answer *answer)
{
    const char *message = message_of(refusal->status);
    if (refusal->error_code == 401002) {
        message = "Invalid certificate.";
    }
    reject(dps, caller, refusal->status, refusal->error_code, message, refusal->working, answer);
}

static void accept(struct dps *dps, int code, int status, struct dps_answer *answer)
{
    answer->status = status;
    answer->retry_after_s = status == 202 ? dps->settings.retry_after_s : 0;
    if (code < 0) {
        buf_clear(&answer->body);
        answer->status = 500;
        answer->retry_after_s = dps->settings.throttled_retry_after_s;
    }
}

// ---- the table of registrations

static void lower(const char *id, char out[DPS_ID_BYTES_MOST + 1])
{
    size_t n = 0;
    for (; id[n] && n < DPS_ID_BYTES_MOST; n++) {
        out[n] = (char)(id[n] >= 'A' && id[n] <= 'Z' ? id[n] | 0x20 : id[n]);
    }
    out[n] = '\0';
}

struct registration *dps_registration_find(const struct dps *dps, const char *id)
{
    char key[DPS_ID_BYTES_MOST + 1];
    struct registration *r = NULL;
    lower(id, key);
    HASH_FIND_STR(dps->registrations, key, r);
    return r;
}

struct registration *dps_registration_of(struct dps *dps, const char *id)
{
    struct registration *r = dps_registration_find(dps, id);
    if (r) {
        return r;
    }
    r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    lower(id, r->key);
    snprintf(r->id, sizeof r->id, "%s", id);
    r->created_us = dps_utc_us(dps);
    r->substatus = "initialAssignment";
    HASH_ADD_STR(dps->registrations, key, r);
    if (r->is_left_out) {
        free(r);
        return NULL;
    }
    return r;
}

static int make_operation_id(struct dps *dps, struct registration *r)
{
    uint8_t bytes[24];
    char guid[37];
    TRY(dps->env->random(dps->env->world, bytes, sizeof bytes));
    guid_print(bytes + 8, guid);
    uint64_t head = 0;
    for (int i = 0; i < 8; i++) {
        head = head << 8 | bytes[i];
    }
    snprintf(r->operation_id, sizeof r->operation_id, "4.%016" PRIx64 ".%s", head, guid);
    return 0;
}

static int touch(struct dps *dps, struct registration *r)
{
    uint8_t bytes[16];
    char quoted[40];
    char guid[37];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, sizeof r->etag - 1);
    r->updated_us = dps_utc_us(dps);
    TRY(dps->env->random(dps->env->world, bytes, sizeof bytes));
    guid_print(bytes, guid);
    snprintf(quoted, sizeof quoted, "\"%s\"", guid);
    TRY(base64_encode(span_text(quoted), &text));
    span_copy_text(buf_span(&text), r->etag, sizeof r->etag);
    return 0;
}

// ---- allocation

struct hubs {
    const char *at[64];
    size_t count;
};

bool dps_is_linked(const struct dps *dps, const char *host)
{
    const struct dps_directory *d = &dps->directory;
    size_t count = d->hub_count(d->context);
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(d->hub_host(d->context, i), host) == 0) {
            return true;
        }
    }
    return false;
}

static void list_hubs(const struct dps *dps, const struct dps_enrollment *e, struct hubs *out)
{
    const struct dps_directory *d = &dps->directory;
    *out = (struct hubs){0};
    for (size_t i = 0; e->hubs[0][0] && i < DPS_HUBS_MOST && e->hubs[i][0]; i++) {
        if (dps_is_linked(dps, e->hubs[i])) {
            out->at[out->count++] = e->hubs[i];
        }
    }
    size_t count = e->hubs[0][0] ? 0 : d->hub_count(d->context);
    for (size_t i = 0; i < count && out->count < HR_COUNT_OF(out->at); i++) {
        out->at[out->count++] = d->hub_host(d->context, i);
    }
}

static uint32_t hash_of(const char *key) // FNV-1a
{
    uint32_t h = 2166136261U;
    for (; *key; key++) {
        h = (h ^ (uint8_t)*key) * 16777619U;
    }
    return h;
}

static void fail(struct registration *r, int error_code, const char *message)
{
    r->state = DPS_FAILED;
    r->error_code = error_code;
    snprintf(r->error_message, sizeof r->error_message, "%s", message);
}

// Appends to a buf: the hub, or the registration has failed.
static const char *ask_custom(struct dps *dps, struct registration *r, const struct hubs *hubs,
                              struct dps_ruling *ruling)
{
    struct dps_wish wish = {r->id, hubs->at, hubs->count, r->payload};
    char message[80];
    if (dps->directory.allocate) {
        dps->directory.allocate(dps->directory.context, &wish, ruling);
    }
    if (ruling->status != 200) {
        snprintf(message, sizeof message, "Custom allocation failed with status code: %d",
                 ruling->status);
        fail(r, 400207, message);
        return NULL;
    }
    for (size_t i = 0; i < hubs->count; i++) {
        if (strcasecmp(hubs->at[i], ruling->hub) == 0) {
            return hubs->at[i];
        }
    }
    fail(r, 400208, "Custom allocation chose an IoT hub that is not eligible");
    return NULL;
}

static const char *allocate(struct dps *dps, struct registration *r, const struct dps_enrollment *e)
{
    struct hubs hubs;
    struct buf payload;
    buf_init(&payload, DPS_BODY_BYTES_MOST);
    struct dps_ruling ruling = {.status = 404, .payload = &payload};
    list_hubs(dps, e, &hubs);
    free(r->answer_payload);
    r->answer_payload = NULL;
    if (hubs.count == 0) {
        fail(r, 400208, "No IoT hub is linked or eligible");
        return NULL;
    }
    if (e->allocation != DPS_CUSTOM) {
        return hubs.at[e->allocation == DPS_STATIC ? 0 : hash_of(r->key) % hubs.count];
    }
    const char *hub = ask_custom(dps, r, &hubs, &ruling);
    r->answer_payload = hub && payload.len ? buf_take_text(&payload) : NULL;
    buf_deinit(&payload);
    return hub;
}

// Puts the device into `hub` and writes down where it is now.
static void place(struct dps *dps, struct registration *r, const char *hub, bool is_move,
                  enum dps_reprovision policy)
{
    struct dps_placement placement = {.hub = hub,
                                      .identity = &r->identity,
                                      .from_hub = is_move ? r->hub : NULL,
                                      .keeps_data = is_move && policy == DPS_MIGRATE};
    int code = dps->directory.place(dps->directory.context, &placement);
    if (code < 0) {
        fail(r, code == ERR_PERMISSION ? 400209 : 500000, error_text(code));
        return;
    }
    if (is_move) {
        r->substatus = policy == DPS_MIGRATE ? "deviceDataMigrated" : "deviceDataReset";
    }
    if (r->hub != hub) {
        snprintf(r->hub, sizeof r->hub, "%s", hub);
    }
    snprintf(r->device_id, sizeof r->device_id, "%.*s", DPS_ID_BYTES_MOST, r->identity.name);
    r->state = DPS_ASSIGNED;
}

static void assign(struct dps *dps, struct registration *r)
{
    const struct dps_enrollment *e = &r->enrollment->e;
    const char *hub = allocate(dps, r, e);
    if (!hub) {
        return;
    }
    bool was_assigned = r->hub[0] && dps_is_linked(dps, r->hub);
    bool is_other = was_assigned && strcasecmp(r->hub, hub) != 0;
    if (!was_assigned) {
        r->substatus = "initialAssignment";
    } else if (!is_other || e->reprovision == DPS_NEVER) {
        hub = r->hub;
        is_other = false;
    }
    place(dps, r, hub, is_other, e->reprovision);
}

static void emit_end(struct dps *dps, const struct registration *r)
{
    if (r->state == DPS_ASSIGNED) {
        EMIT(dps->journal, DPS_ASSIGNED, r->connection, r->id, F_TEXT("hub", r->hub),
             F_TEXT("device_id", r->device_id), F_TEXT("substatus", r->substatus),
             F_TEXT("enrollment", r->group), F_TEXT("operation_id", r->operation_id));
    } else if (r->state == DPS_FAILED) {
        EMIT(dps->journal, DPS_FAILED, r->connection, r->id, F_INT("error_code", r->error_code),
             F_TEXT("message", r->error_message), F_TEXT("operation_id", r->operation_id));
    } else {
        EMIT(dps->journal, DPS_DISABLED, r->connection, r->id, F_TEXT("enrollment", r->group),
             F_TEXT("operation_id", r->operation_id));
    }
}

static void complete(struct dps *dps, struct registration *r)
{
    if (r->enrollment->e.is_disabled) {
        r->state = DPS_DISABLED;
    } else {
        assign(dps, r);
    }
    r->enrollment = NULL;
    explicit_bzero(&r->identity, sizeof r->identity);
    if (touch(dps, r) < 0) {
        fail(r, 500000, "Internal server error");
    }
    if (dps->keeper && dps->keeper(dps->keeper_context, r->id) < 0) {
        env_log(dps->env, LOG_ERROR, "the registration of %s is not kept: %s", r->id,
                error_text(ERR_IO));
    }
    emit_end(dps, r);
}

void dps_tick(struct dps *dps)
{
    uint64_t now = dps_now_us(dps);
    for (struct registration *r = dps->registrations; r; r = r->hh.next) {
        if (r->state == DPS_ASSIGNING && r->enrollment && now >= r->ready_at_us) {
            complete(dps, r);
        }
    }
}

uint64_t dps_deadline_us(const struct dps *dps)
{
    uint64_t deadline = UINT64_MAX;
    for (const struct registration *r = dps->registrations; r; r = r->hh.next) {
        if (r->state == DPS_ASSIGNING && r->enrollment && r->ready_at_us < deadline) {
            deadline = r->ready_at_us;
        }
    }
    return deadline;
}

// ---- requests

// False when the answer is given.
static bool is_attested(struct dps *dps, const struct dps_caller *caller,
                        const struct enrolled **enrollment, struct identity *identity,
                        struct dps_answer *answer)
{
    struct dps_refusal refusal;
    if (dps_attest(dps, caller, enrollment, identity, &refusal) < 0) {
        reject_plain(dps, caller, 500, "memory or cryptography failed in the simulator", answer);
        return false;
    }
    if (refusal.status) {
        reject_refusal(dps, caller, &refusal, answer);
        return false;
    }
    return true;
}

static bool is_throttled(struct dps *dps)
{
    uint64_t now = dps_now_us(dps);
    if (now >= dps->minute_began_us + minute_us || dps->registered_in_minute == 0) {
        dps->minute_began_us = now;
        dps->registered_in_minute = 0;
    }
    if (dps->registered_in_minute >= dps->settings.registrations_per_minute) {
        return true;
    }
    dps->registered_in_minute++;
    return false;
}

static void start(struct dps *dps, const struct dps_caller *caller, const struct enrolled *e,
                  const struct identity *identity, char *payload, struct dps_answer *answer)
{
    struct registration *r = dps_registration_of(dps, caller->registration_id);
    if (!r || make_operation_id(dps, r) < 0) {
        free(payload);
        reject_plain(dps, caller, 500, "memory or randomness failed in the simulator", answer);
        return;
    }
    free(r->payload);
    r->payload = payload;
    r->state = DPS_ASSIGNING;
    r->connection = caller->connection;
    r->enrollment = e;
    r->identity = *identity;
    r->is_group = e->e.is_group;
    r->attestation = e->e.attestation;
    memcpy(r->group, e->e.name, sizeof r->group);
    r->ready_at_us = dps_now_us(dps) + dps->settings.assign_us;
    EMIT(dps->journal, DPS_ASSIGNING, caller->connection, caller->registration_id,
         F_TEXT("operation_id", r->operation_id), F_TEXT("enrollment", e->e.name),
         F_INT("retry_after_s", dps->settings.retry_after_s));
    accept(dps, dps_body_assigning(r, true, &answer->body), 202, answer);
}

static void emit_register(struct dps *dps, const struct dps_caller *caller, struct span body,
                          const char *payload)
{
    EMIT(dps->journal, DPS_REGISTER, caller->connection, caller->registration_id,
         F_TEXT("api_version", caller->api_version), F_INT("body_bytes", body.len),
         F_TEXT("payload", payload ? payload : ""));
}

// 0: *payload is there. Else the answer is given.
static int read_body(struct dps *dps, const struct dps_caller *caller, struct span body,
                     char **payload, struct dps_answer *answer)
{
    *payload = NULL;
    int code = body.len > DPS_BODY_BYTES_MOST
                   ? error_set(ERR_SYNTAX, "the body has %zu bytes, at most %d are taken", body.len,
                               DPS_BODY_BYTES_MOST)
                   : dps_body_read(body, caller->registration_id, payload);
    emit_register(dps, caller, body, *payload);
    if (code < 0) {
        reject_plain(dps, caller, code == ERR_SYNTAX ? 400 : 500, error_text(code), answer);
    }
    return code;
}

void dps_register(struct dps *dps, const struct dps_caller *caller, struct span body,
                  struct dps_answer *answer)
{
    const struct enrolled *e = NULL;
    struct identity identity;
    char *payload = NULL;
    dps_tick(dps);
    if (read_body(dps, caller, body, &payload, answer) < 0) {
        return;
    }
    const struct registration *r = dps_registration_find(dps, caller->registration_id);
    if (is_throttled(dps)) {
        reject_plain(dps, caller, 429, "the service takes no more registrations this minute",
                     answer);
    } else if (!is_attested(dps, caller, &e, &identity, answer)) {
        e = NULL;
    } else if (e->e.is_disabled && !dps->settings.shows_disabled) {
        reject(dps, caller, 401, 401002, "Unauthorized", "the enrollment is disabled", answer);
    } else if (r && r->state == DPS_ASSIGNING) {
        reject_plain(dps, caller, 409, "this registration is in progress already", answer);
    } else {
        start(dps, caller, e, &identity, payload, answer);
        payload = NULL;
    }
    explicit_bzero(&identity, sizeof identity);
    free(payload);
}

static bool polls_too_fast(struct dps *dps, struct registration *r)
{
    uint32_t most = dps->settings.polls_most;
    uint64_t now = dps_now_us(dps);
    if (most == 0) {
        return false;
    }
    uint64_t *slot = &r->polls_us[r->poll_count % most];
    if (r->poll_count >= most && now - *slot < dps->settings.poll_window_us) {
        return true;
    }
    *slot = now;
    r->poll_count++;
    return false;
}

void dps_status(struct dps *dps, const struct dps_caller *caller, struct span operation_id,
                struct dps_answer *answer)
{
    const struct enrolled *e = NULL;
    struct identity identity;
    dps_tick(dps);
    struct registration *r = dps_registration_find(dps, caller->registration_id);
    EMIT(dps->journal, DPS_STATUS, caller->connection, caller->registration_id,
         F_SPAN("operation_id", operation_id));
    if (r && polls_too_fast(dps, r)) {
        reject_plain(dps, caller, 429, "the device polls faster than the service allows", answer);
        return;
    }
    bool is_known = is_attested(dps, caller, &e, &identity, answer);
    explicit_bzero(&identity, sizeof identity);
    if (!is_known) {
        return;
    }
    if (!r || !span_equals_text(operation_id, r->operation_id)) {
        reject_plain(dps, caller, 404, "no such operation of this registration", answer);
    } else if (r->state == DPS_ASSIGNING) {
        accept(dps, dps_body_assigning(r, false, &answer->body), 202, answer);
    } else {
        accept(dps, dps_body_final(r, &answer->body), 200, answer);
    }
}
