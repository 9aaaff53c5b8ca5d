// SPDX-License-Identifier: MIT
// What the files of the MQTT session share and nobody else sees.
#pragma once
#include "simulator/mqtt/packet.h"
#include "simulator/mqtt/session.h"

enum session_state {
    SESSION_NEW,     // waits for CONNECT
    SESSION_HELD,    // CONNECT is accepted, CONNACK waits for a fault's delay
    SESSION_MUTE,    // CONNECT is accepted, CONNACK was swallowed by a fault
    SESSION_OPEN,    // CONNACK 0 is out
    SESSION_REFUSED, // CONNACK with a code is out, closing
    SESSION_STALLED,
    SESSION_CLOSED, // outlet.close was called, or the transport has ended
};

enum {
    CONNECT_WAIT_S = 60,
    KEEPALIVE_WAIT_S_MOST = 1767,
    HELD_PUBACKS_MOST = 16,
    ANSWERS_MOST = 4096, // the transport ignored wants_pause
    EARLY_EVENTS_MOST = 20,
    EARLY_BYTES_MOST = 1 << 20,
    EARLY_BYTES_PAUSE = 65536,
    FILTERS_DOCUMENTED_MOST = 5,
};

// PUBACK, SUBACK or PINGRESP on its way: faults may delay it, but never past a later answer of the
// same kind.
struct answer {
    struct answer *next;
    enum fault_site site;
    uint64_t ready_us;
    struct fault_decision decision;
    uint16_t packet_id;
    size_t code_count; // SUBACK
    uint8_t codes[];
};

struct mqtt_session {
    struct hub_link link;
    struct mqtt_world world;
    struct mqtt_outlet outlet;
    uint32_t connection;
    const struct peer_certificate *certificate;
    enum session_state state;
    struct mqtt_reader reader;

    char name[HUB_NAME_BYTES_MOST];
    const struct identity *identity; // once the credentials are judged well
    char key[HUB_KEY_TEXT_BYTES];
    bool is_clean;
    int64_t token_expires_us; // on the hub's clock

    uint64_t connect_by_us;
    uint64_t connack_at_us; // HELD
    uint64_t connack_order; // HELD: the fault that delays
    struct buf early;       // HELD: packets to process after CONNACK
    int early_events;

    uint64_t keepalive_us; // the wait, already times 1.5 and capped
    uint64_t last_in_us;
    uint64_t token_check_us; // when to look at the token again

    struct answer *answers; // oldest first
    size_t answer_count;
    size_t puback_count;

    bool was_accepted; // CONNACK 0 went out: from then on the will counts
    bool has_will;
    bool is_will_retained;
    int will_qos;
    struct buf will_bag;
    struct buf will_body;
};

uint64_t session_now_us(const struct mqtt_session *s);
// Emits mqtt.error and closes.
void session_break(struct mqtt_session *s, const char *packet, const char *why);
// Our own failure (memory): says so in the log and resets the connection.
void session_fail(struct mqtt_session *s, int code);
void session_close(struct mqtt_session *s, enum drop_how how);
void session_close_as(struct mqtt_session *s, enum drop_how how, enum session_state state);
void session_stall(struct mqtt_session *s);
// A packet written into `out` with `code`; sends it or fails the session. Deinits `out`.
void session_send(struct mqtt_session *s, struct buf *out, int code);
void session_note(struct mqtt_session *s, const char *format, ...) HR_PRINTF(2, 3);
void session_take_packet(struct mqtt_session *s, const struct mqtt_packet *p);

// session_connect.c
void session_on_connect(struct mqtt_session *s, const struct mqtt_packet *p);
void session_decide_connack(struct mqtt_session *s, uint64_t after_order);
void session_on_early(struct mqtt_session *s, const struct mqtt_packet *p);
void session_emit_early(struct mqtt_session *s, const struct mqtt_packet *p);

// session_publish.c
void session_on_publish(struct mqtt_session *s, const struct mqtt_packet *p);
void session_on_puback(struct mqtt_session *s, const struct mqtt_packet *p);
int session_keep_will(struct mqtt_session *s, const struct mqtt_connect *c) HR_NODISCARD;
void session_publish_will(struct mqtt_session *s);
void session_drop_will(struct mqtt_session *s);

// session_subscribe.c
void session_on_subscribe(struct mqtt_session *s, const struct mqtt_packet *p);
void session_on_unsubscribe(struct mqtt_session *s, const struct mqtt_packet *p);

// session_answer.c
void session_answer(struct mqtt_session *s, enum fault_site site, uint16_t packet_id,
                    struct span codes);
void session_pump_answers(struct mqtt_session *s);
uint64_t session_answer_deadline_us(const struct mqtt_session *s);
void session_free_answers(struct mqtt_session *s);
