// SPDX-License-Identifier: MIT
// The faults of TLS as command-line clients see them: openssl s_client, gnutls-cli, mosquitto_sub.
#include "base/test.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>

static const char *const engines[] = {"mbedtls", "openssl", "openssl --tls-versions 1.3 --tls-tickets honoured"};

enum { ENGINES_OF_1_2 = 2, ON_MBEDTLS = 1, ON_OPENSSL = 2, ON_BOTH = 3, ON_TLS_1_3 = 4, ON_ALL = 7 };

// Runs a hub with a provisioning service, arms the fault, runs the client ($port of the hub, $dps_port
// and $sub, a mosquitto_sub line without a topic, are set), and gives what the client and the hub said.
static void meet(struct shell_result *r, const char *engine, const char *fault, const char *client)
{
    shell_run(r,
              "serve --dps localhost --dps-port 0 --tls-engine %s; "
              "dps_port=$(sed -n 's/^ready .* dps_port=\\([0-9]*\\).*/\\1/p' lines); "
              "hubrig ctl fault %s; %s; "
              "until grep -q tcp.closed lines; do kill -0 $hub || break; done; finish; cat lines",
              engine, fault, client);
}

struct row {
    const char *fault;
    const char *openssl_says; // NULL: it completes the handshake
    const char *gnutls_says;
    const char *event;
};

// $site: tls, or dps for the provisioning service.
static const struct row handshake_rows[] = {
    {"slice 50 at $site.server_hello", NULL, NULL, "tls.established"},
    {"slice 1 at $site.certificate", NULL, NULL, "tls.established"},
    {"coalesce at $site.server_hello", NULL, NULL, "tls.established"},
    {"segment 1 at $site.server_hello", NULL, NULL, "tls.established"},
    {"warnings 1 at $site.server_hello", NULL, NULL, "tls.established"},
    {"delay 150ms at $site.server_hello_done", NULL, NULL, "tls.established"},
    {"alert fatal 40 at $site.certificate", "alert handshake failure", "Handshake failed", "by=hub"},
    {"drop fin at $site.certificate", "unexpected eof", "non-properly terminated", "by=hub how=fin"},
    {"drop rst at $site.certificate", "errno=104", "Error in the pull function", "by=hub how=rst"},
    {"oversize at $site.server_hello", "packet length too long", "invalid length", "record_overflow"},
    {"corrupt 200 at $site.server_key_exchange", "error", "signature verification has failed", "alert=decrypt_error"},
    {"truncate 20 at $site.server_hello", "length", "Error decoding", "alert=decode_error"},
    {"double at $site.server_hello", "unexpected message", "unexpected", "alert=unexpected_message"},
    {"swallow at $site.certificate", "unexpected message", "unexpected", "alert=unexpected_message"},
    {"swap at $site.certificate", "unexpected message", "unexpected", "alert=unexpected_message"},
    {"record-type 99 at $site.server_hello", "unexpected", "unexpected", "alert=unexpected_message"},
    {"record-version 0x0301 at $site.server_hello", "wrong version", "unsupported version", "alert=protocol_version"},
    {"empty-records 100 at $site.server_hello", "record too small", "unexpected", "alert=unexpected_message"},
    {"inject 1603034900 at $site.server_hello", "packet length too long", "invalid length", "record_overflow"},
    {"plain-text http at $site.client_hello", "wrong version", "unexpected TLS packet", "tls.refused"},
    {"flight ske-point at $site.client_hello", "bad ecpoint", "public key is invalid", "verdict=alert alert=illegal_parameter"},
    {"flight request-20k at $site.client_hello", "unexpected eof", "non-properly terminated", "verdict=accepted"},
};

// The chain is good for both names; the client asks for none.
static void show_in_openssl(const char *site, const char *port, const struct row *row,
                            const char *engine)
{
    struct shell_result r;
    char fault[160];
    char client[240];
    snprintf(fault, sizeof fault, "$(site=%s; echo \"%s\")", site, row->fault);
    snprintf(client, sizeof client,
             "timeout 5 openssl s_client -connect localhost:%s -CAfile hub-files/root.pem "
             "-tls1_2 -verify_return_error </dev/null 2>&1",
             port);
    meet(&r, engine, fault, client);
    shell_assert_says(&r, row->openssl_says ? row->openssl_says : "Verify return code: 0 (ok)");
    shell_assert_says(&r, "fault.fired");
    shell_assert_says(&r, row->event);
    shell_release(&r);
}

static void each_fault_of_the_handshake_shows_in_openssl(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(handshake_rows) * ENGINES_OF_1_2; i++) {
        show_in_openssl("tls", "$port", &handshake_rows[i / 2], engines[i % 2]);
    }
}

static void the_provisioning_service_has_each_of_them_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(handshake_rows) * ENGINES_OF_1_2; i++) {
        show_in_openssl("dps", "$dps_port", &handshake_rows[i / 2], engines[i % 2]);
    }
}

static void each_fault_of_the_handshake_shows_in_gnutls(void **state)
{
    (void)state;
    struct shell_result r;
    for (size_t i = 0; i < HR_COUNT_OF(handshake_rows) * ENGINES_OF_1_2; i++) {
        const struct row *row = &handshake_rows[i / 2];
        char fault[160];
        snprintf(fault, sizeof fault, "$(site=tls; echo \"%s\")", row->fault);
        meet(&r, engines[i % 2], fault,
             "timeout 5 gnutls-cli --x509cafile hub-files/root.pem "
             "--priority NORMAL:-VERS-ALL:+VERS-TLS1.2 -p $port localhost </dev/null 2>&1");
        shell_assert_says(&r, row->gnutls_says ? row->gnutls_says : "Handshake was completed");
        shell_assert_says(&r, "fault.fired");
        shell_release(&r);
    }
}

