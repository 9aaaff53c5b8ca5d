// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const chains[] = {"azure/baltimore", "azure/digicert-g2", "bad/expired-leaf"};

struct fixture {
    struct plan plan;
    struct diag_list diags;
    struct buf printed;
};

static int parse_as(struct fixture *f, const char *file, const char *text)
{
    diag_init(&f->diags);
    buf_init(&f->printed, 1 << 20);
    int code = plan_parse(file, span_text(text), chains, HR_COUNT_OF(chains), &f->plan, &f->diags);
    assert_int_equal(diag_print(&f->diags, &f->printed), 0);
    return code;
}

static int parse(struct fixture *f, const char *text)
{
    return parse_as(f, "suites/t/a.scn", text);
}

static void release(struct fixture *f)
{
    plan_deinit(&f->plan);
    diag_deinit(&f->diags);
    buf_deinit(&f->printed);
}

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
    struct fixture f;
    assert_int_equal(parse(&f, whole), 0);
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
    release(&f);
}

static void statements_of_the_service_carry_what_it_sends(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(
        parse(
            &f,
            "scenario t.a\nboot device\n"
            "hub c2d \"a b\" id m-1 ack full ttl 2m property colour = \"dark red\" property n = 1\n"
            "hub desired \"{\\\"rate\\\":5}\"\n"
            "hub method go within 10s\n"
            "hub method stop \"{\\\"now\\\":true}\"\n"
            "hub takeover\n"
            "hub takeover at mqtt.connack times 3\n"
            "hub c2d x size 65536\n"),
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
    assert_int_equal(s[4].timeout_s, 30);
    assert_int_equal(plan_longest_us(&f.plan), 0); // a call does not make the scenario wait
    release(&f);
}

static void names_and_time_are_words_to_the_end_of_the_line(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "scenario t.a\nset hub.sntp = late 4s\nset dns.hub = slow 700ms\n"
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
    release(&f);
}

static void steps_carry_their_place_their_text_and_their_arguments(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, whole), 0);
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
    assert_true(s[2].match.where[1].is_not);
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
    release(&f);
}

static void what_is_not_set_has_the_default_of_the_table(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "scenario t.a\nboot device\n"), 0);
    assert_string_equal(f.plan.settings.hub_chain, knob_default(KNOB_HUB_CHAIN));
    assert_string_equal(f.plan.settings.device_root, knob_default(KNOB_DEVICE_ROOT));
    assert_int_equal(f.plan.settings.device_clock.kind, WHEN_HUB);
    assert_int_equal(f.plan.settings.hub_clock.kind, WHEN_REAL);
    assert_int_equal(f.plan.settings.sas_grace_us, 300000000);
    assert_int_equal(f.plan.limit_us, 60000000);
    assert_string_equal(f.plan.about, "");
    release(&f);
}

// Each text stands behind "scenario t.a\n"; the message behind "suites/t/a.scn:".
struct mistake_case {
    const char *text;
    const char *message;
};

