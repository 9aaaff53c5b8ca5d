// SPDX-License-Identifier: MIT
// Device twins: desired and reported properties and tags with versions and $metadata (reference:
// IoT Hub over MQTT, twins; IoT Hub over HTTP, twins). Each identity has one from the beginning,
// empty and at version 1.
//
//     int64_t version;
//     enum reason reason = hub_twin_patch_desired(hub, name, SPAN_LITERAL("{\"rate\":5}"),
//     &version); if (reason != REASON_OK) { use(reason_row(reason)->http, error_detail()); }
#pragma once
#include "simulator/hub/hub.h"

enum {
    TWIN_SECTION_BYTES_MOST = 32768, // desired, reported; by twin_size_bytes' formula
    TWIN_TAGS_BYTES_MOST = 8192,
    TWIN_STRING_BYTES_MOST = 4096,
    TWIN_KEY_BYTES_MOST = 1024,
    TWIN_DEPTH_MOST = 10,
    TWIN_JSON_BYTES_MOST = 1 << 20, // of a patch as it arrives, before it is looked at
};

// ---- the service's side; every reason but REASON_OK comes with a sentence in error_detail().
// REASON_UNKNOWN_IDENTITY, REASON_MALFORMED_JSON, REASON_INVALID_ARGUMENT (400004),
// REASON_TWIN_TOO_LARGE, REASON_ETAG_MISMATCH (412001), REASON_INTERNAL.

// The whole document as the service's REST shows it, with $metadata, $lastUpdated, tags, etag.
enum reason hub_twin_get_json(struct hub *hub, struct span name, struct buf *out);
// {"tags":{...},"properties":{"desired":{...}}}, each part optional. A patch merges (null deletes),
// a replacement puts the parts that are given in the place of the old ones. `if_match` is an etag
// with or without quotes, "*" or empty = any.
enum reason hub_twin_patch(struct hub *hub, struct span name, struct span json,
                           struct span if_match);
enum reason hub_twin_replace(struct hub *hub, struct span name, struct span json,
                             struct span if_match);
// The desired section alone: {"rate":5}. `version` may be NULL. A connected device that subscribed
// is told: a patch as it was given, a replacement whole.
enum reason hub_twin_patch_desired(struct hub *hub, struct span name, struct span json,
                                   int64_t *version);
enum reason hub_twin_replace_desired(struct hub *hub, struct span name, struct span json,
                                     int64_t *version);

// ---- the device's side

// {"desired":{...,"$version":N},"reported":{...,"$version":M}}, N in *desired_version too.
// REASON_NO_API_VERSION when `api_version` is empty.
enum reason hub_twin_read(struct hub *hub, const struct identity *identity, const char *api_version,
                          struct buf *out, int64_t *desired_version);
// Merges into reported; arrays need an api-version from 2019-10-01 on. The reasons are those of the
// service plus REASON_NO_API_VERSION.
enum reason hub_twin_report(struct hub *hub, const struct identity *identity,
                            const char *api_version, struct span json, int64_t *version);
// The HTTP status of a refusal: that of the reason's row, or what the settings say instead.
int hub_twin_status(const struct hub *hub, enum reason reason);
// {"errorCode":400004,"trackingId":"...","message":"ErrorCode:ArgumentInvalid;...",
// "timestampUtc":"..."} with `why` in the message.
int hub_error_body(const struct hub *hub, enum reason reason, const char *why,
                   struct buf *out) HR_NODISCARD;

// ---- state files

// One JSON object with all there is to know, for hub_twin_import; appends nothing for a twin that
// was never written to. ERR_UNKNOWN_NAME, ERR_NO_MEMORY, ERR_TOO_BIG.
int hub_twin_export(const struct hub *hub, struct span name, struct buf *out) HR_NODISCARD;
// Puts a twin back, without an event or a push. ERR_SYNTAX, ERR_VALUE (out of the limits),
// ERR_UNKNOWN_NAME, ERR_NO_MEMORY; on error the twin is as before.
int hub_twin_import(struct hub *hub, struct span name, struct span json) HR_NODISCARD;
