// SPDX-License-Identifier: MIT
// The time and name servers beside a hub. The rig owns them; rig_close closes them.
//
//     TRY(rig_listen_sntp(rig, "127.0.0.1", 0, &port));
//     sntp_use(rig->sntp, &mode);
#pragma once
#include "simulator/net/dns.h"
#include "simulator/net/sntp.h"
#include "simulator/rig/rig.h"

// Follows the hub's clock. Errors as server_listen.
int rig_listen_sntp(struct rig *rig, const char *address, int port, int *bound_port) HR_NODISCARD;
// A name server that knows the hub's name, which leads to `hub_address`.
int rig_listen_dns(struct rig *rig, const char *address, int port, const char *hub_address,
                   int *bound_port) HR_NODISCARD;
// For rig_close.
void rig_close_responders(struct rig *rig);
