// SPDX-License-Identifier: MIT
#include "harness/scenario/plan.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/scenario/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_STANDARD_S = 60, STEPS_MOST = 10000 };

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

// The statement as written, without a comment behind it.
static struct span statement_of(const struct line *line)
{
    const struct word *last = &line->words[line->count - 1];
    size_t end = (size_t)last->column - 1;
    if (!last->is_quoted) {
        end += last->text.len;
    } else {
        end++;
        while (end < line->source.len && line->source.ptr[end] != '"') {
            end += line->source.ptr[end] == '\\' ? 2 : 1;
        }
        end++;
    }
    size_t begin = (size_t)line->words[0].column - 1;
    return span_slice(line->source, begin, end - begin);
}

// Columns of blanks line a file up; in a sentence one is enough.
static void collapse_blanks(char *text)
{
    char *to = text;
    bool is_quoted = false;
    for (const char *from = text; *from; from++) {
        is_quoted ^= *from == '"' && (from == text || from[-1] != '\\');
        bool is_blank = *from == ' ' || *from == '\t';
        if (!is_quoted && is_blank && to > text && to[-1] == ' ') {
            continue;
        }
        *to++ = !is_quoted && is_blank ? ' ' : *from;
    }
    *to = '\0';
}

int parser_add_step(struct parser *p, enum step_kind kind, struct step **out)
{
    struct plan *plan = p->plan;
    if (plan->step_count == STEPS_MOST) {
        return MISTAKE(p, 0, "more than %d statements; split the scenario", STEPS_MOST);
    }
    if (plan->step_count == p->step_room) {
        size_t room = p->step_room ? p->step_room * 2 : 16;
        struct step *grown = realloc(plan->steps, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        plan->steps = grown;
        p->step_room = room;
    }
    struct step *step = &plan->steps[plan->step_count++];
    *step = (struct step){.kind = kind,
                          .file = p->file,
                          .line = p->line->at.line,
                          .column = p->line->words[0].column};
    *out = step;
    TRY(parser_text(&step->source, statement_of(p->line)));
    collapse_blanks(step->source);
    return 0;
}

static int parse_boot(struct parser *p)
{
    struct step *step;
    if (!line_word_is(p->line, 1, "device")) {
        return MISTAKE(p, 1, "expected: boot device");
    }
    TRY(parser_end(p, 2));
    if (p->boot_line) {
        return MISTAKE(p, 0, "the device is booted already on line %d", p->boot_line);
    }
    p->boot_line = p->line->at.line;
    return parser_add_step(p, STEP_BOOT, &step);
}

static int parse_time(struct parser *p)
{
    static const char *const whose[] = {"device", "hub"};
    struct step *step;
    bool is_device = line_word_is(p->line, 1, "device");
    if (p->line->count < 4 || !line_word_is(p->line, 2, "=")) {
        return MISTAKE(p, p->line->count < 2 ? 1 : 2, "expected: time device|hub = WHEN");
    }
    if (!is_device && !line_word_is(p->line, 1, "hub")) {
        return parser_unknown(p, 1, "clock", whose, HR_COUNT_OF(whose));
    }
    if (is_device) {
        parser_uses(p, CAPABILITY_CLOCK, 0, "'time device'");
    }
    TRY(parser_add_step(p, STEP_TIME, &step));
    step->is_device = is_device;
    TRY(parser_when(p, 3, is_device, &step->when));
    return parser_end(p, 4);
}

static int parse_wait(struct parser *p)
{
    struct step *step;
    TRY(parser_add_step(p, STEP_WAIT, &step));
    TRY(parser_duration(p, 1, 1, &step->duration_us));
    return parser_end(p, 2);
}

static int parse_log(struct parser *p)
{
    struct step *step;
    TRY(parser_add_step(p, STEP_LOG, &step));
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: log WORDS");
    }
    return parser_words(p, &step->text, 1);
}

// These come from the rig itself; all else needs a device that runs.
static bool needs_boot(enum event_type type)
{
    static const char *const own[] = {"run.",       "hub.",         "fault.", "net.",
                                      "c2d.queued", "twin.desired", "dps.chain"};
    for (size_t i = 0; i < HR_COUNT_OF(own); i++) {
        if (span_starts_with(span_text(event_word(type)), span_text(own[i]))) {
            return false;
        }
    }
    return true;
}

