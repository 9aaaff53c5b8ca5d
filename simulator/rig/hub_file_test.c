// SPDX-License-Identifier: MIT
#include "simulator/rig/hub_file.h"
#include "base/error.h"
#include "base/test.h"

#include <string.h>

#define KEY "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define SHA "7f0e7f0e7f0e7f0e7f0e7f0e7f0e7f0e7f0e7f0e"

static const char *const chains[] = {"azure/digicert-g2", "bad/expired-leaf"};

struct fixture {
    struct hub_file file;
    struct diag_list diags;
    struct buf printed;
};

static int parse(struct fixture *f, const char *text)
{
    diag_init(&f->diags);
    buf_init(&f->printed, 100000);
    int code = hub_file_parse("a.hub", span_text(text), chains, 2, &f->file, &f->diags);
    assert_int_equal(diag_print(&f->diags, &f->printed), 0);
    return code;
}

static void release(struct fixture *f)
{
    hub_file_deinit(&f->file);
    diag_deinit(&f->diags);
    buf_deinit(&f->printed);
}

static void every_statement_is_read(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "hub myhub.example # the name\n"
                               "module a/m\n"
                               "device a key " KEY " disabled\n"
                               "device b thumbprint " SHA "\n"
                               "policy gateway DeviceConnect serviceconnect primary " KEY "\n"
                               "policy Service secondary " KEY "\n"
                               "ca factory factory.pem\n"
                               "ca lab lab.pem unverified\n"
                               "chain bad/expired-leaf\n"
                               "clock 2026-11-20T08:00:00Z\n"
                               "clock x1.5\n"
                               "fault refuse 5 times 3 device a\n"),
                     0);
    assert_string_equal(f.file.host, "myhub.example");
    assert_string_equal(f.file.chain, "bad/expired-leaf");
    assert_int_equal(f.file.identity_count, 3);
    assert_string_equal(f.file.identities[1].identity.primary_key, KEY);
    assert_true(f.file.identities[1].identity.is_disabled);
    assert_int_equal(f.file.identities[2].identity.auth, HUB_AUTH_THUMBPRINT);
    assert_string_equal(f.file.identities[2].identity.primary_thumbprint, SHA);
    assert_int_equal(f.file.policies[0].rights, HUB_RIGHT_DEVICE_CONNECT | HUB_RIGHT_SERVICE_CONNECT);
    assert_string_equal(f.file.policies[0].primary_key, KEY);
    assert_int_equal(f.file.policies[1].rights, HUB_RIGHT_SERVICE_CONNECT);
    assert_string_equal(f.file.policies[1].secondary_key, KEY);
    assert_string_equal(f.file.cas[0].name, "factory");
    assert_true(!f.file.cas[0].is_unverified && f.file.cas[1].is_unverified);
    assert_true(f.file.has_clock && f.file.clock.is_date);
    assert_int_equal(f.file.clock_rate_ppm, 1500000);
    assert_int_equal(f.file.fault_count, 1);
    assert_int_equal(f.file.faults[0].times, 3);
    release(&f);
}

