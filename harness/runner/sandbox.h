// SPDX-License-Identifier: MIT
// A private internet for one scenario: user, network and mount namespaces of the calling process,
// with loopback up, public-looking addresses, and files in /etc that send all names to
// SANDBOX_SERVICES_ADDRESS.
// Needs no root. Must be called before the process has a second thread.
#pragma once
#include "base/compat.h"

#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_ADDRESS     "203.0.113.10" // RFC 5737: documentation, never routed
#define SANDBOX_DPS_ADDRESS "203.0.113.11" // the provisioning service
#define SANDBOX_SECOND_ADDRESS "203.0.113.12" // where the hub answers as well
#define SANDBOX_DPS_SECOND_ADDRESS "203.0.113.13" // where the provisioning service does
#define SANDBOX_SERVICES_ADDRESS "203.0.113.53" // names and time
#define SANDBOX_STRANGER_ADDRESS "203.0.113.66" // refuses every connection
#define SANDBOX_DEAD_IPV6 "2001:db8::dead" // RFC 3849: documentation; refuses as well

struct sandbox_settings {
    const char *address;            // IPv4, the hub's; public-looking, reaches nobody
    const char *const *names; // host names that need no name server to lead to the address
    size_t name_count;
    const char *folder; // where the files are written; must be writable
};

// ERR_NAMESPACE when this machine forbids it; then the process is as it was before, unless a later
// step failed, which is told as ERR_IO: leave the process.
int sandbox_enter(const struct sandbox_settings *settings) HR_NODISCARD;
// Whether sandbox_enter would work, tried in a child process.
int sandbox_probe(void) HR_NODISCARD;
// Whether the calling process, inside its private network, has SANDBOX_DEAD_IPV6.
bool sandbox_has_ipv6(void);
