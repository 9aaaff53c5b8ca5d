// SPDX-License-Identifier: MIT
#include "simulator/rig/hub_file_private.h"
#include "base/error.h"
#include "base/when.h"
#include "simulator/dps/dps.h"
#include "simulator/dps/request.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"
#include "simulator/hub/username.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- clocks

int clock_wish_parse(struct span text, struct clock_wish *out)
{
    *out = (struct clock_wish){0};
    if (span_starts_with(text, SPAN_LITERAL("x"))) {
        if (rate_parse(span_from(text, 1), &out->rate_ppm) < 0) {
            FAIL(ERR_SYNTAX, "'%.*s' is no rate for a clock; expected x20, x1.5 or x0.999, from x0.001 to "
                             "x1000", (int)(text.len < 60 ? text.len : 60), (const char *)text.ptr);
        }
        return 0;
    }
    if (span_equals_text(text, "real")) {
        return 0;
    }
    if (utc_parse(text, &out->us) == 0) {
        out->is_date = true;
        return 0;
    }
    bool has_sign = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');
    if (!has_sign || duration_parse(text, &out->us) < 0) {
        FAIL(
            ERR_SYNTAX,
            "'%.*s' is no time for a clock; expected real, a date such as 2026-11-20T08:00:00Z, or "
            "an offset such as +2h or -30d, or a rate such as x20",
            (int)(text.len < 60 ? text.len : 60), (const char *)text.ptr);
    }
    return 0;
}

void clock_wish_apply(const struct clock_wish *wish, struct hub *hub)
{
    if (wish->rate_ppm) {
        hub_clock_set_rate(hub, wish->rate_ppm);
    } else if (wish->is_date) {
        hub_clock_set(hub, wish->us);
    } else {
        hub_clock_shift(hub, wish->us);
    }
}

// ---- statements

static int check_once(struct parser *p, struct place *at, const char *verb)
{
    if (at->line) {
        return MISTAKE(p, 0, "a second %s; the first stands in line %d", verb, at->line);
    }
    *at = line_place(p->line, 0);
    return 0;
}

int hub_file_check_words(struct parser *p, size_t most, const char *usage)
{
    if (p->line->count < 2) {
        return MISTAKE(p, 1, "expected: %s", usage);
    }
    if (p->line->count > most) {
        return MISTAKE(p, most, "nothing stands behind %s", usage);
    }
    return 0;
}

static bool is_host(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '.') {
            return false;
        }
    }
    return text.len > 0 && text.len < 254 && text.ptr[0] != '.' && text.ptr[0] != '-';
}

static bool knows_hub(const struct hub_file *file, struct span host)
{
    bool is_known = span_equals_nocase(host, span_text(file->host));
    for (size_t i = 0; i < file->more_host_count && !is_known; i++) {
        is_known = span_equals_nocase(host, span_text(file->more_hosts[i]));
    }
    return is_known;
}

static int parse_hub(struct parser *p)
{
    TRY(hub_file_check_words(p, 2, "hub HOST"));
    struct span host = line_word(p->line, 1);
    struct hub_file *file = p->file;
    if (!is_host(host)) {
        return MISTAKE(p, 1, "'%.*s' is no host name: letters, digits, - and . only",
                       SPAN_ARG(host));
    }
    if (knows_hub(file, host)) {
        return MISTAKE(p, 1, "the hub '%.*s' stands above already", SPAN_ARG(host));
    }
    if (!file->host[0]) {
        span_copy_text(host, file->host, sizeof file->host);
        return 0;
    }
    if (file->more_host_count == HUB_FILE_HUBS_MOST) {
        return MISTAKE(p, 0, "more than %d hubs", HUB_FILE_HUBS_MOST + 1);
    }
    span_copy_text(host, file->more_hosts[file->more_host_count++], sizeof file->host);
    return 0;
}

static int parse_chain(struct parser *p)
{
    char near[96];
    TRY(hub_file_check_words(p, 2, "chain NAME"));
    TRY(check_once(p, &p->chain_at, "chain"));
    struct span name = line_word(p->line, 1);
    bool is_known = !p->chains || span_ends_with(name, SPAN_LITERAL(".chain"));
    for (size_t i = 0; i < p->chain_count && !is_known; i++) {
        is_known = span_equals_text(name, p->chains[i]);
    }
    if (!is_known || name.len >= sizeof p->file->chain) {
        return MISTAKE(p, 1, "there is no chain '%.*s'%s", SPAN_ARG(name),
                       suggest_text(name, p->chains, p->chain_count, near));
    }
    span_copy_text(name, p->file->chain, sizeof p->file->chain);
    return 0;
}

