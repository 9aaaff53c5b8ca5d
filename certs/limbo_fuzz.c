// SPDX-License-Identifier: MIT
#include "certs/limbo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct limbo_file file;
    if (limbo_parse(span_of(data, size), &file) == 0) {
        limbo_deinit(&file);
    }
    return 0;
}
