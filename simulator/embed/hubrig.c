// SPDX-License-Identifier: MIT
// The public C API: each call becomes a task on the hub's thread, most of them a control verb.
#include "simulator/include/hubrig/hubrig.h"
#include "base/error.h"
#include "base/fs.h"
#include "simulator/embed/loop.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKEN_BYTES_MOST = 4000, EVENT_BYTES_MOST = 1 << 20, SEEN_BYTES_MOST = 700 };

int hubrig_start(const struct hubrig_options *options, struct hubrig **out)
{
    static const struct hubrig_options defaults;
    struct hubrig *hub = calloc(1, sizeof *hub);
    *out = NULL;
    ENSURE(hub != NULL, ERR_NO_MEMORY);
    TRY(embed_start(hub, options ? options : &defaults));
    *out = hub;
    return 0;
}

void hubrig_stop(struct hubrig *hub)
{
    if (hub) {
        embed_stop(hub);
    }
}

const char *hubrig_error(void)
{
    return error_detail();
}

int hubrig_port(const struct hubrig *hub)
{
    return hub->port;
}

// ---- control verbs

struct asking {
    struct span request;
    json_t *reply; // ours
    bool is_answered;
    struct hubrig *hub;
    struct embed_task *late_task; // what waits for the reply, once control_ask has returned
};

static void on_reply(void *context, json_t *reply)
{
    struct asking *asking = context;
    asking->reply = json_incref(reply);
    asking->is_answered = true;
    if (asking->late_task) {
        embed_finish(asking->hub, asking->late_task, reply ? 0 : ERR_NO_MEMORY);
    }
}

static int ask_task(struct hubrig *hub, void *context)
{
    struct asking *asking = context;
    struct control_asker asker = {.context = asking, .reply = on_reply};
    control_ask(hub->control, asking->request, &asker);
    if (asking->is_answered) {
        return asking->reply ? 0 : ERR_NO_MEMORY;
    }
    asking->hub = hub;
    asking->late_task = hub->running_task;
    return EMBED_LATER;
}

static int ask(struct hubrig *hub, const char *request, json_t **reply)
{
    struct asking asking = {.request = span_text(request)};
    TRY(embed_run(hub, ask_task, &asking));
    *reply = asking.reply;
    return 0;
}

