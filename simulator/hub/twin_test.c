// SPDX-License-Identifier: MIT
// Twins, rule by rule of "IoT Hub over MQTT, twins".
#include "simulator/hub/twin.h"
#include "simulator/hub/hub_rig.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#define DEVICE SPAN_LITERAL("bench-01")
#define API    "2021-04-12"

static const struct identity *device_of(struct hub_rig *rig)
{
    return hub_find_identity(rig->hub, DEVICE);
}

static void assert_read(struct hub_rig *rig, const char *expected)
{
    struct buf out;
    int64_t version = 0;
    buf_init(&out, 1 << 20);
    assert_int_equal(hub_twin_read(rig->hub, device_of(rig), API, &out, &version), REASON_OK);
    assert_string_equal(buf_text(&out), expected);
    buf_deinit(&out);
}

static enum reason report(struct hub_rig *rig, const char *api, const char *json)
{
    int64_t version = 0;
    error_clear();
    return hub_twin_report(rig->hub, device_of(rig), api, span_text(json), &version);
}

static void a_new_twin_is_empty_at_version_1(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_read(&rig, "{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}");
    rig_close(&rig);
}

static const struct {
    const char *rule;
    const char *first;
    const char *patch;
    const char *reported; // without $version
} merge_rows[] = {
    {"a key is added", "{\"a\":1}", "{\"b\":2}", "\"a\":1,\"b\":2"},
    {"a value is replaced", "{\"a\":1}", "{\"a\":\"x\"}", "\"a\":\"x\""},
    {"null deletes", "{\"a\":1,\"b\":2}", "{\"a\":null}", "\"b\":2"},
    {"null of a missing key is no mistake", "{\"a\":1}", "{\"z\":null}", "\"a\":1"},
    {"objects merge", "{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":3,\"z\":4}}",
     "\"a\":{\"x\":1,\"y\":3,\"z\":4}"},
    {"null deletes inside", "{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"x\":null}}", "\"a\":{\"y\":2}"},
    {"an emptied object stays", "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":null}}", "\"a\":{}"},
    {"an empty object makes one", "{}", "{\"a\":{}}", "\"a\":{}"},
    {"an empty object keeps the old one", "{\"a\":{\"x\":1}}", "{\"a\":{}}", "\"a\":{\"x\":1}"},
    {"an object replaces a number", "{\"a\":1}", "{\"a\":{\"x\":1,\"n\":null}}", "\"a\":{\"x\":1}"},
    {"a number replaces an object", "{\"a\":{\"x\":1}}", "{\"a\":1}", "\"a\":1"},
    {"an array replaces whole", "{\"a\":[1,2,3]}", "{\"a\":[4]}", "\"a\":[4]"},
    {"numbers keep their kind", "{}", "{\"a\":1,\"b\":1.0,\"c\":0.1,\"d\":1e30,\"e\":-0.5}",
     "\"a\":1,\"b\":1.0,\"c\":0.1,\"d\":1e+30,\"e\":-0.5"},
    {"texts keep their characters", "{}", "{\"a\":\"\\\"\\\\\\u00fc\\n\"}",
     "\"a\":\"\\\"\\\\\xC3\xBC\\u000a\""},
    {"the last of two equal keys wins", "{}", "{\"a\":1,\"a\":2}", "\"a\":2"},
};

static void a_patch_merges_into_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(merge_rows); i++) {
        struct hub_rig rig;
        char expected[400];
        struct buf seen;
        int64_t version;
        rig_open(&rig);
        assert_int_equal(report(&rig, API, merge_rows[i].first), REASON_OK);
        assert_int_equal(report(&rig, API, merge_rows[i].patch), REASON_OK);
        snprintf(expected, sizeof expected,
                 "{\"desired\":{\"$version\":1},\"reported\":{%s,\"$version\":3}}",
                 merge_rows[i].reported);
        buf_init(&seen, 10000);
        assert_int_equal(hub_twin_read(rig.hub, device_of(&rig), API, &seen, &version), REASON_OK);
        if (strcmp(buf_text(&seen), expected) != 0) {
            fail_msg("%s: seen %s", merge_rows[i].rule, buf_text(&seen));
        }
        buf_deinit(&seen);
        rig_close(&rig);
    }
}