static int parse_expect(struct parser *p)
{
    struct step *step;
    int oracle = parser_oracle_of(p);
    if (oracle >= 0) {
        TRY(parser_add_step(p, STEP_ORACLE, &step));
        return parser_oracle(p, (enum oracle_kind)oracle, false, step);
    }
    bool is_count = line_word_is(p->line, 1, "count");
    size_t next = 0;
    TRY(parser_add_step(p, is_count ? STEP_COUNT : STEP_EXPECT, &step));
    TRY(parser_match(p, is_count ? 2 : 1, &step->match, &next));
    if (is_count) {
        TRY(parser_range(p, next, &step->least, &step->most));
        next++;
    }
    if (!line_word_is(p->line, next, "within")) {
        return MISTAKE(p, next, "expected 'within DURATION' here");
    }
    TRY(parser_duration(p, next + 1, 1, &step->duration_us));
    TRY(parser_end(p, next + 2));
    if (!p->boot_line && needs_boot(step->match.type)) {
        return MISTAKE(p, 0, "this comes before 'boot device', so no %s can be seen",
                       event_word(step->match.type));
    }
    return 0;
}

static int parse_never(struct parser *p)
{
    struct step *step;
    size_t next = 0;
    TRY(parser_add_step(p, STEP_NEVER, &step));
    int oracle = parser_oracle_of(p);
    if (oracle >= 0) {
        return parser_oracle(p, (enum oracle_kind)oracle, true, step);
    }
    TRY(parser_match(p, 1, &step->match, &next));
    if (line_word_is(p->line, next, "before")) {
        step->has_before = true;
        TRY(parser_match(p, next + 1, &step->before, &next));
    }
    return parser_end(p, next);
}

// blocks.c reads these; here they come only with their verb filled in by a name.
static int parse_block(struct parser *p)
{
    return MISTAKE(p, 0, "repeat, end, param and include must stand there as they are, not come from "
                         "a name");
}

static int parse_while(struct parser *p)
{
    struct step *step;
    TRY(parser_add_step(p, STEP_WHILE, &step));
    return parser_while(p, step);
}

static int parse_device(struct parser *p)
{
    struct step *step;
    if (!p->boot_line) {
        return MISTAKE(p, 0, "this comes before 'boot device'");
    }
    TRY(parser_add_step(p, STEP_DEVICE, &step));
    return parser_device(p, step);
}

struct verb {
    const char *word;
    int (*parse)(struct parser *p); // NULL: a hub step that change() fills in
    const char *form;
    const char *meaning;
    int (*change)(struct parser *p, struct step *step);
    bool is_act; // may stand behind 'do'
};

#define VERB(word, parse, form, meaning)    {word, parse, form, meaning, NULL, false}
#define ACT(word, parse, form, meaning)     {word, parse, form, meaning, NULL, true}
#define CHANGE(word, change, form, meaning) {word, NULL, form, meaning, change, true}

