// SPDX-License-Identifier: MIT
// Cloud-to-device messages: one queue per identity, locks, time to live, delivery count, feedback
// (reference: IoT Hub over MQTT, cloud to device). The service's side stands first, then what a
// device's session does.
//
//     struct c2d_message m = {.body = SPAN_LITERAL("on"), .ack = C2D_ACK_FULL};
//     enum reason reason = hub_c2d_send(hub, SPAN_LITERAL("bench-01"), &m, &sequence);
//     if (reason != REASON_OK) { use(reason_row(reason)->http, error_detail()); }
#pragma once
#include "simulator/hub/hub.h"

enum {
    C2D_QUEUE_MOST = 50,
    C2D_BYTES_MOST = 65536, // body, values of system properties, names and values of the others
    C2D_ID_BYTES_MOST = 128,
    C2D_INPUT_BYTES_MOST = 100,
    C2D_PROPERTIES_MOST = 64,
    C2D_LOCK_S = 60,
    C2D_TTL_S_MOST = 2 * 24 * 3600,
    C2D_FEEDBACK_BATCH = 64,
    C2D_FEEDBACK_WAIT_S = 15,
};

//    C name  word
#define C2D_ACK_TABLE(X)                                                                           \
    X(NONE, "none")                                                                                \
    X(POSITIVE, "positive")                                                                        \
    X(NEGATIVE, "negative")                                                                        \
    X(FULL, "full")

enum c2d_ack {
#define X(name, word) C2D_ACK_##name,
    C2D_ACK_TABLE(X)
#undef X
        C2D_ACK_COUNT
};
const char *c2d_ack_word(enum c2d_ack ack);
int c2d_ack_of(struct span word); // -1 when unknown

//    C name  word in feedback
#define C2D_OUTCOME_TABLE(X)                                                                       \
    X(SUCCESS, "Success")                                                                          \
    X(EXPIRED, "Expired")                                                                          \
    X(DELIVERY_COUNT_EXCEEDED, "DeliveryCountExceeded")                                            \
    X(REJECTED, "Rejected")                                                                        \
    X(PURGED, "Purged")

enum c2d_outcome {
#define X(name, word) C2D_OUTCOME_##name,
    C2D_OUTCOME_TABLE(X)
#undef X
        C2D_OUTCOME_COUNT
};
const char *c2d_outcome_word(enum c2d_outcome outcome);

struct c2d_property {
    struct span name;
    struct span value;
};

struct c2d_message { // every span is borrowed; an empty one = not set
    struct span body;
    struct span message_id;
    struct span correlation_id;
    struct span user_id;
    struct span content_type;
    struct span content_encoding;
    struct span input; // of a module, that a route leads to; empty: the message is addressed
    struct span to; // empty: "/devices/{d}[/modules/{m}]/messages/deviceBound"
    const struct c2d_property *properties;
    size_t property_count;
    enum c2d_ack ack;
    uint32_t ttl_s; // 0: the hub's default; at most C2D_TTL_S_MOST
};

// One queued message as the queue shows it. Borrowed until the next call that changes the queue.
struct c2d_entry {
    uint64_t sequence; // unique in the hub, from 1, ascending in a queue
    struct c2d_message message;
    int64_t enqueued_us; // on the hub's clock
    int64_t expires_us;  // on the hub's clock
    uint32_t deliveries; // counted ones: abandons, or attempts by the hub's settings
    bool is_locked;      // on its way to a device
    bool was_sent;       // in the present MQTT session: the next delivery has DUP
};

// Queues a copy and hands it to the device when one is subscribed. `sequence` may be NULL.
// REASON_UNKNOWN_IDENTITY, REASON_C2D_QUEUE_FULL (403004), REASON_C2D_TOO_LARGE,
// REASON_INVALID_ARGUMENT (a property that is no printable ASCII or has an empty value, unless the
// settings take any, an id over 128 bytes, an input that is no name or not of a module, a ttl out of range) or REASON_INTERNAL,
// each with a sentence in error_detail().
enum reason hub_c2d_send(struct hub *hub, struct span name, const struct c2d_message *message,
                         uint64_t *sequence);
// Visits the queue, oldest first; the visitor returns false to stop and must not change the queue.
// Returns how many messages are queued.
typedef bool c2d_visitor(void *context, const struct c2d_entry *entry);
size_t hub_c2d_list(const struct hub *hub, struct span name, c2d_visitor *visit, void *context);
size_t hub_c2d_count(const struct hub *hub, struct span name);
// Removes all, with feedback Purged where it was asked for. Returns how many.
size_t hub_c2d_purge(struct hub *hub, struct span name);
// For a state file: puts a message that hub_c2d_list showed back with its sequence, dates and
// deliveries, unlocked, without an event. ERR_VALUE, ERR_LIMIT (full), ERR_UNKNOWN_NAME,
// ERR_NO_MEMORY. Entries must come in the order of their sequence.
int hub_c2d_restore(struct hub *hub, struct span name, const struct c2d_entry *entry) HR_NODISCARD;

// Feedback, gathered until there are C2D_FEEDBACK_BATCH records or the oldest is
// C2D_FEEDBACK_WAIT_S old. Each record is an event c2d.feedback too.
struct c2d_feedback {
    const char *name;       // "device" or "device/module"
    const char *message_id; // of the original message; "" when it had none
    enum c2d_outcome outcome;
    int64_t utc_us; // hub's clock
};
typedef void c2d_feedback_listener(void *context, const struct c2d_feedback *records, size_t count);
// One listener; NULL removes it.
void hub_c2d_listen(struct hub *hub, c2d_feedback_listener *listener, void *context);

// ---- the device's side

// How a message reaches its identity; a bit each.
enum c2d_way { C2D_ADDRESSED = 1, C2D_BY_INPUT = 2 };
enum c2d_way c2d_way_of(const struct c2d_message *message);
// The oldest message that is not locked, now locked for C2D_LOCK_S; false when there is none.
// `link` is the connection it goes to, NULL for a device that fetches over HTTPS.
// `ways`: those that the device takes now.
bool hub_c2d_take(struct hub *hub, const struct identity *identity, const struct hub_link *link,
                  unsigned ways, struct c2d_entry *out);
// By sequence. REASON_LOCK_LOST when it is not locked (any more).
// It has really gone out: a second delivery in the same MQTT session carries DUP.
void hub_c2d_sent(struct hub *hub, const struct identity *identity, uint64_t sequence);
enum reason hub_c2d_complete(struct hub *hub, const struct identity *identity, uint64_t sequence);
enum reason hub_c2d_reject(struct hub *hub, const struct identity *identity, uint64_t sequence);
enum reason hub_c2d_abandon(struct hub *hub, const struct identity *identity, uint64_t sequence);
// The bag behind ".../devicebound/": system properties first, all percent-encoded, always with
// %24.to, never an empty value. ERR_TOO_BIG, ERR_NO_MEMORY.
int c2d_bag(const struct identity *identity, const struct c2d_message *message,
            struct buf *out) HR_NODISCARD;
