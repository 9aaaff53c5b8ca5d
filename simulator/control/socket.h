// SPDX-License-Identifier: MIT
// The control socket: a UNIX socket (mode 0600) on the hub's loop. One JSON object per line asks,
// one answers; after `watch` come events, one JSON object per line. A client that floods or does
// not read is slowed down, then dropped: it never stalls the hub.
#pragma once
#include "simulator/control/control.h"

struct uv_loop_s;
struct control_socket;

enum {
    CONTROL_CLIENTS_MOST = 32,
    CONTROL_LINE_BYTES_MOST = 1 << 20,   // of a request
    CONTROL_QUEUE_PAUSE_BYTES = 1 << 20, // unread answers: no further request is looked at
    CONTROL_QUEUE_BYTES_MOST = 8 << 20,  // unread events: the watch ends, and is told so
    CONTROL_SOCKET_PATH_MOST = 107,
};

struct control_socket_settings { // all borrowed, outliving the socket
    struct uv_loop_s *loop;
    struct control *control;
    struct journal *journal;
    const char *path; // a socket that a dead process left there is replaced
};

// ERR_IN_USE: a living hub answers at the path, or it is a file; ERR_VALUE: the path is too long;
// file errors.
int control_socket_open(const struct control_socket_settings *settings,
                        struct control_socket **out) HR_NODISCARD;
// Removes the socket and drops all clients; the memory goes once the loop has closed the handles.
// Call it before the control is freed; NULL is allowed.
void control_socket_close(struct control_socket *socket);
