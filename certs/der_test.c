// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "base/text_code.h"
#include "base/when.h"
#include "certs/der.h"

#include <string.h>

// Compares what was written with hexadecimal digits (X.690 and RFC 5280 are their source).
static void assert_hex(struct buf *out, const char *expected)
{
    struct buf hex;
    buf_init(&hex, 1000000);
    assert_int_equal(hex_encode(buf_span(out), &hex), 0);
    assert_string_equal(buf_text(&hex), expected);
    buf_deinit(&hex);
    buf_clear(out);
}

static void numbers_get_a_sign_byte_where_they_need_one(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    struct der d = der_begin(&out);
    der_number(&d, 0);
    der_number(&d, 127);
    der_number(&d, 128);
    der_unsigned(&d, span_of("\x00\x00\x01\x02", 4));
    der_unsigned(&d, SPAN_EMPTY);
    assert_int_equal(d.code, 0);
    assert_hex(&out, "02010002017f0202008002020102020100");
    buf_deinit(&out);
}

static void lengths_grow_from_one_byte_to_three(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *head;
    } rows[] = {{0, "3000"},       {127, "307f"},       {128, "308180"},      {255, "3081ff"},
                {256, "30820100"}, {65535, "3082ffff"}, {65536, "3083010000"}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct buf out;
        buf_init(&out, 70000);
        struct der d = der_begin(&out);
        size_t mark = der_open(&d, DER_SEQUENCE);
        for (size_t k = 0; k < rows[i].len; k++) {
            der_raw(&d, span_of("x", 1));
        }
        der_close(&d, mark);
        assert_int_equal(d.code, 0);
        size_t head = strlen(rows[i].head) / 2;
        assert_int_equal(out.len, rows[i].len + head);
        assert_true(rows[i].len == 0 || out.data[head] == 'x');
        buf_truncate(&out, head);
        assert_hex(&out, rows[i].head);
        buf_deinit(&out);
    }
}

static void object_identifiers_are_packed_in_sevens(void **state)
{
    (void)state;
    static const struct {
        const char *dotted;
        const char *hex;
    } rows[] = {{"2.5.4.3", "0603550403"},
                {"1.2.840.113549.1.1.11", "06092a864886f70d01010b"},
                {"2.999.3", "0603883703"},
                {"0.39", "060127"},
                {"1.2.18446744073709551615", "060b2a81ffffffffffffffff7f"}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct buf out;
        buf_init(&out, 100);
        struct der d = der_begin(&out);
        der_oid(&d, span_text(rows[i].dotted));
        assert_int_equal(d.code, 0);
        assert_hex(&out, rows[i].hex);
        buf_deinit(&out);
    }
}

static void what_is_no_object_identifier_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "1", "1.", "1.40", "3.1", "1..2", "a.b", "1.2.", "1.2.-3", "1.2.18446744073709551616"};
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        struct buf out;
        buf_init(&out, 100);
        struct der d = der_begin(&out);
        assert_false(der_is_oid(span_text(texts[i])));
        der_oid(&d, span_text(texts[i]));
        assert_int_equal(d.code, ERR_SYNTAX);
        assert_int_equal(out.len, 0);
        buf_deinit(&out);
    }
}

static void text_is_printable_string_where_it_can_be(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    struct der d = der_begin(&out);
    der_text(&d, SPAN_LITERAL("A z(0)'+,-./:=?"));
    assert_int_equal(out.data[0], DER_PRINTABLE_STRING);
    static const char *const others[] = {"*.x", "a_b", "a@b", "a&b", "\xc3\xbc"};
    for (size_t i = 0; i < HR_COUNT_OF(others); i++) {
        buf_clear(&out);
        der_text(&d, span_text(others[i]));
        assert_int_equal(out.data[0], DER_UTF8_STRING);
    }
    buf_deinit(&out);
}

static void dates_are_utc_time_from_1950_to_2049_only(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        uint8_t tag;
        const char *text;
    } rows[] = {{"1949-12-31T23:59:59Z", DER_GENERALIZED_TIME, "19491231235959Z"},
                {"1950-01-01T00:00:00Z", DER_UTC_TIME, "500101000000Z"},
                {"2026-11-20T08:01:02Z", DER_UTC_TIME, "261120080102Z"},
                {"2049-12-31T23:59:59Z", DER_UTC_TIME, "491231235959Z"},
                {"2050-01-01T00:00:00Z", DER_GENERALIZED_TIME, "20500101000000Z"},
                {"9999-12-31T23:59:59Z", DER_GENERALIZED_TIME, "99991231235959Z"}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct buf out;
        int64_t us;
        buf_init(&out, 100);
        struct der d = der_begin(&out);
        assert_int_equal(utc_parse(span_text(rows[i].date), &us), 0);
        der_time(&d, us / 1000000 - (us % 1000000 < 0));
        assert_int_equal(out.data[0], rows[i].tag);
        assert_string_equal(buf_text(&out) + 2, rows[i].text);
        buf_deinit(&out);
    }
    struct buf out;
    buf_init(&out, 100);
    struct der d = der_begin(&out);
    der_time(&d, INT64_C(253402300800)); // 10000-01-01
    assert_int_equal(d.code, ERR_VALUE);
    buf_deinit(&out);
}

static void the_first_error_stays_and_nothing_more_is_written(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 8);
    struct der d = der_begin(&out);
    size_t mark = der_open(&d, DER_SEQUENCE);
    der_value(&d, DER_OCTET_STRING, SPAN_LITERAL("more than eight"));
    assert_int_equal(d.code, ERR_TOO_BIG);
    size_t len = out.len;
    der_number(&d, 1);
    der_close(&d, mark);
    der_oid(&d, SPAN_LITERAL("nonsense"));
    assert_int_equal(d.code, ERR_TOO_BIG);
    assert_int_equal(out.len, len);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_get_a_sign_byte_where_they_need_one),
        cmocka_unit_test(lengths_grow_from_one_byte_to_three),
        cmocka_unit_test(object_identifiers_are_packed_in_sevens),
        cmocka_unit_test(what_is_no_object_identifier_is_refused),
        cmocka_unit_test(text_is_printable_string_where_it_can_be),
        cmocka_unit_test(dates_are_utc_time_from_1950_to_2049_only),
        cmocka_unit_test(the_first_error_stays_and_nothing_more_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
