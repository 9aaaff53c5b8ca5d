// SPDX-License-Identifier: MIT
// Policies, rolled keys, CA certificates and the switches against SAS tokens. Rows carry the name
// of what they show.
#include "simulator/hub/access.h"
#include "simulator/hub/ca_rig.h"

#include <stdlib.h>
#include <string.h>

// ---- the hub of these tests

static void open_with(struct hub_rig *rig, void (*change)(struct hub_settings *))
{
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    settings.crypto = &word_crypto;
    if (change) {
        change(&settings);
    }
    rig_open_with(rig, &settings);
    rig_add_access(rig);
}

static void connect_as(struct hub_rig *rig, const char *name, const char *password,
                       const struct peer_certificate *certificate, struct auth_result *out)
{
    char username[300];
    snprintf(username, sizeof username, RIG_HOST "/%s/?api-version=2021-04-12", name);
    struct auth_request rq = {.client_id = span_text(name),
                              .username = span_text(username),
                              .password = span_text(password),
                              .certificate = certificate};
    hub_authenticate(rig->hub, &rq, out);
}

#define assert_result(row, result, expected_reason, expected_working)                              \
    do {                                                                                           \
        if ((result).reason != (expected_reason) ||                                                \
            !strstr((result).working, (expected_working))) {                                       \
            fail_msg("%s: expected %s '%s', seen %s '%s'", (row),                                  \
                     reason_row(expected_reason)->word, (expected_working),                        \
                     reason_row((result).reason)->word, (result).working);                         \
        }                                                                                          \
    } while (0)

// ---- tokens of policies, prefixes of sr, modules

static void local_auth_off(struct hub_settings *s)
{
    s->is_local_auth_off = true;
}

static void device_sas_off(struct hub_settings *s)
{
    s->is_device_sas_off = true;
}

static void module_sas_off(struct hub_settings *s)
{
    s->is_module_sas_off = true;
}

struct token_row {
    const char *rule;
    const char *name;
    const char *resource;
    const char *key;
    const char *policy;
    int life_s;
    void (*change)(struct hub_settings *);
    enum reason reason;
    const char *working;
};

#define D1 RIG_HOST "/devices/bench-01"

