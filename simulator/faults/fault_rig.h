// SPDX-License-Identifier: MIT
// A fault plan with a number as its clock, for tests.
#pragma once
#include "base/error.h"
#include "base/test.h"
#include "simulator/faults/fault.h"
#include "simulator/journal/event_log.h"

#include <string.h>

struct fault_rig {
    struct fake_world fake;
    struct env env;
    struct journal *journal;
    struct event_log log;
    struct fault_plan *plan;
};

static inline void fault_rig_open(struct fault_rig *r)
{
    memset(r, 0, sizeof *r);
    r->env = env_fake(&r->fake);
    r->journal = journal_new(&r->env);
    r->plan = faults_new(r->journal);
    assert_non_null(r->plan);
    event_log_init(&r->log, r->journal);
}

static inline void fault_rig_close(struct fault_rig *r)
{
    faults_free(r->plan);
    journal_free(r->journal);
    event_log_deinit(&r->log);
}

static inline int fault_rig_parse(const char *text, struct fault *f, size_t *bad)
{
    struct span words[16];
    size_t count = 0;
    struct span rest = span_text(text);
    while (rest.len) {
        words[count++] = span_cut(rest, ' ', &rest);
    }
    return fault_parse(words, count, f, bad);
}

static inline void fault_rig_arm(struct fault_rig *r, const char *text)
{
    struct fault f;
    size_t bad = 0;
    if (fault_rig_parse(text, &f, &bad) < 0) {
        fail_msg("%s: %s", text, error_text(ERR_SYNTAX));
    }
    assert_int_equal(faults_add(r->plan, &f), 0);
}
