// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/parsed.h"

#include <stdio.h>
#include <string.h>

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
     "3:31: expected '=', '!=' or 'has' with blanks around it"},
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
    {"set device.count = 0\nboot device\n",
     "2:20: device.count takes a number from 1 to 50, seen '0'"},
    {"set device.count = 51\nboot device\n",
     "2:20: device.count takes a number from 1 to 50, seen '51'"},
    {"boot device\nset device.count = 2\n",
     "3:1: 'set' comes after 'boot device' on line 2; move it above the boot"},
    {"needs dps\nset device.count = 2\nset device.provisioning = symmetric\nboot device\n",
     "3:20: several devices cannot be provisioned first; leave device.count or device.provisioning "
     "out"},
    {"set device.key = secondry\nboot device\n",
     "2:18: unknown key 'secondry' (did you mean secondary?)"},
    {"needs x509\nset device.auth = x509\nset device.key = secondary\nboot device\n",
     "4:18: only a device that is registered with keys is given its secondary; leave device.auth "
     "and device.provisioning out"},
    {"needs two-keys\nset device.key = secondary\nboot device\n",
     "3:18: with needs two-keys the device is given both keys; leave device.key out"},
    {"needs two-keys x509\nset device.auth = ca\nboot device\n",
     "1:1: a device without keys in the hub has no two of them; leave needs two-keys out"},
    {"set device.module = valve\nboot device\n",
     "2:21: device.module needs a device that can be a module; add: needs module"},
    {"needs module\nset device.module = a/b\nboot device\n",
     "3:21: 'a/b' names no module: 1 to 64 letters, digits and -.%_*?!(),:=@$'"},
    {"needs module\nset device.module = m\nset device.count = 2\nboot device\n",
     "3:21: a module runs alone and is not provisioned; leave device.count and "
     "device.provisioning out"},
    {"boot device\nhub c2d on input in-1\n",
     "3:18: an input needs a device that can be a module; add: needs module"},
    {"needs module\nboot device\nhub c2d on input \"\"\n", "4:18: an input has a name of 1 to 100 bytes"},
    {"needs x509\nset device.auth = x509\nset device.certificate = wrong-ca\nboot device\n",
     "4:26: unknown kind of certificate 'wrong-ca' (did you mean wrong-cn?)"},
    {"set device.certificate = expired\nboot device\n",
     "2:26: a device with a key presents no certificate; add: set device.auth = x509 (or ca)"},
    {"boot device\nset device.certificate = expired\n",
     "3:1: 'set' comes after 'boot device' on line 2; move it above the boot"},
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
     "enable | c2d BODY | desired JSON | method NAME | roll primary|secondary | takeover | "
     "remove"},
    {"boot device\nhub c2d\n",
     "3:8: expected: hub c2d BODY [id ID] [ack full] [ttl DURATION] [size BYTES] "
     "[property NAME = VALUE ...] [input NAME]"},
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
    {"boot device\nhub method\n", "3:11: expected: hub method NAME [\"JSON\" | size BYTES] [within DURATION]"},
    {"boot device\nhub method go size 1\n",
     "3:20: size wants 2 to 131072 bytes, for a JSON text with its quotes"},
    {"boot device\nhub method go size 129k\n",
     "3:20: size wants 2 to 131072 bytes, for a JSON text with its quotes"},
    {"boot device\nhub method go 1 size 5\n",
     "3:17: 'size' is too much here: the statement is complete before it"},
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
    {"boot device\nmeasure\n", "3:8: expected: measure NAME = AMOUNT UNIT [enough AMOUNT]"},
    {"boot device\nmeasure x 5 bytes\n", "3:11: expected: measure NAME = AMOUNT UNIT [enough AMOUNT]"},
    {"boot device\nmeasure x = 5 bytes most 6\n",
     "3:21: 'most' is too much here: the statement is complete before it"},
    {"boot device\nmeasure x = 0 bytes\n",
     "3:13: '0' is no amount; amounts read 12, and of bytes 12k or 1M as well"},
    {"boot device\nmeasure x = 5k messages\n",
     "3:13: '5k' is no amount; amounts read 12, and of bytes 12k or 1M as well"},
    {"boot device\nmeasure x = 5 bytes enough 99999999999M\n",
     "3:28: '99999999999M' is no amount; amounts read 12, and of bytes 12k or 1M as well"},
    {"boot device\nmeasure x = 5 hundreds-of-hundreds-of-them\n",
     "3:15: a measure's unit has at most 23 bytes"},
    {"boot device\nrepeat n in 1 2 3 4 5\nmeasure x{n} = 5 bytes\nend\n",
     "4:9: more than 4 measures in one scenario"},
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
     "4:5: unknown dps verb or fault 'disabel' (did you mean disable?)"},
    {"needs dps\nboot device\ndps takeover\n", "4:5: takeover makes no sense at dps.connack"},
    {"needs dps\nboot device\ndps swallow at mqtt.c2d\n",
     "4:5: the provisioning service has no place like mqtt.c2d"},
    {"needs dps\nboot device\ndps blackhole up\n",
     "4:5: the provisioning service has no place like net.any"},
    {"set hub.tls_versions = 1.3\nboot device\n",
     "2:24: TLS 1.3 alone needs a device that speaks it; add: needs tls1.3"},
    {"needs tls1.3\nset hub.tls_versions = 1.2\nboot device\n",
     "3:24: the scenario needs tls1.3, and hub.tls_versions leaves it out"},
    {"needs tls1.3\nset hub.tls_engine = mbedtls\nboot device\n",
     "3:22: the mbedtls engine ends at TLS 1.2; for TLS 1.3 use openssl or auto"},
    {"set hub.tls_suites = TLS_NOTHING\nboot device\n",
     "2:22: 'TLS_NOTHING' is no cipher suite that is known here; names read "
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {"needs\nboot device\n", "2:6: expected: needs CAPABILITY ... (see: hubrig words capabilities)"},
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
        struct parsed f;
        char text[2000];
        char wanted[2000];
        snprintf(text, sizeof text, "scenario t.a\n%s", mistakes[i].text);
        snprintf(wanted, sizeof wanted, "suites/t/a.scn:%s\n", mistakes[i].message);
        assert_int_equal(parsed_from(&f, text), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), wanted);
        parsed_release(&f);
    }
}

