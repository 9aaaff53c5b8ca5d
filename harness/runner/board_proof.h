// SPDX-License-Identifier: MIT
// Between the files of the board check: the rig around the board, and the parts that are proven.
#pragma once
#include "harness/device/device.h"
#include "harness/runner/board_check.h"
#include "harness/runner/evidence.h"
#include "simulator/rig/rig.h"

#include <uv.h>

struct board_rig {
    const struct board_check_settings *settings;
    const struct bench_board *board;
    struct board_check *out;
    struct env env;
    uv_loop_t loop;
    uv_timer_t timer;
    struct rig rig;
    bool has_loop, has_rig;
    struct rig_device identity;
    struct surroundings around;
    struct evidence evidence;
    struct device *dut;
    const char *address; // of the hub, as the board reaches it
    const char *host;    // what it dials
    bool is_late;        // the timer of board_rig_wait
    bool is_connected;   // since this was last made false
    char sign[300];      // the last thing that the hub saw of it
};

// All parts, in an order in which one that is broken does not hide the others.
void board_proof_run(struct board_rig *r);
