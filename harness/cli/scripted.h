// SPDX-License-Identifier: MIT
// The scripted board at a pseudo-terminal, 921600 baud, that runs the reference device: its serial
// port is `port` in the test's folder, and what is written to `port.ctl` happens to it.
#pragma once
#include <stdbool.h>

// Lines of a bench: the board is typed its credentials; `script send start` then makes it connect.
#define SCRIPTED_CREDENTIALS                                                                       \
    "  credentials script\n"                                                                       \
    "  script      expect \"shell> \"\n"                                                           \
    "  script      send root\n"                                                                    \
    "  script      send {root.text}\n"                                                             \
    "  script      send .\n"                                                                       \
    "  script      expect ok within 3s\n"                                                          \
    "  script      send cs {device.connection_string}\n"                                           \
    "  script      expect ok within 3s\n"

// As shell_set_up and shell_tear_down, with the board running.
int scripted_set_up(void **state);
int scripted_tear_down(void **state);
// One more board, at this port of the folder.
bool scripted_plug(const char *port);
// An address of this machine that no other test takes: what the board reaches the hub at.
const char *scripted_address(void);
// Writes a bench file with the board `scripted`, which is typed its credentials on the console.
// `script` stands before the line that starts its firmware: "" or lines with their ends.
void scripted_bench(const char *name, const char *script);
