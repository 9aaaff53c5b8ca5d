// SPDX-License-Identifier: MIT
#include "simulator/hub/hub_rig.h"

#include <string.h>

struct attempt {
    const char *rule;
    const char *client_id; // NULL: the name of the token
    const char *username;  // NULL: HOST/name/?api-version=2021-04-12
    const char *name;      // whose token
    const char *key;       // NULL: no token
    int life_s;
    const char *password; // instead of a token
    bool has_certificate;
    enum reason reason;
    const char *working; // a part of it
};

#define V "/?api-version=2021-04-12"

static const struct attempt attempts[] = {
    {.rule = "primary key",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_OK,
     .working = "sr=simhub.azure-devices.net/devices/bench-01 matches; signed with the primary "
                "key; se=2026-11-20T11:03:00Z is 1 h after the hub's time 2026-11-20T10:03:00Z (5 "
                "min skew allowed)"},
    {.rule = "secondary key",
     .name = "bench-01",
     .key = RIG_OTHER_KEY,
     .life_s = 3600,
     .reason = REASON_OK,
     .working = "secondary key"},
    {.rule = "module",
     .name = "bench-01/mod-a",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_OK,
     .working = "/devices/bench-01/modules/mod-a matches"},
    {.rule = "no tail in the user name",
     .username = RIG_HOST "/bench-01",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_OK,
     .working = "matches"},
    {.rule = "host without case",
     .username = "SimHub.Azure-Devices.NET/bench-01" V,
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_OK,
     .working = "matches"},
    {.rule = "a token outweighs a certificate",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .has_certificate = true,
     .reason = REASON_OK,
     .working = "primary key"},
    {.rule = "expired within the skew",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = -300,
     .reason = REASON_OK,
     .working = "is 5 min before the hub's time"},
    {.rule = "expired beyond the skew",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = -301,
     .reason = REASON_SAS_EXPIRED,
     .working = "is 5 min 1 s before the hub's time 2026-11-20T10:03:00Z (5 min skew allowed); the "
                "device clock looks about 1 h 5 min late"},
    {.rule = "a clock that is hours late",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = -7380,
     .reason = REASON_SAS_EXPIRED,
     .working = "se=2026-11-20T08:00:00Z is 2 h 3 min before"},
    {.rule = "a clock in 1970",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3610 - RIG_NOW_S,
     .reason = REASON_SAS_EXPIRED,
     .working = "the token was made when the device's clock said 1970"},
    {.rule = "a clock in 2000",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 946684800 + 3700 - RIG_NOW_S,
     .reason = REASON_SAS_EXPIRED,
     .working = "clock said 2000"},
    {.rule = "wrong key",
     .name = "bench-01",
     .key = RIG_BAD_KEY,
     .life_s = 3600,
     .reason = REASON_SAS_WRONG_SIGNATURE,
     .working = "signed with neither key"},
    {.rule = "a wrong key outweighs an expired token",
     .name = "bench-01",
     .key = RIG_BAD_KEY,
     .life_s = -9000,
     .reason = REASON_SAS_WRONG_SIGNATURE,
     .working = "before the hub's time"},
    {.rule = "token of another device",
     .client_id = "bench-02",
     .username = RIG_HOST "/bench-02" V,
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_SAS_WRONG_RESOURCE,
     .working = "expected simhub.azure-devices.net/devices/bench-02"},
    {.rule = "module token for the device",
     .client_id = "bench-01",
     .username = RIG_HOST "/bench-01" V,
     .name = "bench-01/mod-a",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_SAS_WRONG_RESOURCE,
     .working = "does not match"},
    {.rule = "no token",
     .name = "bench-01",
     .password = "hunter2",
     .reason = REASON_SAS_MALFORMED,
     .working = "does not begin with the word SharedAccessSignature"},
    {.rule = "policy token",
     .name = "bench-01",
     .password = "SharedAccessSignature sr=" RIG_HOST "&sig=x&se=1999999999&skn=nobody",
     .reason = REASON_SAS_UNKNOWN_POLICY,
     .working = "names policy 'nobody' in skn, which is none of the hub's 0"},
    {.rule = "nothing at all",
     .name = "bench-01",
     .reason = REASON_NO_CREDENTIALS,
     .working = "no password in the CONNECT packet, no client certificate"},
    {.rule = "an empty password is none",
     .name = "bench-01",
     .password = "",
     .reason = REASON_NO_CREDENTIALS,
     .working = "no password"},
    {.rule = "certificate of a SAS device",
     .name = "bench-01",
     .has_certificate = true,
     .reason = REASON_WRONG_AUTH_METHOD,
     .working = "bench-01 is registered for SAS tokens, but the device sent a client certificate"},
    {.rule = "token of an X.509 device",
     .name = "x509-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .has_certificate = true,
     .reason = REASON_WRONG_AUTH_METHOD,
     .working = "sent a password"},
    {.rule = "thumbprint",
     .name = "x509-01",
     .has_certificate = true,
     .reason = REASON_OK,
     .working = "the certificate matches the primary thumbprint; valid from 2026-11-20T09:03:00Z"},
    {.rule = "thumbprint with empty password",
     .name = "x509-01",
     .password = "",
     .has_certificate = true,
     .reason = REASON_OK,
     .working = "primary thumbprint"},
    {.rule = "unknown device",
     .name = "bench-99",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_UNKNOWN_IDENTITY,
     .working = "'bench-99' is not among the 6 registered identities"},
    {.rule = "unknown module",
     .name = "bench-01/none",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_UNKNOWN_MODULE,
     .working = "device 'bench-01' is registered, but has no module 'none'"},
    {.rule = "ids count with case",
     .name = "Bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_UNKNOWN_IDENTITY,
     .working = "differs from the registered 'bench-01' in upper and lower case"},
    {.rule = "client id of another",
     .client_id = "bench-02",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_CLIENT_ID_MISMATCH,
     .working = "the client id is 'bench-02', the user name says 'bench-01'"},
    {.rule = "client id counts with case",
     .client_id = "BENCH-01",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_CLIENT_ID_MISMATCH,
     .working = "BENCH-01"},
    {.rule = "empty client id",
     .client_id = "",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_CLIENT_ID_MISMATCH,
     .working = "the client id is ''"},
    {.rule = "another host",
     .username = "other.net/bench-01" V,
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_WRONG_HOST,
     .working = "begins with 'other.net', this hub is 'simhub.azure-devices.net'"},
    {.rule = "unreadable user name",
     .username = "bench-01",
     .name = "bench-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_BAD_USERNAME,
     .working = "names no device"},
    {.rule = "disabled, credentials right",
     .name = "off-01",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_DISABLED,
     .working = "the registry has off-01 disabled"},
    {.rule = "disabled, key wrong",
     .name = "off-01",
     .key = RIG_BAD_KEY,
     .life_s = 3600,
     .reason = REASON_SAS_WRONG_SIGNATURE,
     .working = "neither key"},
    {.rule = "module of a disabled device",
     .name = "off-01/mod-a",
     .key = RIG_KEY,
     .life_s = 3600,
     .reason = REASON_DISABLED,
     .working = "off-01/mod-a disabled"},
};

