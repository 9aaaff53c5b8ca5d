// SPDX-License-Identifier: MIT
// What is known of devices before a run, `hubrig run --expect FILE`: which scenarios they fail. In
// the line syntax:
//
//     device our-sdk our-sdk-ws          # what follows is about these; before: about every device
//     fails  tls.rsa-1024-leaf d2c.puback-lost  because "our TLS takes 1024 bits"
//     maybe  reconnect.takeover          # chance decides
#pragma once
#include "base/line.h"

struct forecast {
    char *device; // "" = every device
    char *scenario;
    char *because;    // "" without a reason
    const char *kind; // FORECAST_FAILS or FORECAST_MAYBE
    int line, column; // of the scenario's name
};

struct forecast_list {
    char *file;
    struct forecast *items;
    size_t count;
};

// ERR_NO_FILE, or ERR_SYNTAX with all mistakes in `diags`. The list must be deinitialised in every
// case.
int forecast_read(const char *path, struct forecast_list *out,
                  struct diag_list *diags) HR_NODISCARD;
int forecast_parse(const char *name, struct span text, struct forecast_list *out,
                   struct diag_list *diags) HR_NODISCARD;
void forecast_deinit(struct forecast_list *list);
// What is said about the device itself goes before what is said about all; NULL when nothing is.
const struct forecast *forecast_find(const struct forecast_list *list, const char *device,
                                     const char *scenario);
