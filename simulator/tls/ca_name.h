// SPDX-License-Identifier: MIT
// Names of CAs that do not exist, for the list in a request for a client certificate.
#pragma once
#include "base/span.h"

// Appends the DER of the distinguished name "CN=Foreign Device CA 7" (X.501, RFC 5280 4.1.2.4).
int ca_name_make(size_t number, struct buf *out) HR_NODISCARD;
