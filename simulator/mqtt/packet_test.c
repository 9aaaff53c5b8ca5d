// SPDX-License-Identifier: MIT
#include "simulator/mqtt/packet.h"
#include "base/error.h"
#include "base/scarce.h"
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    const char *rule;
    struct span bytes;
    int code; // of the reader or of the packet's own reader; 0 = read well
} rows[] = {
    // the fixed header
    {"type 0 does not exist", BYTES("\x00\x00"), ERR_PROTOCOL},
    {"type 15 does not exist in 3.1.1", BYTES("\xF0\x00"), ERR_PROTOCOL},
    {"CONNECT with flags", BYTES("\x11\x00"), ERR_PROTOCOL},
    {"SUBSCRIBE without flag 2", BYTES("\x80\x06\x00\x01\x00\x01x\x00"), ERR_PROTOCOL},
    {"UNSUBSCRIBE without flag 2", BYTES("\xA0\x05\x00\x01\x00\x01x"), ERR_PROTOCOL},
    {"PINGREQ with flags", BYTES("\xC1\x00"), ERR_PROTOCOL},
    {"a length of five bytes", BYTES("\xC0\x80\x80\x80\x80\x01"), ERR_PROTOCOL},
    {"one byte beyond 256 KiB", BYTES("\x30\xFD\xFF\x0F"), ERR_TOO_BIG},
    {"PINGREQ", BYTES("\xC0\x00"), 0},
    {"PINGREQ with a body", BYTES("\xC0\x01x"), ERR_PROTOCOL},
    {"DISCONNECT", BYTES("\xE0\x00"), 0},
    {"DISCONNECT with a body", BYTES("\xE0\x01\x00"), ERR_PROTOCOL},
    // CONNECT
    {"CONNECT", BYTES("\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01x"), 0},
    {"protocol name MQIsdp", BYTES("\x10\x0F\x00\x06MQIsdp\x03\x02\x00\x3C\x00\x01x"),
     ERR_PROTOCOL},
    {"level 5 is read up to the level", BYTES("\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01x"),
     0},
    {"reserved flag", BYTES("\x10\x0D\x00\x04MQTT\x04\x03\x00\x3C\x00\x01x"), ERR_PROTOCOL},
    {"will QoS without will", BYTES("\x10\x0D\x00\x04MQTT\x04\x0A\x00\x3C\x00\x01x"), ERR_PROTOCOL},
    {"will retain without will", BYTES("\x10\x0D\x00\x04MQTT\x04\x22\x00\x3C\x00\x01x"),
     ERR_PROTOCOL},
    {"will QoS 3", BYTES("\x10\x12\x00\x04MQTT\x04\x1E\x00\x3C\x00\x01x\x00\x01w\x00\x00"),
     ERR_PROTOCOL},
    {"will QoS 2", BYTES("\x10\x12\x00\x04MQTT\x04\x16\x00\x3C\x00\x01x\x00\x01w\x00\x00"), 0},
    {"password without user name", BYTES("\x10\x10\x00\x04MQTT\x04\x42\x00\x3C\x00\x01x\x00\x01p"),
     ERR_PROTOCOL},
    {"a length that lies", BYTES("\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x02x"), ERR_PROTOCOL},
    {"bytes left over", BYTES("\x10\x0E\x00\x04MQTT\x04\x02\x00\x3C\x00\x01xy"), ERR_PROTOCOL},
    {"client id with U+0000", BYTES("\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01\x00"),
     ERR_PROTOCOL},
    {"client id not UTF-8", BYTES("\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01\xFF"),
     ERR_PROTOCOL},
    {"empty CONNECT", BYTES("\x10\x00"), ERR_PROTOCOL},
    // PUBLISH
    {"PUBLISH", BYTES("\x30\x04\x00\x01tb"), 0},
    {"PUBLISH without body", BYTES("\x30\x03\x00\x01t"), 0},
    {"QoS 3", BYTES("\x36\x05\x00\x01t\x00\x01"), ERR_PROTOCOL},
    {"DUP with QoS 0", BYTES("\x38\x03\x00\x01t"), ERR_PROTOCOL},
    {"DUP with QoS 1", BYTES("\x3A\x05\x00\x01t\x00\x01"), 0},
    {"packet id 0", BYTES("\x32\x05\x00\x01t\x00\x00"), ERR_PROTOCOL},
    {"no room for the packet id", BYTES("\x32\x04\x00\x01t\x00"), ERR_PROTOCOL},
    {"empty topic", BYTES("\x30\x02\x00\x00"), ERR_PROTOCOL},
    {"topic with +", BYTES("\x30\x03\x00\x01+"), ERR_PROTOCOL},
    {"topic with #", BYTES("\x30\x05\x00\x03t/#"), ERR_PROTOCOL},
    {"overlong UTF-8 in the topic", BYTES("\x30\x04\x00\x02\xC0\xAF"), ERR_PROTOCOL},
    {"surrogate in the topic", BYTES("\x30\x05\x00\x03\xED\xA0\x80"), ERR_PROTOCOL},
    {"beyond U+10FFFF in the topic", BYTES("\x30\x06\x00\x04\xF4\x90\x80\x80"), ERR_PROTOCOL},
    {"four-byte character", BYTES("\x30\x06\x00\x04\xF0\x9F\x98\x80"), 0},
    {"half a character", BYTES("\x30\x04\x00\x02\xE2\x82"), ERR_PROTOCOL},
    // PUBACK
    {"PUBACK", BYTES("\x40\x02\x00\x01"), 0},
    {"PUBACK with packet id 0", BYTES("\x40\x02\x00\x00"), ERR_PROTOCOL},
    {"PUBACK of three bytes", BYTES("\x40\x03\x00\x01\x00"), ERR_PROTOCOL},
    // SUBSCRIBE and UNSUBSCRIBE
    {"SUBSCRIBE", BYTES("\x82\x06\x00\x01\x00\x01x\x01"), 0},
    {"SUBSCRIBE without filter", BYTES("\x82\x02\x00\x01"), ERR_PROTOCOL},
    {"SUBSCRIBE with packet id 0", BYTES("\x82\x06\x00\x00\x00\x01x\x01"), ERR_PROTOCOL},
    {"SUBSCRIBE with QoS 3", BYTES("\x82\x06\x00\x01\x00\x01x\x03"), ERR_PROTOCOL},
    {"SUBSCRIBE with reserved QoS bits", BYTES("\x82\x06\x00\x01\x00\x01x\x81"), ERR_PROTOCOL},
    {"empty filter", BYTES("\x82\x05\x00\x01\x00\x00\x01"), ERR_PROTOCOL},
    {"# before the last level", BYTES("\x82\x08\x00\x01\x00\x03#/x\x01"), ERR_PROTOCOL},
    {"# inside a level", BYTES("\x82\x07\x00\x01\x00\x02x#\x01"), ERR_PROTOCOL},
    {"+ inside a level", BYTES("\x82\x07\x00\x01\x00\x02+x\x01"), ERR_PROTOCOL},
    {"+ as a level", BYTES("\x82\x0A\x00\x01\x00\x05x/+/#\x01"), 0},
    {"filter without QoS byte", BYTES("\x82\x05\x00\x01\x00\x01x"), ERR_PROTOCOL},
    {"UNSUBSCRIBE", BYTES("\xA2\x05\x00\x01\x00\x01x"), 0},
    {"UNSUBSCRIBE without filter", BYTES("\xA2\x02\x00\x01"), ERR_PROTOCOL},
    {"UNSUBSCRIBE with packet id 0", BYTES("\xA2\x05\x00\x00\x00\x01x"), ERR_PROTOCOL},
};

