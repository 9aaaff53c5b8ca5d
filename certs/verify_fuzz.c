// SPDX-License-Identifier: MIT
// Two pieces of bytes as a chain, the second also as the anchor.
#include "certs/verify.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_judgement j;
    char name[64];
    if (size < 2) {
        return 0;
    }
    size_t cut = ((size_t)data[0] << 8 | data[1]) % (size - 1);
    struct span chain[2] = {span_of(data + 2, cut < size - 2 ? cut : size - 2), SPAN_EMPTY};
    chain[1] = span_of(data + 2 + chain[0].len, size - 2 - chain[0].len);
    if (cert_chain_leads_to(chain, 2, &chain[1], 1, 1795161645, &j) == 0 && j.why[0] == '\0') {
        __builtin_trap();
    }
    if (cert_common_name(chain[0], name, sizeof name) == 0 && strlen(name) >= sizeof name) {
        __builtin_trap();
    }
    return 0;
}
