// SPDX-License-Identifier: MIT
#include "harness/scenario/served_knobs.h"
#include "base/error.h"
#include "harness/scenario/parser.h"

#include <string.h>

static const struct {
    enum knob knob;
    const char *instead;
} others[] = {
    {KNOB_DEVICE_CLOCK_RATE, "serve starts no device; try --device-rate"},
    {KNOB_DEVICE_AUTH, "serve starts no device; try --x509, or a hub file"},
    {KNOB_DEVICE_PROVISIONING, "serve starts no device; try --dps and a hub file"},
    {KNOB_HUB_CHAIN, "try --chain"},
    {KNOB_HUB_CLOCK, "try the statement clock of a hub file, or hubrig ctl clock"},
    {KNOB_HUB_CLOCK_RATE, "try --clock-rate"},
    {KNOB_DPS_CHAIN, "the provisioning service presents the chain of --chain"},
    {KNOB_HUB_SNTP, "try hubrig ctl sntp"},
    {KNOB_DNS_HUB, "try hubrig ctl dns"},
    {KNOB_DNS_DPS, "try hubrig ctl dns"},
};

const char *served_knobs_instead(enum knob knob)
{
    for (size_t i = 0; i < HR_COUNT_OF(others); i++) {
        if (others[i].knob == knob) {
            return others[i].instead;
        }
    }
    bool is_device = span_starts_with(span_text(knob_word(knob)), SPAN_LITERAL("device."));
    return is_device ? "serve starts no device" : NULL;
}

// KNOB_COUNT when there is none; the parser of the statement says so better.
static enum knob knob_of(struct span word)
{
    int knob = 0;
    while (knob < KNOB_COUNT && !span_equals_text(word, knob_word((enum knob)knob))) {
        knob++;
    }
    return (enum knob)knob;
}

// "KNOB=VALUE", as the statement that the lexer knows.
static int print_statement(const char *word, struct buf *out)
{
    struct span value;
    struct span knob = span_trim(span_cut(span_text(word), '=', &value));
    bool has_value = knob.len > 0 && strchr(word, '=');
    return buf_printf(out, "set %.*s%s%.*s", SPAN_ARG(knob), has_value ? " = " : "",
                      SPAN_ARG(span_trim(value)));
}

static int set_one(struct parser *p, const char *word, bool has_dps)
{
    enum knob knob = knob_of(line_word(p->line, 1));
    const char *instead = knob < KNOB_COUNT ? served_knobs_instead(knob) : NULL;
    if (instead) {
        FAIL(ERR_USAGE, "--set %s: this knob is for scenarios; %s", word, instead);
    }
    if (!has_dps && span_starts_with(line_word(p->line, 1), SPAN_LITERAL("dps."))) {
        FAIL(ERR_USAGE, "--set %s: no provisioning service runs; try --dps NAME", word);
    }
    if (knob < KNOB_COUNT && p->knob_lines[knob]) {
        FAIL(ERR_USAGE, "--set %s: %s is set already", word, knob_word(knob));
    }
    return parser_set(p);
}

static int set_word(struct parser *p, const char *word, bool has_dps)
{
    struct line_script script = {.count = 0};
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, LINE_FILE_BYTES_MOST);
    TRY(print_statement(word, &text));
    diag_init(&diags);
    p->diags = &diags;
    int code = line_parse("--set", buf_span(&text), &script, &diags);
    if (code == 0 && script.count != 1) {
        code = error_set(ERR_USAGE, "--set %s: expected one KNOB=VALUE", word);
    }
    if (code == 0) {
        p->line = &script.lines[0];
        code = set_one(p, word, has_dps);
    }
    if (diags.count > 0) {
        code = error_set(ERR_USAGE, "--set %s: %s", word, diags.items[0].message);
    }
    diag_deinit(&diags);
    line_deinit(&script);
    return code;
}

static void take_in(const struct rig_settings *s, struct settings *out)
{
    *out = (struct settings){
        .hub = s->hub,
        .sas_grace_us = (uint64_t)s->hub.sas_grace_s * 1000000,
        .limits = s->hub.limits,
        .has_sdk_faults = s->hub.has_sdk_faults,
        .dps_retry_after_us = (uint64_t)s->dps.retry_after_s * 1000000,
        .dps_assign_after_us = s->dps.assign_us,
        .dps_shows_disabled = s->dps.shows_disabled,
        .tls = s->tls,
    };
}

static void give_out(const struct settings *said, struct rig_settings *s)
{
    s->hub = said->hub;
    s->hub.sas_grace_s = (uint32_t)(said->sas_grace_us / 1000000);
    s->hub.limits = said->limits;
    s->hub.has_sdk_faults = said->has_sdk_faults;
    s->dps.retry_after_s = (uint32_t)(said->dps_retry_after_us / 1000000);
    s->dps.assign_us = said->dps_assign_after_us;
    s->dps.shows_disabled = said->dps_shows_disabled;
    s->tls = said->tls;
}

int served_knobs_set(const char *const *words, struct rig_settings *settings)
{
    struct plan plan = {.name = NULL};
    struct parser p = {.plan = &plan};
    take_in(settings, &plan.settings);
    for (; *words; words++) {
        TRY(set_word(&p, *words, settings->dps.host[0] != 0));
    }
    give_out(&plan.settings, settings);
    return 0;
}
