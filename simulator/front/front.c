// SPDX-License-Identifier: MIT
#include "simulator/front/front.h"
#include "base/error.h"
#include "simulator/front/route.h"

#include <stdlib.h>

const char *const front_verbs[] = {"connections", "watch", "chain", "clock", "fault",
                                   "faults",      "clear", "drop",  NULL};

int front_new(const struct front_settings *settings, struct front **out)
{
    struct front *front = calloc(1, sizeof *front);
    ENSURE(front != NULL, ERR_NO_MEMORY);
    front->settings = *settings;
    int code = settings->is_tls ? upstream_tls_new(settings, &front->tls) : 0;
    if (code < 0) {
        free(front);
        return code;
    }
    *out = front;
    return 0;
}

struct speaker front_speaker(struct front *front)
{
    return (struct speaker){front, route_open};
}

void front_close(struct front *front)
{
    if (!front) {
        return;
    }
    for (struct route *route = front->routes; route; route = route->next) {
        route_cut(route);
    }
    while (front->routes) {
        uv_run(front->settings.loop, UV_RUN_ONCE);
    }
    SSL_CTX_free(front->tls);
    free(front);
}

static int check_state(const struct fault *fault, const char *brief)
{
    if (fault->site != SITE_NET_ANY) {
        FAIL(ERR_VALUE, "'%s' would act at %s, and a front has one port only; try '%s at net.any'",
             brief, site_word(fault->site), brief);
    }
    if (fault->device[0]) {
        FAIL(ERR_VALUE, "a front does not know its devices' names: leave device %s out",
             fault->device);
    }
    return 0;
}

int front_check_fault(const struct fault *fault)
{
    char brief[80];
    fault_brief(fault, brief, sizeof brief);
    if (fault_is_state(fault->kind)) {
        return check_state(fault, brief);
    }
    if (site_classes(fault->site) & AT_NAMELESS && site_of_dps(fault->site) != fault->site) {
        return 0;
    }
    if (!(fault_classes(fault->kind) & AT_NAMELESS)) {
        FAIL(ERR_VALUE,
             "'%s' acts inside MQTT, which a front does not speak; it takes faults at tcp.accept, at "
             "the tls sites and at net.any (`hubrig words faults`)",
             brief);
    }
    FAIL(ERR_VALUE,
         "'%s' would act at %s, where a front does not come by; try '%s at %s' or another tls site",
         brief, site_word(fault->site), brief,
         fault_classes(fault->kind) & AT_ACCEPT ? "tcp.accept" : "tls.server_hello");
}
