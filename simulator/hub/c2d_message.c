// SPDX-License-Identifier: MIT
// What a cloud-to-device message may hold, its copy in a queue, and its property bag.
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/hub_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPIC_BYTES_MOST = 65535 };

// The doc allows ASCII tokens in names; blanks in values are seen in traces.
static bool is_printable(struct span text, uint8_t from)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < from || text.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

static enum reason refuse(const char *format, ...) HR_PRINTF(1, 2);
static enum reason refuse(const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(ERR_VALUE, "%s", text);
    return REASON_INVALID_ARGUMENT;
}

static const struct system_text {
    const char *key; // in the bag
    size_t offset;
    size_t bytes_most;
} system_texts[] = {
    {"%24.mid", offsetof(struct c2d_message, message_id), C2D_ID_BYTES_MOST},
    {"%24.to", offsetof(struct c2d_message, to), HUB_NAME_BYTES_MOST + 64},
    {"%24.cid", offsetof(struct c2d_message, correlation_id), C2D_ID_BYTES_MOST},
    {"%24.uid", offsetof(struct c2d_message, user_id), C2D_ID_BYTES_MOST},
    {"%24.ct", offsetof(struct c2d_message, content_type), C2D_ID_BYTES_MOST},
    {"%24.ce", offsetof(struct c2d_message, content_encoding), C2D_ID_BYTES_MOST},
};

static struct span text_of(const struct c2d_message *m, const struct system_text *row)
{
    return *(const struct span *)(const void *)((const char *)m + row->offset);
}

static bool is_input(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_letter && !(c >= '0' && c <= '9') && !strchr("-_.", c)) {
            return false;
        }
    }
    return name.len <= C2D_INPUT_BYTES_MOST;
}

static enum reason check_property(const struct c2d_property *p, bool takes_any)
{
    if (takes_any && p->name.len > 0) {
        return REASON_OK;
    }
    if (p->name.len == 0 || !is_printable(p->name, '!')) {
        return refuse("the name of a property is printable ASCII without blanks, seen '%.*s'",
                      (int)(p->name.len < 80 ? p->name.len : 80), (const char *)p->name.ptr);
    }
    if (p->value.len == 0 || !is_printable(p->value, ' ')) {
        return refuse("the value of property '%.*s' is printable ASCII of at least one byte; SDKs "
                      "stumble over an empty one",
                      (int)(p->name.len < 80 ? p->name.len : 80), (const char *)p->name.ptr);
    }
    return REASON_OK;
}

static size_t size_of(const struct c2d_message *m)
{
    size_t bytes = m->body.len;
    for (size_t i = 0; i < HR_COUNT_OF(system_texts); i++) {
        bytes += text_of(m, &system_texts[i]).len;
    }
    for (size_t i = 0; i < m->property_count; i++) {
        bytes += m->properties[i].name.len + m->properties[i].value.len;
    }
    return bytes;
}

// A topic has at most 65535 bytes, and each byte of a property may need three.
static bool fits_topic(const struct c2d_message *m)
{
    size_t bytes = 4 * HUB_NAME_BYTES_MOST;
    for (size_t i = 0; i < HR_COUNT_OF(system_texts); i++) {
        bytes += 3 * text_of(m, &system_texts[i]).len + 8;
    }
    for (size_t i = 0; i < m->property_count; i++) {
        bytes += 3 * (m->properties[i].name.len + m->properties[i].value.len) + 2;
    }
    return bytes <= TOPIC_BYTES_MOST;
}

enum reason c2d_check(const struct c2d_message *m, bool takes_any_property)
{
    for (size_t i = 0; i < HR_COUNT_OF(system_texts); i++) {
        struct span text = text_of(m, &system_texts[i]);
        if (text.len > system_texts[i].bytes_most || !is_printable(text, ' ')) {
            return refuse("%s is printable ASCII of at most %zu bytes, seen %zu bytes",
                          system_texts[i].key + 4, system_texts[i].bytes_most, text.len);
        }
    }
    if (!is_input(m->input)) {
        return refuse("the name of an input has at most %d letters, digits and -_.",
                      C2D_INPUT_BYTES_MOST);
    }
    if (m->property_count > C2D_PROPERTIES_MOST) {
        return refuse("a message has at most %d properties, seen %zu", C2D_PROPERTIES_MOST,
                      m->property_count);
    }
    for (size_t i = 0; i < m->property_count; i++) {
        enum reason reason = check_property(&m->properties[i], takes_any_property);
        if (reason != REASON_OK) {
            return reason;
        }
    }
    if (m->ttl_s > C2D_TTL_S_MOST || m->ack >= C2D_ACK_COUNT) {
        return refuse("a message lives at most %d s, seen %u s", C2D_TTL_S_MOST, m->ttl_s);
    }
    if (size_of(m) > C2D_BYTES_MOST) {
        error_set(ERR_TOO_BIG, "a message holds at most %d bytes with its properties, seen %zu",
                  C2D_BYTES_MOST, size_of(m));
        return REASON_C2D_TOO_LARGE;
    }
    if (!fits_topic(m)) {
        error_set(ERR_TOO_BIG, "the properties do not fit into an MQTT topic of %d bytes",
                  TOPIC_BYTES_MOST);
        return REASON_C2D_TOO_LARGE;
    }
    return REASON_OK;
}

