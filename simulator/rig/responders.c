// SPDX-License-Identifier: MIT
#include "simulator/rig/responders.h"
#include "base/error.h"

#include <uv.h>

static int64_t hub_time(void *context)
{
    const struct rig *rig = context;
    return hub_utc_us(rig->hub);
}

int rig_listen_sntp(struct rig *rig, const char *address, int port, int *bound_port)
{
    const struct sntp_settings settings = {.loop = rig->settings.loop,
                                           .env = rig->settings.env,
                                           .journal = rig->journal,
                                           .utc_us = hub_time,
                                           .context = rig};
    return sntp_open(&settings, address, port, bound_port, &rig->sntp);
}

int rig_listen_dns(struct rig *rig, const char *address, int port, const char *hub_address,
                   int *bound_port)
{
    const struct dns_settings settings = {
        .loop = rig->settings.loop, .env = rig->settings.env, .journal = rig->journal};
    struct dns_name hub = {.has_aliases = true};
    TRY(dns_open(&settings, address, port, bound_port, &rig->dns));
    ENSURE(span_copy_text(span_text(rig->settings.hub.host), hub.name, sizeof hub.name), ERR_VALUE);
    ENSURE(span_copy_text(span_text(hub_address), hub.address, sizeof hub.address), ERR_VALUE);
    return dns_zone_add(dns_zone(rig->dns), &hub);
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

void rig_close_responders(struct rig *rig)
{
    bool is_closed = !rig->dns;
    sntp_close(rig->sntp);
    if (rig->dns) {
        dns_close(rig->dns, on_closed, &is_closed);
    }
    rig->sntp = NULL;
    rig->dns = NULL;
    while (!is_closed) {
        uv_run(rig->settings.loop, UV_RUN_ONCE);
    }
}
