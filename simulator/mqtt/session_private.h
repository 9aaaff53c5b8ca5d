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
    UNACKED_MOST = 128, // then no more messages are handed out
};

enum answer_kind {
    ANSWER_PUBACK,
    ANSWER_SUBACK,
    ANSWER_UNSUBACK,
    ANSWER_PINGRESP,
    ANSWER_REQUEST, // a request of the dialect, processed when it is due
    ANSWER_C2D, // from here on: a PUBLISH of the hub, whole in `codes`
    ANSWER_TWIN,
    ANSWER_DESIRED,
    ANSWER_METHOD,
    ANSWER_RENEWAL,
    ANSWER_KIND_COUNT
};

// PUBACK, SUBACK, UNSUBACK, PINGRESP or PUBLISH on its way: faults may delay it, but never past a later
// answer of the same kind.
struct answer {
    struct answer *next;
    enum answer_kind kind;
    enum fault_site site; // SITE_COUNT: no fault acts on it
    uint64_t ready_us;
    struct fault_decision decision;
    uint16_t packet_id;
    uint64_t number;   // C2D: the message's sequence; DESIRED: the version; RENEWAL: the status
    size_t code_count; // SUBACK, PUBLISH; of a request: its bytes
    uint8_t codes[];
};

// A cloud-to-device message that went out with QoS 1 and waits for its PUBACK.
struct unacked {
    uint64_t sequence;
    uint16_t packet_id;
    uint8_t copies; // sent with DUP again: each copy may be acknowledged
    bool is_done;   // one copy was
};

struct session_refusal {
    int code; // of CONNACK
    enum reason reason;
    char working[600];
};

// What a service speaks over one session: the hub (session_hub.c) is one of them. The core reads
// packets, keeps time and order, asks the fault plan and answers; the dialect judges, grants and
// takes messages. Each function may end the session, and the core looks at its state after the
// call.
struct session_dialect {
    const char *peer; // "the hub", for sentences
    enum fault_site connack_site;
    bool tells_pubacks; // emits mqtt.puback
    enum fault_site answer_sites[ANSWER_KIND_COUNT];
    int (*open)(struct mqtt_session *s); // 0 or ERR_NO_MEMORY; what the dialect keeps in a session
    void (*release)(struct mqtt_session *s);
    // A CONNECT arrived: fills s->name as far as it can be read and emits the event.
    void (*emit_connect)(struct mqtt_session *s, const struct mqtt_connect *c);
    // False when *why holds a refusal. Keep-alive and level are the core's matter.
    bool (*judge)(struct mqtt_session *s, const struct mqtt_connect *c,
                  struct session_refusal *why);
    // Asked whenever CONNACK is due: has something changed since the judgement?
    bool (*is_welcome)(struct mqtt_session *s, struct session_refusal *why);
    void (*emit_refused)(struct mqtt_session *s, const struct session_refusal *why);
    bool (*attach)(struct mqtt_session *s); // before CONNACK 0; returns Session Present
    void (*emit_connected)(struct mqtt_session *s, bool is_present);
    void (*leave)(struct mqtt_session *s); // the session has ended; may be called again
    void (*take_publish)(struct mqtt_session *s, const struct mqtt_publish *p);
    // NULL, or what follows the PUBACK of the same packet.
    void (*after_publish)(struct mqtt_session *s, const struct mqtt_publish *p);
    void (*take_puback)(struct mqtt_session *s, uint16_t packet_id);
    // A request of session_answer_at is due. What the fault plan has decided acts on the answer;
    // the dialect itself obeys FAULT_ANSWER. Only in dialects that queue requests.
    void (*take_request)(struct mqtt_session *s, struct span bytes,
                         const struct fault_decision *decision);
    // The topic of a message that nobody asked for, to this session's device.
    int (*stray_topic)(const struct mqtt_session *s, struct buf *out);
    void (*disconnect)(struct mqtt_session *s);
    void (*grant)(struct mqtt_session *s, struct span filter, int qos);
    void (*remove)(struct mqtt_session *s, struct span filter);
    void (*after_subscribe)(struct mqtt_session *s);       // NULL, or what follows the SUBACK
    uint64_t (*deadline_us)(const struct mqtt_session *s); // while open
    void (*tick)(struct mqtt_session *s);                  // while open
};
extern const struct session_dialect session_hub_dialect;
extern const struct session_dialect session_dps_dialect;

struct mqtt_session {
    const struct session_dialect *dialect;
    struct mqtt_world world;
    struct mqtt_outlet outlet;
    uint32_t connection;
    const struct peer_certificate *certificate;
    enum session_state state;
    struct mqtt_reader reader;

    char name[HUB_NAME_BYTES_MOST];
    bool is_clean;

    uint64_t connect_by_us;
    uint64_t connack_at_us;   // HELD
    uint64_t connack_order;   // HELD: the fault that delays
    uint64_t connack_wait_us; // set by the dialect's judge: traffic shaping, before any fault
    uint64_t twin_wait_us;    // of the next twin response: its throttle
    uint64_t puback_wait_us;  // the same, set by take_publish for the PUBACK of its message
    struct buf early;         // HELD: packets to process after CONNACK
    int early_events;

    uint64_t keepalive_us; // the wait, already times 1.5 and capped
    uint64_t last_in_us;

    struct answer *answers; // oldest first
    size_t answer_count;
    size_t puback_count;

    bool was_accepted; // CONNACK 0 went out

    struct session_dps *dps; // the provisioning service's dialect; NULL in others

