// SPDX-License-Identifier: MIT
#include "base/test.h"
#include "harness/diagnosis/diagnosis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLISECOND = 1000, EVENTS_MOST = 24 };

// One event of a story: its word and up to two fields, "field=value". A leading '!' marks the
// event that broke the rule.
struct story {
    const char *id; // the row that must speak, "" = none
    const char *cause; // part of the cause
    const char *try_text; // part of the advice
    const char *events[EVENTS_MOST];
};

static const struct story stories[] = {
    {"accepted-expired", "does not check notAfter", "mbedtls_ssl_conf_authmode",
     {"hub.chain name=bad/expired-leaf", "device.started", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-not-yet-valid", "does not check notBefore", "BADCERT_FUTURE",
     {"hub.chain name=bad/not-yet-valid", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-before-its-time", "its own clock, 1970-01-01T00:00:10Z", "MBEDTLS_HAVE_TIME_DATE",
     {"hub.chain name=azure/digicert-g2", "hub.clock utc=2026-11-20T08:00:00Z",
      "device.started clock=1970-01-01T00:00:10Z", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-wrong-host", "does not compare the host name", "mbedtls_ssl_set_hostname",
     {"hub.chain name=bad/wrong-host", "tcp.accepted", "!mqtt.early packet=PUBLISH"}},
    {"accepted-unknown-root", "accepts a chain without its root", "SSL_VERIFY_PEER",
     {"hub.chain name=bad/unknown-root", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-self-signed", "accepts a chain without its root", "VERIFY_REQUIRED",
     {"hub.chain name=bad/self-signed", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-missing-intermediate", "the intermediate is missing", "VERIFY_REQUIRED",
     {"hub.chain name=bad/missing-intermediate", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-as-its-library", "so do, with their usual settings, wolfssl, bearssl", "application must check",
     {"hub.chain name=catalogue/k-md5 verdict=reject accepted_by=wolfssl,_bearssl", "tcp.accepted",
      "!mqtt.connect"}},
    {"accepted-bad-chain", "bad/sha1-leaf, which must be refused", "VERIFY_REQUIRED",
     {"hub.chain name=bad/sha1-leaf", "tcp.accepted", "!mqtt.connected"}},

    {"exited-by-signal", "crashed: signal SIGSEGV", "AddressSanitizer",
     {"device.started", "!device.exited code=0 signal=11"}},
    {"exited-by-signal", "crashed: signal SIGABRT", "AddressSanitizer",
     {"device.started", "tcp.accepted", "device.exited code=0 signal=SIGABRT"}},
    {"exited", "by itself with code 3", "last lines",
     {"device.started", "!device.exited code=3 signal=0"}},

    {"sends-after-refusal", "CONNACK code 5", "return code",
     {"tcp.accepted", "mqtt.connect", "mqtt.refused code=5 reason=sas-expired",
      "!mqtt.early packet=PUBLISH"}},
    {"sends-before-connack", "before CONNACK", "wait for CONNACK",
     {"tcp.accepted", "mqtt.connect", "!mqtt.early packet=SUBSCRIBE"}},

    {"hammering", "4 attempts, 100 ms apart on average", "doubled",
     {"mqtt.connect", "mqtt.connect", "mqtt.connect", "!mqtt.connect"}},
    {"hammering", "3 attempts, 200 ms apart on average", "random",
     {"tcp.accepted", "tls.failed", "tcp.accepted", "tls.failed", "!tcp.accepted"}},

    {"refused", "refused the device: the SAS token has expired (ended 2 h ago)", "check the clock",
     {"tcp.accepted", "mqtt.connect", "mqtt.refused reason=sas-expired why=the_SAS_token_has_expired "
      "working=ended_2_h_ago hint=check_the_clock"}},
    {"refused", "the identity is disabled", "enable it",
     {"mqtt.connect", "!mqtt.refused reason=disabled why=the_identity_is_disabled hint=enable_it"}},
    {"taken-over", "newer connection", "share one device id",
     {"tcp.accepted", "tcp.accepted", "mqtt.connected", "!mqtt.taken_over by_connection=2"}},
    {"token-not-renewed", "SAS token run out", "renewal timer",
     {"mqtt.connected", "sas.expired after_s=300"}},
    {"silent", "silent for longer", "PINGREQ", {"mqtt.connected", "mqtt.keepalive_expired after_s=90"}},
    {"mqtt-error", "broke an MQTT rule: topic has a wildcard", "MQTT 3.1.1",
     {"mqtt.connected", "mqtt.error why=topic_has_a_wildcard"}},

    {"clock-behind", "its clock, 1970-01-01T00:00:10Z, is before", "SNTP",
     {"hub.chain name=azure/digicert-g2", "device.clock utc=1970-01-01T00:00:10Z", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate", "tls.failed"}},
    {"clock-behind", "certificate_unknown", "RTC",
     {"hub.clock utc=2026-11-20T00:00:00Z", "device.clock utc=2026-11-01T00:00:00Z", "tcp.accepted",
      "tls.client_hello", "!tls.alert by=device name=certificate_unknown"}},
    {"root-unknown", "the root of azure/baltimore", "DigiCert Global Root G2",
     {"hub.chain name=azure/baltimore", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=unknown_ca"}},
    {"thinks-expired", "for expired", "trust store",
     {"hub.clock utc=2026-11-20T00:00:00Z", "device.clock utc=2026-11-20T00:00:00Z", "tcp.accepted",
      "tls.alert by=device name=certificate_expired"}},
    {"refused-certificate", "the alert bad_certificate", "host name",
     {"tcp.accepted", "tls.alert by=device name=bad_certificate"}},
    {"no-common-ground", "handshake_failure", "TLS 1.2",
     {"tcp.accepted", "tls.alert by=device name=handshake_failure"}},
    {"ended-handshake", "the alert internal_error", "RFC 5246",
     {"tcp.accepted", "tls.client_hello", "tls.alert by=device name=internal_error"}},
    {"left-handshake-clock", "1970-01-01T00:00:10Z", "SNTP",
     {"device.clock utc=1970-01-01T00:00:10Z", "tcp.accepted", "tls.client_hello",
      "tls.failed why=eof", "tcp.closed by=device"}},
    {"left-handshake", "without an alert", "MBEDTLS_SSL_IN_CONTENT_LEN",
     {"tcp.accepted", "tls.client_hello", "tls.failed why=eof", "tcp.closed by=device"}},

    {"left-handshake", "without an alert", "host name",
     {"tcp.accepted", "tls.client_hello", "!tls.failed why=closed_during_the_handshake_without_an_alert"}},

    {"no-reconnect", "did not come back", "retry",
     {"tcp.accepted", "tls.client_hello", "tls.established", "mqtt.connect", "mqtt.connected",
      "tcp.closed by=hub how=rst"}},
    {"no-reconnect", "did not come back", "retry",
     {"tcp.accepted", "tls.client_hello", "tls.established", "mqtt.connect",
      "mqtt.refused code=4 reason=fault"}},
    {"no-client-hello", "never sent a TLS ClientHello", "8883", {"device.started", "tcp.accepted"}},
    {"no-connect", "never sent CONNECT", "loop",
     {"tcp.accepted", "tls.client_hello", "tls.established"}},
    {"no-telemetry", "sends no telemetry", "devices/{id}/messages/events/",
     {"tcp.accepted", "tls.client_hello", "tls.established", "mqtt.connect", "mqtt.connected"}},
    {"no-tcp", "never opened a TCP connection", "name resolution", {"device.started"}},

    // Where the evidence is not complete nothing is guessed.
    {"", "", "", {"run.started"}},
    {"", "", "", {"device.started", "device.exited code=-1 signal=Terminated asked=true"}},
    {"", "", "", {"mqtt.connected", "!d2c.message"}},
    {"", "", "", {"tcp.accepted", "mqtt.connect", "!mqtt.connect"}},
    {"", "", "", {"hub.chain name=azure/digicert-g2", "tcp.accepted", "!mqtt.connected"}},
    {"", "", "",
     {"hub.chain name=bad/expired-leaf", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=bad_certificate"}},
    {"", "", "", {"tcp.accepted", "!mqtt.refused reason=fault code=4"}},
    {"", "", "", {"tcp.accepted", "!mqtt.refused reason=internal-error code=3"}},
    {"", "", "", {"fault.armed fault=stall", "tcp.accepted", "tls.client_hello", "tls.failed why=eof"}},
};

// "word field=value field=value", with '_' for blanks in values of the fields that have them.
static void tell(struct diagnosis *d, const char *text, uint64_t seq, struct event *last)
{
    static char room[400];
    static struct field fields[5];
    char *save = NULL;
    snprintf(room, sizeof room, "%s", text[0] == '!' ? text + 1 : text);
    const char *word = strtok_r(room, " ", &save);
    *last = (struct event){.type = (enum event_type)event_type_of(span_text(word)),
                           .seq = seq,
                           .at_us = seq * 100 * MILLISECOND,
                           .connection = 1,
                           .device = "",
                           .fields = fields};
    assert_true((int)last->type >= 0);
    for (char *at = strtok_r(NULL, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
        char *value = strchr(at, '=') + 1;
        value[-1] = '\0';
        assert_true(event_has_field(last->type, span_text(at)));
        bool has_blanks = strcmp(at, "why") == 0 || strcmp(at, "hint") == 0 ||
                          strcmp(at, "working") == 0 || strcmp(at, "accepted_by") == 0;
        for (char *c = value; has_blanks && *c; c++) {
            *c = *c == '_' ? ' ' : *c;
        }
        fields[last->field_count++] = (struct field)F_TEXT(at, value);
    }
    diagnosis_event(d, last);
}

static void tell_story(const struct story *s, struct finding *out)
{
    struct diagnosis *d = diagnosis_new();
    struct event last = {0};
    bool is_violated = false;
    assert_non_null(d);
    for (size_t k = 0; k < EVENTS_MOST && s->events[k]; k++) {
        tell(d, s->events[k], k + 1, &last);
        is_violated = s->events[k][0] == '!';
    }
    diagnosis_find(d, is_violated ? &last : NULL, out);
    diagnosis_free(d);
}

static void each_story_ends_in_its_cause_and_its_advice(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(stories); i++) {
        struct finding found;
        tell_story(&stories[i], &found);
        assert_string_equal(found.id, stories[i].id);
        if (!strstr(found.cause, stories[i].cause)) {
            assert_string_equal(found.cause, stories[i].cause);
        }
        if (!strstr(found.try_text, stories[i].try_text)) {
            assert_string_equal(found.try_text, stories[i].try_text);
        }
        assert_true(stories[i].id[0] || (!found.cause[0] && !found.try_text[0]));
    }
}

static void every_row_has_a_story(void **state)
{
    (void)state;
    for (size_t i = 0; i < diagnosis_row_count(); i++) {
        bool is_told = false;
        for (size_t k = 0; k < HR_COUNT_OF(stories); k++) {
            is_told |= strcmp(stories[k].id, diagnosis_row_id(i)) == 0;
        }
        assert_string_equal(is_told ? "" : diagnosis_row_id(i), "");
    }
}

static void no_sentence_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(stories); i++) {
        struct finding found;
        tell_story(&stories[i], &found);
        assert_true(strlen(found.cause) < sizeof found.cause - 1);
        assert_true(strlen(found.try_text) < sizeof found.try_text - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_ends_in_its_cause_and_its_advice),
        cmocka_unit_test(every_row_has_a_story),
        cmocka_unit_test(no_sentence_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
