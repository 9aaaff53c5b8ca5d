// SPDX-License-Identifier: MIT
#include "harness/runner/earlier.h"
#include "base/error.h"
#include "base/fs.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VERDICT_BYTES_MOST = 1 << 20, SCENARIO_BYTES_MOST = 1 << 20 };

int earlier_folder(const struct run_settings *s, size_t entry, unsigned round, char *out,
                   size_t capacity)
{
    char name[PATH_MAX];
    int n = s->rounds > 1
                ? snprintf(name, sizeof name, "%s/run-%u", s->entries[entry].folder, round)
                : snprintf(name, sizeof name, "%s", s->entries[entry].folder);
    ENSURE(n > 0 && (size_t)n < sizeof name, ERR_TOO_BIG);
    return fs_join(out, capacity, s->evidence, name);
}

static bool is_same_scenario(const struct run_settings *s, size_t entry, const char *folder)
{
    char path[PATH_MAX];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, SCENARIO_BYTES_MOST);
    return fs_join(path, sizeof path, folder, "scenario.scn") == 0 &&
           fs_read_file(path, &text) == 0 &&
           span_equals_text(buf_span(&text), s->entries[entry].plan->source);
}

bool earlier_take(const struct run_settings *s, size_t entry, const char *folder, struct outcome *o)
{
    char path[PATH_MAX];
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, VERDICT_BYTES_MOST);
    outcome_init(o);
    if (fs_join(path, sizeof path, folder, "verdict.json") < 0 || fs_read_file(path, &json) < 0 ||
        outcome_from_json(buf_span(&json), o) < 0) {
        return false;
    }
    job_foretell(s->entries[entry].forecast, o); // what is known may have changed since
    return o->verdict != VERDICT_INFRA &&
           strcmp(o->device, s->entries[entry].device->name) == 0 &&
           is_same_scenario(s, entry, folder);
}

void earlier_forget(const struct run_settings *s)
{
    char folder[PATH_MAX];
    char path[PATH_MAX];
    for (size_t i = 0; i < s->entry_count; i++) {
        for (unsigned round = 1; round <= (s->rounds ? s->rounds : 1); round++) {
            if (earlier_folder(s, i, round, folder, sizeof folder) == 0 &&
                fs_join(path, sizeof path, folder, "verdict.json") == 0) {
                unlink(path);
            }
        }
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void earlier_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void earlier_set_aside(const char *folder, unsigned attempt)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.attempt-%u", folder, attempt);
    if (n < 0 || (size_t)n >= sizeof aside) {
        return;
    }
    if (fs_exists(aside)) { // of an earlier run
        earlier_remove(aside);
    }
    rename(folder, aside); // when it fails, the next attempt writes over it
}
