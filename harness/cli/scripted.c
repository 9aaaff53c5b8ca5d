// SPDX-License-Identifier: MIT
#include "harness/cli/scripted.h"
#include "base/test.h"
#include "fixtures/peer/child.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <unistd.h>

int scripted_set_up(void **state)
{
    char port[100];
    const char *argv[] = {"scripted_board", port, "921600", "reference_device", NULL};
    if (shell_set_up(state) < 0) {
        return -1;
    }
    snprintf(port, sizeof port, "%s/port", shell_folder);
    return child_says(child_start(argv, NULL), "ready") ? 0 : -1;
}

int scripted_tear_down(void **state)
{
    child_end_all();
    return shell_tear_down(state);
}

void scripted_bench(const char *name, const char *script)
{
    char text[4096];
    unsigned key = (unsigned)getpid();
    snprintf(text, sizeof text,
             "board scripted\n"
             "  serial      path {bench}/port\n"
             "  baud        921600\n"
             "  reset       command sh -c \"echo reset > {bench}/port.ctl\"\n"
             "  banner      \"scripted board\" within 5s\n"
             "  credentials script\n"
             "  script      expect \"shell> \"\n"
             "  script      send root\n"
             "  script      send {root.text}\n"
             "  script      send .\n"
             "  script      expect ok within 3s\n"
             "  script      send cs {device.connection_string}\n"
             "  script      expect ok within 3s\n"
             "%s"
             "  script      send start\n"
             "  hub-address 127.%u.%u.%u\n"
             "end\n",
             script, 10 + key / 64516 % 50, 1 + key / 254 % 254, 1 + key % 254);
    shell_write(name, text);
}
