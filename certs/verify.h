// SPDX-License-Identifier: MIT
// Does a client's certificate chain lead to one of these CA certificates? For enrolment groups and
// for devices that are registered by their CA. Dates are judged by the clock that the caller gives,
// never by the machine's; names, revocation and extended key usages are not judged.
//
//     struct cert_judgement j;
//     TRY(cert_chain_leads_to(certificate->chain_der, certificate->chain_count, anchors, 1, now,
//     &j)); if (j.verdict != CERT_TRUSTED) { puts(j.why); }
#pragma once
#include "base/span.h"

enum cert_verdict {
    CERT_TRUSTED,
    CERT_UNTRUSTED,   // no path of good signatures by CA certificates ends in an anchor
    CERT_OUT_OF_DATE, // there is such a path, but a certificate on it is outside its validity
    CERT_UNREADABLE,  // a certificate of the chain or an anchor is not X.509 DER
};

struct cert_judgement {
    enum cert_verdict verdict;
    size_t anchor; // index of the anchor that was reached; for TRUSTED and OUT_OF_DATE
    char why[240]; // one sentence, for every verdict
};

// Chain and anchors are DER, the chain leaf first; what else the device sent may come in any order.
// An anchor may be an intermediate. 0 with a judgement, ERR_NO_MEMORY or ERR_CRYPTO. Costs one
// signature check per link.
int cert_chain_leads_to(const struct span *chain_der, size_t chain_count,
                        const struct span *anchors_der, size_t anchor_count, int64_t utc_s,
                        struct cert_judgement *out) HR_NODISCARD;

// The (last) CN of the subject, NUL-terminated; "" without one. ERR_SYNTAX: not X.509 DER;
// ERR_TOO_BIG: the name does not fit or holds a NUL.
int cert_common_name(struct span der, char *out, size_t capacity_bytes) HR_NODISCARD;
