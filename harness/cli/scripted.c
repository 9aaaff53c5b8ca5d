// SPDX-License-Identifier: MIT
#include "harness/cli/scripted.h"
#include "base/test.h"
#include "fixtures/peer/child.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <unistd.h>

bool scripted_plug(const char *name)
{
    char port[100];
    const char *argv[] = {"scripted_board", port, "921600", "reference_device", NULL};
    snprintf(port, sizeof port, "%s/%s", shell_folder, name);
    return child_says(child_start(argv, NULL), "ready");
}

int scripted_set_up(void **state)
{
    return shell_set_up(state) == 0 && scripted_plug("port") ? 0 : -1;
}

int scripted_tear_down(void **state)
{
    child_end_all();
    return shell_tear_down(state);
}

const char *scripted_address(void)
{
    static char address[32];
    unsigned key = (unsigned)getpid();
    snprintf(address, sizeof address, "127.%u.%u.%u", 10 + key / 64516 % 50, 1 + key / 254 % 254,
             1 + key % 254);
    return address;
}

void scripted_bench(const char *name, const char *script)
{
    char text[4096];
    snprintf(text, sizeof text,
             "board scripted\n"
             "  serial      path {bench}/port\n"
             "  baud        921600\n"
             "  reset       command sh -c \"echo reset > {bench}/port.ctl\"\n"
             "  banner      \"scripted board\" within 5s\n"
             SCRIPTED_CREDENTIALS
             "%s"
             "  script      send start\n"
             "  hub-address %s\n"
             "end\n",
             script, scripted_address());
    shell_write(name, text);
}
