// SPDX-License-Identifier: MIT
#include "base/env.h"
#include "harness/runner/worker.h"

void job_describe(const struct job *job, struct outcome *o)
{
    const struct plan *plan = job->plan;
    outcome_set(&o->scenario, plan->name);
    outcome_set(&o->about, plan->about);
    outcome_set(&o->why, plan->why);
    outcome_set(&o->level, level_word(plan->level));
    outcome_set(&o->clause, plan->basis);
    outcome_set(&o->file, plan->file);
    outcome_set(&o->device, job->device->name);
    outcome_set(&o->firmware, job->firmware);
    outcome_set(&o->again, job->again);
    o->seed = job->seed;
    o->run = job->round;
    o->attempts = job->attempt;
}

uint64_t job_seed(const struct job *job)
{
    uint64_t seed = env_mix(job->seed, job->round);
    for (const char *at = job->plan->name; *at; at++) {
        seed = env_mix(seed, (uint8_t)*at);
    }
    return seed;
}
