// SPDX-License-Identifier: MIT
// Runs that are over already: what a runner that crashed left in the evidence folder.
#pragma once
#include "harness/oracle/verdict.h"
#include "harness/runner/runner.h"

// "EVIDENCE/FOLDER", and "/run-N" below it when entries run more than once.
int earlier_folder(const struct run_settings *s, size_t entry, unsigned round, char *out,
                   size_t capacity) HR_NODISCARD;
// True when the folder holds the verdict of this scenario as it stands now, on this device, and the
// rig did not fail. `o` is initialised in every case.
bool earlier_take(const struct run_settings *s, size_t entry, const char *folder,
                  struct outcome *o);
// Verdicts of earlier runs must not be taken for this one's should the runner crash.
void earlier_forget(const struct run_settings *s);
// Removes a folder of evidence with all that is in it.
void earlier_remove(const char *folder);
// Keeps the evidence of an attempt that is repeated, as FOLDER.attempt-N.
void earlier_set_aside(const char *folder, unsigned attempt);