#define TEN_DEEP "{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":{\"9\":{\"10\":"
#define TEN_ENDS "}}}}}}}}}}"

static const struct {
    const char *rule;
    const char *api;
    const char *patch;
    enum reason reason;
    const char *why;
} limit_rows[] = {
    {"ten levels", API, TEN_DEEP "{\"a\":1}" TEN_ENDS, REASON_OK, ""},
    {"eleven levels", API, TEN_DEEP "{\"a\":{}}" TEN_ENDS, REASON_INVALID_ARGUMENT,
     "'a' is nested deeper than 10 levels"},
    {"point in a key", API, "{\"a.b\":1}", REASON_INVALID_ARGUMENT, "seen 'a.b'"},
    {"dollar in a key", API, "{\"$version\":1}", REASON_INVALID_ARGUMENT, "seen '$version'"},
    {"blank in a key", API, "{\"a b\":1}", REASON_INVALID_ARGUMENT, "seen 'a b'"},
    {"hash in a key", API, "{\"a#b\":1}", REASON_INVALID_ARGUMENT, "seen 'a#b'"},
    {"control character in a key", API, "{\"a\\u0001\":1}", REASON_INVALID_ARGUMENT,
     "a key has no"},
    {"C1 control in a key", API, "{\"a\\u0085\":1}", REASON_INVALID_ARGUMENT, "a key has no"},
    {"key rules hold inside", API, "{\"a\":{\"b.c\":1}}", REASON_INVALID_ARGUMENT, "seen 'b.c'"},
    {"a deleted key is judged too", API, "{\"a.b\":null}", REASON_INVALID_ARGUMENT, "seen 'a.b'"},
    {"an umlaut in a key", API, "{\"\\u00fc\":1}", REASON_OK, ""},
    {"greatest integer", API, "{\"a\":4503599627370495}", REASON_OK, ""},
    {"beyond it", API, "{\"a\":4503599627370496}", REASON_INVALID_ARGUMENT,
     "the integer of 'a' is 4503599627370496"},
    {"least integer", API, "{\"a\":-4503599627370496}", REASON_OK, ""},
    {"below it", API, "{\"a\":-4503599627370497}", REASON_INVALID_ARGUMENT, "-4503599627370497"},
    {"an integer beyond 64 bits", API, "{\"a\":99999999999999999999}", REASON_INVALID_ARGUMENT,
     "a number at line 1"},
    {"integers in arrays", API, "{\"a\":[4503599627370496]}", REASON_INVALID_ARGUMENT,
     "the integer"},
    {"array with a new api-version", "2019-10-01", "{\"a\":[1]}", REASON_OK, ""},
    {"array with an old one", "2018-06-30", "{\"a\":[1]}", REASON_INVALID_ARGUMENT,
     "'a' is an array: arrays need api-version 2019-10-01"},
    {"null in an array", API, "{\"a\":[1,null]}", REASON_INVALID_ARGUMENT, "null in an array"},
    {"no api-version", "", "{\"a\":1}", REASON_NO_API_VERSION, "no api-version"},
    {"not JSON", API, "{\"a\":", REASON_MALFORMED_JSON, "not JSON at line 1"},
    {"nothing", API, "", REASON_MALFORMED_JSON, "not JSON"},
    {"an array at the root", API, "[1]", REASON_INVALID_ARGUMENT, "is an object"},
    {"bad UTF-8", API, "{\"a\":\"\xFF\"}", REASON_MALFORMED_JSON, "unable to decode byte 0xff"},
};

