// SPDX-License-Identifier: MIT
#include "simulator/hub/username.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct username u;
    if (username_parse(span_of(data, size), &u) == 0) {
        // what was accepted names a valid identity
        if (u.host.len == 0 || !identity_name_is_valid(span_text(u.name))) {
            __builtin_trap();
        }
    }
    return 0;
}
