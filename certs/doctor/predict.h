// SPDX-License-Identifier: MIT
// The chains that hubs were and are known to show.
#pragma once
#include "certs/doctor/doctor.h"

struct hub_chain {
    const char *name;
    unsigned clouds; // bit per doctor_cloud
    unsigned roots;  // any one of these anchors it, bit per known_root_id
    int64_t from_s;  // the issuing CA's own dates
    int64_t to_s;
    int64_t served_until_s; // when the hubs stopped to show it
    bool is_ecc;
};

extern const struct hub_chain hub_chains[];
extern const size_t hub_chain_count;
// The RSA chain that a hub of this cloud shows at that time, or NULL.
const struct hub_chain *hub_chain_at(enum doctor_cloud cloud, int64_t utc_s);
