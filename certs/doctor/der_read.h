// SPDX-License-Identifier: MIT
// Reading DER one element at a time (X.690), for the few places that mbedTLS does not show.
#pragma once
#include "base/span.h"

struct der_item {
    uint8_t tag;
    struct span value;
    struct span whole; // tag and length included
};

// Takes the first element off *rest. False when *rest is empty or its first element is broken or
// longer than what is there; *rest then stays.
bool der_next(struct span *rest, struct der_item *out);
// The bytes that the first element claims to fill, tag and length included; 0: no such length.
size_t der_claimed_bytes(struct span s);
// An object identifier's value as "1.2.840..."; "" when it is broken or does not fit.
const char *der_oid_text(struct span value, char *out, size_t capacity_bytes);
