// SPDX-License-Identifier: MIT
#include "simulator/hub/sas.h"
#include "base/error.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#define KEY  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SR_A "simhub.azure-devices.net%2Fdevices%2Fbench-01"

// The reference page's test vectors: se = 1893456000.
static const struct {
    const char *sr;
    const char *signature;
} vectors[] = {
    {SR_A, "i/5EpiqQlqcZSrl4+esiG70Lsy8Tqg5O3a1FM9zZXuo="},
    {"simhub.azure-devices.net%2fdevices%2fbench-01",
     "PJRKFL3H9PEMFNhayc7QjM1+LaQRAaXBo4LwN5JBL/c="},
    {"simhub.azure-devices.net/devices/bench-01", "sp0TldcNtH1sN8PSmHWc9PiGH6MgoAxBXonJV4LTmkY="},
    {"simhub.azure-devices.net%2Fdevices%2Fbench-01%2Fmodules%2Fmod-a",
     "YY0vHzwO2hem2rdaZOJp5/96jFAg8Am08Z2j9SPIHGM="},
};

static void signatures_equal_the_test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(vectors); i++) {
        struct buf out;
        buf_init(&out, 100);
        assert_int_equal(sas_sign(KEY, span_text(vectors[i].sr), SPAN_LITERAL("1893456000"), &out),
                         0);
        assert_string_equal(buf_text(&out), vectors[i].signature);
        buf_deinit(&out);
    }
}

static const struct {
    const char *rule;
    const char *token;
    bool is_signed;
} signature_rows[] = {
    {"upper-case hexadecimal",
     "SharedAccessSignature sr=" SR_A
     "&sig=i%2F5EpiqQlqcZSrl4%2BesiG70Lsy8Tqg5O3a1FM9zZXuo%3D&se=1893456000",
     true},
    {"lower-case hexadecimal (C SDK)",
     "SharedAccessSignature sr=" SR_A
     "&sig=i%2f5EpiqQlqcZSrl4%2besiG70Lsy8Tqg5O3a1FM9zZXuo%3d&se=1893456000",
     true},
    {"signature not encoded at all",
     "SharedAccessSignature sr=" SR_A
     "&sig=i/5EpiqQlqcZSrl4+esiG70Lsy8Tqg5O3a1FM9zZXuo=&se=1893456000",
     true},
    {"fields in another order, names in another case",
     "SharedAccessSignature "
     "SE=1893456000&Sig=i%2F5EpiqQlqcZSrl4%2BesiG70Lsy8Tqg5O3a1FM9zZXuo%3D&SR=" SR_A,
     true},
    {"sr is signed as sent, not re-encoded",
     "SharedAccessSignature sr=simhub.azure-devices.net/devices/bench-01"
     "&sig=i%2F5EpiqQlqcZSrl4%2BesiG70Lsy8Tqg5O3a1FM9zZXuo%3D&se=1893456000",
     false},
    {"se is signed as sent",
     "SharedAccessSignature sr=" SR_A
     "&sig=i%2F5EpiqQlqcZSrl4%2BesiG70Lsy8Tqg5O3a1FM9zZXuo%3D&se=1893456001",
     false},
    {"one bit of the signature differs",
     "SharedAccessSignature sr=" SR_A
     "&sig=j%2F5EpiqQlqcZSrl4%2BesiG70Lsy8Tqg5O3a1FM9zZXuo%3D&se=1893456000",
     false},
    {"a shortened signature",
     "SharedAccessSignature sr=" SR_A
     "&sig=i%2F5EpiqQlqcZSrl4%2BesiG70Lsy8Tqg5O3a1FM9zZXuo&se=1893456000",
     false},
    {"a stray % in the signature", "SharedAccessSignature sr=" SR_A "&sig=%2&se=1893456000", false},
};

static void the_signature_covers_sr_and_se_as_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(signature_rows); i++) {
        struct sas_token token;
        bool is_signed = false;
        assert_int_equal(sas_parse(span_text(signature_rows[i].token), &token), 0);
        assert_int_equal(sas_is_signed_with(&token, KEY, &is_signed), 0);
        if (is_signed != signature_rows[i].is_signed) {
            fail_msg("%s: seen %d", signature_rows[i].rule, is_signed);
        }
    }
}

