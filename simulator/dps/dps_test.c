// SPDX-License-Identifier: MIT
// The rules, row by row: names in the tables say which section of the service's behaviour they are.
#include "simulator/dps/dps_rig.h"

#include <jansson.h>
#include <strings.h>

static struct dps_rig rig;

static int open_rig(void **state)
{
    (void)state;
    struct dps_settings settings = dps_rig_settings();
    dps_rig_open_with(&rig, &settings);
    dps_rig_enroll_usual(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    dps_rig_close(&rig);
    return 0;
}

static void reopen(const struct dps_settings *settings)
{
    dps_rig_close(&rig);
    dps_rig_open_with(&rig, settings);
    dps_rig_enroll_usual(&rig);
}

static json_t *body_of(const struct dps_answer *answer)
{
    json_error_t error;
    json_t *root = json_loadb(buf_text(&answer->body), answer->body.len, 0, &error);
    if (!root) {
        fail_msg("no JSON: %s in %s", error.text, buf_text(&answer->body));
    }
    return root;
}

static const char *text_at(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return json_is_string(value) ? json_string_value(value) : "";
}

// One request on a connection of its own. Returns the status; *operation is kept from a 202.
static int ask(const char *id, const char *key, const char *body, char operation[80],
               struct dps_answer *answer)
{
    struct dps_caller caller;
    dps_answer_init(answer);
    assert_int_equal(dps_rig_connect(&rig, id, key, &caller), REASON_OK);
    if (body) {
        dps_register(rig.dps, &caller, span_text(body), answer);
    } else {
        dps_status(rig.dps, &caller, span_text(operation), answer);
    }
    dps_caller_deinit(&caller);
    if (body && answer->status == 202) {
        json_t *root = body_of(answer);
        snprintf(operation, 80, "%s", text_at(root, "operationId"));
        json_decref(root);
    }
    return answer->status;
}

static int code_of(const struct dps_answer *answer)
{
    json_t *root = body_of(answer);
    int code = (int)json_integer_value(json_object_get(root, "errorCode"));
    json_decref(root);
    return code;
}

static void pass(uint64_t us)
{
    rig.fake.mono_us += us;
    rig.fake.utc_us += (int64_t)us;
}

// Registers, waits and polls once: the final body.
static json_t *provision(const char *id, const char *key, const char *body)
{
    struct dps_answer answer;
    char operation[80] = "";
    int status = ask(id, key, body, operation, &answer);
    if (status != 202) {
        fail_msg("%s: expected 202, seen %d %s", id, status, buf_text(&answer.body));
    }
    dps_answer_deinit(&answer);
    pass(11000000); // also leaves the window of polls
    assert_int_equal(ask(id, key, NULL, operation, &answer), 200);
    assert_int_equal(answer.retry_after_s, 0);
    json_t *root = body_of(&answer);
    dps_answer_deinit(&answer);
    return root;
}

static void assert_state(json_t *root, const char *name, const char *expected)
{
    assert_string_equal(text_at(json_object_get(root, "registrationState"), name), expected);
}

// ---- what CONNECT is refused for

#define USER DPS_RIG_SCOPE "/registrations/bench-01/api-version=2019-03-31"
#define SR   DPS_RIG_SCOPE "%2Fregistrations%2Fbench-01"
#define SKN  "&skn=registration"

static const struct connect_row {
    const char *row;
    const char *username, *client_id, *sr, *tail;
    int64_t life_s;
    bool has_no_token;
    bool has_certificate;
    const char *common_name;
    enum reason reason;
    int connack;
} connect_rows[] = {
    {"good token", USER, "bench-01", SR, SKN, 3600, .reason = REASON_OK},
    {"sr in lower case", USER, "bench-01", DPS_RIG_SCOPE "%2fregistrations%2fbench-01", SKN, 3600,
     .reason = REASON_OK},
    {"within the skew", USER, "bench-01", SR, SKN, -299, .reason = REASON_OK},
    {"expired SAS", USER, "bench-01", SR, SKN, -301, .reason = REASON_SAS_EXPIRED, .connack = 5},
    {"clock in 1970", USER, "bench-01", SR, SKN, -DPS_RIG_NOW_S + 10, .reason = REASON_SAS_EXPIRED,
     .connack = 5},
    {"client id is another", USER, "bench-02", SR, SKN, 3600,
     .reason = REASON_DPS_CLIENT_ID_MISMATCH, .connack = 5},
    {"client id in other case", USER, "Bench-01", SR, SKN, 3600,
     .reason = REASON_DPS_CLIENT_ID_MISMATCH, .connack = 5},
    {"user name of a hub", "h.net/bench-01/?api-version=2021-04-12", "bench-01", SR, SKN, 3600,
     .reason = REASON_DPS_BAD_USERNAME, .connack = 5},
    {"unknown id scope", "0ne00000000/registrations/bench-01/api-version=x", "bench-01", SR, SKN,
     3600, .reason = REASON_UNKNOWN_ID_SCOPE, .connack = 3},
    {"token of another registration", USER, "bench-01", DPS_RIG_SCOPE "%2Fregistrations%2Fx", SKN,
     3600, .reason = REASON_DPS_WRONG_RESOURCE, .connack = 5},
    {"token without skn", USER, "bench-01", SR, "", 3600, .reason = REASON_DPS_WRONG_POLICY,
     .connack = 5},
    {"token with another skn", USER, "bench-01", SR, "&skn=device", 3600,
     .reason = REASON_DPS_WRONG_POLICY, .connack = 5},
    {"nothing to show", USER, "bench-01", SR, SKN, 3600, .has_no_token = true,
     .reason = REASON_NO_CREDENTIALS, .connack = 5},
    {"certificate with the CN", USER, "bench-01", SR, SKN, 3600, .has_no_token = true,
     .has_certificate = true, .common_name = "BENCH-01", .reason = REASON_OK},
    {"certificate with another CN", USER, "bench-01", SR, SKN, 3600, .has_no_token = true,
     .has_certificate = true, .common_name = "bench-02", .reason = REASON_DPS_CLIENT_ID_MISMATCH,
     .connack = 5},
};

static void check_connect(const struct connect_row *row)
{
    char token[600];
    char working[DPS_WORKING_BYTES];
    struct dps_caller caller;
    struct peer_certificate certificate = rig.certificate;
    dps_rig_token(&rig, row->sr, DPS_RIG_KEY, row->life_s, row->tail, token);
    if (row->common_name) {
        snprintf(certificate.common_name, sizeof certificate.common_name, "%s", row->common_name);
    }
    const struct auth_request request = {.client_id = span_text(row->client_id),
                                         .username = span_text(row->username),
                                         .password =
                                             row->has_no_token ? SPAN_EMPTY : span_text(token),
                                         .certificate = row->has_certificate ? &certificate : NULL};
    enum reason reason = dps_connect(rig.dps, &request, 1, &caller, working);
    dps_caller_deinit(&caller);
    if (reason != row->reason || reason_row(reason)->connack != row->connack) {
        fail_msg("%s: expected %s, seen %s (%s)", row->row, reason_row(row->reason)->word,
                 reason_row(reason)->word, working);
    }
    assert_null(strstr(working, "sig="));
}

static void connect_is_refused_as_section_5_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(connect_rows); i++) {
        check_connect(&connect_rows[i]);
    }
}