static const struct mistake_case mistakes[] = {
    {"boot device\nexpct mqtt.connected within 1s\n",
     "3:1: unknown verb 'expct' (did you mean expect?)"},
    {"boot device\nfly\n", "3:1: unknown verb 'fly'"},
    {"boot device\nexpect mqtt.conected within 1s\n",
     "3:8: unknown event 'mqtt.conected' (did you mean mqtt.connected?)"},
    {"boot device\nexpect mqtt.refused with cod = 5 within 1s\n",
     "3:26: mqtt.refused has no field 'cod' (did you mean code?); it has: code reason hub_code why "
     "working hint"},
    {"boot device\nexpect mqtt.ping with a = 5 within 1s\n", "3:23: mqtt.ping has no fields"},
    {"boot device\nexpect mqtt.refused with\n",
     "3:25: a field of mqtt.refused is missing; it has: code reason hub_code why working hint"},
    {"boot device\nexpect mqtt.refused with code=5 within 1s\n",
     "3:26: mqtt.refused has no field 'code=5' (did you mean code?); it has: code reason hub_code "
     "why working hint"},
    {"boot device\nexpect mqtt.refused with code 5 within 1s\n",
     "3:31: expected '=' or '!=' with blanks around it"},
    {"boot device\nexpect mqtt.refused with code =\n", "3:32: a value is missing behind '='"},
    {"boot device\nexpect\n", "3:7: an event is missing, such as mqtt.connected (see: hubrig words "
                              "events)"},
    {"boot device\nexpect mqtt.ping\n", "3:17: expected 'within DURATION' here"},
    {"boot device\nexpect mqtt.ping within\n",
     "3:24: a duration is missing; durations read 250ms, 90s, 4m, 1h30m"},
    {"boot device\nexpect mqtt.ping within 90\n",
     "3:25: '90' is not a duration; durations read 250ms, 90s, 4m, 1h30m"},
    {"boot device\nexpect mqtt.ping within -1s\n", "3:25: '-1s' is too short; at least 1 us"},
    {"boot device\nwait 101y\n", "3:6: '101y' is longer than 100 years"},
    {"boot device\nwait 1s 2s\n",
     "3:9: '2s' is too much here: the statement is complete before it"},
    {"boot device\nexpect count tcp.accepted x within 1s\n",
     "3:27: 'x' is not a range; ranges read 3, 3.., ..5 or 3..5"},
    {"boot device\nexpect count tcp.accepted 5..3 within 1s\n",
     "3:27: the range '5..3' is empty; its lower end comes first"},
    {"boot device\nexpect count tcp.accepted .. within 1s\n",
     "3:27: '..' is not a range; ranges read 3, 3.., ..5 or 3..5"},
    {"set hub.chan = azure/digicert-g2\nboot device\n",
     "2:5: unknown knob 'hub.chan' (did you mean hub.chain?)"},
    {"set hub.chain = azure/digicrt-g2\nboot device\n",
     "2:17: unknown chain 'azure/digicrt-g2' (did you mean azure/digicert-g2?)"},
    {"set hub.chain\nboot device\n", "2:14: expected: set hub.chain = CHAIN"},
    {"set hub.chain =\nboot device\n", "2:16: expected: set hub.chain = CHAIN"},
    {"set\nboot device\n", "2:4: expected: set KNOB = VALUE"},
    {"set hub.clock = hub\nboot device\n", "2:17: 'hub' is for the device's clock; here stands "
                                           "real, a date such as 2026-11-20T08:00:00Z, "
                                           "or +2h or -30d"},
    {"set hub.clock = 2h\nboot device\n", "2:17: '2h' is not a time; expected real, a date such as "
                                          "2026-11-20T08:00:00Z, or +2h or -30d"},
    {"set hub.tier = S4\nboot device\n", "2:16: 'S4' is no tier; expected none, F1, S1, S2 or S3"},
    {"set hub.quota = 0\nboot device\n",
     "2:17: '0' is no count of message blocks; at least 1, or none"},
    {"set hub.quota = 5MB\nboot device\n",
     "2:17: '5MB' is no count of message blocks; at least 1, or none"},
    {"set hub.d2c_rate = 10\nboot device\n",
     "2:20: '10': expected a rate as in 10/s or 600/m, or none"},
    {"set hub.c2d_deliveries = 101\nboot device\n", "2:26: '101' is out of range: 1 to 100"},
    {"set hub.c2d_ttl = 1500ms\nboot device\n",
     "2:19: '1500ms' is out of range: 1 to 172800 whole seconds"},
    {"set hub.roll_cut = onn\nboot device\n", "2:20: unknown value 'onn' (did you mean on?)"},
    {"set hub.connect_rate = 0/s\nboot device\n",
     "2:24: '0/s': a rate is at least 1 and at most 1000000/s"},
    {"set hub.sdk_faults = yes\nboot device\n", "2:22: unknown state 'yes'"},
    {"boot device\nhub roll\n", "3:9: expected: hub roll primary|secondary"},
    {"boot device\nhub roll both\n", "3:10: unknown key 'both'"},
    {"set hub.sas_grace = 1s\nset hub.sas_grace = 2s\nboot device\n",
     "3:5: hub.sas_grace is set already on line 2"},
    {"set device.auth = x50\nneeds x509\nboot device\n",
     "2:19: unknown way of authentication 'x50' (did you mean x509?)"},
    {"boot device\nset hub.chain = azure/baltimore\n",
     "3:1: 'set' comes after 'boot device' on line 2; to change it in the run: hub chain NAME"},
    {"boot device\nset hub.clock = +1h\n",
     "3:1: 'set' comes after 'boot device' on line 2; to change it in the run: time hub = WHEN"},
    {"boot device\nset device.auth = x509\n",
     "3:1: 'set' comes after 'boot device' on line 2; move it above the boot"},
    {"set device.clock = hub\nboot device\n",
     "2:5: device.clock needs a device whose clock can be set; add: needs clock"},
    {"set device.clock_rate = fast\nboot device\n",
     "2:25: 'fast' is not a rate; expected a number from 0.001 to 1000, such as 20 or 1.5"},
    {"set hub.clock_rate = 0\nboot device\n",
     "2:22: '0' is not a rate; expected a number from 0.001 to 1000, such as 20 or 1.5"},
    {"set device.clock_rate = 20\nset hub.clock_rate = 1\nboot device\n",
     "2:5: a rate that is not the hub's needs a device whose clock can be set; add: needs clock"},
    {"boot device\nset hub.clock_rate = 2\n",
     "3:1: 'set' comes after 'boot device' on line 2; a run has one rate: move it above the boot"},
    {"boot device\ntime device = hub\n",
     "3:1: 'time device' needs a device whose clock can be set; add: needs clock"},
    {"set device.auth = x509\nboot device\n",
     "2:19: device.auth = x509 needs a device that takes a certificate; add: needs x509"},
    {"boot device\nboot device\n", "3:1: the device is booted already on line 2"},
    {"boot devise\nboot device\n", "2:6: expected: boot device"},
    {"wait 1s\n", "1:1: no 'boot device': the scenario never starts the device"},
    {"expect mqtt.connected within 1s\nboot device\n",
     "2:1: this comes before 'boot device', so no mqtt.connected can be seen"},
    {"boot device\ntime device\n", "3:12: expected: time device|hub = WHEN"},
    {"boot device\ntime hob = real\n", "3:6: unknown clock 'hob' (did you mean hub?)"},
    {"boot device\nhub\n",
     "3:4: expected: hub chain NAME | drop fin|rst | FAULT | clear | disable | "
     "enable | c2d BODY | desired JSON | method NAME | roll primary|secondary | takeover"},
    {"boot device\nhub c2d\n",
     "3:8: expected: hub c2d BODY [id ID] [ack full] [ttl DURATION] [size BYTES] "
     "[property NAME = VALUE ...]"},
    {"boot device\nhub c2d on size 70000\n",
     "3:17: size wants 1 to 65536 bytes, and a body to repeat"},
    {"boot device\ndns hbu moved\n", "3:5: unknown name 'hbu' (did you mean hub?)"},
    {"boot device\ndns hub\n", "3:8: expected: dns hub|dps|NAME BEHAVIOUR"},
    {"boot device\ndns hub right now\n", "3:15: 'now' is too much here"},
    {"boot device\nsntp late soon\n", "3:11: late wants a duration such as 20s, seen 'soon'"},
    {"boot device\nset dns.hub = moved\n", "3:1: 'set' comes after 'boot device' on line 2; to change it in the run: dns hub "
     "BEHAVIOUR"},
    {"needs dps\nboot device\ndps assign hub3\n", "4:12: unknown hub 'hub3' (did you mean hub1?)"},
    {"boot device\nhub takeover at mqtt.puback\n", "3:5: takeover makes no sense at mqtt.puback; it acts at mqtt.connack"},
    {"boot device\nhub c2d on akc full\n",
     "3:12: unknown part of a message 'akc' (did you mean ack?)"},
    {"boot device\nhub c2d on ack ful\n",
     "3:16: unknown kind of feedback 'ful' (did you mean full?)"},
    {"boot device\nhub c2d on ttl 1500ms\n",
     "3:16: '1500ms' is out of range: 1 to 172800 whole seconds"},
    {"boot device\nhub c2d on ttl 3d\n", "3:16: '3d' is out of range: 1 to 172800 whole seconds"},
    {"boot device\nhub c2d on id\n", "3:14: a message id has 1 to 128 bytes"},
    {"boot device\nhub c2d on property a=b\n",
     "3:21: expected: property NAME = VALUE, with blanks around '='"},
    {"boot device\nhub c2d on property a =\n",
     "3:21: expected: property NAME = VALUE, with blanks around '='"},
    {"boot device\nhub desired\n", "3:12: expected: hub desired \"JSON\""},
    {"boot device\nhub desired {a}\n", "3:13: not JSON, byte 2: string or '}' expected near 'a'; "
                                       "write it in quotes: \"{\\\"rate\\\":5}\""},
    {"boot device\nhub desired 5\n", "3:13: expected an object in quotes: \"{\\\"rate\\\":5}\""},
    {"boot device\nhub desired \"{}\" x\n",
     "3:18: 'x' is too much here: the statement is complete before it"},
    {"boot device\nhub method\n", "3:11: expected: hub method NAME [\"JSON\"] [within DURATION]"},
    {"boot device\nhub method go {\n", "3:15: not JSON, byte 1: string or '}' expected near end of "
                                       "file; write it in quotes: \"{\\\"rate\\\":5}\""},
    {"boot device\nhub method go within 4s\n",
     "3:22: '4s' is out of range: 5 to 300 whole seconds"},
    {"boot device\nhub method go 1 within 301s\n",
     "3:24: '301s' is out of range: 5 to 300 whole seconds"},
    {"boot device\nhub method go 1 2\n",
     "3:17: '2' is too much here: the statement is complete before it"},
    {"boot device\nhub drip fin\n", "3:5: unknown hub verb or fault 'drip' (did you mean drop?)"},
    {"boot device\nhub swalow\n",
     "3:5: unknown hub verb or fault 'swalow' (did you mean swallow?)"},
    {"boot device\nhub drop fim\n", "3:10: unknown way to drop 'fim' (did you mean fin?)"},
    {"boot device\nhub drop\n", "3:9: expected: hub drop fin|rst"},
    {"boot device\nhub chain\n", "3:10: the name of a chain is missing, such as azure/digicert-g2"},
    {"boot device\nhub clear all\n",
     "3:11: 'all' is too much here: the statement is complete before "
     "it"},
    {"boot device\nlog\n", "3:4: expected: log WORDS"},
    {"boot device\nnever mqtt.ping within 3s\n",
     "3:17: 'within' is too much here: the statement is complete before it"},
    {"boot device\nnever mqtt.ping before mqtt.pong\n",
     "3:24: unknown event 'mqtt.pong' (did you mean mqtt.ping?)"},
    {"needs clok\nboot device\n", "2:7: unknown capability 'clok' (did you mean clock?)"},
    {"set device.provisioning = symmetric\nboot device\n",
     "2:27: this needs a device that registers itself; add: needs dps"},
    {"needs dps\nset device.provisioning = x509\nboot device\n",
     "3:27: device.provisioning = x509 needs a device that takes a certificate; add: needs x509"},
    {"needs dps\nset device.provisioning = grup\nboot device\n",
     "3:27: unknown way of provisioning 'grup' (did you mean group?)"},
    {"needs dps\nset dps.retry_after = 1500ms\nboot device\n",
     "3:23: the service tells whole seconds, seen '1500ms'"},
    {"boot device\ndps disable\n",
     "3:1: this needs a device that registers itself; add: needs dps"},
    {"needs dps\nboot device\ndps disabel\n",
     "4:5: unknown dps verb 'disabel' (did you mean disable?)"},
    {"set hub.tls_versions = 1.3\nboot device\n",
     "2:24: TLS 1.3 alone needs a device that speaks it; add: needs tls1.3"},
    {"needs tls1.3\nset hub.tls_versions = 1.2\nboot device\n",
     "3:24: the scenario needs tls1.3, and hub.tls_versions leaves it out"},
    {"needs tls1.3\nset hub.tls_engine = mbedtls\nboot device\n",
     "3:22: the mbedtls engine ends at TLS 1.2; for TLS 1.3 use openssl or auto"},
    {"set hub.tls_suites = TLS_NOTHING\nboot device\n",
     "2:22: 'TLS_NOTHING' is no cipher suite that is known here; names read "
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {"needs\nboot device\n", "2:6: expected: needs clock|x509|dps|tls1.3|sntp|echo|quiet|seldom|memory ..."},
    {"tags\nboot device\n", "2:5: expected: tags WORD..."},
    {"tags 1 2 3 4 5 6 7 8 9\nboot device\n", "2:22: more than 8 tags"},
    {"tags a23456789012345678901234567890123\nboot device\n", "2:6: a tag has 1 to 31 bytes"},
    {"about\nboot device\n", "2:6: expected: about WORDS"},
    {"about a\nabout b\nboot device\n", "3:1: 'about' stands already on line 2"},
    {"why\nboot device\n", "2:4: expected: why WORDS"},
    {"source a\nsource b\nboot device\n", "3:1: 'source' stands already on line 2"},
    {"level must\nlevel must\nboot device\n", "3:1: 'level' stands already on line 2"},
    {"set device.root = azure/baltimore azure/digicert-g3\nboot device\n",
     "2:35: unknown chain 'azure/digicert-g3' (did you mean azure/digicert-g2?)"},
    {"level shuld\nboot device\n", "2:7: unknown level 'shuld' (did you mean should?)"},
    {"limit 5s\nlimit 6s\nboot device\n", "3:1: 'limit' stands already on line 2"},
    {"limit 0s\nboot device\n", "2:7: '0s' is too short; at least 1 ms"},
    {"scenario t.a\nboot device\n",
     "2:1: 'scenario' stands already on line 1; one scenario per file"},
    {"boot device\nexpect mqtt.connect with client_id = a and clean = b and will = c and username "
     "= d "
     "and api_version = e within 1s\n",
     "3:88: more than 4 conditions on one event"},
    {"boot device\nlog \"open\n", "3:5: the quote that opens here is never closed"},
};

static void each_mistake_is_named_with_its_place_and_a_way_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(mistakes); i++) {
        struct fixture f;
        char text[2000];
        char wanted[2000];
        snprintf(text, sizeof text, "scenario t.a\n%s", mistakes[i].text);
        snprintf(wanted, sizeof wanted, "suites/t/a.scn:%s\n", mistakes[i].message);
        assert_int_equal(parse(&f, text), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), wanted);
        release(&f);
    }
}