static void run_attempt(struct hub_rig *rig, const struct attempt *a, struct auth_result *out)
{
    char token[400];
    char username[300];
    const char *password = a->password;
    if (a->key) {
        password = rig_token(RIG_HOST, a->name, a->key, a->life_s, token);
    }
    snprintf(username, sizeof username, RIG_HOST "/%s" V, a->name);
    struct auth_request rq = {
        .client_id = span_text(a->client_id ? a->client_id : a->name),
        .username = span_text(a->username ? a->username : username),
        .password = span_text(password),
        .certificate = a->has_certificate ? &rig->certificate : NULL,
    };
    hub_authenticate(rig->hub, &rq, out);
    const char *secret = password ? strstr(password, "&sig=") : NULL;
    char signature[20] = "";
    if (secret && a->key) {
        span_copy_text(span_text(secret + 5), signature, sizeof signature);
        assert_null(strstr(out->working, signature));
    }
}

static void every_rule_answers_with_its_reason_and_reckoning(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < HR_COUNT_OF(attempts); i++) {
        struct auth_result result;
        run_attempt(&rig, &attempts[i], &result);
        if (result.reason != attempts[i].reason || !strstr(result.working, attempts[i].working)) {
            fail_msg("%s: expected %s '%s', seen %s '%s'", attempts[i].rule,
                     reason_row(attempts[i].reason)->word, attempts[i].working,
                     reason_row(result.reason)->word, result.working);
        }
    }
    rig_close(&rig);
}

static void the_result_names_who_with_which_key_until_when(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result r;
    rig_open(&rig);
    const struct attempt sas = {.name = "bench-01/mod-a", .key = RIG_KEY, .life_s = 60};
    run_attempt(&rig, &sas, &r);
    assert_string_equal(r.name, "bench-01/mod-a");
    assert_string_equal(r.api_version, "2021-04-12");
    assert_string_equal(r.key, "primary");
    assert_int_equal(r.token_expires_us, (RIG_NOW_S + 60) * INT64_C(1000000));
    assert_string_equal(r.identity->name, "bench-01/mod-a");
    const struct attempt x509 = {.name = "x509-01", .has_certificate = true};
    run_attempt(&rig, &x509, &r);
    assert_string_equal(r.key, "primary thumbprint");
    assert_int_equal(r.token_expires_us, INT64_MAX);
    const struct attempt refused = {.name = "bench-01", .key = RIG_BAD_KEY, .life_s = 60};
    run_attempt(&rig, &refused, &r);
    assert_string_equal(r.identity->name, "bench-01"); // known, even when refused
    rig_close(&rig);
}

