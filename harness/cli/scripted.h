// SPDX-License-Identifier: MIT
// The scripted board at a pseudo-terminal, 921600 baud, that runs the reference device: its serial
// port is `port` in the test's folder, and what is written to `port.ctl` happens to it.
#pragma once

// As shell_set_up and shell_tear_down, with the board running.
int scripted_set_up(void **state);
int scripted_tear_down(void **state);
// Writes a bench file with the board `scripted`, which is typed its credentials on the console.
// `script` stands before the line that starts its firmware: "" or lines with their ends.
void scripted_bench(const char *name, const char *script);
