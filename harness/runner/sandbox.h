// SPDX-License-Identifier: MIT
// A private internet for one scenario: user, network and mount namespaces of the calling process,
// with loopback up, two public-looking addresses, and /etc/hosts and /etc/resolv.conf of its own.
// Needs no root. Must be called before the process has a second thread.
#pragma once
#include "base/compat.h"

#include <stddef.h>

#define SANDBOX_ADDRESS     "203.0.113.10" // RFC 5737: documentation, never routed
#define SANDBOX_DPS_ADDRESS "203.0.113.11" // the provisioning service

struct sandbox_settings {
    const char *address;            // IPv4, the hub's; public-looking, reaches nobody
    const char *const *names; // host names that shall resolve to the address
    size_t name_count;
    const char *dps_name; // NULL, or the name that shall resolve to SANDBOX_DPS_ADDRESS
    const char *folder;   // where hosts and resolv.conf are written; must be writable
};

// ERR_NAMESPACE when this machine forbids it; then the process is as it was before, unless a later
// step failed, which is told as ERR_IO: leave the process.
int sandbox_enter(const struct sandbox_settings *settings) HR_NODISCARD;
// Whether sandbox_enter would work, tried in a child process.
int sandbox_probe(void) HR_NODISCARD;