static int parse_clock(struct parser *p)
{
    struct clock_wish wish;
    TRY(hub_file_check_words(p, 2, "clock WHEN"));
    int code = clock_wish_parse(line_word(p->line, 1), &wish);
    if (code < 0) {
        return MISTAKE(p, 1, "%s", error_text(code));
    }
    if (wish.rate_ppm) {
        TRY(check_once(p, &p->clock_rate_at, "clock xRATE"));
        p->file->clock_rate_ppm = wish.rate_ppm;
        return 0;
    }
    TRY(check_once(p, &p->clock_at, "clock"));
    p->file->clock = wish;
    p->file->has_clock = true;
    return 0;
}

static int parse_tls_policy(struct parser *p)
{
    int key = 0;
    char usage[120];
    while (!line_word_is(p->line, 0, tls_policy_word((enum tls_policy_key)key))) {
        key++;
    }
    snprintf(usage, sizeof usage, "%s %s", tls_policy_word((enum tls_policy_key)key),
             tls_policy_values((enum tls_policy_key)key));
    TRY(hub_file_check_words(p, 2, usage));
    TRY(check_once(p, &p->policy_at[key], tls_policy_word((enum tls_policy_key)key)));
    if (tls_policy_set(&p->file->tls, (enum tls_policy_key)key, line_word(p->line, 1)) < 0) {
        return MISTAKE(p, 1, "%s", error_text(ERR_VALUE));
    }
    return 0;
}

static int parse_fault(struct parser *p)
{
    struct span words[LINE_WORDS_MOST];
    size_t bad = 0;
    for (size_t i = 1; i < p->line->count; i++) {
        words[i - 1] = line_word(p->line, i);
    }
    if (p->file->fault_count == HUB_FILE_FAULTS_MOST) {
        return MISTAKE(p, 0, "more than %d faults", HUB_FILE_FAULTS_MOST);
    }
    struct fault *f = &p->file->faults[p->file->fault_count];
    int code = fault_parse(words, p->line->count - 1, f, &bad);
    if (code < 0) {
        return MISTAKE(p, bad + 1, "%s", error_text(code));
    }
    p->file->fault_count++;
    return 0;
}

// ---- identities

int hub_file_read_key(struct parser *p, size_t at, const char *word, const char *which,
                      char out[100])
{
    char name[HUB_NAME_BYTES_MOST];
    if (at >= p->line->count) {
        return MISTAKE(p, at, "%s wants the base64 text of a key", word);
    }
    if (out[0]) {
        return MISTAKE(p, at - 1, "%s stands twice", word);
    }
    span_copy_text(line_word(p->line, 1), name, sizeof name);
    span_copy_text(line_word(p->line, at), out, 100); // what is cut off here is too long for a key
    int code = sas_check_key(name, which, out);
    return code == ERR_VALUE ? MISTAKE(p, at, "%s", error_text(code)) : code;
}

static int read_thumbprint(struct parser *p, size_t at, struct identity *id)
{
    char *out = id->primary_thumbprint[0] ? id->secondary_thumbprint : id->primary_thumbprint;
    if (at >= p->line->count) {
        return MISTAKE(p, at, "thumbprint wants 40 or 64 hexadecimal digits");
    }
    if (out[0]) {
        return MISTAKE(p, at - 1, "an identity has two thumbprints at most");
    }
    int code = thumbprint_normalise(line_word(p->line, at), out);
    if (code < 0) {
        out[0] = '\0';
        return MISTAKE(p, at, "%s", error_text(code));
    }
    id->auth = id->auth == HUB_AUTH_CA ? HUB_AUTH_CA : HUB_AUTH_THUMBPRINT;
    return 0;
}

