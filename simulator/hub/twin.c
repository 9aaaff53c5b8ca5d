// SPDX-License-Identifier: MIT
// Changing twins: by the service and by the device.
#include "simulator/hub/twin.h"
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/twin_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PUSH_BYTES_MOST = 1 << 20 };

static bool part_init(struct twin_part *part)
{
    const struct twin_stamp never = {.time = "0001-01-01T00:00:00Z"};
    part->value = json_object();
    part->metadata = twin_metadata_new(&never);
    part->version = 1;
    return part->value && part->metadata;
}

static void part_deinit(struct twin_part *part)
{
    json_decref(part->value);
    json_decref(part->metadata);
}

struct twin *twin_new(void)
{
    struct twin *twin = calloc(1, sizeof *twin);
    if (!twin) {
        return NULL;
    }
    bool has_desired = part_init(&twin->desired);
    bool has_reported = part_init(&twin->reported);
    twin->tags = json_object();
    twin->version = 1;
    twin->etag = 1;
    if (!has_desired || !has_reported || !twin->tags) {
        hub_twin_free(twin);
        return NULL;
    }
    return twin;
}

struct twin *twin_of(struct hub_entry *entry)
{
    if (!entry->twin) {
        entry->twin = twin_new();
    }
    return entry->twin;
}

void hub_twin_free(struct twin *twin)
{
    if (twin) {
        part_deinit(&twin->desired);
        part_deinit(&twin->reported);
        json_decref(twin->tags);
        free(twin);
    }
}

static enum reason out_of_memory(void)
{
    error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    return REASON_INTERNAL;
}

static enum reason check_size(const json_t *value, const char *what, size_t bytes_most)
{
    size_t bytes = twin_size_bytes(value);
    if (bytes <= bytes_most) {
        return REASON_OK;
    }
    error_set(ERR_TOO_BIG, "%s would have %zu bytes, at most %zu are allowed", what, bytes,
              bytes_most);
    return REASON_TWIN_TOO_LARGE;
}

// A patch as it was read, with what the client may not write left out.
static void drop_own_keys(json_t *patch)
{
    json_object_del(patch, "$version");
    json_object_del(patch, "$metadata");
}

// The part as it would be with the patch merged in, or with the patch in its place.
static enum reason make_part(const struct hub *hub, const struct twin_part *old,
                             const json_t *patch, bool is_replaced, bool has_versions,
                             struct twin_part *out)
{
    struct twin_stamp stamp = {.version = has_versions ? old->version + 1 : 0};
    twin_stamp_time(&stamp, hub_utc_us(hub));
    out->version = old->version + 1;
    out->value = is_replaced ? json_object() : json_deep_copy(old->value);
    out->metadata = is_replaced ? json_object() : json_deep_copy(old->metadata);
    bool is_whole =
        out->value && out->metadata && twin_merge(out->value, out->metadata, patch, &stamp) == 0;
    enum reason reason = is_whole ? REASON_OK : out_of_memory();
    if (reason == REASON_OK) {
        reason =
            check_size(out->value, has_versions ? "desired" : "reported", TWIN_SECTION_BYTES_MOST);
    }
    if (reason != REASON_OK) {
        part_deinit(out);
    }
    return reason;
}

static void part_swap(struct twin_part *a, struct twin_part *b)
{
    struct twin_part old = *a;
    *a = *b;
    *b = old;
}

// ---- the service

// The whole change is made beside the twin and put in its place when all of it is well.
struct change {
    struct twin_part desired;
    bool has_desired;
    json_t *tags; // NULL = as they are
};

static void change_deinit(struct change *change)
{
    if (change->has_desired) {
        part_deinit(&change->desired);
    }
    json_decref(change->tags);
}

static enum reason make_tags(const json_t *old, const json_t *patch, bool is_replaced, json_t **out)
{
    const struct twin_stamp stamp = {.time = ""};
    json_t *metadata = json_object(); // tags show none
    *out = is_replaced ? json_object() : json_deep_copy(old);
    bool is_whole = *out && metadata && twin_merge(*out, metadata, patch, &stamp) == 0;
    json_decref(metadata);
    return is_whole ? check_size(*out, "tags", TWIN_TAGS_BYTES_MOST) : out_of_memory();
}

static enum reason part_of_patch(json_t *root, const char *key, json_t **out)
{
    *out = json_object_get(root, key);
    if (*out && !json_is_object(*out)) {
        error_set(ERR_VALUE, "'%s' of a twin is an object: {...}", key);
        return REASON_INVALID_ARGUMENT;
    }
    return REASON_OK;
}

static enum reason prepare(struct hub *hub, struct twin *twin, json_t *tags, json_t *desired,
                           bool is_replaced, struct change *change)
{
    enum reason reason = tags ? twin_check(tags, true) : REASON_OK;
    if (reason == REASON_OK && tags) {
        reason = make_tags(twin->tags, tags, is_replaced, &change->tags);
    }
    if (reason == REASON_OK && desired) {
        drop_own_keys(desired);
        reason = twin_check(desired, true);
    }
    if (reason == REASON_OK && desired) {
        reason = make_part(hub, &twin->desired, desired, is_replaced, true, &change->desired);
        change->has_desired = reason == REASON_OK;
    }
    return reason;
}

