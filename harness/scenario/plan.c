// SPDX-License-Identifier: MIT
#include "harness/scenario/plan.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/scenario/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_STANDARD_S = 60, STEPS_MOST = 10000, NAME_BYTES_MOST = 200 };

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

static int set_text(char **field, struct span text)
{
    free(*field);
    *field = span_dup_text(text);
    ENSURE(*field != NULL, ERR_NO_MEMORY);
    return 0;
}

// Words from `at` on as one text.
static int set_words(struct parser *p, char **field, size_t at)
{
    struct buf joined HR_CLEANUP(buf_deinit);
    buf_init(&joined, LINE_FILE_BYTES_MOST);
    TRY(line_join(p->line, at, &joined));
    return set_text(field, buf_span(&joined));
}

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

static int add_step(struct parser *p, enum step_kind kind, struct step **out)
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
    *step = (struct step){.kind = kind, .line = p->line->at.line, .column = p->line->at.column};
    *out = step;
    TRY(set_text(&step->source, statement_of(p->line)));
    collapse_blanks(step->source);
    return 0;
}

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

// The file's last two path parts: *folder is empty for a bare file name.
static void place_in_suite(const char *file, struct span *folder, struct span *stem)
{
    struct span path = span_text(file);
    while (span_starts_with(path, SPAN_LITERAL("./"))) {
        path = span_from(path, 2);
    }
    struct span rest = path;
    *folder = SPAN_EMPTY;
    *stem = path;
    while (rest.ptr) {
        *folder = *stem;
        *stem = span_cut(rest, '/', &rest);
    }
    if (stem->len == path.len) {
        *folder = SPAN_EMPTY;
    }
    if (span_ends_with(*stem, SPAN_LITERAL(".scn"))) {
        stem->len -= 4;
    }
}

static int check_name(struct parser *p, struct span word)
{
    struct span folder, stem;
    char wanted[NAME_BYTES_MOST * 2];
    for (size_t i = 0; i < word.len; i++) {
        if (!is_name_char(word.ptr[i]) && word.ptr[i] != '/') {
            return MISTAKE(p, 1, "a name has letters, digits, '-', '_' and '.' only");
        }
    }
    if (word.len > NAME_BYTES_MOST) {
        return MISTAKE(p, 1, "the name is longer than %d bytes", NAME_BYTES_MOST);
    }
    place_in_suite(p->plan->file, &folder, &stem);
    snprintf(wanted, sizeof wanted, "%.*s%s%.*s", SPAN_ARG(folder), folder.len ? "." : "",
             SPAN_ARG(stem));
    for (char *at = p->plan->name; *at; at++) {
        *at = *at == '/' ? '.' : *at;
    }
    if (strcmp(p->plan->name, wanted) == 0) {
        return 0;
    }
    // A bare file name does not show its folder, so only the last part can be compared.
    const char *last = strrchr(p->plan->name, '.');
    if (folder.len == 0 && last && span_equals_text(stem, last + 1)) {
        return 0;
    }
    return MISTAKE(p, 1, "the file's place asks for the name '%s', seen '%.*s'", wanted,
                   SPAN_ARG(word));
}

static int parse_scenario(struct parser *p)
{
    if (p->scenario_line) {
        return MISTAKE(p, 0, "'scenario' stands already on line %d; one scenario per file",
                       p->scenario_line);
    }
    p->scenario_line = p->line->at.line;
    struct span word = line_word(p->line, 1);
    if (word.len == 0) {
        return MISTAKE(p, 1, "expected: scenario NAME");
    }
    TRY(set_text(&p->plan->name, word));
    TRY(check_name(p, word));
    return parser_end(p, 2);
}

// One statement of free words, given once.
static int parse_words(struct parser *p, const char *verb, int *line, char **out)
{
    if (*line) {
        return MISTAKE(p, 0, "'%s' stands already on line %d", verb, *line);
    }
    *line = p->line->at.line;
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: %s WORDS", verb);
    }
    return set_words(p, out, 1);
}

static int parse_about(struct parser *p)
{
    return parse_words(p, "about", &p->about_line, &p->plan->about);
}

static int parse_why(struct parser *p)
{
    return parse_words(p, "why", &p->why_line, &p->plan->why);
}

static int parse_source(struct parser *p)
{
    return parse_words(p, "source", &p->basis_line, &p->plan->basis);
}

static const char *const level_words[] = {"must", "should", "info"};

const char *level_word(enum level level)
{
    return level_words[level];
}

