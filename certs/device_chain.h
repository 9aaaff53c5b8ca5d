// SPDX-License-Identifier: MIT
// Does the chain that a device sent lead to this CA? For services that trust a group's CA instead
// of single certificates.
//
//     char why[DEVICE_CHAIN_WHY_BYTES];
//     bool is_good = false;
//     TRY(device_chain_check(chain_der, ca_pem, now_s, &is_good, why));
#pragma once
#include "base/span.h"

enum { DEVICE_CHAIN_WHY_BYTES = 200, DEVICE_CHAIN_CERTS_MOST = 10 };

// `chain_der`: the certificates as sent, leaf first, DER one behind the other. `ca_pem`: one
// certificate, a root or an intermediate; it is trusted as it stands, whoever issued it. Checks
// signatures, CA marks, path lengths and, at `utc_s`, the dates of all certificates on the way and
// of the CA. `why` says what was found, good or not. ERR_SYNTAX: the CA cannot be read;
// ERR_NO_MEMORY. A chain that cannot be read is not good. Linear in the certificates.
int device_chain_check(struct span chain_der, struct span ca_pem, int64_t utc_s, bool *is_good,
                       char why[DEVICE_CHAIN_WHY_BYTES]) HR_NODISCARD;
