// SPDX-License-Identifier: MIT
#include "harness/cli/claim.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Not flock: workers inherit that, and one that still ends would keep a killed run's folder.
static int take(const char *folder, const char *path, int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) == 0 || (errno != EACCES && errno != EAGAIN)) {
        return 0; // a file system without locks: nobody can be kept out
    }
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
        FAIL(ERR_IN_USE, "process %d runs scenarios into %s; try: --evidence OTHER", (int)lock.l_pid,
             folder);
    }
    FAIL(ERR_IN_USE, "%s has just been in use; try again", path);
}

static int note_seed(const char *folder, uint64_t seed)
{
    char path[PATH_MAX];
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64 "\n", seed);
    TRY(fs_join(path, sizeof path, folder, "seed"));
    return fs_write_file(path, span_text(text), 0644);
}

int claim_evidence(const char *folder, uint64_t seed, int *fd)
{
    char path[PATH_MAX];
    *fd = -1;
    TRY(fs_make_folder(folder, 0755));
    TRY(fs_join(path, sizeof path, folder, ".in-use"));
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0) {
        FAIL(error_from_errno(errno), "cannot write %s: %s", path, strerror(errno));
    }
    int code = take(folder, path, *fd);
    code = code ? code : note_seed(folder, seed);
    if (code < 0) {
        close(*fd);
        *fd = -1;
    }
    return code;
}
