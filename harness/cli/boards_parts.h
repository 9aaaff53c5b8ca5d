// SPDX-License-Identifier: MIT
// Between the files of `hubrig boards`.
#pragma once
#include "harness/bench/bench.h"
#include "harness/device/serial.h"
#include "harness/runner/board_check.h"

struct boards {
    struct bench bench;
    struct port ports[PORTS_MOST];
    size_t port_count;
};

// What is plugged in and what the bench names, as a table for people or as JSON. ERR_IO.
int boards_list(const struct boards *b, bool is_json) HR_NODISCARD;
// A board's parts: a line each, and four for one that is broken.
void boards_print_check(const struct bench_device *device, const struct board_check *check);
int boards_check_json(const struct bench_device *device, const struct board_check *check,
                      struct buf *out) HR_NODISCARD;
