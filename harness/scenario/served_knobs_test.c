// SPDX-License-Identifier: MIT
#include "harness/scenario/served_knobs.h"
#include "base/error.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum knob knob;
    const char *value; // not the usual one
} unusual[] = {
    {KNOB_HUB_SAS_GRACE, "10s"},
    {KNOB_HUB_TIER, "F1"},
    {KNOB_HUB_QUOTA, "7"},
    {KNOB_HUB_CONNECT_RATE, "3/s"},
    {KNOB_HUB_D2C_RATE, "3/s"},
    {KNOB_HUB_C2D_RATE, "3/s"},
    {KNOB_HUB_TWIN_READ_RATE, "3/s"},
    {KNOB_HUB_TWIN_UPDATE_RATE, "3/s"},
    {KNOB_HUB_METHOD_RATE, "3/s"},
    {KNOB_HUB_LOCAL_AUTH, "off"},
    {KNOB_HUB_DEVICE_SAS, "off"},
    {KNOB_HUB_MODULE_SAS, "off"},
    {KNOB_HUB_ROLL_CUT, "on"},
    {KNOB_HUB_DISABLED_CONNACK, "3"},
    {KNOB_HUB_USERNAME_CONNACK, "3"},
    {KNOB_HUB_HOST_CONNACK, "3"},
    {KNOB_HUB_THROTTLED_CONNACK, "5"},
    {KNOB_HUB_SUBSCRIPTIONS, "strict"},
    {KNOB_HUB_TWIN_TOO_LARGE, "400"},
    {KNOB_HUB_C2D_COUNTS, "attempts"},
    {KNOB_HUB_C2D_PROPERTIES, "any"},
    {KNOB_HUB_C2D_CLEAN, "deleted"},
    {KNOB_HUB_C2D_DELIVERIES, "3"},
    {KNOB_HUB_C2D_TTL, "2m"},
    {KNOB_HUB_RENEWAL, "any"},
    {KNOB_HUB_RENEWAL_NO_RID, "close"},
    {KNOB_HUB_RENEWAL_CSR_CODE, "400040"},
    {KNOB_HUB_RENEWAL_CONFLICT_CODE, "409005"},
    {KNOB_HUB_RENEWAL_DELAY, "2s"},
    {KNOB_HUB_RENEWAL_EXPIRES, "2h"},
    {KNOB_HUB_RENEWAL_DAYS, "3"},
    {KNOB_HUB_RENEWAL_RATE, "3/s"},
    {KNOB_HUB_SDK_FAULTS, "on"},
    {KNOB_TLS_ENGINE, "openssl"},
    {KNOB_TLS_VERSIONS, "1.3"},
    {KNOB_TLS_SUITES, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {KNOB_TLS_GROUPS, "secp384r1"},
    {KNOB_TLS_TICKETS, "refused"},
    {KNOB_CLIENT_CERTIFICATE, "required"},
    {KNOB_CLIENT_CAS, "3"},
    {KNOB_DPS_RETRY_AFTER, "7s"},
    {KNOB_DPS_ASSIGN_AFTER, "7s"},
    {KNOB_DPS_DISABLED, "status"},
};

static void usual(struct rig_settings *settings)
{
    *settings = (struct rig_settings){.seed = 0};
    hub_settings_init(&settings->hub, "myhub");
    dps_settings_init(&settings->dps, "mydps", "0ne0");
}

static bool is_unusual(enum knob knob)
{
    for (size_t i = 0; i < HR_COUNT_OF(unusual); i++) {
        if (unusual[i].knob == knob) {
            return true;
        }
    }
    return false;
}

static void every_knob_is_in_the_table_above_or_refused(void **state)
{
    (void)state;
    for (int i = 0; i < KNOB_COUNT; i++) {
        if (is_unusual((enum knob)i) == (served_knobs_instead((enum knob)i) != NULL)) {
            fail_msg("%s: expected either a row of the table, or a sentence that refuses it",
                     knob_word((enum knob)i));
        }
    }
}

static void every_knob_of_the_table_is_heeded(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(unusual); i++) {
        struct rig_settings before;
        struct rig_settings after;
        char text[200];
        usual(&before);
        after = before;
        snprintf(text, sizeof text, "%s=%s", knob_word(unusual[i].knob), unusual[i].value);
        const char *words[] = {text, NULL};
        int code = served_knobs_set(words, &after);
        if (code < 0) {
            fail_msg("%s: %s", text, error_text(code));
        }
        if (memcmp(&before.hub, &after.hub, sizeof before.hub) == 0 &&
            memcmp(&before.dps, &after.dps, sizeof before.dps) == 0 &&
            memcmp(&before.tls, &after.tls, sizeof before.tls) == 0) {
            fail_msg("%s changes nothing", text);
        }
    }
}