static const struct token_row token_rows[] = {
    {"policy device", "bench-01", RIG_HOST, RIG_BAD_KEY, "device", 60, NULL, REASON_OK,
     "signed with a key of policy device (primary)"},
    {"policy iothubowner, its secondary key", "bench-01", RIG_HOST, RIG_OTHER_KEY, "iothubowner",
     60, NULL, REASON_OK, "policy iothubowner (secondary)"},
    {"the policy's name without case", "bench-01", RIG_HOST, RIG_BAD_KEY, "Device", 60, NULL,
     REASON_OK, "policy device"},
    {"policy for a module", "bench-01/mod-a", RIG_HOST "/devices", RIG_BAD_KEY, "device", 60, NULL,
     REASON_OK, "matches"},
    {"policy without DeviceConnect", "bench-01", RIG_HOST, RIG_BAD_KEY, "service", 60, NULL,
     REASON_SAS_POLICY_WITHOUT_RIGHT, "policy 'service' has no DeviceConnect"},
    {"unknown skn", "bench-01", RIG_HOST, RIG_BAD_KEY, "root", 60, NULL, REASON_SAS_UNKNOWN_POLICY,
     "names policy 'root' in skn, which is none of the hub's 3"},
    {"policy's token signed with the device's key", "bench-01", RIG_HOST, RIG_KEY, "device", 60,
     NULL, REASON_SAS_WRONG_SIGNATURE, "signed with neither key of policy device"},
    {"device's token signed with a policy's key", "bench-01", D1, RIG_BAD_KEY, NULL, 60, NULL,
     REASON_SAS_WRONG_SIGNATURE, "signed with neither key"},
    {"policy's token, expired", "bench-01", RIG_HOST, RIG_BAD_KEY, "device", -301, NULL,
     REASON_SAS_EXPIRED, "before the hub's time"},
    {"policy's token for another device", "bench-01", RIG_HOST "/devices/bench-02", RIG_BAD_KEY,
     "device", 60, NULL, REASON_SAS_WRONG_RESOURCE, "does not match"},
    {"policy's token of a disabled device", "off-01", RIG_HOST, RIG_BAD_KEY, "device", 60, NULL,
     REASON_DISABLED, "off-01 disabled"},
    {"policy's token of an unknown device", "bench-99", RIG_HOST, RIG_BAD_KEY, "device", 60, NULL,
     REASON_UNKNOWN_IDENTITY, "not among"},
    {"policy's token of an X.509 device", "x509-01", RIG_HOST, RIG_BAD_KEY, "device", 60, NULL,
     REASON_WRONG_AUTH_METHOD, "registered for a certificate thumbprint"},
    {"empty skn is a device key", "bench-01", D1, RIG_KEY, "", 60, NULL, REASON_OK, "primary key"},
    {"sr: host", "bench-01", RIG_HOST, RIG_KEY, NULL, 60, NULL, REASON_OK, "matches"},
    {"sr: host/devices", "bench-01", RIG_HOST "%2Fdevices", RIG_KEY, NULL, 60, NULL, REASON_OK,
     "matches"},
    {"sr: host/devices/{id}", "bench-01", D1, RIG_KEY, NULL, 60, NULL, REASON_OK, "matches"},
    {"sr: host/devices/{id} for a module", "bench-01/mod-a", D1, RIG_KEY, NULL, 60, NULL, REASON_OK,
     "matches"},
    {"sr: .../modules/{m}", "bench-01/mod-a", D1 "/modules/mod-a", RIG_KEY, NULL, 60, NULL,
     REASON_OK, "matches"},
    {"sr: another module", "bench-01/mod-a", D1 "/modules/mod-b", RIG_KEY, NULL, 60, NULL,
     REASON_SAS_WRONG_RESOURCE, "does not match"},
    {"sr: half a segment", "bench-01", RIG_HOST "/dev", RIG_KEY, NULL, 60, NULL,
     REASON_SAS_WRONG_RESOURCE, "does not match"},
    {"a module does not open with its device's other key", "bench-01/mod-a", D1, RIG_OTHER_KEY,
     NULL, 60, NULL, REASON_SAS_WRONG_SIGNATURE, "neither key"},
    {"unknown module of a known device: 404010", "bench-01/none", D1, RIG_KEY, NULL, 60, NULL,
     REASON_UNKNOWN_MODULE, "has no module 'none'"},
    {"module of an unknown device: 404001", "bench-99/none", D1, RIG_KEY, NULL, 60, NULL,
     REASON_UNKNOWN_IDENTITY, "not among"},
    {"disableLocalAuth, policy", "bench-01", RIG_HOST, RIG_BAD_KEY, "device", 60, local_auth_off,
     REASON_SAS_SWITCHED_OFF, "disableLocalAuth"},
    {"disableLocalAuth spares device keys", "bench-01", D1, RIG_KEY, NULL, 60, local_auth_off,
     REASON_OK, "matches"},
    {"disableDeviceSAS", "bench-01", D1, RIG_KEY, NULL, 60, device_sas_off, REASON_SAS_SWITCHED_OFF,
     "disableDeviceSAS"},
    {"disableDeviceSAS spares modules", "bench-01/mod-a", D1, RIG_KEY, NULL, 60, device_sas_off,
     REASON_OK, "matches"},
    {"disableModuleSAS", "bench-01/mod-a", D1, RIG_KEY, NULL, 60, module_sas_off,
     REASON_SAS_SWITCHED_OFF, "disableModuleSAS"},
    {"disableModuleSAS spares devices", "bench-01", D1, RIG_KEY, NULL, 60, module_sas_off,
     REASON_OK, "matches"},
};

static void every_token_is_judged_by_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(token_rows); i++) {
        const struct token_row *r = &token_rows[i];
        struct hub_rig rig;
        struct auth_result result;
        char token[400];
        open_with(&rig, r->change);
        rig_token_for(r->resource, r->key, r->policy, r->life_s, token);
        connect_as(&rig, r->name, token, NULL, &result);
        assert_result(r->rule, result, r->reason, r->working);
        rig_close(&rig);
    }
}

