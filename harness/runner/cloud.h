// SPDX-License-Identifier: MIT
// What the service side of a scenario does: messages, desired properties, method calls.
#pragma once
#include "harness/scenario/plan.h"
#include "simulator/hub/hub.h"

// HUB_C2D, HUB_DESIRED and HUB_METHOD. A device that is not there for a method call is no error:
// the journal says method.failed. ERR_VALUE with the hub's sentence when it refuses what was asked
// for.
int cloud_act(struct hub *hub, const char *device, const struct step *step) HR_NODISCARD;
