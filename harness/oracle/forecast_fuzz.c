// SPDX-License-Identifier: MIT
#include "harness/oracle/forecast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct forecast_list list;
    struct diag_list diags;
    diag_init(&diags);
    int code = forecast_parse("a.expect", span_of(data, size), &list, &diags);
    for (size_t i = 0; code == 0 && i < list.count; i++) {
        const struct forecast *f = &list.items[i];
        if (forecast_find(&list, f->device, f->scenario) != f) {
            __builtin_trap();
        }
    }
    forecast_deinit(&list);
    diag_deinit(&diags);
    return 0;
}
