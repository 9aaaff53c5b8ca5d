// SPDX-License-Identifier: MIT
// The way of a registration: assigning, then assigned, failed or disabled; statuses on the way.
#include "simulator/dps/dps_request_rig.h"

// ---- every status of an answer

static char operation_id[80];

static void register_now(void)
{
    struct dps_answer answer;
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation_id, &answer), 202);
    dps_answer_deinit(&answer);
}

static void register_and_wait(void)
{
    register_now();
    pass(1000000);
}

static void register_and_poll_five_times(void)
{
    struct dps_answer answer;
    register_now();
    for (int i = 0; i < 5; i++) {
        assert_int_not_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation_id, &answer), 429);
        dps_answer_deinit(&answer);
    }
}

static void use_the_minute_up(void)
{
    struct dps_settings settings = dps_rig_settings();
    settings.registrations_per_minute = 1;
    reopen(&settings);
    register_now();
}

static void show_disabled(void)
{
    struct dps_settings settings = dps_rig_settings();
    settings.shows_disabled = true;
    reopen(&settings);
}

static void forget_the_operation(void)
{
    register_now();
    snprintf(operation_id, sizeof operation_id, "4.0000000000000000.nothing");
}

static const struct status_row {
    const char *row;
    void (*before)(void);
    const char *id, *key, *body; // body NULL: a poll
    int status, error_code, retry_after_s;
} status_rows[] = {
    {"202: accepted", NULL, "bench-01", DPS_RIG_KEY, "", 202, 0, 3},
    {"202: still assigning", register_now, "bench-01", DPS_RIG_KEY, NULL, 202, 0, 3},
    {"200: assigned", register_and_wait, "bench-01", DPS_RIG_KEY, NULL, 200, 0, 0},
    {"202: a disabled enrollment by the option", show_disabled, "off-01", DPS_RIG_KEY, "", 202, 0,
     3},
    {"400: malformed JSON", NULL, "bench-01", DPS_RIG_KEY, "{", 400, 400004, 0},
    {"401: wrong symmetric key", NULL, "bench-01", DPS_RIG_GROUP, "", 401, 401000, 0},
    {"401: wrong symmetric key at the poll", register_now, "bench-01", DPS_RIG_GROUP, NULL, 401,
     401000, 0},
    {"401: a certificate that is not enrolled", NULL, "bench-01", NULL, "", 401, 401002, 0},
    {"401: disabled enrollment", NULL, "off-01", DPS_RIG_KEY, "", 401, 401002, 0},
    {"404: registration not found", NULL, "nobody", DPS_RIG_KEY, "", 404, 404201, 0},
    {"404: operation not found", forget_the_operation, "bench-01", DPS_RIG_KEY, NULL, 404, 404201,
     0},
    {"409: the same registration in progress", register_now, "bench-01", DPS_RIG_KEY, "", 409,
     409203, 0},
    {"429: the sixth poll in 10 s", register_and_poll_five_times, "bench-01", DPS_RIG_KEY, NULL,
     429, 429001, 5},
    {"429: more registrations than a minute takes", use_the_minute_up, "x509-01", NULL, "", 429,
     429001, 5},
};

static void every_status_has_its_cause_and_code(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(status_rows); i++) {
        const struct status_row *row = &status_rows[i];
        struct dps_answer answer;
        close_rig(state);
        open_rig(state);
        if (row->before) {
            row->before();
        }
        if (!row->key) {
            snprintf(rig.certificate.common_name, sizeof rig.certificate.common_name, "%s",
                     row->id);
        }
        int status = ask(row->id, row->key, row->body, operation_id, &answer);
        int code = code_of(&answer);
        if (status != row->status || code != row->error_code ||
            (int)answer.retry_after_s != row->retry_after_s) {
            fail_msg("%s: seen %d, %d, %us: %s", row->row, status, code, answer.retry_after_s,
                     buf_text(&answer.body));
        }
        dps_answer_deinit(&answer);
    }
}

// ---- the way of a registration