    // the hub's dialect
    struct hub_link link;
    const struct identity *identity; // once the credentials are judged well
    char key[HUB_KEY_TEXT_BYTES];
    char api_version[32];                 // "" when the user name carries none
    struct unacked unacked[UNACKED_MOST]; // in the order of delivery
    size_t unacked_count;
    int64_t token_expires_us; // on the hub's clock
    const char *token_scope;  // auth_result.token_scope
    bool is_policy;           // a policy opened the hub, no key of the identity's own
    uint64_t token_check_us;  // when to look at the token again
    uint64_t sdk_fault_at_us; // when a fault that the device asked for cuts; UINT64_MAX = none
    enum drop_how sdk_fault_how;
    bool has_will; // counts from CONNACK 0 on
    bool is_will_retained;
    int will_qos;
    struct buf will_bag;
    struct buf will_body;
};

void session_wake(struct mqtt_session *s); // outlet.wake
uint64_t session_now_us(const struct mqtt_session *s);
// Emits mqtt.error and closes.
void session_break(struct mqtt_session *s, const char *packet, const char *why);
// Our own failure (memory): says so in the log and resets the connection.
void session_fail(struct mqtt_session *s, int code);
// Emits mqtt.cut and closes: the hub's own doing, not a broken rule.
void session_cut(struct mqtt_session *s, enum reason reason, enum drop_how how);
void session_close(struct mqtt_session *s, enum drop_how how);
void session_close_as(struct mqtt_session *s, enum drop_how how, enum session_state state);
void session_stall(struct mqtt_session *s);
// A packet written into `out` with `code`; sends it or fails the session. Deinits `out`.
void session_send(struct mqtt_session *s, struct buf *out, int code);
// The same for one packet, changed as the fault wants it (mangle.h).
void session_send_with(struct mqtt_session *s, const struct fault_decision *decision,
                       struct buf *out, int code);
void session_note(struct mqtt_session *s, const char *format, ...) HR_PRINTF(2, 3);
void session_take_packet(struct mqtt_session *s, const struct mqtt_packet *p);

// session_connect.c
void session_on_connect(struct mqtt_session *s, const struct mqtt_packet *p);
void session_decide_connack(struct mqtt_session *s, uint64_t after_order);
void session_on_early(struct mqtt_session *s, const struct mqtt_packet *p);
void session_emit_early(struct mqtt_session *s, const struct mqtt_packet *p);

// session_take.c
void session_on_publish(struct mqtt_session *s, const struct mqtt_packet *p);
void session_on_puback(struct mqtt_session *s, const struct mqtt_packet *p);
void session_on_subscribe(struct mqtt_session *s, const struct mqtt_packet *p);
void session_on_unsubscribe(struct mqtt_session *s, const struct mqtt_packet *p);

// session_publish.c, session_subscribe.c: of the hub's dialect
void session_take_publish(struct mqtt_session *s, const struct mqtt_publish *p);
void session_take_puback(struct mqtt_session *s, uint16_t packet_id);
int session_keep_will(struct mqtt_session *s, const struct mqtt_connect *c) HR_NODISCARD;
void session_publish_will(struct mqtt_session *s);
void session_drop_will(struct mqtt_session *s);
void session_grant(struct mqtt_session *s, struct span filter, int qos);
void session_remove(struct mqtt_session *s, struct span filter);

// session_sdk_fault.c: of the hub's dialect
void session_obey(struct mqtt_session *s, const struct sdk_fault *fault);
void session_check_sdk_fault(struct mqtt_session *s);

// session_answer.c
void session_answer(struct mqtt_session *s, enum answer_kind kind, uint16_t packet_id,
                    struct span codes);
// With a site of its own: SITE_COUNT for none.
void session_answer_at(struct mqtt_session *s, enum answer_kind kind, enum fault_site site,
                       struct span bytes);
// Queues a PUBLISH of the hub; `number` as in struct answer.
void session_push(struct mqtt_session *s, enum answer_kind kind, const struct mqtt_publish *publish,
                  uint64_t number);
void session_pump_answers(struct mqtt_session *s);
uint64_t session_answer_deadline_us(const struct mqtt_session *s);
void session_free_answers(struct mqtt_session *s);

// session_c2d.c, session_twin.c, session_method.c, session_renewal.c: what the hub has for its devices
void session_on_c2d_ready(struct hub_link *link);
void session_c2d_sent(struct mqtt_session *s, const struct answer *a,
                      const struct mqtt_publish *publish);
bool session_on_method(struct hub_link *link, const struct hub_method_request *request);
void session_method_sent(struct mqtt_session *s, const struct mqtt_publish *publish);
void session_on_desired(struct hub_link *link, struct span patch_json, int64_t version);
// Whether the topic can be read; ends the session when it cannot. The rest follows the PUBACK.
void session_check_twin(struct mqtt_session *s, const struct mqtt_publish *p);
void session_take_twin(struct mqtt_session *s, const struct mqtt_publish *p);
void session_check_method(struct mqtt_session *s, const struct mqtt_publish *p);
void session_take_method(struct mqtt_session *s, const struct mqtt_publish *p);
void session_check_renewal(struct mqtt_session *s, const struct mqtt_publish *p);
void session_take_renewal(struct mqtt_session *s, const struct mqtt_publish *p);
void session_on_renewal(struct hub_link *link);
void session_renewal_sent(struct mqtt_session *s, const struct answer *a,
                          const struct mqtt_publish *message);
void session_after_publish(struct mqtt_session *s, const struct mqtt_publish *p);
// Breaks with "topic '...' WHY".
void session_break_on_topic(struct mqtt_session *s, struct span topic, const char *why);
struct mqtt_session *session_of_link(struct hub_link *link);
