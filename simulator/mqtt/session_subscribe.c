// SPDX-License-Identifier: MIT
// SUBSCRIBE and UNSUBSCRIBE. The hub never answers 0x80: a filter is granted or the connection
// ends.
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

// False when the session has ended over it.
static bool grant(struct mqtt_session *s, const struct mqtt_filter *filter, int qos)
{
    const char *unusual = complaint(s, filter->text);
    if (unusual) {
        char shown[SHOWN_FILTER_BYTES];
        char why[SHOWN_FILTER_BYTES + 80];
        span_copy_text(filter->text, shown, sizeof shown);
        snprintf(why, sizeof why, "filter '%s' %s", shown, unusual);
        if (hub_settings_of(s->world.hub)->has_strict_subscriptions) {
            session_break(s, "SUBSCRIBE", why);
            return false;
        }
        session_note(s, "%s; granted", why);
    }
    int code = hub_session_subscribe(s->world.hub, s->identity, filter->text, qos);
    if (code == ERR_LIMIT) {
        session_break(s, "SUBSCRIBE", "more than 256 topic filters");
    } else if (code < 0) {
        session_fail(s, code);
    } else {
        EMIT(s->world.journal, MQTT_SUBSCRIBED, s->connection, s->name,
             F_SPAN("filter", filter->text), F_INT("qos", qos));
    }
    return s->state == SESSION_OPEN;
}

static void grant_all(struct mqtt_session *s, struct mqtt_subscribe *subscribe)
{
    struct buf codes HR_CLEANUP(buf_deinit);
    struct mqtt_filter filter;
    buf_init(&codes, MQTT_PACKET_BYTES_MOST);
    while (mqtt_next_subscribe(&subscribe->filters, &filter)) {
        int qos = filter.qos > 1 ? 1 : filter.qos;
        if (!grant(s, &filter, qos)) {
            return;
        }
        int code = buf_append_u8(&codes, (uint8_t)qos);
        if (code < 0) {
            session_fail(s, code);
            return;
        }
    }
    session_answer(s, SITE_MQTT_SUBACK, subscribe->packet_id, buf_span(&codes));
}

void session_on_subscribe(struct mqtt_session *s, const struct mqtt_packet *p)
{
    struct mqtt_subscribe subscribe;
    if (mqtt_read_subscribe(p, &subscribe) < 0) {
        session_break(s, "SUBSCRIBE", error_text(ERR_PROTOCOL));
        return;
    }
    grant_all(s, &subscribe);
}

void session_on_unsubscribe(struct mqtt_session *s, const struct mqtt_packet *p)
{
    struct mqtt_subscribe unsubscribe;
    struct span filter;
    if (mqtt_read_unsubscribe(p, &unsubscribe) < 0) {
        session_break(s, "UNSUBSCRIBE", error_text(ERR_PROTOCOL));
        return;
    }
    while (s->state == SESSION_OPEN && mqtt_next_unsubscribe(&unsubscribe.filters, &filter)) {
        if (hub_session_unsubscribe(s->world.hub, s->identity, filter)) {
            EMIT(s->world.journal, MQTT_UNSUBSCRIBED, s->connection, s->name,
                 F_SPAN("filter", filter));
        }
    }
    if (s->state == SESSION_OPEN) {
        struct buf out;
        buf_init(&out, 16);
        session_send(s, &out, mqtt_write_unsuback(unsubscribe.packet_id, &out));
    }
}