static void a_key_that_is_not_base64_is_an_error(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(sas_sign("not base64", SPAN_LITERAL("x"), SPAN_LITERAL("1"), &out),
                     ERR_SYNTAX);
    assert_int_equal(out.len, 0);
    buf_deinit(&out);
}

static const struct {
    const char *rule;
    const char *expiry;
    int64_t expires_us; // -1: refused
} expiry_rows[] = {
    {"whole seconds", "1893456000", 1893456000000000},
    {"decimals", "1893456000.25", 1893456000250000},
    {"more decimals than microseconds", "1.12345678", 1123456},
    {"a point at the end", "5.", 5000000},
    {"zero", "0", 0},
    {"milliseconds by mistake end with the year 9999", "1893456000000", 253402300799000000},
    {"beyond 64 bits", "99999999999999999999999", 253402300799000000},
    {"negative", "-5", -1},
    {"letters", "soon", -1},
    {"two points", "1.2.3", -1},
    {"exponent", "1e9", -1},
    {"only a fraction", ".5", -1},
};

static void se_is_seconds_with_optional_decimals(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(expiry_rows); i++) {
        char text[200];
        struct sas_token token;
        snprintf(text, sizeof text, "SharedAccessSignature sr=h&sig=x&se=%s",
                 expiry_rows[i].expiry);
        int code = sas_parse(span_text(text), &token);
        bool is_right = expiry_rows[i].expires_us < 0
                            ? code == ERR_SYNTAX
                            : code == 0 && token.expires_us == expiry_rows[i].expires_us;
        if (!is_right) {
            fail_msg("%s: code %d, seen %lld", expiry_rows[i].rule, code,
                     (long long)token.expires_us);
        }
    }
}

static const struct {
    const char *rule;
    const char *text;
    const char *sentence; // NULL: accepted
} grammar_rows[] = {
    {"the three fields", "SharedAccessSignature sr=h&sig=x&se=1", NULL},
    {"empty skn is a device key", "SharedAccessSignature sr=h&sig=x&se=1&skn=", NULL},
    {"unknown field", "SharedAccessSignature sr=h&sig=x&se=1&foo=1", NULL},
    {"& at the end", "SharedAccessSignature sr=h&sig=x&se=1&", NULL},
    {"empty", "", "does not begin"},
    {"another word", "SharedAccessKey sr=h&sig=x&se=1", "does not begin"},
    {"the word in lower case", "sharedaccesssignature sr=h&sig=x&se=1", "does not begin"},
    {"no blank", "SharedAccessSignaturesr=h&sig=x&se=1", "does not begin"},
    {"two blanks", "SharedAccessSignature  sr=h&sig=x&se=1", "second blank"},
    {"a blank later", "SharedAccessSignature sr=h&sig=x& se=1", "second blank"},
    {"no sr", "SharedAccessSignature sig=x&se=1", "`sr` is missing"},
    {"no sig", "SharedAccessSignature sr=h&se=1", "`sig` is missing"},
    {"no se", "SharedAccessSignature sr=h&sig=x", "`se` is missing"},
    {"empty sig", "SharedAccessSignature sr=h&sig=&se=1", "`sig` is empty"},
    {"twice", "SharedAccessSignature sr=h&sr=i&sig=x&se=1", "`sr` stands twice"},
    {"no =", "SharedAccessSignature sr&sig=x&se=1", "has no ="},
    {"a raw key", KEY, "does not begin"},
};

static void the_grammar_is_kept_and_its_breach_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(grammar_rows); i++) {
        struct sas_token token;
        int code = sas_parse(span_text(grammar_rows[i].text), &token);
        const char *sentence = grammar_rows[i].sentence;
        bool is_right =
            sentence ? code == ERR_SYNTAX && strstr(error_text(code), sentence) : code == 0;
        if (!is_right) {
            fail_msg("%s: seen %d %s", grammar_rows[i].rule, code,
                     code < 0 ? error_text(code) : "");
        }
    }
}