static int read_packet(const struct mqtt_packet *p)
{
    struct mqtt_connect connect;
    struct mqtt_publish publish;
    struct mqtt_subscribe subscribe;
    uint16_t packet_id = 0;
    switch (p->type) {
    case PACKET_CONNECT:
        return mqtt_read_connect(p, &connect);
    case PACKET_PUBLISH:
        return mqtt_read_publish(p, &publish);
    case PACKET_PUBACK:
        return mqtt_read_puback(p, &packet_id);
    case PACKET_SUBSCRIBE:
        return mqtt_read_subscribe(p, &subscribe);
    case PACKET_UNSUBSCRIBE:
        return mqtt_read_unsubscribe(p, &subscribe);
    case PACKET_PINGREQ:
        return mqtt_read_pingreq(p);
    default:
        return mqtt_read_disconnect(p);
    }
}

// Feeds `step` bytes at a time; each packet from memory of its own size, so that a read beyond it
// shows under the sanitizer.
static int read_in_steps(struct span bytes, size_t step)
{
    struct mqtt_reader reader;
    struct mqtt_packet packet;
    int code = 0;
    mqtt_reader_init(&reader);
    while (bytes.len > 0 && code == 0) {
        struct span part = span_slice(bytes, 0, step);
        bytes = span_from(bytes, step);
        code = mqtt_reader_next(&reader, &part, &packet);
    }
    if (code == 1) {
        uint8_t *copy = malloc(packet.body.len + 1);
        assert_non_null(copy);
        if (packet.body.len) {
            memcpy(copy, packet.body.ptr, packet.body.len);
        }
        packet.body.ptr = copy + (packet.body.len ? 0 : 1);
        code = read_packet(&packet);
        free(copy);
    } else if (code == 0) {
        code = 99; // unfinished
    }
    mqtt_reader_deinit(&reader);
    return code;
}

