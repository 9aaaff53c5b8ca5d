// SPDX-License-Identifier: MIT
#include "harness/oracle/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome first, second;
    struct buf once, twice;
    buf_init(&once, 1 << 24);
    buf_init(&twice, 1 << 24);
    if (outcome_from_json(span_of(data, size), &first) == 0) {
        // What was read is written, read and written again without a change.
        if (outcome_to_json(&first, &once) < 0 || outcome_from_json(buf_span(&once), &second) < 0 ||
            outcome_to_json(&second, &twice) < 0 || !span_equals(buf_span(&once), buf_span(&twice))) {
            __builtin_trap();
        }
        outcome_deinit(&second);
    }
    outcome_deinit(&first);
    buf_deinit(&once);
    buf_deinit(&twice);
    return 0;
}
