// SPDX-License-Identifier: MIT
// A twin as one JSON object for state files, and back.
#include "base/error.h"
#include "simulator/hub/twin_private.h"

#include <inttypes.h>

static int export_part(const char *key, const struct twin_part *part, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":{\"version\":%" PRId64 ",\"value\":", key, part->version));
    TRY(twin_write(part->value, out));
    TRY(buf_append_text(out, ",\"metadata\":"));
    TRY(twin_write(part->metadata, out));
    return buf_append_u8(out, '}');
}

static int export_twin(const struct twin *twin, struct buf *out)
{
    TRY(buf_printf(out, "{\"version\":%" PRId64 ",\"etag\":%" PRId64 ",\"tags\":", twin->version,
                   twin->etag));
    TRY(twin_write(twin->tags, out));
    TRY(buf_append_u8(out, ','));
    TRY(export_part("desired", &twin->desired, out));
    TRY(buf_append_u8(out, ','));
    TRY(export_part("reported", &twin->reported, out));
    return buf_append_u8(out, '}');
}

int hub_twin_export(const struct hub *hub, struct span name, struct buf *out)
{
    const struct hub_entry *entry = hub_entry_find(hub, name);
    ENSURE(entry != NULL, ERR_UNKNOWN_NAME);
    if (!entry->twin || entry->twin->version == 1) {
        return 0;
    }
    size_t before = out->len;
    int code = export_twin(entry->twin, out);
    if (code < 0) {
        buf_truncate(out, before);
    }
    return code;
}

static int import_count(const json_t *object, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 1) {
        FAIL(ERR_VALUE, "a saved twin has no good '%s'; expected an integer from 1 on", key);
    }
    *out = json_integer_value(value);
    return 0;
}

static int import_section(const json_t *value, const char *key, size_t bytes_most)
{
    if (!json_is_object(value)) {
        FAIL(ERR_VALUE, "a saved twin has no object '%s'", key);
    }
    if (twin_check(value, true) != REASON_OK) {
        return ERR_VALUE; // the sentence is set
    }
    if (twin_size_bytes(value) > bytes_most) {
        FAIL(ERR_VALUE, "'%s' of a saved twin is larger than %zu bytes", key, bytes_most);
    }
    return 0;
}

// By a merge, so that a null in the file deletes, as everywhere.
static int take_over(const json_t *saved, json_t *into)
{
    const struct twin_stamp stamp = {.time = ""};
    json_t *metadata = json_object();
    int code = metadata ? twin_merge(into, metadata, saved, &stamp) : ERR_NO_MEMORY;
    json_decref(metadata);
    return code;
}

static int import_part(const json_t *root, const char *key, struct twin_part *part)
{
    const json_t *saved = json_object_get(root, key);
    json_t *value = json_object_get(saved, "value");
    json_t *metadata = json_object_get(saved, "metadata");
    TRY(import_count(saved, "version", &part->version));
    TRY(import_section(value, key, TWIN_SECTION_BYTES_MOST));
    if (!json_is_object(metadata)) {
        FAIL(ERR_VALUE, "a saved twin has no metadata for '%s'", key);
    }
    json_decref(part->metadata);
    part->metadata = json_incref(metadata);
    return take_over(value, part->value);
}

static int import_twin(const json_t *root, struct twin *twin)
{
    json_t *tags = json_object_get(root, "tags");
    TRY(import_count(root, "version", &twin->version));
    TRY(import_count(root, "etag", &twin->etag));
    TRY(import_section(tags, "tags", TWIN_TAGS_BYTES_MOST));
    TRY(take_over(tags, twin->tags));
    TRY(import_part(root, "desired", &twin->desired));
    return import_part(root, "reported", &twin->reported);
}

int hub_twin_import(struct hub *hub, struct span name, struct span json)
{
    struct hub_entry *entry = hub_entry_find(hub, name);
    enum reason reason;
    ENSURE(entry != NULL, ERR_UNKNOWN_NAME);
    json_t *root = twin_parse(json, &reason);
    if (!root) {
        return reason == REASON_MALFORMED_JSON ? ERR_SYNTAX
               : reason == REASON_INTERNAL     ? ERR_NO_MEMORY
                                               : ERR_VALUE;
    }
    struct twin *twin = twin_new();
    int code = twin ? import_twin(root, twin) : ERR_NO_MEMORY;
    json_decref(root);
    if (code < 0) {
        hub_twin_free(twin);
        return code;
    }
    hub_twin_free(entry->twin);
    entry->twin = twin;
    return 0;
}
