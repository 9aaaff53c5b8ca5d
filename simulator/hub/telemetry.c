// SPDX-License-Identifier: MIT
// Device to cloud messages (reference: IoT Hub over MQTT, device to cloud).
#include "base/error.h"
#include "simulator/hub/bag.h"
#include "simulator/hub/hub_private.h"

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

static enum reason store(struct hub *hub, const struct telemetry *m, struct bag *bag)
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
    if (m->body.len > MESSAGE_BYTES_MOST ||
        bag_size_bytes(bag) > MESSAGE_BYTES_MOST - m->body.len) {
        return REASON_MESSAGE_TOO_LARGE;
    }
    add_marks(m, bag);
    return emit_message(hub, m, bag) < 0 ? REASON_INTERNAL : REASON_OK;
}

enum reason hub_store_telemetry(struct hub *hub, const struct telemetry *message)
{
    struct bag bag;
    enum reason reason = store(hub, message, &bag);
    bag_deinit(&bag);
    return reason;
}
