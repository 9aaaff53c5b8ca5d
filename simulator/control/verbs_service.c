// SPDX-License-Identifier: MIT
// The verbs that speak as the service does: messages, twins, methods.
#include "base/error.h"
#include "base/when.h"
#include "simulator/control/control_private.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/twin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TWIN_BYTES_MOST = 1 << 20 };

// A refusal of the hub's rules, as an error of the class that its cause has.
static int refused(enum reason reason)
{
    char why[900];
    snprintf(why, sizeof why, "%s", error_detail());
    int code = reason == REASON_UNKNOWN_IDENTITY ? ERR_UNKNOWN_NAME
               : reason == REASON_INTERNAL       ? ERR_IO
               : reason == REASON_DEVICE_NOT_ONLINE || reason == REASON_METHOD_TIMEOUT ||
                       reason == REASON_METHOD_BAD_ANSWER
                   ? ERR_PROTOCOL
                   : ERR_VALUE;
    FAIL(code, "%s (%d, HTTP %d)", why[0] ? why : reason_row(reason)->sentence,
         reason_row(reason)->hub_code, reason_row(reason)->http);
}

// ---- cloud to device

static int read_properties(const struct control_call *call,
                           struct c2d_property properties[C2D_PROPERTIES_MOST], size_t *count)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(call->options, "property"), i, one)
    {
        struct span value;
        struct span name = span_cut(span_text(json_string_value(one)), '=', &value);
        if (!value.ptr || i == C2D_PROPERTIES_MOST) {
            FAIL(ERR_SYNTAX, "--property wants NAME=VALUE, at most %d times; seen '%s'",
                 C2D_PROPERTIES_MOST, json_string_value(one));
        }
        properties[i] = (struct c2d_property){name, value};
        *count = i + 1;
    }
    return 0;
}

static int read_message(const struct control_call *call, struct c2d_message *m)
{
    const char *ack = control_option(call, "ack");
    const char *ttl = control_option(call, "ttl");
    const char *id = control_option(call, "id");
    int64_t ttl_us = 0;
    if (ack) {
        int value = c2d_ack_of(span_text(ack));
        if (value < 0) {
            FAIL(ERR_SYNTAX, "--ack wants none, positive, negative or full; seen '%s'", ack);
        }
        m->ack = (enum c2d_ack)value;
    }
    if (ttl && (duration_parse(span_text(ttl), &ttl_us) < 0 || ttl_us < 1000000)) {
        FAIL(ERR_SYNTAX, "--ttl wants a duration from 1s on; seen '%s'", ttl);
    }
    m->ttl_s = (uint32_t)(ttl_us / 1000000 < UINT32_MAX ? ttl_us / 1000000 : UINT32_MAX);
    m->message_id = span_text(id);
    m->input = span_text(control_option(call, "input"));
    m->body = span_text(call->args[1]);
    return 0;
}

int control_do_c2d(struct control_call *call)
{
    struct c2d_property properties[C2D_PROPERTIES_MOST];
    struct c2d_message message = {.properties = properties};
    const struct identity *id = NULL;
    uint64_t sequence = 0;
    TRY(control_find_identity(call, call->args[0], &id));
    TRY(read_message(call, &message));
    TRY(read_properties(call, properties, &message.property_count));
    error_clear();
    enum reason reason = hub_c2d_send(call->hub, span_text(id->name), &message, &sequence);
    if (reason != REASON_OK) {
        return refused(reason);
    }
    size_t waiting = hub_c2d_count(call->hub, span_text(id->name));
    bool is_connected = hub_connection_of(call->hub, id) != 0;
    call->result =
        json_pack("{s:s, s:I, s:I, s:b}", "id", id->name, "sequence", (json_int_t)sequence,
                  "waiting", (json_int_t)waiting, "connected", is_connected);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text,
                      "message %" PRIu64 " is queued for %s; %zu waiting, the device is %s",
                      sequence, id->name, waiting, is_connected ? "connected" : "not connected");
}

int control_do_feedback(struct control_call *call)
{
    struct control_watch watch = {.events = "c2d.feedback"};
    if (!call->asker.watch) {
        FAIL(ERR_USAGE, "feedback needs the control socket");
    }
    call->asker.watch(call->asker.context, &watch);
    return buf_append_text(&call->text, "watching feedback");
}

// ---- twins

int control_do_twin(struct control_call *call)
{
    struct buf json HR_CLEANUP(buf_deinit);
    const struct identity *id = NULL;
    buf_init(&json, TWIN_BYTES_MOST);
    TRY(control_find_identity(call, call->args[0], &id));
    error_clear();
    enum reason reason = hub_twin_get_json(call->hub, span_text(id->name), &json);
    if (reason != REASON_OK) {
        return refused(reason);
    }
    call->result = json_loadb((const char *)json.data, json.len, 0, NULL);
    char *pretty = call->result ? json_dumps(call->result, JSON_INDENT(2)) : NULL;
    ENSURE(pretty != NULL, ERR_NO_MEMORY);
    int code = buf_append_text(&call->text, pretty);
    free(pretty);
    return code;
}