static int parse_level(struct parser *p)
{
    if (p->level_line) {
        return MISTAKE(p, 0, "'level' stands already on line %d", p->level_line);
    }
    p->level_line = p->line->at.line;
    for (size_t i = 0; i < HR_COUNT_OF(level_words); i++) {
        if (line_word_is(p->line, 1, level_words[i])) {
            p->plan->level = (enum level)i;
            return parser_end(p, 2);
        }
    }
    return parser_unknown(p, 1, "level", level_words, HR_COUNT_OF(level_words));
}

static int parse_tags(struct parser *p)
{
    struct plan *plan = p->plan;
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: tags WORD...");
    }
    for (size_t i = 1; i < p->line->count; i++) {
        if (plan->tag_count == HR_COUNT_OF(plan->tags)) {
            return MISTAKE(p, i, "more than %zu tags", HR_COUNT_OF(plan->tags));
        }
        struct span tag = line_word(p->line, i);
        if (tag.len == 0 ||
            !span_copy_text(tag, plan->tags[plan->tag_count], sizeof plan->tags[0])) {
            return MISTAKE(p, i, "a tag has 1 to %zu bytes", sizeof plan->tags[0] - 1);
        }
        plan->tag_count++;
    }
    return 0;
}

static int parse_needs(struct parser *p)
{
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: needs clock|x509|dps|tls1.3|sntp|echo|quiet|seldom|memory ...");
    }
    for (size_t i = 1; i < p->line->count; i++) {
        unsigned bit = capability_of(line_word(p->line, i));
        if (!bit) {
            return parser_unknown(p, i, "capability", capability_words(), CAPABILITY_COUNT);
        }
        p->plan->needs |= bit;
        if (bit == CAN(TLS13)) {
            p->tls13_use = line_place(p->line, i);
        }
        p->plan->needs_services = p->plan->needs_services || bit == CAN(SNTP);
    }
    return 0;
}

static int parse_limit(struct parser *p)
{
    if (p->limit_line) {
        return MISTAKE(p, 0, "'limit' stands already on line %d", p->limit_line);
    }
    p->limit_line = p->line->at.line;
    TRY(parser_duration(p, 1, 1000, &p->plan->limit_us));
    return parser_end(p, 2);
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
    return add_step(p, STEP_BOOT, &step);
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
    if (is_device && !p->clock_use.line) {
        p->clock_use = line_place(p->line, 0);
        p->clock_why = "'time device'";
    }
    TRY(add_step(p, STEP_TIME, &step));
    step->is_device = is_device;
    TRY(parser_when(p, 3, is_device, &step->when));
    return parser_end(p, 4);
}

static int parse_hub(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_HUB, &step));
    return parser_hub(p, step);
}

static int parse_dps(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_HUB, &step));
    return parser_dps(p, step);
}

static int parse_net(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_HUB, &step));
    return parser_net(p, step);
}

static int parse_sntp(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_HUB, &step));
    return parser_sntp(p, step);
}

static int parse_dns(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_HUB, &step));
    return parser_dns(p, step);
}

static int parse_wait(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_WAIT, &step));
    TRY(parser_duration(p, 1, 1, &step->duration_us));
    return parser_end(p, 2);
}

static int parse_log(struct parser *p)
{
    struct step *step;
    TRY(add_step(p, STEP_LOG, &step));
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: log WORDS");
    }
    return set_words(p, &step->text, 1);
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
        TRY(add_step(p, STEP_ORACLE, &step));
        return parser_oracle(p, (enum oracle_kind)oracle, false, step);
    }
    bool is_count = line_word_is(p->line, 1, "count");
    size_t next = 0;
    TRY(add_step(p, is_count ? STEP_COUNT : STEP_EXPECT, &step));
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
    TRY(add_step(p, STEP_NEVER, &step));
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
    return MISTAKE(p, 0, "repeat, end and param must stand there as they are, not come from a name");
}

struct verb {
    const char *word;
    int (*parse)(struct parser *p);
    const char *form;
    const char *meaning;
};

