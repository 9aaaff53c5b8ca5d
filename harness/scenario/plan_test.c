// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/parsed.h"

#include <stdio.h>
#include <string.h>

static const char whole[] =
    "scenario t.a\n"
    "about    the root   rolls over # why\n"
    "tags     must tls\n"
    "needs    clock x509\n"
    "limit    4m\n"
    "set    device.clock = 1970-01-01T00:00:10Z\n"
    "set    device.auth = x509\n"
    "set    device.root = azure/baltimore\n"
    "set    hub.chain = azure/baltimore\n"
    "set    hub.clock = -30d\n"
    "set    hub.sas_grace = 0s\n"
    "never  mqtt.connect before hub.clock with utc != \"\"\n"
    "boot   device\n"
    "expect mqtt.connected with auth = sas and client_id != \"b 1\" within 90s "
    "# soon\n"
    "hub    drop fin\n"
    "hub    drop rst at mqtt.puback times 2\n"
    "hub    chain azure/digicert-g2\n"
    "hub    refuse 4\n"
    "hub    clear\n"
    "hub    disable\n"
    "hub    enable\n"
    "wait   1500ms\n"
    "log    \"two  words\" here\n"
    "time   device = hub\n"
    "time   hub = +2h\n"
    "expect count tcp.accepted 3.. within 30s\n"
    "expect count tcp.accepted 1..5 within 1s\n"
    "expect count tcp.accepted with endpoint = mqtts 0 within 1s\n";

static void a_whole_scenario_becomes_settings_and_steps(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, whole), 0);
    const struct plan *p = &f.plan;
    assert_string_equal(p->name, "t.a");
    assert_string_equal(p->about, "the root rolls over");
    assert_int_equal(p->tag_count, 2);
    assert_string_equal(p->tags[1], "tls");
    assert_true(p->needs == (CAN(CLOCK) | CAN(X509)));
    assert_int_equal(p->limit_us, 240000000);
    assert_int_equal(p->settings.device_clock.kind, WHEN_DATE);
    assert_int_equal(p->settings.device_clock.us, 10000000);
    assert_true(p->settings.is_x509);
    assert_string_equal(p->settings.device_root, "azure/baltimore");
    assert_int_equal(p->settings.hub_clock.kind, WHEN_OFFSET);
    assert_int_equal(p->settings.hub_clock.us, INT64_C(-30) * 86400 * 1000000);
    assert_int_equal(p->settings.sas_grace_us, 0);
    assert_int_equal(p->step_count, 17);
    assert_string_equal(p->source, whole);
    parsed_release(&f);
}

static void statements_of_the_service_carry_what_it_sends(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(
        parsed_from(
            &f,
            "scenario t.a\nboot device\n"
            "hub c2d \"a b\" id m-1 ack full ttl 2m property colour = \"dark red\" property n = 1\n"
            "hub desired \"{\\\"rate\\\":5}\"\n"
            "hub method go within 10s\n"
            "hub method stop \"{\\\"now\\\":true}\"\n"
            "hub takeover\n"
            "hub takeover at mqtt.connack times 3\n"
            "hub c2d x size 64k\n"
            "hub method go size 128k within 5s\n"),
        0);
    const struct step *s = f.plan.steps;
    assert_int_equal(s[1].verb, HUB_C2D);
    assert_string_equal(s[1].text, "a b");
    assert_string_equal(s[1].message->id, "m-1");
    assert_int_equal(s[1].message->ack, C2D_ACK_FULL);
    assert_int_equal(s[1].message->ttl_s, 120);
    assert_int_equal(s[1].message->property_count, 2);
    assert_string_equal(s[1].message->properties[0].value, "dark red");
    assert_string_equal(s[1].message->properties[1].name, "n");
    assert_int_equal(s[2].verb, HUB_DESIRED);
    assert_string_equal(s[2].text, "{\"rate\":5}");
    assert_int_equal(s[3].verb, HUB_METHOD);
    assert_string_equal(s[3].method, "go");
    assert_string_equal(s[3].text, "");
    assert_int_equal(s[3].timeout_s, 10);
    assert_string_equal(s[4].text, "{\"now\":true}");
    assert_int_equal(s[5].verb, HUB_TAKEOVER);
    assert_int_equal(s[6].verb, HUB_FAULT);
    assert_int_equal(s[6].fault.kind, FAULT_TAKEOVER);
    assert_int_equal(s[6].fault.times, 3);
    assert_int_equal(s[7].message->size_bytes, 65536);
    assert_int_equal(s[8].payload_bytes, 131072);
    assert_string_equal(s[8].text, "");
    assert_int_equal(s[8].timeout_s, 5);
    assert_int_equal(s[4].timeout_s, 30);
    assert_int_equal(plan_longest_us(&f.plan), 0); // a call does not make the scenario wait
    parsed_release(&f);
}

