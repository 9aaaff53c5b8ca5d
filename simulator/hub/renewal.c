// SPDX-License-Identifier: MIT
#include "simulator/hub/renewal.h"
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/hub_private.h"
#include "simulator/hub/twin_rules.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_API_VERSION "2025-08-01"

enum { INFO_BYTES_MOST = 1024, REPLACE_BYTES_LEAST = 4, REPLACE_BYTES_MOST = 36 };

static const int64_t second_us = 1000000;
static const int64_t day_s = 86400;

struct renewal {
    char rid[RENEWAL_RID_BYTES_MOST + 1];
    char correlation_id[GUID_TEXT_BYTES];
    int64_t expires_us; // on the hub's clock
    uint64_t due_us;    // env->mono_us
    struct buf csr;     // DER
    bool is_done;       // `answer` waits for the device
    struct renewal_answer answer;
};

//    C name  status  hub code  sentence
#define REFUSAL_TABLE(X)                                                                           \
    X(NO_BODY, 400, 400004, "the payload is missing: expected JSON with 'id' and 'csr'")           \
    X(NO_JSON, 400, 400006, "cannot decode json format")                                           \
    X(NO_OBJECT, 400, 400004, "the payload is no object, so its 'id' is not the device's")         \
    X(UNKNOWN_FIELD, 400, 400004,                                                                  \
      "the payload has an unknown field: 'id', 'csr' and 'replace' only")                          \
    X(NO_ID, 400, 400004, "'id' is missing or empty: the id of the device that is connected")      \
    X(OTHER_ID, 400, 400004, "'id' is not the device that is connected")                           \
    X(NO_CSR, 400, 400004, "'csr' is missing or empty: a signing request, PKCS#10 DER in base64")  \
    X(LONG_CSR, 400, 400004, "'csr' is longer than 8 KB")                                          \
    X(CSR_NOT_BASE64, 400, 400004, "'csr' is not base64")                                          \
    X(BAD_REPLACE, 400, 400004,                                                                    \
      "'replace' is neither '*' nor 4 to 36 letters, digits and hyphens without one at an end")    \
    X(BAD_CSR, 400, 0, "the certificate cannot be issued")                                         \
    X(ACTIVE, 409, 0, "a request is active already: wait for it, or send one with 'replace'")      \
    X(NOTHING_TO_REPLACE, 412, 412001, "'replace' names no active request")                        \
    X(THROTTLED, 429, 429002, "too many requests")

enum refusal {
    TAKEN = -1,
#define X(name, status, code, sentence) REFUSAL_##name,
    REFUSAL_TABLE(X)
#undef X
};

static const struct {
    int status;
    int hub_code; // 0: what the hub's settings say
    const char *sentence;
} refusals[] = {
#define X(name, status, code, sentence) {status, code, sentence},
    REFUSAL_TABLE(X)
#undef X
};

// ---- answers

void renewal_answer_init(struct renewal_answer *answer)
{
    *answer = (struct renewal_answer){.status = 0};
    buf_init(&answer->body, RENEWAL_ANSWER_BYTES_MOST);
}

void renewal_answer_deinit(struct renewal_answer *answer)
{
    buf_deinit(&answer->body);
}

static int code_of(const struct hub *hub, enum refusal refusal)
{
    return refusal == REFUSAL_BAD_CSR  ? hub->settings.renewal_csr_code
           : refusal == REFUSAL_ACTIVE ? hub->settings.renewal_conflict_code
                                       : refusals[refusal].hub_code;
}

static int refuse(struct hub *hub, const struct identity *identity, enum refusal refusal,
                  const char *why, const char *info, struct renewal_answer *out)
{
    int code = code_of(hub, refusal);
    out->status = refusals[refusal].status;
    EMIT(hub->journal, RENEWAL_REFUSED, hub_connection_of(hub, identity), identity->name,
         F_INT("status", out->status), F_INT("code", code), F_TEXT("why", why),
         F_TEXT("rid", out->rid));
    return hub_error_json(hub, code, refusals[refusal].sentence, info, &out->body);
}

static void print_expiry(const struct renewal *r, char out[TWIN_TIME_BYTES])
{
    struct twin_stamp stamp = {.version = 0};
    twin_stamp_time(&stamp, r->expires_us);
    memcpy(out, stamp.time, sizeof stamp.time);
}

