// SPDX-License-Identifier: MIT
// MQTT 3.1.1 packets as bytes. A reader cuts a stream of any pieces into packets; each packet has
// one file with its reader, its writer or both. Readers borrow from the packet; writers append to a
// buf and return its errors.
//
//     struct mqtt_reader reader;
//     mqtt_reader_init(&reader);
//     while ((code = mqtt_reader_next(&reader, &bytes, &packet)) == 1) { use(&packet); }
//     mqtt_reader_deinit(&reader);
#pragma once
#include "base/span.h"

enum packet_type {
    PACKET_CONNECT = 1,
    PACKET_CONNACK,
    PACKET_PUBLISH,
    PACKET_PUBACK,
    PACKET_PUBREC,
    PACKET_PUBREL,
    PACKET_PUBCOMP,
    PACKET_SUBSCRIBE,
    PACKET_SUBACK,
    PACKET_UNSUBSCRIBE,
    PACKET_UNSUBACK,
    PACKET_PINGREQ,
    PACKET_PINGRESP,
    PACKET_DISCONNECT,
};

// The hub closes on a larger packet; the header counts.
enum { MQTT_PACKET_BYTES_MOST = 262144, MQTT_LEVEL = 4 };

struct mqtt_packet {
    enum packet_type type;
    uint8_t flags; // the low four bits of the first byte
    struct span body;
};

struct mqtt_reader {
    uint8_t first;
    uint8_t header_len; // bytes of the fixed header so far; the first byte included
    bool has_header;
    bool is_delivered;
    size_t remaining; // length of the body
    struct buf body;
};

void mqtt_reader_init(struct mqtt_reader *r);
void mqtt_reader_deinit(struct mqtt_reader *r);
// Takes bytes off the front of *bytes. 1: *out is a packet, borrowed until the next call. 0: all
// bytes were taken, more are needed. ERR_PROTOCOL: unknown type, wrong flags or a length of more
// than four bytes (MQTT 2.2); ERR_TOO_BIG: the packet passes the limit; ERR_NO_MEMORY. After an
// error the reader is of no further use.
int mqtt_reader_next(struct mqtt_reader *r, struct span *bytes,
                     struct mqtt_packet *out) HR_NODISCARD;
// The name of the packet that the reader is in, "" before its first byte.
const char *mqtt_reader_packet(const struct mqtt_reader *r);
const char *mqtt_packet_name(enum packet_type type); // "CONNECT"

// What the packet files share: fields from the front of *rest. ERR_PROTOCOL with a sentence when
// they do not fit.
int mqtt_take_u8(struct span *rest, uint8_t *out) HR_NODISCARD;
int mqtt_take_u16(struct span *rest, uint16_t *out) HR_NODISCARD;
int mqtt_take_bytes(struct span *rest, struct span *out) HR_NODISCARD; // with a length of 2 bytes
int mqtt_take_text(struct span *rest, struct span *out) HR_NODISCARD;  // the same, UTF-8 (1.5.3)
int mqtt_take_id(struct span *rest, uint16_t *out) HR_NODISCARD;       // 0 is refused (2.3.1)
int mqtt_take_end(struct span rest) HR_NODISCARD;                      // nothing may be left
// Well-formed UTF-8 without U+0000 and surrogates.
bool mqtt_text_is_valid(struct span text);
int mqtt_write_header(enum packet_type type, uint8_t flags, size_t remaining_bytes,
                      struct buf *out) HR_NODISCARD;
int mqtt_write_bytes(struct span bytes, struct buf *out) HR_NODISCARD; // at most 65535
// Type, flags and a packet id: the shape of PUBACK and UNSUBACK.
int mqtt_write_id_packet(enum packet_type type, uint16_t packet_id, struct buf *out) HR_NODISCARD;
int mqtt_read_id_packet(const struct mqtt_packet *p, uint16_t *packet_id) HR_NODISCARD;

struct mqtt_connect { // absent parts have ptr NULL
    uint8_t level;
    bool is_clean;
    bool has_will;
    bool is_will_retained;
    int will_qos;
    uint16_t keepalive_s;
    struct span client_id;
    struct span will_topic;
    struct span will_body;
    struct span username;
    struct span password;
};
// MQTT 3.1. With a level other than 4 only `level` is filled. ERR_PROTOCOL: another protocol name,
// reserved flag, will flags without will or QoS 3, password without user name, bad UTF-8, a length
// that lies, bytes left over.
int mqtt_read_connect(const struct mqtt_packet *p, struct mqtt_connect *out) HR_NODISCARD;
int mqtt_write_connect(const struct mqtt_connect *c, struct buf *out) HR_NODISCARD;

int mqtt_write_connack(bool is_session_present, int code, struct buf *out) HR_NODISCARD;

struct mqtt_publish {
    struct span topic;
    struct span body;
    uint16_t packet_id; // 0 with QoS 0
    int qos;
    bool is_dup;
    bool is_retain;
};
// MQTT 3.3. ERR_PROTOCOL: QoS 3, DUP with QoS 0, an empty topic or one with a wildcard, packet id
// 0.
int mqtt_read_publish(const struct mqtt_packet *p, struct mqtt_publish *out) HR_NODISCARD;
int mqtt_write_publish(const struct mqtt_publish *publish, struct buf *out) HR_NODISCARD;

int mqtt_read_puback(const struct mqtt_packet *p, uint16_t *packet_id) HR_NODISCARD;
int mqtt_write_puback(uint16_t packet_id, struct buf *out) HR_NODISCARD;

struct mqtt_filter {
    struct span text;
    int qos; // asked for
};
struct mqtt_subscribe {
    uint16_t packet_id;
    size_t count; // of filters, at least 1
    struct span filters;
};
// MQTT 3.8. All filters are checked: ERR_PROTOCOL for none, an empty one, a wildcard that is not a
// level of its own (4.7.1), QoS 3 or reserved bits.
int mqtt_read_subscribe(const struct mqtt_packet *p, struct mqtt_subscribe *out) HR_NODISCARD;
// The filters of a packet that was read well, one by one; false when there are no more.
bool mqtt_next_subscribe(struct span *filters, struct mqtt_filter *out);
int mqtt_write_subscribe(uint16_t packet_id, const struct mqtt_filter *filters, size_t count,
                         struct buf *out) HR_NODISCARD;
bool mqtt_filter_is_valid(struct span filter);

int mqtt_write_suback(uint16_t packet_id, struct span codes, struct buf *out) HR_NODISCARD;

int mqtt_read_unsubscribe(const struct mqtt_packet *p, struct mqtt_subscribe *out) HR_NODISCARD;
bool mqtt_next_unsubscribe(struct span *filters, struct span *out);
int mqtt_write_unsubscribe(uint16_t packet_id, const struct span *filters, size_t count,
                           struct buf *out) HR_NODISCARD;

int mqtt_write_unsuback(uint16_t packet_id, struct buf *out) HR_NODISCARD;

int mqtt_read_pingreq(const struct mqtt_packet *p) HR_NODISCARD; // ERR_PROTOCOL unless empty
int mqtt_write_pingreq(struct buf *out) HR_NODISCARD;
int mqtt_write_pingresp(struct buf *out) HR_NODISCARD;

int mqtt_read_disconnect(const struct mqtt_packet *p) HR_NODISCARD; // ERR_PROTOCOL unless empty
int mqtt_write_disconnect(struct buf *out) HR_NODISCARD;
