// SPDX-License-Identifier: MIT
#include "base/test.h"
#include "harness/diagnosis/diagnosis.h"
#include "simulator/journal/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLISECOND = 1000, EVENTS_MOST = 24, ROWS_MOST = 400 };

// One event of a story: its word and up to two fields, "field=value". A leading '!' marks the
// event that broke the rule, "@recovery ..." the oracle that failed and what it said, "?tcp.closed" the
// event that was waited for in vain, "~90" that as many seconds pass.
struct story {
    const char *id; // of the first finding, "" = none
    const char *cause; // part of the cause
    const char *try_text; // part of the advice
    const char *events[EVENTS_MOST];
};

static const struct story stories[] = {
    {"accepted-expired", "does not check notAfter", "mbedtls_ssl_conf_authmode",
     {"hub.chain name=bad/expired-leaf", "device.started", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-expired", "does not check notAfter", "VERIFY_REQUIRED",
     {"hub.chain name=bad/expired-leaf", "tcp.accepted", "mqtt.connect",
      "@alert the device took the chain: mqtt.connect came instead of a refusal"}},
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
     {"hub.chain name=catalogue/c-dup-san verdict=reject accepted_by=wolfssl,_bearssl", "tcp.accepted",
      "!mqtt.connect"}},
    {"accepted-issuer-no-ca", "does not say that it is a CA", "basicConstraints",
     {"hub.chain name=catalogue/c-no-bc verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-ca-false", "says CA:FALSE", "what basicConstraints say",
     {"hub.chain name=catalogue/c-bc-false verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-no-cert-sign", "keyUsage", "keyCertSign",
     {"hub.chain name=catalogue/c-ku verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-leaf-as-ca", "of another server for a CA", "every issuer",
     {"hub.chain name=catalogue/c-leaf-as-ca verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-swapped-dates", "both dates", "MBEDTLS_HAVE_TIME_DATE",
     {"hub.chain name=catalogue/t-swapped verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-path-length", "path length", "pathLenConstraint",
     {"hub.chain name=catalogue/c-pathlen verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-unknown-critical", "critical extension", "unknown",
     {"hub.chain name=catalogue/c-crit-leaf verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-outside-constraints", "name constraints", "pin",
     {"hub.chain name=catalogue/c-nc-bad verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-wrong-purpose", "not for servers", "serverAuth",
     {"hub.chain name=catalogue/c-eku-client verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-bad-signature", "does not verify the signatures", "VERIFY_REQUIRED",
     {"hub.chain name=catalogue/e-badsig-int verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-weak-hash", "broken hash", "SHA-256",
     {"hub.chain name=catalogue/k-md5 verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-weak-key", "1024 bits", "2048",
     {"hub.chain name=catalogue/k-1024 verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-common-name", "common name", "alternative names",
     {"hub.chain name=catalogue/n-cn-only verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-loose-name", "too loosely", "whole first label",
     {"hub.chain name=catalogue/n-part verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-wrong-host", "host name", "SSL_set1_host",
     {"hub.chain name=catalogue/n-cloud verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-unknown-root", "without its root", "only the roots",
     {"hub.chain name=catalogue/p-same-dn verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-not-yet-valid", "notBefore", "TIME_DATE",
     {"hub.chain name=catalogue/t-leaf-future verdict=reject", "tcp.accepted", "!mqtt.connect"}},
    {"accepted-dps-chain", "bad/unknown-root", "provisioning client",
     {"hub.chain name=azure/digicert-g2", "dps.chain name=bad/unknown-root", "tcp.accepted",
      "!dps.connect"}},
    {"accepted-bad-chain", "bad/other, which must be refused", "VERIFY_REQUIRED",
     {"hub.chain name=bad/other", "tcp.accepted", "!mqtt.connected"}},

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

    {"token-expired", "refused the device: the SAS token has expired (ended 2 h 5 min ago)", "check the clock",
     {"tcp.accepted", "mqtt.connect", "mqtt.refused reason=sas-expired why=the_SAS_token_has_expired "
      "working=ended_2_h_5_min_ago hint=check_the_clock"}},
    {"disabled", "the identity is disabled", "enable the device",
     {"mqtt.connect", "!mqtt.refused reason=disabled why=the_identity_is_disabled hint=enable_it"}},
    {"taken-over", "newer connection", "share one device id",
     {"tcp.accepted", "tcp.accepted", "mqtt.connected", "!mqtt.taken_over by_connection=2"}},
    {"token-not-renewed", "SAS token run out", "renewal timer",
     {"mqtt.connected", "sas.expired after_s=300"}},
    {"silent", "silent for longer", "PINGREQ", {"mqtt.connected", "mqtt.keepalive_expired after_s=90"}},
    {"wildcard-or-topic", "does not have: topic has a wildcard", "devices/{id}/messages",
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
    {"root-not-given", "root.pem lacks G2", "add it",
     {"hub.chain name=azure/digicert-g2", "doctor.root missing=G2 what=root.pem_lacks_G2 try=add_it", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=unknown_ca"}},
    // The chain changed since to one whose root the device has.
    {"root-unknown", "the root of azure/baltimore", "DigiCert Global Root G2",
     {"hub.chain name=azure/digicert-g2", "doctor.root missing=G2 what=root.pem_lacks_G2 try=add_it",
      "hub.chain name=azure/baltimore", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=unknown_ca"}},
    {"left-root-not-given", "root.pem lacks G2", "add it",
     {"hub.chain name=azure/digicert-g2", "doctor.root missing=G2 what=root.pem_lacks_G2 try=add_it", "tcp.accepted",
      "tls.client_hello", "tls.failed why=eof", "tcp.closed by=device"}},
    {"connected-without-root", "cannot verify: root.pem lacks G2", "turn verification on",
     {"hub.chain name=azure/digicert-g2", "doctor.root missing=G2 what=root.pem_lacks_G2 try=add_it", "tcp.accepted",
      "!mqtt.connect"}},
    {"bundle-unreadable", "ca.pem: wrong label", "CERTIFICATE",
     {"hub.chain name=azure/digicert-g2", "doctor.bundle file=ca.pem what=wrong_label try=CERTIFICATE",
      "tcp.accepted", "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"left-bundle-unreadable", "ca.pem: wrong label", "CERTIFICATE",
     {"hub.chain name=azure/digicert-g2", "doctor.bundle file=ca.pem what=wrong_label try=CERTIFICATE",
      "tcp.accepted", "tls.client_hello", "tls.failed why=eof", "tcp.closed by=device"}},
    {"bundle-before-the-wire", "no packet reached the hub", "CERTIFICATE",
     {"device.started", "doctor.bundle file=ca.pem what=wrong_label try=CERTIFICATE"}},
    {"identity-before-the-wire", "placeholder host", "the bare name",
     {"device.started", "doctor.identity what=placeholder_host try=the_bare_name"}},
    {"identity-file", "another device id", "name it alike",
     {"mqtt.connect", "doctor.identity what=another_device_id try=name_it_alike",
      "mqtt.refused code=5 reason=fault"}},
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
    {"gave-up-after-refusal", "gave up after CONNACK 4", "busy hub",
     {"tcp.accepted", "tls.client_hello", "tls.established", "mqtt.connect",
      "mqtt.refused code=4 reason=fault"}},
    {"no-client-hello", "never sent a TLS ClientHello", "8883", {"device.started", "tcp.accepted"}},
    {"no-connect", "never sent CONNECT", "loop",
     {"tcp.accepted", "tls.client_hello", "tls.established"}},
    {"no-telemetry", "sends no telemetry", "devices/{id}/messages/events/",
     {"tcp.accepted", "tls.client_hello", "tls.established", "mqtt.connect", "mqtt.connected"}},
    {"no-tcp", "never opened a TCP connection", "name resolution", {"device.started"}},

    {"accepted-wrong-host", "does not compare", "checkServerIdentity",
     {"hub.chain name=bad/wrong-host", "tcp.accepted", "!http.request path=/a"}},
    {"token-by-late-clock", "the device's clock, 1970-01-01T00:00:10Z, is behind", "SNTP",
     {"device.started clock=1970-01-01T00:00:10Z", "tcp.accepted", "mqtt.connect",
      "mqtt.refused reason=sas-expired why=it_has_expired"}},
    {"owner-key", "with the policy_iothubowner_primary key", "a key of its own",
     {"tcp.accepted", "!mqtt.connected auth=policy key=policy_iothubowner_primary sas_scope=hub"}},
    {"token-for-whole-hub", "its sr reaches hub", "HOST/devices/ID",
     {"tcp.accepted", "!mqtt.connected auth=sas key=primary sas_scope=hub"}},
    {"token-for-whole-device", "its whole device", "modules/MODULE",
     {"tcp.accepted", "!mqtt.connected client_id=bench-01/valve auth=sas sas_scope=device"}},
    {"other-topics", "its last one is $iothub/methods/POST/#", "inputs",
     {"tcp.accepted", "tls.client_hello", "mqtt.connect", "mqtt.connected client_id=bench-01/valve", "d2c.message", "mqtt.subscribed filter=$iothub/methods/POST/#",
      "?mqtt.subscribed"}},
    {"token-in-local-time", "off by whole hours (ended 2 h ago)", "timegm",
     {"mqtt.connect", "mqtt.refused reason=sas-expired working=ended_2_h_ago"}},
    {"wrong-key", "not signed", "base64",
     {"mqtt.connect", "mqtt.refused reason=sas-wrong-signature why=not_signed_with_a_key"}},
    {"token-for-another", "for another hub", "connection string",
     {"mqtt.connect", "mqtt.refused reason=sas-wrong-resource why=for_another_hub"}},
    {"token-malformed", "not a SAS token", "milliseconds",
     {"mqtt.connect", "mqtt.refused reason=sas-malformed why=the_password_is_not_a_SAS_token"}},
    {"no-credentials", "neither", "present it",
     {"mqtt.connect", "mqtt.refused reason=no-credentials why=neither hint=present_it"}},
    {"ca-as-device-certificate", "common name", "the CA itself",
     {"mqtt.connect", "mqtt.refused reason=certificate-wrong-name why=the_common_name_is_another"}},
    {"certificate-refused", "no CA certificate", "intermediates",
     {"mqtt.connect", "mqtt.refused reason=certificate-unknown-ca why=no_CA_certificate"}},
    {"not-registered", "no such device", "upper and lower",
     {"mqtt.connect", "mqtt.refused reason=unknown-identity why=no_such_device hint=upper_and_lower_case"}},
    {"wrong-names", "client id", "is the device id",
     {"mqtt.connect", "mqtt.refused reason=client-id-mismatch why=the_client_id hint=is_the_device_id"}},
    {"refused-throttled", "CONNACK 3", "random part", {"mqtt.connect", "mqtt.refused code=3 reason=throttled"}},
    {"refused", "refused the device: a policy", "DeviceConnect",
     {"mqtt.connect", "mqtt.refused reason=sas-unknown-policy why=a_policy hint=use_DeviceConnect"}},
    {"message-too-large", "larger than", "256 KiB",
     {"mqtt.connected", "mqtt.cut reason=message-too-large why=larger_than_allowed"}},
    {"bad-properties", "cut the connection: bad", "percent-encode",
     {"mqtt.connected", "!mqtt.cut reason=bad-properties why=bad"}},
    {"quota-used-up", "the first publish is cut", "midnight UTC",
     {"mqtt.connected", "mqtt.cut reason=quota-exceeded"}},
    {"cut-throttled", "more messages than its rate", "slower", {"mqtt.connected", "mqtt.cut reason=throttled"}},
    {"key-rolled", "the key was replaced", "secondary",
     {"mqtt.connected", "mqtt.cut reason=key-rolled why=the_key_was_replaced"}},
    {"cut", "cut the connection: some", "look", {"mqtt.connected", "mqtt.cut reason=other why=some hint=look"}},
    {"mqtt-error", "broke an MQTT rule: flags", "MQTT 3.1.1", {"mqtt.connected", "mqtt.error why=flags"}},

    {"clock-ahead", "its clock, 2040-01-01T00:00:00Z, is past notAfter", "by hand",
     {"hub.clock utc=2026-11-20T00:00:00Z", "device.clock utc=2040-01-01T00:00:00Z", "tcp.accepted",
      "tls.alert by=device name=certificate_expired"}},
    {"algorithm-not-built-in", "cannot use a certificate", "SHA-384",
     {"tcp.accepted", "tls.alert by=device name=unsupported_certificate"}},
    {"record-too-large", "larger than the device's buffer", "16384",
     {"tcp.accepted", "tls.alert by=device name=record_overflow"}},
    {"cannot-reassemble", "decode_error", "split over records",
     {"tcp.accepted", "tls.alert by=device name=decode_error"}},
    {"signature-check-failed", "decrypt_error", "accelerator",
     {"tcp.accepted", "tls.alert by=device name=decrypt_error"}},
    {"no-tls-at-all", "spoke MQTT without TLS", "8883",
     {"tcp.accepted", "tls.failed why=the_device_spoke_MQTT_without_TLS"}},
    {"old-tls", "no TLS 1.2 (ClientHello: TLS 1.0)", "refuses TLS 1.0",
     {"tcp.accepted", "tls.client_hello version=TLS_1.0", "tls.failed why=the_device_does_not_offer_TLS_1.2"}},
    {"no-gcm", "ECDHE without AES-GCM", "MBEDTLS_GCM_C",
     {"tcp.accepted", "tls.client_hello",
      "tls.offer suites=TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
      "tls.failed why=no_common_cipher_suite;_IoT_Hub_takes"}},
    {"no-common-suite", "share no cipher suite", "AES-GCM",
     {"tcp.accepted", "tls.client_hello", "tls.failed why=no_common_cipher_suite;_IoT_Hub_takes"}},
    {"device-key-wrong", "does not belong", "secure element",
     {"tcp.accepted", "tls.client_hello", "tls.failed why=the_client's_key_does_not_fit_its_certificate"}},
    {"hub-ended-handshake", "the alert unknown_ca", "client certificate",
     {"tcp.accepted", "tls.client_hello", "tls.alert by=hub name=unknown_ca", "tls.failed why=x"}},
    {"left-after-handshake", "and then closed it", "pins break",
     {"hub.chain name=azure/digicert-g2", "tcp.accepted", "tls.client_hello", "tls.established",
      "!tls.refused how=close-after-handshake"}},

    {"clock-turned", "its clock has turned", "29 February",
     {"hub.chain name=azure/hub-ecc-g3", "mqtt.connected", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=bad_certificate", "!tls.refused how=alert alert=bad_certificate"}},
    {"pinned-certificate", "pins a leaf or an intermediate", "trust the root",
     {"mqtt.connected", "hub.chain name=azure/hub-ecc-g3", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=bad_certificate", "!tls.refused how=alert alert=bad_certificate"}},
    {"no-server-name", "does not name the host", "SSL_set_tlsext_host_name",
     {"tcp.accepted", "!tls.client_hello version=TLSv1.3"}},
    {"clean-session", "asks for a clean session", "clean session 0",
     {"tcp.accepted", "mqtt.connected", "!mqtt.connect clean=true"}},
    {"connack-without-timeout", "waits for a CONNACK", "20 to 30 s",
     {"tcp.accepted", "mqtt.connect", "fault.fired fault=swallow site=mqtt.connack"}},
    {"qos-not-1", "QoS 0", "until its PUBACK", {"mqtt.connected", "!d2c.message qos=0"}},
    {"qos-2", "QoS 2", "QoS 1", {"mqtt.connected", "d2c.message qos=2", "!tcp.closed by=hub"}},
    {"retained", "with RETAIN", "without RETAIN", {"mqtt.connected", "!d2c.message qos=1 retain=true"}},
    {"lost-unacknowledged", "without DUP", "until its PUBACK",
     {"mqtt.connected", "d2c.message qos=1", "fault.fired fault=swallow site=mqtt.puback",
      "mqtt.puback"}},
    {"keep-alive-off", "keep-alive 0", "60 to 240", {"mqtt.connect keep_alive_s=0", "mqtt.connected"}},
    {"missing-pingresp", "pings are not answered", "PINGRESP",
     {"mqtt.connected", "d2c.message qos=1", "fault.fired fault=swallow site=mqtt.pingresp"}},
    {"no-alert", "without an alert", "before the socket is closed",
     {"hub.chain name=bad/expired-leaf verdict=reject", "tcp.accepted",
      "!tls.refused how=close-after-handshake"}},
    {"dps-gave-up", "never asked again", "5xx for passing",
     {"dps.connected", "dps.register", "dps.assigning", "dps.rejected status=500",
      "?mqtt.connected"}},
    {"twin-answer-of-another", "another request id", "ask again",
     {"mqtt.connected", "twin.get rid=1", "fault.fired fault=wrong-id site=twin.response", "?twin.get"}},
    {"method-dropped", "never answered", "under way",
     {"mqtt.connected", "method.invoked method=slow", "method.invoked method=slow",
      "method.answered status=200", "?method.answered"}},
    {"answer-late", "delay at mqtt.connack", "10 to 30 s",
     {"tcp.accepted", "mqtt.connect", "fault.fired fault=delay site=mqtt.connack",
      "tcp.closed by=device", "@quiet"}},
    {"time-not-believed", "cannot read or believe", "2^32",
     {"device.started", "dns.query name=pool.ntp.org", "dns.answer name=pool.ntp.org", "sntp.request",
      "sntp.reply stratum=2 utc=2036-02-07T06:28:20Z"}},
    {"clock-step-waits", "while it waited", "monotonic",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "tcp.closed by=hub", "tcp.accepted", "mqtt.connect",
      "mqtt.refused code=3 reason=fault", "tcp.closed by=hub", "device.clock utc=2026-11-20T08:00:00Z",
      "~30", "?mqtt.connected"}},
    {"clock-step-stops", "its clock was set", "monotonic",
     {"mqtt.connected", "device.clock utc=2026-11-20T08:00:00Z", "d2c.message qos=1", "?d2c.message"}},
    {"dps-impatient", "before it was time", "retry-after", {"dps.connected", "!dps.register"}},
    {"registers-again", "registers anew", "in flash", {"dps.assigned", "mqtt.connected", "!dps.connect"}},
    {"never-registers-again", "does not register again", "moved",
     {"dps.register", "dps.assigned", "mqtt.connect", "mqtt.refused code=5", "mqtt.connected"}},
    {"twin-hammering", "refused with 429", "longer each time",
     {"mqtt.connected", "twin.refused status=429", "@rate"}},
    {"twin-reported-again", "that it had already", "not newer",
     {"mqtt.connected", "twin.pushed version=2", "!twin.reported version=3"}},
    {"twin-gap", "did not notice the gap", "jumps by more than one",
     {"twin.get", "mqtt.connected", "fault.fired fault=swallow site=twin.desired", "twin.pushed version=3",
      "d2c.message qos=1"}},
    {"twin-not-read-again", "read its twin once", "after each connect",
     {"mqtt.connected", "twin.get", "tcp.closed by=hub", "mqtt.connected", "d2c.message qos=1"}},
    {"method-wrong-rid", "request id (9)", "topic of the request",
     {"mqtt.connected", "d2c.message qos=1", "method.invoked method=a", "method.late rid=9"}},
    {"method-ends-link", "worked on the method a", "404",
     {"mqtt.connected", "method.invoked method=a", "!tcp.closed by=device"}},
    {"method-blocks", "does nothing else", "outside the MQTT client",
     {"mqtt.connected", "d2c.message qos=1", "method.invoked method=a"}},
    {"method-not-answered", "did not answer the method a", "not known",
     {"mqtt.connected", "method.invoked method=a", "d2c.message qos=1"}},
    {"acted-twice", "acted twice", "act once",
     {"mqtt.connected", "c2d.delivered dup=true", "!d2c.message qos=1"}},

    {"leaves-at-once", "says goodbye at once", "(40 s left)",
     {"tcp.accepted", "mqtt.connect", "mqtt.connect", "mqtt.connect", "mqtt.connected sas_expires_in_s=40",
      "mqtt.disconnect", "tcp.closed by=hub"}},
    {"device-closed", "ended the connection (rst)", "crashed over it",
     {"mqtt.connected", "d2c.message qos=1", "!tcp.closed by=device how=rst"}},
    {"leaves-sound-link", "3 attempts", "watchdog",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "~300", "mqtt.disconnect", "tcp.accepted",
      "mqtt.connect", "mqtt.connected", "~300", "mqtt.disconnect", "tcp.accepted", "mqtt.connect", "@rate"}},
    {"puback-backwards", "waits for 2", "queue",
     {"mqtt.connected", "c2d.delivered",
      "!mqtt.error packet=PUBACK why=packet_id_7_is_not_the_next_one;_the_hub_waits_for_2"}},
    {"wildcard-or-topic", "does not have", "no wildcard",
     {"mqtt.connected", "mqtt.error why=topic_bench", "!tcp.closed by=hub"}},
    {"twin-merged-wrongly", "version 3", "what changed",
     {"mqtt.connected", "d2c.message qos=1", "twin.pushed version=3", "twin.reported version=4"}},
    {"state-not-reported", "as long as nobody changes it", "reported properties",
     {"mqtt.connected", "twin.get version=1", "d2c.message qos=1", "?twin.reported"}},
    {"c2d-misread", "what its properties ask for", "percent-decode",
     {"mqtt.connected", "d2c.message qos=1", "c2d.queued properties=echo=1", "c2d.delivered",
      "c2d.completed"}},
    {"method-takes-anything", "does not know: hubrig-unknown", "404",
     {"mqtt.connected", "d2c.message qos=1", "method.invoked method=hubrig-unknown",
      "method.answered status=200"}},
    {"hammering", "4 attempts", "doubled",
     {"mqtt.connect", "mqtt.connect", "mqtt.connect", "mqtt.connect", "!tls.client_hello sni=a"}},
    {"dps-impatient", "before it was time", "retry-after", {"dps.connected", "dps.register", "@quiet"}},
    {"reads-once", "small TCP segments", "recv()",
     {"hub.chain name=azure/digicert-g2", "tcp.accepted", "tls.client_hello",
      "fault.fired fault=segment site=tls.server_hello", "!tls.refused how=close"}},
    {"left-split-message", "several records", "mbedTLS",
     {"hub.chain name=azure/digicert-g2", "tcp.accepted", "tls.client_hello",
      "fault.fired fault=slice site=tls.server_hello", "!tls.refused how=close"}},
    // The device was given the root and has the time; a board whose bundle nobody knows may lack it.
    {"chain-order", "certify the one before it", "all that came",
     {"hub.chain name=catalogue/p-dup verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"first-root-only", "not as the first one", "every certificate of the bundle",
     {"hub.chain name=catalogue/p-oldroot-exp verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=unknown_ca"}},
    {"one-path", "looks for no other path", "TRUSTED_FIRST",
     {"hub.chain name=catalogue/p-xsign-exp-both verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=certificate_expired"}},
    {"chain-too-deep", "takes fewer CAs", "SSL_CTX_set_verify_depth",
     {"hub.chain name=catalogue/p-depth3 verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=unknown_ca"}},
    {"root-in-message", "brings its root along", "trusted roots",
     {"hub.chain name=catalogue/p-with-root verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=unknown_ca"}},
    {"unknown-extension", "does not know", "not critical",
     {"hub.chain name=catalogue/c-unk verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"name-constraints", "name constraints", "mbedTLS",
     {"hub.chain name=catalogue/c-nc-ok verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"dates-32-bit", "ends in 9999", "64 bits",
     {"hub.chain name=catalogue/t-9999 verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=certificate_expired"}},
    {"name-by-bytes", "byte by byte", "regard to case",
     {"hub.chain name=catalogue/n-case verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"rsa-too-large", "RSA key of 4096 bits", "MBEDTLS_MPI_MAX_SIZE",
     {"hub.chain name=catalogue/k-4096 verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"no-sha-384", "SHA-384 signatures", "MBEDTLS_SHA512_C",
     {"hub.chain name=catalogue/k-sha384 verdict=accept", "doctor.root file=root.pem", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"root-unknown", "the root of catalogue/p-depth3", "this root",
     {"hub.chain name=catalogue/p-depth3 verdict=accept", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=unknown_ca"}},
    {"large-request", "request-8k", "16 KB",
     {"hub.chain name=azure/digicert-g2", "fault.armed fault=flight_request-8k", "tcp.accepted",
      "tls.client_hello", "tls.judged verdict=closed flight=request-8k", "tls.refused how=close",
      "?tls.judged"}},
    {"left-large-chain", "of 9821 bytes", "MBEDTLS_SSL_IN_CONTENT_LEN",
     {"hub.chain name=azure/hub-2026-many-names message_bytes=9821", "tcp.accepted", "tls.client_hello",
      "tls.failed why=closed_during_the_handshake_without_an_alert", "!tls.refused how=close"}},
    {"left-handshake", "without an alert", "MBEDTLS_SSL_IN_CONTENT_LEN",
     {"hub.chain name=azure/digicert-g2 message_bytes=7089", "tcp.accepted", "tls.client_hello",
      "tls.failed why=closed_during_the_handshake_without_an_alert", "!tls.refused how=close"}},
    {"message-too-large-for-tls", "larger than its limit", "SSL_set_max_cert_list",
     {"hub.chain name=catalogue/size-8k", "tcp.accepted", "tls.client_hello",
      "tls.alert by=device name=illegal_parameter", "!tls.refused how=alert alert=illegal_parameter"}},
    {"token-in-milliseconds", "written in milliseconds", "in seconds since 1970",
     {"tcp.accepted", "mqtt.connected sas_expires_in_s=1790000000000", "d2c.message qos=1"}},
    {"token-in-local-time", "off by whole hours", "timegm",
     {"mqtt.connect", "mqtt.refused reason=sas-expired working=se=2026-11-20_is_7_h_before_the_hub"}},
    {"connected-regardless", "if it was not given this root", "root.pem",
     {"hub.chain name=azure/digicert-g2", "tcp.accepted", "!mqtt.connect"}},
    {"token-too-long", "another 31536000 s", "85 %",
     {"tcp.accepted", "mqtt.connected sas_expires_in_s=31536000", "d2c.message qos=1"}},
    {"old-connection-left", "left its dead connection open", "close the socket",
     {"tcp.accepted", "fault.fired fault=swallow site=mqtt.connack", "tcp.accepted", "mqtt.connected",
      "d2c.message qos=1"}},
    {"not-subscribed-again", "did not subscribe", "forgotten the filters",
     {"mqtt.connected", "mqtt.subscribed", "mqtt.connected", "d2c.message qos=1"}},
    {"slow-recovery", "came back too late", "cap the wait", {"mqtt.connected", "@recovery"}},
    {"no-reconnect", "did not come back", "retry",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "tcp.closed by=hub how=rst", "~60",
      "@recovery"}},
    {"gave-up-after-refusal", "gave up after CONNACK 3", "busy hub",
     {"tcp.accepted", "mqtt.connect", "mqtt.refused code=3 reason=fault", "tcp.closed by=hub", "@backoff"}},
    {"hammering", "4 attempts", "doubled",
     {"mqtt.connect", "mqtt.connect", "mqtt.connect", "mqtt.connect",
      "@backoff 3 waits = no back-off"}},
    {"hammering", "4 attempts", "doubled",
     {"tcp.accepted", "tcp.accepted", "tcp.accepted", "tcp.accepted", "@rate"}},
    {"constant-waits", "the same time after every failure: 3 attempts", "doubled",
     {"tcp.accepted", "tls.failed", "tcp.accepted", "tls.failed", "tcp.accepted", "tls.failed",
      "@backoff 2 waits: 429 ms, 401 ms = constant, with jitter"}},
    {"success-too-early", "accepted and then lost", "no success yet",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "tcp.closed by=hub", "tcp.accepted", "mqtt.connect",
      "mqtt.connected", "tcp.closed by=hub", "tcp.accepted", "mqtt.connect", "mqtt.connected",
      "tcp.closed by=hub", "tcp.accepted", "!mqtt.connect"}},
    {"gave-up-after-refusal", "gave up after CONNACK 3", "busy hub",
     {"tcp.accepted", "mqtt.connect", "fault.fired fault=refuse_3 site=mqtt.connack",
      "mqtt.refused code=3 reason=fault", "tcp.closed by=hub", "~90", "?mqtt.connected"}},
    {"handshake-without-timeout", "stalled server", "time-out",
     {"tcp.accepted", "fault.fired fault=stall site=tcp.accept", "@detect"}},
    {"missing-pingresp", "pings are not answered", "PINGRESP",
     {"mqtt.connected", "fault.fired fault=swallow site=mqtt.pingresp", "@detect"}},
    {"missing-puback", "not acknowledged", "DUP",
     {"mqtt.connected", "fault.fired fault=swallow site=mqtt.puback", "@detect"}},
    {"missing-suback", "SUBSCRIBE is not answered", "deaf",
     {"mqtt.connected", "fault.fired fault=swallow site=mqtt.suback", "@detect"}},
    {"half-open", "a connection that is dead", "TCP_USER_TIMEOUT", {"mqtt.connected", "@detect"}},
    {"long-silence", "silent on the wire", "bound every blocking call", {"mqtt.connected", "@silence"}},
    {"lost-unacknowledged", "when its PUBACK did not come", "until its PUBACK",
     {"d2c.message", "fault.fired fault=swallow site=mqtt.puback", "tcp.closed", "@ledger"}},
    {"packet-id-changed", "under another packet id", "until its PUBACK",
     {"d2c.message", "fault.fired fault=swallow site=mqtt.puback", "tcp.closed",
      "@ledger 2 messages, 0 lost, 1 duplicated, 0 reordered, 1 renumbered"}},
    {"doubled-in-outage", "messages came twice", "out of the queue",
     {"d2c.message", "tcp.closed", "@ledger 4 messages, 0 lost, 1 duplicated, 0 reordered"}},
    {"c2d-not-taken", "did not acknowledge a cloud-to-device", "PUBACK",
     {"c2d.queued", "c2d.delivered", "tcp.closed", "@ledger"}},
    {"c2d-never-subscribed", "does not subscribe", "devicebound", {"c2d.queued", "tcp.closed", "@ledger"}},
    {"lost-in-outage", "around a lost connection", "queue",
     {"d2c.message", "tcp.closed", "@ledger 4 messages, 1 lost, 1 duplicated, 0 reordered"}},
    {"lost-in-outage", "around a lost connection", "queue", {"d2c.message", "tcp.closed", "@ledger"}},
    {"unordered", "do not add up", "two senders", {"mqtt.connected", "d2c.message", "@ledger"}},
    {"keep-alive-off", "keep-alive 0", "240 s", {"mqtt.connect keep_alive_s=0", "mqtt.connected", "@keepalive"}},
    {"keep-alive-not-kept", "a keep-alive of 1200 s", "routers",
     {"mqtt.connect keep_alive_s=1200", "mqtt.connected", "@keepalive"}},
    {"not-resubscribed", "did not subscribe again", "session present = 0",
     {"mqtt.connected session_present=false", "@resubscribe"}},
    {"twin-not-read", "did not read its twin", "$version", {"twin.get", "mqtt.connected", "@twin-sync"}},
    {"twin-stale", "an old version", "GET again", {"mqtt.connected", "twin.get", "@twin-sync"}},
    {"memory-grows", "more and more memory", "kept for each message", {"mqtt.connected", "@memory"}},
    {"renewed-at-wrong-time", "too early, too late", "80 to 90", {"mqtt.connected", "@renewal"}},
    {"token-not-renewed", "run out while connected", "85 %", {"mqtt.connected", "sas.expired", "@renewal"}},
    {"wrong-alert", "told a wrong reason: decode_error", "not dangerous",
     {"hub.chain name=bad/expired-leaf", "tls.refused how=alert alert=decode_error", "@alert"}},
    {"no-alert", "without an alert", "not dangerous",
     {"hub.chain name=bad/expired-leaf", "tls.refused how=close", "@alert"}},
    // An oracle about coming back is answered by what keeps the device away.
    {"wrong-key", "not signed", "base64",
     {"mqtt.connect", "mqtt.refused reason=sas-wrong-signature why=not_signed", "@recovery"}},

    {"dps-wrong-scope", "ID scope", "0ne", {"dps.connect", "dps.refused reason=unknown-id-scope"}},
    {"dps-refused", "refused the device: bad name", "spell it",
     {"dps.connect", "dps.refused reason=dps-bad-username why=bad_name hint=spell_it"}},
    {"dps-not-enrolled", "not enrolled", "registration id", {"dps.connected", "dps.rejected status=404"}},
    {"dps-unauthorized", "the device's proof", "HMAC", {"dps.connected", "dps.rejected status=401"}},
    {"dps-throttled", "retry after 5 s", "retry-after",
     {"dps.connected", "dps.rejected status=429 retry_after_s=5"}},
    {"dps-rejected", "answered 400 (400004)", "api-version",
     {"dps.connected", "dps.rejected status=400 error_code=400004"}},
    {"dps-disabled", "enrollment bench-01 is disabled", "enable", {"dps.disabled enrollment=bench-01"}},
    {"dps-failed", "registration failed: no", "allocation", {"dps.failed message=no"}},
    {"dps-not-polled", "never asked", "retry-after", {"dps.register", "dps.assigning"}},
    {"assigned-not-connected", "assigned to h.net and never", "resolves",
     {"dps.assigning", "dps.status", "dps.assigned hub=h.net"}},
    {"websocket-refused", "refused with status 400", "Sec-WebSocket",
     {"tcp.accepted", "http.request path=/$iothub/websocket status=400"}},
    {"websocket-without-mqtt", "no CONNECT came", "binary", {"tcp.accepted", "ws.open"}},
    {"websocket-broken", "closed with code 1002: mask", "mask",
     {"ws.open", "mqtt.connect", "!ws.closed code=1002 why=mask"}},
    {"https-only", "HTTPS alone: POST /a", "MQTT or AMQP", {"tcp.accepted", "http.request method=POST path=/a status=204"}},
    {"desired-not-subscribed", "no subscription", "$iothub/twin/PATCH",
     {"mqtt.connected", "d2c.message", "twin.desired version=2"}},
    {"no-api-version", "carries no api-version", "user name of CONNECT",
     {"mqtt.connected", "d2c.message", "twin.refused status=400 why=the_user_name_carries_no_api-version"}},
    {"twin-refused", "answered with 400: not an object", "32 KiB",
     {"mqtt.connected", "d2c.message", "twin.refused status=400 why=not_an_object"}},
    {"reported-missing", "desired version 4 and reported nothing", "callback",
     {"mqtt.connected", "d2c.message", "twin.desired version=4", "twin.pushed version=4"}},
    {"method-not-online", "method reboot found no device", "$iothub/methods",
     {"mqtt.connected", "d2c.message", "method.failed method=reboot reason=device-not-online"}},
    {"method-unanswered", "did not answer the method reboot", "404",
     {"mqtt.connected", "d2c.message", "!method.failed method=reboot reason=method-timeout"}},
    {"method-bad-answer", "reboot failed: not JSON", "128 KiB",
     {"mqtt.connected", "d2c.message", "method.failed method=reboot reason=method-bad-answer why=not_JSON"}},
    {"method-late", "had stopped waiting", "through the twin", {"mqtt.connected", "d2c.message", "!method.late"}},
    {"c2d-not-subscribed", "does not subscribe to messages", "devicebound",
     {"mqtt.connected", "d2c.message", "c2d.queued"}},
    {"c2d-unacknowledged", "did not acknowledge it", "QoS 1",
     {"mqtt.connected", "d2c.message", "c2d.queued", "c2d.delivered"}},
    {"c2d-ends-link", "a message of 16384 bytes came", "record of 16 KB",
     {"mqtt.connected", "d2c.message", "c2d.delivered body_bytes=16384", "tcp.closed by=device", "?c2d.completed"}},
    {"c2d-undelivered", "given up: Expired", "longer life",
     {"mqtt.connected", "c2d.queued", "!c2d.undelivered outcome=Expired"}},
    {"throttled", "held back", "tier", {"mqtt.connected", "d2c.message", "hub.throttle operation=d2c"}},
    {"left-log-clock", "its log says: not valid (-0x2700)", "clock",
     {"tcp.accepted", "tls.client_hello", "log.error code=-0x2700 cause=clock meaning=not_valid try=set_the_clock",
      "tls.failed why=eof", "tcp.closed by=device"}},
    {"left-log-root", "over azure/digicert-g2; its log says: no path", "G2",
     {"hub.chain name=azure/digicert-g2", "tcp.accepted", "tls.client_hello", "tls.failed why=eof",
      "tcp.closed by=device", "log.error code=-188 cause=root meaning=no_path try=load_G2"}},
    {"left-log-name", "its log says: other name", "set it",
     {"tcp.accepted", "tls.client_hello", "tcp.closed by=device",
      "log.error cause=name meaning=other_name try=set_it"}},
    {"left-log-memory", "its log says: too large", "16384",
     {"tcp.accepted", "tls.client_hello", "tcp.closed by=device",
      "log.error cause=memory meaning=too_large try=16384"}},
    {"left-log-algorithm", "its log says: no SHA-384", "build",
     {"tcp.accepted", "tls.client_hello", "tcp.closed by=device",
      "log.error cause=algorithm meaning=no_SHA-384 try=build_it"}},
    {"time-unanswered", "answer of a time server", "ask other servers",
     {"device.started", "dns.query name=pool.ntp.org", "dns.answer name=pool.ntp.org code=NOERROR",
      "sntp.request answered=false"}},
    {"time-without-time", "stratum 16", "ask again",
     {"device.started", "sntp.request answered=true", "sntp.reply stratum=16"}},
    {"dns-first-address", "two addresses of hub.example", "every address",
     {"device.started", "dns.query name=hub.example",
      "dns.answer name=hub.example code=NOERROR behaviour=dead-ipv6"}},
    {"dns-stranger", "wrong address of hub.example", "before every attempt",
     {"device.started", "dns.query name=hub.example",
      "dns.answer name=hub.example code=NOERROR behaviour=poisoned"}},
    {"dns-unanswered", "last question for hub.example", "time limit",
     {"device.started", "dns.query name=hub.example"}},
    {"dns-says-no", "was told SERVFAIL", "look the name up again",
     {"device.started", "dns.query name=hub.example",
      "dns.answer name=hub.example code=SERVFAIL behaviour=servfail"}},
    {"clock-by-sntp", "told it wrong: 1990-06-01T00:00:00Z", "build date",
     {"hub.chain name=azure/digicert-g2", "sntp.reply utc=1990-06-01T00:00:00Z offset_ms=-9000000",
      "tcp.accepted", "tls.client_hello", "!tls.alert by=device name=bad_certificate"}},
    {"accepted-by-no-time", "a server that has none (stratum 0)", "leap indicator",
     {"hub.chain name=azure/digicert-g2 verdict=accept", "sntp.reply stratum=0", "tcp.accepted",
      "!mqtt.connect"}},
    {"log-dns", "its log says: no such name", "DNS",
     {"device.started", "log.error cause=dns meaning=no_such_name try=check_DNS"}},
    {"log-network", "its log says: no route", "cable",
     {"device.started", "log.error cause=network meaning=no_route try=check_the_cable"}},
    // The board that answers -22 before a packet is sent.
    {"log-before-the-wire", "no packet reached the hub; the device's log says: bad credential (-22)", "label",
     {"device.started", "log.error code=-22 cause=root meaning=bad_credential try=the_label_must_be_CERTIFICATE"}},
    {"log-says", "the device's log says: crashed", "backtrace",
     {"tcp.accepted", "tls.client_hello", "tls.established", "mqtt.connect", "mqtt.connected", "d2c.message",
      "log.error cause=software meaning=crashed try=decode_the_backtrace"}},

    {"in-step", "at the same moment", "random part",
     {"device.started", "device.started", "tcp.accepted", "tcp.closed", "!tcp.accepted"}},
    {"dns-slow", "answer about hub.example, which comes late", "several seconds",
     {"device.started", "dns.query name=hub.example",
      "dns.answer name=hub.example code=NOERROR behaviour=slow"}},
    {"dns-cut", "does not ask over TCP", "TC",
     {"device.started", "dns.query name=hub.example over=udp",
      "dns.answer name=hub.example code=NOERROR behaviour=truncated"}},
    {"portal-spoken-to", "GET:/x to a captive portal", "before the first byte",
     {"tcp.accepted", "tls.established", "!portal.request request=GET:/x"}},
    {"portal-final", "was gone", "passing",
     {"tcp.accepted", "tls.client_hello", "tls.refused chain=portal", "tcp.closed by=device",
      "fault.cleared"}},
    {"hole-in-handshake", "during the TLS handshake", "handshake",
     {"tcp.accepted", "fault.fired fault=blackhole", "net.held from=device"}},
    {"hole-before-connack", "CONNACK that the network has swallowed", "20 to 30 s",
     {"tcp.accepted", "tls.established", "mqtt.connect", "mqtt.connected", "fault.fired fault=blackhole",
      "net.held from=hub"}},
    {"hole-unnoticed", "swallows everything", "keep-alive",
     {"tcp.accepted", "tls.established", "mqtt.connect", "mqtt.connected", "mqtt.subscribed",
      "fault.fired fault=blackhole", "net.held from=device"}},
    {"reset-final", "was reset during the TLS handshake", "passing",
     {"tcp.accepted", "tls.client_hello", "fault.fired fault=cut", "tcp.closed by=hub how=rst"}},
    {"slow-line", "gave up on a slow line", "20 s",
     {"tcp.accepted", "tls.client_hello", "fault.fired fault=latency", "tcp.closed by=device"}},
    {"port-blocked", "closed in this network (refuse-tcp)", "443",
     {"net.blocked endpoint=1:8883 how=refuse-tcp", "device.started"}},
    {"port-open-again", "open again", "growing waits",
     {"tcp.accepted", "net.blocked endpoint=1:8883 how=block", "net.opened endpoint=1:8883"}},

    {"message-before-suback", "before its SUBACK", "SUBSCRIBE is sent",
     {"mqtt.connected", "fault.fired fault=early-publish site=mqtt.suback", "!tcp.closed by=device"}},
    {"puback-order", "PUBACK that it did not expect next (swap)", "packet id",
     {"mqtt.connected", "fault.fired fault=swap site=mqtt.puback", "!tcp.closed by=device"}},
    {"answer-late", "delay at mqtt.suback", "10 to 30 s",
     {"mqtt.connected", "fault.fired fault=delay site=mqtt.suback", "!tcp.closed by=device"}},
    {"handshake-late", "left during delay", "20 to 30 s",
     {"tcp.accepted", "tls.client_hello", "fault.fired fault=delay site=tls.certificate",
      "!tcp.closed by=device"}},
    {"renegotiation-feared", "asks for a new handshake", "no_renegotiation",
     {"mqtt.connected", "fault.fired fault=hello-request site=tls.application_data",
      "!tcp.closed by=device"}},
    {"warning-is-fatal", "a warning alert", "close_notify",
     {"tcp.accepted", "tls.client_hello", "fault.fired fault=warnings site=tls.server_hello",
      "!tcp.closed by=device"}},
    {"records-not-divided", "in one record", "6.2.1",
     {"tcp.accepted", "tls.client_hello", "fault.fired fault=coalesce site=tls.server_hello",
      "tcp.closed by=device", "!tls.refused how=close"}},
    {"gave-up-after-handshake", "never dialled again", "growing wait",
     {"tcp.accepted", "tls.client_hello", "fault.fired fault=stall site=tls.server_hello",
      "tls.alert by=device name=unexpected_message", "tcp.closed by=device"}},
    {"malformed-kept", "malform at mqtt.c2d", "MQTT-4.8.0-1",
     {"mqtt.connected", "c2d.delivered", "fault.fired fault=malform site=mqtt.c2d", "?tcp.closed"}},
    {"puback-not-matched", "another packet id", "counting",
     {"mqtt.connected", "fault.fired fault=wrong-id site=mqtt.puback", "?d2c.message"}},
    {"end-not-noticed", "goes on writing", "read of 0 bytes",
     {"mqtt.connected", "fault.fired fault=half-close site=tls.application_data", "?tcp.closed"}},
    {"puback-not-missed", "is not acknowledged", "time limit",
     {"mqtt.connected", "fault.fired fault=swallow site=mqtt.puback", "?tcp.closed"}},
    {"suback-not-missed", "is not answered", "time out",
     {"mqtt.connected", "fault.fired fault=swallow site=mqtt.suback", "?tcp.closed"}},
    {"suback-unread", "SUBACK code 128", "return code",
     {"mqtt.connected", "mqtt.subscribed", "fault.fired fault=suback-code_128 site=mqtt.suback",
      "?mqtt.connect"}},
    {"session-believed", "never had a session", "this boot",
     {"tcp.accepted", "fault.fired fault=session-lie site=mqtt.connack",
      "mqtt.connected session_present=false",
      "d2c.message qos=1", "?mqtt.subscribed"}},
    {"no-goodbye", "without a DISCONNECT", "the will",
     {"tcp.accepted", "mqtt.connected", "tcp.closed by=device", "tcp.accepted", "mqtt.connected",
      "?mqtt.disconnect"}},
    {"address-remembered", "for an earlier connection", "time to live",
     {"dns.answer name=hub.example code=NOERROR", "tcp.accepted", "mqtt.connected", "tcp.closed by=hub",
      "tcp.accepted", "?tcp.accepted"}},
    {"assignment-awaited-for-ever", "never starts over", "a few minutes",
     {"dps.register", "dps.assigning", "dps.status", "dps.assigning", "dps.status", "?tcp.closed"}},
    {"no-jitter", "without a random part", "fleet",
     {"tcp.accepted", "tcp.accepted", "tcp.accepted", "tcp.accepted",
      "@backoff 4 waits = exponential, without jitter (0 %)"}},
    {"hammering", "without enough back-off", "doubled",
     {"tcp.accepted", "tcp.accepted", "tcp.accepted", "tcp.accepted",
      "@backoff 4 waits = no back-off, without jitter (0 %)"}},
    {"keep-alive-too-long", "keep-alive of 3600 s", "60 to 240 s",
     {"mqtt.connect keep_alive_s=3600", "mqtt.connected", "@keepalive"}},
    {"no-tls-13", "offers no TLS 1.3", "beside 1.2",
     {"tcp.accepted", "tls.client_hello", "tls.alert by=hub name=protocol_version",
      "!tls.failed why=the_device_does_not_offer_TLS_1.3"}},
    {"no-common-group", "it offers x25519 alone", "secp256r1",
     {"tcp.accepted", "tls.client_hello", "tls.offer groups=x25519 suites=ECDHE-RSA",
      "tls.failed why=no_common_cipher_suite;_the_hub_takes"}},
    {"clock-32-bit", "a time of 32 bits ends", "64 bits",
     {"hub.chain name=catalogue/base", "hub.clock utc=2038-01-19T03:14:07Z",
      "device.started clock=2038-01-19T03:14:07Z", "mqtt.connected", "~1", "tcp.accepted",
      "tls.client_hello", "tls.alert by=device name=bad_certificate"}},
    {"wait-without-cap", "3 attempts, the longest wait 1 min 30 s", "two to five minutes",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "tcp.closed by=hub", "tcp.accepted",
      "fault.fired fault=refuse_3 site=mqtt.connack", "mqtt.connect", "mqtt.refused code=3 reason=fault",
      "~90", "tcp.accepted", "mqtt.connect", "mqtt.refused code=3 reason=fault", "?mqtt.connected"}},
    {"wait-without-cap", "3 attempts, the longest wait 12 min", "two to five minutes",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "tcp.closed by=hub", "~200", "tcp.accepted",
      "fault.fired fault=drop_rst site=tcp.accept", "tcp.closed by=hub", "~720", "tcp.accepted",
      "fault.fired fault=drop_rst site=tcp.accept", "tcp.closed by=hub", "?mqtt.connected"}},
    {"tries-used-up", "4 attempts, and no more for 1 min", "do not count",
     {"tcp.accepted", "mqtt.connect", "tcp.closed by=hub", "tcp.accepted", "mqtt.connect", "tcp.closed by=hub",
      "tcp.accepted", "mqtt.connect", "tcp.closed by=hub", "~5", "tcp.accepted", "mqtt.connect",
      "tcp.closed by=hub", "~60", "?mqtt.connected"}},
    {"gave-up-subscribing", "before SUBACK", "every state",
     {"tcp.accepted", "mqtt.connect", "fault.fired fault=connack-code_0 site=mqtt.connack",
      "mqtt.refused code=0 reason=fault", "tcp.closed by=hub", "?fault.fired"}},
    {"no-quick-retry", "its first wait is long", "within a second",
     {"tcp.accepted", "mqtt.connect", "mqtt.connected", "d2c.message qos=1", "tcp.closed by=hub how=rst", "~3",
      "@recovery"}},
    {"token-too-short", "made for less than five minutes", "an hour to a day",
     {"hub.clock utc=2026-11-20T08:00:00Z", "device.started clock=2026-11-20T07:50:00Z", "tcp.accepted",
      "mqtt.connect", "mqtt.refused code=5 reason=sas-expired working=sr=x_matches;_se=2026-11-20T07:51:00Z_is_9_min_before",
      "?mqtt.connected"}},
    // Where the evidence is not complete nothing is guessed.
    {"", "", "", {"tcp.accepted", "tls.client_hello", "tls.established", "dps.connect"}},
    {"", "", "",
     {"tls.client_hello", "mqtt.connect", "mqtt.refused code=3 reason=fault", "~2", "tcp.accepted",
      "mqtt.connect", "mqtt.refused code=3 reason=fault", "~2", "tcp.accepted", "mqtt.connect",
      "mqtt.refused code=3 reason=fault"}},
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
    {"", "", "", {"tcp.accepted", "tcp.accepted", "tcp.accepted", "tcp.closed", "@backoff 0 of 3 waits"}},
};

// "word field=value field=value", with '_' for blanks in values of the fields that have them.
static void tell(struct diagnosis *d, const char *text, uint64_t seq, uint64_t at_us,
                 struct told *out)
{
    told_read(out, text[0] == '!' ? text + 1 : text,
              "why hint working version what fault meaning try accepted_by");
    out->event.seq = seq;
    out->event.at_us = at_us;
    out->event.connection = 1;
    diagnosis_event(d, &out->event);
}

static size_t tell_story(const struct story *s, struct finding out[FINDINGS_MOST])
{
    struct diagnosis *d = diagnosis_new();
    struct told last;
    struct question question = {0};
    char oracle[32];
    uint64_t now_us = 0;
    assert_non_null(d);
    memset(out, 0, FINDINGS_MOST * sizeof *out);
    for (size_t k = 0; k < EVENTS_MOST && s->events[k]; k++) {
        if (s->events[k][0] == '@') {
            snprintf(oracle, sizeof oracle, "%s", s->events[k] + 1);
            oracle[strcspn(oracle, " ")] = '\0';
            question.oracle = oracle;
            question.said = s->events[k];
            continue;
        }
        if (s->events[k][0] == '?') {
            question.missing = s->events[k] + 1;
            question.violated = NULL;
            continue;
        }
        if (s->events[k][0] == '~') {
            now_us += strtoull(s->events[k] + 1, NULL, 10) * 1000 * MILLISECOND;
            continue;
        }
        now_us += 100 * MILLISECOND;
        tell(d, s->events[k], k + 1, now_us, &last);
        question.violated = s->events[k][0] == '!' ? &last.event : NULL;
    }
    diagnosis_time(d, now_us);
    size_t count = diagnosis_rank(d, &question, out);
    out[0].id = count ? out[0].id : "";
    diagnosis_free(d);
    return count;
}

static void each_story_ends_in_its_cause_and_its_advice(void **state)
{
    (void)state;
    bool is_wrong = false;
    for (size_t i = 0; i < HR_COUNT_OF(stories); i++) {
        struct finding found[FINDINGS_MOST];
        (void)!tell_story(&stories[i], found);
        if (strcmp(found[0].id, stories[i].id) != 0) {
            print_error("story %zu %s: %s\n", i, stories[i].id, found[0].cause);
        }
        is_wrong |= strcmp(found[0].id, stories[i].id) != 0;
        if (!strstr(found[0].cause, stories[i].cause)) {
            print_error("story %zu %s: %s\n", i, stories[i].id, found[0].cause);
            is_wrong = true;
        }
        if (!strstr(found[0].try_text, stories[i].try_text)) {
            print_error("story %zu %s: %s\n", i, stories[i].id, found[0].try_text);
            is_wrong = true;
        }
        assert_true(stories[i].id[0] || (!found[0].cause[0] && !found[0].try_text[0]));
    }
    assert_false(is_wrong);
}

// A row may speak as the first finding or as one behind it.
static void every_row_has_a_story(void **state)
{
    (void)state;
    bool is_told[ROWS_MOST] = {false};
    assert_true(diagnosis_row_count() < ROWS_MOST);
    for (size_t k = 0; k < HR_COUNT_OF(stories); k++) {
        struct finding found[FINDINGS_MOST];
        size_t count = tell_story(&stories[k], found);
        for (size_t f = 0; f < count; f++) {
            for (size_t i = 0; i < diagnosis_row_count(); i++) {
                is_told[i] |= strcmp(found[f].id, diagnosis_row_id(i)) == 0;
            }
        }
    }
    for (size_t i = 0; i < diagnosis_row_count(); i++) {
        assert_string_equal(is_told[i] ? "" : diagnosis_row_id(i), "");
    }
}

// A log enriches what the hub saw, and never takes its place.
static void what_is_sure_from_the_wire_stays_first_whatever_the_log_says(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "log.error cause=root meaning=no_root try=a", "log.error cause=clock meaning=old try=b",
        "log.error cause=network meaning=no_route try=c", "log.error cause=software meaning=crash try=d"};
    for (size_t k = 0; k < HR_COUNT_OF(stories) * HR_COUNT_OF(lines); k++) {
        struct story story = stories[k / HR_COUNT_OF(lines)];
        struct finding found[FINDINGS_MOST];
        bool is_sure = tell_story(&story, found) > 0 && found[0].sure == SURENESS_SURE;
        bool has_room = story.events[EVENTS_MOST - 1] == NULL;
        if (!is_sure || !has_room || strstr(story.id, "log")) {
            continue;
        }
        memmove(&story.events[1], &story.events[0], (EVENTS_MOST - 1) * sizeof story.events[0]);
        story.events[0] = lines[k % HR_COUNT_OF(lines)];
        (void)!tell_story(&story, found);
        assert_string_equal(found[0].id, story.id);
    }
}

static void two_possible_causes_are_two_ranked_findings(void **state)
{
    (void)state;
    static const struct story left = {
        "left-handshake", "", "",
        {"hub.chain name=azure/digicert-g2", "tcp.accepted", "tls.client_hello", "tls.failed why=eof",
         "tcp.closed by=device"}};
    struct finding found[FINDINGS_MOST];
    assert_int_equal(tell_story(&left, found), 3);
    assert_string_equal(found[0].id, "left-handshake");
    assert_int_equal(found[0].sure, SURENESS_LIKELY);
    assert_string_equal(found[1].id, "left-for-root");
    assert_int_equal(found[1].sure, SURENESS_POSSIBLE);
    assert_string_equal(found[2].id, "left-for-memory");
}

static void what_is_sure_comes_before_what_is_likely(void **state)
{
    (void)state;
    // Nothing was reported (likely), and the hub refused a method's answer (sure).
    static const struct story both = {
        "method-bad-answer", "", "",
        {"mqtt.connected", "d2c.message", "twin.desired version=4", "twin.pushed version=4",
         "method.failed method=a reason=method-bad-answer why=b"}};
    struct finding found[FINDINGS_MOST];
    assert_int_equal(tell_story(&both, found), 2);
    assert_string_equal(found[0].id, "method-bad-answer");
    assert_string_equal(found[1].id, "reported-missing");
}

static void the_table_is_sound(void **state)
{
    (void)state;
    assert_true(diagnosis_row_count() >= 60);
    for (size_t i = 0; i < diagnosis_row_count(); i++) {
        assert_string_equal(diagnosis_row_is_sound(i) ? "" : diagnosis_row_id(i), "");
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(diagnosis_row_id(i), diagnosis_row_id(k));
        }
    }
}

static void no_sentence_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(stories); i++) {
        struct finding found[FINDINGS_MOST];
        tell_story(&stories[i], found);
        assert_true(strlen(found[0].cause) < sizeof found[0].cause - 1);
        assert_true(strlen(found[0].try_text) < sizeof found[0].try_text - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_ends_in_its_cause_and_its_advice),
        cmocka_unit_test(every_row_has_a_story),
        cmocka_unit_test(what_is_sure_from_the_wire_stays_first_whatever_the_log_says),
        cmocka_unit_test(two_possible_causes_are_two_ranked_findings),
        cmocka_unit_test(what_is_sure_comes_before_what_is_likely),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(no_sentence_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
