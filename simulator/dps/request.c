// SPDX-License-Identifier: MIT
#include "simulator/dps/request.h"
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/dps/dps.h"

static void keep_api_version(struct span encoded, struct dps_username *out)
{
    struct buf decoded;
    buf_init(&decoded, 256);
    int code = percent_decode(encoded, &decoded);
    span_copy_text(code == 0 ? buf_span(&decoded) : encoded, out->api_version,
                   sizeof out->api_version);
    buf_deinit(&decoded);
}

static bool take_version(struct span tail, struct dps_username *out)
{
    struct span rest = tail;
    while (rest.ptr) {
        struct span value;
        struct span name = span_cut(span_cut(rest, '&', &rest), '=', &value);
        if (span_equals_text(name, "api-version") && value.len > 0) {
            keep_api_version(value, out);
            return true;
        }
    }
    return false;
}

int dps_username_parse(struct span text, struct dps_username *out)
{
    struct span rest = text;
    *out = (struct dps_username){0};
    if (text.len == 0) {
        FAIL(ERR_SYNTAX, "the user name is empty or missing");
    }
    out->id_scope = span_cut(rest, '/', &rest);
    struct span word = span_cut(rest, '/', &rest);
    out->registration_id = span_cut(rest, '/', &rest);
    if (out->id_scope.len == 0 || !span_equals_text(word, "registrations")) {
        FAIL(ERR_SYNTAX, "the user name does not begin with the id scope and /registrations/");
    }
    if (!dps_id_is_valid(out->registration_id)) {
        FAIL(ERR_SYNTAX,
             "the third part of the user name is no registration id: expected 1 to %d letters, "
             "digits, - . _ and :, seen %zu bytes",
             DPS_ID_BYTES_MOST, out->registration_id.len);
    }
    if (rest.len > 0 && rest.ptr[0] == '?') {
        FAIL(ERR_SYNTAX, "a ? stands before api-version; that is the hub's user name, here follows "
                         "/api-version=...");
    }
    if (!take_version(rest, out)) {
        FAIL(ERR_SYNTAX, "the user name does not end with /api-version=...");
    }
    return 0;
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool dps_id_is_valid(struct span id)
{
    if (id.len == 0 || id.len > DPS_ID_BYTES_MOST) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.ptr[i];
        if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '_' && c != ':') {
            return false;
        }
    }
    uint8_t last = id.ptr[id.len - 1];
    return is_alphanumeric(last) || last == '-';
}

static void take_parts(struct span parts, struct dps_request *out)
{
    struct span rest = parts;
    while (rest.ptr) {
        struct span value;
        struct span name = span_cut(span_cut(rest, '&', &rest), '=', &value);
        if (span_equals_text(name, "$rid") && out->rid.len == 0) {
            out->rid = value;
        } else if (span_equals_text(name, "operationId") && out->operation_id.len == 0) {
            out->operation_id = value;
        }
    }
}

int dps_request_parse(struct span topic, struct dps_request *out)
{
    static const struct span heads[] = {
        [DPS_REGISTER] = {(const uint8_t *)"$dps/registrations/PUT/iotdps-register/?", 40},
        [DPS_STATUS] = {(const uint8_t *)"$dps/registrations/GET/iotdps-get-operationstatus/?", 51},
    };
    *out = (struct dps_request){0};
    for (size_t i = 0; i < HR_COUNT_OF(heads); i++) {
        if (!span_starts_with(topic, heads[i])) {
            continue;
        }
        out->kind = (enum dps_request_kind)i;
        take_parts(span_from(topic, heads[i].len), out);
        if (out->rid.len == 0) {
            FAIL(ERR_SYNTAX, "the topic has no $rid, so nothing can be answered");
        }
        if (out->kind == DPS_REGISTER) {
            out->operation_id = SPAN_EMPTY;
        }
        return 0;
    }
    FAIL(ERR_SYNTAX, "the topic is neither $dps/registrations/PUT/iotdps-register/?$rid=... nor "
                     "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=...&operationId=...");
}

int dps_response_topic(int status, struct span rid, uint32_t retry_after_s, struct buf *out)
{
    size_t before = out->len;
    int code = buf_printf(out, "$dps/registrations/res/%d/?$rid=", status);
    code = code < 0 ? code : buf_append(out, rid);
    if (code == 0 && retry_after_s > 0) {
        code = buf_printf(out, "&retry-after=%u", retry_after_s);
    }
    if (code < 0) {
        buf_truncate(out, before);
    }
    return code;
}

bool dps_filter_matches(struct span filter, struct span topic)
{
    struct span f = filter;
    struct span t = topic;
    bool is_first = true;
    while (f.ptr && t.ptr) {
        struct span level = span_cut(f, '/', &f);
        struct span name = span_cut(t, '/', &t);
        bool is_wild = span_equals_text(level, "+") || span_equals_text(level, "#");
        if (is_wild && is_first) {
            return false; // a wildcard in front never matches a topic with $ (MQTT 4.7.2)
        }
        if (span_equals_text(level, "#")) {
            return true;
        }
        if (!is_wild && !span_equals(level, name)) {
            return false;
        }
        is_first = false;
    }
    return !t.ptr && (!f.ptr || span_equals_text(f, "#"));
}