static void a_certificate_is_judged_by_both_thumbprints_and_the_hubs_clock(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result r;
    const struct attempt a = {.name = "x509-01", .has_certificate = true};
    rig_open(&rig);
    hub_clock_shift(rig.hub, INT64_C(3601) * 1000000);
    run_attempt(&rig, &a, &r);
    assert_int_equal(r.reason, REASON_CERTIFICATE_EXPIRED);
    hub_clock_shift(rig.hub, INT64_C(-3601) * 1000000);
    run_attempt(&rig, &a, &r);
    assert_int_equal(r.reason, REASON_CERTIFICATE_EXPIRED);
    assert_non_null(strstr(r.working, "the hub's time is 2026-11-20T09:02:59Z"));
    hub_clock_shift(rig.hub, 0);
    memset(rig.certificate.sha256, 0x33, 32);
    run_attempt(&rig, &a, &r);
    assert_int_equal(r.reason, REASON_THUMBPRINT_MISMATCH);
    assert_non_null(strstr(
        r.working, "presented SHA-1 1111111111111111111111111111111111111111, SHA-256 3333"));
    assert_non_null(strstr(r.working, "registered primary 2222"));
    assert_non_null(strstr(r.working, "secondary (none)"));
    rig_close(&rig);
}

static void a_secondary_sha1_thumbprint_with_colons_matches(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result r;
    rig_open(&rig);
    rig_add(&rig, (struct identity){.name = "x509-02",
                                    .auth = HUB_AUTH_THUMBPRINT,
                                    .secondary_thumbprint = "11:11:11:11:11:11:11:11:11:11:"
                                                            "11:11:11:11:11:11:11:11:11:11"});
    const struct attempt a = {.name = "x509-02", .has_certificate = true};
    run_attempt(&rig, &a, &r);
    assert_int_equal(r.reason, REASON_OK);
    assert_string_equal(r.key, "secondary thumbprint");
    rig_close(&rig);
}

static void an_alias_is_this_hub_in_user_name_and_token(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct hub_settings settings;
    struct auth_result r;
    char token[400];
    hub_settings_init(&settings, RIG_HOST);
    strcpy(settings.aliases[3], "bench.lan");
    rig_open_with(&rig, &settings);
    struct auth_request rq = {
        .client_id = SPAN_LITERAL("bench-01"),
        .username = SPAN_LITERAL("Bench.LAN/bench-01" V),
        .password = span_text(rig_token("bench.lan", "bench-01", RIG_KEY, 60, token)),
    };
    hub_authenticate(rig.hub, &rq, &r);
    assert_int_equal(r.reason, REASON_OK);
    rig_close(&rig);
}

static void a_token_as_user_name_is_not_shown(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result r;
    rig_open(&rig);
    struct auth_request rq = {
        .client_id = SPAN_LITERAL("SharedAccessSignature sr=h&sig=SECRET&se=1"),
        .username = SPAN_LITERAL("h&sig=SECRET/bench-01" V),
    };
    hub_authenticate(rig.hub, &rq, &r);
    assert_int_equal(r.reason, REASON_WRONG_HOST);
    assert_null(strstr(r.working, "SECRET"));
    rq.username = SPAN_LITERAL(RIG_HOST "/bench-01" V);
    hub_authenticate(rig.hub, &rq, &r);
    assert_int_equal(r.reason, REASON_CLIENT_ID_MISMATCH);
    assert_null(strstr(r.working, "SECRET"));
    rig_close(&rig);
}

static void the_connack_code_is_the_rows_unless_the_settings_say_otherwise(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    rig_open_with(&rig, &settings);
    for (int i = REASON_OK + 1; i <= REASON_DISABLED; i++) {
        assert_int_equal(hub_connack_code(rig.hub, (enum reason)i), 5);
    }
    assert_int_equal(hub_connack_code(rig.hub, REASON_WRONG_PROTOCOL_LEVEL), 1);
    assert_int_equal(hub_connack_code(rig.hub, REASON_INTERNAL), 3);
    rig_close(&rig);
    settings.disabled_connack = 3;
    settings.bad_username_connack = 3;
    rig_open_with(&rig, &settings);
    assert_int_equal(hub_connack_code(rig.hub, REASON_DISABLED), 3);
    assert_int_equal(hub_connack_code(rig.hub, REASON_BAD_USERNAME), 3);
    assert_int_equal(hub_connack_code(rig.hub, REASON_WRONG_HOST), 5);
    rig_close(&rig);
}

static void reasons_are_found_by_their_words(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        assert_int_equal(reason_of(span_text(reason_row((enum reason)i)->word)), i);
    }
    assert_int_equal(reason_of(SPAN_LITERAL("sas")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_answers_with_its_reason_and_reckoning),
        cmocka_unit_test(the_result_names_who_with_which_key_until_when),
        cmocka_unit_test(a_certificate_is_judged_by_both_thumbprints_and_the_hubs_clock),
        cmocka_unit_test(a_secondary_sha1_thumbprint_with_colons_matches),
        cmocka_unit_test(an_alias_is_this_hub_in_user_name_and_token),
        cmocka_unit_test(a_token_as_user_name_is_not_shown),
        cmocka_unit_test(the_connack_code_is_the_rows_unless_the_settings_say_otherwise),
        cmocka_unit_test(reasons_are_found_by_their_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
