// SPDX-License-Identifier: MIT
// How much memory a program and those that it started take: what is theirs alone, not shared files.
#pragma once
#include <stdint.h>
#include <sys/types.h>

// KB, or 0 when there is no such process (any more).
uint64_t memory_of_kb(pid_t pid);
