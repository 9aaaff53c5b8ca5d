// SPDX-License-Identifier: MIT
// The clock of a process device that is not the machine's: a library of ours, preloaded, reads a page
// of memory (clock_page.h) that may be written while the device runs. The wall clock differs by an
// offset; all clocks and all waits run at the pace of the env. (libfaketime, which would be the
// obvious choice, takes both clocks for one: setting the wall clock moves the monotonic one.)
#pragma once
#include "base/env.h"
#include "base/span.h"

// The library's path, or NULL where it is not built or not installed.
const char *clock_library(void);
// The page for a wall clock that differs by `offset_us` from env's, at the pace of env. A device that
// has it open sees the change at once. ERR_IO.
int clock_write(const char *path, const struct env *env, int64_t offset_us) HR_NODISCARD;
// "LD_PRELOAD=..." and companions for the device's environment, one "NAME=value" per call index;
// NULL behind the last. `path` is the file above; `scratch` holds the text.
const char *clock_environment(size_t index, const char *path, char *scratch, size_t capacity_bytes);
