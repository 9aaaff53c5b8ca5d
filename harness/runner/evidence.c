// SPDX-License-Identifier: MIT
#include "harness/runner/evidence.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const own_files[] = {"journal.jsonl", "device.log", "serial.raw", "serial.idx", "verdict.json", "scenario.scn",
                                        "root.pem",      "chain.pem",  "device.crt",   "device.key",
                                        "wire.pcapng",   "keys.log",   "interface.pcapng"};

static int clear_folder(const char *folder)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < HR_COUNT_OF(own_files); i++) {
        TRY(fs_join(path, sizeof path, folder, own_files[i]));
        if (unlink(path) != 0 && errno != ENOENT) {
            FAIL(error_from_errno(errno), "cannot remove %s of an earlier run: %s", path, strerror(errno));
        }
    }
    return 0;
}

int evidence_open(struct evidence *e, const char *folder)
{
    char path[PATH_MAX];
    *e = (struct evidence){.journal_fd = -1};
    buf_init(&e->line, 64 * 1024);
    TRY(fs_make_folder(folder, 0755));
    if (!realpath(folder, e->folder)) { // the device may stand in another folder than we do
        FAIL(error_from_errno(errno), "cannot use the folder %s: %s", folder, strerror(errno));
    }
    TRY(clear_folder(e->folder));
    TRY(fs_join(e->rig_folder, sizeof e->rig_folder, e->folder, "rig"));
    TRY(fs_make_folder(e->rig_folder, 0755));
    TRY(fs_join(path, sizeof path, e->folder, "journal.jsonl"));
    e->journal_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (e->journal_fd < 0) {
        FAIL(error_from_errno(errno), "cannot write %s: %s", path, strerror(errno));
    }
    return 0;
}

void evidence_close(struct evidence *e)
{
    if (e->journal_fd >= 0) {
        close(e->journal_fd);
        e->journal_fd = -1;
    }
    buf_deinit(&e->line);
}

int evidence_put(struct evidence *e, const char *name, struct span bytes, unsigned mode)
{
    char path[PATH_MAX];
    TRY(fs_join(path, sizeof path, e->folder, name));
    return fs_write_file(path, bytes, (mode_t)mode);
}

// One write per event, so that a killed worker leaves whole lines.
void evidence_event(void *context, const struct event *event)
{
    struct evidence *e = context;
    if (e->journal_fd < 0) {
        return;
    }
    buf_clear(&e->line);
    if (event_to_json(event, &e->line) < 0 || buf_append_u8(&e->line, '\n') < 0) {
        return; // larger than any event may be
    }
    ssize_t n = write(e->journal_fd, e->line.data, e->line.len);
    if (n != (ssize_t)e->line.len) {
        snprintf(e->failure, sizeof e->failure, "cannot write journal.jsonl: %s",
                 n < 0 ? strerror(errno) : "no space left on the device");
        close(e->journal_fd);
        e->journal_fd = -1;
    }
}
