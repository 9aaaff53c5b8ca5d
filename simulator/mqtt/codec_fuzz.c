// SPDX-License-Identifier: MIT
// The packets of any bytes: cut one byte at a time they are the same, and what a reader has taken
// its writer writes again, byte for byte.
#include "simulator/mqtt/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILTERS_MOST = 64 };

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static int rewrite_connect(const struct mqtt_packet *p, struct buf *out)
{
    struct mqtt_connect c;
    int code = mqtt_read_connect(p, &c);
    bool is_ours = code == 0 && c.level == MQTT_LEVEL;
    return is_ours ? mqtt_write_connect(&c, out) : -1;
}

static int rewrite_publish(const struct mqtt_packet *p, struct buf *out)
{
    struct mqtt_publish publish;
    return mqtt_read_publish(p, &publish) < 0 ? -1 : mqtt_write_publish(&publish, out);
}

static int rewrite_puback(const struct mqtt_packet *p, struct buf *out)
{
    uint16_t id = 0;
    return mqtt_read_puback(p, &id) < 0 ? -1 : mqtt_write_puback(id, out);
}

static int rewrite_subscribe(const struct mqtt_packet *p, struct buf *out)
{
    struct mqtt_subscribe s;
    struct mqtt_filter filters[FILTERS_MOST];
    size_t count = 0;
    if (mqtt_read_subscribe(p, &s) < 0 || s.count > FILTERS_MOST) {
        return -1;
    }
    while (mqtt_next_subscribe(&s.filters, &filters[count])) {
        count++;
    }
    require(count == s.count);
    return mqtt_write_subscribe(s.packet_id, filters, count, out);
}

static int rewrite_unsubscribe(const struct mqtt_packet *p, struct buf *out)
{
    struct mqtt_subscribe s;
    struct span filters[FILTERS_MOST];
    size_t count = 0;
    if (mqtt_read_unsubscribe(p, &s) < 0 || s.count > FILTERS_MOST) {
        return -1;
    }
    while (mqtt_next_unsubscribe(&s.filters, &filters[count])) {
        count++;
    }
    require(count == s.count);
    return mqtt_write_unsubscribe(s.packet_id, filters, count, out);
}

static int rewrite_pingreq(const struct mqtt_packet *p, struct buf *out)
{
    return mqtt_read_pingreq(p) < 0 ? -1 : mqtt_write_pingreq(out);
}

static int rewrite_disconnect(const struct mqtt_packet *p, struct buf *out)
{
    return mqtt_read_disconnect(p) < 0 ? -1 : mqtt_write_disconnect(out);
}

// Negative: the reader refuses the packet.
static int (*const rewriters[16])(const struct mqtt_packet *p, struct buf *out) = {
    [PACKET_CONNECT] = rewrite_connect,         [PACKET_PUBLISH] = rewrite_publish,
    [PACKET_PUBACK] = rewrite_puback,           [PACKET_SUBSCRIBE] = rewrite_subscribe,
    [PACKET_UNSUBSCRIBE] = rewrite_unsubscribe, [PACKET_PINGREQ] = rewrite_pingreq,
    [PACKET_DISCONNECT] = rewrite_disconnect};

static void check_rewriting(const struct mqtt_packet *p)
{
    struct buf again HR_CLEANUP(buf_deinit);
    struct mqtt_reader reader;
    struct mqtt_packet second;
    buf_init(&again, MQTT_PACKET_BYTES_MOST);
    if (!rewriters[p->type] || rewriters[p->type](p, &again) < 0) {
        return;
    }
    struct span bytes = buf_span(&again);
    mqtt_reader_init(&reader);
    require(mqtt_reader_next(&reader, &bytes, &second) == 1 && bytes.len == 0);
    require(second.type == p->type && second.flags == p->flags &&
            span_equals(second.body, p->body));
    mqtt_reader_deinit(&reader);
}

// The next packet of a reader that gets one byte at a time.
static int next_bytewise(struct mqtt_reader *reader, struct span *bytes, struct mqtt_packet *out)
{
    while (bytes->len) {
        struct span one = span_slice(*bytes, 0, 1);
        int code = mqtt_reader_next(reader, &one, out);
        require(one.len == 0 || code < 0);
        *bytes = span_from(*bytes, 1);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mqtt_reader readers[2];
    struct mqtt_packet whole;
    struct mqtt_packet bytewise;
    struct span rest[2] = {span_of(data, size), span_of(data, size)};
    int code = 1;
    mqtt_reader_init(&readers[0]);
    mqtt_reader_init(&readers[1]);
    while (code == 1) {
        code = mqtt_reader_next(&readers[0], &rest[0], &whole);
        require(next_bytewise(&readers[1], &rest[1], &bytewise) == code);
        require(code < 0 || rest[0].len == rest[1].len);
        if (code == 1) {
            require(whole.type == bytewise.type && whole.flags == bytewise.flags &&
                    span_equals(whole.body, bytewise.body));
            check_rewriting(&whole);
        }
    }
    mqtt_reader_deinit(&readers[0]);
    mqtt_reader_deinit(&readers[1]);
    return 0;
}
