// SPDX-License-Identifier: MIT
#include "simulator/hub/bag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bag bag;
    struct buf json;
    buf_init(&json, 1U << 24);
    if (bag_parse(span_of(data, size), &bag) == 0) {
        bag_add(&bag, "mqtt-dup", "true");
        if (bag_size_bytes(&bag) > size + 12 || bag_to_json(&bag, false, &json) < 0 ||
            bag_to_json(&bag, true, &json) < 0) {
            __builtin_trap();
        }
    }
    bag_deinit(&bag);
    buf_deinit(&json);
    return 0;
}