// ---- what registering is refused for

static const struct register_row {
    const char *row;
    const char *id, *key, *body; // key NULL: the rig's certificate, its CN changed to the id
    int status, error_code;
} register_rows[] = {
    {"5 wrong symmetric key", "bench-01", DPS_RIG_GROUP, "", 401, 401000},
    {"5 unknown registration id", "nobody", DPS_RIG_KEY, "", 404, 404201},
    {"2.1 the secondary key", "bench-01", DPS_RIG_OTHER, "", 202, 0},
    {"2.4 ids without case", "BENCH-01", DPS_RIG_KEY, "", 202, 0},
    {"5 X.509 not accepted: unknown", "nobody", NULL, "", 401, 401002},
    {"2.2 X.509 for a key's enrollment", "bench-01", NULL, "", 401, 401002},
    {"2.2 a key for X.509's enrollment", "x509-01", DPS_RIG_KEY, "", 401, 401000},
    {"2.2 individual X.509", "x509-01", NULL, "", 202, 0},
    {"5 disabled enrollment", "off-01", DPS_RIG_KEY, "", 401, 401002},
    {"1 C# sends no body", "bench-01", DPS_RIG_KEY, "", 202, 0},
    {"1 a blank is no body", "bench-01", DPS_RIG_KEY, " ", 202, 0},
    {"4 the usual body", "bench-01", DPS_RIG_KEY, "{\"registrationId\":\"bench-01\"}", 202, 0},
    {"4 unknown members", "bench-01", DPS_RIG_KEY, "{\"x\":1}", 202, 0},
    {"6 malformed JSON", "bench-01", DPS_RIG_KEY, "{\"registrationId\":", 400, 400004},
    {"6 no object", "bench-01", DPS_RIG_KEY, "[1]", 400, 400004},
    {"6 the id of another", "bench-01", DPS_RIG_KEY, "{\"registrationId\":\"x\"}", 400, 400004},
    {"1 TPM over MQTT", "bench-01", DPS_RIG_KEY, "{\"tpm\":{}}", 400, 400004},
};

