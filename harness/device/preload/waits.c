// SPDX-License-Identifier: MIT
// Sleeping, and waiting for descriptors.
#include "harness/device/preload/preload.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

// What is left of a wait, in the device's time, when a signal ended it.
static void tell_rest(const struct clock_page *p, int result, struct timespec machine_rest,
                      struct timespec *rest)
{
    if (result != 0 && rest) {
        *rest = timespec_of(preload_faster(p, ns_of(machine_rest)));
    }
}

PRELOAD_API int clock_nanosleep(clockid_t id, int flags, const struct timespec *wait,
                                struct timespec *rest)
{
    const struct clock_page *p = preload_page();
    struct timespec machine_wait;
    struct timespec machine_rest = {0};
    if (!p || !(preload_is_wall(id) || preload_is_mono(id))) {
        return NEXT(clock_nanosleep)(id, flags, wait, rest);
    }
    if (flags & TIMER_ABSTIME) {
        machine_wait = preload_deadline(p, id, *wait);
        return NEXT(clock_nanosleep)(CLOCK_MONOTONIC, flags, &machine_wait, NULL);
    }
    preload_wait(p, wait, &machine_wait);
    int code = NEXT(clock_nanosleep)(CLOCK_MONOTONIC, flags, &machine_wait, &machine_rest);
    tell_rest(p, code, machine_rest, rest);
    return code;
}

PRELOAD_API int nanosleep(const struct timespec *wait, struct timespec *rest)
{
    int code = clock_nanosleep(CLOCK_MONOTONIC, 0, wait, rest);
    if (code != 0) {
        errno = code;
        return -1;
    }
    return 0;
}

PRELOAD_API unsigned sleep(unsigned seconds)
{
    struct timespec wait = {(time_t)seconds, 0};
    struct timespec rest = {0};
    return nanosleep(&wait, &rest) == 0 ? 0 : (unsigned)rest.tv_sec + (rest.tv_nsec > 0);
}

PRELOAD_API int usleep(useconds_t us)
{
    struct timespec wait = timespec_of((int64_t)us * 1000);
    return nanosleep(&wait, NULL);
}

// A wait in ms as the functions below take it: under 0 is for ever.
static const struct timespec *from_ms(const struct clock_page *p, int ms, struct timespec *scratch)
{
    struct timespec wait = timespec_of((int64_t)ms * 1000000);
    return ms < 0 ? NULL : preload_wait(p, &wait, scratch);
}

PRELOAD_API int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *wait,
                      const sigset_t *mask)
{
    const struct clock_page *p = preload_page();
    struct timespec scratch;
    return NEXT(ppoll)(fds, count, p ? preload_wait(p, wait, &scratch) : wait, mask);
}

PRELOAD_API int poll(struct pollfd *fds, nfds_t count, int ms)
{
    const struct clock_page *p = preload_page();
    struct timespec scratch;
    return p ? NEXT(ppoll)(fds, count, from_ms(p, ms, &scratch), NULL) : NEXT(poll)(fds, count, ms);
}

// What _FORTIFY_SOURCE makes of poll and ppoll; the size of `fds` was checked where it is known.
int __poll_chk(struct pollfd *fds, nfds_t count, int ms, size_t fds_bytes);
PRELOAD_API int __poll_chk(struct pollfd *fds, nfds_t count, int ms, size_t fds_bytes)
{
    (void)fds_bytes;
    return poll(fds, count, ms);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *wait, const sigset_t *mask,
                size_t fds_bytes);
PRELOAD_API int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *wait,
                            const sigset_t *mask, size_t fds_bytes)
{
    (void)fds_bytes;
    return ppoll(fds, count, wait, mask);
}

PRELOAD_API int pselect(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict bad,
                        const struct timespec *restrict wait, const sigset_t *restrict mask)
{
    const struct clock_page *p = preload_page();
    struct timespec scratch;
    return NEXT(pselect)(count, in, out, bad, p ? preload_wait(p, wait, &scratch) : wait, mask);
}

PRELOAD_API int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict bad,
                       struct timeval *restrict wait)
{
    const struct clock_page *p = preload_page();
    struct timespec scratch;
    if (!p || !wait) {
        return NEXT(select)(count, in, out, bad, wait);
    }
    struct timespec given = {wait->tv_sec, wait->tv_usec * 1000};
    int64_t until_ns = preload_machine_mono_ns() + ns_of(*preload_wait(p, &given, &scratch));
    int ready = NEXT(pselect)(count, in, out, bad, &scratch, NULL);
    int64_t left_ns = until_ns - preload_machine_mono_ns(); // Linux tells what is left
    struct timespec left = timespec_of(left_ns > 0 ? preload_faster(p, left_ns) : 0);
    *wait = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
    return ready;
}

PRELOAD_API int epoll_pwait2(int epfd, struct epoll_event *events, int most,
                             const struct timespec *wait, const sigset_t *mask)
{
    const struct clock_page *p = preload_page();
    struct timespec scratch;
    return NEXT(epoll_pwait2)(epfd, events, most, p ? preload_wait(p, wait, &scratch) : wait, mask);
}

PRELOAD_API int epoll_pwait(int epfd, struct epoll_event *events, int most, int ms,
                            const sigset_t *mask)
{
    const struct clock_page *p = preload_page();
    struct timespec scratch;
    if (!p) {
        return NEXT(epoll_pwait)(epfd, events, most, ms, mask);
    }
    const struct timespec *wait = from_ms(p, ms, &scratch);
    int ready = NEXT(epoll_pwait2)(epfd, events, most, wait, mask);
    if (ready >= 0 || errno != ENOSYS) {
        return ready;
    }
    int whole_ms = wait ? (int)((ns_of(*wait) + 999999) / 1000000) : -1; // kernels before 5.11
    return NEXT(epoll_pwait)(epfd, events, most, whole_ms, mask);
}

PRELOAD_API int epoll_wait(int epfd, struct epoll_event *events, int most, int ms)
{
    return epoll_pwait(epfd, events, most, ms, NULL);
}
