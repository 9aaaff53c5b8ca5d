// SPDX-License-Identifier: MIT
// The statements with words of their own: set KNOB = VALUE and hub VERB.
#include "harness/scenario/parser.h"
#include "base/error.h"
#include "base/when.h"

#include <stdio.h>
#include <string.h>

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

static int set_device_clock(struct parser *p, size_t at)
{
    parser_uses(p, CAPABILITY_CLOCK, 1, "device.clock");
    return parser_when(p, at, true, &p->plan->settings.device_clock);
}

static int set_clock_rate(struct parser *p, size_t at, uint32_t *out_ppm)
{
    struct span word = line_word(p->line, at);
    if (rate_parse(word, out_ppm) < 0) {
        return MISTAKE(p, at, "'%.*s' is not a rate; expected a number from 0.001 to 1000, such as 20 or 1.5",
                       SPAN_ARG(word));
    }
    return 0;
}

static int set_device_clock_rate(struct parser *p, size_t at)
{
    return set_clock_rate(p, at, &p->plan->settings.device_rate_ppm);
}

static int set_hub_clock_rate(struct parser *p, size_t at)
{
    return set_clock_rate(p, at, &p->plan->settings.hub_rate_ppm);
}

static int set_device_auth(struct parser *p, size_t at)
{
    static const char *const ways[] = {"sas", "x509", "ca"};
    bool is_ca = line_word_is(p->line, at, "ca");
    bool is_x509 = is_ca || line_word_is(p->line, at, "x509");
    if (!is_x509 && !line_word_is(p->line, at, "sas")) {
        return parser_unknown(p, at, "way of authentication", ways, HR_COUNT_OF(ways));
    }
    p->plan->settings.is_x509 = is_x509;
    p->plan->settings.is_ca_signed = is_ca;
    if (is_x509) {
        parser_uses(p, CAPABILITY_X509, at, is_ca ? "device.auth = ca" : "device.auth = x509");
    }
    return 0;
}

static int set_device_certificate(struct parser *p, size_t at)
{
    enum { FITTING = DEVICE_KIND_COUNT };
    static const int kinds[] = {FITTING,        DEVICE_SELF_SIGNED, DEVICE_CA_SIGNED,
                                DEVICE_EXPIRED, DEVICE_WRONG_CN,    DEVICE_CA_AS_DEVICE};
    const char *words[HR_COUNT_OF(kinds)];
    for (size_t i = 0; i < HR_COUNT_OF(kinds); i++) {
        words[i] = kinds[i] == FITTING ? "fitting" : device_kind_words[kinds[i]];
        if (line_word_is(p->line, at, words[i])) {
            p->plan->settings.has_other_certificate = kinds[i] != FITTING;
            p->plan->settings.certificate = (enum credential_kind)kinds[i];
            p->certificate_use = line_place(p->line, at);
            return 0;
        }
    }
    return parser_unknown(p, at, "kind of certificate", words, HR_COUNT_OF(words));
}

static int set_device_count(struct parser *p, size_t at)
{
    uint64_t count = 0;
    if (span_parse_u64(line_word(p->line, at), &count) < 0 || count < 1 || count > 50) {
        return MISTAKE(p, at, "device.count takes a number from 1 to 50, seen '%.*s'",
                       SPAN_ARG(line_word(p->line, at)));
    }
    p->plan->settings.device_count = (unsigned)count;
    p->count_use = line_place(p->line, at);
    return 0;
}

// All words to the end, kept with a blank between them.
static int set_device_root(struct parser *p, size_t at)
{
    char *roots = p->plan->settings.device_root;
    size_t used = 0;
    for (size_t i = at; i < p->line->count; i++) {
        char name[96];
        TRY(parser_chain(p, i, name));
        size_t room = sizeof p->plan->settings.device_root - used;
        int len = snprintf(roots + used, room, "%s%s", used ? " " : "", name);
        if ((size_t)len >= room) {
            return MISTAKE(p, i, "the names of the roots are longer than %zu bytes together",
                           sizeof p->plan->settings.device_root - 1);
        }
        used += (size_t)len;
    }
    return 0;
}