static void packets_are_read_or_refused_by_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        int whole = read_in_steps(rows[i].bytes, 1000);
        int single = read_in_steps(rows[i].bytes, 1);
        if (whole != rows[i].code || single != rows[i].code) {
            fail_msg("%s: expected %d, seen %d whole and %d byte by byte", rows[i].rule,
                     rows[i].code, whole, single);
        }
    }
}

static void a_packet_of_just_256_kib_passes(void **state)
{
    (void)state;
    struct buf out;
    struct mqtt_reader reader;
    struct mqtt_packet packet;
    static uint8_t body[MQTT_PACKET_BYTES_MOST];
    const struct mqtt_publish p = {.topic = SPAN_LITERAL("t"),
                                   .body = span_of(body, MQTT_PACKET_BYTES_MOST - 4 - 3)};
    buf_init(&out, 1U << 20);
    mqtt_reader_init(&reader);
    assert_int_equal(mqtt_write_publish(&p, &out), 0);
    assert_int_equal(out.len, MQTT_PACKET_BYTES_MOST);
    struct span bytes = buf_span(&out);
    assert_int_equal(mqtt_reader_next(&reader, &bytes, &packet), 1);
    assert_int_equal(packet.body.len, MQTT_PACKET_BYTES_MOST - 4);
    assert_int_equal(bytes.len, 0);
    mqtt_reader_deinit(&reader);
    buf_deinit(&out);
}

static void several_packets_come_out_of_one_piece(void **state)
{
    (void)state;
    struct mqtt_reader reader;
    struct mqtt_packet packet;
    struct span bytes = SPAN_LITERAL("\xC0\x00\x30\x04\x00\x01tb\xE0\x00\xC0");
    mqtt_reader_init(&reader);
    assert_int_equal(mqtt_reader_next(&reader, &bytes, &packet), 1);
    assert_int_equal(packet.type, PACKET_PINGREQ);
    assert_int_equal(mqtt_reader_next(&reader, &bytes, &packet), 1);
    assert_int_equal(packet.type, PACKET_PUBLISH);
    assert_int_equal(packet.body.len, 4);
    assert_int_equal(mqtt_reader_next(&reader, &bytes, &packet), 1);
    assert_int_equal(packet.type, PACKET_DISCONNECT);
    assert_int_equal(mqtt_reader_next(&reader, &bytes, &packet), 0);
    assert_string_equal(mqtt_reader_packet(&reader), "PINGREQ");
    mqtt_reader_deinit(&reader);
}

static struct mqtt_packet only_packet(struct mqtt_reader *reader, const struct buf *out)
{
    struct mqtt_packet packet;
    struct span bytes = buf_span(out);
    mqtt_reader_init(reader);
    assert_int_equal(mqtt_reader_next(reader, &bytes, &packet), 1);
    assert_int_equal(bytes.len, 0);
    return packet;
}