static const struct verb verbs[] = {
    VERB("scenario", parser_head_scenario, "scenario NAME",
     "first statement; NAME is the file's place in its suite, such as smoke.connect"),
    VERB("about", parser_head_about, "about WORDS", "one line for reports"),
    VERB("why", parser_head_why, "why WORDS", "what its failure costs somebody in the field"),
    VERB("level", parser_head_level, "level must|should|info", "how binding it is; must unless told"),
    VERB("source", parser_head_source, "source WORDS", "the clause or document that it rests on"),
    VERB("tags", parser_head_tags, "tags WORD...", "words to select scenarios by"),
    VERB("needs", parser_head_needs, "needs CAPABILITY ...",
     "what the device must offer, else the scenario is skipped"),
    VERB("limit", parser_head_limit, "limit DURATION", "longest run, 60s unless told"),
    VERB("set", parser_set, "set KNOB = VALUE", "a knob, before the boot"),
    VERB("boot", parse_boot, "boot device", "start the device; exactly once"),
    ACT("time", parse_time, "time device|hub = WHEN", "set a clock while the scenario runs"),
    ACT("device", parse_device, "device power on|off | reset | send WORDS",
     "cut the device's power or give it back, reset it, type on its console"),
    CHANGE("hub", parser_hub, "hub chain NAME | drop fin|rst | FAULT... | clear | disable | enable | c2d BODY | "
     "desired JSON | method NAME [JSON | size BYTES] | roll primary|secondary | takeover | remove",
     "change what the hub does"),
    CHANGE("dps", parser_dps, "dps chain NAME | FAULT... | disable | enable | assign hub1|hub2",
     "change what the provisioning service does"),
    CHANGE("net", parser_net, "net FAULT... | clear", "change the network between: a fault of it, or none"),
    CHANGE("sntp", parser_sntp, "sntp MODE", "change what the time server answers"),
    CHANGE("dns", parser_dns, "dns hub|dps|NAME BEHAVIOUR", "change how the name server answers"),
    VERB("wait", parse_wait, "wait DURATION", "let time pass"),
    ACT("log", parse_log, "log WORDS", "a remark in the journal"),
    VERB("measure", parser_measure, "measure NAME = AMOUNT UNIT [enough AMOUNT]",
     "how far the device got, for verdict and reports; the last of a name counts, and once it is 'enough' "
     "an expect that is not met ends the run as warn"),
    VERB("expect", parse_expect, "expect [count] MATCH [RANGE] within DURATION | ORACLE ...",
     "fail unless the event comes in time, as often as the range says, or as the oracle judges"),
    VERB("repeat", parse_block, "repeat N | repeat NAME in VALUE...",
     "the lines up to 'end' N times, or once per value, with {NAME} filled in"),
    VERB("end", parse_block, "end", "the end of a repeat"),
    VERB("param", parse_block, "param NAME = VALUE", "{NAME} in later lines stands for the value"),
    VERB("include", parse_block, "include FILE",
     "the statements of FILE, beside this one, as if they stood here"),
    VERB("never", parse_never, "never MATCH [before MATCH] | ORACLE ...",
     "fail as soon as the event comes, from this line on"),
    VERB("while", parse_while,
     "while MATCH until MATCH never MATCH | expect MATCH [within DURATION] | expect count MATCH RANGE",
     "judge every time between the two events, from this line on"),
    VERB("when", parser_when_do, "when MATCH [times N] do STATEMENT",
     "do it at the next such event, from this line on; nobody waits for it"),
};

size_t plan_verb_count(void)
{
    return HR_COUNT_OF(verbs);
}

const char *plan_verb(size_t i, const char **form, const char **meaning)
{
    *form = verbs[i].form;
    *meaning = verbs[i].meaning;
    return verbs[i].word;
}

static int parse_verb(struct parser *p, const struct verb *verb)
{
    struct step *step;
    if (verb->parse) {
        return verb->parse(p);
    }
    TRY(parser_add_step(p, STEP_HUB, &step));
    return verb->change(p, step);
}

static const struct verb *verb_of(struct span word)
{
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        if (span_equals_text(word, verbs[i].word)) {
            return &verbs[i];
        }
    }
    return NULL;
}

// The last step leaves the list: it is done when something happens, not in its turn.
static int take_last_step(struct parser *p, struct step **out)
{
    *out = malloc(sizeof **out);
    ENSURE(*out != NULL, ERR_NO_MEMORY);
    **out = p->plan->steps[--p->plan->step_count];
    return 0;
}

int parser_act(struct parser *p, size_t at, struct step **out)
{
    const struct verb *verb = verb_of(line_word(p->line, at));
    if (!verb || !verb->is_act) {
        const char *names[HR_COUNT_OF(verbs)];
        size_t count = 0;
        for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
            names[count] = verbs[i].word;
            count += verbs[i].is_act;
        }
        return parser_unknown(p, at, "act behind 'do'", names, count);
    }
    const struct line *whole = p->line;
    const struct line rest = {whole->at, whole->words + at, whole->count - at, whole->source};
    p->line = &rest;
    int code = parse_verb(p, verb);
    p->line = whole;
    TRY(code);
    return take_last_step(p, out);
}