static void registering_is_answered_as_sections_2_to_6_say(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(register_rows); i++) {
        const struct register_row *row = &register_rows[i];
        struct dps_answer answer;
        char operation[80];
        close_rig(state);
        open_rig(state);
        if (!row->key) {
            snprintf(rig.certificate.common_name, sizeof rig.certificate.common_name, "%s",
                     row->id);
        }
        int status = ask(row->id, row->key, row->body, operation, &answer);
        int code = code_of(&answer);
        if (status != row->status || code != row->error_code) {
            fail_msg("%s: expected %d/%d, seen %d/%d %s", row->row, row->status, row->error_code,
                     status, code, buf_text(&answer.body));
        }
        assert_int_equal(answer.retry_after_s, status == 202 ? 3 : 0);
        dps_answer_deinit(&answer);
    }
}

static void an_error_body_has_the_four_members_of_section_4(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    assert_int_equal(ask("bench-01", DPS_RIG_GROUP, "", operation, &answer), 401);
    json_t *root = body_of(&answer);
    assert_int_equal(json_object_size(root), 4);
    assert_string_equal(text_at(root, "message"), "Unauthorized");
    assert_int_equal(strlen(text_at(root, "trackingId")), 36);
    assert_string_equal(text_at(root, "timestampUtc"), "2026-11-20T10:03:00.1234560Z");
    json_decref(root);
    dps_answer_deinit(&answer);
    assert_logged(&rig.log, "dps.rejected status=401 error_code=401000");
}

static void a_message_above_96_kilobytes_is_a_bad_request(void **state)
{
    (void)state;
    static char body[DPS_BODY_BYTES_MOST + 2];
    struct dps_answer answer;
    char operation[80];
    memset(body, ' ', sizeof body - 1);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, body, operation, &answer), 400);
    dps_answer_deinit(&answer);
    body[DPS_BODY_BYTES_MOST] = '\0';
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, body, operation, &answer), 202);
    dps_answer_deinit(&answer);
}

// ---- group keys