// `hub` is NULL for identities, which are in the first one.
static int read_options(struct parser *p, struct identity *id, char hub[256])
{
    static const char *const names[] = {"key", "secondary", "thumbprint", "ca", "disabled"};
    char near[96];
    for (size_t i = 2; i < p->line->count; i++) {
        struct span word = line_word(p->line, i);
        if (line_word_is(p->line, i, "key")) {
            TRY(hub_file_read_key(p, ++i, "key", "primary", id->primary_key));
        } else if (line_word_is(p->line, i, "secondary")) {
            TRY(hub_file_read_key(p, ++i, "secondary", "secondary", id->secondary_key));
        } else if (line_word_is(p->line, i, "thumbprint")) {
            TRY(read_thumbprint(p, ++i, id));
        } else if (!hub && line_word_is(p->line, i, "ca")) {
            id->auth = HUB_AUTH_CA;
        } else if (line_word_is(p->line, i, "disabled")) {
            id->is_disabled = true;
        } else if (hub && line_word_is(p->line, i, "hub")) {
            if (!knows_hub(p->file, line_word(p->line, ++i))) {
                return MISTAKE(p, i, "no hub of that name stands above");
            }
            span_copy_text(line_word(p->line, i), hub, 256);
        } else {
            return MISTAKE(p, i, "expected key, secondary, thumbprint%s or disabled, seen '%.*s'%s",
                           hub ? "" : ", ca", SPAN_ARG(word),
                           suggest_text(word, names, HR_COUNT_OF(names), near));
        }
    }
    bool has_key = id->primary_key[0] || id->secondary_key[0];
    if (has_key + (id->primary_thumbprint[0] != 0) + (id->auth == HUB_AUTH_CA) > 1) {
        return MISTAKE(p, 1, "an identity has keys, thumbprints or a CA, not two of them");
    }
    return 0;
}

static int parse_identity(struct parser *p)
{
    bool is_module = line_word_is(p->line, 0, "module");
    struct hub_file *file = p->file;
    struct hub_file_identity *added = &file->identities[file->identity_count];
    struct span name = line_word(p->line, 1);
    *added = (struct hub_file_identity){.at = line_place(p->line, 1)};
    TRY(hub_file_check_words(p, LINE_WORDS_MOST,
                             is_module ? "module DEVICE/ID ..." : "device ID ..."));
    bool has_slash = span_find(name, '/') < name.len;
    if (has_slash && !is_module) {
        return MISTAKE(p, 1, "'%.*s' names a module; write: module %.*s", SPAN_ARG(name),
                       SPAN_ARG(name));
    }
    if (!identity_name_is_valid(name) || has_slash != is_module) {
        return MISTAKE(p, 1, "expected %s, ids of 1 to %d letters, digits and -.%%_*?!(),:=@$'",
                       is_module ? "module DEVICE/ID" : "device ID", HUB_ID_BYTES_MOST);
    }
    span_copy_text(name, added->identity.name, sizeof added->identity.name);
    TRY(read_options(p, &added->identity, NULL));
    file->identity_count++;
    return 0;
}

static int parse_enrollment(struct parser *p)
{
    struct hub_file *file = p->file;
    struct hub_file_enrollment *added = &file->enrollments[file->enrollment_count];
    *added = (struct hub_file_enrollment){.at = line_place(p->line, 1),
                                          .is_group = line_word_is(p->line, 0, "group")};
    TRY(hub_file_check_words(p, LINE_WORDS_MOST,
                             added->is_group ? "group NAME ..." : "enrollment ID ..."));
    struct span name = line_word(p->line, 1);
    if (!dps_id_is_valid(name)) {
        return MISTAKE(p, 1,
                       "'%.*s' is no registration id: letters, digits and -._: only, at most "
                       "%d, a letter, a digit or - at its end",
                       SPAN_ARG(name), DPS_ID_BYTES_MOST);
    }
    span_copy_text(name, added->identity.name, sizeof added->identity.name);
    TRY(read_options(p, &added->identity, added->hub));
    if (added->is_group && added->identity.auth == HUB_AUTH_THUMBPRINT) {
        return MISTAKE(p, 1, "a group has a key, no thumbprint");
    }
    file->enrollment_count++;
    return 0;
}

static const struct verb {
    const char *word;
    int (*parse)(struct parser *p);
} verbs[] = {{"hub", parse_hub},
             {"device", parse_identity},
             {"module", parse_identity},
             {"policy", hub_file_policy},
             {"ca", hub_file_ca},
             {"chain", parse_chain},
             {"fault", parse_fault},
             {"clock", parse_clock},
             {"enrollment", parse_enrollment},
             {"group", parse_enrollment},
#define X(name, word, values, standard, meaning) {&word[sizeof "hub." - 1], parse_tls_policy},
             TLS_POLICY_TABLE(X)
#undef X
};

