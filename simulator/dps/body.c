// SPDX-License-Identifier: MIT
// The JSON of requests and answers.
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "simulator/dps/dps_private.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take_payload(const json_t *root, char **payload)
{
    const json_t *value = json_object_get(root, "payload");
    if (!value || json_is_null(value)) {
        return 0;
    }
    *payload = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    ENSURE(*payload != NULL, ERR_NO_MEMORY);
    return 0;
}

static int check_root(const json_t *root, const char *registration_id, char **payload)
{
    if (!json_is_object(root)) {
        FAIL(ERR_SYNTAX, "the body is no JSON object");
    }
    const json_t *id = json_object_get(root, "registrationId");
    if (id && (!json_is_string(id) || strcasecmp(json_string_value(id), registration_id) != 0)) {
        FAIL(ERR_SYNTAX, "registrationId in the body is not the registration id of the user name");
    }
    if (json_object_get(root, "tpm")) {
        FAIL(ERR_SYNTAX, "TPM attestation is not spoken over MQTT");
    }
    return take_payload(root, payload);
}

int dps_body_read(struct span body, const char *registration_id, char **payload)
{
    json_error_t error;
    *payload = NULL;
    if (span_trim(body).len == 0) {
        return 0;
    }
    json_t *root = json_loadb((const char *)body.ptr, body.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory) {
        return ERR_NO_MEMORY;
    }
    if (!root) {
        FAIL(ERR_SYNTAX, "the body is no JSON: %.120s at byte %d", error.text, error.position);
    }
    int code = check_root(root, registration_id, payload);
    json_decref(root);
    return code;
}

// "2026-01-02T03:04:05.6789012Z" with this many digits behind the point, 3 or 7.
static int print_time(int64_t us, int digits, struct buf *out)
{
    char text[32];
    int64_t fraction = us % 1000000 + (us % 1000000 < 0 ? 1000000 : 0);
    utc_print(us - fraction, text);
    text[strlen(text) - 1] = '\0'; // the Z
    if (digits == 3) {
        return buf_printf(out, "%s.%03" PRId64 "Z", text, fraction / 1000);
    }
    return buf_printf(out, "%s.%06" PRId64 "0Z", text, fraction);
}

static int text_member(const char *name, const char *value, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":\"", name));
    TRY(json_escape(span_text(value), out));
    return buf_append_u8(out, '"');
}

static int time_member(const char *name, int64_t us, int digits, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":\"", name));
    TRY(print_time(us, digits, out));
    return buf_append_text(out, "\"");
}

static int begin(const struct registration *r, const char *status, struct buf *out)
{
    return buf_printf(out, "{\"operationId\":\"%s\",\"status\":\"%s\"", r->operation_id, status);
}

int dps_body_assigning(const struct registration *r, bool is_first, struct buf *out)
{
    TRY(begin(r, "assigning", out));
    if (!is_first) {
        TRY(buf_printf(
            out, ",\"registrationState\":{\"registrationId\":\"%s\",\"status\":\"assigning\"}",
            r->id));
    }
    return buf_append_text(out, "}");
}

static int attestation_node(const struct registration *r, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":{", r->attestation == DPS_X509 ? "x509" : "symmetricKey"));
    if (r->is_group) {
        TRY(text_member("enrollmentGroupId", r->group, out));
    }
    return buf_append_text(out, "},");
}

static int assigned_members(const struct registration *r, struct buf *out)
{
    TRY(text_member("assignedHub", r->hub, out));
    TRY(buf_append_text(out, ","));
    TRY(text_member("deviceId", r->device_id, out));
    return buf_printf(out, ",\"substatus\":\"%s\",", r->substatus);
}

static int state_members(const struct registration *r, const char *status, struct buf *out)
{
    TRY(attestation_node(r, out));
    TRY(text_member("registrationId", r->id, out));
    TRY(buf_append_text(out, ","));
    TRY(time_member("createdDateTimeUtc", r->created_us, 3, out));
    TRY(buf_append_text(out, ","));
    if (r->state == DPS_ASSIGNED) {
        TRY(assigned_members(r, out));
    }
    TRY(text_member("status", status, out));
    if (r->state == DPS_FAILED) {
        TRY(buf_printf(out, ",\"errorCode\":%d,", r->error_code));
        TRY(text_member("errorMessage", r->error_message, out));
    }
    TRY(buf_append_text(out, ","));
    TRY(time_member("lastUpdatedDateTimeUtc", r->updated_us, 7, out));
    TRY(buf_append_text(out, ","));
    TRY(text_member("etag", r->etag, out));
    if (r->state == DPS_ASSIGNED && r->answer_payload) {
        TRY(buf_printf(out, ",\"payload\":%s", r->answer_payload));
    }
    return 0;
}

int dps_body_final(const struct registration *r, struct buf *out)
{
    static const char *const words[] = {[DPS_ASSIGNING] = "assigning",
                                        [DPS_ASSIGNED] = "assigned",
                                        [DPS_FAILED] = "failed",
                                        [DPS_DISABLED] = "disabled"};
    TRY(begin(r, words[r->state], out));
    TRY(buf_append_text(out, ",\"registrationState\":{"));
    TRY(state_members(r, words[r->state], out));
    return buf_append_text(out, "}}");
}

int dps_body_error(struct dps *dps, int error_code, const char *message, struct buf *out)
{
    uint8_t bytes[16];
    char guid[37];
    TRY(dps->env->random(dps->env->world, bytes, sizeof bytes));
    guid_print(bytes, guid);
    TRY(buf_printf(out, "{\"errorCode\":%d,\"trackingId\":\"%s\",", error_code, guid));
    TRY(text_member("message", message, out));
    TRY(buf_append_text(out, ","));
    TRY(time_member("timestampUtc", dps_utc_us(dps), 7, out));
    return buf_append_text(out, "}");
}
