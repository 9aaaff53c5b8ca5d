// SPDX-License-Identifier: MIT
// Wireshark's dumpcap beside a run: what really was on the interfaces of this machine or private
// network, with names, time and lost segments, as a pcapng file. The secrets are not in it; keys.log
// has them.
//
//     TRY(dumpcap_start(&settings, &dumpcap));    // dumpcap listens once this is back
//     ...
//     dumpcap_stop(dumpcap);                      // all that was sent before is in the file
#pragma once
#include "base/env.h"

struct uv_loop_s;
struct dumpcap;

struct dumpcap_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    const char *path;    // of the file, made with mode 0600
    const char *filter;  // of libpcap, such as "tcp port 8883"; "" = everything
    const char *address; // an IPv4 or IPv6 address of this machine, for the mark that ends the file
};

// Runs the loop until dumpcap listens, for 10 s at most. ERR_SPAWN when it is not installed,
// ERR_PERMISSION when it may not listen, each with what to try; file errors. Loop and env are
// borrowed until the end, the texts during the call.
int dumpcap_start(const struct dumpcap_settings *settings, struct dumpcap **out) HR_NODISCARD;
// "" or why the capture has ended before its time; also for NULL.
const char *dumpcap_failure(const struct dumpcap *dumpcap);
// Runs the loop until dumpcap has written what was sent so far, for 2 s at most, and ends it. NULL is allowed.
void dumpcap_stop(struct dumpcap *dumpcap);
