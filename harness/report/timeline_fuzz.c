// SPDX-License-Identifier: MIT
// A journal and a capture, divided by the first 0xff byte.
#include "harness/report/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct timeline t;
    struct span rest = SPAN_EMPTY;
    struct span journal = span_cut(span_of(data, size), 0xff, &rest);
    int code = timeline_parse(journal, rest, &t);
    if (code == 0 && t.verdict_us > t.end_us) {
        __builtin_trap();
    }
    timeline_deinit(&t);
    return 0;
}
