// SPDX-License-Identifier: MIT
// Waiting for other threads. All absolute times become times of the machine's monotonic clock, so a
// wall clock that is set during a wait is not noticed before the next one.
#include "harness/device/preload/preload.h"

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc notes in a condition's word of references which clock it was made for (since 2.25).
#define CONDITION_IS_MONOTONIC 2U

static clockid_t clock_of(const pthread_cond_t *condition)
{
    unsigned word = __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED);
    return word & CONDITION_IS_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

PRELOAD_API int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                       clockid_t id, const struct timespec *until)
{
    const struct clock_page *p = preload_page();
    if (!p) {
        return NEXT(pthread_cond_clockwait)(condition, mutex, id, until);
    }
    struct timespec machine = preload_deadline(p, id, *until);
    return NEXT(pthread_cond_clockwait)(condition, mutex, CLOCK_MONOTONIC, &machine);
}

PRELOAD_API int pthread_cond_timedwait(pthread_cond_t *restrict condition,
                                       pthread_mutex_t *restrict mutex,
                                       const struct timespec *restrict until)
{
    return pthread_cond_clockwait(condition, mutex, clock_of(condition), until);
}

PRELOAD_API int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t id,
                                        const struct timespec *until)
{
    const struct clock_page *p = preload_page();
    if (!p) {
        return NEXT(pthread_mutex_clocklock)(mutex, id, until);
    }
    struct timespec machine = preload_deadline(p, id, *until);
    return NEXT(pthread_mutex_clocklock)(mutex, CLOCK_MONOTONIC, &machine);
}

PRELOAD_API int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                                        const struct timespec *restrict until)
{
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, until);
}

PRELOAD_API int sem_clockwait(sem_t *restrict semaphore, clockid_t id,
                              const struct timespec *restrict until)
{
    const struct clock_page *p = preload_page();
    if (!p) {
        return NEXT(sem_clockwait)(semaphore, id, until);
    }
    struct timespec machine = preload_deadline(p, id, *until);
    return NEXT(sem_clockwait)(semaphore, CLOCK_MONOTONIC, &machine);
}

PRELOAD_API int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    return sem_clockwait(semaphore, CLOCK_REALTIME, until);
}

// Runtimes of other languages wait with the bare system call.
struct futex_call {
    long word, operation, value, until, word2, value3;
};

static long futex(const struct clock_page *p, struct futex_call call)
{
    long kind = call.operation & FUTEX_CMD_MASK;
    const struct timespec *given = (const struct timespec *)call.until;
    struct timespec machine;
    if (given && kind == FUTEX_WAIT) {
        call.until = (long)preload_wait(p, given, &machine);
    } else if (given && kind == FUTEX_WAIT_BITSET) {
        bool is_wall = call.operation & FUTEX_CLOCK_REALTIME;
        machine = preload_deadline(p, is_wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, *given);
        call.operation &= ~(long)FUTEX_CLOCK_REALTIME;
        call.until = (long)&machine;
    }
    return NEXT(syscall)(SYS_futex, call.word, call.operation, call.value, call.until, call.word2,
                         call.value3);
}

PRELOAD_API long syscall(long number, ...)
{
    const struct clock_page *p = preload_page();
    long a[6];
    va_list args;
    va_start(args, number);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
        a[i] = va_arg(args, long);
    }
    va_end(args);
    if (p && number == SYS_futex) {
        return futex(p, (struct futex_call){a[0], a[1], a[2], a[3], a[4], a[5]});
    }
    if (p && number == SYS_clock_gettime) {
        return clock_gettime((clockid_t)a[0], (struct timespec *)a[1]);
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
