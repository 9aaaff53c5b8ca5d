// SPDX-License-Identifier: MIT
#include "simulator/hub/username.h"
#include "base/error.h"
#include "base/text_code.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENTS_MOST = 4 };

static bool is_id_byte(uint8_t c)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || (c && strchr("-.%_*?!(),:=@$'", c));
}

bool id_is_valid(struct span id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (!is_id_byte(id.ptr[i])) {
            return false;
        }
    }
    return id.len > 0 && id.len <= HUB_ID_BYTES_MOST;
}

bool identity_name_is_valid(struct span name)
{
    struct span module;
    struct span device = span_cut(name, '/', &module);
    return id_is_valid(device) && (module.ptr == NULL || id_is_valid(module));
}

static const char *const tail_names[] = {"api-version", "DeviceClientType", "model-id",
                                         "auth-chain"};

// The old form has no '?': a segment is the tail when one of its pairs has a known name.
static bool is_tail_without_mark(struct span segment)
{
    struct span rest = segment;
    while (rest.ptr) {
        struct span value;
        struct span name = span_cut(span_cut(rest, '&', &rest), '=', &value);
        for (size_t i = 0; value.ptr && i < HR_COUNT_OF(tail_names); i++) {
            if (span_equals_text(name, tail_names[i])) {
                return true;
            }
        }
    }
    return false;
}

static void keep_api_version(struct span encoded, struct username *u)
{
    struct buf decoded;
    buf_init(&decoded, 256);
    // the value is not validated: what cannot be decoded is kept as it came
    int code = percent_decode(encoded, &decoded);
    span_copy_text(code == 0 ? buf_span(&decoded) : encoded, u->api_version, sizeof u->api_version);
    buf_deinit(&decoded);
}

static void parse_tail(struct span tail, struct username *u)
{
    bool has_version = false;
    struct span rest = tail;
    while (rest.ptr) {
        struct span value;
        struct span name = span_cut(span_cut(rest, '&', &rest), '=', &value);
        if (!has_version && value.ptr && span_equals_text(name, "api-version")) {
            keep_api_version(value, u); // the first one wins
            has_version = true;
        }
    }
}

static int split(struct span text, struct span segments[SEGMENTS_MOST], size_t *count)
{
    struct span rest = text;
    *count = 0;
    while (rest.ptr) {
        if (*count == SEGMENTS_MOST) {
            FAIL(ERR_SYNTAX, "the user name has more than four parts between slashes; "
                             "expected HOST/DEVICE[/MODULE]/?api-version=...");
        }
        segments[(*count)++] = span_cut(rest, '/', &rest);
    }
    return 0;
}

static int take_tail(struct span *segments, size_t *count, struct username *u)
{
    struct span last = segments[*count - 1];
    bool has_mark = last.len > 0 && last.ptr[0] == '?';
    if (has_mark || (*count >= 3 && is_tail_without_mark(last))) {
        struct span tail = has_mark ? span_from(last, 1) : last;
        if (tail.len == 0) {
            FAIL(ERR_SYNTAX, "nothing follows the ? of the user name; expected ?api-version=...");
        }
        parse_tail(tail, u);
        (*count)--;
    }
    return 0;
}

static int check_ids(const struct username *u, bool has_module)
{
    if (u->host.len == 0) {
        FAIL(ERR_SYNTAX, "the user name does not begin with the hub's host name");
    }
    if (!id_is_valid(u->device)) {
        FAIL(ERR_SYNTAX,
             "the second part of the user name is no device id: expected 1 to %d "
             "letters, digits and -.%%_*?!(),:=@$', seen %zu bytes",
             HUB_ID_BYTES_MOST, u->device.len);
    }
    if (has_module && !id_is_valid(u->module)) {
        FAIL(ERR_SYNTAX,
             "the third part of the user name is neither a module id nor "
             "?api-version=..., seen %zu bytes",
             u->module.len);
    }
    return 0;
}

int username_parse(struct span text, struct username *out)
{
    *out = (struct username){0};
    struct span segments[SEGMENTS_MOST];
    size_t count = 0;
    if (text.len == 0) {
        FAIL(ERR_SYNTAX, "the user name is empty or missing");
    }
    TRY(split(text, segments, &count));
    TRY(take_tail(segments, &count, out));
    if (count < 2 || count > 3) {
        FAIL(ERR_SYNTAX, "the user name names %s; expected HOST/DEVICE[/MODULE]/?api-version=...",
             count < 2 ? "no device" : "more than a device and a module");
    }
    out->host = segments[0];
    out->device = segments[1];
    out->module = count == 3 ? segments[2] : SPAN_EMPTY;
    TRY(check_ids(out, count == 3));
    snprintf(out->name, sizeof out->name, "%.*s%s%.*s", SPAN_ARG(out->device),
             count == 3 ? "/" : "", (int)out->module.len,
             out->module.ptr ? (const char *)out->module.ptr : "");
    return 0;
}
