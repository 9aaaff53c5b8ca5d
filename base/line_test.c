// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/line.h"
#include "base/test.h"

#include <string.h>

struct fixture {
    struct line_script script;
    struct diag_list diags;
    struct buf printed;
};

static int parse(struct fixture *f, struct span text)
{
    diag_init(&f->diags);
    buf_init(&f->printed, 100000);
    int code = line_parse("a.scn", text, &f->script, &f->diags);
    assert_int_equal(diag_print(&f->diags, &f->printed), 0);
    return code;
}

static void release(struct fixture *f)
{
    line_deinit(&f->script);
    diag_deinit(&f->diags);
    buf_deinit(&f->printed);
}

static void statements_split_into_words_with_places(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, SPAN_LITERAL("# head\n\n  set device.clock = \"a b\"  # why\nboot\r\n")), 0);
    assert_int_equal(f.script.count, 2);
    const struct line *set = &f.script.lines[0];
    assert_int_equal(set->at.line, 3);
    assert_int_equal(set->count, 4);
    assert_true(line_word_is(set, 2, "="));
    assert_true(span_equals_text(line_word(set, 3), "a b"));
    assert_false(line_word_is(set, 3, "a b")); // quoted words are never keywords
    assert_int_equal(line_place(set, 3).column, 22);
    assert_true(line_word_is(&f.script.lines[1], 0, "boot"));
    assert_int_equal(line_word(&f.script.lines[1], 1).len, 0);
    release(&f);
}

static void quotes_decode_their_escapes(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, SPAN_LITERAL("log \"a\\\"b\\\\c\\n\\t#\" \"\"")), 0);
    assert_true(span_equals_text(line_word(&f.script.lines[0], 1), "a\"b\\c\n\t#"));
    assert_int_equal(line_word(&f.script.lines[0], 2).len, 0);
    assert_int_equal(f.script.lines[0].count, 3);
    release(&f);
}

static void an_empty_word_alone_still_has_a_place_in_memory(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, SPAN_LITERAL("\"\"\n")), 0);
    assert_int_equal(f.script.count, 1);
    assert_non_null(line_word(&f.script.lines[0], 0).ptr);
    assert_int_equal(line_word(&f.script.lines[0], 0).len, 0);
    release(&f);
}

static void each_mistake_is_named_with_its_place_and_good_lines_are_kept(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, SPAN_LITERAL("good\nlog \"open\nlog \"a\\q\"\nlog \"a\"b\nx\x01y\nlast")),
                     ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "a.scn:2:5: the quote that opens here is never closed\n"
                        "a.scn:3:7: unknown escape; use \\\" \\\\ \\n or \\t\n"
                        "a.scn:4:8: a blank must follow the closing quote\n"
                        "a.scn:5:2: a control character does not belong in a script\n");
    assert_int_equal(f.script.count, 2);
    assert_true(line_word_is(&f.script.lines[1], 0, "last"));
    release(&f);
}

static void a_line_of_too_many_words_is_refused(void **state)
{
    (void)state;
    char text[2 * (LINE_WORDS_MOST + 1)];
    memset(text, ' ', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 2) {
        text[i] = 'w';
    }
    struct fixture f;
    assert_int_equal(parse(&f, span_of(text, sizeof text - 2)), 0);
    assert_int_equal(f.script.lines[0].count, LINE_WORDS_MOST);
    release(&f);
    assert_int_equal(parse(&f, span_of(text, sizeof text)), ERR_SYNTAX);
    release(&f);
}

static void a_hash_inside_a_word_is_no_comment(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, SPAN_LITERAL("expect a#b #c")), 0);
    assert_int_equal(f.script.lines[0].count, 2);
    release(&f);
}

static void a_missing_file_says_its_path(void **state)
{
    (void)state;
    struct fixture f;
    diag_init(&f.diags);
    buf_init(&f.printed, 100);
    assert_int_equal(line_read("/nonexistent/x.scn", &f.script, &f.diags), ERR_NO_FILE);
    assert_non_null(strstr(error_text(ERR_NO_FILE), "/nonexistent/x.scn"));
    release(&f);
}

static void the_nearest_name_is_suggested_and_a_far_one_is_not(void **state)
{
    (void)state;
    static const char *const names[] = {"mqtt.connect", "mqtt.connected", "tls.alert"};
    assert_string_equal(suggest_name(SPAN_LITERAL("mqtt.conected"), names, 3), "mqtt.connected");
    assert_string_equal(suggest_name(SPAN_LITERAL("tls.aletr"), names, 3), "tls.alert");
    assert_null(suggest_name(SPAN_LITERAL("banana"), names, 3));
    char out[96];
    assert_string_equal(suggest_text(SPAN_LITERAL("mqtt.connectd"), names, 3, out),
                        " (did you mean mqtt.connect?)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_split_into_words_with_places),
        cmocka_unit_test(quotes_decode_their_escapes),
        cmocka_unit_test(an_empty_word_alone_still_has_a_place_in_memory),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_good_lines_are_kept),
        cmocka_unit_test(a_line_of_too_many_words_is_refused),
        cmocka_unit_test(a_hash_inside_a_word_is_no_comment),
        cmocka_unit_test(a_missing_file_says_its_path),
        cmocka_unit_test(the_nearest_name_is_suggested_and_a_far_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
