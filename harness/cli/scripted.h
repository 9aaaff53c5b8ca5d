// SPDX-License-Identifier: MIT
// The scripted board at a pseudo-terminal, 921600 baud, that runs the reference device: its serial
// port is `port` in the test's folder, and what is written to `port.ctl` happens to it.
#pragma once

// As shell_set_up and shell_tear_down, with the board running.
int scripted_set_up(void **state);
int scripted_tear_down(void **state);
// An address of this machine that no other test takes: what the board reaches the hub at.
const char *scripted_address(void);