static void names_and_time_are_words_to_the_end_of_the_line(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nset hub.sntp = late 4s\nset dns.hub = slow 700ms\n"
                               "set dns.dps = nxdomain\nboot device\nsntp kod RATE\n"
                               "dns hub moved\ndns pool.ntp.org address 203.0.113.9\n"),
                     0);
    const struct step *s = f.plan.steps;
    assert_true(f.plan.needs_services);
    assert_false(f.plan.needs & CAN(SNTP));
    assert_int_equal(f.plan.settings.sntp.kind, SNTP_LATE);
    assert_int_equal(f.plan.settings.sntp.us, 4000000);
    assert_int_equal(f.plan.settings.dns_hub.us, 700000);
    assert_int_equal(f.plan.settings.dns_dps.kind, DNS_BEHAVE_NXDOMAIN);
    assert_int_equal(s[1].verb, HUB_SNTP);
    assert_string_equal(s[1].sntp.code, "RATE");
    assert_int_equal(s[2].verb, HUB_DNS);
    assert_string_equal(s[2].text, "hub");
    assert_int_equal(s[2].dns.kind, DNS_BEHAVE_MOVED);
    assert_string_equal(s[3].text, "pool.ntp.org");
    assert_string_equal(s[3].dns.address, "203.0.113.9");
    parsed_release(&f);
}

static void steps_carry_their_place_their_text_and_their_arguments(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, whole), 0);
    const struct step *s = f.plan.steps;
    assert_int_equal(s[0].kind, STEP_NEVER);
    assert_true(s[0].has_before);
    assert_int_equal(s[0].before.type, EVENT_HUB_CLOCK);
    assert_int_equal(s[1].kind, STEP_BOOT);
    assert_int_equal(s[2].line, 14);
    assert_int_equal(s[2].column, 1);
    assert_string_equal(s[2].source,
                        "expect mqtt.connected with auth = sas and client_id != \"b 1\" "
                        "within 90s");
    assert_int_equal(s[2].match.where_count, 2);
    assert_string_equal(s[2].match.where[1].value, "b 1");
    assert_int_equal(s[2].match.where[1].how, MATCH_IS_NOT);
    assert_int_equal(s[2].duration_us, 90000000);
    assert_int_equal(s[3].verb, HUB_DROP);
    assert_int_equal(s[3].drop, DROP_FIN);
    assert_int_equal(s[4].verb, HUB_FAULT);
    assert_int_equal(s[4].fault.kind, FAULT_DROP);
    assert_int_equal(s[4].fault.site, SITE_MQTT_PUBACK);
    assert_string_equal(s[5].chain, "azure/digicert-g2");
    assert_int_equal(s[6].fault.number[0], 4);
    assert_int_equal(s[7].verb, HUB_CLEAR);
    assert_int_equal(s[8].verb, HUB_DISABLE);
    assert_int_equal(s[9].verb, HUB_ENABLE);
    assert_int_equal(s[10].duration_us, 1500000);
    assert_string_equal(s[11].text, "two  words here");
    assert_true(s[12].is_device);
    assert_int_equal(s[12].when.kind, WHEN_HUB);
    assert_false(s[13].is_device);
    assert_int_equal(s[14].least, 3);
    assert_true(s[14].most == UINT64_MAX);
    assert_int_equal(s[15].most, 5);
    assert_int_equal(s[16].least, 0);
    assert_int_equal(s[16].most, 0);
    assert_int_equal(plan_longest_us(&f.plan), 90000000 + 1500000 + 30000000 + 1000000 + 1000000);
    parsed_release(&f);
}

