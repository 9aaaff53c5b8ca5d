// SPDX-License-Identifier: MIT
// What the person who runs a plan asks of it.
#include "harness/scenario/plan.h"

#include <string.h>

bool plan_has_tag(const struct plan *plan, const char *tag)
{
    for (size_t i = 0; i < plan->tag_count; i++) {
        if (strcmp(plan->tags[i], tag) == 0) {
            return true;
        }
    }
    return strcmp(level_word(plan->level), tag) == 0;
}

void plan_slow_down(struct plan *plan, double factor)
{
    plan->limit_us = (uint64_t)((double)plan->limit_us * factor);
    for (size_t i = 0; i < plan->step_count; i++) {
        struct step *step = &plan->steps[i];
        bool is_open = step->kind == STEP_COUNT && step->most == UINT64_MAX;
        if (step->kind == STEP_EXPECT || step->kind == STEP_ORACLE || is_open) {
            step->duration_us = (uint64_t)((double)step->duration_us * factor);
        }
        if (step->during) {
            step->during->within_us = (uint64_t)((double)step->during->within_us * factor);
        }
    }
}
