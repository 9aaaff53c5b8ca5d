// SPDX-License-Identifier: MIT
#include "certs/doctor/doctor.h"
#include "base/error.h"
#include "base/when.h"
#include "certs/doctor/case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTING_BYTES_MOST = 1024, SENTENCE_BYTES_MOST = 2048 };

const char *const doctor_stack_words[STACK_COUNT] = {
#define X(stack, word) [stack] = word,
    DOCTOR_STACKS(X)
#undef X
};

const char *const doctor_cloud_words[CLOUD_COUNT] = {
    [CLOUD_PUBLIC] = "public", [CLOUD_CHINA] = "china", [CLOUD_GOV] = "gov"};

static const struct {
    const char *id;
    const char *title;
    enum doctor_severity severity;
} rules[DOCTOR_RULE_COUNT] = {
#define X(rule, id, severity, title) [DOCTOR_##rule] = {id, title, DOCTOR_##severity},
    DOCTOR_RULES(X)
#undef X
};

const char *doctor_rule_id(enum doctor_rule rule)
{
    return rules[rule].id;
}

const char *doctor_rule_title(enum doctor_rule rule)
{
    return rules[rule].title;
}

enum doctor_severity doctor_rule_severity(enum doctor_rule rule)
{
    return rules[rule].severity;
}

const char *doctor_severity_word(enum doctor_severity severity)
{
    static const char *const words[] = {"info", "warning", "error"};
    return words[severity];
}

static const char *copy_text(struct doctor *d, const char *text)
{
    if (!text || d->code < 0) {
        return NULL;
    }
    if (strlen(text) > SETTING_BYTES_MOST) {
        d->code = error_set(ERR_VALUE, "expected at most %d bytes, seen %zu", SETTING_BYTES_MOST,
                            strlen(text));
        return NULL;
    }
    char *copy = strdup(text);
    d->code = copy ? 0 : error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    return copy;
}

int doctor_new(const struct doctor_settings *settings, struct doctor **out)
{
    struct doctor *d = calloc(1, sizeof *d);
    *out = NULL;
    ENSURE(d, ERR_NO_MEMORY);
    d->settings = *settings;
    d->settings.hub_host = copy_text(d, settings->hub_host);
    d->settings.device_id = copy_text(d, settings->device_id);
    d->settings.thumbprint = copy_text(d, settings->thumbprint);
    int code = d->code;
    if (code < 0) {
        doctor_free(d);
        return code;
    }
    *out = d;
    return 0;
}

static void free_input(struct input *input)
{
    if (!input) {
        return;
    }
    literal_deinit(&input->literals);
    buf_wipe(&input->bytes);
    free(input->name);
    free(input);
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
    free(texts);
}

static void free_results(struct doctor *d)
{
    for (size_t i = 0; i < d->finding_count; i++) {
        free((char *)d->findings[i].file);
        free((char *)d->findings[i].what);
        free((char *)d->findings[i].shows);
        free((char *)d->findings[i].fix);
    }
    for (size_t i = 0; i < d->date_count; i++) {
        free((char *)d->dates[i].text);
    }
    free(d->findings);
    free(d->dates);
    free_texts(d->rights, d->right_count);
    free_texts(d->outlooks, d->outlook_count);
}

void doctor_free(struct doctor *d)
{
    if (!d) {
        return;
    }
    for (size_t i = 0; i < d->cert_count; i++) {
        cert_free(d->certs[i]);
    }
    for (size_t i = 0; i < d->key_count; i++) {
        key_free(d->keys[i]);
    }
    for (size_t i = 0; i < d->piece_count; i++) {
        pem_deinit(&d->pieces[i]->pem);
        buf_deinit(&d->pieces[i]->ends);
        free(d->pieces[i]);
    }
    free_texts((char **)d->connections, d->connection_count);
    free_texts((char **)d->tokens, d->token_count);
    free_texts((char **)d->settings_read, d->setting_count);
    for (size_t i = 0; i < d->input_count; i++) {
        free_input(d->inputs[i]);
    }
    free_results(d);
    free(d->certs);
    free(d->keys);
    free(d->pieces);
    free(d->inputs);
    free((char *)d->settings.hub_host);
    free((char *)d->settings.device_id);
    free((char *)d->settings.thumbprint);
    free(d);
}