static void what_is_not_set_has_the_default_of_the_table(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nboot device\n"), 0);
    assert_string_equal(f.plan.settings.hub_chain, knob_default(KNOB_HUB_CHAIN));
    assert_string_equal(f.plan.settings.device_root, knob_default(KNOB_DEVICE_ROOT));
    assert_int_equal(f.plan.settings.device_clock.kind, WHEN_HUB);
    assert_int_equal(f.plan.settings.hub_clock.kind, WHEN_REAL);
    assert_int_equal(f.plan.settings.sas_grace_us, 300000000);
    assert_int_equal(f.plan.limit_us, 60000000);
    assert_string_equal(f.plan.about, "");
    parsed_release(&f);
}

static void a_chain_may_be_a_file_and_without_a_list_any_name_goes(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nset hub.chain = ./my.chain\nboot device\n"), 0);
    parsed_release(&f);
    diag_init(&f.diags);
    buf_init(&f.printed, 100);
    struct span text = SPAN_LITERAL("scenario t.a\nset hub.chain = what/ever\nboot device\n");
    assert_int_equal(plan_parse("t/a.scn", text, NULL, 0, &f.plan, &f.diags), 0);
    parsed_release(&f);
}

static void an_expect_on_the_rig_itself_may_stand_before_the_boot(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(
        parsed_from(&f, "scenario t.a\nhub stall\nexpect fault.armed within 1s\nboot device\n"), 0);
    parsed_release(&f);
}

static void a_device_can_have_the_roots_of_several_chains(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nset device.root = azure/baltimore azure/digicert-g2\n"
                               "boot device\n"),
                     0);
    assert_string_equal(f.plan.settings.device_root, "azure/baltimore azure/digicert-g2");
    parsed_release(&f);
}

static void the_head_says_why_how_binding_and_after_what(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nwhy the fleet   is gone\nlevel should\n"
                               "source RFC 5280 6.1\nboot device\n"),
                     0);
    assert_int_equal(f.plan.level, LEVEL_SHOULD);
    assert_int_equal(plan_explain(&f.plan, &f.printed), 0);
    assert_non_null(strstr(buf_text(&f.printed), "Why: the fleet is gone\n"
                                                 "Source: RFC 5280 6.1\nLevel: should\n"));
    buf_clear(&f.printed);
    assert_int_equal(plan_explain_json(&f.plan, &f.printed), 0);
    assert_non_null(strstr(buf_text(&f.printed),
                           "\"why\":\"the fleet is gone\",\"level\":\"should\","
                           "\"source\":\"RFC 5280 6.1\""));
    parsed_release(&f);
}

static void a_plan_explains_itself_line_by_line(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, whole), 0);
    assert_int_equal(plan_explain(&f.plan, &f.printed), 0);
    assert_string_equal(
        buf_text(&f.printed),
        "t.a: the root rolls over\n"
        "Needs a device with: clock x509\n"
        "The device has the roots of azure/baltimore, is registered with a certificate, and its "
        "clock "
        "is 1970-01-01T00:00:10Z.\n"
        "The hub presents azure/baltimore, and its clock is 30 days before the real time; a "
        "connected "
        "device's token lives 0 us past its end.\n"
        "  12  From here on fail at once on mqtt.connect, until hub.clock with utc != \"\".\n"
        "  13  Start the device.\n"
        "  14  Wait at most 1 min 30 s for mqtt.connected with auth = sas and client_id != \"b "
        "1\".\n"
        "  15  The hub drops its live connections by fin.\n"
        "  16  Arm the fault 'drop rst' at mqtt.puback (the hub is about to acknowledge a "
        "message), 2 times.\n"
        "  17  The hub presents the chain azure/digicert-g2 from now on.\n"
        "  18  Arm the fault 'refuse 4' at mqtt.connack (the hub is about to "
        "accept "
        "a CONNECT), 1 time.\n"
        "  19  Remove all faults.\n"
        "  20  Disable the device in the registry, which ends its connection.\n"
        "  21  Enable the device in the registry.\n"
        "  22  Wait 1.5 s.\n"
        "  23  Write to the journal: two  words here.\n"
        "  24  Set the device's clock to the hub's time.\n"
        "  25  Set the hub's clock to 2 h ahead of the real time.\n"
        "  26  Count for 30 s and require at least 3 tcp.accepted.\n"
        "  27  Count for 1 s and require 1 to 5 tcp.accepted.\n"
        "  28  Count for 1 s and require exactly 0 tcp.accepted with endpoint = mqtts.\n"
        "Takes at most 2 min 3 s (limit 4 min).\n");
    parsed_release(&f);
}

