// SPDX-License-Identifier: MIT
#include "harness/bench/bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench bench;
    struct diag_list diags;
    diag_init(&diags);
    int code = bench_parse("a.bench", span_of(data, size), &bench, &diags);
    for (size_t i = 0; code == 0 && i < bench.count; i++) {
        const struct bench_device *found = NULL;
        bool is_found = bench_find(&bench, bench.devices[i].name, &found) == 0;
        bool is_whole = is_found && (bench_is_hardware(found) ? found->board != NULL
                                                             : found->command_count > 0);
        if (!is_whole || found != &bench.devices[i]) {
            __builtin_trap();
        }
    }
    bench_deinit(&bench);
    diag_deinit(&diags);
    return 0;
}
