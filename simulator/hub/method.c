// SPDX-License-Identifier: MIT
// Direct methods: calls that wait for a device, for its answer, or for their time to be over.
#include "simulator/hub/method.h"
#include "base/error.h"
#include "simulator/hub/hub_private.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second_us = 1000000;

enum { METER_BYTES = 4096 }; // what the throttle counts

struct method_entry {
    struct method_entry *next;
    const struct identity *identity;
    uint64_t id;       // its rid is this number in hexadecimal
    method_done *done; // NULL = nobody waits any more
    void *context;
    bool is_sent;
    uint64_t connect_by_us;
    uint64_t answer_by_us; // once sent
    uint64_t response_us;
    uint64_t sent_us;
    struct span method;
    struct span payload;
    char rid[20];
    uint8_t texts[];
};

static void unlink_call(struct hub *hub, struct method_entry *call)
{
    struct method_entry **at = &hub->methods;
    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    hub->method_count--;
}

void hub_method_free(struct hub *hub)
{
    while (hub->methods) {
        struct method_entry *call = hub->methods;
        unlink_call(hub, call);
        free(call);
    }
}

// The last words of a call that is unlinked already.
static void finish(struct method_entry *call, const struct method_outcome *outcome)
{
    if (call->done) {
        call->done(call->context, outcome);
    }
    free(call);
}

static void fail_call(struct hub *hub, struct method_entry *call, enum reason reason)
{
    unlink_call(hub, call);
    EMIT(hub->journal, METHOD_FAILED, 0, call->identity->name, F_SPAN("method", call->method),
         F_TEXT("reason", reason_row(reason)->word), F_TEXT("why", reason_row(reason)->sentence),
         F_TEXT("rid", call->rid));
    const struct method_outcome outcome = {.reason = reason, .payload = SPAN_LITERAL("null")};
    finish(call, &outcome);
}

// ---- what is asked for

static enum reason refuse(const char *sentence)
{
    error_set(ERR_VALUE, "%s", sentence);
    return REASON_INVALID_ARGUMENT;
}

static enum reason check_name(struct span method)
{
    if (method.len == 0 || method.len > METHOD_NAME_BYTES_MOST) {
        return refuse("the name of a method has 1 to 100 bytes");
    }
    for (size_t i = 0; i < method.len; i++) {
        uint8_t c = method.ptr[i];
        if (c <= ' ' || c > '~' || strchr("/?#+", c)) {
            return refuse("the name of a method is printable ASCII without blanks and / ? # +");
        }
    }
    return REASON_OK;
}