static void a_bad_word_of_a_fault_is_named_at_its_column(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "scenario t.a\nboot device\nhub refuse 4 at mqtt.conack\n"),
                     ERR_SYNTAX);
    assert_int_equal(f.diags.count, 1);
    assert_int_equal(f.diags.items[0].line, 3);
    assert_int_equal(f.diags.items[0].column, 17);
    assert_non_null(strstr(f.diags.items[0].message, "did you mean mqtt.connack?"));
    release(&f);
    assert_int_equal(parse(&f, "scenario t.a\nboot device\nhub refuse 9\n"), ERR_SYNTAX);
    assert_int_equal(f.diags.items[0].column, 12);
    release(&f);
}

static void all_mistakes_of_a_file_come_in_the_order_of_its_lines(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "boot device\nset device.clock = hub\nwait\nfly\n"), ERR_SYNTAX);
    assert_string_equal(
        buf_text(&f.printed),
        "suites/t/a.scn:1:1: the first statement must be: scenario NAME\n"
        "suites/t/a.scn:2:1: 'set' comes after 'boot device' on line 1; to change it in the run: "
        "time "
        "device = WHEN\n"
        "suites/t/a.scn:3:5: a duration is missing; durations read 250ms, 90s, 4m, 1h30m\n"
        "suites/t/a.scn:4:1: unknown verb 'fly'\n");
    release(&f);
}

