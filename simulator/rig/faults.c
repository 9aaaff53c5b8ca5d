// SPDX-License-Identifier: MIT
// What faults need of the rig: a seed, and a chain for whoever answers in the hub's place.
#include "base/error.h"
#include "simulator/net/portal.h"
#include "simulator/rig/rig.h"

// A certificate that is sound, but for the name: such a portal has bought one.
static int make_portal(struct rig *rig)
{
    struct chain chain;
    const struct chain_request request = {.hub_host = PORTAL_HOST,
                                          .utc_s = hub_utc_us(rig->hub) / 1000000};
    TRY(chain_make(rig->workshop, "bad/wrong-host", &request, &chain));
    int code = server_set_portal(rig->server, &chain);
    if (code == 0 && rig->dps_server) {
        code = server_set_portal(rig->dps_server, &chain);
    }
    chain_deinit(&chain);
    return code;
}

static void on_changed(void *context)
{
    struct rig *rig = context;
    const struct fault *fault;
    for (size_t i = 0; !rig->has_portal && (fault = faults_at(rig->faults, i)); i++) {
        if (fault->kind == FAULT_PORTAL) {
            rig->has_portal = make_portal(rig) == 0; // without, connections tell that it is missing
        }
    }
}

int rig_open_faults(struct rig *rig)
{
    const struct env *env = rig->settings.env;
    uint64_t seed = rig->settings.seed;
    TRY(seed ? 0 : env->random(env->world, &seed, sizeof seed));
    faults_set_seed(rig->faults, seed);
    return faults_watch(rig->faults, on_changed, rig);
}