static int set_hub_chain(struct parser *p, size_t at)
{
    return parser_chain(p, at, p->plan->settings.hub_chain);
}

static int set_hub_clock(struct parser *p, size_t at)
{
    return parser_when(p, at, false, &p->plan->settings.hub_clock);
}

static int set_hub_sas_grace(struct parser *p, size_t at)
{
    return parser_duration(p, at, 0, &p->plan->settings.sas_grace_us);
}

static int set_provisioning(struct parser *p, size_t at)
{
    static const char *const ways[] = {
        [PROVISIONING_NONE] = "none",   [PROVISIONING_SYMMETRIC] = "symmetric",
        [PROVISIONING_X509] = "x509",   [PROVISIONING_GROUP] = "group",
        [PROVISIONING_X509_GROUP] = "x509-group"};
    for (size_t i = 0; i < HR_COUNT_OF(ways); i++) {
        if (!line_word_is(p->line, at, ways[i])) {
            continue;
        }
        p->plan->settings.provisioning = (enum provisioning)i;
        if (i != PROVISIONING_NONE) {
            parser_uses(p, CAPABILITY_DPS, at, "this");
        }
        if (i == PROVISIONING_X509 || i == PROVISIONING_X509_GROUP) {
            parser_uses(p, CAPABILITY_X509, at, "device.provisioning = x509");
        }
        return 0;
    }
    return parser_unknown(p, at, "way of provisioning", ways, HR_COUNT_OF(ways));
}

static int set_dps_chain(struct parser *p, size_t at)
{
    return parser_chain(p, at, p->plan->settings.dps_chain);
}

static int set_dps_retry_after(struct parser *p, size_t at)
{
    TRY(parser_duration(p, at, 1000000, &p->plan->settings.dps_retry_after_us));
    if (p->plan->settings.dps_retry_after_us % 1000000) {
        return MISTAKE(p, at, "the service tells whole seconds, seen '%.*s'",
                       SPAN_ARG(line_word(p->line, at)));
    }
    return 0;
}

static int set_dps_assign_after(struct parser *p, size_t at)
{
    return parser_duration(p, at, 0, &p->plan->settings.dps_assign_after_us);
}

static int set_dps_disabled(struct parser *p, size_t at)
{
    static const char *const ways[] = {"401", "status"};
    bool is_status = line_word_is(p->line, at, "status");
    if (!is_status && !line_word_is(p->line, at, "401")) {
        return parser_unknown(p, at, "answer to a disabled enrollment", ways, HR_COUNT_OF(ways));
    }
    p->plan->settings.dps_shows_disabled = is_status;
    return 0;
}

static const struct {
    enum knob knob;
    enum throttle throttle;
} rate_knobs[] = {
    {KNOB_HUB_CONNECT_RATE, THROTTLE_CONNECT},     {KNOB_HUB_D2C_RATE, THROTTLE_D2C},
    {KNOB_HUB_C2D_RATE, THROTTLE_C2D},             {KNOB_HUB_TWIN_READ_RATE, THROTTLE_TWIN_READ},
    {KNOB_HUB_TWIN_UPDATE_RATE, THROTTLE_TWIN_UPDATE}, {KNOB_HUB_METHOD_RATE, THROTTLE_METHOD},
    {KNOB_HUB_RENEWAL_RATE, THROTTLE_RENEWAL},
};

// What the limits are in the end: the tier's, and what other knobs say instead.
static int set_hub_tier(struct parser *p, size_t at)
{
    struct settings *s = &p->plan->settings;
    int tier = hub_tier_of(line_word(p->line, at));
    if (tier < 0) {
        return MISTAKE(p, at, "'%.*s' is no tier; expected none, F1, S1, S2 or S3",
                       SPAN_ARG(line_word(p->line, at)));
    }
    struct hub_limits said = s->limits;
    s->tier = (enum hub_tier)tier;
    hub_limits_of_tier(s->tier, 1, &s->limits);
    if (p->knob_lines[KNOB_HUB_QUOTA]) {
        s->limits.blocks_a_day = said.blocks_a_day;
    }
    for (size_t i = 0; i < HR_COUNT_OF(rate_knobs); i++) {
        if (p->knob_lines[rate_knobs[i].knob]) {
            enum throttle throttle = rate_knobs[i].throttle;
            s->limits.rates[throttle] = said.rates[throttle];
        }
    }
    return 0;
}