// Behind the handshake a client of MQTT is at the other end; it may leave.
static const struct {
    const char *fault;
    unsigned engines;
    const char *says[2]; // hub or client
} data_rows[] = {
    {"alert fatal internal_error at tls.application_data", ON_ALL,
     {"tls.alert by=hub level=fatal name=internal_error", "connection was lost"}},
    {"hello-request", ON_BOTH, {"tls.renegotiated", "mqtt.subscribed"}},
    {"hello-request", ON_TLS_1_3, {"cannot do what the fault asks for", "mqtt.subscribed"}},
    {"key-update", ON_BOTH, {"cannot do what the fault asks for", "mqtt.subscribed"}},
    {"key-update", ON_TLS_1_3, {"fault.fired fault=key-update", "mqtt.subscribed"}},
    {"drop fin at tls.new_session_ticket", ON_TLS_1_3, {"tcp.closed by=hub how=fin", "connection was lost"}},
    {"drop fin at tls.application_data", ON_ALL, {"tcp.closed by=hub how=fin", "connection was lost"}},
    {"drop rst at tls.application_data", ON_ALL, {"tcp.closed by=hub how=rst", "mqtt.subscribed"}},
    {"corrupt 12 at tls.application_data", ON_ALL, {"name=bad_record_mac", "tcp.closed"}},
    {"double at tls.application_data", ON_ALL, {"name=bad_record_mac", "tcp.closed"}},
    {"half-close at tls.application_data", ON_ALL, {"tcp.closed", "connection was lost"}},
    {"segment 2 at tls.application_data", ON_ALL, {"fault.fired", "mqtt.subscribed"}},
    {"delay 300ms at tls.application_data", ON_ALL, {"fault.fired", "mqtt.subscribed"}},
};

static void each_fault_behind_the_handshake_shows_in_mosquitto(void **state)
{
    (void)state;
    struct shell_result r;
    for (size_t i = 0; i < HR_COUNT_OF(data_rows) * HR_COUNT_OF(engines); i++) {
        if (!(data_rows[i / HR_COUNT_OF(engines)].engines & 1U << i % HR_COUNT_OF(engines))) {
            continue;
        }
        meet(&r, engines[i % HR_COUNT_OF(engines)], data_rows[i / HR_COUNT_OF(engines)].fault,
             "eval \"$sub -t 'devices/device-1/messages/devicebound/#' >sub 2>&1 & client=\\$!\"; "
             "until grep -q mqtt.subscribed lines; do kill -0 $client || break; done; "
             "kill $client; wait $client; cat sub");
        shell_assert_says(&r, "fault.fired");
        shell_assert_says(&r, data_rows[i / HR_COUNT_OF(engines)].says[0]);
        shell_assert_says(&r, data_rows[i / HR_COUNT_OF(engines)].says[1]);
        shell_release(&r);
    }
}

static void an_alert_behind_the_handshake_is_read_by_openssl(void **state)
{
    (void)state;
    struct shell_result r;
    for (size_t i = 0; i < HR_COUNT_OF(engines); i++) {
        meet(&r, engines[i], "alert fatal internal_error at tls.application_data",
             "printf '\\020\\014\\000\\004MQTT\\004\\002\\000\\074\\000\\000' | " // CONNECT
             "timeout 5 openssl s_client -quiet -connect localhost:$port 2>&1 >/dev/null");
        shell_assert_says(&r, "alert internal error");
        shell_assert_says(&r, "tls.alert by=hub level=fatal name=internal_error");
        shell_release(&r);
    }
}

static void a_stalled_connection_stays_open_and_says_nothing(void **state)
{
    (void)state;
    struct shell_result r;
    for (size_t i = 0; i < ENGINES_OF_1_2; i++) {
        meet(&r, engines[i], "stall at tls.server_hello_done",
             "timeout 1 openssl s_client -connect localhost:$port -tls1_2 </dev/null 2>&1; echo left $?");
        shell_assert_says(&r, "left 124");
        shell_assert_says(&r, "tcp.closed by=device");
        shell_release(&r);
    }
}

static void who_asks_for_short_records_gets_no_longer_ones_from_either_engine(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENGINES_OF_1_2; i++) {
        struct shell_result r;
        meet(&r, engines[i], "coalesce", // the whole flight as one stream is cut as well
             "timeout 5 openssl s_client -connect localhost:$port -CAfile hub-files/root.pem "
             "-tls1_2 -maxfraglen 512 -verify_return_error </dev/null 2>&1");
        shell_assert_says(&r, "Verify return code: 0 (ok)");
        shell_assert_says(&r, "record_bytes=512");
        shell_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_handshake_shows_in_openssl),
        cmocka_unit_test(the_provisioning_service_has_each_of_them_too),
        cmocka_unit_test(each_fault_of_the_handshake_shows_in_gnutls),
        cmocka_unit_test(each_fault_behind_the_handshake_shows_in_mosquitto),
        cmocka_unit_test(an_alert_behind_the_handshake_is_read_by_openssl),
        cmocka_unit_test(a_stalled_connection_stays_open_and_says_nothing),
        cmocka_unit_test(who_asks_for_short_records_gets_no_longer_ones_from_either_engine),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
