// SPDX-License-Identifier: MIT
#include "harness/cli/scripted.h"
#include "base/test.h"
#include "fixtures/peer/child.h"
#include "harness/cli/shell.h"

#include <stdio.h>

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
