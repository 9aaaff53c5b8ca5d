// SPDX-License-Identifier: MIT
#include "harness/device/clock.h"
#include "base/error.h"
#include "base/fs.h"

#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

const char *clock_library(void)
{
    static char path[PATH_MAX];
    glob_t found;
    if (path[0]) {
        return path;
    }
    // the variant with locks, because devices have threads
    if (glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &found) == 0 && found.gl_pathc > 0) {
        snprintf(path, sizeof path, "%s", found.gl_pathv[0]);
        globfree(&found);
    }
    return path[0] ? path : NULL;
}

int clock_write(const char *path, int64_t offset_us)
{
    char text[64];
    uint64_t size = offset_us < 0 ? (uint64_t)0 - (uint64_t)offset_us : (uint64_t)offset_us;
    int n = snprintf(text, sizeof text, "%c%" PRIu64 ".%06" PRIu64 "\n", offset_us < 0 ? '-' : '+',
                     size / 1000000, size % 1000000);
    return fs_write_file(path, span_of(text, (size_t)n), 0644);
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
        snprintf(scratch, capacity_bytes, "FAKETIME_TIMESTAMP_FILE=%s", path);
        return scratch;
    case 2:
        return "FAKETIME_NO_CACHE=1"; // a rewritten file counts at once
    case 3:
        return "FAKETIME_DONT_FAKE_MONOTONIC=1";
    case 4:
        return "DONT_FAKE_MONOTONIC=1"; // the same, as releases before 0.9.9 spell it
    default:
        return NULL;
    }
}
