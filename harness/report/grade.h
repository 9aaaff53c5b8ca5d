// SPDX-License-Identifier: MIT
// A school mark per family of scenarios, in the manner of SSL Labs: a score, and caps that no score
// lifts. The family is the first part of the name: smoke of smoke.expired-leaf.
//
// Score: of all scenarios that were judged, the share that passed, in percent; a must weighs 4, a
// should 2, an info 1; a warning counts three quarters, a flaky one a quarter.
// Mark:  A from 90, B from 75, C from 60, D from 45, E from 30, else F.
// Caps:  a must that failed on a `never` statement: F. Another must that failed or was
//        inconclusive: D. A flaky must: C. A should that failed: B.
// A+:    everything passed, nothing was skipped.
// "-":   nothing was judged (skipped, or the rig failed).
#pragma once
#include "harness/oracle/verdict.h"

struct grade {
    char family[64];
    char mark[4];
    char why[200];  // what caps the mark, else the score in words
    bool is_capped; // by a single scenario
    size_t good, judged, count;
    unsigned score; // percent
};

enum { GRADES_MOST = 64 };

// Grades in the order in which families appear; returns how many, at most GRADES_MOST.
size_t grade_families(const struct outcome *outcomes, size_t count, struct grade *out);
// "5 of 6", with ", 2 not judged" where some were skipped or the rig failed.
int grade_print_share(const struct grade *grade, struct buf *out) HR_NODISCARD;
void grade_family_of(const char *scenario, char out[64]);
// The rule above, one line each, for people; NULL behind the last.
extern const char *const grade_rules[];