static void an_empty_file_says_what_a_file_starts_with(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "# nothing\n"), ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "suites/t/a.scn:1:1: the file has no statement; it starts with: scenario "
                        "NAME\n");
    release(&f);
}

static void the_name_must_be_the_place_of_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *file, *name, *message;
    } cases[] = {
        {"suites/smoke/a.scn", "smoke.a", ""},
        {"suites/smoke/a.scn", "smoke/a", ""},
        {"smoke/a.scn", "smoke.a", ""},
        {"./smoke/a.scn", "smoke.a", ""},
        {"a.scn", "a", ""},
        {"a.scn", "smoke.a", ""},
        {"./a.scn", "smoke.a", ""},
        {"a.scn", "smoke.b",
         "a.scn:1:10: the file's place asks for the name 'a', seen 'smoke.b'\n"},
        {"suites/smoke/a.scn", "a",
         "suites/smoke/a.scn:1:10: the file's place asks for the name 'smoke.a', seen 'a'\n"},
        {"suites/smoke/a.scn", "smoke.b",
         "suites/smoke/a.scn:1:10: the file's place asks for the name 'smoke.a', seen 'smoke.b'\n"},
        {"a.scn", "a;b", "a.scn:1:10: a name has letters, digits, '-', '_' and '.' only\n"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct fixture f;
        char text[200];
        snprintf(text, sizeof text, "scenario %s\nboot device\n", cases[i].name);
        int code = parse_as(&f, cases[i].file, text);
        assert_string_equal(buf_text(&f.printed), cases[i].message);
        assert_int_equal(code, cases[i].message[0] ? ERR_SYNTAX : 0);
        assert_null(strchr(f.plan.name, '/'));
        release(&f);
    }
}

