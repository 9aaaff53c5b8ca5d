// SPDX-License-Identifier: MIT
// PUBLISH, PUBACK, SUBSCRIBE and UNSUBSCRIBE: read and acknowledged here, understood by the
// dialect.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"

#include <stdio.h>

void session_on_publish(struct mqtt_session *s, const struct mqtt_packet *p)
{
    struct mqtt_publish publish;
    if (mqtt_read_publish(p, &publish) < 0) {
        session_break(s, "PUBLISH", error_text(ERR_PROTOCOL));
        return;
    }
    s->dialect->take_publish(s, &publish);
    if (s->state != SESSION_OPEN) {
        return;
    }
    if (publish.qos == 2) {
        char why[120];
        snprintf(why, sizeof why, "QoS 2: %s takes the message and closes; use QoS 0 or 1",
                 s->dialect->peer);
        session_break(s, "PUBLISH", why);
        return;
    }
    if (publish.qos == 1) {
        session_answer(s, ANSWER_PUBACK, publish.packet_id, SPAN_EMPTY);
    }
    if (s->state == SESSION_OPEN && s->dialect->after_publish) {
        s->dialect->after_publish(s, &publish);
    }
}

void session_on_puback(struct mqtt_session *s, const struct mqtt_packet *p)
{
    uint16_t packet_id = 0;
    if (mqtt_read_puback(p, &packet_id) < 0) {
        session_break(s, "PUBACK", error_text(ERR_PROTOCOL));
        return;
    }
    s->dialect->take_puback(s, packet_id);
}

// Never 0x80: a filter is granted or the connection ends.
static void grant_all(struct mqtt_session *s, struct mqtt_subscribe *subscribe)
{
    struct buf codes HR_CLEANUP(buf_deinit);
    struct mqtt_filter filter;
    buf_init(&codes, MQTT_PACKET_BYTES_MOST);
    while (mqtt_next_subscribe(&subscribe->filters, &filter)) {
        int qos = filter.qos > 1 ? 1 : filter.qos;
        s->dialect->grant(s, filter.text, qos);
        if (s->state != SESSION_OPEN) {
            return;
        }
        int code = buf_append_u8(&codes, (uint8_t)qos);
        if (code < 0) {
            session_fail(s, code);
            return;
        }
    }
    session_answer(s, ANSWER_SUBACK, subscribe->packet_id, buf_span(&codes));
}

void session_on_subscribe(struct mqtt_session *s, const struct mqtt_packet *p)
{
    struct mqtt_subscribe subscribe;
    if (mqtt_read_subscribe(p, &subscribe) < 0) {
        session_break(s, "SUBSCRIBE", error_text(ERR_PROTOCOL));
        return;
    }
    grant_all(s, &subscribe);
    if (s->state == SESSION_OPEN && s->dialect->after_subscribe) {
        s->dialect->after_subscribe(s);
    }
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
        s->dialect->remove(s, filter);
    }
    if (s->state == SESSION_OPEN) {
        session_answer(s, ANSWER_UNSUBACK, unsubscribe.packet_id, SPAN_EMPTY);
    }
}
