// SPDX-License-Identifier: MIT
// Cloud-to-device messages over MQTT (reference: IoT Hub over MQTT, cloud to device). A message
// goes out at the granted QoS; QoS 0 completes it at once, QoS 1 with its PUBACK, and PUBACKs come
// in the order of delivery.
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/c2d.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TOPIC_MOST = 65535 };

// The QoS at which the device has subscribed to messages that come this way, or -1.
static int granted_qos(const struct mqtt_session *s, enum c2d_way way)
{
    static const char *const of_module[] = {"/messages/devicebound/#", "/inputs/#"};
    struct hub *hub = s->world.hub;
    char text[TOPIC_BYTES_MOST];
    struct span own = topic_below(s->name, of_module[way == C2D_BY_INPUT], text);
    int qos = hub_session_qos(hub, s->identity, own);
    bool is_module = strchr(s->name, '/') != NULL;
    struct span all = is_module ? topic_below(s->name, "/#", text)
                                : SPAN_LITERAL("devices/+/messages/devicebound/#");
    int qos_of_all = hub_session_qos(hub, s->identity, all);
    return qos_of_all > qos ? qos_of_all : qos;
}

static int write_topic(const struct mqtt_session *s, const struct c2d_entry *entry, struct buf *out)
{
    char text[TOPIC_BYTES_MOST];
    bool is_input = c2d_way_of(&entry->message) == C2D_BY_INPUT;
    TRY(buf_append(out,
                   topic_below(s->name, is_input ? "/inputs/" : "/messages/devicebound/", text)));
    TRY(is_input ? buf_append(out, entry->message.input) : 0);
    TRY(is_input ? buf_append_u8(out, '/') : 0);
    return c2d_bag(s->identity, &entry->message, out);
}

static void deliver(struct mqtt_session *s, const struct c2d_entry *entry, int qos)
{
    struct buf topic HR_CLEANUP(buf_deinit);
    buf_init(&topic, TOPIC_MOST);
    int code = write_topic(s, entry, &topic);
    if (code < 0) {
        session_fail(s, code);
        return;
    }
    const struct mqtt_publish publish = {.topic = buf_span(&topic),
                                         .body = entry->message.body,
                                         .qos = qos,
                                         .packet_id =
                                             qos ? (uint16_t)((entry->sequence & 0x3FFF) + 1) : 0,
                                         .is_dup = qos && entry->was_sent};
    session_push(s, ANSWER_C2D, &publish, entry->sequence);
}

void session_on_c2d_ready(struct hub_link *link)
{
    struct mqtt_session *s = session_of_link(link);
    struct c2d_entry entry;
    while (s->state == SESSION_OPEN && s->unacked_count < UNACKED_MOST) {
        unsigned ways = (granted_qos(s, C2D_ADDRESSED) >= 0 ? C2D_ADDRESSED : 0u) |
                        (granted_qos(s, C2D_BY_INPUT) >= 0 ? C2D_BY_INPUT : 0u);
        if (!ways || !hub_c2d_take(s->world.hub, s->identity, link, ways, &entry)) {
            break;
        }
        if (s->state == SESSION_OPEN) {
            deliver(s, &entry, granted_qos(s, c2d_way_of(&entry.message)));
        }
    }
    session_wake(s);
}

static void drop_unacked(struct mqtt_session *s, size_t i)
{
    s->unacked_count--;
    memmove(&s->unacked[i], &s->unacked[i + 1], (s->unacked_count - i) * sizeof s->unacked[0]);
}

static size_t find_unacked(const struct mqtt_session *s, uint16_t packet_id)
{
    size_t i = 0;
    while (i < s->unacked_count && s->unacked[i].packet_id != packet_id) {
        i++;
    }
    return i;
}

static void remember(struct mqtt_session *s, uint16_t packet_id, uint64_t sequence)
{
    struct unacked fresh = {.sequence = sequence, .packet_id = packet_id, .copies = 1};
    size_t i = find_unacked(s, packet_id);
    if (i < s->unacked_count) {
        bool is_again = s->unacked[i].sequence == sequence && s->unacked[i].copies < UINT8_MAX;
        fresh.copies = (uint8_t)(is_again ? s->unacked[i].copies + 1 : 1);
        drop_unacked(s, i);
    }
    if (s->unacked_count < UNACKED_MOST) {
        s->unacked[s->unacked_count++] = fresh;
    }
}