static void what_a_token_opens_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *resource, *key, *policy, *scope;
        bool is_policy;
    } rows[] = {
        {D1, RIG_KEY, NULL, "device", false},
        {RIG_HOST, RIG_KEY, NULL, "hub", false},
        {RIG_HOST, RIG_BAD_KEY, "iothubowner", "hub", true},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct hub_rig rig;
        struct auth_result result;
        char token[500];
        open_with(&rig, NULL);
        rig_token_for(rows[i].resource, rows[i].key, rows[i].policy, 60, token);
        connect_as(&rig, "bench-01", token, NULL, &result);
        assert_string_equal(result.token_scope, rows[i].scope);
        assert_int_equal(result.is_policy, rows[i].is_policy);
        rig_close(&rig);
    }
}

static void the_key_of_a_policy_is_named_in_full(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result result;
    char token[400];
    open_with(&rig, NULL);
    connect_as(&rig, "bench-01", rig_token_for(RIG_HOST, RIG_OTHER_KEY, "device", 60, token), NULL,
               &result);
    assert_string_equal(result.key, "policy device secondary");
    assert_int_equal(result.token_expires_us, (RIG_NOW_S + 60) * INT64_C(1000000));
    rig_close(&rig);
}

// ---- CA-signed certificates

struct ca_row {
    const char *rule;
    const char *name;
    const char *common_name;
    const char *last; // of two certificates
    int now_shift_s;
    enum reason reason;
    const char *working;
};

static const struct ca_row ca_rows[] = {
    {"CN is the device id", "press-01", "press-01", "middle|factory", 0, REASON_OK,
     "the chain of 2 leads to the verified CA 'factory'"},
    {"CN is device/module", "press-01/axis", "press-01/axis", "middle|factory", 0, REASON_OK, ""},
    {"module with its device's CN", "press-01/axis", "press-01", "middle|factory", 0,
     REASON_CERTIFICATE_WRONG_NAME, "CN is 'press-01', expected exactly 'press-01/axis'"},
    {"CN counts with case", "press-01", "Press-01", "middle|factory", 0,
     REASON_CERTIFICATE_WRONG_NAME, "CN is 'Press-01'"},
    {"no CN", "press-01", "", "middle|factory", 0, REASON_CERTIFICATE_WRONG_NAME, "CN is ''"},
    {"CA not registered", "press-01", "press-01", "middle|other", 0, REASON_CERTIFICATE_UNKNOWN_CA,
     "2 certificates sent, 2 CAs registered: the chain does not lead to a known CA"},
    {"CA not verified", "press-01", "press-01", "middle|lab", 0, REASON_CERTIFICATE_UNVERIFIED_CA,
     "CA 'lab', which is registered but not verified"},
    {"leaf expired", "press-01", "press-01", "middle|factory", 3601, REASON_CERTIFICATE_EXPIRED,
     "the hub's time is 2026-11-20T11:03:01Z"},
    {"leaf not yet valid", "press-01", "press-01", "middle|factory", -3601,
     REASON_CERTIFICATE_EXPIRED, "the hub's time is"},
    {"intermediate expired", "press-01", "press-01", "middle|factory|old", 0,
     REASON_CERTIFICATE_EXPIRED, "CN=middle ended"},
};

static void every_chain_is_judged_by_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(ca_rows); i++) {
        const struct ca_row *r = &ca_rows[i];
        struct hub_rig rig;
        struct auth_result result;
        open_with(&rig, NULL);
        struct peer_certificate *cert = &rig.certificate;
        snprintf(cert->common_name, sizeof cert->common_name, "%s", r->common_name);
        cert->chain_der[0] = SPAN_LITERAL("leaf|middle");
        cert->chain_der[1] = span_text(r->last);
        cert->chain_count = 2;
        hub_clock_shift(rig.hub, r->now_shift_s * INT64_C(1000000));
        connect_as(&rig, r->name, NULL, cert, &result);
        assert_result(r->rule, result, r->reason, r->working);
        if (result.reason == REASON_OK) {
            assert_string_equal(result.key, "CA factory");
        }
        rig_close(&rig);
    }
}