static const struct {
    const char *rule;
    const char *sr;
    const char *module;
    bool is_covered;
} resource_rows[] = {
    {"the device", "h.net/devices/d", "", true},
    {"encoded", "h.net%2Fdevices%2Fd", "", true},
    {"without case", "H.NET%2fDevices%2FD", "", true},
    {"the host alone", "h.net", "", true},
    {"host and devices", "h.net/devices", "", true},
    {"another host", "g.net/devices/d", "", false},
    {"another device", "h.net/devices/e", "", false},
    {"a prefix of the text is no prefix by segments", "h.net/devices/dd", "", false},
    {"part of the device id", "h.net/dev", "", false},
    {"more than the device", "h.net/devices/d/modules/m", "", false},
    {"the module", "h.net/devices/d/modules/m", "m", true},
    {"the device's token for its module", "h.net/devices/d", "m", true},
    {"another module", "h.net/devices/d/modules/n", "m", false},
    {"old tools append the version", "h.net/devices/d/api-version=2016-11-14", "", true},
    {"the same encoded", "h.net%2Fdevices%2Fd%2Fapi-version%3D2016-11-14", "", true},
    {"a slash at the end", "h.net/devices/d/", "", false},
    {"empty", "", "", false},
};

static void sr_covers_by_segments_without_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(resource_rows); i++) {
        bool is_covered =
            sas_resource_covers(span_text(resource_rows[i].sr), SPAN_LITERAL("h.net"),
                                SPAN_LITERAL("d"), span_text(resource_rows[i].module));
        if (is_covered != resource_rows[i].is_covered) {
            fail_msg("%s: seen %d", resource_rows[i].rule, is_covered);
        }
    }
}

static void a_percent_sign_of_an_id_matches_raw_and_encoded(void **state)
{
    (void)state;
    struct span host = SPAN_LITERAL("h");
    struct span device = SPAN_LITERAL("a%b");
    assert_true(sas_resource_covers(SPAN_LITERAL("h/devices/a%b"), host, device, SPAN_EMPTY));
    assert_true(sas_resource_covers(SPAN_LITERAL("h%2Fdevices%2Fa%25b"), host, device, SPAN_EMPTY));
}

static void the_scope_is_told_by_the_segments_of_sr(void **state)
{
    (void)state;
    static const struct {
        const char *sr, *scope;
    } rows[] = {
        {"h.net", "hub"},
        {"h.net/devices", "devices"},
        {"h.net%2Fdevices%2Fd", "device"},
        {"h.net/devices/d", "device"},
        {"h.net/devices/a%b", "device"},
        {"h.net/api-version=2016-11-14", "hub"},
        {"h.net/devices/d/api-version=2016-11-14", "device"},
        {"h.net/devices/d/modules/m", "module"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_string_equal(sas_scope(span_text(rows[i].sr)), rows[i].scope);
    }
}

static void secrets_in_the_wrong_place_are_not_shown(void **state)
{
    (void)state;
    char out[64];
    assert_true(span_equals_text(sas_redacted(SPAN_LITERAL("h/d/?api-version=1"), out, sizeof out),
                                 "h/d/?api-version=1"));
    assert_true(span_equals_text(sas_redacted(SPAN_LITERAL("sr=h&sig=abc&se=1"), out, sizeof out),
                                 "sr=h&sig=***"));
    assert_true(span_equals_text(
        sas_redacted(SPAN_LITERAL("HostName=h;sharedaccesskey=abc="), out, sizeof out),
        "HostName=h;sharedaccesskey=***"));
    char small[12];
    assert_true(span_equals_text(
        sas_redacted(SPAN_LITERAL("sr=hhhhhhhh&sig=abc"), small, sizeof small), "sr=hhhhh***"));
    assert_string_equal(sas_resource_print(SPAN_LITERAL("h%26sig%3Dabc"), out, sizeof out), "h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_equal_the_test_vectors),
        cmocka_unit_test(the_signature_covers_sr_and_se_as_sent),
        cmocka_unit_test(a_key_that_is_not_base64_is_an_error),
        cmocka_unit_test(se_is_seconds_with_optional_decimals),
        cmocka_unit_test(the_grammar_is_kept_and_its_breach_is_named),
        cmocka_unit_test(sr_covers_by_segments_without_case),
        cmocka_unit_test(a_percent_sign_of_an_id_matches_raw_and_encoded),
        cmocka_unit_test(the_scope_is_told_by_the_segments_of_sr),
        cmocka_unit_test(secrets_in_the_wrong_place_are_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
