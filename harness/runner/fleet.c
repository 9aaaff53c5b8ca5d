// SPDX-License-Identifier: MIT
#include "harness/runner/fleet.h"
#include "base/error.h"
#include "base/fs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct member {
    struct rig_device identity;
    struct surroundings around;
    struct device *device;
    char folder[PATH_MAX];
};

struct fleet {
    struct device_settings device;
    struct surroundings_settings around;
    size_t count;
    struct member members[];
};

static int write_file(const struct member *m, const char *name, struct span content, mode_t mode)
{
    char path[PATH_MAX];
    TRY(fs_join(path, sizeof path, m->folder, name));
    return fs_write_file(path, content, mode);
}

static int give_files(struct member *m, struct surroundings_settings *around)
{
    around->id = m->identity.id;
    around->connection_string = buf_text(&m->identity.connection_string);
    around->secondary_string = around->secondary_string[0] ? buf_text(&m->identity.secondary_string) : "";
    around->evidence = m->folder;
    around->cert_text = buf_span(&m->identity.credential.cert_pem);
    around->key_text = buf_span(&m->identity.credential.key_pem);
    TRY(fs_make_folder(m->folder, 0755));
    TRY(write_file(m, "root.pem", around->root_text, 0644));
    TRY(write_file(m, "device.crt", around->cert_text, 0644));
    return write_file(m, "device.key", around->key_text, 0600);
}

// The i-th of all, counted from 1: "bench-02" and the folder "device-02".
static int add_member(struct fleet *fleet, const struct fleet_settings *s, unsigned i)
{
    struct member *m = &fleet->members[fleet->count];
    struct surroundings_settings around = fleet->around;
    struct device_settings device = fleet->device;
    struct identity identity = {.auth = s->auth};
    char name[32];
    span_copy_text(span_text(around.id), identity.name, sizeof identity.name - 3);
    size_t stem = strlen(identity.name) - 2;
    snprintf(identity.name + stem, sizeof identity.name - stem, "%02u", i);
    snprintf(name, sizeof name, "device-%02u", i);
    TRY(fs_join(m->folder, sizeof m->folder, around.evidence, name));
    TRY(rig_add_identity(s->rig, &identity, around.port, &m->identity));
    fleet->count++; // from here on fleet_free releases it
    TRY(give_files(m, &around));
    TRY(surroundings_make(&around, &m->around));
    device.around = &m->around;
    device.evidence = m->folder;
    return device_new(&device, &m->device);
}

int fleet_new(const struct fleet_settings *settings, struct fleet **out)
{
    if (settings->device->bench->kind != BENCH_PROCESS) {
        FAIL(ERR_USAGE, "device.count needs a program, and %s is not one",
             settings->device->bench->name);
    }
    struct fleet *fleet = calloc(1, sizeof *fleet + settings->count * sizeof fleet->members[0]);
    ENSURE(fleet != NULL, ERR_NO_MEMORY);
    fleet->device = *settings->device;
    fleet->around = *settings->around;
    for (unsigned i = 2; i <= settings->count; i++) {
        int code = add_member(fleet, settings, i);
        if (code < 0) {
            fleet_free(fleet);
            return code;
        }
    }
    *out = fleet;
    return 0;
}

int fleet_boot(struct fleet *fleet, int64_t utc_us)
{
    for (size_t i = 0; i < fleet->count; i++) {
        device_boot(fleet->members[i].device, utc_us);
        TRY(device_result(fleet->members[i].device));
    }
    return 0;
}

void fleet_stop(struct fleet *fleet, uint64_t grace_us)
{
    for (size_t i = 0; fleet && i < fleet->count; i++) {
        if (fleet->members[i].device) {
            device_stop(fleet->members[i].device, grace_us);
        }
    }
}

bool fleet_is_running(const struct fleet *fleet)
{
    for (size_t i = 0; fleet && i < fleet->count; i++) {
        if (fleet->members[i].device && device_is_running(fleet->members[i].device)) {
            return true;
        }
    }
    return false;
}

void fleet_free(struct fleet *fleet)
{
    for (size_t i = 0; fleet && i < fleet->count; i++) {
        device_free(fleet->members[i].device);
        surroundings_deinit(&fleet->members[i].around);
        rig_device_deinit(&fleet->members[i].identity);
    }
    free(fleet);
}