static void a_ca_device_is_refused_with_a_token_or_with_nothing(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result result;
    char token[400];
    open_with(&rig, NULL);
    connect_as(&rig, "press-01", rig_token_for(RIG_HOST, RIG_BAD_KEY, "device", 60, token), NULL,
               &result);
    assert_result("token", result, REASON_WRONG_AUTH_METHOD, "registered for certificates of a CA");
    connect_as(&rig, "press-01", NULL, NULL, &result);
    assert_result("nothing", result, REASON_NO_CREDENTIALS, "no client certificate");
    rig_close(&rig);
}

static void a_ca_is_verified_by_a_proof_of_possession(void **state)
{
    (void)state;
    struct hub_rig rig;
    char challenge[HUB_CHALLENGE_BYTES];
    char proof[100];
    open_with(&rig, NULL);
    assert_false(hub_ca_is_verified(rig.hub, "lab"));
    assert_int_equal(hub_verify_ca(rig.hub, "lab", SPAN_LITERAL("x|lab")), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "no challenge was asked"));
    assert_int_equal(hub_challenge_ca(rig.hub, "lab", challenge), 0);
    assert_int_equal(strlen(challenge), 48);
    assert_int_equal(hub_verify_ca(rig.hub, "lab", SPAN_LITERAL("another|lab")), ERR_VALUE);
    snprintf(proof, sizeof proof, "%s|factory", challenge);
    assert_int_equal(hub_verify_ca(rig.hub, "lab", span_text(proof)), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "not signed by that CA"));
    snprintf(proof, sizeof proof, "%s|lab", challenge);
    assert_int_equal(hub_verify_ca(rig.hub, "lab", span_text(proof)), 0);
    assert_true(hub_ca_is_verified(rig.hub, "lab"));
    assert_logged(&rig.log, "hub.ca name=lab verified=true");
    assert_int_equal(hub_verify_ca(rig.hub, "lab", span_text(proof)), ERR_VALUE); // used up
    rig_close(&rig);
}

static void a_removed_ca_opens_no_more(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result result;
    open_with(&rig, NULL);
    snprintf(rig.certificate.common_name, sizeof rig.certificate.common_name, "press-01");
    rig.certificate.chain_der[0] = SPAN_LITERAL("leaf|factory");
    rig.certificate.chain_count = 1;
    connect_as(&rig, "press-01", NULL, &rig.certificate, &result);
    assert_int_equal(result.reason, REASON_OK);
    assert_int_equal(hub_remove_ca(rig.hub, "factory"), 0);
    assert_int_equal(hub_remove_ca(rig.hub, "factory"), ERR_UNKNOWN_NAME);
    connect_as(&rig, "press-01", NULL, &rig.certificate, &result);
    assert_int_equal(result.reason, REASON_CERTIFICATE_UNKNOWN_CA);
    rig_close(&rig);
}

static void bad_cas_and_policies_are_refused(void **state)
{
    (void)state;
    struct hub_rig rig;
    open_with(&rig, NULL);
    assert_int_equal(hub_add_ca(rig.hub, "lab", SPAN_LITERAL("a|b"), true), ERR_IN_USE);
    assert_int_equal(hub_add_ca(rig.hub, "a b", SPAN_LITERAL("a|b"), true), ERR_VALUE);
    assert_int_equal(hub_add_ca(rig.hub, "", SPAN_LITERAL("a|b"), true), ERR_VALUE);
    assert_int_equal(hub_add_ca(rig.hub, "new", SPAN_LITERAL("|"), true), ERR_VALUE);
    const struct access_policy bad[] = {
        {"device", RIG_KEY, RIG_KEY, HUB_RIGHT_DEVICE_CONNECT},
        {"no rights", RIG_KEY, RIG_KEY, HUB_RIGHT_DEVICE_CONNECT},
        {"none", RIG_KEY, RIG_KEY, 0},
        {"more", RIG_KEY, RIG_KEY, 16},
        {"keyless", RIG_KEY, "", HUB_RIGHT_DEVICE_CONNECT},
    };
    for (size_t i = 0; i < HR_COUNT_OF(bad); i++) {
        assert_int_equal(hub_add_policy(rig.hub, &bad[i]), i == 0 ? ERR_IN_USE : ERR_VALUE);
    }
    for (int i = 3; i < HUB_POLICIES_MOST; i++) {
        struct access_policy more = {"", RIG_KEY, RIG_KEY, HUB_RIGHT_DEVICE_CONNECT};
        snprintf(more.name, sizeof more.name, "p%d", i);
        assert_int_equal(hub_add_policy(rig.hub, &more), 0);
    }
    struct access_policy last = {"last", RIG_KEY, RIG_KEY, HUB_RIGHT_DEVICE_CONNECT};
    assert_int_equal(hub_add_policy(rig.hub, &last), ERR_LIMIT);
    rig_close(&rig);
}

