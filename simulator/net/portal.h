// SPDX-License-Identifier: MIT
// A captive portal, as what speaks inside its TLS: whatever is asked, it answers with a login page
// and closes. A device that verifies certificates never comes so far.
//
//     TRY(portal_open(&settings, &call, &inner));
#pragma once
#include "simulator/inner.h"

#define PORTAL_HOST "other.example" // the name in its certificate, as of the chain bad/wrong-host

struct portal_settings {
    const struct env *env; // both borrowed for the life of the connection
    struct journal *journal;
    int status; // 200, 302 or 511 (RFC 6585 6)
};

// ERR_NO_MEMORY. Emits portal.request once.
int portal_open(const struct portal_settings *settings, const struct inner_call *call,
                struct inner *out) HR_NODISCARD;
