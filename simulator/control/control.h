// SPDX-License-Identifier: MIT
// Telling a running hub what to do, in JSON: one object asks, one answers. No socket here; the
// control socket and the C API both stand on it.
//
//     {"verb":"disable","args":["press-4"]}
//     {"ok":true,"text":"press-4 is disabled; 1 connection closed","result":{...}}
//     {"ok":false,"error":"ERR_UNKNOWN_NAME","class":"usage","text":"no identity named ..."}
#pragma once
#include "simulator/rig/rig.h"

#include <jansson.h>

struct control;

struct control_settings {
    struct rig *rig;
    int port;          // in connection strings; 0 or 8883 is left out
    const char *files; // folder for the credentials of x509 devices; NULL = none are written
    // What stands before something else than a hub: the words of the verbs that it has, up to a
    // NULL (NULL: all), and a check of each fault before it is armed, which says why not (NULL: none).
    const char *const *verbs;
    int (*check_fault)(const struct fault *fault);
};

// Everything is borrowed and outlives the control. ERR_NO_MEMORY.
int control_new(const struct control_settings *settings, struct control **out) HR_NODISCARD;
void control_free(struct control *control); // NULL is allowed

struct control_watch {
    char events[64]; // an event's word, or a group: what stands before its dot; "" = all
    char device[HUB_NAME_BYTES_MOST]; // "" = all
};
bool control_watch_wants(const struct control_watch *watch, const struct event *e);

struct control_asker {
    void *context;
    // Called exactly once per request, mostly before control_ask returns; the reply is borrowed.
    // NULL: the control is freed before there is an answer, or memory ran out.
    void (*reply)(void *context, json_t *reply);
    // NULL: this asker cannot watch.
    void (*watch)(void *context, const struct control_watch *watch);
};

// The request's text may be anything. `asker` is copied.
void control_ask(struct control *control, struct span request, const struct control_asker *asker);