static int parse_line(struct parser *p)
{
    struct span word = line_word(p->line, 0);
    bool is_first = !p->has_first;
    p->has_first = true;
    const struct verb *verb = verb_of(word);
    if (verb && is_first && verb->parse != parser_head_scenario) {
        MISTAKE(p, 0, "the first statement must be: scenario NAME");
    }
    if (verb) {
        return parse_verb(p, verb);
    }
    const char *names[HR_COUNT_OF(verbs)];
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        names[i] = verbs[i].word;
    }
    char hint[96];
    return MISTAKE(p, 0, "unknown verb '%.*s'%s", SPAN_ARG(word),
                   suggest_text(word, names, HR_COUNT_OF(verbs), hint));
}

// The versions that a device must speak, and the ones that the hub takes.
static void check_policy(struct parser *p)
{
    struct tls_policy *tls = &p->plan->settings.tls;
    bool needs_tls13 = p->plan->needs & CAN(TLS13);
    if (needs_tls13 && !p->knob_lines[KNOB_TLS_VERSIONS]) {
        tls->version_least = 0x0303;
        tls->version_most = 0x0304;
    }
    struct place at = p->policy_use.line ? p->policy_use : p->tls13_use;
    if (needs_tls13 && tls_policy_most(tls) < 0x0304) {
        diag_add(p->diags, at, "the scenario needs tls1.3, and hub.tls_versions leaves it out");
    } else if (!needs_tls13 && tls_policy_least(tls) == 0x0304) {
        diag_add(p->diags, at, "TLS 1.3 alone needs a device that speaks it; add: needs tls1.3");
    } else if (tls_policy_check(tls) < 0) {
        diag_add(p->diags, at, "%s", error_text(ERR_VALUE));
    }
}

// With one rate for both, a device whose clock is real takes its time.
static void check_rates(struct parser *p)
{
    const struct settings *s = &p->plan->settings;
    if (s->device_rate_ppm != RATE_REAL_PPM && s->device_rate_ppm != settings_hub_rate_ppm(s) &&
        !p->uses[CAPABILITY_CLOCK].at.line) {
        p->uses[CAPABILITY_CLOCK].at =
            (struct place){p->plan->file, p->knob_lines[KNOB_DEVICE_CLOCK_RATE], 5};
        p->uses[CAPABILITY_CLOCK].what = "a rate that is not the hub's";
    }
}

static void check_certificate(struct parser *p)
{
    const struct settings *s = &p->plan->settings;
    bool is_by_certificate = s->is_x509 || s->provisioning == PROVISIONING_X509 ||
                             s->provisioning == PROVISIONING_X509_GROUP;
    if (s->has_other_certificate && !is_by_certificate) {
        diag_add(p->diags, p->certificate_use,
                 "a device with a key presents no certificate; add: set device.auth = x509 (or ca)");
    }
}

// What only the whole file shows.
static void check_whole(struct parser *p)
{
    struct place top = {p->plan->file, 1, 1};
    if (!p->has_first) {
        diag_add(p->diags, top, "the file has no statement; it starts with: scenario NAME");
        return;
    }
    if (!p->boot_line) {
        top.line = p->scenario_line ? p->scenario_line : 1;
        diag_add(p->diags, top, "no 'boot device': the scenario never starts the device");
    }
    check_rates(p);
    for (int i = 0; i < CAPABILITY_COUNT; i++) {
        if (p->uses[i].at.line && !(p->plan->needs & 1U << i)) {
            diag_add(p->diags, p->uses[i].at, "%s needs a device %s; add: needs %s", p->uses[i].what,
                     capability_claim((size_t)i), capability_word((size_t)i));
        }
    }
    check_certificate(p);
    parser_check_identity(p);
    if (p->plan->settings.device_count > 1 && p->plan->settings.provisioning != PROVISIONING_NONE) {
        diag_add(p->diags, p->count_use, "several devices cannot be provisioned first; leave "
                                         "device.count or device.provisioning out");
    }
    check_policy(p);
}

static int by_place(const void *a, const void *b)
{
    const struct diag *x = a;
    const struct diag *y = b;
    int files = strcmp(x->file, y->file);
    return files               ? files
           : x->line != y->line ? (x->line > y->line) - (x->line < y->line)
                              : (x->column > y->column) - (x->column < y->column);
}

static int parse_script(struct parser *p, const struct line_script *script)
{
    TRY(parser_blocks(p, script, parse_line));
    check_whole(p);
    return 0;
}

