// SPDX-License-Identifier: MIT
// What the sub-commands of `hubrig certs` share.
#pragma once
#include "certs/cert_list.h"
#include "harness/cli/cli.h"

#include <sys/types.h>

extern const struct command command_certs_list;
extern const struct command command_certs_make;
extern const struct command command_certs_show;
extern const struct command command_certs_export;
extern const struct command command_certs_graph;
extern const struct command command_certs_verify_code;
extern const struct command command_certs_device;
extern const struct command command_certs_timeline;
extern const struct command command_certs_limbo;

#define CERTS_HOST "myhub.azure-devices.net"

// `at` as given with --at, or the machine's clock when it is NULL. ERR_VALUE.
int certs_clock(const char *at, int64_t *utc_s) HR_NODISCARD;

struct certs_source {
    const char *name; // a recipe, or a file of certificates
    const char *host;
    int64_t utc_s;
    bool only_roots; // of a recipe: not what the server sends
};
// A file is what ends in .pem .crt .cer or .der, or exists and does not end in .chain.
int certs_load(const struct certs_source *source, struct cert_list *list) HR_NODISCARD;

// Write a file and say so on stdout, or the bytes to stdout when `path` is NULL.
int certs_put(const char *path, struct span bytes, mode_t mode) HR_NODISCARD;
// "folder/name", the same; the folder is made.
int certs_put_in(const char *folder, const char *name, struct span bytes, mode_t mode) HR_NODISCARD;
// Prints "hubrig NAME: text" and where help is; EXIT_USAGE.
int certs_refuse(const struct command *command, const char *text);