static int accept(struct hub *hub, const struct identity *identity, const struct renewal *r,
                  struct renewal_answer *out)
{
    char expires[TWIN_TIME_BYTES];
    print_expiry(r, expires);
    out->status = 202;
    EMIT(hub->journal, RENEWAL_ACCEPTED, hub_connection_of(hub, identity), identity->name,
         F_TEXT("rid", r->rid), F_TEXT("correlation_id", r->correlation_id),
         F_TEXT("expires", expires));
    return buf_printf(&out->body, "{\"correlationId\":\"%s\",\"operationExpires\":\"%s\"}",
                      r->correlation_id, expires);
}

// ---- what is asked for

struct wish {
    json_t *root;
    struct span csr;     // base64
    const char *replace; // NULL: nothing
};

static bool is_replace(const char *text)
{
    size_t len = strlen(text);
    if (strcmp(text, "*") == 0) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                         (text[i] >= '0' && text[i] <= '9');
        if (!is_letter && (text[i] != '-' || i == 0 || i + 1 == len)) {
            return false;
        }
    }
    return len >= REPLACE_BYTES_LEAST && len <= REPLACE_BYTES_MOST;
}

static bool has_unknown_field(const json_t *root)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)root, key, value)
    {
        if (strcmp(key, "id") != 0 && strcmp(key, "csr") != 0 && strcmp(key, "replace") != 0) {
            return true;
        }
    }
    return false;
}

// The text of a member, "" when it is missing or none.
static const char *member(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return json_is_string(value) ? json_string_value(value) : "";
}

static enum refusal check_members(const struct identity *identity, struct wish *wish)
{
    const json_t *replace = json_object_get(wish->root, "replace");
    const char *id = member(wish->root, "id");
    wish->csr = span_text(member(wish->root, "csr"));
    if (has_unknown_field(wish->root)) {
        return REFUSAL_UNKNOWN_FIELD;
    }
    if (id[0] == '\0' || strcmp(id, identity->name) != 0) {
        return id[0] ? REFUSAL_OTHER_ID : REFUSAL_NO_ID;
    }
    if (wish->csr.len == 0 || wish->csr.len > RENEWAL_CSR_BYTES_MOST) {
        return wish->csr.len ? REFUSAL_LONG_CSR : REFUSAL_NO_CSR;
    }
    wish->replace = replace ? member(wish->root, "replace") : NULL;
    return replace && !is_replace(wish->replace) ? REFUSAL_BAD_REPLACE : TAKEN;
}

static enum refusal read_wish(const struct identity *identity, struct span body, struct wish *wish)
{
    if (span_trim(body).len == 0) {
        return REFUSAL_NO_BODY;
    }
    wish->root = json_loadb((const char *)body.ptr, body.len, 0, NULL);
    if (!wish->root) {
        return REFUSAL_NO_JSON;
    }
    return json_is_object(wish->root) ? check_members(identity, wish) : REFUSAL_NO_OBJECT;
}

static bool is_active(const struct hub *hub, const struct renewal *r)
{
    return r && !r->is_done && hub_utc_us(hub) < r->expires_us;
}

// Against the request that is active, if any.
static enum refusal check_replace(const struct hub *hub, const struct renewal *active,
                                  const struct wish *wish)
{
    bool is_any = wish->replace && strcmp(wish->replace, "*") == 0;
    if (!is_active(hub, active)) {
        return wish->replace && !is_any ? REFUSAL_NOTHING_TO_REPLACE : TAKEN;
    }
    if (!wish->replace) {
        return REFUSAL_ACTIVE;
    }
    return is_any || strcmp(wish->replace, active->rid) == 0 ? TAKEN : REFUSAL_NOTHING_TO_REPLACE;
}