static void a_groups_key_derives_the_devices_key_of_the_test_vector(void **state)
{
    (void)state;
    struct buf key HR_CLEANUP(buf_deinit);
    struct buf sig HR_CLEANUP(buf_deinit);
    buf_init(&key, 100);
    buf_init(&sig, 100);
    assert_int_equal(dps_derive_key(DPS_RIG_GROUP, SPAN_LITERAL("bench-01"), &key), 0);
    assert_string_equal(buf_text(&key), "dgZo+371TW5m6Fr/wktvWjDDOvVZI3rn+yXpH/W6xyo=");
    assert_int_equal(sas_sign(buf_text(&key), SPAN_LITERAL(SR), SPAN_LITERAL("1893456000"), &sig),
                     0);
    assert_string_equal(buf_text(&sig), "Eh0A8r4IOVigN+Dbwx6XA05CnA1/oK4XVb1wVH42HaE=");
}

static void enroll_group(void)
{
    dps_rig_enroll(&rig, (struct dps_enrollment){
                             .name = "line-7", .is_group = true, .primary_key = DPS_RIG_GROUP});
}

static void a_groups_member_gets_its_derived_key_in_the_hub(void **state)
{
    (void)state;
    struct buf key HR_CLEANUP(buf_deinit);
    buf_init(&key, 100);
    enroll_group();
    assert_int_equal(dps_derive_key(DPS_RIG_GROUP, SPAN_LITERAL("pump-3"), &key), 0);
    json_t *root = provision("pump-3", buf_text(&key), "");
    assert_state(root, "deviceId", "pump-3");
    const json_t *node =
        json_object_get(json_object_get(root, "registrationState"), "symmetricKey");
    assert_string_equal(text_at(node, "enrollmentGroupId"), "line-7");
    assert_string_equal(rig.identity.primary_key, buf_text(&key));
    assert_int_equal(rig.identity.auth, HUB_AUTH_SAS);
    json_decref(root);
}

static void the_groups_own_key_is_no_devices_key(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    enroll_group();
    assert_int_equal(ask("pump-3", DPS_RIG_GROUP, "", operation, &answer), 401);
    assert_int_equal(code_of(&answer), 401000);
    dps_answer_deinit(&answer);
    assert_logged(&rig.log, "HMAC-SHA256(group key, registration id)");
}

static void an_individual_enrollment_comes_before_the_group(void **state)
{
    (void)state;
    struct buf key HR_CLEANUP(buf_deinit);
    struct dps_answer answer;
    char operation[80];
    buf_init(&key, 100);
    enroll_group();
    assert_int_equal(dps_derive_key(DPS_RIG_GROUP, SPAN_LITERAL("bench-01"), &key), 0);
    assert_int_equal(ask("bench-01", buf_text(&key), "", operation, &answer), 401);
    dps_answer_deinit(&answer);
}

// ---- X.509

static void an_individual_certificate_must_be_in_time(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    rig.certificate.not_after_s = DPS_RIG_NOW_S - 1;
    assert_int_equal(ask("x509-01", NULL, "", operation, &answer), 401);
    assert_int_equal(code_of(&answer), 401002);
    dps_answer_deinit(&answer);
}

static void another_certificate_is_refused_by_its_thumbprint(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    rig.certificate.sha256[0] ^= 1;
    assert_int_equal(ask("x509-01", NULL, "", operation, &answer), 401);
    json_t *root = body_of(&answer);
    assert_string_equal(text_at(root, "message"), "Invalid certificate.");
    json_decref(root);
    dps_answer_deinit(&answer);
}

