// SPDX-License-Identifier: MIT
// What a process device is given: its argv and environment with all placeholders filled.
#pragma once
#include "harness/bench/bench.h"

#include <limits.h>

struct surroundings_settings {
    const struct bench_device *device;
    const char *bench_folder;
    const char *evidence;   // absolute; holds root.pem, device.crt, device.key
    const char *rig_folder; // absolute; holds the clock file
    const char *host;
    const char *address; // of the hub, as the device reaches it
    const char *owner_key; // primary key of the hub's policy iothubowner; secret
    struct span root_text, cert_text, key_text; // PEM
    int port;
    const char *id;
    const char *module;            // "" for a device that is none
    const char *connection_string; // "" for a device that has to be provisioned first
    const char *secondary_string;  // with its other key; "" = the device is given one key
    const char *dps_host;          // "" without a provisioning service, like those that follow
    const char *dps_id_scope;
    const char *dps_key; // "" with X.509; secret
    const char *sntp_host; // "" = the device is told of none
    bool has_clock; // preload the false clock
};

struct surroundings {
    struct filler *filler;
    char **argv; // NULL-terminated
    char **envp; // NULL-terminated: ours behind the inherited ones, later names win
    char *command_text; // the command as templates, without secrets
    char log_path[PATH_MAX];
    char clock_path[PATH_MAX];
};

int surroundings_make(const struct surroundings_settings *settings, struct surroundings *out)
    HR_NODISCARD;
// Fill a template now. Errors as template_fill.
int surroundings_fill(const struct surroundings *s, const char *template,
                      struct buf *out) HR_NODISCARD;
// {clock.utc} and {clock.epoch} from now on, also in argv.
int surroundings_set_clock(struct surroundings *s, const struct bench_device *device,
                           int64_t utc_us) HR_NODISCARD;
// "power" or "serial.port"; the value is borrowed.
void surroundings_set_word(struct surroundings *s, const char *name, const char *value);
void surroundings_deinit(struct surroundings *s); // wipes

// The variables that every device receives, "NAME=template", NULL-terminated: for help texts. One
// whose value is empty is left out, also when it was inherited.
const char *const *surroundings_variables(void);