static int set_hub_quota(struct parser *p, size_t at)
{
    uint64_t *blocks = &p->plan->settings.limits.blocks_a_day;
    *blocks = 0;
    if (line_word_is(p->line, at, "none")) {
        return 0;
    }
    if (span_parse_u64(line_word(p->line, at), blocks) < 0 || *blocks == 0) {
        return MISTAKE(p, at, "'%.*s' is no count of message blocks; at least 1, or none",
                       SPAN_ARG(line_word(p->line, at)));
    }
    return 0;
}

static int set_rate(struct parser *p, size_t at)
{
    size_t i = 0;
    while (!line_word_is(p->line, 1, knob_word(rate_knobs[i].knob))) {
        i++;
    }
    struct throttle_rate *rate = &p->plan->settings.limits.rates[rate_knobs[i].throttle];
    int code = throttle_rate_parse(line_word(p->line, at), rate);
    if (code < 0) {
        return MISTAKE(p, at, "'%.*s': %s", SPAN_ARG(line_word(p->line, at)), error_text(code));
    }
    return 0;
}

static int set_hub_sdk_faults(struct parser *p, size_t at)
{
    static const char *const states[] = {"on", "off"};
    bool is_on = line_word_is(p->line, at, "on");
    if (!is_on && !line_word_is(p->line, at, "off")) {
        return parser_unknown(p, at, "state", states, HR_COUNT_OF(states));
    }
    p->plan->settings.has_sdk_faults = is_on;
    return 0;
}

static int set_policy(struct parser *p, size_t at, enum tls_policy_key key)
{
    if (tls_policy_set(&p->plan->settings.tls, key, line_word(p->line, at)) < 0) {
        return MISTAKE(p, at, "%s", error_text(ERR_VALUE));
    }
    p->policy_use = line_place(p->line, at);
    return 0;
}

