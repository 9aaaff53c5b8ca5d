// SPDX-License-Identifier: MIT
// A property bag that may ask for a fault, and a rate.
#include "simulator/hub/sdk_fault.h"
#include "simulator/hub/throttle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bag bag;
    struct sdk_fault fault;
    struct throttle_rate rate;
    int code = 0;
    if (bag_parse(span_of(data, size), &bag) == 0 && sdk_fault_read(&bag, &fault, &code) &&
        code == 0 && (fault.kind >= SDK_FAULT_COUNT || fault.delay_us > UINT64_C(86400000000))) {
        __builtin_trap();
    }
    bag_deinit(&bag);
    if (throttle_rate_parse(span_of(data, size), &rate) == 0 && rate.per_minute &&
        (rate.burst == 0 || rate.longest_us == 0)) {
        __builtin_trap();
    }
    return 0;
}
