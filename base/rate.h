// SPDX-License-Identifier: MIT
// Clocks that run faster or slower than others, without rounding that adds up: a rate is a whole
// number of millionths. Header only, because a library inside the device needs it as well.
//
//     gone = rate_faster(real_gone, 20 * RATE_REAL_PPM);   // what the faster clock counts
#pragma once
#include <stdint.h>

#define RATE_REAL_PPM UINT32_C(1000000)

// What a clock of this rate counts while another one counts `time`, in any unit.
static inline int64_t rate_faster(int64_t time, uint32_t rate_ppm)
{
    return (int64_t)((__int128)time * rate_ppm / RATE_REAL_PPM); // the product may be beyond 64 bits
}

// The way back, rounded up: a wait must not end early.
static inline int64_t rate_slower(int64_t time, uint32_t rate_ppm)
{
    __int128 wide = (__int128)time * RATE_REAL_PPM;
    return (int64_t)(wide / rate_ppm + (wide > 0 && wide % rate_ppm ? 1 : 0));
}
