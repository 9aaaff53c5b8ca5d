// SPDX-License-Identifier: MIT
// The knobs of scenarios for a hub that no scenario runs at: `hubrig serve --set KNOB=VALUE`, read
// by the parser of `set` statements.
//
//     const char *words[] = {"hub.quota=5", "hub.tier = S1", NULL};
//     TRY(served_knobs_set(words, &settings));
#pragma once
#include "harness/scenario/plan.h"
#include "simulator/rig/rig.h"

// Changes what the words (NULL-terminated, no knob twice) say, and nothing else, of settings whose
// hub was initialised. ERR_USAGE with a sentence that names the word.
int served_knobs_set(const char *const *words, struct rig_settings *settings) HR_NODISCARD;
// How a served hub is told what this knob says, NULL: by --set.
const char *served_knobs_instead(enum knob knob);