int doctor_add(struct doctor *d, const struct doctor_input *given)
{
    enum input_kind kind = recognise(given->name, given->bytes, given->is_text);
    if (given->is_text && kind == INPUT_NOTHING) {
        FAIL(ERR_UNKNOWN_NAME,
             "%s: neither a file nor a connection string, SAS token or id scope; expected a path "
             "that exists, or HostName=...;DeviceId=...",
             given->name);
    }
    if (d->input_count == DOCTOR_INPUTS_MOST) {
        FAIL(ERR_LIMIT, "more than %d inputs", DOCTOR_INPUTS_MOST);
    }
    if (given->bytes.len > DOCTOR_INPUT_BYTES_MOST) {
        FAIL(ERR_TOO_BIG, "%s: more than %d bytes", given->name, DOCTOR_INPUT_BYTES_MOST);
    }
    struct input *input = calloc(1, sizeof *input);
    void *more = realloc(d->inputs, (d->input_count + 1) * sizeof(void *));
    d->inputs = more ? more : d->inputs;
    if (!input || !more || !(input->name = strdup(given->name))) {
        free(input);
        FAIL(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    }
    buf_init(&input->bytes, given->bytes.len + 1);
    d->inputs[d->input_count++] = input;
    input->kind = kind;
    input->is_text = given->is_text;
    input->is_world_readable = given->is_world_readable;
    input->is_of_folder = given->is_of_folder;
    TRY(buf_append(&input->bytes, given->bytes));
    return gather_input(d, input);
}

static int compare_findings(const void *a, const void *b)
{
    const struct doctor_finding *x = a;
    const struct doctor_finding *y = b;
    int order = (int)y->severity - (int)x->severity;
    order = order ? order : (int)x->rule - (int)y->rule;
    order = order ? order : strcmp(x->file, y->file);
    order = order ? order : x->line - y->line;
    return order ? order : strcmp(x->what, y->what);
}

static int compare_dates(const void *a, const void *b)
{
    const struct doctor_date *x = a;
    const struct doctor_date *y = b;
    return x->at_s != y->at_s ? (x->at_s < y->at_s ? -1 : 1) : strcmp(x->text, y->text);
}

int doctor_run(struct doctor *d)
{
    static void (*const families[])(struct doctor * d) = {
        rules_form,  rules_trust,      rules_device, rules_key, rules_build, rules_source,
        rules_clock, rules_connection, rules_token,  rules_dps, rules_log,   predict,
    };
    gather_roles(d);
    for (size_t i = 0; i < HR_COUNT_OF(families) && d->code == 0; i++) {
        families[i](d);
    }
    TRY(d->code);
    if (d->finding_count) {
        qsort(d->findings, d->finding_count, sizeof *d->findings, compare_findings);
    }
    if (d->date_count) {
        qsort(d->dates, d->date_count, sizeof *d->dates, compare_dates);
    }
    return 0;
}

size_t doctor_finding_count(const struct doctor *d)
{
    return d->finding_count;
}

const struct doctor_finding *doctor_finding(const struct doctor *d, size_t i)
{
    return &d->findings[i];
}

size_t doctor_right_count(const struct doctor *d)
{
    return d->right_count;
}

const char *doctor_right(const struct doctor *d, size_t i)
{
    return d->rights[i];
}

size_t doctor_outlook_count(const struct doctor *d)
{
    return d->outlook_count;
}

const char *doctor_outlook(const struct doctor *d, size_t i)
{
    return d->outlooks[i];
}

size_t doctor_date_count(const struct doctor *d)
{
    return d->date_count;
}

const struct doctor_date *doctor_date(const struct doctor *d, size_t i)
{
    return &d->dates[i];
}

static char *keep(struct doctor *d, const char *text)
{
    char *copy = strdup(text ? text : "");
    if (!copy) {
        d->code = error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    }
    return copy;
}

// Room for one more in an array that grows by 16.
static void *grow(struct doctor *d, void *items, size_t count, size_t size_bytes)
{
    if (d->code < 0 || count % 16 != 0) {
        return d->code < 0 ? NULL : items;
    }
    void *more = realloc(items, (count + 16) * size_bytes);
    if (!more) {
        d->code = error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    }
    return more;
}

void case_say(struct doctor *d, const struct remark *remark, const char *format, ...)
{
    char what[SENTENCE_BYTES_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    void *more = grow(d, d->findings, d->finding_count, sizeof *d->findings);
    if (!more) {
        return;
    }
    d->findings = more;
    struct doctor_finding *f = &d->findings[d->finding_count++];
    *f = (struct doctor_finding){.rule = remark->rule, .line = remark->at.line};
    f->severity = remark->as == AS_USUAL ? doctor_rule_severity(remark->rule)
                                         : (enum doctor_severity)(remark->as - AS_INFO);
    f->file = keep(d, remark->at.file);
    f->what = keep(d, what);
    f->shows = keep(d, remark->shows);
    f->fix = keep(d, remark->fix);
}

static void add_text(struct doctor *d, char ***texts, size_t *count, const char *text)
{
    void *more = grow(d, *texts, *count, sizeof **texts);
    char *copy = more ? keep(d, text) : NULL;
    *texts = more ? more : *texts;
    if (copy) {
        (*texts)[(*count)++] = copy;
    }
}

void case_right(struct doctor *d, const char *format, ...)
{
    char text[SENTENCE_BYTES_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_text(d, &d->rights, &d->right_count, text);
}

void case_outlook(struct doctor *d, const char *format, ...)
{
    char text[SENTENCE_BYTES_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_text(d, &d->outlooks, &d->outlook_count, text);
}

void case_date(struct doctor *d, int64_t at_s, const char *format, ...)
{
    char text[SENTENCE_BYTES_MOST];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (size_t i = 0; i < d->date_count; i++) {
        if (d->dates[i].at_s == at_s && strcmp(d->dates[i].text, text) == 0) {
            return;
        }
    }
    void *more = grow(d, d->dates, d->date_count, sizeof *d->dates);
    char *copy = more ? keep(d, text) : NULL;
    d->dates = more ? more : d->dates;
    if (copy) {
        d->dates[d->date_count++] = (struct doctor_date){at_s, copy};
    }
}

static bool may_be_secret(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '%';
}

const char *case_quote(struct span text, char out[96])
{
    enum { SECRET_LEAST = 24, SHOWN_MOST = 60 };
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = may_be_secret(text.ptr[i]) ? run + 1 : 0;
        if (run >= SECRET_LEAST) {
            snprintf(out, 96, "(%zu characters)", text.len);
            return out;
        }
    }
    size_t shown = text.len < SHOWN_MOST ? text.len : SHOWN_MOST;
    for (size_t i = 0; i < shown; i++) {
        bool is_plain = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f;
        out[i] = is_plain ? (char)text.ptr[i] : '?';
    }
    memcpy(out + shown, text.len > shown ? "..." : "", text.len > shown ? 4 : 1);
    return out;
}

const char *case_day(int64_t utc_s, char out[32])
{
    struct civil_date c = civil_from_utc(utc_s);
    snprintf(out, 32, "%04lld-%02d-%02d", (long long)c.year, c.month, c.day);
    return out;
}

struct doctor_place case_place(const struct piece *piece, size_t offset)
{
    return (struct doctor_place){piece->view.file, view_line(&piece->view, offset)};
}

bool case_is_mbedtls(const struct doctor *d)
{
    return d->settings.stack == STACK_MBEDTLS_228 || d->settings.stack == STACK_MBEDTLS_36;
}