static bool is_json(struct span text)
{
    json_t *value =
        json_loadb((const char *)text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_decref(value);
    return value != NULL;
}

static enum reason check_payload(struct span payload)
{
    if (payload.len > METHOD_PAYLOAD_BYTES_MOST) {
        error_set(ERR_TOO_BIG, "a method's payload has at most %d bytes, seen %zu",
                  METHOD_PAYLOAD_BYTES_MOST, payload.len);
        return REASON_METHOD_TOO_LARGE;
    }
    if (payload.len && !is_json(payload)) {
        error_set(ERR_SYNTAX, "the payload of a method is JSON; a text stands in quotes");
        return REASON_MALFORMED_JSON;
    }
    return REASON_OK;
}

static enum reason check_times(const struct method_call *call)
{
    uint32_t response_s = call->response_timeout_s ? call->response_timeout_s : METHOD_RESPONSE_S;
    if (response_s < METHOD_RESPONSE_S_LEAST || response_s > METHOD_TIMEOUT_S_MOST) {
        return refuse("the response time-out of a method is 5 to 300 s");
    }
    if (call->connect_timeout_s > response_s) {
        return refuse("the connect time-out of a method is at most its response time-out");
    }
    return REASON_OK;
}

static enum reason check_call(struct hub *hub, const struct method_call *call,
                              const struct identity **identity)
{
    *identity = hub_find_identity(hub, call->name);
    if (!*identity) {
        error_set(ERR_UNKNOWN_NAME, "no identity named '%.*s' is registered", SPAN_ARG(call->name));
        return REASON_UNKNOWN_IDENTITY;
    }
    enum reason reason = check_name(call->method);
    reason = reason == REASON_OK ? check_payload(call->payload) : reason;
    reason = reason == REASON_OK ? check_times(call) : reason;
    if (reason == REASON_OK && (*identity)->is_disabled) {
        error_set(ERR_VALUE, "%s is disabled", (*identity)->name);
        return REASON_DISABLED;
    }
    if (reason == REASON_OK && hub->method_count >= METHODS_PENDING_MOST) {
        error_set(ERR_LIMIT, "%d method calls are pending already", METHODS_PENDING_MOST);
        return REASON_THROTTLED;
    }
    return reason;
}

static struct method_entry *entry_new(struct hub *hub, const struct method_call *call)
{
    struct span payload = call->payload.len ? call->payload : SPAN_LITERAL("null");
    struct method_entry *entry = calloc(1, sizeof *entry + call->method.len + payload.len);
    if (!entry) {
        return NULL;
    }
    memcpy(entry->texts, call->method.ptr, call->method.len);
    memcpy(entry->texts + call->method.len, payload.ptr, payload.len);
    entry->method = span_of(entry->texts, call->method.len);
    entry->payload = span_of(entry->texts + call->method.len, payload.len);
    entry->id = ++hub->last_rid;
    snprintf(entry->rid, sizeof entry->rid, "%" PRIx64, entry->id);
    uint32_t response_s = call->response_timeout_s ? call->response_timeout_s : METHOD_RESPONSE_S;
    entry->response_us = response_s * second_us;
    entry->connect_by_us = hub_mono_us(hub) + call->connect_timeout_s * second_us;
    return entry;
}

static void append(struct hub *hub, struct method_entry *call)
{
    struct method_entry **at = &hub->methods;
    while (*at) {
        at = &(*at)->next;
    }
    *at = call;
    hub->method_count++;
}

static struct method_entry *find(const struct hub *hub, uint64_t id)
{
    struct method_entry *call = hub->methods;
    while (call && call->id != id) {
        call = call->next;
    }
    return call;
}

// Offers a call to the device; false when nobody there takes methods. The call may be over when
// this returns.
static bool offer(struct hub *hub, struct hub_link *link, struct method_entry *call)
{
    if (!link || !link->method) {
        return false;
    }
    const struct hub_method_request request = {span_text(call->rid), call->method, call->payload};
    uint64_t id = call->id;
    call->is_sent = true; // before: an answer may come while it is handed over
    call->sent_us = hub_mono_us(hub);
    call->answer_by_us = call->sent_us + call->response_us;
    if (!link->method(link, &request)) {
        call = find(hub, id);
        if (call) {
            call->is_sent = false;
        }
        return false;
    }
    hub_due(hub, hub_method_deadline_us(hub));
    return true;
}

static uint32_t meters_of(struct span payload)
{
    return payload.len ? (uint32_t)((payload.len + METER_BYTES - 1) / METER_BYTES) : 1;
}

enum reason hub_method_invoke(struct hub *hub, const struct method_call *call, method_done *done,
                              void *context, uint64_t *id)
{
    const struct identity *identity = NULL;
    enum reason reason = check_call(hub, call, &identity);
    if (reason == REASON_OK) {
        reason = hub_admit_service(hub, THROTTLE_METHOD, meters_of(call->payload));
    }
    if (reason != REASON_OK) {
        return reason;
    }
    struct method_entry *entry = entry_new(hub, call);
    if (!entry) {
        error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
        return REASON_INTERNAL;
    }
    uint64_t number = entry->id;
    entry->identity = identity;
    entry->done = done;
    entry->context = context;
    if (id) {
        *id = number;
    }
    append(hub, entry);
    if (offer(hub, hub_link_of(hub, identity), entry)) {
        return REASON_OK;
    }
    entry = find(hub, number);
    if (entry && call->connect_timeout_s == 0) {
        entry->done = NULL; // the caller learns it from what is returned
        fail_call(hub, entry, REASON_DEVICE_NOT_ONLINE);
        error_set(ERR_VALUE, "%s is not connected, or has not subscribed to methods",
                  identity->name);
        return REASON_DEVICE_NOT_ONLINE;
    }
    hub_due(hub, hub_method_deadline_us(hub));
    return REASON_OK;
}

void hub_method_forget(struct hub *hub, uint64_t id)
{
    struct method_entry *call = find(hub, id);
    if (call) {
        call->done = NULL;
    }
}

// ---- answers and time

static struct method_entry *find_rid(const struct hub *hub, const struct identity *identity,
                                     struct span rid)
{
    struct method_entry *call = hub->methods;
    while (call && !(call->identity == identity && call->is_sent &&
                     span_equals_nocase(rid, span_text(call->rid)))) {
        call = call->next;
    }
    return call;
}

bool hub_method_answer(struct hub *hub, const struct identity *identity, struct span rid,
                       int status, struct span payload)
{
    struct method_entry *call = find_rid(hub, identity, rid);
    if (!call) {
        return false;
    }
    if (payload.len > METHOD_PAYLOAD_BYTES_MOST || (payload.len && !is_json(payload))) {
        fail_call(hub, call, REASON_METHOD_BAD_ANSWER);
        return true;
    }
    unlink_call(hub, call);
    struct method_outcome outcome = {.reason = REASON_OK, .status = status, .payload = payload};
    if (payload.len == 0) {
        outcome.payload = SPAN_LITERAL("null");
    }
    EMIT(hub->journal, METHOD_ANSWERED, hub_connection_of(hub, identity), identity->name,
         F_SPAN("method", call->method), F_INT("status", status),
         F_SPAN("payload", hub_shown(outcome.payload)), F_INT("payload_bytes", outcome.payload.len),
         F_TEXT("rid", call->rid), F_INT("after_ms", (hub_mono_us(hub) - call->sent_us) / 1000));
    finish(call, &outcome);
    return true;
}

static struct method_entry *next_waiting(const struct hub *hub, const struct identity *identity,
                                         uint64_t after_id)
{
    struct method_entry *call = hub->methods;
    while (call && (call->identity != identity || call->is_sent || call->id <= after_id)) {
        call = call->next;
    }
    return call;
}

void hub_method_offer(struct hub *hub, struct hub_link *link)
{
    const struct identity *identity = link->identity;
    struct method_entry *call = next_waiting(hub, identity, 0);
    while (call) {
        uint64_t id = call->id;
        if (!offer(hub, hub_link_of(hub, identity), call)) {
            return;
        }
        call = next_waiting(hub, identity, id);
    }
}

static uint64_t due_us(const struct method_entry *call)
{
    return call->is_sent ? call->answer_by_us : call->connect_by_us;
}

void hub_method_tick(struct hub *hub)
{
    uint64_t now = hub_mono_us(hub);
    struct method_entry *call = hub->methods;
    while (call) {
        if (now >= due_us(call)) {
            fail_call(hub, call, call->is_sent ? REASON_METHOD_TIMEOUT : REASON_DEVICE_NOT_ONLINE);
            call = hub->methods; // `done` may have changed the list
        } else {
            call = call->next;
        }
    }
}

uint64_t hub_method_deadline_us(const struct hub *hub)
{
    uint64_t deadline = UINT64_MAX;
    for (const struct method_entry *call = hub->methods; call; call = call->next) {
        deadline = due_us(call) < deadline ? due_us(call) : deadline;
    }
    return deadline;
}
