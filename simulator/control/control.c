// SPDX-License-Identifier: MIT
#include "simulator/control/control.h"
#include "base/diag.h"
#include "base/error.h"
#include "simulator/control/control_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MOST = 4 << 20, EVENT_TEXT_BYTES = 200, NAMES_SUGGESTED_MOST = 4096 };

const struct control_verb control_verbs[] = {
#define X(name, word, args, least, most, options, changes, meaning)                                \
    {word, args, least, most, options, changes, meaning},
    CONTROL_VERB_TABLE(X)
#undef X
};
const size_t control_verb_count = HR_COUNT_OF(control_verbs);

static int (*const works[])(struct control_call *call) = {
#define X(name, word, args, least, most, options, changes, meaning) control_do_##name,
    CONTROL_VERB_TABLE(X)
#undef X
};

int control_verb_find(struct span word, const struct control_verb **out)
{
    const char *names[HR_COUNT_OF(control_verbs)];
    char near[96];
    for (size_t i = 0; i < control_verb_count; i++) {
        names[i] = control_verbs[i].word;
        if (span_equals_text(word, names[i])) {
            *out = &control_verbs[i];
            return 0;
        }
    }
    FAIL(ERR_UNKNOWN_NAME, "unknown verb '%.*s'%s", (int)(word.len < 60 ? word.len : 60),
         (const char *)word.ptr, suggest_text(word, names, control_verb_count, near));
}

bool control_verb_option(const struct control_verb *verb, struct span name, bool *takes_value,
                         bool *repeats)
{
    struct span rest = span_text(verb->options);
    while (rest.len > 0) {
        struct span how = SPAN_EMPTY;
        struct span known = span_cut(span_cut(rest, ' ', &rest), '=', &how);
        if (span_equals(known, name)) {
            *takes_value = how.ptr != NULL;
            *repeats = how.len > 0;
            return true;
        }
    }
    return false;
}

int control_new(const struct control_settings *settings, struct control **out)
{
    struct control *control = calloc(1, sizeof *control);
    ENSURE(control != NULL, ERR_NO_MEMORY);
    control->settings = *settings;
    *out = control;
    return 0;
}

void control_free(struct control *control)
{
    if (control) {
        control_forget_pending(control);
    }
    free(control);
}

bool control_watch_wants(const struct control_watch *watch, const struct event *e)
{
    size_t len = strlen(watch->events);
    const char *word = event_word(e->type);
    bool is_wanted = len == 0 || (strncmp(word, watch->events, len) == 0 &&
                                  (word[len] == '\0' || word[len] == '.'));
    return is_wanted && (!watch->device[0] || strcmp(watch->device, e->device) == 0);
}

// ---- for the verbs

const char *control_option(const struct control_call *call, const char *name)
{
    const json_t *value = json_object_get(call->options, name);
    if (!value || json_is_false(value)) {
        return NULL;
    }
    return json_is_string(value) ? json_string_value(value) : "";
}

int control_find_identity(struct control_call *call, const char *name, const struct identity **out)
{
    call->hub = rig_hub_of(call->rig, name);
    *out = hub_find_identity(call->hub, span_text(name));
    if (*out) {
        return 0;
    }
    static const char *names[NAMES_SUGGESTED_MOST];
    char near[96];
    size_t count = 0;
    const struct hub *hub;
    for (size_t i = 0; (hub = rig_hub_at(call->rig, i)); i++) {
        const struct identity *id = NULL;
        while (count < NAMES_SUGGESTED_MOST && (id = hub_next_identity(hub, id))) {
            names[count++] = id->name;
        }
    }
    FAIL(ERR_UNKNOWN_NAME, "no identity named '%s' is registered%s; `devices` lists them", name,
         suggest_text(span_text(name), names, count, near));
}

// ---- requests

static int read_args(struct control_call *call, const json_t *args)
{
    size_t i;
    const json_t *arg;
    if (args && !json_is_array(args)) {
        FAIL(ERR_SYNTAX, "\"args\" wants an array of texts");
    }
    json_array_foreach(args, i, arg)
    {
        if (!json_is_string(arg)) {
            FAIL(ERR_SYNTAX, "\"args\" wants an array of texts; number %zu is none", i + 1);
        }
        if (i == CONTROL_ARGS_MOST) {
            FAIL(ERR_SYNTAX, "more than %d arguments", CONTROL_ARGS_MOST);
        }
        call->args[call->count++] = json_string_value(arg);
    }
    if (call->count < call->verb->least || call->count > call->verb->most) {
        FAIL(ERR_SYNTAX, "expected: %s%s%s; seen %zu argument%s", call->verb->word,
             call->verb->arguments[0] ? " " : "",
             call->verb->arguments[0] ? call->verb->arguments : " without arguments", call->count,
             call->count == 1 ? "" : "s");
    }
    return 0;
}

