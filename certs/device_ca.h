// SPDX-License-Identifier: MIT
// The CA of this machine's test devices: a root and an issuing CA that stay the same, so that a hub
// that was given the root once knows every device. It also answers certificate signing requests.
//
//     struct device_chain chain;
//     TRY(device_ca_issue(workshop, csr_der, "bench-01", from_s, to_s, &chain));
//     use(buf_span(&chain.der[0]));
//     device_chain_deinit(&chain);
#pragma once
#include "certs/chain.h"

enum { DEVICE_CHAIN_COUNT = 3 };
struct device_chain {
    struct buf der[DEVICE_CHAIN_COUNT]; // leaf, issuing CA, root
};

// A certificate for the key of a PKCS#10 request (DER), whose CN must be `common_name`; valid
// between the two, seconds since 1970. ERR_VALUE with a sentence: no PKCS#10, a signature that is
// not its own key's, another CN, a key that is neither RSA nor EC; ERR_NO_MEMORY, ERR_CRYPTO,
// ERR_IO (key cache).
int device_ca_issue(struct workshop *w, struct span csr_der, const char *common_name,
                    int64_t from_s, int64_t to_s, struct device_chain *out) HR_NODISCARD;
// The root, DER, appended to `out`: what a hub registers.
int device_ca_root(struct workshop *w, struct buf *out) HR_NODISCARD;
void device_chain_deinit(struct device_chain *chain);
