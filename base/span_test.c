// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/span.h"
#include "base/test.h"

static void cut_returns_what_stands_before_the_byte(void **state)
{
    (void)state;
    struct span rest;
    struct span first = span_cut(SPAN_LITERAL("a=b"), '=', &rest);
    assert_true(span_equals_text(first, "a"));
    assert_true(span_equals_text(rest, "b"));
    first = span_cut(SPAN_LITERAL("abc"), '=', &rest);
    assert_true(span_equals_text(first, "abc"));
    assert_null(rest.ptr);
    first = span_cut(SPAN_LITERAL("abc="), '=', &rest);
    assert_non_null(rest.ptr);
    assert_int_equal(rest.len, 0);
}

static void slices_are_clamped_to_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(span_slice(SPAN_LITERAL("abc"), 5, 2).len, 0);
    assert_int_equal(span_slice(SPAN_LITERAL("abc"), 2, 9).len, 1);
    assert_int_equal(span_from(SPAN_EMPTY, 3).len, 0);
}

static void a_word_is_found_among_others_or_not_at_all(void **state)
{
    (void)state;
    static const char *const words[] = {"drop", "delay", "de"};
    assert_int_equal(span_index(SPAN_LITERAL("de"), words, 3), 2);
    assert_int_equal(span_index(SPAN_LITERAL("del"), words, 3), 3);
    assert_int_equal(span_index(SPAN_LITERAL("de"), words, 2), 2);
    assert_int_equal(span_index(SPAN_EMPTY, words, 3), 3);
}

static void a_number_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    uint64_t v = 0;
    assert_int_equal(span_parse_u64(SPAN_LITERAL("18446744073709551615"), &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(span_parse_u64(SPAN_LITERAL("18446744073709551616"), &v), ERR_VALUE);
    assert_int_equal(span_parse_u64(SPAN_LITERAL("-1"), &v), ERR_SYNTAX);
    assert_int_equal(span_parse_u64(SPAN_LITERAL(""), &v), ERR_SYNTAX);
}

static void a_buffer_never_grows_past_its_cap_and_keeps_its_bytes(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_int_equal(buf_append_text(&b, "abcd"), 0);
    assert_int_equal(buf_append_text(&b, "ef"), ERR_TOO_BIG);
    assert_int_equal(buf_printf(&b, "%s", "xyz"), ERR_TOO_BIG);
    assert_string_equal(buf_text(&b), "abcd");
    assert_int_equal(buf_append_u8(&b, 'e'), 0);
    assert_string_equal(buf_text(&b), "abcde");
    buf_deinit(&b);
}

static void consume_drops_from_the_front(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_printf(&b, "%d-%d", 12, 34), 0);
    buf_consume(&b, 3);
    assert_string_equal(buf_text(&b), "34");
    buf_consume(&b, 99);
    assert_string_equal(buf_text(&b), "");
    buf_deinit(&b);
}

static void integers_are_written_in_network_order(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_append_u16be(&b, 0x0102), 0);
    assert_int_equal(buf_append_u32be(&b, 0x03040506), 0);
    assert_memory_equal(b.data, "\1\2\3\4\5\6", 6);
    buf_deinit(&b);
}

static void comparison_without_case_touches_letters_only(void **state)
{
    (void)state;
    assert_true(span_equals_nocase(SPAN_LITERAL("MyHub"), SPAN_LITERAL("mYhUB")));
    assert_false(span_equals_nocase(SPAN_LITERAL("a[b"), SPAN_LITERAL("a{b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_returns_what_stands_before_the_byte),
        cmocka_unit_test(slices_are_clamped_to_what_is_there),
        cmocka_unit_test(a_word_is_found_among_others_or_not_at_all),
        cmocka_unit_test(a_number_that_does_not_fit_is_refused),
        cmocka_unit_test(a_buffer_never_grows_past_its_cap_and_keeps_its_bytes),
        cmocka_unit_test(consume_drops_from_the_front),
        cmocka_unit_test(integers_are_written_in_network_order),
        cmocka_unit_test(comparison_without_case_touches_letters_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
