// SPDX-License-Identifier: MIT
// Names and time in a private network: what answers at SANDBOX_SERVICES_ADDRESS.
//
//     TRY(services_open(&rig, &plan->settings, SANDBOX_ADDRESS));
//     TRY(services_act(&rig, step));   // the statements sntp and dns
#pragma once
#include "harness/scenario/plan.h"
#include "simulator/rig/rig.h"

#define SERVICES_HUB2_HOST "myhub2.azure-devices.net"
#define SERVICES_DPS_HOST  "global.azure-devices-provisioning.net"
#define SERVICES_SNTP_HOST "pool.ntp.org"

// A time server that follows the hub's clock, and a name server that knows the hubs, the
// provisioning service and the usual time servers, both as the knobs say. rig_close closes them.
// Errors as server_listen; ERR_VALUE: a knob asks for an address that this machine cannot give.
int services_open(struct rig *rig, const struct settings *settings,
                  const char *hub_address) HR_NODISCARD;
// HUB_SNTP and HUB_DNS. ERR_LIMIT: too many names; ERR_VALUE as above.
int services_act(struct rig *rig, const struct step *step) HR_NODISCARD;