static int code_of(const json_t *reply)
{
    const char *name = json_string_value(json_object_get(reply, "error"));
#define X(code, class, sentence)                                                                   \
    if (name && strcmp(name, #code) == 0) {                                                        \
        return code;                                                                               \
    }
    ERROR_TABLE(X)
#undef X
    return ERR_INTERNAL;
}

// One verb with at most two arguments. On success the caller owns *result, which may be NULL.
static int do_verb(struct hubrig *hub, const char *verb, const char *first, const char *second,
                   json_t *options, json_t **result)
{
    json_t *reply = NULL;
    json_t *args = json_array();
    if (first) {
        json_array_append_new(args, json_string(first));
    }
    if (first && second) {
        json_array_append_new(args, json_string(second));
    }
    json_t *request = json_pack("{s:s, s:o, s:o*}", "verb", verb, "args", args, "options", options);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    ENSURE(text != NULL, ERR_NO_MEMORY);
    int code = ask(hub, text, &reply);
    explicit_bzero(text, strlen(text));
    free(text);
    TRY(code);
    if (!json_is_true(json_object_get(reply, "ok"))) {
        const char *why = json_string_value(json_object_get(reply, "text"));
        code = error_set(code_of(reply), "%s", why ? why : "no reason was given");
    } else if (result) {
        *result = json_incref(json_object_get(reply, "result"));
    }
    json_decref(reply);
    return code;
}

const char *hubrig_ask(struct hubrig *hub, const char *request_json)
{
    json_t *reply = NULL;
    if (ask(hub, request_json, &reply) < 0) {
        return NULL;
    }
    char *text = json_dumps(reply, JSON_COMPACT);
    const char *kept = text ? embed_keep_text(hub, span_text(text)) : NULL;
    json_decref(reply);
    free(text);
    return kept;
}

int hubrig_add_device(struct hubrig *hub, const char *id, const char *key_base64)
{
    json_t *options = key_base64 ? json_pack("{s:s}", "key", key_base64) : NULL;
    return do_verb(hub, "add-device", id, NULL, options, NULL);
}

static const char *keep_member(struct hubrig *hub, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? embed_keep_text(hub, span_text(text)) : NULL;
}

int hubrig_add_x509_device(struct hubrig *hub, const char *id, const char **cert_path,
                           const char **key_path)
{
    json_t *result = NULL;
    TRY(do_verb(hub, "add-device", id, NULL, json_pack("{s:b}", "x509", 1), &result));
    if (cert_path) {
        *cert_path = keep_member(hub, result, "crt");
    }
    if (key_path) {
        *key_path = keep_member(hub, result, "key");
    }
    json_decref(result);
    return 0;
}

int hubrig_enable(struct hubrig *hub, const char *id)
{
    return do_verb(hub, "enable", id, NULL, NULL, NULL);
}

int hubrig_disable(struct hubrig *hub, const char *id)
{
    return do_verb(hub, "disable", id, NULL, NULL, NULL);
}

int hubrig_send_message(struct hubrig *hub, const char *id, const char *text, const char *input)
{
    json_t *options = input ? json_pack("{s:s}", "input", input) : NULL;
    ENSURE(!input || options, ERR_VALUE);
    return do_verb(hub, "c2d", id, text, options, NULL);
}

int hubrig_set_chain(struct hubrig *hub, const char *name)
{
    return do_verb(hub, "chain", name, NULL, NULL, NULL);
}

int hubrig_set_clock(struct hubrig *hub, const char *when)
{
    return do_verb(hub, "clock", when, NULL, NULL, NULL);
}

int hubrig_add_fault(struct hubrig *hub, const char *words)
{
    return do_verb(hub, "fault", words, NULL, NULL, NULL);
}

int hubrig_clear_faults(struct hubrig *hub)
{
    return do_verb(hub, "clear", NULL, NULL, NULL, NULL);
}

int hubrig_drop(struct hubrig *hub, const char *how, const char *id)
{
    json_t *result = NULL;
    TRY(do_verb(hub, "drop", how, id, NULL, &result));
    int count = (int)json_integer_value(json_object_get(result, "closed"));
    json_decref(result);
    return count;
}

// ---- texts

struct text_wish {
    const char *id;
    int64_t life_s;
    struct buf out;
    int (*print)(struct hubrig *hub, const struct identity *identity, struct text_wish *wish);
};

static int print_connection_string(struct hubrig *hub, const struct identity *identity,
                                   struct text_wish *wish)
{
    return rig_connection_string(&hub->rig, identity, hub->port, &wish->out);
}

static int print_token(struct hubrig *hub, const struct identity *identity, struct text_wish *wish)
{
    return rig_sign_token(&hub->rig, identity, wish->life_s, &wish->out);
}

static int text_task(struct hubrig *hub, void *context)
{
    struct text_wish *wish = context;
    const struct identity *identity = hub_find_identity(hub->rig.hub, span_text(wish->id));
    if (!identity) {
        FAIL(ERR_UNKNOWN_NAME, "no identity named '%s' is registered", wish->id);
    }
    return wish->print(hub, identity, wish);
}

static const char *get_text(struct hubrig *hub, struct text_wish *wish)
{
    const char *kept = NULL;
    buf_init(&wish->out, TOKEN_BYTES_MOST);
    if (embed_run(hub, text_task, wish) == 0) {
        kept = embed_keep_text(hub, buf_span(&wish->out));
    }
    buf_wipe(&wish->out);
    return kept;
}

const char *hubrig_connection_string(struct hubrig *hub, const char *id)
{
    struct text_wish wish = {.id = id, .print = print_connection_string};
    return get_text(hub, &wish);
}

const char *hubrig_sas_token(struct hubrig *hub, const char *id, int64_t life_s)
{
    struct text_wish wish = {.id = id, .life_s = life_s, .print = print_token};
    return get_text(hub, &wish);
}

static int root_task(struct hubrig *hub, void *context)
{
    const char **out = context;
    *out = embed_keep_text(hub, buf_span(&hub->rig.chain.root_pem));
    return *out ? 0 : ERR_NO_MEMORY;
}

const char *hubrig_root_pem(struct hubrig *hub)
{
    const char *pem = NULL;
    return embed_run(hub, root_task, &pem) < 0 ? NULL : pem;
}

static int root_path_task(struct hubrig *hub, void *context)
{
    const char **out = context;
    char path[PATH_MAX];
    TRY(fs_join(path, sizeof path, hub->folder, "root.pem"));
    TRY(fs_write_file(path, buf_span(&hub->rig.chain.root_pem), 0644));
    *out = embed_keep_text(hub, span_text(path));
    return *out ? 0 : ERR_NO_MEMORY;
}

const char *hubrig_root_path(struct hubrig *hub)
{
    const char *path = NULL;
    return embed_run(hub, root_path_task, &path) < 0 ? NULL : path;
}

// ---- the journal

static struct timespec deadline_after(unsigned timeout_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

// Under the lock.
static const struct event_copy *find_event(const struct hubrig *hub, int type, const char *device)
{
    for (const struct event_copy *copy = hub->events; copy; copy = copy->next) {
        const struct event *e = &copy->event;
        if (e->seq > hub->found_seq && (int)e->type == type &&
            (!device || strcmp(device, e->device) == 0)) {
            return copy;
        }
    }
    return NULL;
}

// Under the lock: the words of the last events that came instead.
static int fail_wait(struct hubrig *hub, const char *event, const char *device, unsigned timeout_ms)
{
    struct buf seen HR_CLEANUP(buf_deinit);
    buf_init(&seen, SEEN_BYTES_MOST);
    for (const struct event_copy *copy = hub->events; copy; copy = copy->next) {
        const char *word = event_word(copy->event.type);
        if (copy->event.seq <= hub->found_seq) {
            continue;
        }
        while (buf_printf(&seen, "%s%s", seen.len ? " " : "", word) < 0) {
            size_t first = span_find(buf_span(&seen), ' ');
            buf_consume(&seen, first + 1);
        }
    }
    FAIL(ERR_TIMEOUT, "expected %s%s%s within %u ms; seen since the last wait: %s", event,
         device ? " of " : "", device ? device : "", timeout_ms,
         seen.len ? buf_text(&seen) : "nothing");
}

int hubrig_wait(struct hubrig *hub, const char *event, const char *device, unsigned timeout_ms)
{
    char near[96];
    int type = event_type_of(span_text(event));
    if (type < 0) {
        FAIL(ERR_UNKNOWN_NAME, "unknown event '%s'%s", event,
             suggest_text(span_text(event), event_words(), EVENT_TYPE_COUNT, near));
    }
    struct timespec until = deadline_after(timeout_ms);
    const struct event_copy *found;
    int waited = 0;
    pthread_mutex_lock(&hub->lock);
    while (!(found = find_event(hub, type, device)) && waited == 0) {
        waited = pthread_cond_timedwait(&hub->changed, &hub->lock, &until);
    }
    int code = 0;
    if (found) {
        hub->found_seq = found->event.seq;
    } else {
        code = fail_wait(hub, event, device, timeout_ms);
    }
    pthread_mutex_unlock(&hub->lock);
    return code;
}

// All events, or only the one that the last wait found.
static const char *print_events(struct hubrig *hub, bool is_array)
{
    struct buf text HR_CLEANUP(buf_deinit);
    int code = 0;
    buf_init(&text, SIZE_MAX / 2);
    pthread_mutex_lock(&hub->lock);
    for (const struct event_copy *copy = hub->events; copy && code == 0; copy = copy->next) {
        if (is_array) {
            code = buf_append_text(&text, text.len ? ",\n" : "[");
        }
        if (code == 0 && (is_array || copy->event.seq == hub->found_seq)) {
            code = event_to_json(&copy->event, &text);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    if (code == 0 && is_array) {
        code = buf_append_text(&text, text.len ? "]" : "[]");
    }
    if (code < 0) {
        error_set(code, "%s", error_sentence(code));
        return NULL;
    }
    return text.len ? embed_keep_text(hub, buf_span(&text)) : NULL;
}

const char *hubrig_event(struct hubrig *hub)
{
    return print_events(hub, false);
}

const char *hubrig_journal(struct hubrig *hub)
{
    return print_events(hub, true);
}

size_t hubrig_count(struct hubrig *hub, const char *event)
{
    size_t count = 0;
    int type = event_type_of(span_text(event));
    pthread_mutex_lock(&hub->lock);
    for (const struct event_copy *copy = hub->events; copy; copy = copy->next) {
        count += (int)copy->event.type == type;
    }
    pthread_mutex_unlock(&hub->lock);
    return count;
}
