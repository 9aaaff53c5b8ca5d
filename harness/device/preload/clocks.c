// SPDX-License-Identifier: MIT
#include "harness/device/preload/preload.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static const struct clock_page *page;

// Other libraries ask for the time in their own constructors: until this has run they get the
// machine's.
__attribute__((constructor)) static void open_page(void)
{
    const char *path = getenv(CLOCK_PAGE_VARIABLE);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    void *seen = mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (seen == MAP_FAILED) {
        return;
    }
    const struct clock_page *found = seen;
    if (found->magic == CLOCK_PAGE_MAGIC && found->rate_ppm > 0) {
        page = found;
    }
}

const struct clock_page *preload_page(void)
{
    return page;
}

void *preload_next(void **slot, const char *name)
{
    void *known = __atomic_load_n(slot, __ATOMIC_RELAXED);
    if (!known) {
        known = dlsym(RTLD_NEXT, name);
        __atomic_store_n(slot, known, __ATOMIC_RELAXED);
    }
    return known;
}

bool preload_is_wall(clockid_t id)
{
    return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI;
}

bool preload_is_mono(clockid_t id)
{
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW ||
           id == CLOCK_BOOTTIME;
}

int64_t preload_machine_mono_ns(void)
{
    struct timespec now;
    NEXT(clock_gettime)(CLOCK_MONOTONIC, &now);
    return ns_of(now);
}

static int64_t run_ns(const struct clock_page *p)
{
    return preload_faster(p, preload_machine_mono_ns() - p->mono_ns);
}

static int64_t wall_ns(const struct clock_page *p)
{
    return p->utc_ns + atomic_load_explicit(&p->offset_ns, memory_order_relaxed) + run_ns(p);
}

struct timespec preload_deadline(const struct clock_page *p, clockid_t id, struct timespec at)
{
    int64_t ns = ns_of(at) - p->mono_ns;
    if (preload_is_wall(id)) {
        ns = ns_of(at) - p->utc_ns - atomic_load_explicit(&p->offset_ns, memory_order_relaxed);
    }
    int64_t machine_ns = p->mono_ns + preload_slower(p, ns);
    return timespec_of(machine_ns > 0 ? machine_ns : 0);
}

const struct timespec *preload_wait(const struct clock_page *p, const struct timespec *wait,
                                    struct timespec *scratch)
{
    if (!wait) {
        return NULL;
    }
    *scratch = timespec_of(preload_slower(p, ns_of(*wait)));
    return scratch;
}

PRELOAD_API int clock_gettime(clockid_t id, struct timespec *out)
{
    const struct clock_page *p = page;
    if (p && preload_is_mono(id)) {
        *out = timespec_of(p->mono_ns + run_ns(p));
        return 0;
    }
    if (p && preload_is_wall(id)) {
        *out = timespec_of(wall_ns(p));
        return 0;
    }
    return NEXT(clock_gettime)(id, out);
}

PRELOAD_API int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    const struct clock_page *p = page;
    if (!p) {
        return NEXT(gettimeofday)(out, zone);
    }
    struct timespec now = timespec_of(wall_ns(p));
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

PRELOAD_API time_t time(time_t *out)
{
    const struct clock_page *p = page;
    time_t now = p ? timespec_of(wall_ns(p)).tv_sec : NEXT(time)(NULL);
    if (out) {
        *out = now;
    }
    return now;
}

PRELOAD_API int timespec_get(struct timespec *out, int base)
{
    const struct clock_page *p = page;
    if (!p || base != TIME_UTC) {
        return NEXT(timespec_get)(out, base);
    }
    *out = timespec_of(wall_ns(p));
    return base;
}