static void a_group_takes_certificates_whose_chain_leads_to_its_ca(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    dps_rig_enroll(&rig, (struct dps_enrollment){.name = "line-8",
                                                 .is_group = true,
                                                 .attestation = DPS_X509,
                                                 .ca_der = SPAN_LITERAL("the CA")});
    snprintf(rig.certificate.common_name, sizeof rig.certificate.common_name, "pump-4");
    assert_int_equal(ask("pump-4", NULL, "", operation, &answer), 401);
    dps_answer_deinit(&answer);
    assert_logged(&rig.log, "the judge says no");
    rig.leads_to = true;
    json_t *root = provision("pump-4", NULL, "");
    assert_state(root, "deviceId", "pump-4");
    assert_int_equal(rig.identity.auth, HUB_AUTH_THUMBPRINT);
    assert_true(thumbprint_matches(rig.identity.primary_thumbprint, rig.certificate.sha1,
                                   rig.certificate.sha256));
    json_decref(root);
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

static void the_same_registration_in_progress_is_a_conflict(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80];
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 202);
    dps_answer_deinit(&answer);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 409);
    assert_int_equal(code_of(&answer), 409203);
    dps_answer_deinit(&answer);
}

static void an_unknown_operation_is_not_found(void **state)
{
    (void)state;
    struct dps_answer answer;
    char operation[80] = "4.0000000000000000.nothing";
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, NULL, operation, &answer), 404);
    assert_int_equal(code_of(&answer), 404201);
    dps_answer_deinit(&answer);
    assert_int_equal(ask("bench-01", DPS_RIG_KEY, "", operation, &answer), 202);
    dps_answer_deinit(&answer);
    assert_int_equal(ask("bench-01", DPS_RIG_GROUP, NULL, operation, &answer), 401);
    dps_answer_deinit(&answer);
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
    {"6 webhook failed",
     {.allocation = DPS_CUSTOM},
     400,
     "",
     0,
     false,
     400207,
     "Custom allocation failed with status code: 400"},
    {"6 webhook chose a stranger",
     {.allocation = DPS_CUSTOM},
     200,
     "x.net",
     0,
     false,
     400208,
     "not eligible"},
    {"6 no hub linked", {.allocation = DPS_HASHED}, 200, "", 0, true, 400208, "No IoT hub"},
    {"6 the hub is not linked",
     {.allocation = DPS_STATIC, .hubs = {"x.net"}},
     200,
     "",
     0,
     false,
     400208,
     "No IoT hub"},
    {"6 no rights on the hub",
     {.allocation = DPS_HASHED},
     200,
     "",
     ERR_PERMISSION,
     false,
     400209,
     "the hub said no"},
    {"6 the hub failed",
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
    {"10 migrate", DPS_MIGRATE, "two.azure-devices.net", "deviceDataMigrated",
     "bench-01 at two.azure-devices.net from one.azure-devices.net with data"},
    {"10 reset", DPS_RESET, "two.azure-devices.net", "deviceDataReset",
     "bench-01 at two.azure-devices.net from one.azure-devices.net"},
    {"10 never", DPS_NEVER, "one.azure-devices.net", "initialAssignment",
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

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(connect_is_refused_as_section_5_says),
        WITH_RIG(registering_is_answered_as_sections_2_to_6_say),
        WITH_RIG(an_error_body_has_the_four_members_of_section_4),
        WITH_RIG(a_message_above_96_kilobytes_is_a_bad_request),
        WITH_RIG(a_groups_key_derives_the_devices_key_of_the_test_vector),
        WITH_RIG(a_groups_member_gets_its_derived_key_in_the_hub),
        WITH_RIG(the_groups_own_key_is_no_devices_key),
        WITH_RIG(an_individual_enrollment_comes_before_the_group),
        WITH_RIG(an_individual_certificate_must_be_in_time),
        WITH_RIG(another_certificate_is_refused_by_its_thumbprint),
        WITH_RIG(a_group_takes_certificates_whose_chain_leads_to_its_ca),
        WITH_RIG(a_registration_is_assigning_and_then_assigned),
        WITH_RIG(a_registration_goes_on_when_nobody_asks),
        WITH_RIG(the_same_registration_in_progress_is_a_conflict),
        WITH_RIG(an_unknown_operation_is_not_found),
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
        WITH_RIG(bad_enrollments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