static void push_desired(struct hub *hub, struct hub_entry *entry, const json_t *shown,
                         bool is_replaced)
{
    int64_t version = entry->twin->desired.version;
    const struct identity *identity = &entry->identity;
    struct buf patch HR_CLEANUP(buf_deinit);
    struct buf push HR_CLEANUP(buf_deinit);
    buf_init(&patch, PUSH_BYTES_MOST);
    buf_init(&push, PUSH_BYTES_MOST);
    int code = twin_write_members(shown, &patch);
    code = code < 0 ? code
                    : buf_printf(&push, "{%s%s\"$version\":%" PRId64 "}", buf_text(&patch),
                                 patch.len ? "," : "", version);
    if (code < 0) {
        env_log(hub->env, LOG_ERROR, "desired properties of %s: %s", identity->name,
                error_text(code));
        return;
    }
    EMIT(hub->journal, TWIN_DESIRED, 0, identity->name, F_INT("version", version),
         F_SPAN("patch", hub_shown(buf_span(&push))), F_BOOL("replaced", is_replaced));
    struct hub_link *link = hub_link_of(hub, identity);
    if (link && link->desired) {
        link->desired(link, buf_span(&push), version);
    }
}

// Puts the change in the twin's place and what was there into the change: called twice, nothing has
// happened.
static void swap_in(struct twin *twin, struct change *change, int step)
{
    twin->version += step;
    twin->etag += step;
    if (change->tags) {
        json_t *old = twin->tags;
        twin->tags = change->tags;
        change->tags = old;
    }
    if (change->has_desired) {
        part_swap(&twin->desired, &change->desired);
    }
}

// A change that cannot be kept is taken back, and nobody hears of it.
static enum reason apply(struct hub *hub, struct hub_entry *entry, struct change *change,
                         const json_t *desired, bool is_replaced)
{
    struct twin *twin = entry->twin;
    swap_in(twin, change, 1);
    if (hub_keep(hub, entry, HUB_KEEP_TWIN) < 0) {
        swap_in(twin, change, -1);
        return REASON_INTERNAL;
    }
    if (change->has_desired) {
        push_desired(hub, entry, is_replaced ? twin->desired.value : desired, is_replaced);
    }
    return REASON_OK;
}

static enum reason change_twin(struct hub *hub, struct hub_entry *entry, json_t *tags,
                               json_t *desired, bool is_replaced)
{
    struct change change = {.has_desired = false};
    struct twin *twin = twin_of(entry);
    enum reason reason =
        twin ? prepare(hub, twin, tags, desired, is_replaced, &change) : out_of_memory();
    if (reason == REASON_OK && (change.tags || change.has_desired)) {
        reason = apply(hub, entry, &change, desired, is_replaced);
    }
    change_deinit(&change);
    return reason;
}

static enum reason find_entry(struct hub *hub, struct span name, struct hub_entry **out)
{
    *out = hub_entry_find(hub, name);
    if (!*out) {
        error_set(ERR_UNKNOWN_NAME, "no identity named '%.*s' is registered", SPAN_ARG(name));
        return REASON_UNKNOWN_IDENTITY;
    }
    return REASON_OK;
}

static enum reason check_etag(struct hub_entry *entry, struct span if_match)
{
    struct buf etag HR_CLEANUP(buf_deinit);
    buf_init(&etag, 100);
    if (if_match.len >= 2 && if_match.ptr[0] == '"' && if_match.ptr[if_match.len - 1] == '"') {
        if_match = span_slice(if_match, 1, if_match.len - 2);
    }
    if (if_match.len == 0 || span_equals_text(if_match, "*")) {
        return REASON_OK;
    }
    struct twin *twin = twin_of(entry);
    if (!twin || twin_etag(twin, &etag) < 0) {
        return out_of_memory();
    }
    if (!span_equals(if_match, buf_span(&etag))) {
        error_set(ERR_VALUE, "the etag of %s is %s, seen %.*s", entry->identity.name,
                  buf_text(&etag), SPAN_ARG(if_match));
        return REASON_ETAG_MISMATCH;
    }
    return REASON_OK;
}

static enum reason change_document(struct hub *hub, struct span name, struct span json,
                                   struct span if_match, bool is_replaced)
{
    struct hub_entry *entry;
    json_t *tags = NULL;
    json_t *properties = NULL;
    json_t *desired = NULL;
    json_t *root = NULL;
    enum reason reason = find_entry(hub, name, &entry);
    reason = reason == REASON_OK ? check_etag(entry, if_match) : reason;
    if (reason == REASON_OK) {
        root = twin_parse(json, &reason);
    }
    reason = reason == REASON_OK ? part_of_patch(root, "tags", &tags) : reason;
    reason = reason == REASON_OK ? part_of_patch(root, "properties", &properties) : reason;
    if (reason == REASON_OK && properties) {
        reason = part_of_patch(properties, "desired", &desired);
    }
    if (reason == REASON_OK) {
        reason = change_twin(hub, entry, tags, desired, is_replaced);
    }
    json_decref(root);
    return reason;
}