static bool is_option_value(const json_t *value, bool takes_value, bool repeats)
{
    if (!takes_value) {
        return json_is_boolean(value);
    }
    if (!repeats) {
        return json_is_string(value);
    }
    size_t i;
    const json_t *one;
    bool is_good = json_is_array(value);
    json_array_foreach(value, i, one)
    {
        is_good = is_good && json_is_string(one);
    }
    return is_good;
}

static int read_options(struct control_call *call, json_t *options)
{
    const char *name;
    json_t *value;
    bool takes_value = false;
    bool repeats = false;
    if (options && !json_is_object(options)) {
        FAIL(ERR_SYNTAX, "\"options\" wants an object");
    }
    call->options = options;
    json_object_foreach(options, name, value)
    {
        if (!control_verb_option(call->verb, span_text(name), &takes_value, &repeats)) {
            FAIL(ERR_SYNTAX, "%s has no option '%.60s'", call->verb->word, name);
        }
        if (!is_option_value(value, takes_value, repeats)) {
            FAIL(ERR_SYNTAX, "option %s of %s wants %s", name, call->verb->word,
                 !takes_value ? "true or false"
                 : repeats    ? "an array of texts"
                              : "a text");
        }
    }
    return 0;
}

// What was asked goes into the journal before it acts, so that causes stand before effects. Options
// stay out: one of them may be a key.
static void emit_request(const struct control_call *call)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, EVENT_TEXT_BYTES);
    for (size_t i = 0; i < call->count; i++) {
        if (buf_printf(&text, "%s%s", i ? " " : "", call->args[i]) < 0) {
            break; // long texts are not shown
        }
    }
    EMIT(call->rig->journal, HUB_CONTROL, 0, NULL, F_TEXT("verb", call->verb->word),
         F_TEXT("text", buf_text(&text)));
}

static int check_verb(const struct control_call *call)
{
    char known[300] = "";
    size_t used = 0;
    const char *const *verbs = call->control->settings.verbs;
    for (size_t i = 0; verbs && verbs[i]; i++) {
        if (strcmp(verbs[i], call->verb->word) == 0) {
            return 0;
        }
        used +=
            (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", verbs[i]);
        ENSURE(used < sizeof known, ERR_INTERNAL);
    }
    if (!verbs) {
        return 0;
    }
    FAIL(ERR_USAGE, "'%s' is a matter of a hub, and this is none; it knows %s", call->verb->word,
         known);
}

static int run_verb(struct control_call *call, json_t *request)
{
    const char *word = json_string_value(json_object_get(request, "verb"));
    if (!word) {
        FAIL(ERR_SYNTAX, "expected {\"verb\":\"...\",\"args\":[...]} on one line");
    }
    TRY(control_verb_find(span_text(word), &call->verb));
    TRY(check_verb(call));
    TRY(read_args(call, json_object_get(request, "args")));
    TRY(read_options(call, json_object_get(request, "options")));
    if (call->verb->changes_hub) {
        emit_request(call);
    }
    return works[call->verb - control_verbs](call);
}

static const char *class_word(int code)
{
    static const char *const classes[] = {"none", "usage", "device", "infra", "internal"};
    return classes[error_class_of(code)];
}

static json_t *make_reply(struct control_call *call, int code)
{
    if (code < 0) {
        char text[1024];
        snprintf(text, sizeof text, "%s", error_text(code));
        json_t *shown = json_string(text);
        return json_pack("{s:b, s:s, s:s, s:o}", "ok", 0, "error", error_name(code), "class",
                         class_word(code), "text", shown ? shown : json_string("not UTF-8"));
    }
    return json_pack("{s:b, s:s, s:O*}", "ok", 1, "text", buf_text(&call->text), "result",
                     call->result);
}

void control_ask(struct control *control, struct span request, const struct control_asker *asker)
{
    struct control_call call = {.control = control, .rig = control->settings.rig, .asker = *asker};
    call.hub = call.rig ? call.rig->hub : NULL;
    json_error_t error;
    int code;
    buf_init(&call.text, TEXT_BYTES_MOST);
    json_t *parsed = json_loadb(request.len ? (const char *)request.ptr : "", request.len,
                                JSON_REJECT_DUPLICATES, &error);
    if (!parsed) {
        code = error_set(ERR_SYNTAX, "no JSON object: column %d: %s", error.column, error.text);
    } else if (!json_is_object(parsed)) {
        code = error_set(ERR_SYNTAX, "expected one JSON object per line");
    } else {
        code = run_verb(&call, parsed);
    }
    if (!call.is_answered_later) {
        json_t *reply = make_reply(&call, code);
        asker->reply(asker->context, reply);
        json_decref(reply);
    }
    json_decref(call.result);
    json_decref(parsed);
    buf_wipe(&call.text);
}