static void a_chain_may_be_a_file_and_without_a_list_any_name_goes(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "scenario t.a\nset hub.chain = ./my.chain\nboot device\n"), 0);
    release(&f);
    diag_init(&f.diags);
    buf_init(&f.printed, 100);
    struct span text = SPAN_LITERAL("scenario t.a\nset hub.chain = what/ever\nboot device\n");
    assert_int_equal(plan_parse("t/a.scn", text, NULL, 0, &f.plan, &f.diags), 0);
    release(&f);
}

static void an_expect_on_the_rig_itself_may_stand_before_the_boot(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(
        parse(&f, "scenario t.a\nhub stall\nexpect fault.armed within 1s\nboot device\n"), 0);
    release(&f);
}

static void events_match_by_type_and_by_their_fields_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *match;
        bool is_match;
    } cases[] = {
        {"mqtt.refused", true},
        {"mqtt.connected", false},
        {"mqtt.refused with code = 5", true},
        {"mqtt.refused with code = 4", false},
        {"mqtt.refused with code != 4 and reason = sas-expired", true},
        {"mqtt.refused with code != 5", false},
        {"mqtt.refused with hint = \"\"", true},
        {"mqtt.refused with hint != \"\"", false},
    };
    const struct field fields[] = {F_INT("code", 5), F_TEXT("reason", "sas-expired")};
    const struct event e = {.type = EVENT_MQTT_REFUSED, .fields = fields, .field_count = 2};
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct fixture f;
        char text[300];
        snprintf(text, sizeof text, "scenario t.a\nboot device\nnever %s\n", cases[i].match);
        assert_int_equal(parse(&f, text), 0);
        assert_int_equal(match_event(&f.plan.steps[1].match, &e), cases[i].is_match);
        assert_int_equal(match_print(&f.plan.steps[1].match, &f.printed), 0);
        assert_string_equal(buf_text(&f.printed), cases[i].match);
        release(&f);
    }
}

