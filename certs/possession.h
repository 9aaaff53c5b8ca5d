// SPDX-License-Identifier: MIT
// Proof of possession, as IoT Hub and DPS ask for it before they trust an uploaded CA: the service
// gives a code, the owner signs a certificate whose common name is that code with the CA's key.
#pragma once
#include "certs/cert_list.h"

struct possession_wish {
    struct span ca_pem;     // the first certificate counts
    struct span ca_key_pem; // any form that mbedTLS reads; secret
    const char *password;   // of the key, or NULL
    const char *code;       // 1 to 128 ASCII letters without blanks
    int64_t utc_s;
};

// The certificate as PEM, appended to `out`: SHA-256, from a day before for 30 days, with a P-256
// key from the cache that nobody needs again. ERR_VALUE: the code, a certificate that is no CA, a
// key that cannot be read or is not the CA's; ERR_SYNTAX: no certificate.
int possession_make(struct workshop *w, const struct possession_wish *wish,
                    struct buf *out) HR_NODISCARD;

// Everything that speaks against the proof, one sentence per line; nothing appended = the service
// would take it. ERR_SYNTAX: no certificate in one of the two.
int possession_check(struct span ca_pem, struct span cert_pem, const char *code, int64_t utc_s,
                     struct buf *findings) HR_NODISCARD;
