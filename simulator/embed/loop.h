// SPDX-License-Identifier: MIT
// The thread behind an embedded hub: it owns rig and loop; other threads hand it tasks.
#pragma once
#include "simulator/control/control.h"
#include "simulator/rig/hub_file.h"
#include "simulator/rig/state.h"

#include <limits.h>
#include <pthread.h>
#include <uv.h>

struct hubrig;
struct hubrig_options;

// Something to do on the hub's thread; lives on the stack of the thread that waits for it.
struct embed_task {
    struct embed_task *next;
    int (*run)(struct hubrig *hub, void *context);
    void *context;
    int code;
    char error[1024];
    bool is_done;
};

struct kept_text {
    struct kept_text *next;
    char text[];
};

struct hubrig {
    // The hub's thread alone
    struct env env;
    uv_loop_t loop;
    uv_async_t wake;
    struct rig rig;
    struct control *control;
    struct state *state;
    struct hub_file file;
    char folder[PATH_MAX]; // temporary: root.pem, credentials
    int port;
    bool is_stopping;
    struct embed_task *running_task; // the last one begun

    // Under the lock
    pthread_mutex_t lock;
    pthread_cond_t changed; // a task is done, an event has come
    struct embed_task *tasks;
    struct embed_task **last_task;
    struct event_copy *events; // oldest first
    struct event_copy **last_event;
    uint64_t found_seq; // of the event that the last wait found
    struct kept_text *texts;

    pthread_t thread;
};

// Runs a task on the hub's thread and waits for it; its error becomes the caller's.
int embed_run(struct hubrig *hub, int (*run)(struct hubrig *hub, void *context),
              void *context) HR_NODISCARD;
// A task that has returned EMBED_LATER is over. On the hub.s thread.
enum { EMBED_LATER = 1 << 30 };
void embed_finish(struct hubrig *hub, struct embed_task *task, int code);
// Starts the thread and, on it, the hub. On error everything is released.
int embed_start(struct hubrig *hub, const struct hubrig_options *options) HR_NODISCARD;
void embed_stop(struct hubrig *hub);
// A copy that lives until the hub stops; NULL without memory.
const char *embed_keep_text(struct hubrig *hub, struct span text);
