// SPDX-License-Identifier: MIT
// The two ways in which `hubrig observe` meets a device. Not for other commands.
#pragma once
#include "harness/observe/profile.h"

struct observe_wish {
    const char *const *words; // the program; word_count 0 = a device on a port
    size_t word_count;
    const char *chain; // NULL = the default
    const char *evidence;
    const char *tls_engine; // NULL = auto
    bool is_x509, is_passive;
    uint64_t watch_us; // before the first disturbance
    uint64_t most_us;  // of all; of a program only when passive
    char **serve_argv; // NULL-terminated, for `serve`
    int serve_argc;
};

int observe_program(const struct observe_wish *w, struct profile *p) HR_NODISCARD;
// Until the choreography is over, most_us have passed, or Ctrl-C.
int observe_port(const struct observe_wish *w, struct profile *p) HR_NODISCARD;
