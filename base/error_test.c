// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"

#include <errno.h>
#include <string.h>

static int fails_with_detail(void)
{
    FAIL(ERR_IO, "disk %d is gone", 3);
}

static int passes_on(void)
{
    TRY(fails_with_detail());
    return 0;
}

static void a_failure_carries_its_sentence_upwards(void **state)
{
    (void)state;
    assert_int_equal(passes_on(), ERR_IO);
    assert_string_equal(error_text(ERR_IO), "disk 3 is gone");
    error_clear();
    assert_string_equal(error_text(ERR_IO), "input or output failed");
}

static void a_detail_of_another_code_is_not_shown(void **state)
{
    (void)state;
    assert_int_equal(passes_on(), ERR_IO);
    assert_string_equal(error_text(ERR_USAGE), "the command line is wrong");
}

static void a_detail_may_quote_the_detail_before_it(void **state)
{
    (void)state;
    error_set(ERR_IO, "inner");
    error_set(ERR_SPAWN, "outer: %s", error_detail());
    assert_string_equal(error_text(ERR_SPAWN), "outer: inner");
}

static void every_code_has_a_name_a_class_and_a_sentence(void **state)
{
    (void)state;
    static const int codes[] = {
#define X(code, class, sentence) code,
        ERROR_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < HR_COUNT_OF(codes); i++) {
        assert_true(codes[i] < 0);
        assert_int_not_equal(error_class_of(codes[i]), ERROR_CLASS_NONE);
        assert_true(strncmp(error_name(codes[i]), "ERR_", 4) == 0);
        assert_true(strlen(error_sentence(codes[i])) > 5);
    }
    assert_int_equal(error_class_of(-9999), ERROR_CLASS_INTERNAL);
}

static void errno_values_map_to_the_class_that_can_act(void **state)
{
    (void)state;
    assert_int_equal(error_from_errno(ENOENT), ERR_NO_FILE);
    assert_int_equal(error_from_errno(EADDRINUSE), ERR_IN_USE);
    assert_int_equal(error_from_errno(ENOSPC), ERR_NO_SPACE);
    assert_int_equal(error_from_errno(EIO), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_carries_its_sentence_upwards),
        cmocka_unit_test(a_detail_of_another_code_is_not_shown),
        cmocka_unit_test(a_detail_may_quote_the_detail_before_it),
        cmocka_unit_test(every_code_has_a_name_a_class_and_a_sentence),
        cmocka_unit_test(errno_values_map_to_the_class_that_can_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
