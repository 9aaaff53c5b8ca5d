// SPDX-License-Identifier: MIT
#include "certs/patch.h"
#include "base/error.h"
#include "base/test.h"
#include "base/text_code.h"

#include <string.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        .data = text, .len = sizeof(text) - 1                                                      \
    }

static const struct row {
    struct patch patch;
    int code;
    const char *hex; // of 30 03 01 02 03 after the patch
} rows[] = {
    {{.verb = PATCH_FLIP_BIT, .offset = -1}, 0, "3003010202"},
    {{.verb = PATCH_FLIP_BIT, .offset = 0}, 0, "3103010203"},
    {{.verb = PATCH_FLIP_BIT, .offset = 5}, ERR_VALUE, "3003010203"},
    {{.verb = PATCH_FLIP_BIT, .offset = -6}, ERR_VALUE, "3003010203"},
    {{.verb = PATCH_TRUNCATE, .count = 4}, 0, "30"},
    {{.verb = PATCH_TRUNCATE, .count = 5}, ERR_VALUE, "3003010203"},
    {{.verb = PATCH_APPEND, .bytes = BYTES("\xaa\xbb")}, 0, "3003010203aabb"},
    {{.verb = PATCH_BYTE, .offset = 1, .bytes = BYTES("\xff\xfe")}, 0, "30fffe0203"},
    {{.verb = PATCH_BYTE, .offset = 4, .bytes = BYTES("\xff\xfe")}, ERR_VALUE, "3003010203"},
    {{.verb = PATCH_BYTE, .offset = -2, .bytes = BYTES("\xff\xfe")}, 0, "300301fffe"},
    {{.verb = PATCH_REPLACE, .find = BYTES("\x01\x02"), .bytes = BYTES("\x09\x08\x07")},
     0,
     "300309080703"},
    {{.verb = PATCH_REPLACE, .find = BYTES("\x03"), .bytes = BYTES("\x04")}, 0, "3004010203"},
    {{.verb = PATCH_REPLACE, .find = BYTES("\x07"), .bytes = BYTES("\x04")},
     ERR_VALUE,
     "3003010203"},
};

static void each_patch_does_its_damage_or_says_that_it_cannot(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct buf bytes HR_CLEANUP(buf_deinit);
        struct buf hex HR_CLEANUP(buf_deinit);
        buf_init(&bytes, 100);
        buf_init(&hex, 100);
        assert_int_equal(buf_append(&bytes, span_of("\x30\x03\x01\x02\x03", 5)), 0);
        assert_int_equal(patch_apply(&rows[i].patch, &bytes), rows[i].code);
        assert_int_equal(hex_encode(buf_span(&bytes), &hex), 0);
        assert_string_equal(buf_text(&hex), rows[i].hex);
    }
}

static void garbage_has_its_length_and_is_the_same_each_time(void **state)
{
    (void)state;
    struct buf one HR_CLEANUP(buf_deinit);
    struct buf two HR_CLEANUP(buf_deinit);
    buf_init(&one, 1000);
    buf_init(&two, 1000);
    struct patch patch = {.verb = PATCH_GARBAGE, .count = 700};
    assert_int_equal(buf_append_text(&one, "something"), 0);
    assert_int_equal(patch_apply(&patch, &one), 0);
    assert_int_equal(patch_apply(&patch, &two), 0);
    assert_int_equal(one.len, 700);
    assert_true(span_equals(buf_span(&one), buf_span(&two)));
    assert_memory_not_equal(one.data, one.data + 32, 32);
    patch.count = 1001;
    assert_int_equal(patch_apply(&patch, &two), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_patch_does_its_damage_or_says_that_it_cannot),
        cmocka_unit_test(garbage_has_its_length_and_is_the_same_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
