// SPDX-License-Identifier: MIT
// For tests with a board: the scripted one of the fixtures on a pseudo-terminal, in the folder of
// shell.h. Its port is `port`, and words into `port.ctl` are its buttons.
#pragma once
#include "harness/cli/shell.h"

extern const char *desk_hubrig, *desk_reference, *desk_board; // the programs' paths

// Makes the folder and starts the board at 921600 baud; false when the surroundings are not those of
// CTest. Locks of boards are in the folder.
bool desk_open(void);
int desk_close(void);
// Of this machine, as a board reaches it: other tests have others.
const char *desk_address(void);
