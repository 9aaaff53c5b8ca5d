// SPDX-License-Identifier: MIT
// Connection strings and SAS tokens taken apart, without judging them.
#include "base/error.h"
#include "certs/doctor/case.h"

#include <stddef.h>

static const struct {
    const char *name;
    size_t offset;
} connection_fields[] = {
    {"HostName", offsetof(struct connection, host)},
    {"DeviceId", offsetof(struct connection, device)},
    {"ModuleId", offsetof(struct connection, module)},
    {"GatewayHostName", offsetof(struct connection, gateway)},
    {"SharedAccessKey", offsetof(struct connection, key)},
    {"SharedAccessKeyName", offsetof(struct connection, key_name)},
    {"SharedAccessSignature", offsetof(struct connection, signature)},
    {"x509", offsetof(struct connection, x509)},
};

static void take_connection_field(struct connection *c, struct span field)
{
    struct span value = SPAN_EMPTY;
    struct span name = span_trim(span_cut(field, '=', &value));
    for (size_t i = 0; i < HR_COUNT_OF(connection_fields); i++) {
        if (span_equals_nocase(name, span_text(connection_fields[i].name)) && value.ptr) {
            struct span *member = (struct span *)(void *)((char *)c + connection_fields[i].offset);
            *member = member->ptr ? *member : value;
        }
    }
}

static bool is_quote(uint8_t c)
{
    return c == '"' || c == '\'';
}

int connection_read(struct doctor *d, struct doctor_place at, const char *symbol, struct span text)
{
    struct connection c = {.at = at, .symbol = symbol, .text = text};
    struct span rest = span_trim(text);
    while (rest.len && is_quote(rest.ptr[0])) {
        rest = span_from(rest, 1);
    }
    while (rest.len && is_quote(rest.ptr[rest.len - 1])) {
        rest.len--;
    }
    while (rest.ptr) {
        take_connection_field(&c, span_cut(rest, ';', &rest));
    }
    TRY(case_keep_connection(d, &c));
    return c.signature.len ? token_read(d, at, symbol, c.signature) : 0;
}

int token_read(struct doctor *d, struct doctor_place at, const char *symbol, struct span text)
{
    static const char *const names[] = {"sr", "sig", "se", "skn"};
    struct token t = {.at = at, .symbol = symbol, .text = text};
    struct span *const values[] = {&t.sr, &t.sig, &t.se, &t.skn};
    size_t prefix = text_find(text, "SharedAccessSignature ");
    struct span rest = span_trim(text);
    if (prefix < text.len) {
        t.has_prefix = true;
        rest = span_from(text, prefix + 22);
    }
    while (rest.len && (is_quote(rest.ptr[rest.len - 1]) || rest.ptr[rest.len - 1] == '\n' ||
                        rest.ptr[rest.len - 1] == '\r')) {
        rest.len--;
    }
    while (rest.ptr) {
        struct span value = SPAN_EMPTY;
        struct span name = span_trim(span_cut(span_cut(rest, '&', &rest), '=', &value));
        for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
            bool is_quoted = name.len && is_quote(name.ptr[0]);
            struct span bare = is_quoted ? span_from(name, 1) : name;
            if (span_equals_nocase(bare, span_text(names[i])) && value.ptr) {
                *values[i] = value;
            }
        }
    }
    return case_keep_token(d, &t);
}

bool token_is_dps(const struct token *t)
{
    return text_has_nocase(t->sr, "registrations");
}
