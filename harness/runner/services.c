// SPDX-License-Identifier: MIT
#include "harness/runner/services.h"
#include "base/error.h"
#include "harness/runner/sandbox.h"
#include "simulator/rig/responders.h"

#include <stdio.h>
#include <string.h>

enum { SNTP_PORT = 123 };

// Devices are built with one of these.
static const char *const time_servers[] = {
    SERVICES_SNTP_HOST, "*.pool.ntp.org",    "time.windows.com",
    "time.nist.gov",    "time.cloudflare.com", "time.google.com",
};

static int add_name(struct dns_zone *zone, const char *name, const char *address,
                    const char *second)
{
    struct dns_name row = {.has_aliases = second[0] != '\0'};
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.address, sizeof row.address, "%s", address);
    snprintf(row.second, sizeof row.second, "%s", second);
    return dns_zone_add(zone, &row);
}

static int fill_zone(struct dns_zone *zone)
{
    struct dns_name *hub = &zone->names[0];
    snprintf(hub->second, sizeof hub->second, "%s", SANDBOX_SECOND_ADDRESS);
    snprintf(zone->stranger, sizeof zone->stranger, "%s", SANDBOX_STRANGER_ADDRESS);
    if (sandbox_has_ipv6()) {
        snprintf(zone->dead_ipv6, sizeof zone->dead_ipv6, "%s", SANDBOX_DEAD_IPV6);
    }
    TRY(add_name(zone, SERVICES_HUB2_HOST, hub->address, hub->second));
    TRY(add_name(zone, SERVICES_DPS_HOST, SANDBOX_DPS_ADDRESS,
                 SANDBOX_DPS_SECOND_ADDRESS));
    for (size_t i = 0; i < HR_COUNT_OF(time_servers); i++) {
        TRY(add_name(zone, time_servers[i], SANDBOX_SERVICES_ADDRESS, ""));
    }
    return 0;
}

int services_open(struct rig *rig, const struct settings *settings, const char *hub_address)
{
    int port = 0;
    TRY(rig_listen_sntp(rig, SANDBOX_SERVICES_ADDRESS, SNTP_PORT, &port));
    TRY(rig_listen_dns(rig, SANDBOX_SERVICES_ADDRESS, DNS_PORT, hub_address, &port));
    struct dns_zone *zone = dns_zone(rig->dns);
    TRY(fill_zone(zone));
    sntp_use(rig->sntp, &settings->sntp);
    TRY(dns_zone_behave(zone, rig->settings.hub.host, &settings->dns_hub));
    return dns_zone_behave(zone, SERVICES_DPS_HOST, &settings->dns_dps);
}

// The words hub and dps stand for their names.
static const char *name_of(const struct rig *rig, const char *word)
{
    if (strcmp(word, "hub") == 0) {
        return rig->settings.hub.host;
    }
    return strcmp(word, "dps") == 0 ? SERVICES_DPS_HOST : word;
}

int services_act(struct rig *rig, const struct step *step)
{
    if (step->verb == HUB_SNTP) {
        sntp_use(rig->sntp, &step->sntp);
        return 0;
    }
    return dns_zone_behave(dns_zone(rig->dns), name_of(rig, step->text), &step->dns);
}
