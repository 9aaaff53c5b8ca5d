// SPDX-License-Identifier: MIT
// What the oracles share. Not for other folders.
#pragma once
#include "base/when.h"
#include "harness/oracle/oracle.h"

#include <inttypes.h>

struct oracle_class {
    size_t state_bytes; // zeroed at the start
    void (*deinit)(void *state);
    int (*event)(struct oracle *o, const struct event *e);
    void (*act)(struct oracle *o);
    void (*begin)(struct oracle *o);
    enum oracle_state (*judge)(const struct oracle *o, uint64_t now_us, bool is_over,
                               struct buf *say);
    uint64_t (*origin_us)(const struct oracle *o); // NULL: the statement's begin
};

struct oracle {
    const struct oracle_spec *spec;
    const struct oracle_class *class;
    void *state;
    uint64_t act_us;   // the last boot, hub, dps or time statement
    bool has_acted;
    uint64_t begin_us; // its own statement
    bool has_begun;
};

extern const struct oracle_class oracle_backoff, oracle_rate, oracle_quiet, oracle_silence,
    oracle_ledger, oracle_keepalive, oracle_detect, oracle_recovery, oracle_resubscribe,
    oracle_twin_sync, oracle_renewal, oracle_alert, oracle_leak, oracle_memory;

// A piece that does not fit is left out: half a sentence helps more than none.
#define SAY(buf, ...) ((void)!buf_printf((buf), __VA_ARGS__))

// Something that the device itself put on the wire.
bool oracle_is_from_device(const struct event *e);
// The chain of this hub.chain or dps.chain event must be refused.
bool oracle_is_bad_chain(const struct event *e);
// The number in a field, or `otherwise`.
int64_t oracle_number(const struct event *e, const char *field, int64_t otherwise);
bool oracle_value_is(const struct event *e, const char *field, const char *text);
