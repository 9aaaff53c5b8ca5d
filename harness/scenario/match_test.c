// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/parsed.h"

#include <stdio.h>
#include <string.h>

static void events_match_by_type_and_by_their_fields_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *match;
        bool is_match;
    } cases[] = {
        {"mqtt.refused", true},
        {"mqtt.connected", false},
        {"mqtt.refused with code = 5", true},
        {"mqtt.refused with code = 4", false},
        {"mqtt.refused with code != 4 and reason = sas-expired", true},
        {"mqtt.refused with code != 5", false},
        {"mqtt.refused with hint = \"\"", true},
        {"mqtt.refused with hint != \"\"", false},
    };
    const struct field fields[] = {F_INT("code", 5), F_TEXT("reason", "sas-expired")};
    const struct event e = {.type = EVENT_MQTT_REFUSED, .fields = fields, .field_count = 2};
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct parsed f;
        char text[300];
        snprintf(text, sizeof text, "scenario t.a\nboot device\nnever %s\n", cases[i].match);
        assert_int_equal(parsed_from(&f, text), 0);
        assert_int_equal(match_event(&f.plan.steps[1].match, &e), cases[i].is_match);
        assert_int_equal(match_print(&f.plan.steps[1].match, &f.printed), 0);
        assert_string_equal(buf_text(&f.printed), cases[i].match);
        parsed_release(&f);
    }
}

static void booleans_match_as_true_and_false(void **state)
{
    (void)state;
    struct match m = {.type = EVENT_DEVICE_EXITED, .where_count = 1};
    strcpy(m.where[0].field, "asked");
    strcpy(m.where[0].value, "false");
    const struct field fields[] = {F_BOOL("asked", false)};
    const struct event e = {.type = EVENT_DEVICE_EXITED, .fields = fields, .field_count = 1};
    assert_true(match_event(&m, &e));
    m.where[0].how = MATCH_IS_NOT;
    assert_false(match_event(&m, &e));
}

static void values_that_a_reader_could_mistake_are_printed_in_quotes(void **state)
{
    (void)state;
    struct match m = {.type = EVENT_RUN_NOTE, .where_count = 1};
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1000);
    strcpy(m.where[0].field, "text");
    strcpy(m.where[0].value, "a \"b\"\\\n");
    assert_int_equal(match_print(&m, &out), 0);
    assert_string_equal(buf_text(&out), "run.note with text = \"a \\\"b\\\"\\\\\\n\"");
    buf_clear(&out);
    strcpy(m.where[0].value, "within");
    assert_int_equal(match_print(&m, &out), 0);
    assert_string_equal(buf_text(&out), "run.note with text = \"within\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_match_by_type_and_by_their_fields_as_text),
        cmocka_unit_test(booleans_match_as_true_and_false),
        cmocka_unit_test(values_that_a_reader_could_mistake_are_printed_in_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
