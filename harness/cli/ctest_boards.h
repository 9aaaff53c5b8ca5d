// SPDX-License-Identifier: MIT
// Boards as resources of CTest: `hubrig boards --resource-spec FILE` writes what
// `ctest --resource-spec-file FILE` reads, and `hubrig run --device @ctest` takes what CTest then
// gives a test that has the property RESOURCE_GROUPS "board:1".
#pragma once
#include "harness/bench/bench.h"

#define CTEST_DEVICE "@ctest"

// One resource of the type `board` for each board and black box. ERR_USAGE when there is none, or two
// have the same name but for what CTest does not take in names (capitals, '-', '.').
int ctest_boards_write(const struct bench *bench, struct buf *out) HR_NODISCARD;
// What the environment names, in its order; at most `most`. ERR_USAGE with what is missing in it.
int ctest_boards_given(const struct bench *bench, const struct bench_device **devices, size_t most,
                       size_t *count) HR_NODISCARD;