static void a_registration_is_assigning_and_then_assigned(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 202);
    assert_memory_equal(operation, "4.", 2);
    assert_int_equal(strlen(operation), 2 + 16 + 1 + 36);
    json_t *root = body_of(&answer);
    assert_int_equal(json_object_size(root), 2);
    assert_string_equal(text_at(root, "status"), "assigning");
    json_decref(root);
    dps_answer_deinit(&answer);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation, &answer), 202);
    assert_int_equal(answer.retry_after_s, 3);
    root = body_of(&answer);
    assert_state(root, "status", "assigning");
    assert_state(root, "registrationId", "bench-01");
    json_decref(root);
    dps_answer_deinit(&answer);
    assert_string_equal(rig.placed, "");
    pass(1000000);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation, &answer), 200);
    root = body_of(&answer);
    assert_string_equal(text_at(root, "status"), "assigned");
    assert_string_equal(text_at(root, "operationId"), operation);
    assert_state(root, "status", "assigned");
    assert_state(root, "substatus", "initialAssignment");
    assert_state(root, "deviceId", "bench-01");
    assert_state(root, "createdDateTimeUtc", "2026-11-20T10:03:00.123Z");
    assert_state(root, "lastUpdatedDateTimeUtc", "2026-11-20T10:03:01.1234560Z");
    json_decref(root);
    dps_answer_deinit(&answer);
    assert_string_equal(rig.identity.primary_key, DPS_RIG_KEY);
    assert_logged(&rig.log, "dps.assigned");
}

static void a_registration_goes_on_when_nobody_asks(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    assert_int_equal(dps_deadline_us(rig.dps), UINT64_MAX);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 202);
    dps_answer_deinit(&answer);
    assert_int_equal(dps_deadline_us(rig.dps), rig.fake.mono_us + 1000000);
    pass(1000000);
    dps_tick(rig.dps);
    assert_non_null(strstr(rig.placed, "bench-01 at "));
    assert_int_equal(dps_deadline_us(rig.dps), UINT64_MAX);
}

static void a_sixth_poll_in_ten_seconds_is_throttled(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 202);
    dps_answer_deinit(&answer);
    for (int i = 0; i < 5; i++) {
        assert_int_not_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation, &answer), 429);
        dps_answer_deinit(&answer);
        pass(1000000);
    }
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation, &answer), 429);
    assert_int_equal(answer.retry_after_s, 5);
    dps_answer_deinit(&answer);
    pass(5000000);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation, &answer), 200);
    dps_answer_deinit(&answer);
}

static void registrations_above_the_limit_of_a_minute_are_throttled(void **state)
{
    (void)state;
    struct dps_settings settings = dps_rig_settings();
    struct dps_answer answer;
    char operation[80];
    settings.registrations_per_minute = 2;
    reopen(&settings);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 202);
    dps_answer_deinit(&answer);
    assert_int_equal(ask("nobody", DPS_RIG_KEY, "", operation, &answer), 404);
    dps_answer_deinit(&answer);
    assert_int_equal(ask("x509-01", NULL, "", operation, &answer), 429);
    assert_int_equal(answer.retry_after_s, 5);
    dps_answer_deinit(&answer);
    pass(60000000);
    assert_int_equal(ask("x509-01", NULL, "", operation, &answer), 202);
    dps_answer_deinit(&answer);
}

static void a_disabled_enrollment_may_end_as_a_status(void **state)
{
    (void)state;
    struct dps_settings settings = dps_rig_settings();
    settings.shows_disabled = true;
    reopen(&settings);
    json_t *root = provision("off-01", DPS_RIG_KEY, "");
    assert_string_equal(text_at(root, "status"), "disabled");
    assert_state(root, "status", "disabled");
    assert_string_equal(rig.placed, "");
    json_decref(root);
    assert_logged(&rig.log, "dps.disabled enrollment=off-01");
}

static void enabling_lets_a_device_in_again(void **state)
{
    (void)state;
    assert_int_equal(dps_set_disabled(rig.dps, "off-01", false), 0);
    assert_int_equal(dps_set_disabled(rig.dps, "nobody", false), ERR_UNKNOWN_NAME);
    json_decref(provision("off-01", DPS_RIG_KEY, ""));
}

// ---- allocation, failed states, throttling

static void enroll_bench(struct dps_enrollment e)
{
    snprintf(e.name, sizeof e.name, "bench-01");
    snprintf(e.primary_key, sizeof e.primary_key, "%s", DPS_RIG_KEY);
    dps_rig_enroll(&rig, e);
}