static void a_file_that_is_not_there_is_no_mistake_in_it(void **state)
{
    (void)state;
    struct parsed f;
    diag_init(&f.diags);
    buf_init(&f.printed, 100);
    assert_int_equal(plan_read("/nonexistent/a.scn", NULL, 0, &f.plan, &f.diags), ERR_NO_FILE);
    assert_int_equal(f.diags.count, 0);
    parsed_release(&f);
}

static void every_option_of_the_hub_has_a_knob(void **state)
{
    (void)state;
    static const char text[] =
        "scenario t.a\nset hub.local_auth = off\nset hub.device_sas = off\nset hub.module_sas = off\n"
        "set hub.roll_cut = on\nset hub.disabled_connack = 3\nset hub.username_connack = 3\n"
        "set hub.host_connack = 3\nset hub.throttled_connack = 5\nset hub.subscriptions = strict\n"
        "set hub.twin_too_large = 400\nset hub.c2d_counts = attempts\nset hub.c2d_deliveries = 3\n"
        "set hub.c2d_clean = deleted\nset hub.c2d_properties = any\n"
        "set hub.renewal = any\nset hub.renewal_no_rid = close\nset hub.renewal_csr_code = 400040\n"
        "set hub.renewal_conflict_code = 409005\nset hub.renewal_delay = 5s\n"
        "set hub.renewal_expires = 1m\nset hub.renewal_days = 7\nset hub.renewal_rate = 2/m\n"
        "set hub.c2d_ttl = 2m\nset hub.twin_read_rate = 5/m\nset hub.method_rate = 1/s\n"
        "boot device\n";
    struct parsed f;
    assert_int_equal(parsed_from(&f, text), 0);
    const struct hub_settings *s = &f.plan.settings.hub;
    assert_true(s->is_local_auth_off && s->is_device_sas_off && s->is_module_sas_off);
    assert_true(s->has_roll_cut && s->has_strict_subscriptions && s->c2d_counts_attempts && s->c2d_goes_with_session);
    assert_true(s->takes_any_c2d_property);
    assert_int_equal(s->disabled_connack, 3);
    assert_int_equal(s->bad_username_connack, 3);
    assert_int_equal(s->wrong_host_connack, 3);
    assert_int_equal(s->throttled_connack, 5);
    assert_int_equal(s->twin_too_large_status, 400);
    assert_int_equal(s->c2d_deliveries_most, 3);
    assert_int_equal(s->c2d_ttl_s, 120);
    assert_true(s->takes_any_renewal && s->closes_renewal_without_rid);
    assert_int_equal(s->renewal_csr_code, 400040);
    assert_int_equal(s->renewal_conflict_code, 409005);
    assert_int_equal(s->renewal_delay_s, 5);
    assert_int_equal(s->renewal_expires_s, 60);
    assert_int_equal(s->renewal_days, 7);
    assert_int_equal(f.plan.settings.limits.rates[THROTTLE_RENEWAL].per_minute, 2);
    assert_int_equal(f.plan.settings.limits.rates[THROTTLE_TWIN_READ].per_minute, 5);
    assert_int_equal(f.plan.settings.limits.rates[THROTTLE_METHOD].per_minute, 60);
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(plan_explain(&f.plan, &out), 0);
    assert_non_null(strstr(buf_text(&out), "hub.local_auth is off: "));
    assert_non_null(strstr(buf_text(&out), "hub.c2d_ttl is 2 min: "));
    buf_deinit(&out);
    parsed_release(&f);
}

