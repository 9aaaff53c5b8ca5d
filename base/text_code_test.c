// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/hash.h"
#include "base/test.h"
#include "base/text_code.h"

typedef int coder(struct span, struct buf *);

static void expect_coded(coder *code, const char *in, const char *out)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(code(span_text(in), &b), 0);
    assert_string_equal(buf_text(&b), out);
    buf_deinit(&b);
}

static void expect_refused(coder *code, const char *in)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_append_text(&b, "before"), 0);
    assert_int_equal(code(span_text(in), &b), ERR_SYNTAX);
    assert_string_equal(buf_text(&b), "before");
    buf_deinit(&b);
}

static void base64_follows_the_vectors_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < HR_COUNT_OF(pairs); i++) {
        expect_coded(base64_encode, pairs[i][0], pairs[i][1]);
        expect_coded(base64_decode, pairs[i][1], pairs[i][0]);
    }
}

static void damaged_base64_is_refused_and_nothing_is_appended(void **state)
{
    (void)state;
    static const char *const bad[] = {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zm 8", "=Zg=", "Zm9v!mFy"};
    for (size_t i = 0; i < HR_COUNT_OF(bad); i++) {
        expect_refused(base64_decode, bad[i]);
    }
}

static void percent_coding_keeps_unreserved_bytes_and_plus_signs(void **state)
{
    (void)state;
    expect_coded(percent_encode, "a b/c=d~e", "a%20b%2Fc%3Dd~e");
    expect_coded(percent_decode, "a%20b%2fc%2F+", "a b/c/+");
    expect_refused(percent_decode, "a%2");
    expect_refused(percent_decode, "a%zz");
    expect_refused(percent_decode, "%");
}

static void hexadecimal_reads_both_cases(void **state)
{
    (void)state;
    expect_coded(hex_encode, "\x0f\xA0", "0fa0");
    expect_coded(hex_decode, "4A4b", "JK");
    expect_refused(hex_decode, "4");
    expect_refused(hex_decode, "4g");
}

static void json_text_stays_valid_whatever_the_bytes_are(void **state)
{
    (void)state;
    expect_coded(json_escape, "a\"b\\c\n", "a\\\"b\\\\c\\u000a");
    expect_coded(json_escape, "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F");
    expect_coded(json_escape, "\xC3(\xED\xA0\x80",
                 "\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void shell_words_come_back_from_a_shell_as_they_were(void **state)
{
    (void)state;
    struct buf b HR_CLEANUP(buf_deinit);
    buf_init(&b, 200);
    expect_coded(shell_quote, "suites/tls/a-b_c.scn", "suites/tls/a-b_c.scn");
    expect_coded(shell_quote, "", "''");
    expect_coded(shell_quote, "my device", "'my device'");
    expect_coded(shell_quote, "it's $HOME", "'it'\\''s $HOME'");
    b.cap = 6;
    assert_int_equal(shell_quote(SPAN_LITERAL("a'b"), &b), ERR_TOO_BIG);
    assert_int_equal(b.len, 0);
}

static void hmac_follows_test_case_2_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t mac[HASH_SHA256_BYTES];
    assert_int_equal(hash_hmac_sha256(SPAN_LITERAL("Jefe"),
                                      SPAN_LITERAL("what do ya want for nothing?"), mac),
                     0);
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(hex_encode(span_of(mac, sizeof mac), &b), 0);
    assert_string_equal(buf_text(&b),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    buf_deinit(&b);
}

static void hashes_of_abc_are_those_of_fips_180(void **state)
{
    (void)state;
    uint8_t sha1[HASH_SHA1_BYTES];
    uint8_t sha256[HASH_SHA256_BYTES];
    assert_int_equal(hash_sha1(SPAN_LITERAL("abc"), sha1), 0);
    assert_int_equal(hash_sha256(SPAN_LITERAL("abc"), sha256), 0);
    assert_memory_equal(sha1, "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e", 10);
    assert_memory_equal(sha256, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_follows_the_vectors_of_rfc_4648),
        cmocka_unit_test(damaged_base64_is_refused_and_nothing_is_appended),
        cmocka_unit_test(percent_coding_keeps_unreserved_bytes_and_plus_signs),
        cmocka_unit_test(hexadecimal_reads_both_cases),
        cmocka_unit_test(json_text_stays_valid_whatever_the_bytes_are),
        cmocka_unit_test(shell_words_come_back_from_a_shell_as_they_were),
        cmocka_unit_test(hmac_follows_test_case_2_of_rfc_4231),
        cmocka_unit_test(hashes_of_abc_are_those_of_fips_180),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
