// SPDX-License-Identifier: MIT
// The hub's dialect: the filters that it grants.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#include <stdio.h>

enum { SHOWN_FILTER_BYTES = 160 };

// What is unusual about a filter, or NULL.
static const char *complaint(const struct mqtt_session *s, struct span filter)
{
    struct hub *hub = s->world.hub;
    if (!topic_filter_is_known(s->name, filter)) {
        return "is none that the hub serves to this identity";
    }
    bool is_new = hub_session_qos(hub, s->identity, filter) < 0;
    if (is_new && hub_session_filter_count(hub, s->identity) >= FILTERS_DOCUMENTED_MOST) {
        return "is the sixth or a later one; five at a time are documented";
    }
    return NULL;
}

void session_grant(struct mqtt_session *s, struct span filter, int qos)
{
    const char *unusual = complaint(s, filter);
    if (unusual) {
        char shown[SHOWN_FILTER_BYTES];
        char why[SHOWN_FILTER_BYTES + 80];
        span_copy_text(filter, shown, sizeof shown);
        snprintf(why, sizeof why, "filter '%s' %s", shown, unusual);
        if (hub_settings_of(s->world.hub)->has_strict_subscriptions) {
            session_break(s, "SUBSCRIBE", why);
            return;
        }
        session_note(s, "%s; granted", why);
    }
    int code = hub_session_subscribe(s->world.hub, s->identity, filter, qos);
    if (code == ERR_LIMIT) {
        session_break(s, "SUBSCRIBE", "more than 256 topic filters");
    } else if (code < 0) {
        session_fail(s, code);
    } else {
        EMIT(s->world.journal, MQTT_SUBSCRIBED, s->connection, s->name, F_SPAN("filter", filter),
             F_INT("qos", qos));
    }
}

void session_remove(struct mqtt_session *s, struct span filter)
{
    if (hub_session_unsubscribe(s->world.hub, s->identity, filter)) {
        EMIT(s->world.journal, MQTT_UNSUBSCRIBED, s->connection, s->name, F_SPAN("filter", filter));
    }
}