static void limits_are_those_of_the_tier_unless_a_knob_says_otherwise(void **state)
{
    (void)state;
    static const char *const orders[] = {
        "scenario t.a\nset hub.tier = F1\nset hub.quota = 5\nset hub.d2c_rate = 2/s\nboot device\n",
        "scenario t.a\nset hub.d2c_rate = 2/s\nset hub.quota = 5\nset hub.tier = F1\nboot "
        "device\n"};
    for (size_t i = 0; i < HR_COUNT_OF(orders); i++) {
        struct plan plan;
        struct diag_list diags;
        diag_init(&diags);
        assert_int_equal(plan_parse("t/a.scn", span_text(orders[i]), NULL, 0, &plan, &diags), 0);
        const struct hub_limits *l = &plan.settings.limits;
        assert_int_equal(l->blocks_a_day, 5);
        assert_int_equal(l->block_bytes, 512);
        assert_int_equal(l->rates[THROTTLE_D2C].per_minute, 120);
        assert_int_equal(l->rates[THROTTLE_CONNECT].per_minute, 6000);
        plan_deinit(&plan);
        diag_deinit(&diags);
    }
}

static void a_device_may_be_a_module_with_its_secondary_key_and_inputs(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nneeds module\nset device.module = valve\n"
                                     "set device.key = secondary\nboot device\n"
                                     "hub c2d on input in-1\nhub remove\n"),
                     0);
    assert_string_equal(f.plan.settings.device_module, "valve");
    assert_true(f.plan.settings.is_given_secondary);
    assert_string_equal(f.plan.steps[1].message->input, "in-1");
    assert_int_equal(f.plan.steps[2].verb, HUB_REMOVE);
    assert_int_equal(plan_explain(&f.plan, &f.printed), 0);
    assert_non_null(strstr(buf_text(&f.printed), "It runs as its module valve"));
    assert_non_null(strstr(buf_text(&f.printed), "It is given its secondary key"));
    assert_non_null(strstr(buf_text(&f.printed), "the message 'on' by a route to its input in-1"));
    parsed_release(&f);
}

static void a_ca_device_needs_x509_and_a_key_can_be_rolled(void **state)
{
    (void)state;
    static const char text[] =
        "scenario t.a\nneeds x509\nset device.auth = ca\nset hub.sdk_faults = on\n"
        "boot device\nhub roll secondary\n";
    struct plan plan;
    struct diag_list diags;
    diag_init(&diags);
    assert_int_equal(plan_parse("t/a.scn", span_text(text), NULL, 0, &plan, &diags), 0);
    assert_true(plan.settings.is_x509 && plan.settings.is_ca_signed);
    assert_true(plan.settings.has_sdk_faults);
    assert_int_equal(plan.steps[1].verb, HUB_ROLL);
    assert_true(plan.steps[1].is_secondary);
    plan_deinit(&plan);
    diag_deinit(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_of_the_hub_has_a_knob),
        cmocka_unit_test(limits_are_those_of_the_tier_unless_a_knob_says_otherwise),
        cmocka_unit_test(a_device_may_be_a_module_with_its_secondary_key_and_inputs),
        cmocka_unit_test(a_ca_device_needs_x509_and_a_key_can_be_rolled),
        cmocka_unit_test(a_whole_scenario_becomes_settings_and_steps),
        cmocka_unit_test(statements_of_the_service_carry_what_it_sends),
        cmocka_unit_test(names_and_time_are_words_to_the_end_of_the_line),
        cmocka_unit_test(steps_carry_their_place_their_text_and_their_arguments),
        cmocka_unit_test(what_is_not_set_has_the_default_of_the_table),
        cmocka_unit_test(a_chain_may_be_a_file_and_without_a_list_any_name_goes),
        cmocka_unit_test(an_expect_on_the_rig_itself_may_stand_before_the_boot),
        cmocka_unit_test(a_device_can_have_the_roots_of_several_chains),
        cmocka_unit_test(the_head_says_why_how_binding_and_after_what),
        cmocka_unit_test(a_plan_explains_itself_line_by_line),
        cmocka_unit_test(a_file_that_is_not_there_is_no_mistake_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