static void a_patch_beyond_the_limits_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(limit_rows); i++) {
        struct hub_rig rig;
        rig_open(&rig);
        enum reason reason = report(&rig, limit_rows[i].api, limit_rows[i].patch);
        if (reason != limit_rows[i].reason || !strstr(error_detail(), limit_rows[i].why)) {
            fail_msg("%s: seen %s '%s'", limit_rows[i].rule, reason_row(reason)->word,
                     error_detail());
        }
        if (reason != REASON_OK) {
            assert_read(&rig, "{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}");
            assert_int_equal(reason_row(reason)->http, 400);
        }
        rig_close(&rig);
    }
}

// {"KEY":"xx...x"} with `len` bytes of text.
static char *long_text(size_t key_len, size_t len)
{
    char *out = calloc(1, key_len + len + 20);
    assert_non_null(out);
    strcpy(out, "{\"");
    memset(out + 2, 'k', key_len);
    strcpy(out + 2 + key_len, "\":\"");
    memset(out + 5 + key_len, 'x', len);
    strcpy(out + 5 + key_len + len, "\"}");
    return out;
}

static void a_text_has_4096_bytes_and_a_key_1024(void **state)
{
    (void)state;
    const struct {
        size_t key_len;
        size_t len;
        enum reason reason;
    } rows[] = {{1, 4096, REASON_OK},
                {1, 4097, REASON_INVALID_ARGUMENT},
                {1024, 1, REASON_OK},
                {1025, 1, REASON_INVALID_ARGUMENT}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct hub_rig rig;
        rig_open(&rig);
        char *json = long_text(rows[i].key_len, rows[i].len);
        assert_int_equal(report(&rig, API, json), rows[i].reason);
        free(json);
        rig_close(&rig);
    }
}

// Eight texts of 4095 with a key of one byte make 32768.
static void a_section_has_32768_bytes_of_keys_and_values(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    for (int i = 0; i < 8; i++) {
        char *json = long_text(1, 4095);
        json[2] = (char)('a' + i);
        assert_int_equal(report(&rig, API, json), REASON_OK);
        free(json);
    }
    enum reason reason = report(&rig, API, "{\"z\":{}}");
    assert_int_equal(reason, REASON_TWIN_TOO_LARGE);
    assert_string_equal(error_detail(),
                        "reported would have 32769 bytes, at most 32768 are allowed");
    assert_int_equal(hub_twin_status(rig.hub, reason), 413);
    assert_int_equal(report(&rig, API, "{\"a\":null,\"z\":{}}"), REASON_OK);
    rig_close(&rig);
}

static const struct {
    const char *rule;
    const char *patch;
    int more; // bytes beside the text that fills up
} size_rows[] = {
    {"a number is 8", "{\"a\":1.5}", 9},
    {"a boolean is 4", "{\"a\":true}", 5},
    {"keys inside count", "{\"a\":{\"b\":1}}", 10},
    {"elements of arrays count", "{\"a\":[1,false]}", 13},
    {"control characters do not", "{\"a\":\"x\\n\\ty\"}", 3},
    {"UTF-8 counts in bytes", "{\"\\u00fc\":\"\\u00fc\"}", 4},
};

static void the_size_follows_the_services_formula(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(size_rows); i++) {
        for (int over = 0; over < 2; over++) {
            struct hub_rig rig;
            rig_open(&rig);
            assert_int_equal(report(&rig, API, size_rows[i].patch), REASON_OK);
            for (int k = 0; k < 7; k++) {
                char *json = long_text(1, 4096);
                json[2] = (char)('k' + k);
                assert_int_equal(report(&rig, API, json), REASON_OK);
                free(json);
            }
            size_t left = 32768 - 7 * 4097 - (size_t)size_rows[i].more;
            char *json = long_text(1, left - 1 + (size_t)over);
            json[2] = 'z';
            enum reason reason = report(&rig, API, json);
            if (reason != (over ? REASON_TWIN_TOO_LARGE : REASON_OK)) {
                fail_msg("%s: seen %s with %d over: %s", size_rows[i].rule,
                         reason_row(reason)->word, over, error_detail());
            }
            free(json);
            rig_close(&rig);
        }
    }
}

