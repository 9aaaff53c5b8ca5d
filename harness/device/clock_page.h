// SPDX-License-Identifier: MIT
// What the rig and the library inside a device share: one page of memory, a file, that says how the
// device's clocks differ from the machine's. The rig may write `offset_ns` at any time.
//
//     device's monotonic clock = mono_ns + (machine's - mono_ns) * rate
//     device's wall clock      = utc_ns + offset_ns + (device's monotonic clock - mono_ns)
#pragma once
#include "base/rate.h"

#include <stdatomic.h>

#define CLOCK_PAGE_VARIABLE "HUBRIG_CLOCK" // names the file in the device's environment
#define CLOCK_PAGE_MAGIC    UINT32_C(0x314B4C43)

struct clock_page {
    uint32_t magic;
    uint32_t rate_ppm; // 1,000,000: as fast as the machine's
    int64_t mono_ns;   // the machine's clocks when the run began
    int64_t utc_ns;
    _Atomic int64_t offset_ns; // the device's wall clock minus the run's
};