static void booleans_match_as_true_and_false(void **state)
{
    (void)state;
    struct match m = {.type = EVENT_DEVICE_EXITED, .where_count = 1};
    strcpy(m.where[0].field, "asked");
    strcpy(m.where[0].value, "false");
    const struct field fields[] = {F_BOOL("asked", false)};
    const struct event e = {.type = EVENT_DEVICE_EXITED, .fields = fields, .field_count = 1};
    assert_true(match_event(&m, &e));
    m.where[0].is_not = true;
    assert_false(match_event(&m, &e));
}

static void values_that_a_reader_could_mistake_are_printed_in_quotes(void **state)
{
    (void)state;
    struct match m = {.type = EVENT_RUN_NOTE, .where_count = 1};
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 1000);
    strcpy(m.where[0].field, "text");
    strcpy(m.where[0].value, "a \"b\"\\\n");
    assert_int_equal(match_print(&m, &out), 0);
    assert_string_equal(buf_text(&out), "run.note with text = \"a \\\"b\\\"\\\\\\n\"");
    buf_clear(&out);
    strcpy(m.where[0].value, "within");
    assert_int_equal(match_print(&m, &out), 0);
    assert_string_equal(buf_text(&out), "run.note with text = \"within\"");
}

static void a_device_can_have_the_roots_of_several_chains(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "scenario t.a\nset device.root = azure/baltimore azure/digicert-g2\n"
                               "boot device\n"),
                     0);
    assert_string_equal(f.plan.settings.device_root, "azure/baltimore azure/digicert-g2");
    release(&f);
}

static void the_head_says_why_how_binding_and_after_what(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "scenario t.a\nwhy the fleet   is gone\nlevel should\n"
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
    release(&f);
}

static void a_plan_explains_itself_line_by_line(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, whole), 0);
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
    release(&f);
}