#define X(name, word, values, standard, meaning)                                                   \
    static int set_##name(struct parser *p, size_t at)                                             \
    {                                                                                              \
        return set_policy(p, at, POLICY_##name);                                                   \
    }
TLS_POLICY_TABLE(X)
#undef X

struct knob_rule {
    int (*set)(struct parser *p, size_t at);
    const char *later; // what does the same while the scenario runs
    bool takes_many;   // words to the end of the line
};

static const struct knob_rule rules[KNOB_COUNT] = {
    [KNOB_DEVICE_CLOCK] = {.set = set_device_clock, .later = "to change it in the run: time device = WHEN"},
    [KNOB_DEVICE_COUNT] = {.set = set_device_count, .later = "move it above the boot"},
    [KNOB_DEVICE_CLOCK_RATE] = {.set = set_device_clock_rate, .later = "a run has one rate: move it above the boot"},
    [KNOB_DEVICE_AUTH] = {.set = set_device_auth, .later = "move it above the boot"},
    [KNOB_DEVICE_CERTIFICATE] = {.set = set_device_certificate, .later = "move it above the boot"},
    [KNOB_DEVICE_KEY] = {.set = parser_set_device_key, .later = "move it above the boot"},
    [KNOB_DEVICE_MODULE] = {.set = parser_set_device_module, .later = "move it above the boot"},
    [KNOB_DEVICE_ROOT] = {set_device_root, "move it above the boot", true},
    [KNOB_DEVICE_PROVISIONING] = {.set = set_provisioning, .later = "move it above the boot"},
    [KNOB_DPS_CHAIN] = {.set = set_dps_chain, .later = "to change it in the run: dps chain NAME"},
    [KNOB_DPS_RETRY_AFTER] = {.set = set_dps_retry_after, .later = "move it above the boot"},
    [KNOB_DPS_ASSIGN_AFTER] = {.set = set_dps_assign_after, .later = "move it above the boot"},
    [KNOB_DPS_DISABLED] = {.set = set_dps_disabled, .later = "move it above the boot"},
    [KNOB_HUB_CHAIN] = {.set = set_hub_chain, .later = "to change it in the run: hub chain NAME"},
    [KNOB_HUB_CLOCK] = {.set = set_hub_clock, .later = "to change it in the run: time hub = WHEN"},
    [KNOB_HUB_CLOCK_RATE] = {.set = set_hub_clock_rate, .later = "a run has one rate: move it above the boot"},
    [KNOB_HUB_SAS_GRACE] = {.set = set_hub_sas_grace, .later = "move it above the boot"},
    [KNOB_HUB_TIER] = {.set = set_hub_tier, .later = "move it above the boot"},
    [KNOB_HUB_QUOTA] = {.set = set_hub_quota, .later = "move it above the boot"},
    [KNOB_HUB_CONNECT_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_D2C_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_C2D_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_TWIN_READ_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_TWIN_UPDATE_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_METHOD_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_LOCAL_AUTH] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_DEVICE_SAS] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_MODULE_SAS] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_ROLL_CUT] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_DISABLED_CONNACK] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_USERNAME_CONNACK] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_HOST_CONNACK] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_THROTTLED_CONNACK] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_SUBSCRIPTIONS] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_TWIN_TOO_LARGE] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_C2D_COUNTS] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_C2D_CLEAN] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_C2D_PROPERTIES] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_C2D_DELIVERIES] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_C2D_TTL] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_NO_RID] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_CSR_CODE] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_CONFLICT_CODE] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_DELAY] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_EXPIRES] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_DAYS] = {.set = parser_hub_knob, .later = "move it above the boot"},
    [KNOB_HUB_RENEWAL_RATE] = {.set = set_rate, .later = "move it above the boot"},
    [KNOB_HUB_SDK_FAULTS] = {.set = set_hub_sdk_faults, .later = "move it above the boot"},
    [KNOB_HUB_SNTP] = {parser_set_sntp, "to change it in the run: sntp MODE", true},
    [KNOB_DNS_HUB] = {parser_set_dns_hub, "to change it in the run: dns hub BEHAVIOUR", true},
    [KNOB_DNS_DPS] = {parser_set_dns_dps, "to change it in the run: dns dps BEHAVIOUR", true},
#define X(name, word, values, standard, meaning) [KNOB_##name] = {.set = set_##name, .later = "move it above the boot"},
    TLS_POLICY_TABLE(X)
#undef X
};

static int knob_find(struct parser *p, enum knob *out)
{
    const char *names[KNOB_COUNT];
    for (int i = 0; i < KNOB_COUNT; i++) {
        names[i] = knob_word((enum knob)i);
        if (span_equals_text(line_word(p->line, 1), names[i])) {
            *out = (enum knob)i;
            return 0;
        }
    }
    return parser_unknown(p, 1, "knob", names, KNOB_COUNT);
}

int parser_set(struct parser *p)
{
    enum knob knob = KNOB_COUNT;
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: set KNOB = VALUE");
    }
    TRY(knob_find(p, &knob));
    if (p->boot_line) {
        return MISTAKE(p, 0, "'set' comes after 'boot device' on line %d; %s", p->boot_line,
                       rules[knob].later);
    }
    if (p->knob_lines[knob]) {
        return MISTAKE(p, 1, "%s is set already on line %d", knob_word(knob), p->knob_lines[knob]);
    }
    if (!line_word_is(p->line, 2, "=") || p->line->count < 4) {
        return MISTAKE(p, line_word_is(p->line, 2, "=") ? 3 : 2, "expected: set %s = %s",
                       knob_word(knob), knob_values(knob));
    }
    p->knob_lines[knob] = p->line->at.line;
    TRY(rules[knob].set(p, 3));
    return rules[knob].takes_many ? 0 : parser_end(p, 4);
}

