// SPDX-License-Identifier: MIT
// Input up to the first 0 byte is a dialect file, the rest a line of a log.
#include "harness/dialects/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size < 4096 ? size : 4096);
    struct span file = span_cut(rest, 0, &rest);
    struct dialects *d = dialects_new();
    struct diag_list diags;
    struct log_hit hit;
    diag_init(&diags);
    if (d && dialects_parse(d, "a", file, &diags) == 0 && dialects_read(d, rest, &hit)) {
        // What was read has a meaning, and an error has a cause.
        if (!hit.meaning[0] && hit.type == EVENT_LOG_ERROR && !hit.cause[0]) {
            __builtin_trap();
        }
    }
    dialects_free(d);
    diag_deinit(&diags);
    return 0;
}
