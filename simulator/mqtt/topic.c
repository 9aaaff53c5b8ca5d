// SPDX-License-Identifier: MIT
#include "simulator/mqtt/topic.h"

#include <string.h>

// Without printf: it is made for every message.
static size_t put(struct span part, size_t at, char out[TOPIC_BYTES_MOST])
{
    size_t len = part.len < TOPIC_BYTES_MOST - at ? part.len : TOPIC_BYTES_MOST - at;
    if (len > 0) {
        memcpy(out + at, part.ptr, len);
    }
    return at + len;
}

struct span topic_below(const char *name, const char *tail, char out[TOPIC_BYTES_MOST])
{
    struct span module;
    struct span device = span_cut(span_text(name), '/', &module);
    size_t at = put(SPAN_LITERAL("devices/"), 0, out);
    at = put(device, at, out);
    at = put(module.ptr ? SPAN_LITERAL("/modules/") : SPAN_EMPTY, at, out);
    at = put(module, at, out);
    at = put(span_text(tail), at, out);
    return span_of(out, at);
}

static bool contains(struct span text, struct span part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (span_equals(span_slice(text, i, part.len), part)) {
            return true;
        }
    }
    return false;
}

bool topic_take_request(struct span topic, const char *head, struct span *rid)
{
    struct span query;
    struct span path = span_cut(topic, '?', &query);
    *rid = SPAN_EMPTY;
    if (path.len && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    if (!span_equals_text(path, head)) {
        return false;
    }
    while (query.len) {
        struct span value;
        struct span key = span_cut(span_cut(query, '&', &query), '=', &value);
        if (span_equals_text(key, "$rid") && rid->len == 0) {
            *rid = value;
        }
    }
    return true;
}

static const struct {
    const char *head;
    enum topic_kind kind;
} heads[] = {{"$iothub/twin/", TOPIC_TWIN},
             {"$iothub/methods/", TOPIC_METHOD},
             {"$iothub/credentials/", TOPIC_CREDENTIALS}};

enum topic_kind topic_of_publish(const char *name, struct span topic, struct span *bag)
{
    char text[TOPIC_BYTES_MOST];
    struct span own = topic_below(name, "/messages/events", text);
    struct span rest = span_from(topic, own.len);
    *bag = SPAN_EMPTY;
    if (span_starts_with(topic, own) && (rest.len == 0 || rest.ptr[0] == '/')) {
        *bag = span_from(rest, 1);
        return TOPIC_TELEMETRY;
    }
    for (size_t i = 0; i < HR_COUNT_OF(heads); i++) {
        if (span_starts_with(topic, span_text(heads[i].head))) {
            return heads[i].kind;
        }
    }
    bool is_telemetry = span_starts_with(topic, SPAN_LITERAL("devices/")) &&
                        contains(topic, SPAN_LITERAL("/messages/events"));
    return is_telemetry ? TOPIC_OTHER_IDENTITY : TOPIC_UNKNOWN;
}

bool topic_filter_is_known(const char *name, struct span filter)
{
    static const char *const shared[] = {"$iothub/twin/res/#",
                                         "$iothub/twin/PATCH/properties/desired/#",
                                         "$iothub/methods/POST/#", "$iothub/credentials/res/#"};
    static const char *const of_device[] = {"/messages/devicebound/#"};
    static const char *const of_module[] = {"/#", "/inputs/#", "/messages/devicebound/#"};
    char text[TOPIC_BYTES_MOST];
    bool is_module = strchr(name, '/') != NULL;
    for (size_t i = 0; i < HR_COUNT_OF(shared); i++) {
        if (span_equals_text(filter, shared[i])) {
            return true;
        }
    }
    const char *const *own = is_module ? of_module : of_device;
    size_t count = is_module ? HR_COUNT_OF(of_module) : HR_COUNT_OF(of_device);
    for (size_t i = 0; i < count; i++) {
        if (span_equals(filter, topic_below(name, own[i], text))) {
            return true;
        }
    }
    // the embedded C SDK leaves its own id open
    return !is_module && span_equals_text(filter, "devices/+/messages/devicebound/#");
}