static int drop_how_of(struct parser *p, size_t at, enum drop_how *out)
{
    static const char *const hows[] = {"fin", "rst"};
    bool is_rst = line_word_is(p->line, at, "rst");
    if (p->line->count <= at) {
        return MISTAKE(p, at, "expected: hub drop fin|rst");
    }
    if (!is_rst && !line_word_is(p->line, at, "fin")) {
        return parser_unknown(p, at, "way to drop", hows, HR_COUNT_OF(hows));
    }
    *out = is_rst ? DROP_RST : DROP_FIN;
    return 0;
}

static int parse_fault(struct parser *p, struct step *step)
{
    struct span words[LINE_WORDS_MOST];
    size_t bad = 0;
    size_t count = p->line->count - 1;
    for (size_t i = 0; i < count; i++) {
        words[i] = p->line->words[i + 1].text;
    }
    step->verb = HUB_FAULT;
    int code = fault_parse(words, count, &step->fault, &bad);
    if (code == 0) {
        return 0;
    }
    return MISTAKE(p, bad + 1, "%s", error_text(code));
}

static bool is_fault_word(struct span word)
{
    for (int i = FAULT_NONE + 1; i < FAULT_KIND_COUNT; i++) {
        if (span_equals_text(word, fault_word((enum fault_kind)i))) {
            return true;
        }
    }
    return false;
}

static int parse_hub_chain(struct parser *p, struct step *step)
{
    TRY(parser_chain(p, 2, step->chain));
    return parser_end(p, 3);
}

static int parse_hub_drop(struct parser *p, struct step *step)
{
    return p->line->count > 3 ? parse_fault(p, step) : drop_how_of(p, 2, &step->drop);
}

// Alone it acts now; with a place it is the fault of that name.
static int parse_hub_takeover(struct parser *p, struct step *step)
{
    return p->line->count > 2 ? parse_fault(p, step) : 0;
}

static int parse_hub_plain(struct parser *p, struct step *step)
{
    (void)step;
    return parser_end(p, 2);
}

static int parse_hub_roll(struct parser *p, struct step *step)
{
    static const char *const keys[] = {"primary", "secondary"};
    step->is_secondary = line_word_is(p->line, 2, "secondary");
    if (p->line->count < 3) {
        return MISTAKE(p, 2, "expected: hub roll primary|secondary");
    }
    if (!step->is_secondary && !line_word_is(p->line, 2, "primary")) {
        return parser_unknown(p, 2, "key", keys, HR_COUNT_OF(keys));
    }
    return parser_end(p, 3);
}

enum { HUB_ROWS_MOST = 16 };

struct hub_row {
    const char *word;
    enum hub_verb verb;
    int (*parse)(struct parser *p, struct step *step);
};

static const struct hub_row hub_rows[] = {
    {"chain", HUB_CHAIN, parse_hub_chain},    {"drop", HUB_DROP, parse_hub_drop},
    {"clear", HUB_CLEAR, parse_hub_plain},    {"disable", HUB_DISABLE, parse_hub_plain},
    {"enable", HUB_ENABLE, parse_hub_plain},  {"c2d", HUB_C2D, parser_c2d},
    {"desired", HUB_DESIRED, parser_desired}, {"method", HUB_METHOD, parser_method},
    {"roll", HUB_ROLL, parse_hub_roll},       {"takeover", HUB_TAKEOVER, parse_hub_takeover},
    {"remove", HUB_REMOVE, parse_hub_plain},
};

static int parse_dps_assign(struct parser *p, struct step *step)
{
    static const char *const hubs[] = {"hub1", "hub2"};
    step->hub_index = line_word_is(p->line, 2, "hub2");
    if (p->line->count < 3) {
        return MISTAKE(p, 2, "expected: dps assign hub1|hub2");
    }
    if (!step->hub_index && !line_word_is(p->line, 2, "hub1")) {
        return parser_unknown(p, 2, "hub", hubs, HR_COUNT_OF(hubs));
    }
    return parser_end(p, 3);
}

