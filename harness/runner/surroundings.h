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
    int port;
    const char *id;
    const char *connection_string;
    bool has_clock; // preload the false clock
};

struct surroundings {
    char **argv; // NULL-terminated
    char **envp; // NULL-terminated: ours behind the inherited ones, later names win
    char *command_text; // the command as templates, without secrets
    char log_path[PATH_MAX];
    char clock_path[PATH_MAX];
};

int surroundings_make(const struct surroundings_settings *settings, struct surroundings *out)
    HR_NODISCARD;
void surroundings_deinit(struct surroundings *s); // wipes

// The variables that every device receives, "NAME=template", NULL-terminated: for help texts.
const char *const *surroundings_variables(void);
