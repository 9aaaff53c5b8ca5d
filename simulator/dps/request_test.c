// SPDX-License-Identifier: MIT
#include "simulator/dps/request.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

static const struct {
    const char *text, *scope, *id, *version; // scope NULL: refused
} usernames[] = {
    {"0ne0/registrations/d-1/api-version=2019-03-31", "0ne0", "d-1", "2019-03-31"},
    {"0ne0/registrations/d-1/api-version=2021-06-01&ClientVersion=1.15.0", "0ne0", "d-1",
     "2021-06-01"},
    {"0ne0/registrations/d-1/ClientVersion=x%2Fy&api-version=2019%2D03-31", "0ne0", "d-1",
     "2019-03-31"},
    {"0ne0/registrations/a:b_c.D-/api-version=x", "0ne0", "a:b_c.D-", "x"},
    {"", NULL, NULL, NULL},
    {"0ne0", NULL, NULL, NULL},
    {"/registrations/d-1/api-version=x", NULL, NULL, NULL},
    {"0ne0/devices/d-1/api-version=x", NULL, NULL, NULL},
    {"0ne0/registrations//api-version=x", NULL, NULL, NULL},
    {"0ne0/registrations/d-1", NULL, NULL, NULL},
    {"0ne0/registrations/d-1/api-version=", NULL, NULL, NULL},
    {"0ne0/registrations/d-1/?api-version=2019-03-31", NULL, NULL, NULL},
    {"0ne0/registrations/d 1/api-version=x", NULL, NULL, NULL},
    {"0ne0/registrations/d-1./api-version=x", NULL, NULL, NULL},
};

static void user_names_follow_their_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(usernames); i++) {
        struct dps_username u;
        int code = dps_username_parse(span_text(usernames[i].text), &u);
        bool is_right = usernames[i].scope
                            ? code == 0 && span_equals_text(u.id_scope, usernames[i].scope) &&
                                  span_equals_text(u.registration_id, usernames[i].id) &&
                                  strcmp(u.api_version, usernames[i].version) == 0
                            : code == ERR_SYNTAX;
        if (!is_right) {
            fail_msg("'%s': seen %s, id '%.*s', version '%s'", usernames[i].text, error_name(code),
                     SPAN_ARG(u.registration_id), u.api_version);
        }
    }
}

static const struct {
    const char *topic;
    int kind; // -1: refused
    const char *rid, *operation;
} topics[] = {
    {"$dps/registrations/PUT/iotdps-register/?$rid=1", DPS_REGISTER, "1", ""},
    {"$dps/registrations/PUT/iotdps-register/?$rid=a-b_c&x=y", DPS_REGISTER, "a-b_c", ""},
    {"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.ab.cd", DPS_STATUS,
     "2", "4.ab.cd"},
    {"$dps/registrations/GET/iotdps-get-operationstatus/?operationId=4.x&$rid=2", DPS_STATUS, "2",
     "4.x"},
    {"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2", DPS_STATUS, "2", ""},
    {"$dps/registrations/PUT/iotdps-register/?", -1, NULL, NULL},
    {"$dps/registrations/PUT/iotdps-register/?$rid=", -1, NULL, NULL},
    {"$dps/registrations/PUT/iotdps-register/", -1, NULL, NULL},
    {"$dps/registrations/POST/iotdps-register/?$rid=1", -1, NULL, NULL},
    {"$dps/registrations/res/200/?$rid=1", -1, NULL, NULL},
    {"devices/d/messages/events/", -1, NULL, NULL},
    {"", -1, NULL, NULL},
};

static void topics_are_requests_with_a_rid(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(topics); i++) {
        struct dps_request rq;
        int code = dps_request_parse(span_text(topics[i].topic), &rq);
        bool is_right = topics[i].kind < 0
                            ? code == ERR_SYNTAX
                            : code == 0 && (int)rq.kind == topics[i].kind &&
                                  span_equals_text(rq.rid, topics[i].rid) &&
                                  span_equals_text(rq.operation_id, topics[i].operation);
        if (!is_right) {
            fail_msg("'%s': seen %s, rid '%.*s'", topics[i].topic, error_name(code),
                     SPAN_ARG(rq.rid));
        }
    }
}

static void a_response_has_rid_first_and_retry_after_behind_it(void **state)
{
    (void)state;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 200);
    assert_int_equal(dps_response_topic(202, SPAN_LITERAL("r-1"), 3, &out), 0);
    assert_string_equal(buf_text(&out), "$dps/registrations/res/202/?$rid=r-1&retry-after=3");
    buf_clear(&out);
    assert_int_equal(dps_response_topic(200, SPAN_LITERAL("r-1"), 0, &out), 0);
    assert_string_equal(buf_text(&out), "$dps/registrations/res/200/?$rid=r-1");
}

static const struct {
    const char *filter;
    bool is_match;
} filters[] = {
    {"$dps/registrations/res/#", true},
    {"$dps/registrations/+/+/+", true},
    {"$dps/#", true},
    {"$dps/registrations/res/200/?$rid=1", true},
    {"$dps/registrations/res/200/#", true},
    {"$dps/registrations/res/200/?$rid=1/#", true},
    {"#", false},
    {"+/registrations/res/200/+", false},
    {"$dps/registrations/res/201/#", false},
    {"$dps/registrations/res/+", false},
    {"$dps/registrations/res/200", false},
    {"$iothub/#", false},
};

static void filters_match_as_mqtt_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(filters); i++) {
        bool is_match = dps_filter_matches(span_text(filters[i].filter),
                                           SPAN_LITERAL("$dps/registrations/res/200/?$rid=1"));
        if (is_match != filters[i].is_match) {
            fail_msg("filter '%s': expected %d, seen %d", filters[i].filter, filters[i].is_match,
                     is_match);
        }
    }
}

static void registration_ids_have_128_characters_at_most(void **state)
{
    (void)state;
    char id[140];
    memset(id, 'a', sizeof id);
    assert_true(dps_id_is_valid(span_of(id, 128)));
    assert_false(dps_id_is_valid(span_of(id, 129)));
    assert_false(dps_id_is_valid(SPAN_EMPTY));
    assert_false(dps_id_is_valid(SPAN_LITERAL("a_")));
    assert_false(dps_id_is_valid(SPAN_LITERAL("a/b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_names_follow_their_grammar),
        cmocka_unit_test(topics_are_requests_with_a_rid),
        cmocka_unit_test(a_response_has_rid_first_and_retry_after_behind_it),
        cmocka_unit_test(filters_match_as_mqtt_says),
        cmocka_unit_test(registration_ids_have_128_characters_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