static int plan_init(struct plan *plan, const char *file)
{
    *plan = (struct plan){
        .limit_us = (uint64_t)LIMIT_STANDARD_S * 1000000,
        .settings = {.device_clock = {.kind = WHEN_HUB},
                     .device_count = 1,
                     .device_rate_ppm = RATE_REAL_PPM,
                     .hub_clock = {.kind = WHEN_REAL},
                     .sas_grace_us = UINT64_C(300) * 1000000,
                     .dps_retry_after_us = 3000000,
                     .dps_assign_after_us = 1000000},
    };
    hub_limits_of_tier(HUB_TIER_NONE, 1, &plan->settings.limits);
    hub_settings_init(&plan->settings.hub, "");
    span_copy_text(span_text(knob_default(KNOB_DEVICE_ROOT)), plan->settings.device_root,
                   sizeof plan->settings.device_root);
    span_copy_text(span_text(knob_default(KNOB_DPS_CHAIN)), plan->settings.dps_chain,
                   sizeof plan->settings.dps_chain);
    span_copy_text(span_text(knob_default(KNOB_HUB_CHAIN)), plan->settings.hub_chain,
                   sizeof plan->settings.hub_chain);
    TRY(parser_text(&plan->file, span_text(file)));
    TRY(parser_text(&plan->about, SPAN_EMPTY));
    TRY(parser_text(&plan->why, SPAN_EMPTY));
    TRY(parser_text(&plan->basis, SPAN_EMPTY));
    return parser_text(&plan->name, SPAN_EMPTY);
}

static void close_included(struct parser *p)
{
    for (size_t i = 0; i < p->plan->included_count; i++) {
        line_deinit(&p->included[i]);
    }
}

// `lexed` is what the lexer returned; its mistakes are in `diags` already.
static int plan_build(int lexed, const struct line_script *script, struct parser *p, size_t known)
{
    if (lexed < 0 && lexed != ERR_SYNTAX) {
        return lexed;
    }
    TRY(parser_text(&p->plan->source, buf_span(&script->text)));
    int code = parse_script(p, script);
    close_included(p);
    TRY(code);
    if (p->diags->count > known) {
        qsort(&p->diags->items[known], p->diags->count - known, sizeof *p->diags->items, by_place);
    }
    size_t mistakes = p->diags->count + p->diags->dropped - known;
    if (mistakes) {
        FAIL(ERR_SYNTAX, "%s: mistakes: %zu", p->plan->file, mistakes);
    }
    return 0;
}

int plan_read(const char *path, const char *const *chain_names, size_t chain_count,
              struct plan *out, struct diag_list *diags)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    struct parser p = {
        .plan = out, .diags = diags, .chain_names = chain_names, .chain_count = chain_count};
    size_t known = diags->count + diags->dropped;
    TRY(plan_init(out, path));
    return plan_build(line_read(path, &script, diags), &script, &p, known);
}

int plan_parse(const char *name, struct span text, const char *const *chain_names,
               size_t chain_count, struct plan *out, struct diag_list *diags)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    struct parser p = {
        .plan = out, .diags = diags, .chain_names = chain_names, .chain_count = chain_count};
    size_t known = diags->count + diags->dropped;
    TRY(plan_init(out, name));
    return plan_build(line_parse(name, text, &script, diags), &script, &p, known);
}

static void step_deinit(struct step *step)
{
    free(step->source);
    free(step->text);
    free(step->message);
    free(step->oracle);
    free(step->during);
    free(step->measure);
    if (step->then) { // an act, which has none itself
        free(step->then->source);
        free(step->then->text);
        free(step->then->message);
        free(step->then);
    }
}

void plan_deinit(struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        step_deinit(&plan->steps[i]);
    }
    for (size_t i = 0; i < plan->included_count; i++) {
        free(plan->included[i]);
    }
    free(plan->steps);
    free(plan->file);
    free(plan->name);
    free(plan->about);
    free(plan->why);
    free(plan->basis);
    free(plan->source);
    *plan = (struct plan){0};
}

uint64_t plan_longest_us(const struct plan *plan)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        uint64_t more = plan->steps[i].duration_us;
        sum = more > UINT64_MAX - sum ? UINT64_MAX : sum + more;
    }
    return sum;
}
