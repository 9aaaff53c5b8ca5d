// SPDX-License-Identifier: MIT
// What a hub file says, put into a hub.
#include "base/error.h"
#include "simulator/dps/request.h"
#include "simulator/rig/hub_file.h"
#include "simulator/rig/rig.h"
#include "simulator/rig/state.h"

#include <stdio.h>
#include <string.h>

static int fill_key(struct rig *rig, char key[100])
{
    return key[0] ? 0 : rig_random_key_into(rig, key, 100);
}

static int add_identity(const struct identity *wanted, struct rig *rig)
{
    if (hub_find_identity(rig->hub, span_text(wanted->name))) {
        return 0;
    }
    struct identity identity = *wanted;
    int code = 0;
    if (identity.auth == HUB_AUTH_SAS) {
        code = fill_key(rig, identity.primary_key);
        code = code < 0 ? code : fill_key(rig, identity.secondary_key);
    }
    code = code < 0 ? code : hub_add_identity(rig->hub, &identity);
    explicit_bzero(&identity, sizeof identity);
    return code;
}

static int add_enrollment(const struct hub_file_enrollment *wanted, struct rig *rig)
{
    const struct identity *id = &wanted->identity;
    struct dps_enrollment e = {.is_group = wanted->is_group, .is_disabled = id->is_disabled};
    e.attestation = id->auth == HUB_AUTH_SAS ? DPS_SYMMETRIC_KEY : DPS_X509;
    snprintf(e.name, sizeof e.name, "%.*s", DPS_ID_BYTES_MOST, id->name);
    memcpy(e.primary_key, id->primary_key, sizeof e.primary_key);
    memcpy(e.secondary_key, id->secondary_key, sizeof e.secondary_key);
    memcpy(e.primary_thumbprint, id->primary_thumbprint, sizeof e.primary_thumbprint);
    memcpy(e.secondary_thumbprint, id->secondary_thumbprint, sizeof e.secondary_thumbprint);
    if (wanted->hub[0]) {
        memcpy(e.hubs[0], wanted->hub, sizeof wanted->hub);
        e.allocation = DPS_STATIC;
    }
    int code = 0;
    if (e.attestation == DPS_SYMMETRIC_KEY) {
        code = fill_key(rig, e.primary_key);
    }
    code = code < 0 ? code : dps_put_enrollment(rig->dps, &e);
    explicit_bzero(&e, sizeof e);
    return code;
}

// One that the hub has already gets the keys that the file tells.
static int add_policy(const struct access_policy *wanted, struct rig *rig)
{
    if (hub_find_policy(rig->hub, span_text(wanted->name))) {
        const char *primary = wanted->primary_key;
        const char *secondary = wanted->secondary_key;
        TRY(primary[0] ? hub_roll_policy_key(rig->hub, wanted->name, HUB_KEY_PRIMARY, primary) : 0);
        return secondary[0]
                   ? hub_roll_policy_key(rig->hub, wanted->name, HUB_KEY_SECONDARY, secondary)
                   : 0;
    }
    struct access_policy policy = *wanted;
    int code = fill_key(rig, policy.primary_key);
    code = code < 0 ? code : fill_key(rig, policy.secondary_key);
    code = code < 0 ? code : hub_add_policy(rig->hub, &policy);
    explicit_bzero(&policy, sizeof policy);
    return code;
}

static int add_access(const struct hub_file *file, struct rig *rig)
{
    for (size_t i = 0; i < file->policy_count; i++) {
        TRY(add_policy(&file->policies[i], rig));
    }
    for (size_t i = 0; i < file->ca_count; i++) {
        const struct hub_file_ca *ca = &file->cas[i];
        TRY(hub_add_ca(rig->hub, ca->name, buf_span(&ca->der), !ca->is_unverified));
    }
    return 0;
}

// For the devices that are known by it; no state file keeps the CA.
static int add_own_ca(struct rig *rig, struct hub *hub)
{
    const struct identity *id = hub_next_identity(hub, NULL);
    while (id && id->auth != HUB_AUTH_CA) {
        id = hub_next_identity(hub, id);
    }
    return id ? rig_register_own_ca(rig, hub) : 0;
}

int hub_file_apply(const struct hub_file *file, struct rig *rig, struct state *state)
{
    if (file->enrollment_count && !rig->dps) {
        FAIL(ERR_USAGE, "the hub file has enrollments, but no provisioning service runs; try --dps "
                        "global.azure-devices-provisioning.net");
    }
    for (size_t i = 0; i < file->more_host_count; i++) {
        TRY(rig_add_hub(rig, file->more_hosts[i]));
        TRY(state ? state_attach(state, rig_hub_at(rig, rig->other_count)) : 0);
    }
    for (size_t i = 0; i < file->enrollment_count; i++) {
        TRY(add_enrollment(&file->enrollments[i], rig));
    }
    for (size_t i = 0; i <= rig->other_count; i++) {
        if (file->has_clock) {
            clock_wish_apply(&file->clock, rig_hub_at(rig, i));
        }
        if (file->clock_rate_ppm) {
            hub_clock_set_rate(rig_hub_at(rig, i), file->clock_rate_ppm);
        }
    }
    TRY(add_access(file, rig));
    for (size_t i = 0; i < file->identity_count; i++) {
        TRY(add_identity(&file->identities[i].identity, rig));
    }
    for (size_t i = 0; i <= rig->other_count; i++) {
        TRY(add_own_ca(rig, rig_hub_at(rig, i)));
    }
    for (size_t i = 0; i < file->fault_count; i++) {
        TRY(faults_add(rig->faults, &file->faults[i]));
    }
    return 0;
}
