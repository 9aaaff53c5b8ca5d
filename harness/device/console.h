// SPDX-License-Identifier: MIT
// What a board's console says: byte for byte into serial.raw, when which byte came into serial.idx
// ("OFFSET MICROSECONDS" per read, times as in the journal), and from the first boot on as lines.
#pragma once
#include "harness/device/output.h"

struct uv_loop_s;
struct console;

// In the folder `evidence`. ERR_IO, ERR_NO_MEMORY.
int console_new(struct uv_loop_s *loop, const struct env *env, struct journal *journal,
                const char *evidence, struct console **out) HR_NODISCARD;
void console_free(struct console *c); // runs the loop until its handles are closed
void console_take(struct console *c, struct span bytes);
// Lines count from now on; what was begun before is not one.
void console_begin(struct console *c);
void console_flush(struct console *c);