static void each_mistake_is_named_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"devise a\n", "a.hub:1:1: unknown statement 'devise' (did you mean device?)"},
        {"hub\n", "a.hub:1:4: expected: hub HOST"},
        {"hub a_b\n", "a.hub:1:5: 'a_b' is no host name"},
        {"hub a\nhub A\n", "a.hub:2:5: the hub 'A' stands above already"},
        {"enrollment a/b\n", "a.hub:1:12: 'a/b' is no registration id"},
        {"enrollment a hub b\n", "a.hub:1:18: no hub of that name stands above"},
        {"device a hub b\n", "a.hub:1:10: expected key, secondary, thumbprint, ca or disabled"},
        {"group g thumbprint 0000000000000000000000000000000000000000\n",
         "a.hub:1:7: a group has a key, no thumbprint"},
        {"device a/b\n", "write: module a/b"},
        {"module a\n", "a.hub:1:8: expected module DEVICE/ID"},
        {"module a/m\n", "a.hub:1:8: there is no device 'a' for this module"},
        {"device a\ndevice b\ndevice a\n", "a.hub:3:8: 'a' stands already in line 1"},
        {"device a kee x\n",
         "a.hub:1:10: expected key, secondary, thumbprint, ca or disabled, seen 'kee' "
         "(did you mean key?)"},
        {"device a key abc\n", "a.hub:1:14: a: the primary key is not the base64 text of 16 to 64 bytes"},
        {"device a key\n", "a.hub:1:13: key wants"},
        {"device a key " KEY " key " KEY "\n", "key stands twice"},
        {"device a key " KEY " thumbprint " SHA "\n", "keys, thumbprints or a CA, not two of them"},
        {"device a ca thumbprint " SHA "\n", "keys, thumbprints or a CA, not two of them"},
        {"device a ca key " KEY "\n", "keys, thumbprints or a CA, not two of them"},
        {"device a thumbprint 12\n", "a.hub:1:21: a thumbprint has 40"},
        {"chain azure/digicert-g3\n",
         "a.hub:1:7: there is no chain 'azure/digicert-g3' (did you mean "
         "azure/digicert-g2?)"},
        {"clock xfast\n", "a.hub:1:7: 'xfast' is no rate for a clock"},
        {"clock x2\nclock x3\n", "a.hub:2:1: a second clock xRATE; the first stands in line 1"},
        {"clock 2h\n", "a.hub:1:7: '2h' is no time for a clock"},
        {"clock +2h +3h\n", "a.hub:1:11: nothing stands behind clock WHEN"},
        {"tls_versions 1.4\n", "a.hub:1:14: '1.4' is no TLS version"},
        {"tls_tickets\n", "a.hub:1:12: expected: tls_tickets off|honoured|refused|stale"},
        {"tls_tickets off\ntls_tickets off\n", "a.hub:2:1: a second tls_tickets"},
        {"fault refuse 9\n", "a.hub:1:14: refuse wants a number from 1 to 5"},
        {"fault\n", "a.hub:1:6: a fault is missing"},
        {"policy\n", "a.hub:1:7: expected: policy NAME RIGHT ..."},
        {"policy a/b DeviceConnect\n", "a.hub:1:8: 'a/b' is no name of a policy"},
        {"policy a\n", "a.hub:1:9: a policy wants rights: RegistryRead"},
        {"policy a DeviceConect\n", "seen 'DeviceConect' (did you mean DeviceConnect?)"},
        {"policy a DeviceConnect primary\n", "a.hub:1:31: primary wants the base64 text of a key"},
        {"policy a DeviceConnect secondary abc\n",
         "a.hub:1:34: a: the secondary key is not the base64 text"},
        {"policy service DeviceConnect\n", "a.hub:1:16: every hub has service with other rights"},
        {"policy a DeviceConnect\npolicy A DeviceConnect\n",
         "a.hub:2:8: the policy 'A' stands above already"},
        {"ca\n", "a.hub:1:3: expected: ca NAME FILE [unverified]"},
        {"ca a\n", "a.hub:1:5: expected: ca NAME FILE [unverified]"},
        {"ca a b.pem verified\n", "a.hub:1:12: expected unverified or nothing, seen 'verified'"},
        {"ca a b.pem unverified c\n", "a.hub:1:23: nothing stands behind ca NAME FILE [unverified]"},
        {"ca hubrig b.pem\n", "a.hub:1:4: 'hubrig' names the CA of this machine"},
        {"ca a b.pem\nca a c.pem\n", "a.hub:2:4: the CA certificate 'a' stands above already"},
        {"device \"a\n", "a.hub:1:"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct fixture f;
        assert_int_equal(parse(&f, rows[i].text), ERR_SYNTAX);
        if (!strstr(buf_text(&f.printed), rows[i].says)) {
            fail_msg("%s\nexpected '%s', seen:\n%s", rows[i].text, rows[i].says,
                     buf_text(&f.printed));
        }
        release(&f);
    }
}

static void a_hub_has_no_room_for_more_policies_and_cas(void **state)
{
    (void)state;
    struct fixture f;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 10000);
    for (int i = 0; i <= HUB_POLICIES_MOST - HUB_STANDARD_POLICIES; i++) {
        assert_int_equal(buf_printf(&text, "policy p%d DeviceConnect\n", i), 0);
    }
    for (int i = 0; i <= HUB_FILE_CAS_MOST; i++) {
        assert_int_equal(buf_printf(&text, "ca c%d c.pem\n", i), 0);
    }
    assert_int_equal(parse(&f, buf_text(&text)), ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "a.hub:12:1: more than 11 policies beside the 5 that every hub has\n"
                        "a.hub:37:1: more than 24 CA certificates\n");
    release(&f);
}

static void a_chain_file_needs_no_known_name(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "chain ./mine.chain\n"), 0);
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_is_read),
        cmocka_unit_test(each_mistake_is_named_at_its_place),
        cmocka_unit_test(a_hub_has_no_room_for_more_policies_and_cas),
        cmocka_unit_test(a_chain_file_needs_no_known_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
