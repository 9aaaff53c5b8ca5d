// SPDX-License-Identifier: MIT
#include "base/fs.h"
#include "base/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_errno(const char *doing, const char *path)
{
    int errnum = errno;
    FAIL(error_from_errno(errnum), "%s %s: %s", doing, path, strerror(errnum));
}

static int read_all(int fd, const char *path, struct buf *out)
{
    for (;;) {
        size_t room = out->cap - out->len;
        size_t want = room < 65536 ? room + 1 : 65536;
        uint8_t chunk[65536];
        ssize_t n = read(fd, chunk, want > sizeof chunk ? sizeof chunk : want);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_errno("cannot read", path);
        }
        if (n == 0) {
            return 0;
        }
        if ((size_t)n > room) {
            FAIL(ERR_TOO_BIG, "%s: larger than the limit of %zu bytes", path, out->cap);
        }
        TRY(buf_append(out, span_of(chunk, (size_t)n)));
    }
}

int fs_read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno("cannot open", path);
    }
    int code = read_all(fd, path, out);
    close(fd);
    return code;
}

static int write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return -1;
        }
        bytes = span_from(bytes, (size_t)n);
    }
    return 0;
}

int fs_write_file(const char *path, struct span bytes, mode_t mode)
{
    char beside[PATH_MAX];
    int n = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    ENSURE(n > 0 && (size_t)n < sizeof beside, ERR_TOO_BIG);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        return fail_errno("cannot write", path);
    }
    bool is_written = fchmod(fd, mode) == 0 && write_all(fd, bytes) == 0 && fsync(fd) == 0;
    int kept = errno;
    if (close(fd) != 0 || !is_written || rename(beside, path) != 0) {
        errno = is_written ? errno : kept;
        int code = fail_errno("cannot write", path);
        unlink(beside);
        return code;
    }
    return 0;
}

int fs_make_folder(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    ENSURE(len > 0 && len < sizeof part, ERR_VALUE);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, mode) != 0 && !(errno == EEXIST && fs_is_folder(part)) &&
            !(errno == EROFS && fs_is_folder(part))) {
            return fail_errno("cannot make the folder", part);
        }
    }
    return 0;
}

// "./a/./b" behind its leading dots: "a/./b"; "." is nothing.
static const char *skip_dots(const char *name)
{
    while (name[0] == '.' && (name[1] == '/' || name[1] == '\0')) {
        name += 1 + (name[1] == '/');
    }
    return name;
}

int fs_join(char *out, size_t capacity_bytes, const char *folder, const char *name)
{
    size_t len = strlen(folder);
    name = skip_dots(name);
    const char *slash = name[0] == '\0' || (len && folder[len - 1] == '/') ? "" : "/";
    int n = snprintf(out, capacity_bytes, "%s%s%s", folder, slash, name);
    ENSURE(n >= 0 && (size_t)n < capacity_bytes, ERR_TOO_BIG);
    return 0;
}

int fs_beside(char *out, size_t capacity_bytes, const char *file, const char *name)
{
    const char *slash = name[0] == '/' ? NULL : strrchr(file, '/');
    int folder_len = slash ? (int)(slash - file) + 1 : 0;
    int n = snprintf(out, capacity_bytes, "%.*s%s", folder_len, file, skip_dots(name));
    ENSURE(n >= 0 && (size_t)n < capacity_bytes, ERR_TOO_BIG);
    return 0;
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool fs_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// share/hubrig below one of the three folders above `path`, which is cut up.
static bool find_share(char *path, char out[PATH_MAX])
{
    for (int up = 0; up < 4; up++) {
        char *slash = strrchr(path, '/');
        if (!slash) {
            return false;
        }
        *slash = '\0';
        int n = snprintf(out, PATH_MAX, "%s/share/hubrig", path);
        if (up > 0 && n > 0 && n < PATH_MAX && fs_is_folder(out)) {
            return true;
        }
    }
    return false;
}

// Beside the file that this code was loaded from: the program, or the shared library.
static bool find_beside_code(char out[PATH_MAX])
{
    char path[PATH_MAX];
    Dl_info info;
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    if (find_share(path, out)) {
        return true;
    }
    return dladdr(HUBRIG_SOURCE_FOLDER, &info) != 0 && info.dli_fname &&
           realpath(info.dli_fname, path) && find_share(path, out);
}

const char *fs_data_folder(void)
{
    static _Thread_local char found[PATH_MAX]; // several hubs may run in one process
    const char *given = getenv("HUBRIG_DATA");
    if (given && given[0]) {
        return given;
    }
    if (!found[0] && !find_beside_code(found)) {
        bool has_source = fs_is_folder(HUBRIG_SOURCE_FOLDER "/certs/recipes");
        snprintf(found, sizeof found, "%s",
                 has_source ? HUBRIG_SOURCE_FOLDER : HUBRIG_INSTALLED_DATA_FOLDER);
    }
    return found;
}

void fs_allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
