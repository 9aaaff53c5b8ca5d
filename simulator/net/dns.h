// SPDX-License-Identifier: MIT
// A name server that can be wrong on purpose, on one port of UDP and TCP.
//
//     TRY(dns_open(&settings, "203.0.113.53", 53, &port, &dns));
//     TRY(dns_zone_behave(dns_zone(dns), "testhub.azure-devices.net", &behaviour));
//     dns_close(dns);   // then run the loop until dns_is_closed
#pragma once
#include "base/env.h"
#include "simulator/journal/journal.h"
#include "simulator/net/dns_zone.h"

struct uv_loop_s;
struct dns;

struct dns_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal;
};

// `port` 0 takes a free one. Errors as server_listen. Everything in settings outlives it.
int dns_open(const struct dns_settings *settings, const char *address, int port, int *bound_port,
             struct dns **out) HR_NODISCARD;
struct dns_zone *dns_zone(struct dns *dns);
// `closed` is called by the loop when nothing is left.
void dns_close(struct dns *dns, void (*closed)(void *context), void *context);
