// SPDX-License-Identifier: MIT
#include "simulator/hub/bag.h"
#include "simulator/hub/hub_rig.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *rule;
    const char *bag;
    const char *properties; // NULL: refused
    const char *system;
} bag_rows[] = {
    {"empty", "", "{}", "{}"},
    {"one pair", "a=b", "{\"a\":\"b\"}", "{}"},
    {"$ encoded", "%24.mid=m%2D7&%24.ct=application%2Fjson", "{}",
     "{\"message-id\":\"m-7\",\"content-type\":\"application/json\"}"},
    {"$ raw (Java)", "$.mid=1&$.ce=utf-8", "{}",
     "{\"message-id\":\"1\",\"content-encoding\":\"utf-8\"}"},
    {"key alone is null", "a&b=1", "{\"a\":null,\"b\":\"1\"}", "{}"},
    {"key with = is an empty text", "a=", "{\"a\":\"\"}", "{}"},
    {"= inside a value", "a=b=c", "{\"a\":\"b=c\"}", "{}"},
    {"slash at the end (Java, Node modules)", "a=b/", "{\"a\":\"b\"}", "{}"},
    {"raw blank and slash (C SDK)", "a b=c/d&%24.mid=m-1", "{\"a b\":\"c/d\"}",
     "{\"message-id\":\"m-1\"}"},
    {"plus stays a plus sign", "a=b+c", "{\"a\":\"b+c\"}", "{}"},
    {"percent-encoded UTF-8", "colour=gr%C3%BCn", "{\"colour\":\"gr\xC3\xBCn\"}", "{}"},
    {"quotes", "a=%22%5C", "{\"a\":\"\\\"\\\\\"}", "{}"},
    {"the last of two wins", "a=1&b=2&a=3", "{\"b\":\"2\",\"a\":\"3\"}", "{}"},
    {"empty pairs are skipped", "&a=1&&b=2&", "{\"a\":\"1\",\"b\":\"2\"}", "{}"},
    {"unknown $ key stays an application property", "$.foo=1", "{\"$.foo\":\"1\"}", "{}"},
    {"remaining system names",
     "$.cid=1&$.uid=2&$.to=3&$.on=4&$.exp=5&$.ctime=6&$.ifid=7&$.sub=8&$.schema=9", "{}",
     "{\"correlation-id\":\"1\",\"user-id\":\"2\",\"to\":\"3\",\"output-name\":\"4\",\"absolute-"
     "expiry-time\":\"5\",\"creation-time\":\"6\",\"interface-id\":\"7\",\"dt-subject\":\"8\","
     "\"data-schema\":\"9\"}"},
    {"names without $",
     "iothub-ack=full&iothub-operation=x&$.cdid=d&$.cmid=m&$.diagid=i&$.diagctx=c", "{}",
     "{\"iothub-ack\":\"full\",\"iothub-operation\":\"x\",\"connection-device-id\":\"d\","
     "\"connection-module-id\":\"m\",\"diagnostic-id\":\"i\",\"diagnostic-correlation-context\":"
     "\"c\"}"},
    {"stray %", "a=%", NULL, NULL},
    {"stray % in a key", "%2=1", NULL, NULL},
    {"no name", "=1", NULL, NULL},
};

static void bags_become_two_json_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(bag_rows); i++) {
        struct bag bag;
        struct buf properties;
        struct buf system;
        buf_init(&properties, 10000);
        buf_init(&system, 10000);
        int code = bag_parse(span_text(bag_rows[i].bag), &bag);
        if (bag_rows[i].properties == NULL) {
            assert_int_equal(code, ERR_SYNTAX);
        } else {
            assert_int_equal(code, 0);
            assert_int_equal(bag_to_json(&bag, false, &properties), 0);
            assert_int_equal(bag_to_json(&bag, true, &system), 0);
            if (strcmp(buf_text(&properties), bag_rows[i].properties) != 0 ||
                strcmp(buf_text(&system), bag_rows[i].system) != 0) {
                fail_msg("%s: seen %s and %s", bag_rows[i].rule, buf_text(&properties),
                         buf_text(&system));
            }
        }
        bag_deinit(&bag);
        buf_deinit(&properties);
        buf_deinit(&system);
    }
}

struct message_seen {
    json_t *json;
};