static const struct verb verbs[] = {
    {"scenario", parse_scenario, "scenario NAME",
     "first statement; NAME is the file's place in its suite, such as smoke.connect"},
    {"about", parse_about, "about WORDS", "one line for reports"},
    {"why", parse_why, "why WORDS", "what its failure costs somebody in the field"},
    {"level", parse_level, "level must|should|info", "how binding it is; must unless told"},
    {"source", parse_source, "source WORDS", "the clause or document that it rests on"},
    {"tags", parse_tags, "tags WORD...", "words to select scenarios by"},
    {"needs", parse_needs, "needs clock|x509|dps|tls1.3|sntp|echo|quiet|seldom|memory ...",
     "what the device must offer, else the scenario is skipped"},
    {"limit", parse_limit, "limit DURATION", "longest run, 60s unless told"},
    {"set", parser_set, "set KNOB = VALUE", "a knob, before the boot"},
    {"boot", parse_boot, "boot device", "start the device; exactly once"},
    {"time", parse_time, "time device|hub = WHEN", "set a clock while the scenario runs"},
    {"hub", parse_hub, "hub chain NAME | drop fin|rst | FAULT... | clear | disable | enable | c2d BODY | "
     "desired JSON | method NAME [JSON] | roll primary|secondary | takeover",
     "change what the hub does"},
    {"dps", parse_dps, "dps chain NAME | disable | enable | assign hub1|hub2",
     "change what the provisioning service does"},
    {"net", parse_net, "net FAULT... | clear", "change the network between: a fault of it, or none"},
    {"sntp", parse_sntp, "sntp MODE", "change what the time server answers"},
    {"dns", parse_dns, "dns hub|dps|NAME BEHAVIOUR", "change how the name server answers"},
    {"wait", parse_wait, "wait DURATION", "let time pass"},
    {"log", parse_log, "log WORDS", "a remark in the journal"},
    {"expect", parse_expect, "expect [count] MATCH [RANGE] within DURATION | ORACLE ...",
     "fail unless the event comes in time, as often as the range says, or as the oracle judges"},
    {"repeat", parse_block, "repeat N | repeat NAME in VALUE...",
     "the lines up to 'end' N times, or once per value, with {NAME} filled in"},
    {"end", parse_block, "end", "the end of a repeat"},
    {"param", parse_block, "param NAME = VALUE", "{NAME} in later lines stands for the value"},
    {"never", parse_never, "never MATCH [before MATCH] | ORACLE ...",
     "fail as soon as the event comes, from this line on"},
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

static int parse_line(struct parser *p)
{
    struct span word = line_word(p->line, 0);
    bool is_first = !p->has_first;
    p->has_first = true;
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        if (!line_word_is(p->line, 0, verbs[i].word)) {
            continue;
        }
        if (is_first && verbs[i].parse != parse_scenario) {
            MISTAKE(p, 0, "the first statement must be: scenario NAME");
        }
        return verbs[i].parse(p);
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
    const struct settings *s = &p->plan->settings;
    if (s->device_rate_ppm != RATE_REAL_PPM && s->device_rate_ppm != settings_hub_rate_ppm(s) &&
        !p->clock_use.line) { // with one rate for both, a device whose clock is real takes its time
        p->clock_use = (struct place){p->plan->file, p->knob_lines[KNOB_DEVICE_CLOCK_RATE], 5};
        p->clock_why = "a rate that is not the hub's";
    }
    if (p->clock_use.line && !(p->plan->needs & CAN(CLOCK))) {
        diag_add(p->diags, p->clock_use,
                 "%s needs a device whose clock can be set; add: needs clock", p->clock_why);
    }
    if (p->memory_use.line && !(p->plan->needs & CAN(MEMORY))) {
        diag_add(p->diags, p->memory_use, "this needs a device whose memory can be watched; add: needs memory");
    }
    if (p->dps_use.line && !(p->plan->needs & CAN(DPS))) {
        diag_add(p->diags, p->dps_use, "this needs a device that registers itself; add: needs dps");
    }
    if (p->x509_use.line && !(p->plan->needs & CAN(X509))) {
        diag_add(p->diags, p->x509_use,
                 "%s = x509 needs a device that takes a certificate; add: needs x509",
                 p->plan->settings.is_x509 ? "device.auth" : "device.provisioning");
    }
    check_policy(p);
}

static int by_place(const void *a, const void *b)
{
    const struct diag *x = a;
    const struct diag *y = b;
    return x->line != y->line ? (x->line > y->line) - (x->line < y->line)
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
    TRY(set_text(&plan->file, span_text(file)));
    TRY(set_text(&plan->about, SPAN_EMPTY));
    TRY(set_text(&plan->why, SPAN_EMPTY));
    TRY(set_text(&plan->basis, SPAN_EMPTY));
    return set_text(&plan->name, SPAN_EMPTY);
}

// `lexed` is what the lexer returned; its mistakes are in `diags` already.
static int plan_build(int lexed, const struct line_script *script, struct parser *p, size_t known)
{
    if (lexed < 0 && lexed != ERR_SYNTAX) {
        return lexed;
    }
    TRY(set_text(&p->plan->source, buf_span(&script->text)));
    TRY(parse_script(p, script));
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

void plan_deinit(struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        free(plan->steps[i].source);
        free(plan->steps[i].text);
        free(plan->steps[i].message);
        free(plan->steps[i].oracle);
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
