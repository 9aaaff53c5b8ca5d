// SPDX-License-Identifier: MIT
// What the files of the state share.
#pragma once
#include "base/span.h"
#include "simulator/dps/dps.h"
#include "simulator/hub/hub.h"
#include "simulator/rig/state.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>

enum state_statement {
    PUT_IDENTITY,
    DROP_IDENTITY,
    DROP_SESSION,
    PUT_SESSION,
    PUT_FILTER,
    PUT_TWIN,
    DROP_MESSAGES,
    PUT_MESSAGE,
    PUT_PROPERTY,
    GET_IDENTITIES,
    GET_SESSIONS,
    GET_FILTERS,
    GET_TWINS,
    GET_MESSAGES,
    GET_PROPERTIES,
    PUT_REGISTRATION,
    GET_REGISTRATIONS,
    STATEMENT_COUNT
};

struct state_hub {
    struct state *state;
    struct hub *hub;
    char name[256]; // "" for the first one
};

struct state {
    char path[PATH_MAX];
    int lock;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct state_hub hubs[STATE_HUBS_MOST];
    size_t hub_count;
    struct dps *dps; // NULL: none
    char failure[1100];
    void (*failed)(void *context);
    void *failed_context;
};

void state_bind(sqlite3_stmt *statement, int at, struct span text);
// The statement with its hub bound.
sqlite3_stmt *state_use(const struct state_hub *h, enum state_statement which);
int state_step(const struct state *s, enum state_statement which) HR_NODISCARD;
struct span state_column(sqlite3_stmt *statement, int at); // borrowed until the next step

// state_service.c: one row written from the hub, one read into it.
int state_write_twin(struct state_hub *h, const struct identity *id) HR_NODISCARD;
int state_write_queue(struct state_hub *h, const struct identity *id) HR_NODISCARD;
int state_read_twin(struct state_hub *h, sqlite3_stmt *row) HR_NODISCARD;
int state_read_message(struct state_hub *h, sqlite3_stmt *row) HR_NODISCARD;
