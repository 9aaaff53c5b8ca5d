// SPDX-License-Identifier: MIT
#include "simulator/hub/username.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

#define ID_128                                                                                     \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *rule;
    const char *text;
    const char *host;
    const char *name;
    const char *api_version;
} good_rows[] = {
    {"current tail", "h.net/dev/?api-version=2021-04-12", "h.net", "dev", "2021-04-12"},
    {"old tail without ?", "h.net/dev/api-version=2016-11-14", "h.net", "dev", "2016-11-14"},
    {"no tail at all", "h.net/dev", "h.net", "dev", ""},
    {"module with tail", "h/d/m/?api-version=1", "h", "d/m", "1"},
    {"module with old tail", "h/d/m/api-version=1", "h", "d/m", "1"},
    {"module without tail", "h/d/m", "h", "d/m", ""},
    {"order is free (Java)", "h/d/?api-version=2&model-id=dtmi%3Ax%3B1&DeviceClientType=j", "h",
     "d", "2"},
    {"version last", "h/d/?DeviceClientType=a%2Fb&model-id=x&api-version=3", "h", "d", "3"},
    {"old tail that begins with another name", "h/d/DeviceClientType=x&api-version=4", "h", "d",
     "4"},
    {"first duplicate wins", "h/d/?api-version=1&api-version=2", "h", "d", "1"},
    {"unknown names are ignored", "h/d/?foo=bar&api-version=5&x", "h", "d", "5"},
    {"the value is not validated", "h/d/?api-version=banana", "h", "d", "banana"},
    {"the value is decoded", "h/d/?api-version=a%2db", "h", "d", "a-b"},
    {"a value that cannot be decoded stays", "h/d/?api-version=a%zz", "h", "d", "a%zz"},
    {"? inside a device id", "h/de?v/?api-version=1", "h", "de?v", "1"},
    {"a device id that begins with ?", "h/?dev/?api-version=1", "h", "?dev", "1"},
    {"= inside a module id", "h/d/a=b", "h", "d/a=b", ""},
    {"% inside an id is no encoding", "h/a%41b/?api-version=1", "h", "a%41b", "1"},
    {"every allowed sign", "h/-.%_*!(),:=@$'/?api-version=1", "h", "-.%_*!(),:=@$'", "1"},
    {"case is kept", "H.Net/DeV", "H.Net", "DeV", ""},
    {"128 bytes of id", "h/" ID_128, "h", ID_128, ""},
};

static void good_user_names_give_their_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(good_rows); i++) {
        struct username u;
        if (username_parse(span_text(good_rows[i].text), &u) < 0) {
            fail_msg("%s: %s", good_rows[i].rule, error_text(ERR_SYNTAX));
        }
        if (!span_equals_text(u.host, good_rows[i].host) ||
            strcmp(u.name, good_rows[i].name) != 0 ||
            strcmp(u.api_version, good_rows[i].api_version) != 0) {
            fail_msg("%s: seen host '%.*s' name '%s' version '%s'", good_rows[i].rule,
                     SPAN_ARG(u.host), u.name, u.api_version);
        }
    }
}

static const struct {
    const char *rule;
    const char *text;
    const char *sentence;
} bad_rows[] = {
    {"empty", "", "empty or missing"},
    {"host only", "h.net", "names no device"},
    {"host and tail", "h.net/?api-version=1", "names no device"},
    {"empty host", "/dev", "does not begin with the hub's host name"},
    {"empty device", "h//?api-version=1", "no device id"},
    {"blank in the device id", "h/a b", "no device id"},
    {"control character", "h/a\x01", "no device id"},
    {"byte above ASCII", "h/a\xC3\xA9", "no device id"},
    {"empty module", "h/d//?api-version=1", "neither a module id"},
    {"nothing behind the last slash", "h/d/", "neither a module id"},
    {"three ids", "h/d/m/x", "more than a device and a module"},
    {"five parts", "h/d/m/x/?api-version=1", "more than four parts"},
    {"nothing behind the ?", "h/d/?", "nothing follows the ?"},
    {"id of 129 bytes", "h/" ID_128 "x", "seen 129 bytes"},
};

static void bad_user_names_are_refused_with_the_rule_that_they_break(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(bad_rows); i++) {
        struct username u;
        int code = username_parse(span_text(bad_rows[i].text), &u);
        if (code != ERR_SYNTAX || !strstr(error_text(ERR_SYNTAX), bad_rows[i].sentence)) {
            fail_msg("%s: expected '%s', seen %d '%s'", bad_rows[i].rule, bad_rows[i].sentence,
                     code, code < 0 ? error_text(code) : "accepted");
        }
    }
}

static void a_missing_user_name_is_refused(void **state)
{
    (void)state;
    struct username u;
    assert_int_equal(username_parse(SPAN_EMPTY, &u), ERR_SYNTAX);
}

static void identity_names_are_one_or_two_ids(void **state)
{
    (void)state;
    assert_true(identity_name_is_valid(SPAN_LITERAL("d")));
    assert_true(identity_name_is_valid(SPAN_LITERAL("d/m")));
    assert_false(identity_name_is_valid(SPAN_LITERAL("")));
    assert_false(identity_name_is_valid(SPAN_LITERAL("d/")));
    assert_false(identity_name_is_valid(SPAN_LITERAL("/m")));
    assert_false(identity_name_is_valid(SPAN_LITERAL("d/m/x")));
    assert_false(identity_name_is_valid(SPAN_LITERAL("d#")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_user_names_give_their_parts),
        cmocka_unit_test(bad_user_names_are_refused_with_the_rule_that_they_break),
        cmocka_unit_test(a_missing_user_name_is_refused),
        cmocka_unit_test(identity_names_are_one_or_two_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
