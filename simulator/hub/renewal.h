// SPDX-License-Identifier: MIT
// Renewal of device certificates over the hub (preview): a device sends a signing request, hears
// 202 at once and, when the CA is done, 200 with the new chain. One request of an identity is
// active at a time; a later one may replace it. The last answer waits for a device that is not
// subscribed.
//
//     struct renewal_answer answer;
//     renewal_answer_init(&answer);
//     if (hub_renewal_request(hub, identity, rid, body, &answer) == 0) { send(&answer); }
//     renewal_answer_deinit(&answer);
#pragma once
#include "simulator/hub/hub.h"

enum {
    RENEWAL_CSR_BYTES_MOST = 8192, // of its base64 text
    RENEWAL_RID_BYTES_MOST = 128,
    RENEWAL_ANSWER_BYTES_MOST = 1 << 18,
    RENEWAL_CHAIN_COUNT = 3,
};

// The CA behind the hub. `issue` appends DER certificates, leaf, intermediate, root, for a PKCS#10
// request whose CN must be `common_name`. ERR_VALUE with a sentence: the request is no good.
struct hub_issuer {
    void *context;
    int (*issue)(void *context, struct span csr_der, const char *common_name, int64_t from_s,
                 int64_t to_s, struct buf chain_der[RENEWAL_CHAIN_COUNT]);
};
void hub_set_issuer(struct hub *hub, const struct hub_issuer *issuer);
// Whether a connection with this api-version may renew.
bool hub_renews(const struct hub *hub, const char *api_version);

struct renewal_answer {
    char rid[RENEWAL_RID_BYTES_MOST + 1];
    int status;
    struct buf body; // JSON
};
void renewal_answer_init(struct renewal_answer *answer);
void renewal_answer_deinit(struct renewal_answer *answer);

// Judges a request and says what is answered at once: 202, 400, 409, 412 or 429. Emits
// renewal.requested and renewal.accepted or renewal.refused. ERR_VALUE: a rid that is too long;
// ERR_NO_MEMORY, ERR_CRYPTO (randomness).
int hub_renewal_request(struct hub *hub, const struct identity *identity, struct span rid,
                        struct span body, struct renewal_answer *out) HR_NODISCARD;
// Moves the last answer of the identity's request out, 200 or 400; false when there is none yet.
bool hub_renewal_take(struct hub *hub, const struct identity *identity, struct renewal_answer *out);
