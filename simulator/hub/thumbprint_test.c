// SPDX-License-Identifier: MIT
#include "simulator/hub/thumbprint.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

#define TEN "0123456789"

static const struct {
    const char *rule;
    const char *text;
    const char *expected; // NULL: refused
} rows[] = {
    {"SHA-1 digits", TEN TEN TEN TEN, TEN TEN TEN TEN},
    {"SHA-256 digits", TEN TEN TEN TEN TEN TEN "abcd", TEN TEN TEN TEN TEN TEN "abcd"},
    {"upper case", "ABCDEFABCD" TEN TEN TEN, "abcdefabcd" TEN TEN TEN},
    {"colons", "01:23:45:67:89:" TEN TEN TEN, TEN TEN TEN TEN},
    {"blanks and dashes", "01 23-45 67-89" TEN TEN TEN, TEN TEN TEN TEN},
    {"empty", "", NULL},
    {"one digit short", "012345678" TEN TEN TEN, NULL},
    {"between both lengths", TEN TEN TEN TEN "0", NULL},
    {"one digit too many", TEN TEN TEN TEN TEN TEN "abcde", NULL},
    {"not hexadecimal", "g123456789" TEN TEN TEN, NULL},
};

static void thumbprints_are_normalised_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char out[THUMBPRINT_TEXT_BYTES] = "";
        int code = thumbprint_normalise(span_text(rows[i].text), out);
        bool is_right =
            rows[i].expected ? code == 0 && strcmp(out, rows[i].expected) == 0 : code == ERR_VALUE;
        if (!is_right) {
            fail_msg("%s: code %d, seen '%s'", rows[i].rule, code, out);
        }
    }
}

static void the_registered_length_says_which_hash_is_compared(void **state)
{
    (void)state;
    uint8_t sha1[20];
    uint8_t sha256[32];
    char text1[THUMBPRINT_TEXT_BYTES];
    char text256[THUMBPRINT_TEXT_BYTES];
    memset(sha1, 0xA1, sizeof sha1);
    memset(sha256, 0x2B, sizeof sha256);
    thumbprint_print(span_of(sha1, 20), text1);
    thumbprint_print(span_of(sha256, 32), text256);
    assert_true(thumbprint_matches(text1, sha1, sha256));
    assert_true(thumbprint_matches(text256, sha1, sha256));
    text1[39] = '0';
    text256[0] = '0';
    assert_false(thumbprint_matches(text1, sha1, sha256));
    assert_false(thumbprint_matches(text256, sha1, sha256));
    assert_false(thumbprint_matches("", sha1, sha256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbprints_are_normalised_or_refused),
        cmocka_unit_test(the_registered_length_says_which_hash_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