static void a_hub_without_x509_takes_no_ca(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    struct identity id = {.name = "press-01", .auth = HUB_AUTH_CA};
    assert_int_equal(hub_add_identity(rig.hub, &id), ERR_VALUE);
    assert_int_equal(hub_add_ca(rig.hub, "lab", SPAN_LITERAL("lab|lab"), true), ERR_VALUE);
    rig_close(&rig);
}

static void a_new_hub_has_five_policies_of_which_two_connect_devices(void **state)
{
    (void)state;
    struct hub_rig rig;
    static const struct {
        const char *name;
        bool connects;
    } rows[] = {{"iothubowner", true},
                {"device", true},
                {"service", false},
                {"registryRead", false},
                {"registryReadWrite", false}};
    rig_open(&rig);
    assert_int_equal(hub_add_standard_policies(rig.hub), 0);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        const struct access_policy *p = hub_find_policy(rig.hub, span_text(rows[i].name));
        assert_non_null(p);
        assert_int_equal((p->rights & HUB_RIGHT_DEVICE_CONNECT) != 0, rows[i].connects);
        assert_string_not_equal(p->primary_key, p->secondary_key);
    }
    rig_close(&rig);
}

// ---- rolled keys

struct fake_link {
    struct hub_link link;
    int closes;
    enum reason reason;
};

static void note_close(struct hub_link *link, enum reason reason, uint32_t by_connection)
{
    struct fake_link *fake = (struct fake_link *)link;
    (void)by_connection;
    fake->closes++;
    fake->reason = reason;
}

static void attach(struct hub_rig *rig, const char *name, const char *key, struct fake_link *out)
{
    *out = (struct fake_link){.link = {.close = note_close,
                                       .key = key,
                                       .identity = hub_find_identity(rig->hub, span_text(name))}};
    hub_attach(rig->hub, &out->link);
}

static void a_rolled_key_counts_from_the_next_connect(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct auth_result result;
    struct fake_link link;
    char old[500];
    char fresh[500];
    char secondary[500];
    open_with(&rig, NULL);
    attach(&rig, "bench-01", "primary", &link);
    rig_token_for(D1, RIG_KEY, NULL, 60, old);
    rig_token_for(D1, RIG_BAD_KEY, NULL, 60, fresh);
    rig_token_for(D1, RIG_OTHER_KEY, NULL, 60, secondary);
    assert_int_equal(hub_roll_key(rig.hub, "bench-01", HUB_KEY_PRIMARY, RIG_BAD_KEY), 0);
    assert_logged(&rig.log, "hub.key name=bench-01 key=primary");
    assert_int_equal(link.closes, 0); // the token is looked at only at CONNECT
    connect_as(&rig, "bench-01", old, NULL, &result);
    assert_int_equal(result.reason, REASON_SAS_WRONG_SIGNATURE);
    connect_as(&rig, "bench-01", fresh, NULL, &result);
    assert_int_equal(result.reason, REASON_OK);
    connect_as(&rig, "bench-01", secondary, NULL, &result);
    assert_int_equal(result.reason, REASON_OK);
    assert_int_equal(hub_roll_key(rig.hub, "bench-01", HUB_KEY_SECONDARY, NULL), 0);
    connect_as(&rig, "bench-01", secondary, NULL, &result);
    assert_int_equal(result.reason, REASON_SAS_WRONG_SIGNATURE);
    hub_detach(rig.hub, &link.link);
    rig_close(&rig);
}