// What the body of a refusal says besides its sentence.
static int print_info(enum refusal refusal, const struct renewal *active, const struct wish *wish,
                      uint64_t wait_us, struct buf *out)
{
    char expires[TWIN_TIME_BYTES];
    if (refusal == REFUSAL_THROTTLED) {
        return buf_printf(out, "{\"retryAfter\":%d}", (int)((wait_us + 999999) / 1000000));
    }
    if (refusal != REFUSAL_ACTIVE && refusal != REFUSAL_NOTHING_TO_REPLACE) {
        return buf_append_text(out, "null");
    }
    bool is_conflict = refusal == REFUSAL_ACTIVE;
    TRY(buf_append_text(out, "{\"requestId\":\""));
    TRY(json_escape(span_text(is_conflict ? active->rid : wish->replace), out));
    if (!is_conflict) {
        return buf_append_text(out, "\"}");
    }
    print_expiry(active, expires);
    return buf_printf(out, "\",\"operationExpires\":\"%s\",\"correlationId\":\"%s\"}", expires,
                      active->correlation_id);
}

// ---- requests

void hub_renewal_free(struct renewal *r)
{
    if (r) {
        buf_deinit(&r->csr);
        renewal_answer_deinit(&r->answer);
        free(r);
    }
}

static int make_correlation(struct hub *hub, struct renewal *r)
{
    uint8_t bytes[16];
    TRY(hub->env->random(hub->env->world, bytes, sizeof bytes));
    guid_print(bytes, r->correlation_id);
    return 0;
}

static int start(struct hub *hub, struct hub_entry *entry, struct buf *csr_der,
                 struct renewal_answer *out)
{
    struct renewal *r = calloc(1, sizeof *r);
    ENSURE(r != NULL, ERR_NO_MEMORY);
    renewal_answer_init(&r->answer);
    memcpy(r->rid, out->rid, sizeof r->rid);
    r->csr = *csr_der;
    buf_init(csr_der, RENEWAL_CSR_BYTES_MOST);
    r->expires_us = hub_utc_us(hub) + hub->settings.renewal_expires_s * second_us;
    r->due_us = hub_mono_us(hub) + hub->settings.renewal_delay_s * (uint64_t)second_us;
    int code = make_correlation(hub, r);
    code = code < 0 ? code : accept(hub, &entry->identity, r, out);
    if (code < 0) {
        hub_renewal_free(r);
        return code;
    }
    hub_renewal_free(entry->renewal);
    entry->renewal = r;
    hub_due(hub, r->due_us);
    return 0;
}

static int judge(struct hub *hub, struct hub_entry *entry, struct span body, struct wish *wish,
                 struct renewal_answer *out)
{
    uint64_t wait_us = 0;
    struct buf info HR_CLEANUP(buf_deinit);
    struct buf csr HR_CLEANUP(buf_deinit);
    buf_init(&info, INFO_BYTES_MOST);
    buf_init(&csr, RENEWAL_CSR_BYTES_MOST);
    enum refusal refusal = read_wish(&entry->identity, body, wish);
    EMIT(hub->journal, RENEWAL_REQUESTED, hub_connection_of(hub, &entry->identity),
         entry->identity.name, F_TEXT("rid", out->rid),
         F_TEXT("replace", wish->replace ? wish->replace : ""), F_INT("csr_bytes", wish->csr.len));
    int code = refusal == TAKEN ? base64_decode(wish->csr, &csr) : 0;
    refusal = code == ERR_SYNTAX ? REFUSAL_CSR_NOT_BASE64 : refusal;
    if (code < 0 && code != ERR_SYNTAX) {
        return code;
    }
    refusal = refusal == TAKEN ? check_replace(hub, entry->renewal, wish) : refusal;
    if (refusal == TAKEN && !hub_admit_renewal(hub, &wait_us)) {
        refusal = REFUSAL_THROTTLED;
    }
    if (refusal == TAKEN) {
        return start(hub, entry, &csr, out);
    }
    TRY(print_info(refusal, entry->renewal, wish, wait_us, &info));
    return refuse(hub, &entry->identity, refusal, refusals[refusal].sentence, buf_text(&info), out);
}

int hub_renewal_request(struct hub *hub, const struct identity *identity, struct span rid,
                        struct span body, struct renewal_answer *out)
{
    struct hub_entry *entry = hub_entry_find(hub, span_text(identity->name));
    struct wish wish = {.root = NULL};
    ENSURE(entry != NULL, ERR_UNKNOWN_NAME);
    ENSURE(span_copy_text(rid, out->rid, sizeof out->rid), ERR_VALUE);
    int code = judge(hub, entry, body, &wish, out);
    json_decref(wish.root);
    return code;
}

// ---- what becomes of them

