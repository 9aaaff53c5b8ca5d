// SPDX-License-Identifier: MIT
// Family P: provisioning.
#include "base/text_code.h"
#include "certs/doctor/case.h"

#include <string.h>

enum { ID_SCOPE_BYTES = 11 };

bool case_is_dps(const struct doctor *d)
{
    if (text_has_nocase(d->host, "azure-devices-provisioning")) {
        return true;
    }
    for (size_t i = 0; i < d->token_count; i++) {
        if (token_is_dps(d->tokens[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < d->input_count; i++) {
        if (d->inputs[i]->kind == INPUT_ID_SCOPE) {
            return true;
        }
    }
    return false;
}

static void judge_scope(struct doctor *d, struct doctor_place at, struct span scope)
{
    struct span s = span_trim(scope);
    bool is_sample = text_has_nocase(s, "scope");
    bool is_sound = s.len == ID_SCOPE_BYTES && span_starts_with(s, SPAN_LITERAL("0ne"));
    for (size_t i = 0; i < s.len && is_sound; i++) {
        uint8_t c = s.ptr[i];
        is_sound = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    char shown[96];
    if (is_sound) {
        case_right(d, "the id scope has its usual form");
        return;
    }
    case_say(d,
             &(struct remark){.rule = DOCTOR_P_04,
                              .at = at,
                              .shows = "401 or 404 from the provisioning service",
                              .fix = "copy the id scope from the service's overview page"},
             "the id scope \"%s\" is %s", case_quote(s, shown),
             is_sample ? "a sample's placeholder" : "not 0ne and eight letters or digits");
}

static bool is_id_byte(uint8_t c, bool may_be_capital)
{
    bool is_capital = c >= 'A' && c <= 'Z';
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (is_capital && may_be_capital) ||
           (c && strchr("-._:", c));
}

static bool is_registration_id(struct span id, bool may_be_capital)
{
    for (size_t i = 0; i < id.len; i++) {
        bool is_last_mark = i + 1 == id.len && strchr("._:", id.ptr[i]);
        if (!is_id_byte(id.ptr[i], may_be_capital) || is_last_mark) {
            return false;
        }
    }
    return id.len > 0 && id.len <= 128;
}

static void judge_registration(struct doctor *d, struct doctor_place at, struct span id)
{
    char shown[96];
    if (id.len && !is_registration_id(id, false)) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_P_01,
                                  .at = at,
                                  .as = is_registration_id(id, true) ? AS_INFO : AS_USUAL,
                                  .shows = "400004 from older versions of the service",
                                  .fix = "use lower-case letters, digits and - . _ :"},
                 "the registration id \"%s\" has capitals or characters that are not allowed",
                 case_quote(id, shown));
    }
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        struct span name = span_text(c->name);
        if (c->role != ROLE_DEVICE || !c->is_parsed || c->name_count == 0) {
            continue;
        }
        char other[96];
        if (!is_registration_id(name, true)) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_P_03,
                                      .at = c->at,
                                      .shows = "400 from the provisioning service",
                                      .fix = "make one whose CN is a valid registration id"},
                     "the common name \"%s\" can be no registration id", case_quote(name, other));
        }
        if (id.len && !span_equals_nocase(name, id)) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_P_02,
                                      .at = c->at,
                                      .shows = "401002 from the provisioning service",
                                      .fix = "use one spelling: CN = registration id"},
                     "the common name is \"%s\", the registration id is \"%s\"",
                     case_quote(name, other), case_quote(id, shown));
        }
    }
}

static void judge_host(struct doctor *d)
{
    char shown[96];
    bool is_public = span_ends_with(d->host, SPAN_LITERAL(".azure-devices-provisioning.net"));
    if (is_public &&
        !span_equals_nocase(d->host, SPAN_LITERAL("global.azure-devices-provisioning.net"))) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_P_05,
                                  .at = {"", 0},
                                  .shows = "404, or a device that stays with one region",
                                  .fix = "use global.azure-devices-provisioning.net"},
                 "%s is the service's regional name", case_quote(d->host, shown));
    }
}

static struct span unquoted(struct span value)
{
    bool is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
    return is_quoted ? span_slice(value, 1, value.len - 2) : value;
}

void rules_dps(struct doctor *d)
{
    for (size_t i = 0; i < d->input_count; i++) {
        if (d->inputs[i]->kind == INPUT_ID_SCOPE) {
            judge_scope(d, (struct doctor_place){d->inputs[i]->name, 0},
                        buf_span(&d->inputs[i]->bytes));
        }
    }
    for (size_t i = 0; i < d->setting_count; i++) {
        const struct setting *s = d->settings_read[i];
        struct span value = unquoted(s->value);
        if (text_has_nocase(s->name, "id_scope") && value.len && value.len != s->value.len) {
            judge_scope(d, s->at, value);
        }
    }
    if (!case_is_dps(d)) {
        return;
    }
    judge_host(d);
    judge_registration(d, (struct doctor_place){"--device", 0}, d->device);
    for (size_t i = 0; i < d->token_count; i++) {
        struct buf plain HR_CLEANUP(buf_deinit);
        buf_init(&plain, d->tokens[i]->sr.len + 1);
        if (token_is_dps(d->tokens[i]) && percent_decode(d->tokens[i]->sr, &plain) == 0) {
            judge_scope(d, d->tokens[i]->at,
                        span_slice(buf_span(&plain), 0, span_find(buf_span(&plain), '/')));
        }
    }
}