static void a_connect_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct buf out;
    struct mqtt_reader reader;
    struct mqtt_connect in = {.level = 4,
                              .has_will = true,
                              .is_will_retained = true,
                              .will_qos = 1,
                              .keepalive_s = 1234,
                              .client_id = SPAN_LITERAL("c"),
                              .will_topic = SPAN_LITERAL("w/t"),
                              .will_body = SPAN_LITERAL("\x00\xFF"),
                              .username = SPAN_LITERAL("u"),
                              .password = SPAN_LITERAL("")};
    struct mqtt_connect c;
    buf_init(&out, 1000);
    assert_int_equal(mqtt_write_connect(&in, &out), 0);
    struct mqtt_packet packet = only_packet(&reader, &out);
    assert_int_equal(mqtt_read_connect(&packet, &c), 0);
    assert_true(c.has_will && c.is_will_retained && !c.is_clean);
    assert_int_equal(c.will_qos, 1);
    assert_int_equal(c.keepalive_s, 1234);
    assert_true(span_equals(c.client_id, in.client_id));
    assert_true(span_equals(c.will_topic, in.will_topic));
    assert_true(span_equals(c.will_body, in.will_body));
    assert_true(span_equals(c.username, in.username));
    assert_non_null(c.password.ptr); // empty is not absent
    assert_int_equal(c.password.len, 0);
    mqtt_reader_deinit(&reader);
    buf_clear(&out);
    in = (struct mqtt_connect){.level = 4, .is_clean = true, .client_id = SPAN_LITERAL("c")};
    assert_int_equal(mqtt_write_connect(&in, &out), 0);
    packet = only_packet(&reader, &out);
    assert_int_equal(mqtt_read_connect(&packet, &c), 0);
    assert_true(c.is_clean && !c.has_will);
    assert_null(c.username.ptr);
    assert_null(c.password.ptr);
    mqtt_reader_deinit(&reader);
    buf_deinit(&out);
}

static void a_publish_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct buf out;
    struct mqtt_reader reader;
    struct mqtt_publish p;
    const struct mqtt_publish in = {.topic = SPAN_LITERAL("a/b"),
                                    .body = SPAN_LITERAL("body"),
                                    .qos = 1,
                                    .packet_id = 513,
                                    .is_dup = true,
                                    .is_retain = true};
    buf_init(&out, 1000);
    assert_int_equal(mqtt_write_publish(&in, &out), 0);
    struct mqtt_packet packet = only_packet(&reader, &out);
    assert_int_equal(mqtt_read_publish(&packet, &p), 0);
    assert_true(span_equals(p.topic, in.topic));
    assert_true(span_equals(p.body, in.body));
    assert_int_equal(p.packet_id, 513);
    assert_true(p.qos == 1 && p.is_dup && p.is_retain);
    mqtt_reader_deinit(&reader);
    buf_deinit(&out);
}

static void filters_read_back_one_by_one(void **state)
{
    (void)state;
    struct buf out;
    struct mqtt_reader reader;
    struct mqtt_subscribe s;
    struct mqtt_filter f;
    struct span u;
    const struct mqtt_filter filters[] = {{SPAN_LITERAL("a/#"), 1}, {SPAN_LITERAL("b"), 2}};
    const struct span texts[] = {SPAN_LITERAL("a/#"), SPAN_LITERAL("b")};
    buf_init(&out, 1000);
    assert_int_equal(mqtt_write_subscribe(7, filters, 2, &out), 0);
    struct mqtt_packet packet = only_packet(&reader, &out);
    assert_int_equal(mqtt_read_subscribe(&packet, &s), 0);
    assert_int_equal(s.packet_id, 7);
    assert_int_equal(s.count, 2);
    assert_true(mqtt_next_subscribe(&s.filters, &f));
    assert_true(span_equals_text(f.text, "a/#") && f.qos == 1);
    assert_true(mqtt_next_subscribe(&s.filters, &f));
    assert_true(span_equals_text(f.text, "b") && f.qos == 2);
    assert_false(mqtt_next_subscribe(&s.filters, &f));
    mqtt_reader_deinit(&reader);
    buf_clear(&out);
    assert_int_equal(mqtt_write_unsubscribe(8, texts, 2, &out), 0);
    packet = only_packet(&reader, &out);
    assert_int_equal(mqtt_read_unsubscribe(&packet, &s), 0);
    assert_int_equal(s.packet_id, 8);
    assert_true(mqtt_next_unsubscribe(&s.filters, &u) && span_equals_text(u, "a/#"));
    assert_true(mqtt_next_unsubscribe(&s.filters, &u) && span_equals_text(u, "b"));
    assert_false(mqtt_next_unsubscribe(&s.filters, &u));
    mqtt_reader_deinit(&reader);
    buf_deinit(&out);
}

