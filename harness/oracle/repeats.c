// SPDX-License-Identifier: MIT
// Many runs of one scenario as one outcome.
#include "harness/oracle/verdict.h"

#include <stdio.h>

bool verdict_is_good(enum verdict verdict)
{
    return verdict == VERDICT_PASS || verdict == VERDICT_WARN;
}

bool verdict_is_trouble(enum verdict verdict)
{
    return !verdict_is_good(verdict) && verdict != VERDICT_SKIPPED;
}

// The run with the highest rank lends its texts.
static int rank(enum verdict verdict)
{
    static const int ranks[VERDICT_COUNT] = {
        [VERDICT_SKIPPED] = 0, [VERDICT_PASS] = 1,  [VERDICT_WARN] = 2, [VERDICT_INCONCLUSIVE] = 3,
        [VERDICT_FLAKY] = 4,   [VERDICT_FAIL] = 5, [VERDICT_INFRA] = 6,
    };
    return ranks[verdict];
}

static void take_texts(struct outcome *sum, const struct outcome *run)
{
    sum->verdict = run->verdict;
    sum->line = run->line;
    sum->column = run->column;
    sum->run = run->run;
    sum->events = run->events;
    sum->seed = run->seed;
    sum->started_us = run->started_us;
    outcome_set(&sum->scenario, run->scenario);
    outcome_set(&sum->about, run->about);
    outcome_set(&sum->file, run->file);
    outcome_set(&sum->statement, run->statement);
    outcome_set(&sum->expected, run->expected);
    outcome_set(&sum->observed, run->observed);
    outcome_set(&sum->cause, run->cause);
    outcome_set(&sum->try_text, run->try_text);
    outcome_copy_findings(sum, run);
    outcome_set(&sum->evidence, run->evidence);
    outcome_set(&sum->device, run->device);
    outcome_set(&sum->why, run->why);
    outcome_set(&sum->level, run->level);
    outcome_set(&sum->clause, run->clause);
    outcome_set(&sum->firmware, run->firmware);
    outcome_set(&sum->earlier, run->earlier);
    outcome_set(&sum->again, run->again);
}

void outcome_add_run(struct outcome *sum, const struct outcome *run)
{
    char observed[1200];
    bool is_first = sum->runs == 0;
    bool is_bad = verdict_is_trouble(run->verdict) && run->verdict != VERDICT_INFRA;
    sum->runs++;
    sum->good_runs += verdict_is_good(run->verdict);
    sum->bad_runs += is_bad;
    sum->infra_runs += run->verdict == VERDICT_INFRA;
    if (run->verdict != VERDICT_INFRA) { // it ended before the device did
        measures_lower(&sum->measures, &run->measures);
    }
    sum->duration_us = is_first ? run->duration_us : sum->duration_us + run->duration_us;
    sum->attempts = run->attempts > sum->attempts ? run->attempts : sum->attempts;
    if (is_first || (sum->verdict != VERDICT_FLAKY && rank(run->verdict) > rank(sum->verdict)) ||
        (sum->verdict == VERDICT_FLAKY && run->verdict == VERDICT_INFRA)) {
        take_texts(sum, run);
    }
    if (sum->verdict != VERDICT_FLAKY && sum->verdict != VERDICT_INFRA && sum->good_runs &&
        sum->bad_runs) {
        sum->verdict = VERDICT_FLAKY;
        snprintf(observed, sizeof observed, "in run %u: %s", sum->run, sum->observed);
        outcome_set(&sum->observed, observed);
    }
}
