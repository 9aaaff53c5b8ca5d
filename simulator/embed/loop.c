// SPDX-License-Identifier: MIT
#include "simulator/embed/loop.h"
#include "base/error.h"
#include "base/fs.h"
#include "simulator/include/hubrig/hubrig.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- tasks

static struct embed_task *take_task(struct hubrig *hub)
{
    pthread_mutex_lock(&hub->lock);
    struct embed_task *task = hub->tasks;
    if (task) {
        hub->tasks = task->next;
        hub->last_task = hub->tasks ? hub->last_task : &hub->tasks;
    }
    pthread_mutex_unlock(&hub->lock);
    return task;
}

void embed_finish(struct hubrig *hub, struct embed_task *task, int code)
{
    snprintf(task->error, sizeof task->error, "%s", code < 0 ? error_text(code) : "");
    pthread_mutex_lock(&hub->lock);
    task->code = code;
    task->is_done = true;
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
}

static void on_wake(uv_async_t *wake)
{
    struct hubrig *hub = wake->data;
    struct embed_task *task;
    while ((task = take_task(hub))) {
        error_clear();
        hub->running_task = task;
        int code = task->run(hub, task->context);
        if (code != EMBED_LATER) {
            embed_finish(hub, task, code);
        }
    }
    if (hub->is_stopping) {
        uv_stop(&hub->loop);
    }
}

int embed_run(struct hubrig *hub, int (*run)(struct hubrig *hub, void *context), void *context)
{
    struct embed_task task = {.run = run, .context = context};
    pthread_mutex_lock(&hub->lock);
    *hub->last_task = &task;
    hub->last_task = &task.next;
    uv_async_send(&hub->wake);
    while (!task.is_done) {
        pthread_cond_wait(&hub->changed, &hub->lock);
    }
    pthread_mutex_unlock(&hub->lock);
    if (task.code < 0) {
        FAIL(task.code, "%s", task.error);
    }
    return task.code;
}

const char *embed_keep_text(struct hubrig *hub, struct span text)
{
    struct kept_text *kept = malloc(sizeof *kept + text.len + 1);
    if (!kept) {
        error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
        return NULL;
    }
    span_copy_text(text, kept->text, text.len + 1);
    pthread_mutex_lock(&hub->lock);
    kept->next = hub->texts;
    hub->texts = kept;
    pthread_mutex_unlock(&hub->lock);
    return kept->text;
}

// ---- the hub, on its thread

static void on_event(void *context, const struct event *e)
{
    struct hubrig *hub = context;
    struct event_copy *copy = event_copy_new(e);
    if (!copy) {
        return;
    }
    pthread_mutex_lock(&hub->lock);
    *hub->last_event = copy;
    hub->last_event = &copy->next;
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
}

static int read_file(struct hubrig *hub, const struct hubrig_options *options)
{
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    if (!options->hub_file) {
        return 0;
    }
    diag_init(&diags);
    int code = hub_file_read(options->hub_file, NULL, 0, &hub->file, &diags);
    if (diags.count > 0 && diag_print(&diags, &text) == 0) {
        struct span lines = span_trim(buf_span(&text));
        code = error_set(ERR_SYNTAX, "%.*s", SPAN_ARG(lines));
    }
    diag_deinit(&diags);
    return code;
}

static const char *or_else(const char *given, const char *from_file, const char *otherwise)
{
    return given ? given : from_file[0] ? from_file : otherwise;
}

static int open_rig(struct hubrig *hub, const struct hubrig_options *options)
{
    struct rig_settings settings = {.loop = &hub->loop,
                                    .env = &hub->env,
                                    .more_names = {"localhost", "127.0.0.1"},
                                    .more_name_count = 2,
                                    .key_cache = options->key_cache};
    char recipes[PATH_MAX];
    if (options->data_folder) {
        TRY(fs_join(recipes, sizeof recipes, options->data_folder, "certs/recipes"));
        settings.recipes = recipes;
    }
    TRY(read_file(hub, options));
    hub_settings_init(&settings.hub, or_else(options->host, hub->file.host, "localhost"));
    TRY(options->state_file ? state_open(options->state_file, &hub->state) : 0);
    TRY(rig_open(&hub->rig, &settings));
    hub->rig.settings.recipes = NULL; // it pointed to this frame
    TRY(journal_listen(hub->rig.journal, on_event, hub));
    TRY(hub->state ? state_attach(hub->state, hub->rig.hub) : 0);
    TRY(hub_file_apply(&hub->file, &hub->rig, hub->state));
    TRY(rig_use_chain(&hub->rig, or_else(options->chain, hub->file.chain, "azure/digicert-g2")));
    TRY(server_listen(hub->rig.server, options->address ? options->address : "127.0.0.1",
                      options->port, &hub->port));
    struct control_settings control = {
        .rig = &hub->rig, .port = hub->port, .files = hub->folder};
    return control_new(&control, &hub->control);
}

