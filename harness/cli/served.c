// SPDX-License-Identifier: MIT
#include "harness/cli/served.h"
#include "base/test.h"
#include "fixtures/peer/child.h"
#include "harness/cli/shell.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct child *hub;
static char ready[1000];

void served_start(const char *options)
{
    char command[1000];
    const char *argv[] = {"sh", "-c", command, NULL};
    snprintf(command, sizeof command, "cd %s && exec hubrig serve --port 0 --json %s",
             shell_folder, options);
    hub = child_start(argv, NULL);
    snprintf(ready, sizeof ready, "%s", served_await("ready "));
}

const char *served_ready(void)
{
    return ready;
}

static int number_behind(const char *name)
{
    const char *at = strstr(ready, name);
    assert_non_null(at);
    return atoi(at + strlen(name));
}

int served_port(void)
{
    return number_behind(" port=");
}

int served_https_port(void)
{
    return number_behind(" https_port=");
}

const char *served_await(const char *word)
{
    return child_wait_line(hub, word);
}

int served_stop(void **state)
{
    (void)state;
    int code = 0;
    if (hub) {
        child_signal(hub, SIGTERM);
        code = child_wait_exit(hub);
        child_end_all();
        hub = NULL;
    }
    return code == 0 ? 0 : -1;
}

void served_kill(void)
{
    child_end_all();
    hub = NULL;
}
