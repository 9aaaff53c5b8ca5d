// SPDX-License-Identifier: MIT
// Any bytes as lines of a journal: never a crash, and what is printed is printed whole.
#include "harness/observe/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"./a program", "{root.pem}"};
    const struct profile_bench how = {.name = "x", .words = words, .word_count = 2};
    struct profile p;
    struct buf out;
    struct span rest = span_of(data, size);
    profile_init(&p);
    buf_init(&out, 4 << 20);
    while (rest.len) {
        struct span line = span_cut(rest, '\n', &rest);
        if (profile_line(&p, line) < 0) {
            abort();
        }
    }
    if (profile_print_text(&p, &out) < 0 || profile_print_json(&p, &out) < 0 ||
        profile_print_bench(&p, &how, &out) < 0) {
        abort();
    }
    buf_deinit(&out);
    profile_deinit(&p);
    return 0;
}