// What stands behind ".../devicebound/" or ".../inputs/INPUT/"; *input is empty for the former.
static struct span bag_of(const struct mqtt_session *s, struct span topic, struct span *input)
{
    char text[TOPIC_BYTES_MOST];
    struct span rest;
    struct span head = topic_below(s->name, "/inputs/", text);
    *input = SPAN_EMPTY;
    if (span_starts_with(topic, head)) {
        *input = span_cut(span_from(topic, head.len), '/', &rest);
        return rest;
    }
    return span_from(topic, topic_below(s->name, "/messages/devicebound/", text).len);
}

// The decoded message id, empty without one. ERR_SYNTAX never comes: the hub wrote the bag.
static int read_message_id(struct span bag, struct buf *out)
{
    while (bag.len) {
        struct span pair = span_cut(bag, '&', &bag);
        if (span_starts_with(pair, SPAN_LITERAL("%24.mid="))) {
            return percent_decode(span_from(pair, 8), out);
        }
    }
    return 0;
}

void session_c2d_sent(struct mqtt_session *s, const struct answer *a,
                      const struct mqtt_publish *publish)
{
    struct hub *hub = s->world.hub;
    const struct identity *identity = s->identity;
    struct span input;
    struct span bag = bag_of(s, publish->topic, &input);
    struct buf id HR_CLEANUP(buf_deinit);
    buf_init(&id, C2D_ID_BYTES_MOST + 1);
    if (read_message_id(bag, &id) < 0) {
        buf_clear(&id);
    }
    hub_c2d_sent(hub, identity, a->number);
    if (publish->qos) {
        remember(s, publish->packet_id, a->number);
    }
    EMIT(s->world.journal, C2D_DELIVERED, s->connection, s->name, F_INT("sequence", a->number),
         F_SPAN("message_id", buf_span(&id)), F_INT("qos", publish->qos),
         F_BOOL("dup", publish->is_dup), F_INT("packet_id", publish->packet_id),
         F_INT("body_bytes", publish->body.len), F_SPAN("properties", hub_shown(bag)),
         F_SPAN("input", input));
    if (publish->qos == 0) {
        (void)hub_c2d_complete(hub, identity, a->number); // it may be purged by now
    }
}

// The first that has had no PUBACK at all and was sent once: no later one may come before it.
static size_t first_expected(const struct mqtt_session *s)
{
    size_t i = 0;
    while (i < s->unacked_count && (s->unacked[i].is_done || s->unacked[i].copies > 1)) {
        i++;
    }
    return i;
}

static void break_on_order(struct mqtt_session *s, uint16_t packet_id)
{
    char why[160];
    size_t expected = first_expected(s);
    if (expected < s->unacked_count) {
        snprintf(why, sizeof why,
                 "packet id %d is not the next one to be acknowledged; the hub waits for %d",
                 packet_id, s->unacked[expected].packet_id);
    } else {
        snprintf(why, sizeof why,
                 "packet id %d is not the next one to be acknowledged; the hub waits for none",
                 packet_id);
    }
    session_break(s, "PUBACK", why);
}

void session_take_puback(struct mqtt_session *s, uint16_t packet_id)
{
    size_t i = find_unacked(s, packet_id);
    if (i == s->unacked_count ||
        (s->unacked[i].copies == 1 && !s->unacked[i].is_done && first_expected(s) < i)) {
        break_on_order(s, packet_id);
        return;
    }
    struct unacked acked = s->unacked[i];
    if (acked.copies > 1) {
        s->unacked[i].copies--;
        s->unacked[i].is_done = true;
    } else {
        drop_unacked(s, i);
    }
    enum reason reason = hub_c2d_complete(s->world.hub, s->identity, acked.sequence);
    if (reason == REASON_LOCK_LOST && !acked.is_done) {
        session_note(s, "PUBACK %d came too late: message %" PRIu64 " is no longer locked",
                     packet_id, acked.sequence);
    }
    if (s->state == SESSION_OPEN) {
        session_on_c2d_ready(&s->link); // there may be room for more now
    }
}
