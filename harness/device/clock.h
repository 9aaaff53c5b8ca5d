// SPDX-License-Identifier: MIT
// The false clock of a process device: libfaketime, preloaded, reading its offset from a file that
// may be rewritten while the device runs. Monotonic clocks stay true.
#pragma once
#include "base/span.h"

// The library's path, or NULL where it is not installed.
const char *clock_library(void);
// The file's content for a clock that differs from the machine's by `offset_us`.
int clock_write(const char *path, int64_t offset_us) HR_NODISCARD;
// "LD_PRELOAD=..." and companions for the device's environment, one "NAME=value" per call index;
// NULL behind the last. `path` is the file above; `scratch` holds the text.
const char *clock_environment(size_t index, const char *path, char *scratch, size_t capacity_bytes);
