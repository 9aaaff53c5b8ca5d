// SPDX-License-Identifier: MIT
#include "harness/device/lock.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// LEAST_US: somebody who only looks (lock_holder) holds a lock for a moment.
enum { TRY_AGAIN_MS = 50, LEAST_US = 100000, HOLDER_BYTES_MOST = 400 };

// Where the CI systems tell which job this is.
static const char *const job_variables[] = {"CI_JOB_URL", "BUILD_URL", "GITHUB_RUN_ID",
                                            "BUILD_BUILDURI"};

static int find_folder(char out[PATH_MAX])
{
    const char *told = getenv("HUBRIG_LOCKS");
    bool has_run = access("/run/lock", W_OK) == 0;
    snprintf(out, PATH_MAX, "%s", told && told[0] ? told : has_run ? "/run/lock/hubrig" : "/tmp/hubrig-locks");
    TRY(fs_make_folder(out, 0777));
    (void)chmod(out, 01777); // every user may lock; only the first one can and need change this
    return 0;
}

static int open_lock(const char *name, char path[PATH_MAX], int *fd)
{
    char folder[PATH_MAX];
    char file[128];
    TRY(find_folder(folder));
    snprintf(file, sizeof file, "%.100s.lock", name);
    TRY(fs_join(path, PATH_MAX, folder, file));
    *fd = open(path, O_RDWR | O_CLOEXEC); // without O_CREAT: the file may be another user's
    if (*fd < 0 && errno == ENOENT) {
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        (void)(*fd >= 0 && fchmod(*fd, 0666) != 0);
    }
    if (*fd < 0) {
        FAIL(error_from_errno(errno), "cannot open the lock %s: %s", path, strerror(errno));
    }
    return 0;
}

static void write_holder(int fd)
{
    char host[128] = "?";
    char text[HOLDER_BYTES_MOST];
    const char *job = NULL;
    gethostname(host, sizeof host - 1);
    for (size_t i = 0; i < HR_COUNT_OF(job_variables) && !job; i++) {
        job = getenv(job_variables[i]);
    }
    int n = snprintf(text, sizeof text, "process %d on %s%s%.200s", (int)getpid(), host,
                     job ? ", job " : "", job ? job : "");
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        return; // the lock itself holds all the same
    }
}

static void read_holder(int fd, char out[HOLDER_BYTES_MOST + 1])
{
    ssize_t n = pread(fd, out, HOLDER_BYTES_MOST, 0);
    out[n > 0 ? n : 0] = 0;
    if (!out[0]) {
        snprintf(out, HOLDER_BYTES_MOST, "somebody who did not say who");
    }
}

static int fail_held(int fd, const char *name)
{
    char holder[HOLDER_BYTES_MOST + 1];
    read_holder(fd, holder);
    close(fd);
    FAIL(ERR_IN_USE, "%s is in use by %s; --wait 10m waits for it", name, holder);
}

int lock_take(const char *name, uint64_t wait_us, int *fd)
{
    struct env env = env_system();
    char path[PATH_MAX];
    uint64_t until_us = env.mono_us(env.world) + (wait_us > LEAST_US ? wait_us : LEAST_US);
    TRY(open_lock(name, path, fd));
    while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            int errnum = errno;
            close(*fd);
            FAIL(ERR_IO, "cannot lock %s: %s", path, strerror(errnum));
        }
        if (env.mono_us(env.world) >= until_us) {
            return fail_held(*fd, name);
        }
        poll(NULL, 0, TRY_AGAIN_MS);
    }
    write_holder(*fd);
    return 0;
}

int lock_holder(const char *name, char *out, size_t capacity_bytes)
{
    char path[PATH_MAX];
    char holder[HOLDER_BYTES_MOST + 1] = "";
    int fd = -1;
    TRY(open_lock(name, path, &fd));
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) {
        read_holder(fd, holder);
    }
    close(fd);
    snprintf(out, capacity_bytes, "%s", holder);
    return 0;
}