static void the_hubs_answers_have_their_bytes(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(mqtt_write_connack(true, 0, &out), 0);
    assert_int_equal(mqtt_write_connack(false, 5, &out), 0);
    assert_int_equal(mqtt_write_puback(0x1234, &out), 0);
    assert_int_equal(mqtt_write_suback(2, SPAN_LITERAL("\x01\x00"), &out), 0);
    assert_int_equal(mqtt_write_unsuback(3, &out), 0);
    assert_int_equal(mqtt_write_pingresp(&out), 0);
    assert_int_equal(mqtt_write_pingreq(&out), 0);
    assert_int_equal(mqtt_write_disconnect(&out), 0);
    const struct span expected =
        SPAN_LITERAL("\x20\x02\x01\x00\x20\x02\x00\x05\x40\x02\x12\x34\x90\x04\x00\x02\x01\x00"
                     "\xB0\x02\x00\x03\xD0\x00\xC0\x00\xE0\x00");
    assert_int_equal(out.len, expected.len);
    assert_memory_equal(out.data, expected.ptr, expected.len);
    buf_deinit(&out);
}

static void lengths_take_the_fewest_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t remaining;
        struct span bytes;
    } lengths[] = {{0, BYTES("\x30\x00")},
                   {127, BYTES("\x30\x7F")},
                   {128, BYTES("\x30\x80\x01")},
                   {16383, BYTES("\x30\xFF\x7F")},
                   {16384, BYTES("\x30\x80\x80\x01")},
                   {268435455, BYTES("\x30\xFF\xFF\xFF\x7F")}};
    struct buf out;
    buf_init(&out, 100);
    for (size_t i = 0; i < HR_COUNT_OF(lengths); i++) {
        buf_clear(&out);
        assert_int_equal(mqtt_write_header(PACKET_PUBLISH, 0, lengths[i].remaining, &out), 0);
        assert_true(span_equals(buf_span(&out), lengths[i].bytes));
    }
    assert_int_equal(mqtt_write_header(PACKET_PUBLISH, 0, 268435456, &out), ERR_TOO_BIG);
    buf_deinit(&out);
}

static int write_some(struct buf *out)
{
    const struct mqtt_connect c = {.level = MQTT_LEVEL, .client_id = SPAN_LITERAL("d")};
    const struct mqtt_filter filter = {SPAN_LITERAL("a/#"), 1};
    const struct mqtt_publish p = {.topic = SPAN_LITERAL("t"), .body = span_of(out, sizeof *out)};
    TRY(mqtt_write_connect(&c, out));
    TRY(mqtt_write_subscribe(1, &filter, 1, out));
    TRY(mqtt_write_unsubscribe(2, &filter.text, 1, out));
    TRY(mqtt_write_suback(1, SPAN_LITERAL("\x01"), out));
    TRY(mqtt_write_puback(3, out));
    TRY(mqtt_write_connack(true, 0, out));
    TRY(mqtt_write_pingreq(out));
    for (int i = 0; i < 100; i++) {
        TRY(mqtt_write_publish(&p, out));
    }
    return mqtt_write_disconnect(out);
}

static int read_all(struct span bytes, size_t *count)
{
    struct mqtt_reader reader;
    struct mqtt_packet p;
    int code = 0;
    mqtt_reader_init(&reader);
    while ((code = mqtt_reader_next(&reader, &bytes, &p)) == 1) {
        ++*count;
    }
    mqtt_reader_deinit(&reader);
    return code;
}

static void live_through_a_stream(void *context)
{
    struct buf bytes;
    size_t count = 0;
    (void)context;
    buf_init(&bytes, 1U << 20);
    scarce_begin();
    int code = write_some(&bytes);
    code = code < 0 ? code : read_all(buf_span(&bytes), &count);
    scarce_end();
    assert_int_equal(code, scarce_has_failed() ? ERR_NO_MEMORY : 0);
    assert_int_equal(count == 108, code == 0);
    buf_deinit(&bytes);
}

static void without_memory_reader_and_writers_say_so(void **state)
{
    (void)state;
    assert_true(scarce_live(live_through_a_stream, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_read_or_refused_by_the_rules),
        cmocka_unit_test(a_packet_of_just_256_kib_passes),
        cmocka_unit_test(several_packets_come_out_of_one_piece),
        cmocka_unit_test(a_connect_reads_back_as_it_was_written),
        cmocka_unit_test(a_publish_reads_back_as_it_was_written),
        cmocka_unit_test(filters_read_back_one_by_one),
        cmocka_unit_test(the_hubs_answers_have_their_bytes),
        cmocka_unit_test(lengths_take_the_fewest_bytes),
        cmocka_unit_test(without_memory_reader_and_writers_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
