// SPDX-License-Identifier: MIT
#include "simulator/hub/bag.h"
#include "base/error.h"
#include "base/text_code.h"

#include <stdlib.h>
#include <string.h>

enum { BAG_BYTES_MOST = 1 << 18 };

static const struct {
    const char *key;
    const char *name;
} system_names[] = {
    {"$.mid", "message-id"},
    {"$.cid", "correlation-id"},
    {"$.uid", "user-id"},
    {"$.to", "to"},
    {"$.ct", "content-type"},
    {"$.ce", "content-encoding"},
    {"$.on", "output-name"},
    {"$.exp", "absolute-expiry-time"},
    {"$.ctime", "creation-time"},
    {"$.ifid", "interface-id"},
    {"$.sub", "dt-subject"},
    {"$.schema", "data-schema"},
    {"$.cdid", "connection-device-id"},
    {"$.cmid", "connection-module-id"},
    {"$.diagid", "diagnostic-id"},
    {"$.diagctx", "diagnostic-correlation-context"},
    {"iothub-ack", "iothub-ack"},
    {"iothub-operation", "iothub-operation"},
};

static void name_system_property(struct bag_pair *pair)
{
    for (size_t i = 0; i < HR_COUNT_OF(system_names); i++) {
        if (span_equals_text(pair->key, system_names[i].key)) {
            pair->key = span_text(system_names[i].name);
            pair->is_system = true;
            return;
        }
    }
}

// The text buffer was reserved for the whole bag, so spans into it stay where they are.
static int decode(struct bag *bag, struct span encoded, struct span *out)
{
    size_t at = bag->text.len;
    TRY(percent_decode(encoded, &bag->text));
    *out = span_from(buf_span(&bag->text), at);
    return 0;
}

static int parse_pair(struct bag *bag, struct span text)
{
    struct span value;
    struct span key = span_cut(text, '=', &value);
    struct bag_pair *pair = &bag->pairs[bag->count];
    if (key.len == 0) {
        FAIL(ERR_SYNTAX, "a property of the bag has no name; expected name=value");
    }
    TRY(decode(bag, key, &pair->key));
    TRY(value.ptr ? decode(bag, value, &pair->value) : 0);
    name_system_property(pair);
    bag->count++;
    return 0;
}

static size_t count_pairs(struct span text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        count += text.ptr[i] == '&';
    }
    return count;
}

int bag_parse(struct span encoded, struct bag *out)
{
    *out = (struct bag){0};
    buf_init(&out->text, BAG_BYTES_MOST);
    struct span rest = encoded;
    if (rest.len && rest.ptr[rest.len - 1] == '/') {
        rest.len--;
    }
    out->pairs = calloc(count_pairs(rest) + BAG_EXTRA_PAIRS, sizeof *out->pairs);
    ENSURE(out->pairs != NULL, ERR_NO_MEMORY);
    TRY(buf_reserve(&out->text, rest.len));
    while (rest.len) {
        struct span pair = span_cut(rest, '&', &rest);
        TRY(pair.len ? parse_pair(out, pair) : 0);
    }
    return 0;
}

void bag_deinit(struct bag *bag)
{
    free(bag->pairs);
    buf_deinit(&bag->text);
    *bag = (struct bag){0};
}

void bag_add(struct bag *bag, const char *key, const char *value)
{
    bag->pairs[bag->count++] = (struct bag_pair){.key = span_text(key), .value = span_text(value)};
}

size_t bag_size_bytes(const struct bag *bag)
{
    size_t bytes = 0;
    for (size_t i = 0; i < bag->count; i++) {
        const struct bag_pair *pair = &bag->pairs[i];
        bytes += pair->value.len + (pair->is_system ? 0 : pair->key.len);
    }
    return bytes;
}

static int compare(const void *a, const void *b)
{
    const struct bag_pair *x = *(struct bag_pair *const *)a;
    const struct bag_pair *y = *(struct bag_pair *const *)b;
    size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = memcmp(x->key.ptr, y->key.ptr, len);
    if (order == 0) {
        order = (x->key.len > y->key.len) - (x->key.len < y->key.len);
    }
    if (order == 0) {
        order = x->is_system - y->is_system;
    }
    return order ? order : (x > y) - (x < y); // same key: the order of the text
}

static int mark_overridden(struct bag *bag)
{
    struct bag_pair **sorted = calloc(bag->count + 1, sizeof *sorted);
    ENSURE(sorted != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < bag->count; i++) {
        sorted[i] = &bag->pairs[i];
    }
    qsort(sorted, bag->count, sizeof *sorted, compare);
    for (size_t i = 0; i + 1 < bag->count; i++) {
        sorted[i]->is_overridden = sorted[i]->is_system == sorted[i + 1]->is_system &&
                                   span_equals(sorted[i]->key, sorted[i + 1]->key);
    }
    free(sorted);
    return 0;
}

static int write_text(struct span text, struct buf *out)
{
    TRY(buf_append_u8(out, '"'));
    TRY(json_escape(text, out));
    return buf_append_u8(out, '"');
}

int bag_to_json(struct bag *bag, bool is_system, struct buf *out)
{
    const char *comma = "";
    TRY(mark_overridden(bag));
    TRY(buf_append_u8(out, '{'));
    for (size_t i = 0; i < bag->count; i++) {
        const struct bag_pair *pair = &bag->pairs[i];
        if (pair->is_system != is_system || pair->is_overridden) {
            continue;
        }
        TRY(buf_append_text(out, comma));
        TRY(write_text(pair->key, out));
        TRY(buf_append_u8(out, ':'));
        TRY(pair->value.ptr ? write_text(pair->value, out) : buf_append_text(out, "null"));
        comma = ",";
    }
    return buf_append_u8(out, '}');
}