// "/devices/d/messages/deviceBound": a capital B, as the service writes it.
static void default_to(const char *name, char *out, size_t capacity)
{
    const char *slash = strchr(name, '/');
    int device_len = slash ? (int)(slash - name) : (int)strlen(name);
    snprintf(out, capacity, "/devices/%.*s%s%s/messages/deviceBound", device_len, name,
             slash ? "/modules/" : "", slash ? slash + 1 : "");
}

static struct span keep(uint8_t **at, struct span text)
{
    struct span kept = span_of(*at, text.len);
    if (text.len) {
        memcpy(*at, text.ptr, text.len);
    }
    *at += text.len;
    return kept;
}

struct c2d_item *c2d_item_new(const struct identity *identity, const struct c2d_message *message)
{
    char to[HUB_NAME_BYTES_MOST + 64];
    struct c2d_message m = *message;
    if (m.to.len == 0) {
        default_to(identity->name, to, sizeof to);
        m.to = span_text(to);
    }
    struct c2d_item *item = calloc(1, sizeof *item + m.property_count * sizeof *m.properties +
                                          size_of(&m) + m.input.len);
    if (!item) {
        return NULL;
    }
    struct c2d_property *properties = (struct c2d_property *)(item + 1);
    uint8_t *at = (uint8_t *)(properties + m.property_count);
    for (size_t i = 0; i < m.property_count; i++) {
        properties[i].name = keep(&at, m.properties[i].name);
        properties[i].value = keep(&at, m.properties[i].value);
    }
    m.properties = properties;
    m.body = keep(&at, m.body);
    m.message_id = keep(&at, m.message_id);
    m.correlation_id = keep(&at, m.correlation_id);
    m.user_id = keep(&at, m.user_id);
    m.content_type = keep(&at, m.content_type);
    m.content_encoding = keep(&at, m.content_encoding);
    m.to = keep(&at, m.to);
    m.input = keep(&at, m.input);
    item->entry.message = m;
    return item;
}

static int add_pair(const char *key, struct span value, struct buf *out)
{
    TRY(out->len ? buf_append_u8(out, '&') : 0);
    TRY(buf_append_text(out, key));
    TRY(buf_append_u8(out, '='));
    return percent_encode(value, out);
}

static struct span device_of(const struct identity *identity)
{
    struct span module;
    return span_cut(span_text(identity->name), '/', &module);
}

int c2d_bag(const struct identity *identity, const struct c2d_message *message, struct buf *out)
{
    char to[HUB_NAME_BYTES_MOST + 64];
    struct c2d_message m = *message;
    if (m.to.len == 0) {
        default_to(identity->name, to, sizeof to);
        m.to = span_text(to);
    }
    if (m.input.len) { // routed: addressed to nobody, from a module of the same device
        m.to = SPAN_EMPTY;
    }
    struct buf bag HR_CLEANUP(buf_deinit);
    buf_init(&bag, out->cap);
    TRY(m.input.len ? add_pair("%24.cdid", device_of(identity), &bag) : 0);
    for (size_t i = 0; i < HR_COUNT_OF(system_texts); i++) {
        struct span text = text_of(&m, &system_texts[i]);
        TRY(text.len ? add_pair(system_texts[i].key, text, &bag) : 0);
    }
    if (m.ack != C2D_ACK_NONE) {
        TRY(add_pair("iothub-ack", span_text(c2d_ack_word(m.ack)), &bag));
    }
    for (size_t i = 0; i < m.property_count; i++) {
        TRY(buf_append_u8(&bag, '&'));
        TRY(percent_encode(m.properties[i].name, &bag));
        TRY(buf_append_u8(&bag, '='));
        TRY(percent_encode(m.properties[i].value, &bag));
    }
    return buf_append(out, buf_span(&bag));
}

int c2d_properties_json(const struct c2d_message *m, struct buf *out)
{
    TRY(buf_append_u8(out, '{'));
    for (size_t i = 0; i < m->property_count; i++) {
        TRY(buf_append_text(out, i ? ",\"" : "\""));
        TRY(json_escape(m->properties[i].name, out));
        TRY(buf_append_text(out, "\":\""));
        TRY(json_escape(m->properties[i].value, out));
        TRY(buf_append_u8(out, '"'));
    }
    return buf_append_u8(out, '}');
}
