// SPDX-License-Identifier: MIT
// The limits of a twin (reference: IoT Hub over MQTT, twins).
#include "simulator/hub/twin_rules.h"
#include "base/error.h"
#include "simulator/hub/twin.h"

#include <inttypes.h>
#include <string.h>

static const json_int_t integer_least = INT64_C(-4503599627370496);
static const json_int_t integer_most = INT64_C(4503599627370495);

enum { SHOWN_KEY_BYTES = 60 };

static enum reason refuse_parse(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    if (code == json_error_numeric_overflow) {
        error_set(ERR_VALUE, "a number at line %d column %d is out of range", error->line,
                  error->column);
        return REASON_INVALID_ARGUMENT;
    }
    if (code == json_error_stack_overflow) {
        error_set(ERR_VALUE, "the JSON is nested deeper than %d levels", TWIN_DEPTH_MOST);
        return REASON_INVALID_ARGUMENT;
    }
    if (code == json_error_out_of_memory) {
        error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
        return REASON_INTERNAL;
    }
    error_set(ERR_SYNTAX, "not JSON at line %d column %d: %s", error->line, error->column,
              error->text);
    return REASON_MALFORMED_JSON;
}

json_t *twin_parse(struct span json, enum reason *reason)
{
    json_error_t error;
    *reason = REASON_OK;
    // JSON_DECODE_ANY: that the root is no object is a mistake of its own
    json_t *root = json_loadb(json.len ? (const char *)json.ptr : "", json.len,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!root) {
        *reason = refuse_parse(&error);
        return NULL;
    }
    if (!json_is_object(root)) {
        error_set(ERR_VALUE, "the root of a twin's section is an object: {...}");
        *reason = REASON_INVALID_ARGUMENT;
        json_decref(root);
        return NULL;
    }
    return root;
}

static const char *shown_key(const char *key, char out[SHOWN_KEY_BYTES])
{
    span_copy_text(span_text(key), out, SHOWN_KEY_BYTES);
    return out;
}

static enum reason check_key(const char *key)
{
    char shown[SHOWN_KEY_BYTES];
    size_t len = strlen(key);
    if (len > TWIN_KEY_BYTES_MOST) {
        error_set(ERR_VALUE, "a key has at most %d bytes, seen %zu: '%s...'", TWIN_KEY_BYTES_MOST,
                  len, shown_key(key, shown));
        return REASON_INVALID_ARGUMENT;
    }
    for (const unsigned char *at = (const unsigned char *)key; *at; at++) {
        bool is_c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0;
        if (*at <= ' ' || *at == 0x7F || is_c1 || strchr(".$#", *at)) {
            error_set(ERR_VALUE,
                      "a key has no control characters, blanks, '.', '$' and '#', seen '%s'",
                      shown_key(key, shown));
            return REASON_INVALID_ARGUMENT;
        }
    }
    return REASON_OK;
}

static enum reason check_value(const json_t *value, const char *key, bool may_have_arrays,
                               int depth);

static enum reason check_members(const json_t *object, bool may_have_arrays, int depth)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        enum reason reason = check_key(key);
        if (reason == REASON_OK && !json_is_null(value)) {
            reason = check_value(value, key, may_have_arrays, depth);
        }
        if (reason != REASON_OK) {
            return reason;
        }
    }
    return REASON_OK;
}

static enum reason check_array(const json_t *array, const char *key, bool may_have_arrays,
                               int depth)
{
    char shown[SHOWN_KEY_BYTES];
    if (!may_have_arrays) {
        error_set(ERR_VALUE, "'%s' is an array: arrays need api-version 2019-10-01 or newer",
                  shown_key(key, shown));
        return REASON_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        if (json_is_null(value)) {
            error_set(ERR_VALUE, "'%s' has null in an array", shown_key(key, shown));
            return REASON_INVALID_ARGUMENT;
        }
        enum reason reason = check_value(value, key, may_have_arrays, depth);
        if (reason != REASON_OK) {
            return reason;
        }
    }
    return REASON_OK;
}

static enum reason check_leaf(const json_t *value, const char *key)
{
    char shown[SHOWN_KEY_BYTES];
    if (json_is_string(value) && json_string_length(value) > TWIN_STRING_BYTES_MOST) {
        error_set(ERR_VALUE, "the text of '%s' has %zu bytes, at most %d are allowed",
                  shown_key(key, shown), json_string_length(value), TWIN_STRING_BYTES_MOST);
        return REASON_INVALID_ARGUMENT;
    }
    if (json_is_integer(value) &&
        (json_integer_value(value) < integer_least || json_integer_value(value) > integer_most)) {
        error_set(ERR_VALUE,
                  "the integer of '%s' is %" PRId64 ", allowed are %" PRId64 " to %" PRId64,
                  shown_key(key, shown), (int64_t)json_integer_value(value), (int64_t)integer_least,
                  (int64_t)integer_most);
        return REASON_INVALID_ARGUMENT;
    }
    return REASON_OK;
}

static enum reason check_value(const json_t *value, const char *key, bool may_have_arrays,
                               int depth)
{
    if (!json_is_object(value) && !json_is_array(value)) {
        return check_leaf(value, key);
    }
    if (depth >= TWIN_DEPTH_MOST) {
        char shown[SHOWN_KEY_BYTES];
        error_set(ERR_VALUE, "'%s' is nested deeper than %d levels", shown_key(key, shown),
                  TWIN_DEPTH_MOST);
        return REASON_INVALID_ARGUMENT;
    }
    return json_is_object(value) ? check_members(value, may_have_arrays, depth + 1)
                                 : check_array(value, key, may_have_arrays, depth + 1);
}

enum reason twin_check(const json_t *object, bool may_have_arrays)
{
    return check_members(object, may_have_arrays, 0);
}

static size_t text_size(const char *text, size_t len)
{
    size_t bytes = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bytes += c >= ' ' && c != 0x7F;
    }
    return bytes;
}

size_t twin_size_bytes(const json_t *value)
{
    size_t bytes = 0;
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            bytes += text_size(key, strlen(key)) + twin_size_bytes(member);
        }
        return bytes;
    }
    case JSON_ARRAY:
        for (size_t i = 0; i < json_array_size(value); i++) {
            bytes += twin_size_bytes(json_array_get(value, i));
        }
        return bytes;
    case JSON_STRING:
        return text_size(json_string_value(value), json_string_length(value));
    case JSON_INTEGER:
    case JSON_REAL:
        return 8;
    case JSON_TRUE:
    case JSON_FALSE:
        return 4;
    case JSON_NULL:
        return 0;
    }
    return 0;
}