static void keep_message(void *context, const struct event *e)
{
    struct message_seen *seen = context;
    struct buf text;
    if (e->type != EVENT_D2C_MESSAGE) {
        return;
    }
    buf_init(&text, 4U << 20);
    assert_int_equal(event_to_json(e, &text), 0);
    json_decref(seen->json);
    seen->json = json_loads(buf_text(&text), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(seen->json);
    buf_deinit(&text);
}

static const char *text_of(const struct message_seen *seen, const char *field)
{
    return json_string_value(json_object_get(seen->json, field));
}

static void a_stored_message_shows_all_that_is_known_of_it(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct message_seen seen = {0};
    rig_open(&rig);
    assert_int_equal(journal_listen(rig.journal, keep_message, &seen), 0);
    struct telemetry m = {.identity = hub_find_identity(rig.hub, SPAN_LITERAL("bench-01")),
                          .connection = 9,
                          .bag = SPAN_LITERAL("a=1&%24.mid=m-1"),
                          .body = SPAN_LITERAL("{\"t\":21}"),
                          .qos = 1,
                          .packet_id = 77};
    assert_int_equal(hub_store_telemetry(rig.hub, &m), REASON_OK);
    assert_string_equal(text_of(&seen, "device"), "bench-01");
    assert_string_equal(text_of(&seen, "message_id"), "m-1");
    assert_string_equal(text_of(&seen, "body"), "{\"t\":21}");
    assert_string_equal(text_of(&seen, "properties"), "{\"a\":\"1\"}");
    assert_string_equal(text_of(&seen, "system_properties"), "{\"message-id\":\"m-1\"}");
    assert_int_equal(json_integer_value(json_object_get(seen.json, "body_bytes")), 8);
    assert_int_equal(json_integer_value(json_object_get(seen.json, "packet_id")), 77);
    assert_int_equal(json_integer_value(json_object_get(seen.json, "qos")), 1);
    assert_int_equal(json_integer_value(json_object_get(seen.json, "connection")), 9);
    assert_true(json_is_false(json_object_get(seen.json, "will")));
    assert_logged(&rig.log, "d2c.message message_id=m-1");
    json_decref(seen.json);
    rig_close(&rig);
}

static void will_retain_and_dup_become_application_properties(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct message_seen seen = {0};
    rig_open(&rig);
    assert_int_equal(journal_listen(rig.journal, keep_message, &seen), 0);
    struct telemetry m = {.identity = hub_find_identity(rig.hub, SPAN_LITERAL("bench-01")),
                          .is_will = true,
                          .is_retain = true,
                          .is_dup = true};
    assert_int_equal(hub_store_telemetry(rig.hub, &m), REASON_OK);
    assert_string_equal(
        text_of(&seen, "properties"),
        "{\"iothub-MessageType\":\"Will\",\"mqtt-retain\":\"true\",\"mqtt-dup\":\"true\"}");
    json_decref(seen.json);
    rig_close(&rig);
}

static void the_body_is_shown_up_to_1024_bytes_and_not_cut_inside_a_character(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct message_seen seen = {0};
    static char body[2000];
    rig_open(&rig);
    assert_int_equal(journal_listen(rig.journal, keep_message, &seen), 0);
    memset(body, 'x', sizeof body);
    memcpy(body + 1023, "\xC3\xBC", 2);
    struct telemetry m = {.identity = hub_find_identity(rig.hub, SPAN_LITERAL("bench-01")),
                          .body = span_of(body, 1024)};
    assert_int_equal(hub_store_telemetry(rig.hub, &m), REASON_OK);
    m.body = span_of(body, sizeof body);
    assert_int_equal(hub_store_telemetry(rig.hub, &m), REASON_OK);
    assert_int_equal(strlen(text_of(&seen, "body")), 1023);
    assert_int_equal(json_integer_value(json_object_get(seen.json, "body_bytes")), 2000);
    json_decref(seen.json);
    rig_close(&rig);
}

static void size_counts_body_names_and_values_but_not_system_names(void **state)
{
    (void)state;
    enum { LIMIT = 262144 };
    struct hub_rig rig;
    uint8_t *body = calloc(1, LIMIT + 1);
    assert_non_null(body);
    rig_open(&rig);
    struct telemetry m = {.identity = hub_find_identity(rig.hub, SPAN_LITERAL("bench-01"))};
    const struct {
        const char *rule;
        const char *bag;
        size_t body_bytes;
        enum reason reason;
    } rows[] = {
        {"just fits", "", LIMIT, REASON_OK},
        {"one byte of body too many", "", LIMIT + 1, REASON_MESSAGE_TOO_LARGE},
        {"application name and value count", "ab=cd", LIMIT - 4, REASON_OK},
        {"application name and value count, one more", "ab=cd", LIMIT - 3,
         REASON_MESSAGE_TOO_LARGE},
        {"of a system property the value counts", "$.mid=cd", LIMIT - 2, REASON_OK},
        {"of a system property the value counts, one more", "$.mid=cd", LIMIT - 1,
         REASON_MESSAGE_TOO_LARGE},
        {"decoded bytes count", "a=%41%42", LIMIT - 3, REASON_OK},
        {"unreadable bag", "a=%4", 1, REASON_BAD_PROPERTIES},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        m.bag = span_text(rows[i].bag);
        m.body = span_of(body, rows[i].body_bytes);
        enum reason reason = hub_store_telemetry(rig.hub, &m);
        if (reason != rows[i].reason) {
            fail_msg("%s: seen %s", rows[i].rule, reason_row(reason)->word);
        }
    }
    free(body);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bags_become_two_json_objects),
        cmocka_unit_test(a_stored_message_shows_all_that_is_known_of_it),
        cmocka_unit_test(will_retain_and_dup_become_application_properties),
        cmocka_unit_test(the_body_is_shown_up_to_1024_bytes_and_not_cut_inside_a_character),
        cmocka_unit_test(size_counts_body_names_and_values_but_not_system_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
