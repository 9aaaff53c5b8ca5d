// SPDX-License-Identifier: MIT
// Merging a patch into a section and its metadata, and writing both as JSON.
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "simulator/hub/twin_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void twin_stamp_time(struct twin_stamp *stamp, int64_t utc_us)
{
    int64_t seconds = utc_us / 1000000 - (utc_us % 1000000 < 0);
    struct civil_date d = civil_from_utc(seconds);
    snprintf(stamp->time, sizeof stamp->time,
             "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%06" PRId64 "0Z", d.year, d.month, d.day,
             d.hour, d.minute, d.second, utc_us - seconds * 1000000);
}

static int touch(json_t *metadata, const struct twin_stamp *stamp)
{
    int failed = json_object_set_new(metadata, "$lastUpdated", json_string(stamp->time));
    if (stamp->version) {
        failed |=
            json_object_set_new(metadata, "$lastUpdatedVersion", json_integer(stamp->version));
    }
    ENSURE(!failed, ERR_NO_MEMORY);
    return 0;
}

json_t *twin_metadata_new(const struct twin_stamp *stamp)
{
    json_t *metadata = json_object();
    if (metadata && touch(metadata, stamp) < 0) {
        json_decref(metadata);
        return NULL;
    }
    return metadata;
}

// An object to merge into: the one that is there, or a new one in its place.
static json_t *child_of(json_t *object, const char *key)
{
    json_t *child = json_object_get(object, key);
    if (child && json_is_object(child)) {
        return child;
    }
    return json_object_set_new(object, key, json_object()) < 0 ? NULL
                                                               : json_object_get(object, key);
}

static int merge_member(json_t *target, json_t *metadata, const char *key, json_t *value,
                        const struct twin_stamp *stamp)
{
    if (json_is_null(value)) {
        json_object_del(target, key); // a key that is not there is no mistake
        json_object_del(metadata, key);
        return 0;
    }
    if (json_is_object(value)) {
        bool was_object = json_is_object(json_object_get(target, key));
        json_t *child = child_of(target, key);
        if (!was_object) {
            json_object_del(metadata, key); // of the value that was here before
        }
        json_t *child_metadata = child_of(metadata, key);
        ENSURE(child && child_metadata, ERR_NO_MEMORY);
        return twin_merge(child, child_metadata, value, stamp);
    }
    json_t *fresh = twin_metadata_new(stamp);
    ENSURE(fresh != NULL, ERR_NO_MEMORY);
    ENSURE(json_object_set_new(metadata, key, fresh) == 0, ERR_NO_MEMORY);
    ENSURE(json_object_set_new(target, key, json_deep_copy(value)) == 0, ERR_NO_MEMORY);
    return 0;
}

int twin_merge(json_t *target, json_t *metadata, const json_t *patch,
               const struct twin_stamp *stamp)
{
    const char *key;
    json_t *value;
    TRY(touch(metadata, stamp));
    json_object_foreach((json_t *)(uintptr_t)patch, key, value)
    {
        TRY(merge_member(target, metadata, key, value, stamp));
    }
    return 0;
}

static int write_text(const char *text, size_t len, struct buf *out)
{
    TRY(buf_append_u8(out, '"'));
    TRY(json_escape(span_of(text, len), out));
    return buf_append_u8(out, '"');
}

// The shortest of the texts that read back as the same number, and never as an integer.
static int write_real(double number, struct buf *out)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    TRY(buf_append_text(out, text));
    return strpbrk(text, ".e") ? 0 : buf_append_text(out, ".0");
}

static int write_array(const json_t *array, struct buf *out)
{
    TRY(buf_append_u8(out, '['));
    for (size_t i = 0; i < json_array_size(array); i++) {
        TRY(i ? buf_append_u8(out, ',') : 0);
        TRY(twin_write(json_array_get(array, i), out));
    }
    return buf_append_u8(out, ']');
}

int twin_write_members(const json_t *object, struct buf *out)
{
    const char *key;
    json_t *value;
    const char *comma = "";
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        TRY(buf_append_text(out, comma));
        TRY(write_text(key, strlen(key), out));
        TRY(buf_append_u8(out, ':'));
        TRY(twin_write(value, out));
        comma = ",";
    }
    return 0;
}

int twin_write(const json_t *value, struct buf *out)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        TRY(buf_append_u8(out, '{'));
        TRY(twin_write_members(value, out));
        return buf_append_u8(out, '}');
    case JSON_ARRAY:
        return write_array(value, out);
    case JSON_STRING:
        return write_text(json_string_value(value), json_string_length(value), out);
    case JSON_INTEGER:
        return buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return write_real(json_real_value(value), out);
    case JSON_TRUE:
        return buf_append_text(out, "true");
    case JSON_FALSE:
        return buf_append_text(out, "false");
    case JSON_NULL:
        return buf_append_text(out, "null");
    }
    return ERR_INTERNAL;
}
