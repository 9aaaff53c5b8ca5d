// SPDX-License-Identifier: MIT
// Who is let in and whose registration is taken, one line per rule.
#include "simulator/dps/dps_request_rig.h"

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

static void every_connect_is_judged_by_its_row(void **state)
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
    {"wrong symmetric key", "bench-01", DPS_RIG_GROUP, "", 401, 401000},
    {"unknown registration id", "nobody", DPS_RIG_KEY, "", 404, 404201},
    {"the secondary key", "bench-01", DPS_RIG_OTHER, "", 202, 0},
    {"ids without case", "BENCH-01", DPS_RIG_KEY, "", 202, 0},
    {"X.509 not accepted: unknown", "nobody", NULL, "", 401, 401002},
    {"X.509 for a key's enrollment", "bench-01", NULL, "", 401, 401002},
    {"a key for X.509's enrollment", "x509-01", DPS_RIG_KEY, "", 401, 401000},
    {"individual X.509", "x509-01", NULL, "", 202, 0},
    {"disabled enrollment", "off-01", DPS_RIG_KEY, "", 401, 401002},
    {"C# sends no body", "bench-01", DPS_RIG_KEY, "", 202, 0},
    {"a blank is no body", "bench-01", DPS_RIG_KEY, " ", 202, 0},
    {"the usual body", "bench-01", DPS_RIG_KEY, "{\"registrationId\":\"bench-01\"}", 202, 0},
    {"unknown members", "bench-01", DPS_RIG_KEY, "{\"x\":1}", 202, 0},
    {"malformed JSON", "bench-01", DPS_RIG_KEY, "{\"registrationId\":", 400, 400004},
    {"no object", "bench-01", DPS_RIG_KEY, "[1]", 400, 400004},
    {"the id of another", "bench-01", DPS_RIG_KEY, "{\"registrationId\":\"x\"}", 400, 400004},
    {"TPM over MQTT", "bench-01", DPS_RIG_KEY, "{\"tpm\":{}}", 400, 400004},
};

static void every_register_request_is_answered_by_its_row(void **state)
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

static void an_error_body_has_its_four_members(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(every_connect_is_judged_by_its_row),
        WITH_RIG(every_register_request_is_answered_by_its_row),
        WITH_RIG(an_error_body_has_its_four_members),
        WITH_RIG(a_message_above_96_kilobytes_is_a_bad_request),
        WITH_RIG(a_groups_key_derives_the_devices_key_of_the_test_vector),
        WITH_RIG(a_groups_member_gets_its_derived_key_in_the_hub),
        WITH_RIG(the_groups_own_key_is_no_devices_key),
        WITH_RIG(an_individual_enrollment_comes_before_the_group),
        WITH_RIG(an_individual_certificate_must_be_in_time),
        WITH_RIG(another_certificate_is_refused_by_its_thumbprint),
        WITH_RIG(a_group_takes_certificates_whose_chain_leads_to_its_ca),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