static void static_allocation_takes_its_hub_and_device_id(void **state)
{
    (void)state;
    enroll_bench((struct dps_enrollment){
        .allocation = DPS_STATIC, .hubs = {"two.azure-devices.net"}, .device_id = "pump-in-hub"});
    json_t *root = provision("bench-01", DPS_RIG_KEY, "");
    assert_state(root, "assignedHub", "two.azure-devices.net");
    assert_state(root, "deviceId", "pump-in-hub");
    assert_string_equal(rig.placed, "pump-in-hub at two.azure-devices.net from nowhere");
    json_decref(root);
}

static void hashing_spreads_devices_and_keeps_each_where_it_is(void **state)
{
    (void)state;
    int counts[2] = {0, 0};
    for (int i = 0; i < 20; i++) {
        struct dps_enrollment e = {.primary_key = DPS_RIG_KEY};
        snprintf(e.name, sizeof e.name, "spread-%d", i);
        dps_rig_enroll(&rig, e);
        json_t *first = provision(e.name, DPS_RIG_KEY, "");
        json_t *second = provision(e.name, DPS_RIG_KEY, "");
        const char *hub = text_at(json_object_get(first, "registrationState"), "assignedHub");
        assert_state(second, "assignedHub", hub);
        counts[strcmp(hub, rig.hubs[1]) == 0]++;
        json_decref(first);
        json_decref(second);
    }
    assert_true(counts[0] > 3 && counts[1] > 3);
}

static void custom_allocation_carries_payloads_both_ways(void **state)
{
    (void)state;
    enroll_bench((struct dps_enrollment){.allocation = DPS_CUSTOM});
    rig.ruling = (struct dps_ruling){.status = 200, .hub = "one.azure-devices.net"};
    rig.ruling_payload = "{\"site\":\"rack-7\"}";
    json_t *root = provision("bench-01", DPS_RIG_KEY, "{\"payload\":{\"model\": \"p1\"}}");
    assert_string_equal(rig.wish, "bench-01 of 2 payload {\"model\":\"p1\"}");
    const json_t *payload = json_object_get(json_object_get(root, "registrationState"), "payload");
    assert_string_equal(text_at(payload, "site"), "rack-7");
    json_decref(root);
}

static const struct failed_row {
    const char *row;
    struct dps_enrollment e;
    int ruling_status;
    const char *ruling_hub;
    int place_code;
    bool has_no_hubs;
    int error_code;
    const char *message;
} failed_rows[] = {
    {"webhook failed",
     {.allocation = DPS_CUSTOM},
     400,
     "",
     0,
     false,
     400207,
     "Custom allocation failed with status code: 400"},
    {"webhook chose a stranger",
     {.allocation = DPS_CUSTOM},
     200,
     "x.net",
     0,
     false,
     400208,
     "not eligible"},
    {"no hub linked", {.allocation = DPS_HASHED}, 200, "", 0, true, 400208, "No IoT hub"},
    {"the hub is not linked",
     {.allocation = DPS_STATIC, .hubs = {"x.net"}},
     200,
     "",
     0,
     false,
     400208,
     "No IoT hub"},
    {"no rights on the hub",
     {.allocation = DPS_HASHED},
     200,
     "",
     ERR_PERMISSION,
     false,
     400209,
     "the hub said no"},
    {"the hub failed",
     {.allocation = DPS_HASHED},
     200,
     "",
     ERR_IO,
     false,
     500000,
     "the hub said no"},
};

static void a_failed_operation_is_200_with_its_code(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(failed_rows); i++) {
        const struct failed_row *row = &failed_rows[i];
        close_rig(state);
        open_rig(state);
        enroll_bench(row->e);
        rig.ruling.status = row->ruling_status;
        snprintf(rig.ruling.hub, sizeof rig.ruling.hub, "%s", row->ruling_hub);
        rig.place_code = row->place_code;
        rig.hub_count = row->has_no_hubs ? 0 : 2;
        json_t *root = provision("bench-01", DPS_RIG_KEY, "");
        const json_t *s = json_object_get(root, "registrationState");
        int code = (int)json_integer_value(json_object_get(s, "errorCode"));
        if (code != row->error_code || !strstr(text_at(s, "errorMessage"), row->message) ||
            strcmp(text_at(root, "status"), "failed") != 0 || json_object_get(s, "assignedHub")) {
            fail_msg("%s: expected %d '%s', seen %d '%s'", row->row, row->error_code, row->message,
                     code, text_at(s, "errorMessage"));
        }
        json_decref(root);
    }
}

