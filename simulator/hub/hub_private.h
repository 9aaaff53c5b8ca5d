// SPDX-License-Identifier: MIT
// What the files of the hub share and nobody else sees.
#pragma once
#include "simulator/hub/hub.h"

// Without memory uthash leaves the element out and marks it, instead of ending the program.
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->is_left_out = true)
#include <uthash.h>

struct hub_filter {
    struct hub_filter *next;
    char *text;
    int qos;
};

struct hub_entry {
    struct identity identity;
    struct hub_filter *filters; // newest first
    bool is_kept;               // the session outlives its connection (clean 0)
    bool is_left_out;
    UT_hash_handle hh;
};

struct hub {
    struct hub_settings settings;
    const struct env *env;
    struct journal *journal;
    int64_t clock_offset_us;
    struct hub_entry *entries;
    struct hub_link *links; // newest first
    hub_keeper *keeper;
    void *keeper_context;
};

struct hub_entry *hub_entry_find(const struct hub *hub, struct span name);
void hub_filters_free(struct hub_entry *entry);
int hub_keep(struct hub *hub, const struct hub_entry *entry, unsigned what);
// `host` is the hub's name or an alias, without case.
bool hub_has_host(const struct hub *hub, struct span host);
