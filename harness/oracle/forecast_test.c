// SPDX-License-Identifier: MIT
#include "harness/oracle/forecast.h"
#include "base/error.h"
#include "base/scarce.h"
#include "base/test.h"
#include "harness/oracle/verdict.h"

#include <string.h>

static const char text[] = "# known\n"
                           "maybe  net.any-device\n"
                           "device ours ours-ws\n"
                           "fails  tls.a tls.b because \"so it is \\\"built\\\"\"\n"
                           "device other\n"
                           "fails  net.any-device\n";

static void what_is_said_of_a_device_goes_before_what_is_said_of_all(void **state)
{
    (void)state;
    struct forecast_list list;
    struct diag_list diags HR_CLEANUP(diag_deinit);
    diag_init(&diags);
    assert_int_equal(forecast_parse("a.expect", span_text(text), &list, &diags), 0);
    const struct forecast *f = forecast_find(&list, "ours-ws", "tls.b");
    assert_non_null(f);
    assert_string_equal(f->kind, FORECAST_FAILS);
    assert_string_equal(f->because, "so it is \"built\"");
    assert_int_equal(f->line, 4);
    assert_int_equal(f->column, 14);
    assert_null(forecast_find(&list, "other", "tls.b"));
    assert_string_equal(forecast_find(&list, "ours", "net.any-device")->kind, FORECAST_MAYBE);
    assert_string_equal(forecast_find(&list, "other", "net.any-device")->kind, FORECAST_FAILS);
    assert_string_equal(forecast_find(&list, "other", "net.any-device")->because, "");
    forecast_deinit(&list);
}

static void each_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"fials a.b", "a.expect:1:1: expected device, fails or maybe, seen 'fials' (did you mean fails?)"},
        {"device", "a.expect:1:7: expected: device NAME..."},
        {"fails", "a.expect:1:6: expected: fails SCENARIO... [because \"REASON\"]"},
        {"maybe because \"x\"", "a.expect:1:7: expected: maybe SCENARIO... [because \"REASON\"]"},
        {"fails ab", "a.expect:1:7: expected a scenario such as tls.self-signed, seen 'ab'"},
        {"fails a.b because", "a.expect:1:18: expected one reason in \"quotes\" behind because"},
        {"fails a.b because so", "a.expect:1:19: expected one reason in \"quotes\" behind because"},
        {"fails a.b because \"x\" y", "a.expect:1:19: expected one reason in \"quotes\" behind because"},
        {"fails a.b\nmaybe a.c a.b", "a.expect:2:11: a.b stands in line 1 already"},
        {"device d d\nfails a.b", "a.expect:2:7: a.b stands in line 2 already"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct forecast_list list;
        struct diag_list diags HR_CLEANUP(diag_deinit);
        struct buf said HR_CLEANUP(buf_deinit);
        diag_init(&diags);
        buf_init(&said, 1000);
        assert_int_equal(forecast_parse("a.expect", span_text(cases[i].text), &list, &diags),
                         ERR_SYNTAX);
        assert_int_equal(diag_print(&diags, &said), 0);
        buf_truncate(&said, said.len - 1);
        assert_string_equal(buf_text(&said), cases[i].sentence);
        forecast_deinit(&list);
    }
}

static void a_file_that_is_not_there_is_said(void **state)
{
    (void)state;
    struct forecast_list list;
    struct diag_list diags HR_CLEANUP(diag_deinit);
    diag_init(&diags);
    assert_int_equal(forecast_read("/no/such.expect", &list, &diags), ERR_NO_FILE);
    forecast_deinit(&list);
}

static void read_once(void *context)
{
    struct forecast_list list;
    struct diag_list diags;
    (void)context;
    diag_init(&diags);
    scarce_begin();
    int code = forecast_parse("a.expect", span_text(text), &list, &diags);
    scarce_end();
    assert_int_equal(code, scarce_has_failed() ? ERR_NO_MEMORY : 0);
    forecast_deinit(&list);
    diag_deinit(&diags);
}

static void without_memory_nothing_is_left_behind(void **state)
{
    (void)state;
    assert_true(scarce_live(read_once, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_a_device_goes_before_what_is_said_of_all),
        cmocka_unit_test(each_mistake_is_named_with_its_place),
        cmocka_unit_test(a_file_that_is_not_there_is_said),
        cmocka_unit_test(without_memory_nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