enum reason hub_twin_patch(struct hub *hub, struct span name, struct span json,
                           struct span if_match)
{
    return change_document(hub, name, json, if_match, false);
}

enum reason hub_twin_replace(struct hub *hub, struct span name, struct span json,
                             struct span if_match)
{
    return change_document(hub, name, json, if_match, true);
}

static enum reason change_desired(struct hub *hub, struct span name, struct span json,
                                  bool is_replaced, int64_t *version)
{
    struct hub_entry *entry;
    json_t *desired = NULL;
    enum reason reason = find_entry(hub, name, &entry);
    if (reason == REASON_OK) {
        desired = twin_parse(json, &reason);
    }
    int64_t next = reason == REASON_OK && entry->twin ? entry->twin->desired.version + 1 : 2;
    if (reason == REASON_OK) {
        reason = change_twin(hub, entry, NULL, desired, is_replaced);
    }
    json_decref(desired);
    if (reason == REASON_OK && version) {
        *version = next;
    }
    return reason;
}

enum reason hub_twin_patch_desired(struct hub *hub, struct span name, struct span json,
                                   int64_t *version)
{
    return change_desired(hub, name, json, false, version);
}

enum reason hub_twin_replace_desired(struct hub *hub, struct span name, struct span json,
                                     int64_t *version)
{
    return change_desired(hub, name, json, true, version);
}

// ---- the device

static enum reason merge_reported(struct hub *hub, struct hub_entry *entry, const json_t *patch,
                                  const char *api_version)
{
    bool may_have_arrays = strcmp(api_version, "2019-10-01") >= 0;
    struct twin_part fresh;
    struct twin *twin = twin_of(entry);
    enum reason reason = twin ? twin_check(patch, may_have_arrays) : out_of_memory();
    if (reason == REASON_OK) {
        reason = make_part(hub, &twin->reported, patch, false, false, &fresh);
    }
    if (reason != REASON_OK) {
        return reason;
    }
    part_swap(&twin->reported, &fresh);
    twin->version++;
    if (hub_keep(hub, entry, HUB_KEEP_TWIN) < 0) { // taken back
        part_swap(&twin->reported, &fresh);
        twin->version--;
        reason = REASON_INTERNAL;
    }
    part_deinit(&fresh);
    return reason;
}

static enum reason check_api_version(const char *api_version)
{
    if (api_version[0]) {
        return REASON_OK;
    }
    error_set(ERR_VALUE, "the MQTT user name carries no api-version");
    return REASON_NO_API_VERSION;
}

enum reason hub_twin_report(struct hub *hub, const struct identity *identity,
                            const char *api_version, struct span json, int64_t *version)
{
    struct hub_entry *entry = hub_entry_find(hub, span_text(identity->name));
    json_t *patch = NULL;
    enum reason reason = check_api_version(api_version);
    if (reason == REASON_OK) {
        patch = twin_parse(json, &reason);
    }
    if (reason == REASON_OK) {
        reason = merge_reported(hub, entry, patch, api_version);
    }
    json_decref(patch);
    if (reason == REASON_OK) {
        *version = entry->twin->reported.version;
        EMIT(hub->journal, TWIN_REPORTED, hub_connection_of(hub, identity), identity->name,
             F_INT("version", *version), F_SPAN("patch", hub_shown(json)));
    }
    return reason;
}

enum reason hub_twin_read(struct hub *hub, const struct identity *identity, const char *api_version,
                          struct buf *out, int64_t *desired_version)
{
    struct twin *twin = twin_of(hub_entry_find(hub, span_text(identity->name)));
    enum reason reason = check_api_version(api_version);
    if (reason != REASON_OK) {
        return reason;
    }
    if (!twin) {
        return out_of_memory();
    }
    *desired_version = twin->desired.version;
    const char *heads[] = {"{\"desired\":{", "},\"reported\":{"};
    const struct twin_part *parts[] = {&twin->desired, &twin->reported};
    int code = 0;
    for (size_t i = 0; i < 2 && code == 0; i++) {
        bool is_empty = json_object_size(parts[i]->value) == 0;
        code = buf_append_text(out, heads[i]);
        code = code < 0 ? code : twin_write_members(parts[i]->value, out);
        code = code < 0 ? code
                        : buf_printf(out, "%s\"$version\":%" PRId64, is_empty ? "" : ",",
                                     parts[i]->version);
    }
    code = code < 0 ? code : buf_append_text(out, "}}");
    return code < 0 ? out_of_memory() : REASON_OK;
}
