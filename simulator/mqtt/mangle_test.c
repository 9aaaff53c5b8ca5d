// SPDX-License-Identifier: MIT
#include "simulator/mqtt/mangle.h"
#include "base/error.h"
#include "base/test.h"
#include "simulator/mqtt/packet.h"

#include <string.h>

#define PACKET(text) SPAN_LITERAL(text)
#define TWIN_TOPIC   "$iothub/twin/res/204/?$rid=a7&$version=3"

static const struct row {
    const char *fault;
    struct span packet;
    struct span expected;
} rows[] = {
    {"double", PACKET("\x40\x02\x00\x07"), PACKET("\x40\x02\x00\x07\x40\x02\x00\x07")},
    {"double", PACKET("\x32\x06\x00\x01t\x00\x09x"),
     PACKET("\x32\x06\x00\x01t\x00\x09x\x3A\x06\x00\x01t\x00\x09x")},
    {"double", PACKET("\x30\x04\x00\x01tx"), PACKET("\x30\x04\x00\x01tx\x30\x04\x00\x01tx")},
    {"inject 4002FFFF", PACKET("\xD0\x00"), PACKET("\x40\x02\xFF\xFF\xD0\x00")},
    {"wrong-id", PACKET("\x40\x02\x00\x07"), PACKET("\x40\x02\x40\x07")},
    {"wrong-id", PACKET("\x40\x02\x40\x00"), PACKET("\x40\x02\x00\x01")}, // never 0
    {"wrong-id", PACKET("\x90\x03\x00\x07\x01"), PACKET("\x90\x03\x40\x07\x01")},
    {"wrong-id", PACKET("\xB0\x02\x00\x07"), PACKET("\xB0\x02\x40\x07")},
    {"wrong-id at twin.response", PACKET("\x30\x2A\x00\x28" TWIN_TOPIC),
     PACKET("\x30\x2A\x00\x28$iothub/twin/res/204/?$rid=a0&$version=3")},
    {"wrong-id at method.request", PACKET("\x30\x20\x00\x1E$iothub/methods/POST/m/?$rid=0"),
     PACKET("\x30\x20\x00\x1E$iothub/methods/POST/m/?$rid=1")},
    {"malform length", PACKET("\x40\x02\x00\x07"), PACKET("\x40\x03\x00\x07")},
    {"malform length", PACKET("\xD0\x00"), PACKET("\xD0\x01")},
    {"malform truncated", PACKET("\x40\x02\x00\x07"), PACKET("\x40\x01\x00")},
    {"malform truncated", PACKET("\xD0\x00"), PACKET("\xD0")},
    {"malform type", PACKET("\x32\x06\x00\x01t\x00\x09x"), PACKET("\xF0\x06\x00\x01t\x00\x09x")},
    {"malform qos3", PACKET("\x30\x04\x00\x01tx"), PACKET("\x36\x04\x00\x01tx")},
    {"malform flags", PACKET("\x40\x02\x00\x07"), PACKET("\x4F\x02\x00\x07")},
    {"malform remaining-length", PACKET("\x20\x02\x00\x00"),
     PACKET("\x20\xFF\xFF\xFF\xFF\x7F\x00\x00")},
    {"suback-code 0x80", PACKET("\x90\x04\x00\x07\x01\x00"), PACKET("\x90\x04\x00\x07\x80\x80")},
    {"session-lie", PACKET("\x20\x02\x00\x00"), PACKET("\x20\x02\x01\x00")},
    {"session-lie", PACKET("\x20\x02\x01\x00"), PACKET("\x20\x02\x00\x00")},
    {"reserved-bits", PACKET("\x20\x02\x01\x00"), PACKET("\x20\x02\xFF\x00")},
    {"drop fin", PACKET("\x40\x02\x00\x07"), PACKET("\x40\x02\x00\x07")}, // no packet of its own
};

static struct fault_decision decision_of(const char *text)
{
    struct span words[8];
    size_t count = 0;
    size_t bad = 0;
    struct fault f;
    for (struct span rest = span_text(text); rest.len;) {
        words[count++] = span_cut(rest, ' ', &rest);
    }
    assert_int_equal(fault_parse(words, count, &f, &bad), 0);
    struct fault_decision d = {.kind = f.kind, .byte_count = f.byte_count};
    memcpy(d.number, f.number, sizeof d.number);
    memcpy(d.bytes, f.bytes, sizeof d.bytes);
    return d;
}

static void a_packet_leaves_as_its_fault_wants_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct fault_decision d = decision_of(rows[i].fault);
        struct buf out;
        buf_init(&out, MANGLE_BYTES_MOST);
        assert_int_equal(buf_append_text(&out, "before"), 0); // what is there already stays
        assert_int_equal(mangle_packet(&d, rows[i].packet, &out), 0);
        struct span seen = span_from(buf_span(&out), 6);
        if (!span_equals(seen, rows[i].expected)) {
            print_error("row %zu (%s): %zu bytes seen, %zu expected\n", i, rows[i].fault, seen.len,
                        rows[i].expected.len);
        }
        assert_true(span_equals(seen, rows[i].expected));
        buf_deinit(&out);
    }
}

static void a_long_length_field_is_stepped_over(void **state)
{
    (void)state;
    struct fault_decision d = decision_of("wrong-id");
    struct buf codes;
    struct buf packet;
    struct buf out;
    buf_init(&codes, 300);
    buf_init(&packet, 400);
    buf_init(&out, MANGLE_BYTES_MOST);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(buf_append_u8(&codes, 1), 0);
    }
    assert_int_equal(mqtt_write_suback(7, buf_span(&codes), &packet), 0);
    assert_int_equal(mangle_packet(&d, buf_span(&packet), &out), 0);
    assert_int_equal(out.len, packet.len);
    assert_int_equal(out.data[3], 0x40);
    assert_int_equal(out.data[4], 7);
    buf_deinit(&codes);
    buf_deinit(&packet);
    buf_deinit(&out);
}

static void a_failed_allocation_is_told(void **state)
{
    (void)state;
    struct buf out;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct fault_decision d = decision_of(rows[i].fault);
        buf_init(&out, rows[i].expected.len - 1); // a byte too little is the same way out
        assert_int_equal(mangle_packet(&d, rows[i].packet, &out), ERR_TOO_BIG);
        buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_leaves_as_its_fault_wants_it),
        cmocka_unit_test(a_long_length_field_is_stepped_over),
        cmocka_unit_test(a_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
