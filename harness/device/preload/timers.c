// SPDX-License-Identifier: MIT
// Timers that the kernel keeps for a device, and the time limits of its sockets.
#include "harness/device/preload/preload.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct timeval timeval_of(int64_t ns)
{
    struct timespec t = timespec_of(ns);
    return (struct timeval){t.tv_sec, t.tv_nsec / 1000};
}

static int64_t ns_of_timeval(struct timeval t)
{
    return (int64_t)t.tv_sec * NS_PER_S + (int64_t)t.tv_usec * 1000;
}

static struct itimerspec faster(const struct clock_page *p, const struct itimerspec *timer)
{
    return (struct itimerspec){
        .it_interval = timespec_of(preload_faster(p, ns_of(timer->it_interval))),
        .it_value = timespec_of(preload_faster(p, ns_of(timer->it_value)))};
}

// Which clock the descriptor was made for is not asked: a time that lies years beyond the monotonic
// clock is a date.
static int64_t absolute_ns(const struct clock_page *p, int64_t ns)
{
    bool is_date = ns > p->mono_ns + (p->utc_ns - p->mono_ns) / 2;
    struct timespec at = preload_deadline(p, is_date ? CLOCK_REALTIME : CLOCK_MONOTONIC, timespec_of(ns));
    return is_date ? ns_of(at) - p->mono_ns + p->utc_ns : ns_of(at);
}

PRELOAD_API int timerfd_settime(int fd, int flags, const struct itimerspec *timer,
                                struct itimerspec *old)
{
    const struct clock_page *p = preload_page();
    if (!p) {
        return NEXT(timerfd_settime)(fd, flags, timer, old);
    }
    int64_t value_ns = ns_of(timer->it_value);
    bool is_absolute = (flags & TFD_TIMER_ABSTIME) && value_ns > 0;
    struct itimerspec machine = {
        .it_interval = timespec_of(preload_slower(p, ns_of(timer->it_interval))),
        .it_value = timespec_of(is_absolute ? absolute_ns(p, value_ns) : preload_slower(p, value_ns))};
    int code = NEXT(timerfd_settime)(fd, flags, &machine, old);
    if (code == 0 && old) {
        *old = faster(p, old);
    }
    return code;
}

PRELOAD_API int timerfd_gettime(int fd, struct itimerspec *out)
{
    const struct clock_page *p = preload_page();
    int code = NEXT(timerfd_gettime)(fd, out);
    if (p && code == 0) {
        *out = faster(p, out);
    }
    return code;
}

PRELOAD_API int setitimer(__itimer_which_t which, const struct itimerval *restrict timer,
                          struct itimerval *restrict old)
{
    const struct clock_page *p = preload_page();
    if (!p || which != ITIMER_REAL || !timer) {
        return NEXT(setitimer)(which, timer, old);
    }
    struct itimerval machine = {
        .it_interval = timeval_of(preload_slower(p, ns_of_timeval(timer->it_interval))),
        .it_value = timeval_of(preload_slower(p, ns_of_timeval(timer->it_value)))};
    int code = NEXT(setitimer)(which, &machine, old);
    if (code == 0 && old) {
        old->it_interval = timeval_of(preload_faster(p, ns_of_timeval(old->it_interval)));
        old->it_value = timeval_of(preload_faster(p, ns_of_timeval(old->it_value)));
    }
    return code;
}

PRELOAD_API unsigned alarm(unsigned seconds)
{
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)seconds}};
    struct itimerval old = {0};
    if (!preload_page() || setitimer(ITIMER_REAL, &timer, &old) != 0) {
        return NEXT(alarm)(seconds);
    }
    return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}

PRELOAD_API int setsockopt(int fd, int level, int name, const void *value, socklen_t size_bytes)
{
    const struct clock_page *p = preload_page();
    bool is_limit = level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
    if (!p || !is_limit || size_bytes < sizeof(struct timeval)) {
        return NEXT(setsockopt)(fd, level, name, value, size_bytes);
    }
    struct timeval machine =
        timeval_of(preload_slower(p, ns_of_timeval(*(const struct timeval *)value)));
    return NEXT(setsockopt)(fd, level, name, &machine, sizeof machine);
}