static void no_words_change_nothing(void **state)
{
    (void)state;
    struct rig_settings before;
    struct rig_settings after;
    const char *none[] = {NULL};
    usual(&before);
    before.hub.limits.blocks_a_day = 5;
    before.hub.sas_grace_s = 7;
    before.hub.has_sdk_faults = true;
    after = before;
    assert_int_equal(served_knobs_set(none, &after), 0);
    assert_memory_equal(&before.hub, &after.hub, sizeof before.hub);
    assert_memory_equal(&before.dps, &after.dps, sizeof before.dps);
    assert_memory_equal(&before.tls, &after.tls, sizeof before.tls);
}

static void a_single_limit_goes_before_the_tier_in_either_order(void **state)
{
    (void)state;
    static const char *const orders[][3] = {{"hub.tier=S1", " hub.quota = 5 ", NULL},
                                            {"hub.quota=5", "hub.tier=S1", NULL}};
    for (size_t i = 0; i < HR_COUNT_OF(orders); i++) {
        struct rig_settings s;
        struct hub_limits tier;
        usual(&s);
        hub_limits_of_tier(HUB_TIER_S1, 1, &tier);
        assert_int_equal(served_knobs_set(orders[i], &s), 0);
        assert_int_equal(s.hub.limits.blocks_a_day, 5);
        assert_memory_equal(s.hub.limits.rates, tier.rates, sizeof tier.rates);
    }
}

static void each_mistake_names_the_word(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        const char *says;
    } rows[] = {
        {{"hub.quta=5"}, "--set hub.quta=5: unknown knob 'hub.quta' (did you mean hub.quota?)"},
        {{"hub.tier=S4"}, "--set hub.tier=S4: 'S4' is no tier"},
        {{"hub.quota"}, "--set hub.quota: expected: set hub.quota = none|COUNT"},
        {{"hub.quota=5 6"}, "--set hub.quota=5 6: "},
        {{""}, "--set : expected: set KNOB = VALUE"},
        {{"hub.quota=5\nset hub.tier=S1"}, "expected one KNOB=VALUE"},
        {{"hub.quota=5", "hub.quota=6"}, "--set hub.quota=6: hub.quota is set already"},
        {{"hub.chain=azure/digicert-g2"}, "this knob is for scenarios; try --chain"},
        {{"device.auth=ca"}, "serve starts no device"},
        {{"dps.disabled=status"}, "no provisioning service runs; try --dps"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct rig_settings s;
        usual(&s);
        s.dps.host[0] = '\0';
        int code = served_knobs_set(rows[i].words, &s);
        assert_int_equal(code, ERR_USAGE);
        if (!strstr(error_text(code), rows[i].says)) {
            fail_msg("expected '%s', seen '%s'", rows[i].says, error_text(code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_knob_is_in_the_table_above_or_refused),
        cmocka_unit_test(every_knob_of_the_table_is_heeded),
        cmocka_unit_test(no_words_change_nothing),
        cmocka_unit_test(a_single_limit_goes_before_the_tier_in_either_order),
        cmocka_unit_test(each_mistake_names_the_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