static const struct {
    const char *row;
    enum dps_reprovision policy;
    const char *hub, *substatus, *placed;
} reprovision_rows[] = {
    {"migrate", DPS_MIGRATE, "two.azure-devices.net", "deviceDataMigrated",
     "bench-01 at two.azure-devices.net from one.azure-devices.net with data"},
    {"reset", DPS_RESET, "two.azure-devices.net", "deviceDataReset",
     "bench-01 at two.azure-devices.net from one.azure-devices.net"},
    {"never", DPS_NEVER, "one.azure-devices.net", "initialAssignment",
     "bench-01 at one.azure-devices.net from nowhere"},
};

static void another_hub_is_taken_as_the_policy_says(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(reprovision_rows); i++) {
        close_rig(state);
        open_rig(state);
        struct dps_enrollment e = {.allocation = DPS_STATIC,
                                   .hubs = {"one.azure-devices.net"},
                                   .reprovision = reprovision_rows[i].policy};
        enroll_bench(e);
        json_decref(provision("bench-01", DPS_RIG_KEY, ""));
        snprintf(e.hubs[0], sizeof e.hubs[0], "two.azure-devices.net");
        enroll_bench(e);
        json_t *root = provision("bench-01", DPS_RIG_KEY, "");
        assert_state(root, "assignedHub", reprovision_rows[i].hub);
        assert_state(root, "substatus", reprovision_rows[i].substatus);
        assert_string_equal(rig.placed, reprovision_rows[i].placed);
        json_decref(root);
    }
}

static void registering_again_changes_only_the_time(void **state)
{
    (void)state;
    json_t *first = provision("bench-01", DPS_RIG_KEY, "");
    json_t *second = provision("bench-01", DPS_RIG_KEY, "");
    static const char *const same[] = {"assignedHub", "deviceId", "substatus",
                                       "createdDateTimeUtc"};
    const json_t *a = json_object_get(first, "registrationState");
    for (size_t i = 0; i < HR_COUNT_OF(same); i++) {
        assert_state(second, same[i], text_at(a, same[i]));
    }
    assert_string_not_equal(
        text_at(a, "lastUpdatedDateTimeUtc"),
        text_at(json_object_get(second, "registrationState"), "lastUpdatedDateTimeUtc"));
    json_decref(first);
    json_decref(second);
}

static void a_fault_answers_with_any_status(void **state)
{
    (void)state;
    static const int rows[][3] = {{429, 429001, 5}, {500, 500000, 5}, {503, 503001, 5},
                                  {401, 401002, 0}, {404, 404201, 0}, {418, 418000, 0}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct dps_caller caller;
        struct dps_answer answer;
        dps_answer_init(&answer);
        assert_int_equal(dps_rig_connect(&rig, "bench-01", DPS_RIG_KEY, &caller), REASON_OK);
        dps_refuse(rig.dps, &caller, rows[i][0], &answer);
        assert_int_equal(answer.status, rows[i][0]);
        assert_int_equal(code_of(&answer), rows[i][1]);
        assert_int_equal(answer.retry_after_s, rows[i][2]);
        dps_answer_deinit(&answer);
        dps_caller_deinit(&caller);
    }
}

static void a_registration_is_exported_and_imported_as_it_was(void **state)
{
    (void)state;
    struct dps_rig other;
    const struct dps_settings settings = dps_rig_settings();
    struct buf first HR_CLEANUP(buf_deinit);
    struct buf second HR_CLEANUP(buf_deinit);
    buf_init(&first, 10000);
    buf_init(&second, 10000);
    enroll_bench((struct dps_enrollment){.allocation = DPS_CUSTOM});
    rig.ruling = (struct dps_ruling){.status = 200, .hub = "one.azure-devices.net"};
    rig.ruling_payload = "{\"site\":\"rack-7\"}";
    json_decref(provision("bench-01", DPS_RIG_KEY, ""));
    assert_int_equal(dps_export(rig.dps, "BENCH-01", &first), 0);
    assert_int_equal(dps_export(rig.dps, "nobody", &first), ERR_UNKNOWN_NAME);
    dps_rig_open_with(&other, &settings);
    assert_int_equal(dps_import(other.dps, buf_span(&first)), 0);
    assert_int_equal(dps_export(other.dps, "bench-01", &second), 0);
    assert_string_equal(buf_text(&first), buf_text(&second));
    assert_non_null(strstr(buf_text(&first), "rack-7"));
    dps_rig_close(&other);
}