static int write_chain(struct hub *hub, struct hub_entry *entry, struct renewal *r,
                       struct buf chain[RENEWAL_CHAIN_COUNT])
{
    struct buf *body = &r->answer.body;
    int64_t now_s = hub_utc_us(hub) / second_us;
    int64_t to_s = now_s + hub->settings.renewal_days * day_s;
    TRY(hub->issuer.issue(hub->issuer.context, buf_span(&r->csr), entry->identity.name, now_s, to_s,
                          chain));
    TRY(buf_printf(body, "{\"correlationId\":\"%s\",\"certificates\":[", r->correlation_id));
    for (size_t i = 0; i < RENEWAL_CHAIN_COUNT; i++) {
        TRY(buf_append_text(body, i ? ",\"" : "\""));
        TRY(base64_encode(buf_span(&chain[i]), body));
        TRY(buf_append_u8(body, '"'));
    }
    TRY(buf_append_text(body, "]}"));
    r->answer.status = 200;
    EMIT(hub->journal, RENEWAL_ISSUED, hub_connection_of(hub, &entry->identity),
         entry->identity.name, F_TEXT("rid", r->rid), F_INT("days", hub->settings.renewal_days));
    return 0;
}

static int finish(struct hub *hub, struct hub_entry *entry, struct renewal *r)
{
    struct buf chain[RENEWAL_CHAIN_COUNT];
    char why[240];
    for (size_t i = 0; i < RENEWAL_CHAIN_COUNT; i++) {
        buf_init(&chain[i], RENEWAL_ANSWER_BYTES_MOST);
    }
    error_clear();
    int code = write_chain(hub, entry, r, chain);
    for (size_t i = 0; i < RENEWAL_CHAIN_COUNT; i++) {
        buf_deinit(&chain[i]);
    }
    if (code == ERR_VALUE) {
        snprintf(why, sizeof why, "%s", error_text(code));
        buf_clear(&r->answer.body);
        code = refuse(hub, &entry->identity, REFUSAL_BAD_CSR, why,
                      "{\"credentialError\":\"400000\","
                      "\"credentialMessage\":\"CSR did not pass verification\"}",
                      &r->answer);
    }
    return code;
}

void hub_renewal_tick(struct hub *hub, struct hub_entry *entry)
{
    struct renewal *r = entry->renewal;
    if (!r || r->is_done || hub_mono_us(hub) < r->due_us) {
        return;
    }
    r->is_done = true;
    memcpy(r->answer.rid, r->rid, sizeof r->rid);
    int code = finish(hub, entry, r);
    if (code < 0) {
        env_log(hub->env, LOG_ERROR, "the certificate of %s is not renewed: %s",
                entry->identity.name, error_text(code));
        entry->renewal = NULL;
        hub_renewal_free(r);
        return;
    }
    hub_renewal_offer(hub, entry);
}

uint64_t hub_renewal_deadline_us(const struct hub_entry *entry)
{
    return entry->renewal && !entry->renewal->is_done ? entry->renewal->due_us : UINT64_MAX;
}

void hub_renewal_offer(struct hub *hub, struct hub_entry *entry)
{
    struct hub_link *link = hub_link_of(hub, &entry->identity);
    if (link && link->renewal && entry->renewal && entry->renewal->is_done) {
        link->renewal(link);
    }
}

bool hub_renewal_take(struct hub *hub, const struct identity *identity, struct renewal_answer *out)
{
    struct hub_entry *entry = hub_entry_find(hub, span_text(identity->name));
    struct renewal *r = entry ? entry->renewal : NULL;
    if (!r || !r->is_done) {
        return false;
    }
    bool is_late = hub_utc_us(hub) >= r->expires_us;
    if (!is_late) {
        *out = r->answer;
        buf_init(&r->answer.body, RENEWAL_ANSWER_BYTES_MOST);
    }
    entry->renewal = NULL;
    hub_renewal_free(r);
    return !is_late;
}

void hub_set_issuer(struct hub *hub, const struct hub_issuer *issuer)
{
    hub->issuer = *issuer;
}

bool hub_renews(const struct hub *hub, const char *api_version)
{
    return hub->issuer.issue &&
           (hub->settings.takes_any_renewal || strcmp(api_version, FIRST_API_VERSION) >= 0);
}