static int parse_line(struct parser *p)
{
    const char *names[HR_COUNT_OF(verbs)];
    char near[96];
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        names[i] = verbs[i].word;
        if (line_word_is(p->line, 0, verbs[i].word)) {
            return verbs[i].parse(p);
        }
    }
    struct span word = line_word(p->line, 0);
    const char *hint = suggest_text(word, names, HR_COUNT_OF(names), near);
    return MISTAKE(p, 0,
                   "unknown statement '%.*s'%s; expected hub, device, module, enrollment, "
                   "group, policy, ca, chain, fault, clock, or a knob of TLS such as tls_versions",
                   SPAN_ARG(word), hint);
}

// ---- what needs the whole file

static int by_name(const void *a, const void *b)
{
    const struct hub_file_identity *const *left = a;
    const struct hub_file_identity *const *right = b;
    int order = strcmp((*left)->identity.name, (*right)->identity.name);
    return order ? order : (*left)->at.line - (*right)->at.line;
}

static bool has_device_of(const struct hub_file_identity *module,
                          const struct hub_file_identity *const *sorted, size_t count)
{
    struct hub_file_identity device = {.at = {.line = 0}};
    span_copy_text(span_text(module->identity.name), device.identity.name,
                   sizeof device.identity.name);
    *strchr(device.identity.name, '/') = '\0';
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(sorted[middle]->identity.name, device.identity.name);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

static int check_names(const struct hub_file *file, struct diag_list *diags)
{
    size_t count = file->identity_count;
    int code = 0;
    const struct hub_file_identity **sorted = calloc(count + 1, sizeof *sorted);
    ENSURE(sorted != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &file->identities[i];
    }
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++) {
        const char *name = sorted[i]->identity.name;
        const char *slash = strchr(name, '/');
        if (i > 0 && strcmp(sorted[i - 1]->identity.name, name) == 0) {
            code = diag_add(diags, sorted[i]->at, "'%s' stands already in line %d", name,
                            sorted[i - 1]->at.line);
        } else if (slash && !has_device_of(sorted[i], sorted, count)) {
            code = diag_add(diags, sorted[i]->at, "there is no device '%.*s' for this module",
                            (int)(slash - name), name);
        }
    }
    free(sorted);
    return code;
}

// ---- reading

static int parse_script(const char *path, const char *const *chains, size_t chain_count,
                        struct hub_file *file, struct diag_list *diags)
{
    struct parser p = {.file = file,
                       .path = path,
                       .chains = chains,
                       .chain_count = chain_count,
                       .diags = diags};
    int code = 0;
    file->identities = calloc(file->script.count + 1, sizeof *file->identities);
    file->enrollments = calloc(file->script.count + 1, sizeof *file->enrollments);
    ENSURE(file->identities != NULL && file->enrollments != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < file->script.count; i++) {
        p.line = &file->script.lines[i];
        code = parse_line(&p) < 0 ? ERR_SYNTAX : code;
    }
    return check_names(file, diags) < 0 ? ERR_SYNTAX : code;
}

int hub_file_parse(const char *name, struct span text, const char *const *chains,
                   size_t chain_count, struct hub_file *out, struct diag_list *diags)
{
    *out = (struct hub_file){0};
    int lexed = line_parse(name, text, &out->script, diags);
    if (lexed < 0 && lexed != ERR_SYNTAX) {
        return lexed;
    }
    int code = parse_script(NULL, chains, chain_count, out, diags);
    return lexed < 0 ? lexed : code;
}

int hub_file_read(const char *path, const char *const *chains, size_t chain_count,
                  struct hub_file *out, struct diag_list *diags)
{
    *out = (struct hub_file){0};
    int lexed = line_read(path, &out->script, diags);
    if (lexed < 0 && lexed != ERR_SYNTAX) {
        return lexed;
    }
    int code = parse_script(path, chains, chain_count, out, diags);
    return lexed < 0 ? lexed : code;
}

void hub_file_deinit(struct hub_file *file)
{
    if (file->identities) {
        explicit_bzero(file->identities, file->identity_count * sizeof *file->identities);
    }
    free(file->identities);
    if (file->enrollments) {
        explicit_bzero(file->enrollments, file->enrollment_count * sizeof *file->enrollments);
    }
    free(file->enrollments);
    explicit_bzero(file->policies, sizeof file->policies);
    while (file->ca_count > 0) {
        buf_deinit(&file->cas[--file->ca_count].der);
    }
    if (file->script.text.data) {
        explicit_bzero(file->script.text.data, file->script.text.len);
    }
    line_deinit(&file->script);
    *file = (struct hub_file){0};
}