static void a_too_large_twin_is_400_with_the_option(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    settings.twin_too_large_status = 400;
    rig_open_with(&rig, &settings);
    assert_int_equal(hub_twin_status(rig.hub, REASON_TWIN_TOO_LARGE), 400);
    assert_int_equal(hub_twin_status(rig.hub, REASON_INVALID_ARGUMENT), 400);
    rig_close(&rig);
}

// ---- the service

static json_t *document_of(struct hub_rig *rig)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(hub_twin_get_json(rig->hub, DEVICE, &out), REASON_OK);
    json_t *root = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    buf_deinit(&out);
    return root;
}

// "properties/desired/$version" and the like.
static json_t *at(json_t *root, const char *path)
{
    char text[200];
    char *save = NULL;
    snprintf(text, sizeof text, "%s", path);
    for (char *key = strtok_r(text, "/", &save); key; key = strtok_r(NULL, "/", &save)) {
        root = json_object_get(root, key);
    }
    return root;
}

static void the_service_sees_metadata_at_every_level(void **state)
{
    (void)state;
    struct hub_rig rig;
    int64_t version = 0;
    rig_open(&rig);
    assert_int_equal(hub_twin_patch_desired(rig.hub, DEVICE,
                                            SPAN_LITERAL("{\"a\":{\"b\":1,\"c\":2}}"), &version),
                     REASON_OK);
    assert_int_equal(version, 2);
    rig.fake.utc_us += 1500000;
    assert_int_equal(
        hub_twin_patch_desired(rig.hub, DEVICE, SPAN_LITERAL("{\"a\":{\"c\":null,\"d\":3}}"), NULL),
        REASON_OK);
    json_t *root = document_of(&rig);
    const char *meta = "properties/desired/$metadata/a/b/$lastUpdated";
    assert_string_equal(json_string_value(at(root, meta)), "2026-11-20T10:03:00.0000000Z");
    meta = "properties/desired/$metadata/a/$lastUpdated";
    assert_string_equal(json_string_value(at(root, meta)), "2026-11-20T10:03:01.5000000Z");
    meta = "properties/desired/$metadata/a/d/$lastUpdatedVersion";
    assert_int_equal(json_integer_value(at(root, meta)), 3);
    assert_null(at(root, "properties/desired/$metadata/a/c"));
    assert_int_equal(json_integer_value(at(root, "properties/desired/$version")), 3);
    assert_string_equal(json_string_value(at(root, "properties/reported/$metadata/$lastUpdated")),
                        "0001-01-01T00:00:00Z");
    assert_string_equal(json_string_value(at(root, "deviceId")), "bench-01");
    assert_string_equal(json_string_value(at(root, "etag")), "AAAAAAAAAAM=");
    assert_int_equal(json_integer_value(at(root, "version")), 3);
    json_decref(root);
    rig_close(&rig);
}

struct push {
    struct hub_link link;
    char text[400];
    int64_t version;
    int count;
};

static void on_desired(struct hub_link *link, struct span patch, int64_t version)
{
    struct push *push = (struct push *)(void *)link;
    span_copy_text(patch, push->text, sizeof push->text);
    push->version = version;
    push->count++;
}

static void on_close(struct hub_link *link, enum reason reason, uint32_t by)
{
    (void)link;
    (void)reason;
    (void)by;
}

