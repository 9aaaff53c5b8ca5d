// SPDX-License-Identifier: MIT
// The CA behind a rig's hubs: that of this machine's test devices renews certificates for them.
#pragma once
#include "base/span.h"

struct hub;
struct rig;

#define RIG_OWN_CA "hubrig" // how hubs name it

struct rig_issuer { // of one hub
    struct rig *rig;
    struct hub *hub;
};
// Lets the hub renew certificates; `slot` belongs to the rig and lives as long as the hub.
void rig_offer_renewal(struct rig *rig, struct hub *hub, struct rig_issuer *slot);
// The hub knows this root from now on, its possession proved; again is no mistake. Errors of
// hub_add_ca.
int rig_register_ca(struct hub *hub, struct span root_der) HR_NODISCARD;
// The root of the CA of this machine's test devices, for devices that are registered by CA.
int rig_register_own_ca(struct rig *rig, struct hub *hub) HR_NODISCARD;
