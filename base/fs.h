// SPDX-License-Identifier: MIT
// Files: whole reads with a cap, whole writes that are atomic, folders.
// Errors carry the path and the system's reason in error_text().
#pragma once
#include "base/span.h"

#include <sys/types.h>

// Read at most the cap of `out` (ERR_TOO_BIG beyond it). ERR_NO_FILE, ERR_PERMISSION, ERR_IO.
int fs_read_file(const char *path, struct buf *out) HR_NODISCARD;
// Write beside the target, flush, rename: a reader sees the old file or the new one.
int fs_write_file(const char *path, struct span bytes, mode_t mode) HR_NODISCARD;
// Make the folder and its missing parents; an existing folder is no error.
// Raise this process's limit of open files as far as it may go; children inherit it.
void fs_allow_many_files(void);
int fs_make_folder(const char *path, mode_t mode) HR_NODISCARD;
// "a/b", without a doubled slash. ERR_TOO_BIG when it does not fit.
int fs_join(char *out, size_t capacity_bytes, const char *folder, const char *name) HR_NODISCARD;
// Where `name`, a path written in `file`, leads: from that file's folder unless it begins with a
// slash. ERR_TOO_BIG.
int fs_beside(char *out, size_t capacity_bytes, const char *file, const char *name) HR_NODISCARD;
bool fs_exists(const char *path);
bool fs_is_folder(const char *path);
// The folder of read-only data ("certs/recipes", "suites" below it): $HUBRIG_DATA, else
// share/hubrig below a folder above the program or the shared library, else the source tree that
// it was built from, else where it was to be installed.
const char *fs_data_folder(void);
