// SPDX-License-Identifier: MIT
// Runs a fuzz target once over each file of its seeds, in builds without a fuzzer.
#include "base/error.h"
#include "base/fs.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    struct buf seed;
    buf_init(&seed, 1U << 20);
    for (int i = 1; i < argc; i++) {
        buf_clear(&seed);
        int code = fs_read_file(argv[i], &seed);
        if (code < 0) {
            fprintf(stderr, "%s: %s\n", argv[i], error_text(code));
            return 3;
        }
        printf("%s\n", argv[i]);
        fflush(stdout); // the last one named is the one that ends the program
        LLVMFuzzerTestOneInput(seed.data, seed.len);
    }
    buf_deinit(&seed);
    return argc > 1 ? 0 : 2;
}