static int unknown_verb(struct parser *p, const char *what, const struct hub_row *rows,
                        size_t row_count)
{
    const char *names[HUB_ROWS_MOST + FAULT_KIND_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < row_count; i++) {
        names[count++] = rows[i].word;
    }
    for (int i = FAULT_NONE + 1; i < FAULT_KIND_COUNT; i++) {
        names[count++] = fault_word((enum fault_kind)i);
    }
    return parser_unknown(p, 1, what, names, count);
}

int parser_hub(struct parser *p, struct step *step)
{
    struct span word = line_word(p->line, 1);
    for (size_t i = 0; i < HR_COUNT_OF(hub_rows); i++) {
        if (span_equals_text(word, hub_rows[i].word)) {
            step->verb = hub_rows[i].verb;
            return hub_rows[i].parse(p, step);
        }
    }
    if (is_fault_word(word)) {
        return parse_fault(p, step);
    }
    if (word.len == 0) {
        return MISTAKE(p, 1,
                       "expected: hub chain NAME | drop fin|rst | FAULT | clear | disable | enable "
                       "| c2d BODY | "
                       "desired JSON | method NAME | roll primary|secondary | takeover | remove");
    }
    return unknown_verb(p, "hub verb or fault", hub_rows, HR_COUNT_OF(hub_rows));
}

// At the service's own place, whether the hub's or its own was named, or none.
static int parse_dps_fault(struct parser *p, struct step *step)
{
    TRY(parse_fault(p, step));
    enum fault_site site = site_of_dps(step->fault.site);
    if (site == SITE_COUNT) {
        return MISTAKE(p, 1, "the provisioning service has no place like %s",
                       site_word(step->fault.site));
    }
    if (!(fault_classes(step->fault.kind) & site_classes(site))) {
        return MISTAKE(p, 1, "%s makes no sense at %s", fault_word(step->fault.kind),
                       site_word(site));
    }
    step->fault.site = site;
    return 0;
}

static const struct hub_row dps_rows[] = {
    {"assign", HUB_DPS_ASSIGN, parse_dps_assign},
    {"chain", HUB_DPS_CHAIN, parse_hub_chain},
    {"disable", HUB_DPS_DISABLE, parse_hub_plain},
    {"enable", HUB_DPS_ENABLE, parse_hub_plain},
};

int parser_dps(struct parser *p, struct step *step)
{
    struct span word = line_word(p->line, 1);
    parser_uses(p, CAPABILITY_DPS, 0, "this");
    for (size_t i = 0; i < HR_COUNT_OF(dps_rows); i++) {
        if (span_equals_text(word, dps_rows[i].word)) {
            step->verb = dps_rows[i].verb;
            return dps_rows[i].parse(p, step);
        }
    }
    if (word.len == 0) {
        return MISTAKE(p, 1,
                       "expected: dps chain NAME | FAULT | disable | enable | assign hub1|hub2");
    }
    return is_fault_word(word)
               ? parse_dps_fault(p, step)
               : unknown_verb(p, "dps verb or fault", dps_rows, HR_COUNT_OF(dps_rows));
}

int parser_net(struct parser *p, struct step *step)
{
    const char *names[FAULT_KIND_COUNT + 1] = {"clear"};
    size_t count = 1;
    struct span word = line_word(p->line, 1);
    if (span_equals_text(word, "clear")) {
        step->verb = HUB_NET_CLEAR;
        return parser_end(p, 2);
    }
    for (int i = FAULT_NONE + 1; i < FAULT_KIND_COUNT; i++) {
        if (fault_is_state((enum fault_kind)i)) {
            names[count++] = fault_word((enum fault_kind)i);
        }
    }
    for (size_t i = 1; i < count; i++) {
        if (span_equals_text(word, names[i])) {
            return parse_fault(p, step);
        }
    }
    if (word.len == 0) {
        return MISTAKE(p, 1, "expected: net FAULT... | clear");
    }
    return parser_unknown(p, 1, "fault of the network", names, count);
}
