// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "simulator/journal/event.h"

#include <jansson.h>
#include <string.h>

static void every_word_finds_its_type_and_no_other_does(void **state)
{
    (void)state;
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        enum event_type type = (enum event_type)i;
        assert_int_equal(event_type_of(span_text(event_word(type))), i);
        assert_string_equal(event_words()[i], event_word(type));
        assert_true(strlen(event_meaning(type)) > 0);
    }
    assert_int_equal(event_type_of(SPAN_LITERAL("mqtt.conect")), -1);
    assert_int_equal(event_type_of(SPAN_EMPTY), -1);
}

static void a_field_belongs_to_its_row_by_its_whole_name(void **state)
{
    (void)state;
    assert_true(event_has_field(EVENT_MQTT_REFUSED, SPAN_LITERAL("code")));
    assert_true(event_has_field(EVENT_MQTT_REFUSED, SPAN_LITERAL("hint")));
    assert_true(event_has_field(EVENT_MQTT_REFUSED, SPAN_LITERAL("hub_code")));
    assert_false(event_has_field(EVENT_MQTT_REFUSED, SPAN_LITERAL("hub")));
    assert_false(event_has_field(EVENT_MQTT_REFUSED, SPAN_LITERAL("code reason")));
    assert_false(event_has_field(EVENT_MQTT_PING, SPAN_LITERAL("code")));
    assert_false(event_has_field(EVENT_MQTT_PING, SPAN_EMPTY));
}

static void values_read_as_text_of_their_kind(void **state)
{
    (void)state;
    const struct field fields[] = {F_TEXT("why", "because"), F_INT("code", -5),
                                   F_BOOL("clean", true)};
    const struct event e = {.type = EVENT_MQTT_ERROR, .fields = fields, .field_count = 3};
    char out[32];
    char small[4];
    assert_string_equal(event_value(&e, "why", out, sizeof out), "because");
    assert_string_equal(event_value(&e, "code", out, sizeof out), "-5");
    assert_string_equal(event_value(&e, "clean", out, sizeof out), "true");
    assert_string_equal(event_value(&e, "absent", out, sizeof out), "");
    assert_string_equal(event_value(&e, "why", small, sizeof small), "bec");
    assert_null(event_field(&e, "absent"));
    assert_ptr_equal(event_field(&e, "code"), &fields[1]);
}

static void numbers_read_in_json_as_they_are(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *json;
    } rows[] = {{0, "\"code\":0}"},
                {-5, "\"code\":-5}"},
                {1234567890, "\"code\":1234567890}"},
                {INT64_MAX, "\"code\":9223372036854775807}"},
                {INT64_MIN, "\"code\":-9223372036854775808}"}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        const struct field field = F_INT("code", rows[i].number);
        const struct event e = {.type = EVENT_MQTT_ERROR, .fields = &field, .field_count = 1};
        struct buf json;
        buf_init(&json, 1000);
        assert_int_equal(event_to_json(&e, &json), 0);
        assert_true(span_ends_with(buf_span(&json), span_text(rows[i].json)));
        buf_deinit(&json);
    }
}

static const struct {
    const char *name;
    struct span text;
    const char *expected; // as the JSON reader gives it back
} json_rows[] = {
    {"plain", {(const uint8_t *)"abc", 3}, "abc"},
    {"quotes and backslash", {(const uint8_t *)"a\"b\\c", 5}, "a\"b\\c"},
    {"control characters", {(const uint8_t *)"a\n\x01\x7F", 4}, "a\n\x01\x7F"},
    {"UTF-8 stays", {(const uint8_t *)"gr\xC3\xBC\xC3\x9F", 6}, "gr\xC3\xBC\xC3\x9F"},
    {"a broken byte is replaced", {(const uint8_t *)"a\xFFz", 3}, "a\xEF\xBF\xBDz"},
    {"empty", {NULL, 0}, ""},
};

static void any_text_gives_json_that_a_reader_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(json_rows); i++) {
        const struct field fields[] = {F_SPAN("why", json_rows[i].text), F_BOOL("clean", false)};
        const struct event e = {.type = EVENT_MQTT_ERROR,
                                .seq = 7,
                                .at_us = 1234567890123,
                                .connection = 3,
                                .device = "d\"q",
                                .fields = fields,
                                .field_count = 2};
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(event_to_json(&e, &out), 0);
        json_error_t error;
        json_t *root = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, &error);
        if (!root) {
            fail_msg("%s: %s in %s", json_rows[i].name, error.text, buf_text(&out));
        }
        assert_int_equal(json_integer_value(json_object_get(root, "seq")), 7);
        assert_int_equal(json_integer_value(json_object_get(root, "at_us")), 1234567890123);
        assert_int_equal(json_integer_value(json_object_get(root, "connection")), 3);
        assert_string_equal(json_string_value(json_object_get(root, "event")), "mqtt.error");
        assert_string_equal(json_string_value(json_object_get(root, "device")), "d\"q");
        assert_string_equal(json_string_value(json_object_get(root, "why")), json_rows[i].expected);
        assert_true(json_is_false(json_object_get(root, "clean")));
        json_decref(root);
        buf_deinit(&out);
    }
}

static void json_leaves_out_what_is_unknown(void **state)
{
    (void)state;
    const struct event e = {.type = EVENT_FAULT_CLEARED, .seq = 1, .device = ""};
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(event_to_json(&e, &out), 0);
    assert_string_equal(buf_text(&out), "{\"seq\":1,\"at_us\":0,\"event\":\"fault.cleared\"}");
    buf_deinit(&out);
}

static void json_says_when_the_buffer_is_too_small(void **state)
{
    (void)state;
    const struct event e = {.type = EVENT_FAULT_CLEARED, .seq = 1, .device = ""};
    struct buf out;
    buf_init(&out, 20);
    assert_int_equal(event_to_json(&e, &out), ERR_TOO_BIG);
    buf_deinit(&out);
}

static void text_quotes_blanks_and_cuts_all_long_values_but_the_reckoning(void **state)
{
    (void)state;
    char many[700];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    const struct field fields[] = {F_TEXT("why", "two words"), F_TEXT("packet", ""),
                                   F_TEXT("filter", many), F_TEXT("working", many)};
    const struct event e = {.type = EVENT_MQTT_ERROR, .fields = fields, .field_count = 4};
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(event_to_text(&e, &out), 0);
    const char *filter = strstr(buf_text(&out), "mqtt.error why=\"two words\" packet=\"\" filter=xxx");
    assert_non_null(filter);
    const char *working = strstr(buf_text(&out), " working=");
    assert_int_equal(working - strstr(filter, "xxx"), 120);
    assert_int_equal(strlen(working), strlen(" working=") + 600);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_finds_its_type_and_no_other_does),
        cmocka_unit_test(a_field_belongs_to_its_row_by_its_whole_name),
        cmocka_unit_test(values_read_as_text_of_their_kind),
        cmocka_unit_test(numbers_read_in_json_as_they_are),
        cmocka_unit_test(any_text_gives_json_that_a_reader_accepts),
        cmocka_unit_test(json_leaves_out_what_is_unknown),
        cmocka_unit_test(json_says_when_the_buffer_is_too_small),
        cmocka_unit_test(text_quotes_blanks_and_cuts_all_long_values_but_the_reckoning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
