// SPDX-License-Identifier: MIT
// Device to cloud messages (reference: IoT Hub over MQTT, device to cloud).
#include "base/error.h"
#include "base/hash.h"
#include "simulator/hub/bag.h"
#include "simulator/hub/hub_private.h"

#include <string.h>

enum { MESSAGE_BYTES_MOST = 256 * 1024, SHOWN_BODY_BYTES = 1024, JSON_BYTES_MOST = 1 << 21 };

struct span hub_shown(struct span text)
{
    if (text.len <= SHOWN_BODY_BYTES) {
        return text;
    }
    size_t len = SHOWN_BODY_BYTES;
    while (len > SHOWN_BODY_BYTES - 4 && (text.ptr[len] & 0xC0) == 0x80) {
        len--;
    }
    return span_slice(text, 0, len);
}

static struct span message_id(const struct bag *bag)
{
    struct span id = SPAN_EMPTY;
    for (size_t i = 0; i < bag->count; i++) {
        if (bag->pairs[i].is_system && span_equals_text(bag->pairs[i].key, "message-id")) {
            id = bag->pairs[i].value;
        }
    }
    return id;
}

static int emit_message(struct hub *hub, const struct telemetry *m, struct bag *bag)
{
    struct buf properties HR_CLEANUP(buf_deinit);
    struct buf system HR_CLEANUP(buf_deinit);
    buf_init(&properties, JSON_BYTES_MOST);
    buf_init(&system, JSON_BYTES_MOST);
    TRY(bag_to_json(bag, false, &properties));
    TRY(bag_to_json(bag, true, &system));
    EMIT(hub->journal, D2C_MESSAGE, m->connection, m->identity->name,
         F_SPAN("message_id", message_id(bag)), F_INT("qos", m->qos), F_BOOL("dup", m->is_dup),
         F_BOOL("retain", m->is_retain), F_INT("body_bytes", m->body.len),
         F_SPAN("body", hub_shown(m->body)), F_SPAN("properties", buf_span(&properties)),
         F_SPAN("system_properties", buf_span(&system)), F_INT("packet_id", m->packet_id),
         F_BOOL("will", m->is_will));
    return 0;
}

static void add_marks(const struct telemetry *m, struct bag *bag)
{
    if (m->is_will) {
        bag_add(bag, "iothub-MessageType", "Will");
    }
    if (m->is_retain) {
        bag_add(bag, "mqtt-retain", "true");
    }
    if (m->is_dup) {
        bag_add(bag, "mqtt-dup", "true");
    }
}

// A fault message that was sent again because it stayed without PUBACK must not act again.
static bool is_repeated(struct hub *hub, const struct telemetry *m)
{
    uint8_t digest[HASH_SHA256_BYTES];
    struct hub_entry *entry = hub_entry_find(hub, span_text(m->identity->name));
    if (!entry || hash_sha256(m->bag, digest) < 0) {
        return false;
    }
    bool is_same =
        entry->has_sdk_fault && memcmp(digest, entry->sdk_fault_digest, sizeof digest) == 0;
    memcpy(entry->sdk_fault_digest, digest, sizeof digest);
    entry->has_sdk_fault = true;
    return m->is_dup && is_same;
}

static void note(struct hub *hub, const struct telemetry *m, const char *text)
{
    EMIT(hub->journal, RUN_NOTE, m->connection, m->identity->name, F_TEXT("text", text));
}

static void look_for_fault(struct hub *hub, const struct telemetry *m, const struct bag *bag,
                           struct telemetry_outcome *out)
{
    int code = 0;
    struct sdk_fault fault;
    if (!hub->settings.has_sdk_faults || m->is_will || !sdk_fault_read(bag, &fault, &code)) {
        return;
    }
    if (code < 0) {
        note(hub, m, error_text(code));
        return;
    }
    bool is_mqtt = sdk_fault_is_mqtt(fault.kind);
    bool is_again = is_repeated(hub, m);
    out->has_sdk_fault = is_mqtt && !is_again;
    out->sdk_fault = fault;
    EMIT(hub->journal, SDK_FAULT, m->connection, m->identity->name,
         F_TEXT("type", sdk_fault_word(fault.kind)), F_INT("delay_s", fault.delay_us / 1000000),
         F_INT("duration_s", fault.duration_us / 1000000),
         F_TEXT("close_reason", fault.close_reason), F_BOOL("taken", out->has_sdk_fault));
    if (!is_mqtt) {
        note(hub, m, "this fault acts on AMQP links, and the device is connected over MQTT");
    } else if (is_again) {
        note(hub, m, "the same fault message came again (DUP): it does not act twice");
    }
}

static enum reason store(struct hub *hub, const struct telemetry *m, struct bag *bag,
                         struct telemetry_outcome *out)
{
    int code = bag_parse(m->bag, bag);
    if (code == ERR_NO_MEMORY) {
        return REASON_INTERNAL;
    }
    if (code == ERR_TOO_BIG) {
        return REASON_MESSAGE_TOO_LARGE;
    }
    if (code < 0) {
        return REASON_BAD_PROPERTIES;
    }
    size_t size_bytes = bag_size_bytes(bag) + m->body.len;
    if (size_bytes > MESSAGE_BYTES_MOST) {
        return REASON_MESSAGE_TOO_LARGE;
    }
    enum reason reason = hub_admit_message(hub, m, size_bytes, &out->answer_after_us);
    if (reason != REASON_OK) {
        return reason;
    }
    add_marks(m, bag);
    if (emit_message(hub, m, bag) < 0) {
        return REASON_INTERNAL;
    }
    look_for_fault(hub, m, bag, out);
    return REASON_OK;
}

enum reason hub_take_telemetry(struct hub *hub, const struct telemetry *message,
                               struct telemetry_outcome *out)
{
    struct bag bag;
    *out = (struct telemetry_outcome){0};
    enum reason reason = store(hub, message, &bag, out);
    bag_deinit(&bag);
    return reason;
}

enum reason hub_store_telemetry(struct hub *hub, const struct telemetry *message)
{
    struct telemetry_outcome unused;
    return hub_take_telemetry(hub, message, &unused);
}
