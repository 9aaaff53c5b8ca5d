// SPDX-License-Identifier: MIT
#include "simulator/rig/hub_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hub_file file;
    struct diag_list diags;
    diag_init(&diags);
    int code = hub_file_parse("fuzz", span_of(data, size), NULL, 0, &file, &diags);
    if ((code < 0) != (diags.count + diags.dropped > 0)) {
        __builtin_trap(); // a refusal says why
    }
    hub_file_deinit(&file);
    diag_deinit(&diags);
    return 0;
}
