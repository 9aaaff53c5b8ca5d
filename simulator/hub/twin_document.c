// SPDX-License-Identifier: MIT
// A twin as the service's REST shows it, and the error bodies of refusals (reference: IoT Hub over
// HTTP, twins).
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/twin_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DOCUMENT_BYTES_MOST = 1 << 20 };

int twin_etag(const struct twin *twin, struct buf *out)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)((uint64_t)twin->etag >> (56 - 8 * i));
    }
    return base64_encode(span_of(bytes, sizeof bytes), out);
}

static int write_text(const char *key, const char *text, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":\"", key));
    TRY(json_escape(span_text(text), out));
    return buf_append_text(out, "\",");
}

static int write_ids(const struct identity *identity, struct buf *out)
{
    char device[HUB_NAME_BYTES_MOST];
    snprintf(device, sizeof device, "%s", identity->name);
    char *slash = strchr(device, '/');
    if (slash) {
        *slash = '\0';
    }
    TRY(write_text("deviceId", device, out));
    return slash ? write_text("moduleId", slash + 1, out) : 0;
}

static int write_thumbprint(const char *key, const char *thumbprint, struct buf *out)
{
    return thumbprint[0] ? buf_printf(out, "\"%s\":\"%s\"", key, thumbprint)
                         : buf_printf(out, "\"%s\":null", key);
}

// What the registry and the connections know of the identity.
static int write_mirror(const struct hub *hub, const struct hub_entry *entry, struct buf *out)
{
    const struct identity *id = &entry->identity;
    bool is_connected = hub_link_of(hub, id) != NULL;
    TRY(write_text("status", id->is_disabled ? "disabled" : "enabled", out));
    TRY(write_text("connectionState", is_connected ? "Connected" : "Disconnected", out));
    TRY(buf_printf(out, "\"cloudToDeviceMessageCount\":%zu,", entry->message_count));
    TRY(write_text("authenticationType", id->auth == HUB_AUTH_SAS ? "sas" : "selfSigned", out));
    TRY(buf_append_text(out, "\"x509Thumbprint\":{"));
    TRY(write_thumbprint("primaryThumbprint", id->primary_thumbprint, out));
    TRY(buf_append_u8(out, ','));
    TRY(write_thumbprint("secondaryThumbprint", id->secondary_thumbprint, out));
    return buf_append_text(out, "},");
}

static int write_part(const char *key, const struct twin_part *part, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":{", key));
    TRY(twin_write_members(part->value, out));
    TRY(json_object_size(part->value) ? buf_append_u8(out, ',') : 0);
    TRY(buf_append_text(out, "\"$metadata\":"));
    TRY(twin_write(part->metadata, out));
    return buf_printf(out, ",\"$version\":%" PRId64 "}", part->version);
}

static int write_document(const struct hub *hub, const struct hub_entry *entry, struct buf *out)
{
    const struct twin *twin = entry->twin;
    struct buf etag HR_CLEANUP(buf_deinit);
    buf_init(&etag, 100);
    TRY(twin_etag(twin, &etag));
    TRY(buf_append_u8(out, '{'));
    TRY(write_ids(&entry->identity, out));
    TRY(write_text("etag", buf_text(&etag), out));
    TRY(write_mirror(hub, entry, out));
    TRY(buf_printf(out, "\"version\":%" PRId64 ",\"tags\":", twin->version));
    TRY(twin_write(twin->tags, out));
    TRY(buf_append_text(out, ",\"properties\":{"));
    TRY(write_part("desired", &twin->desired, out));
    TRY(buf_append_u8(out, ','));
    TRY(write_part("reported", &twin->reported, out));
    return buf_append_text(out, "}}");
}

enum reason hub_twin_get_json(struct hub *hub, struct span name, struct buf *out)
{
    struct hub_entry *entry = hub_entry_find(hub, name);
    if (!entry) {
        error_set(ERR_UNKNOWN_NAME, "no identity named '%.*s' is registered", SPAN_ARG(name));
        return REASON_UNKNOWN_IDENTITY;
    }
    size_t before = out->len;
    int code = twin_of(entry) ? write_document(hub, entry, out) : ERR_NO_MEMORY;
    if (code < 0) {
        buf_truncate(out, before);
        error_set(code, "the twin of %s: %s", entry->identity.name, error_sentence(code));
        return REASON_INTERNAL;
    }
    return REASON_OK;
}

int hub_twin_status(const struct hub *hub, enum reason reason)
{
    return reason == REASON_TWIN_TOO_LARGE ? hub->settings.twin_too_large_status
                                           : reason_row(reason)->http;
}

static const char *code_name(int hub_code)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {400004, "ArgumentInvalid"},          {400006, "IotHubFormatError"},
        {401003, "IotHubUnauthorizedAccess"}, {403004, "DeviceMaximumQueueDepthExceeded"},
        {403012, "DeviceDisabled"},           {404001, "DeviceNotFound"},
        {404103, "DeviceNotOnline"},          {412001, "PreconditionFailed"},
        {412002, "DeviceMessageLockLost"},    {413001, "MessageTooLarge"},
        {429001, "ThrottlingException"},      {504101, "GatewayTimeout"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        if (names[i].code == hub_code) {
            return names[i].name;
        }
    }
    return "ServerError";
}

int hub_error_json(const struct hub *hub, int hub_code, const char *message, const char *info,
                   struct buf *out)
{
    uint8_t bytes[16];
    struct twin_stamp now = {.version = 0};
    struct buf id HR_CLEANUP(buf_deinit);
    buf_init(&id, 64);
    twin_stamp_time(&now, hub_utc_us(hub));
    TRY(hub->env->random(hub->env->world, bytes, sizeof bytes));
    TRY(hex_encode(span_of(bytes, sizeof bytes), &id));
    TRY(buf_printf(out, "{\"errorCode\":%d,\"trackingId\":\"%s-G:0-TimeStamp:%s\",\"message\":\"",
                   hub_code, buf_text(&id), now.time));
    TRY(json_escape(span_text(message), out));
    TRY(buf_printf(out, "\",\"timestampUtc\":\"%s\"", now.time));
    return buf_printf(out, "%s%s}", info ? ",\"info\":" : "", info ? info : "");
}

int hub_error_body(const struct hub *hub, enum reason reason, const char *why, struct buf *out)
{
    int hub_code = reason_row(reason)->hub_code;
    struct buf message HR_CLEANUP(buf_deinit);
    buf_init(&message, 1 << 16);
    TRY(buf_printf(&message, "ErrorCode:%s;%s", code_name(hub_code), why));
    return hub_error_json(hub, hub_code, buf_text(&message), NULL, out);
}