int control_do_twin_desired(struct control_call *call)
{
    const struct identity *id = NULL;
    int64_t version = 0;
    TRY(control_find_identity(call, call->args[0], &id));
    error_clear();
    bool is_replaced = control_option(call, "replace") != NULL;
    enum reason reason = (is_replaced ? hub_twin_replace_desired : hub_twin_patch_desired)(
        call->hub, span_text(id->name), span_text(call->args[1]), &version);
    if (reason != REASON_OK) {
        return refused(reason);
    }
    call->result = json_pack("{s:s, s:I}", "id", id->name, "version", (json_int_t)version);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "the desired properties of %s have version %" PRId64, id->name,
                      version);
}

// ---- methods

// A call whose answer is not there yet. The asker gets its reply when it is.
struct control_pending {
    struct control_pending *next;
    struct control *control;
    struct hub *hub;    // that was asked
    uint64_t method_id; // 0 until the hub has given one
    struct control_asker asker;
    char name[HUB_NAME_BYTES_MOST];
    char method[METHOD_NAME_BYTES_MOST + 1];
};

static json_t *method_reply(const struct control_pending *p, const struct method_outcome *outcome)
{
    if (outcome->reason != REASON_OK) {
        error_clear();
        char text[700];
        snprintf(text, sizeof text, "%s did not answer %s: %s (%d, HTTP %d)", p->name, p->method,
                 reason_row(outcome->reason)->sentence, reason_row(outcome->reason)->hub_code,
                 reason_row(outcome->reason)->http);
        return json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "error", "ERR_PROTOCOL", "class",
                         "device", "text", text);
    }
    json_t *payload =
        json_loadb(outcome->payload.len ? (const char *)outcome->payload.ptr : "null",
                   outcome->payload.len ? outcome->payload.len : 4, JSON_DECODE_ANY, NULL);
    payload = payload ? payload : json_null();
    char *shown = json_dumps(payload, JSON_ENCODE_ANY | JSON_COMPACT);
    json_t *text = json_sprintf("%s answered %s with status %d: %s", p->name, p->method,
                                outcome->status, shown ? shown : "null");
    free(shown);
    return json_pack("{s:b, s:o, s:{s:i, s:o}}", "ok", 1, "text", text, "result", "status",
                     outcome->status, "payload", payload);
}

static void unlink_pending(struct control_pending *p)
{
    struct control_pending **at = &p->control->pending;
    while (*at && *at != p) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = p->next;
    }
}

void control_forget_pending(struct control *control)
{
    while (control->pending) {
        struct control_pending *p = control->pending;
        control->pending = p->next;
        hub_method_forget(p->hub, p->method_id);
        p->asker.reply(p->asker.context, NULL);
        free(p);
    }
}

static void on_done(void *context, const struct method_outcome *outcome)
{
    struct control_pending *p = context;
    unlink_pending(p);
    json_t *reply = method_reply(p, outcome);
    p->asker.reply(p->asker.context, reply);
    json_decref(reply);
    free(p);
}

int control_do_method(struct control_call *call)
{
    const struct identity *id = NULL;
    const char *timeout = control_option(call, "timeout-s");
    uint64_t timeout_s = 0;
    TRY(control_find_identity(call, call->args[0], &id));
    if (timeout && (span_parse_u64(span_text(timeout), &timeout_s) < 0 ||
                    timeout_s > METHOD_TIMEOUT_S_MOST || timeout_s < METHOD_RESPONSE_S_LEAST)) {
        FAIL(ERR_SYNTAX, "--timeout-s wants %d to %d seconds; seen '%s'", METHOD_RESPONSE_S_LEAST,
             METHOD_TIMEOUT_S_MOST, timeout);
    }
    struct control_pending *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, ERR_NO_MEMORY);
    p->asker = call->asker;
    p->control = call->control;
    p->hub = call->hub;
    p->next = call->control->pending;
    call->control->pending = p;
    span_copy_text(span_text(id->name), p->name, sizeof p->name);
    span_copy_text(span_text(call->args[1]), p->method, sizeof p->method);
    const struct method_call method = {.name = span_text(id->name),
                                       .method = span_text(call->args[1]),
                                       .payload = span_text(call->count > 2 ? call->args[2] : ""),
                                       .response_timeout_s = (uint32_t)timeout_s};
    error_clear();
    call->is_answered_later = true; // also when the answer comes before the next line
    struct control *control = call->control;
    uint64_t method_id = 0;
    enum reason reason = hub_method_invoke(call->hub, &method, on_done, p, &method_id);
    if (reason == REASON_OK) {
        if (control->pending == p) { // not answered yet
            p->method_id = method_id;
        }
        return 0;
    }
    call->is_answered_later = false;
    unlink_pending(p);
    free(p);
    return refused(reason);
}
