// SPDX-License-Identifier: MIT
#include "simulator/net/key_log.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct key_log {
    int fd; // -1 after a failure
    char failure[200];
};

int key_log_open(const char *path, struct key_log **out)
{
    struct key_log *log = calloc(1, sizeof *log);
    ENSURE(log != NULL, ERR_NO_MEMORY);
    log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log->fd < 0) {
        int errnum = errno;
        free(log);
        FAIL(error_from_errno(errnum), "cannot write %s: %s", path, strerror(errnum));
    }
    *out = log;
    return 0;
}

void key_log_close(struct key_log *log)
{
    if (!log) {
        return;
    }
    if (log->fd >= 0) {
        close(log->fd);
    }
    free(log);
}

void key_log_add(struct key_log *log, const char *lines)
{
    if (log && log->fd >= 0 && dprintf(log->fd, "%s\n", lines) < 0) {
        snprintf(log->failure, sizeof log->failure, "cannot write the key log: %s", strerror(errno));
        close(log->fd);
        log->fd = -1;
    }
}

const char *key_log_failure(const struct key_log *log)
{
    return log ? log->failure : "";
}
