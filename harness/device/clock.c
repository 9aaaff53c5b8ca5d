// SPDX-License-Identifier: MIT
#include "harness/device/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/device/clock_page.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Beside the program, in a folder below it (the tests), or where it is installed.
static const char *const places[] = {"", "../", "../" HUBRIG_INSTALLED_LIBRARIES "/hubrig/"};

const char *clock_library(void)
{
    static char path[PATH_MAX];
    char program[PATH_MAX - 64];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *name = strrchr(program, '/');
    if (path[0] || !name) {
        return path[0] ? path : NULL;
    }
    name[1] = '\0';
    for (size_t i = 0; i < HR_COUNT_OF(places); i++) {
        snprintf(path, sizeof path, "%s%shubrig-clock.so", program, places[i]);
        if (fs_exists(path)) {
            return path;
        }
    }
    path[0] = '\0';
    return NULL;
}

int clock_write(const char *path, const struct env *env, int64_t offset_us)
{
    int64_t mono_us = (int64_t)env->mono_us(env->world);
    const struct env_pace still = {RATE_REAL_PPM, 0, env->utc_us(env->world) - mono_us};
    const struct env_pace *pace = env->pace ? env->pace : &still;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct clock_page *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof *page) == 0) {
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (page == MAP_FAILED) {
        FAIL(ERR_IO, "%s: the page of the device's clock cannot be written", path);
    }
    // of an earlier run's page nothing stays; within a run all but the offset is as it was
    page->rate_ppm = pace->rate_ppm;
    page->mono_ns = (int64_t)pace->mono_us * 1000;
    page->utc_ns = pace->utc_us * 1000;
    page->magic = CLOCK_PAGE_MAGIC;
    atomic_store(&page->offset_ns, offset_us * 1000);
    munmap(page, sizeof *page);
    return 0;
}

const char *clock_environment(size_t index, const char *path, char *scratch, size_t capacity_bytes)
{
    const char *inherited = getenv("LD_PRELOAD");
    switch (index) {
    case 0:
        snprintf(scratch, capacity_bytes, "LD_PRELOAD=%s%s%s", clock_library(),
                 inherited && inherited[0] ? ":" : "", inherited ? inherited : "");
        return scratch;
    case 1:
        snprintf(scratch, capacity_bytes, "%s=%s", CLOCK_PAGE_VARIABLE, path);
        return scratch;
    default:
        return NULL;
    }
}
