// SPDX-License-Identifier: MIT
#include "harness/runner/cloud.h"
#include "base/error.h"
#include "simulator/hub/twin.h"

#include <stdio.h>

// The hub's sentence, behind what it refused.
static int refused(const char *what, enum reason reason)
{
    char why[600];
    snprintf(why, sizeof why, "%s", error_detail());
    FAIL(ERR_VALUE, "the hub refuses the %s: %s (%s)", what, why, reason_row(reason)->word);
}

// The text, once or repeated up to the size that the statement gives.
static int fill_body(const struct step *step, struct buf *out)
{
    struct span text = span_text(step->text);
    size_t size_bytes = step->message->size_bytes ? step->message->size_bytes : text.len;
    while (out->len < size_bytes) {
        size_t left = size_bytes - out->len;
        TRY(buf_append(out, span_slice(text, 0, left < text.len ? left : text.len)));
    }
    return 0;
}

static int send_message(struct hub *hub, const char *device, const struct step *step)
{
    const struct step_message *m = step->message;
    struct c2d_property properties[STEP_PROPERTIES_MOST];
    for (size_t i = 0; i < m->property_count; i++) {
        properties[i] = (struct c2d_property){span_text(m->properties[i].name),
                                              span_text(m->properties[i].value)};
    }
    struct buf body HR_CLEANUP(buf_deinit);
    buf_init(&body, C2D_BYTES_MOST);
    TRY(fill_body(step, &body));
    const struct c2d_message message = {.body = buf_span(&body),
                                        .message_id = span_text(m->id),
                                        .input = span_text(m->input),
                                        .properties = properties,
                                        .property_count = m->property_count,
                                        .ack = m->ack,
                                        .ttl_s = m->ttl_s};
    enum reason reason = hub_c2d_send(hub, span_text(device), &message, NULL);
    return reason == REASON_OK ? 0 : refused("message", reason);
}

// The journal has the outcome as method.answered or method.failed.
static void on_done(void *context, const struct method_outcome *outcome)
{
    (void)context;
    (void)outcome;
}

// The JSON that the statement gives, or a text of the size that it gives, with its quotes.
static int fill_payload(const struct step *step, struct buf *out)
{
    if (!step->payload_bytes) {
        return buf_append_text(out, step->text);
    }
    TRY(buf_append_u8(out, '"'));
    while (out->len + 1 < step->payload_bytes) {
        TRY(buf_append_u8(out, 'x'));
    }
    return buf_append_u8(out, '"');
}

static int call_method(struct hub *hub, const char *device, const struct step *step)
{
    struct buf payload HR_CLEANUP(buf_deinit);
    buf_init(&payload, METHOD_PAYLOAD_BYTES_MOST);
    TRY(fill_payload(step, &payload));
    const struct method_call call = {.name = span_text(device),
                                     .method = span_text(step->method),
                                     .payload = buf_span(&payload),
                                     .response_timeout_s = step->timeout_s};
    enum reason reason = hub_method_invoke(hub, &call, on_done, NULL, NULL);
    if (reason == REASON_OK || reason == REASON_DEVICE_NOT_ONLINE) {
        return 0;
    }
    return refused("method call", reason);
}

int cloud_act(struct hub *hub, const char *device, const struct step *step)
{
    error_clear();
    if (step->verb == HUB_C2D) {
        return send_message(hub, device, step);
    }
    if (step->verb == HUB_METHOD) {
        return call_method(hub, device, step);
    }
    enum reason reason =
        hub_twin_patch_desired(hub, span_text(device), span_text(step->text), NULL);
    return reason == REASON_OK ? 0 : refused("desired properties", reason);
}