static int make_folder(struct hubrig *hub)
{
    const char *base = getenv("TMPDIR");
    TRY(fs_join(hub->folder, sizeof hub->folder, base && base[0] ? base : "/tmp", "hubrig-XXXXXX"));
    if (!mkdtemp(hub->folder)) {
        hub->folder[0] = '\0';
        FAIL(ERR_IO, "cannot make a folder in %s", base && base[0] ? base : "/tmp");
    }
    return 0;
}

static void remove_folder(const struct hubrig *hub)
{
    char path[PATH_MAX];
    DIR *folder = hub->folder[0] ? opendir(hub->folder) : NULL;
    if (!folder) {
        return;
    }
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (e->d_name[0] != '.' && fs_join(path, sizeof path, hub->folder, e->d_name) == 0) {
            unlink(path);
        }
    }
    closedir(folder);
    rmdir(hub->folder);
}

static void close_hub(struct hubrig *hub)
{
    control_free(hub->control);
    state_close(hub->state);
    if (hub->rig.journal) {
        rig_close(&hub->rig);
    }
    hub_file_deinit(&hub->file);
    uv_close((uv_handle_t *)&hub->wake, NULL);
    uv_run(&hub->loop, UV_RUN_DEFAULT);
    uv_loop_close(&hub->loop);
    remove_folder(hub);
}

struct beginning {
    struct hubrig *hub;
    const struct hubrig_options *options;
    struct embed_task task;
};

static void *run_thread(void *context)
{
    struct beginning *begin = context;
    struct hubrig *hub = begin->hub;
    sigset_t pipe_signal; // a write to a closed socket must not end the test
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    int code = make_folder(hub);
    code = code < 0 ? code : open_rig(hub, begin->options);
    bool is_open = code == 0;
    embed_finish(hub, &begin->task, code); // `begin` is gone from here on
    while (is_open && !hub->is_stopping) {
        uv_run(&hub->loop, UV_RUN_DEFAULT);
    }
    close_hub(hub);
    return NULL;
}

// ---- from outside

static void release(struct hubrig *hub)
{
    while (hub->texts) {
        struct kept_text *kept = hub->texts;
        hub->texts = kept->next;
        explicit_bzero(kept->text, strlen(kept->text)); // some are secrets
        free(kept);
    }
    while (hub->events) {
        struct event_copy *copy = hub->events;
        hub->events = copy->next;
        event_copy_free(copy);
    }
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

static void open_locks(struct hubrig *hub)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&hub->lock, NULL);
    hub->last_task = &hub->tasks;
    hub->last_event = &hub->events;
    hub->env = env_system();
}

int embed_start(struct hubrig *hub, const struct hubrig_options *options)
{
    struct beginning begin = {.hub = hub, .options = options};
    open_locks(hub);
    if (uv_loop_init(&hub->loop) != 0) {
        release(hub);
        FAIL(ERR_IO, "the event loop could not be made");
    }
    uv_async_init(&hub->loop, &hub->wake, on_wake);
    hub->wake.data = hub;
    if (pthread_create(&hub->thread, NULL, run_thread, &begin) != 0) {
        close_hub(hub);
        release(hub);
        FAIL(ERR_IO, "the hub's thread could not be started");
    }
    pthread_mutex_lock(&hub->lock);
    while (!begin.task.is_done) {
        pthread_cond_wait(&hub->changed, &hub->lock);
    }
    pthread_mutex_unlock(&hub->lock);
    if (begin.task.code < 0) {
        pthread_join(hub->thread, NULL);
        release(hub);
        FAIL(begin.task.code, "%s", begin.task.error);
    }
    return 0;
}

static int stop_task(struct hubrig *hub, void *context)
{
    (void)context;
    hub->is_stopping = true;
    return 0;
}

void embed_stop(struct hubrig *hub)
{
    if (embed_run(hub, stop_task, NULL) == 0) {
        pthread_join(hub->thread, NULL);
        release(hub);
    }
}
