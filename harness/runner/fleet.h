// SPDX-License-Identifier: MIT
// The further devices of a scenario with device.count: the same program again, each with an
// identity, a connection string and a folder of its own.
//
//     TRY(fleet_new(&settings, &fleet));
//     TRY(fleet_boot(fleet, utc_us));
//     fleet_stop(fleet, grace_us);  while (fleet_is_running(fleet)) { run the loop }
//     fleet_free(fleet);
#pragma once
#include "harness/device/device.h"
#include "simulator/rig/rig.h"

struct fleet;

struct fleet_settings {
    struct rig *rig;
    const struct device_settings *device;       // of the first one; `around` and `evidence` are
    const struct surroundings_settings *around; // replaced, and so are id and credentials
    enum hub_auth auth;
    unsigned count; // with the first one
};

// Registers them; the settings are copied, what they point to is borrowed. ERR_USAGE when the
// bench's device is no program. Errors of rig_add_identity, files and templates.
int fleet_new(const struct fleet_settings *settings, struct fleet **out) HR_NODISCARD;
int fleet_boot(struct fleet *fleet, int64_t utc_us) HR_NODISCARD;
// NULL is allowed from here on.
void fleet_stop(struct fleet *fleet, uint64_t grace_us);
bool fleet_is_running(const struct fleet *fleet);
void fleet_free(struct fleet *fleet);