static void roll_cut(struct hub_settings *s)
{
    s->has_roll_cut = true;
}

static void with_the_knob_a_rolled_key_ends_what_was_made_with_it(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct fake_link links[4];
    open_with(&rig, roll_cut);
    attach(&rig, "bench-01", "primary", &links[0]);
    attach(&rig, "bench-01/mod-a", "primary", &links[1]);
    attach(&rig, "bench-02", "policy device primary", &links[2]);
    attach(&rig, "off-01", "policy device secondary", &links[3]);
    assert_int_equal(hub_roll_key(rig.hub, "bench-01", HUB_KEY_SECONDARY, NULL), 0);
    assert_int_equal(links[0].closes, 0);
    assert_int_equal(hub_roll_key(rig.hub, "bench-01", HUB_KEY_PRIMARY, NULL), 0);
    assert_int_equal(links[0].closes, 1);
    assert_int_equal(links[0].reason, REASON_KEY_ROLLED);
    assert_int_equal(links[1].closes, 0);
    assert_int_equal(hub_roll_policy_key(rig.hub, "device", HUB_KEY_PRIMARY, NULL), 0);
    assert_int_equal(links[2].closes, 1);
    assert_int_equal(links[3].closes, 0);
    hub_detach(rig.hub, &links[1].link);
    hub_detach(rig.hub, &links[3].link);
    rig_close(&rig);
}

static void only_keys_that_exist_can_be_rolled(void **state)
{
    (void)state;
    struct hub_rig rig;
    open_with(&rig, NULL);
    assert_int_equal(hub_roll_key(rig.hub, "nobody", HUB_KEY_PRIMARY, NULL), ERR_UNKNOWN_NAME);
    assert_int_equal(hub_roll_key(rig.hub, "x509-01", HUB_KEY_PRIMARY, NULL), ERR_VALUE);
    assert_int_equal(hub_roll_key(rig.hub, "bench-01", HUB_KEY_PRIMARY, "short"), ERR_VALUE);
    assert_int_equal(hub_roll_policy_key(rig.hub, "nobody", HUB_KEY_PRIMARY, NULL),
                     ERR_UNKNOWN_NAME);
    rig_close(&rig);
}

// ---- what the settings say instead of the row

static void connack_codes_follow_the_settings(void **state)
{
    (void)state;
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    static const struct {
        enum reason reason;
        int standard;
    } rows[] = {{REASON_DISABLED, 5},
                {REASON_BAD_USERNAME, 5},
                {REASON_WRONG_HOST, 5},
                {REASON_THROTTLED, 3},
                {REASON_UNKNOWN_MODULE, 5}};
    struct hub_rig rig;
    rig_open_with(&rig, &settings);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_int_equal(hub_connack_code(rig.hub, rows[i].reason), rows[i].standard);
    }
    rig_close(&rig);
    settings.disabled_connack = settings.bad_username_connack = settings.wrong_host_connack = 3;
    settings.throttled_connack = 5;
    rig_open_with(&rig, &settings);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(hub_connack_code(rig.hub, rows[i].reason), 8 - rows[i].standard);
    }
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_is_judged_by_its_row),
        cmocka_unit_test(what_a_token_opens_is_told),
        cmocka_unit_test(the_key_of_a_policy_is_named_in_full),
        cmocka_unit_test(every_chain_is_judged_by_its_row),
        cmocka_unit_test(a_ca_device_is_refused_with_a_token_or_with_nothing),
        cmocka_unit_test(a_ca_is_verified_by_a_proof_of_possession),
        cmocka_unit_test(a_removed_ca_opens_no_more),
        cmocka_unit_test(bad_cas_and_policies_are_refused),
        cmocka_unit_test(a_hub_without_x509_takes_no_ca),
        cmocka_unit_test(a_new_hub_has_five_policies_of_which_two_connect_devices),
        cmocka_unit_test(a_rolled_key_counts_from_the_next_connect),
        cmocka_unit_test(with_the_knob_a_rolled_key_ends_what_was_made_with_it),
        cmocka_unit_test(only_keys_that_exist_can_be_rolled),
        cmocka_unit_test(connack_codes_follow_the_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