static void a_suite_is_all_scenarios_below_a_folder_in_order(void **state)
{
    (void)state;
    char folder[] = "/tmp/hubrig-suite-XXXXXX";
    char path[200];
    static const char *const names[] = {"b/two.scn", "b/note.txt", "a/one.scn", ".hidden.scn"};
    char **files = NULL;
    size_t count = 0;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%c", folder, names[i][0]);
        assert_int_equal(names[i][0] == '.' ? 0 : fs_make_folder(path, 0700), 0);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(fs_write_file(path, SPAN_LITERAL("scenario x\n"), 0600), 0);
    }
    assert_int_equal(suite_files(folder, &files, &count), 0);
    assert_int_equal(count, 2);
    assert_non_null(strstr(files[0], "/a/one.scn"));
    assert_non_null(strstr(files[1], "/b/two.scn"));
    suite_free(files, count);
    snprintf(path, sizeof path, "%s/b/none", folder);
    assert_int_equal(suite_files(path, &files, &count), ERR_NO_FILE);
    assert_int_equal(fs_make_folder(path, 0700), 0);
    assert_int_equal(suite_files(path, &files, &count), ERR_NO_FILE);
    assert_int_equal(rmdir(path), 0);
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/a", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/b", folder);
    rmdir(path);
    assert_int_equal(rmdir(folder), 0);
}

static void a_file_that_is_not_there_is_no_mistake_in_it(void **state)
{
    (void)state;
    struct fixture f;
    diag_init(&f.diags);
    buf_init(&f.printed, 100);
    assert_int_equal(plan_read("/nonexistent/a.scn", NULL, 0, &f.plan, &f.diags), ERR_NO_FILE);
    assert_int_equal(f.diags.count, 0);
    release(&f);
}

static void every_option_of_the_hub_has_a_knob(void **state)
{
    (void)state;
    static const char text[] =
        "scenario t.a\nset hub.local_auth = off\nset hub.device_sas = off\nset hub.module_sas = off\n"
        "set hub.roll_cut = on\nset hub.disabled_connack = 3\nset hub.username_connack = 3\n"
        "set hub.host_connack = 3\nset hub.throttled_connack = 5\nset hub.subscriptions = strict\n"
        "set hub.twin_too_large = 400\nset hub.c2d_counts = attempts\nset hub.c2d_deliveries = 3\n"
        "set hub.renewal = any\nset hub.renewal_no_rid = close\nset hub.renewal_csr_code = 400040\n"
        "set hub.renewal_conflict_code = 409005\nset hub.renewal_delay = 5s\n"
        "set hub.renewal_expires = 1m\nset hub.renewal_days = 7\nset hub.renewal_rate = 2/m\n"
        "set hub.c2d_ttl = 2m\nset hub.twin_read_rate = 5/m\nset hub.method_rate = 1/s\n"
        "boot device\n";
    struct fixture f;
    assert_int_equal(parse(&f, text), 0);
    const struct hub_settings *s = &f.plan.settings.hub;
    assert_true(s->is_local_auth_off && s->is_device_sas_off && s->is_module_sas_off);
    assert_true(s->has_roll_cut && s->has_strict_subscriptions && s->c2d_counts_attempts);
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
    release(&f);
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
        cmocka_unit_test(a_ca_device_needs_x509_and_a_key_can_be_rolled),
        cmocka_unit_test(a_whole_scenario_becomes_settings_and_steps),
        cmocka_unit_test(statements_of_the_service_carry_what_it_sends),
        cmocka_unit_test(names_and_time_are_words_to_the_end_of_the_line),
        cmocka_unit_test(steps_carry_their_place_their_text_and_their_arguments),
        cmocka_unit_test(what_is_not_set_has_the_default_of_the_table),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_a_way_out),
        cmocka_unit_test(a_bad_word_of_a_fault_is_named_at_its_column),
        cmocka_unit_test(all_mistakes_of_a_file_come_in_the_order_of_its_lines),
        cmocka_unit_test(an_empty_file_says_what_a_file_starts_with),
        cmocka_unit_test(the_name_must_be_the_place_of_the_file),
        cmocka_unit_test(a_chain_may_be_a_file_and_without_a_list_any_name_goes),
        cmocka_unit_test(an_expect_on_the_rig_itself_may_stand_before_the_boot),
        cmocka_unit_test(events_match_by_type_and_by_their_fields_as_text),
        cmocka_unit_test(booleans_match_as_true_and_false),
        cmocka_unit_test(values_that_a_reader_could_mistake_are_printed_in_quotes),
        cmocka_unit_test(a_device_can_have_the_roots_of_several_chains),
        cmocka_unit_test(the_head_says_why_how_binding_and_after_what),
        cmocka_unit_test(a_plan_explains_itself_line_by_line),
        cmocka_unit_test(a_suite_is_all_scenarios_below_a_folder_in_order),
        cmocka_unit_test(a_file_that_is_not_there_is_no_mistake_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
