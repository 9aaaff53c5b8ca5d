// SPDX-License-Identifier: MIT
// The library that a device is started with when its clock is not the machine's. It stands between
// the device and the C library: who asks for the time gets the device's, and who waits waits as long
// as the device's clocks take. Wall clock and monotonic clocks are apart: setting the one never
// moves the others. Without a page (clock_page.h) everything passes through.
//
//     LD_PRELOAD=.../hubrig-clock.so HUBRIG_CLOCK=/run/clock ./device
//
// Not covered: programs that are linked statically or call the kernel themselves, the time-outs of
// name look-ups and of TCP inside kernel and C library, absolute POSIX timers (timer_settime).
#pragma once
#include "harness/device/clock_page.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define PRELOAD_API __attribute__((visibility("default")))
#define NS_PER_S    INT64_C(1000000000)

// NULL: nothing to change.
const struct clock_page *preload_page(void);
// The C library's function of this name. The pointer is kept in *slot.
void *preload_next(void **slot, const char *name);
// A function pointer of the C library: NEXT(poll)(fds, count, ms).
#define NEXT(function)                                                                             \
    ((__typeof__(&function))__extension__({                                                        \
        static void *slot;                                                                         \
        preload_next(&slot, #function);                                                            \
    }))

int64_t preload_machine_mono_ns(void);
bool preload_is_wall(clockid_t id);
bool preload_is_mono(clockid_t id);
// The machine's monotonic clock when the device's clock `id` says `at`.
struct timespec preload_deadline(const struct clock_page *p, clockid_t id, struct timespec at);
// How long the machine takes for so much of the device's time; NULL stays NULL.
const struct timespec *preload_wait(const struct clock_page *p, const struct timespec *wait,
                                    struct timespec *scratch);

static inline int64_t preload_faster(const struct clock_page *p, int64_t ns)
{
    return rate_faster(ns, p->rate_ppm);
}

static inline int64_t preload_slower(const struct clock_page *p, int64_t ns)
{
    return rate_slower(ns, p->rate_ppm);
}

static inline int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static inline struct timespec timespec_of(int64_t ns)
{
    int64_t rest = ns % NS_PER_S;
    rest += rest < 0 ? NS_PER_S : 0;
    return (struct timespec){(time_t)((ns - rest) / NS_PER_S), (long)rest};
}