static void a_patch_is_pushed_as_given_and_a_replacement_whole(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct push push = {.link = {.close = on_close, .desired = on_desired, .connection = 1}};
    rig_open(&rig);
    push.link.identity = device_of(&rig);
    hub_attach(rig.hub, &push.link);
    assert_int_equal(hub_twin_patch(rig.hub, DEVICE,
                                    SPAN_LITERAL("{\"tags\":{\"site\":\"A\"},\"properties\":"
                                                 "{\"desired\":{\"a\":1,\"$version\":77}}}"),
                                    SPAN_EMPTY),
                     REASON_OK);
    assert_string_equal(push.text, "{\"a\":1,\"$version\":2}");
    assert_int_equal(
        hub_twin_patch_desired(rig.hub, DEVICE, SPAN_LITERAL("{\"a\":null,\"b\":2}"), NULL),
        REASON_OK);
    assert_string_equal(push.text, "{\"a\":null,\"b\":2,\"$version\":3}");
    assert_int_equal(hub_twin_replace_desired(rig.hub, DEVICE, SPAN_LITERAL("{\"c\":3}"), NULL),
                     REASON_OK);
    assert_string_equal(push.text, "{\"c\":3,\"$version\":4}");
    assert_int_equal(push.version, 4);
    assert_int_equal(
        hub_twin_patch(rig.hub, DEVICE, SPAN_LITERAL("{\"tags\":{\"site\":null}}"), SPAN_EMPTY),
        REASON_OK);
    assert_int_equal(push.count, 3); // tags are not the device's
    assert_read(&rig, "{\"desired\":{\"c\":3,\"$version\":4},\"reported\":{\"$version\":1}}");
    hub_detach(rig.hub, &push.link);
    rig_close(&rig);
}

static const struct {
    const char *if_match;
    enum reason reason;
} etag_rows[] = {{"", REASON_OK},
                 {"*", REASON_OK},
                 {"\"*\"", REASON_OK},
                 {"AAAAAAAAAAE=", REASON_OK},
                 {"\"AAAAAAAAAAE=\"", REASON_OK},
                 {"\"AAAAAAAAAAI=\"", REASON_ETAG_MISMATCH},
                 {"x", REASON_ETAG_MISMATCH}};

static void an_etag_is_compared_with_or_without_quotes(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(etag_rows); i++) {
        struct hub_rig rig;
        rig_open(&rig);
        enum reason reason = hub_twin_patch(rig.hub, DEVICE, SPAN_LITERAL("{\"tags\":{\"a\":1}}"),
                                            span_text(etag_rows[i].if_match));
        if (reason != etag_rows[i].reason) {
            fail_msg("'%s': seen %s", etag_rows[i].if_match, reason_row(reason)->word);
        }
        rig_close(&rig);
    }
}

static void a_change_is_whole_or_not_at_all(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(hub_twin_patch(rig.hub, DEVICE,
                                    SPAN_LITERAL("{\"tags\":{\"a\":1},\"properties\":{\"desired\":"
                                                 "{\"b.c\":1}}}"),
                                    SPAN_EMPTY),
                     REASON_INVALID_ARGUMENT);
    json_t *root = document_of(&rig);
    assert_int_equal(json_object_size(at(root, "tags")), 0);
    assert_int_equal(json_integer_value(at(root, "version")), 1);
    json_decref(root);
    rig_close(&rig);
}

static void an_error_body_has_code_and_sentence(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct buf out;
    rig_open(&rig);
    buf_init(&out, 10000);
    assert_int_equal(hub_error_body(rig.hub, REASON_INVALID_ARGUMENT, "a \"key\"", &out), 0);
    json_t *root = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_integer_value(at(root, "errorCode")), 400004);
    assert_string_equal(json_string_value(at(root, "message")),
                        "ErrorCode:ArgumentInvalid;a \"key\"");
    assert_string_equal(json_string_value(at(root, "timestampUtc")),
                        "2026-11-20T10:03:00.0000000Z");
    assert_non_null(strstr(json_string_value(at(root, "trackingId")), "-G:0-TimeStamp:"));
    json_decref(root);
    buf_deinit(&out);
    rig_close(&rig);
}

