// SPDX-License-Identifier: MIT
// Words split at blanks.
#include "simulator/faults/fault.h"

enum { WORDS_MOST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span words[WORDS_MOST];
    size_t count = 0;
    size_t bad = 0;
    struct fault f;
    struct span rest = span_of(data, size);
    while (rest.len && count < WORDS_MOST) {
        words[count++] = span_cut(rest, ' ', &rest);
    }
    if (fault_parse(words, count, &f, &bad) < 0) {
        if (bad > count) {
            __builtin_trap();
        }
    } else if (f.kind == FAULT_NONE || f.times == 0) {
        __builtin_trap();
    }
    return 0;
}
