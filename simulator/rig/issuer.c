// SPDX-License-Identifier: MIT
#include "simulator/rig/issuer.h"
#include "base/error.h"
#include "certs/device_ca.h"
#include "simulator/hub/access.h"
#include "simulator/hub/renewal.h"
#include "simulator/rig/rig.h"

enum { ROOT = DEVICE_CHAIN_COUNT - 1, CLOCK_DRIFT_S = 300 };
_Static_assert((int)RENEWAL_CHAIN_COUNT == (int)DEVICE_CHAIN_COUNT, "leaf, issuing CA, root");

int rig_register_ca(struct hub *hub, struct span root_der)
{
    int code = hub_add_ca(hub, RIG_OWN_CA, root_der, true);
    return code == ERR_IN_USE ? 0 : code; // for an earlier device
}

int rig_register_own_ca(struct rig *rig, struct hub *hub)
{
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&der, HUB_CA_DER_BYTES_MOST);
    TRY(device_ca_root(rig->workshop, &der));
    return rig_register_ca(hub, buf_span(&der));
}

static int issue(void *context, struct span csr_der, const char *common_name, int64_t from_s,
                 int64_t to_s, struct buf chain_der[RENEWAL_CHAIN_COUNT])
{
    struct rig_issuer *issuer = context;
    struct device_chain chain;
    TRY(device_ca_issue(issuer->rig->workshop, csr_der, common_name, from_s - CLOCK_DRIFT_S, to_s,
                        &chain));
    int code = rig_register_ca(issuer->hub, buf_span(&chain.der[ROOT]));
    for (size_t i = 0; code == 0 && i < DEVICE_CHAIN_COUNT; i++) {
        code = buf_append(&chain_der[i], buf_span(&chain.der[i]));
    }
    device_chain_deinit(&chain);
    return code;
}

void rig_offer_renewal(struct rig *rig, struct hub *hub, struct rig_issuer *slot)
{
    *slot = (struct rig_issuer){rig, hub};
    const struct hub_issuer issuer = {slot, issue};
    hub_set_issuer(hub, &issuer);
}
