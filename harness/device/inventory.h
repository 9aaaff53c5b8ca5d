// SPDX-License-Identifier: MIT
// An inventory out of what is plugged in: one `board` block per port, with its USB id, or its place
// where that id is there twice. What nobody can read from a port (banner, reset, the address of this
// machine) stands as comments and marked values.
//
//     TRY(inventory_write(ports, count, false, &text, &boards));
#pragma once
#include "harness/device/serial.h"

// `has_paths` also takes ports that have neither USB id nor place, by a path that may be another
// board tomorrow. *boards counts blocks. ERR_NO_MEMORY, ERR_TOO_BIG.
int inventory_write(const struct port *ports, size_t count, bool has_paths, struct buf *out,
                    size_t *boards) HR_NODISCARD;