static void a_twin_is_exported_and_imported_as_it_was(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct hub_rig other;
    struct buf saved;
    struct buf again;
    rig_open(&rig);
    rig_open(&other);
    buf_init(&saved, 1 << 20);
    buf_init(&again, 1 << 20);
    assert_int_equal(hub_twin_export(rig.hub, DEVICE, &saved), 0);
    assert_int_equal(saved.len, 0); // never written to
    assert_int_equal(report(&rig, API, "{\"r\":{\"x\":1.0}}"), REASON_OK);
    assert_int_equal(hub_twin_patch(rig.hub, DEVICE,
                                    SPAN_LITERAL("{\"tags\":{\"t\":1},\"properties\":{\"desired\":"
                                                 "{\"d\":[1]}}}"),
                                    SPAN_EMPTY),
                     REASON_OK);
    assert_int_equal(hub_twin_export(rig.hub, DEVICE, &saved), 0);
    assert_int_equal(hub_twin_import(other.hub, DEVICE, buf_span(&saved)), 0);
    assert_int_equal(hub_twin_export(other.hub, DEVICE, &again), 0);
    assert_string_equal(buf_text(&again), buf_text(&saved));
    assert_read(&other, "{\"desired\":{\"d\":[1],\"$version\":2},\"reported\":{\"r\":{\"x\":1.0},"
                        "\"$version\":2}}");
    buf_deinit(&saved);
    buf_deinit(&again);
    rig_close(&rig);
    rig_close(&other);
}

static const struct {
    const char *json;
    int code;
} import_rows[] = {
    {"{", ERR_SYNTAX},
    {"[]", ERR_VALUE},
    {"{}", ERR_VALUE},
    {"{\"version\":0,\"etag\":1}", ERR_VALUE},
    {"{\"version\":2,\"etag\":1,\"tags\":5}", ERR_VALUE},
    {"{\"version\":2,\"etag\":1,\"tags\":{\"a.b\":1}}", ERR_VALUE},
    {"{\"version\":2,\"etag\":1,\"tags\":{},\"desired\":{\"version\":1,\"value\":{}}}", ERR_VALUE},
};

static void a_damaged_state_leaves_the_twin_as_it_was(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(report(&rig, API, "{\"r\":1}"), REASON_OK);
    for (size_t i = 0; i < HR_COUNT_OF(import_rows); i++) {
        assert_int_equal(hub_twin_import(rig.hub, DEVICE, span_text(import_rows[i].json)),
                         import_rows[i].code);
    }
    assert_int_equal(hub_twin_import(rig.hub, SPAN_LITERAL("nobody"), SPAN_LITERAL("{}")),
                     ERR_UNKNOWN_NAME);
    assert_read(&rig, "{\"desired\":{\"$version\":1},\"reported\":{\"r\":1,\"$version\":2}}");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_twin_is_empty_at_version_1),
        cmocka_unit_test(a_patch_merges_into_reported),
        cmocka_unit_test(a_patch_beyond_the_limits_is_refused_and_changes_nothing),
        cmocka_unit_test(a_text_has_4096_bytes_and_a_key_1024),
        cmocka_unit_test(a_section_has_32768_bytes_of_keys_and_values),
        cmocka_unit_test(the_size_follows_the_services_formula),
        cmocka_unit_test(a_too_large_twin_is_400_with_the_option),
        cmocka_unit_test(the_service_sees_metadata_at_every_level),
        cmocka_unit_test(a_patch_is_pushed_as_given_and_a_replacement_whole),
        cmocka_unit_test(an_etag_is_compared_with_or_without_quotes),
        cmocka_unit_test(a_change_is_whole_or_not_at_all),
        cmocka_unit_test(an_error_body_has_code_and_sentence),
        cmocka_unit_test(a_twin_is_exported_and_imported_as_it_was),
        cmocka_unit_test(a_damaged_state_leaves_the_twin_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