static const struct {
    const char *row;
    const char *from, *to; // in what was exported
} damages[] = {
    {"no JSON", "{", ""},
    {"no id", "\"id\"", "\"di\""},
    {"a state that is none", "\"state\":1", "\"state\":9"},
    {"still assigning", "\"state\":1", "\"state\":0"},
    {"an unknown substatus", "initialAssignment", "initialRefusal"},
    {"no operation id", "\"operation_id\"", "\"operation\""},
    {"a number for a text", "\"etag\":\"", "\"etag\":7,\"x\":\""},
};

static void a_damaged_record_is_refused(void **state)
{
    (void)state;
    struct buf good HR_CLEANUP(buf_deinit);
    buf_init(&good, 10000);
    json_decref(provision("bench-01", DPS_RIG_KEY, ""));
    assert_int_equal(dps_export(rig.dps, "bench-01", &good), 0);
    for (size_t i = 0; i < HR_COUNT_OF(damages); i++) {
        char text[4000];
        const char *at = strstr(buf_text(&good), damages[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - buf_text(&good)), buf_text(&good),
                 damages[i].to, at + strlen(damages[i].from));
        if (dps_import(rig.dps, span_text(text)) != ERR_VALUE) {
            fail_msg("%s: taken: %s", damages[i].row, text);
        }
    }
}

static const struct {
    const char *row;
    struct dps_enrollment e;
} bad_enrollments[] = {
    {"no name", {.primary_key = DPS_RIG_KEY}},
    {"a bad name", {.name = "a/b", .primary_key = DPS_RIG_KEY}},
    {"no key", {.name = "d"}},
    {"a short key", {.name = "d", .primary_key = "AAEC"}},
    {"a bad second key", {.name = "d", .primary_key = DPS_RIG_KEY, .secondary_key = "!"}},
    {"no thumbprint", {.name = "d", .attestation = DPS_X509}},
    {"a short thumbprint", {.name = "d", .attestation = DPS_X509, .primary_thumbprint = "ab"}},
    {"a group without CA", {.name = "d", .is_group = true, .attestation = DPS_X509}},
    {"a group with one device id",
     {.name = "d", .is_group = true, .primary_key = DPS_RIG_KEY, .device_id = "x"}},
    {"static without a hub", {.name = "d", .primary_key = DPS_RIG_KEY, .allocation = DPS_STATIC}},
};

static void bad_enrollments_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(bad_enrollments); i++) {
        int code = dps_put_enrollment(rig.dps, &bad_enrollments[i].e);
        if (code != ERR_VALUE) {
            fail_msg("%s: expected ERR_VALUE, seen %s", bad_enrollments[i].row, error_name(code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(every_status_has_its_cause_and_code),
        WITH_RIG(a_registration_is_assigning_and_then_assigned),
        WITH_RIG(a_registration_goes_on_when_nobody_asks),
        WITH_RIG(a_sixth_poll_in_ten_seconds_is_throttled),
        WITH_RIG(registrations_above_the_limit_of_a_minute_are_throttled),
        WITH_RIG(a_disabled_enrollment_may_end_as_a_status),
        WITH_RIG(enabling_lets_a_device_in_again),
        WITH_RIG(static_allocation_takes_its_hub_and_device_id),
        WITH_RIG(hashing_spreads_devices_and_keeps_each_where_it_is),
        WITH_RIG(custom_allocation_carries_payloads_both_ways),
        WITH_RIG(a_failed_operation_is_200_with_its_code),
        WITH_RIG(another_hub_is_taken_as_the_policy_says),
        WITH_RIG(registering_again_changes_only_the_time),
        WITH_RIG(a_fault_answers_with_any_status),
        WITH_RIG(a_registration_is_exported_and_imported_as_it_was),
        WITH_RIG(a_damaged_record_is_refused),
        WITH_RIG(bad_enrollments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
