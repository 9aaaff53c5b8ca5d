// SPDX-License-Identifier: MIT
#include "harness/cli/desk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const char *desk_hubrig, *desk_reference, *desk_board;
static pid_t board_pid;

bool desk_open(void)
{
    char link[128];
    char word[16];
    int pipe_fds[2];
    desk_hubrig = getenv("HUBRIG");
    desk_reference = getenv("REFERENCE_DEVICE");
    desk_board = getenv("SCRIPTED_BOARD");
    if (!desk_hubrig || !desk_reference || !desk_board || !shell_open() ||
        pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return false;
    }
    snprintf(link, sizeof link, "%s/port", shell_folder);
    setenv("HUBRIG_LOCKS", shell_folder, 1);
    board_pid = fork();
    if (board_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pipe_fds[1], STDOUT_FILENO);
        execl(desk_board, desk_board, link, "921600", desk_reference, (char *)NULL);
        _exit(127);
    }
    close(pipe_fds[1]);
    bool is_ready = read(pipe_fds[0], word, sizeof word) > 0;
    close(pipe_fds[0]);
    return is_ready;
}

int desk_close(void)
{
    kill(board_pid, SIGTERM);
    waitpid(board_pid, NULL, 0);
    return shell_close();
}

const char *desk_address(void)
{
    static char address[32];
    unsigned key = (unsigned)getpid();
    snprintf(address, sizeof address, "127.%u.%u.%u", 10 + key / 64516 % 50, 1 + key / 254 % 254,
             1 + key % 254);
    return address;
}