static void a_bad_word_of_a_fault_is_named_at_its_column(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "scenario t.a\nboot device\nhub refuse 4 at mqtt.conack\n"),
                     ERR_SYNTAX);
    assert_int_equal(f.diags.count, 1);
    assert_int_equal(f.diags.items[0].line, 3);
    assert_int_equal(f.diags.items[0].column, 17);
    assert_non_null(strstr(f.diags.items[0].message, "did you mean mqtt.connack?"));
    parsed_release(&f);
    assert_int_equal(parsed_from(&f, "scenario t.a\nboot device\nhub refuse 9\n"), ERR_SYNTAX);
    assert_int_equal(f.diags.items[0].column, 12);
    parsed_release(&f);
}

static void all_mistakes_of_a_file_come_in_the_order_of_its_lines(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "boot device\nset device.clock = hub\nwait\nfly\n"), ERR_SYNTAX);
    assert_string_equal(
        buf_text(&f.printed),
        "suites/t/a.scn:1:1: the first statement must be: scenario NAME\n"
        "suites/t/a.scn:2:1: 'set' comes after 'boot device' on line 1; to change it in the run: "
        "time "
        "device = WHEN\n"
        "suites/t/a.scn:3:5: a duration is missing; durations read 250ms, 90s, 4m, 1h30m\n"
        "suites/t/a.scn:4:1: unknown verb 'fly'\n");
    parsed_release(&f);
}

static void an_empty_file_says_what_a_file_starts_with(void **state)
{
    (void)state;
    struct parsed f;
    assert_int_equal(parsed_from(&f, "# nothing\n"), ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "suites/t/a.scn:1:1: the file has no statement; it starts with: scenario "
                        "NAME\n");
    parsed_release(&f);
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
        struct parsed f;
        char text[200];
        snprintf(text, sizeof text, "scenario %s\nboot device\n", cases[i].name);
        int code = parsed_as(&f, cases[i].file, text);
        assert_string_equal(buf_text(&f.printed), cases[i].message);
        assert_int_equal(code, cases[i].message[0] ? ERR_SYNTAX : 0);
        assert_null(strchr(f.plan.name, '/'));
        parsed_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_a_way_out),
        cmocka_unit_test(a_bad_word_of_a_fault_is_named_at_its_column),
        cmocka_unit_test(all_mistakes_of_a_file_come_in_the_order_of_its_lines),
        cmocka_unit_test(an_empty_file_says_what_a_file_starts_with),
        cmocka_unit_test(the_name_must_be_the_place_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
