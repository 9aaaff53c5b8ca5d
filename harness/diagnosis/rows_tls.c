// SPDX-License-Identifier: MIT
// TLS handshakes over a good chain that did not complete.
#include "base/when.h"
#include "harness/diagnosis/rows.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_BUFFER_BYTES = 2048, USUAL_CHAIN_BYTES = 7500 };

#define ENDED "tls.alert tls.failed tls.refused - @alert"
#define LEFT  "tls.failed tls.refused tcp.closed - @alert"
#define PIECES "tls.refused tls.failed tcp.closed -"

static bool alert_and_clock_behind(const struct diagnosis *d)
{
    return facts_clock_is_behind(d) &&
           facts_alert_is(d, "bad_certificate certificate_expired certificate_unknown unknown_ca");
}

static bool alert_and_clock_ahead(const struct diagnosis *d)
{
    return facts_clock_is_ahead(d) && facts_alert_is(d, "certificate_expired bad_certificate "
                                                        "certificate_unknown");
}

static bool alert_unknown_ca(const struct diagnosis *d)
{
    return facts_alert_is(d, "unknown_ca");
}

// Libraries without a word for a missing root say bad_certificate or certificate_unknown.
static bool alert_about_trust(const struct diagnosis *d)
{
    return facts_alert_is(d, "unknown_ca bad_certificate certificate_unknown");
}

// unknown_ca has a family of its own.
static bool alert_without_a_row(const struct diagnosis *d)
{
    return facts_has_alert(d) && !alert_unknown_ca(d);
}

// Its clock is right, the date is past what fits into a signed number of 32 bits.
static bool alert_past_2038(const struct diagnosis *d)
{
    static const int64_t end_us = INT64_C(0x7fffffff) * 1000000;
    int64_t device_us = 0;
    int64_t since_us = (int64_t)(d->series[EVENT_TLS_ALERT].last_us - d->device_utc_us);
    return utc_parse(span_text(d->device_utc), &device_us) == 0 && device_us + since_us > end_us &&
           facts_alert_is(d, "certificate_expired bad_certificate certificate_unknown") &&
           !facts_clock_is_ahead(d);
}

static bool offers_one_group(const struct diagnosis *d)
{
    char groups[FACT_TEXT_BYTES];
    facts_value(d, EVENT_TLS_OFFER, "groups", groups);
    return groups[0] && !strchr(groups, ',');
}

static bool alert_expired(const struct diagnosis *d)
{
    return facts_alert_is(d, "certificate_expired");
}

static bool alert_bad_certificate(const struct diagnosis *d)
{
    return facts_alert_is(d, "bad_certificate certificate_unknown certificate_revoked");
}

static bool alert_unsupported(const struct diagnosis *d)
{
    return facts_alert_is(d, "unsupported_certificate");
}

static bool alert_no_common_ground(const struct diagnosis *d)
{
    return facts_alert_is(d, "handshake_failure protocol_version insufficient_security "
                             "unsupported_extension");
}

static bool alert_decode(const struct diagnosis *d)
{
    return facts_alert_is(d, "decode_error unexpected_message");
}

static bool alert_record_overflow(const struct diagnosis *d)
{
    return facts_alert_is(d, "record_overflow");
}

static bool alert_illegal_parameter(const struct diagnosis *d)
{
    return facts_alert_is(d, "illegal_parameter");
}

static bool alert_decrypt(const struct diagnosis *d)
{
    return facts_alert_is(d, "decrypt_error bad_record_mac");
}

static bool left_and_clock_behind(const struct diagnosis *d)
{
    return facts_handshake_left(d) && facts_clock_is_behind(d);
}

// More than the hubs of today send, which is about 7.1 KB; or a chain that is about its size alone.
static bool left_large_chain(const struct diagnosis *d)
{
    char name[FACT_TEXT_BYTES], bytes[FACT_TEXT_BYTES];
    facts_value(d, EVENT_HUB_CHAIN, "name", name);
    facts_value(d, EVENT_HUB_CHAIN, "message_bytes", bytes);
    bool is_ladder = span_starts_with(span_text(name), span_text("catalogue/size-"));
    return strtoull(bytes, NULL, 10) > (is_ladder ? LEAST_BUFFER_BYTES : USUAL_CHAIN_BYTES) &&
           facts_handshake_left(d);
}

static bool hub_ended_handshake(const struct diagnosis *d)
{
    return d->hub_alert_seq > d->last_seq[EVENT_TLS_ESTABLISHED] && !facts_has_alert(d);
}

static const struct row rows[] = {
    {"left-root-not-given", "left-root", SURENESS_SURE, LEFT, CHAIN_GOOD, "doctor.root > hub.chain; doctor.root.missing != ",
     facts_handshake_left, "{doctor.root.what}", "{doctor.root.try}"},
    // The wire shows that the device left, its log says why.
    {"left-log-clock", "left", SURENESS_SURE, LEFT, CHAIN_GOOD, "log.error.cause = clock",
     facts_handshake_left,
     "the device left the TLS handshake; its log says: {log.error.meaning} ({log.error.code})",
     "{log.error.try}"},
    {"left-log-root", "left", SURENESS_SURE, LEFT, CHAIN_GOOD, "log.error.cause = root",
     facts_handshake_left,
     "the device left the TLS handshake over {chain}; its log says: {log.error.meaning} "
     "({log.error.code})",
     "{log.error.try}"},
    {"left-log-name", "left", SURENESS_SURE, LEFT, CHAIN_GOOD, "log.error.cause = name",
     facts_handshake_left,
     "the device left the TLS handshake; its log says: {log.error.meaning} ({log.error.code})",
     "{log.error.try}"},
    {"left-log-memory", "left", SURENESS_SURE, LEFT, CHAIN_GOOD, "log.error.cause = memory",
     facts_handshake_left,
     "the device left the TLS handshake; its log says: {log.error.meaning} ({log.error.code})",
     "{log.error.try}"},
    {"left-log-algorithm", "left", SURENESS_SURE, LEFT, CHAIN_GOOD, "log.error.cause = algorithm",
     facts_handshake_left,
     "the device left the TLS handshake; its log says: {log.error.meaning} ({log.error.code})",
     "{log.error.try}"},
    {"clock-by-sntp", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, "sntp.reply.offset_ms != 0",
     alert_bad_certificate,
     "the device refused a good chain ({alert}) by a time that a time server had told it wrong: "
     "{sntp.reply.utc}",
     "take no time before the build date of the firmware, and compare several servers"},
    {"clock-behind", "alert", SURENESS_SURE, ENDED, CHAIN_GOOD, NULL, alert_and_clock_behind,
     "the device refused a good chain ({alert}) because its clock, {device_utc}, is before "
     "notBefore",
     "get the time (SNTP, RTC, the cell network) before the first TLS handshake"},
    {"clock-ahead", "alert", SURENESS_SURE, ENDED, CHAIN_GOOD, NULL, alert_and_clock_ahead,
     "the device refused a good chain ({alert}) because its clock, {device_utc}, is past notAfter",
     "correct the clock; a date that was set by hand or a week counter that rolled over is the usual "
     "reason"},
    {"root-not-given", "root", SURENESS_SURE, ENDED, CHAIN_GOOD, "doctor.root > hub.chain; doctor.root.missing != ",
     alert_about_trust, "{doctor.root.what}", "{doctor.root.try}"},
    {"bundle-unreadable", "bundle", SURENESS_LIKELY, ENDED, CHAIN_GOOD, "doctor.bundle",
     alert_about_trust, "{doctor.bundle.file}: {doctor.bundle.what}", "{doctor.bundle.try}"},
    {"root-unknown", "root", SURENESS_SURE, ENDED, CHAIN_GOOD, NULL, alert_unknown_ca,
     "the device does not trust the root of {chain}: it sent the alert unknown_ca",
     "give the device this root; IoT Hub moved from Baltimore to DigiCert Global Root G2, so a "
     "device needs the new one"},
    {"clock-32-bit", "alert", SURENESS_SURE, ENDED, CHAIN_GOOD, NULL, alert_past_2038,
     "the device refused a good chain ({alert}) after 2038-01-19T03:14:07Z, where a time of 32 bits ends "
     "(its clock: {device_utc})",
     "build with a time_t of 64 bits, and look for dates that are kept in int or uint32_t"},
    {"thinks-expired", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL, alert_expired,
     "the device takes the good chain {chain} for expired: it sent certificate_expired",
     "its clock is ahead, or an expired certificate of the same name stands in its trust store; "
     "remove that one"},
    {"algorithm-not-built-in", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL, alert_unsupported,
     "the device cannot use a certificate of {chain}: it sent unsupported_certificate",
     "build the signature's hash in (SHA-384: MBEDTLS_SHA512_C, WOLFSSL_SHA384) and the key type"},
    {"clock-turned", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, "mqtt.connected > hub.chain",
     alert_bad_certificate,
     "the device was connected with this very chain, {chain}, and refuses it now: its clock has turned",
     "log the time at every handshake; look for what its time functions do not know, such as 29 February, "
     "2036 and 2038, and for a clock that starts again at 1970"},
    {"pinned-certificate", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, "mqtt.connected",
     alert_bad_certificate,
     "the device was connected before, and refuses the hub's new and good chain {chain}: it pins a "
     "leaf or an intermediate",
     "trust the root and check the host name; leaves and intermediates are renewed without notice"},
    {"no-server-name", "no-sni", SURENESS_SURE, "tls.client_hello", CHAIN_ANY,
     "tls.client_hello.sni = ", NULL, "the device does not name the host in its ClientHello",
     "set the server name (mbedtls_ssl_set_hostname, SSL_set_tlsext_host_name): without it a shared "
     "front end shows another certificate, and the host name is not checked either"},
    {"refused-certificate", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL, alert_bad_certificate,
     "the device refused the good chain {chain} with the alert {alert}",
     "compare root, host name and clock on the device; check that its TLS build has the chain's "
     "signature and key types"},
    {"record-too-large", "alert", SURENESS_SURE, ENDED, CHAIN_GOOD, NULL, alert_record_overflow,
     "the hub's handshake is larger than the device's buffer: it sent record_overflow",
     "raise MBEDTLS_SSL_IN_CONTENT_LEN to 16384, or negotiate a smaller fragment length"},
    {"message-too-large-for-tls", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL,
     alert_illegal_parameter,
     "the device could not take the hub's handshake: it sent illegal_parameter, as OpenSSL does when "
     "the certificates of {chain} are larger than its limit",
     "raise the limit for certificates (SSL_set_max_cert_list) and the buffers to 16 KB; else compare "
     "the server's flight in the capture with RFC 5246"},
    {"cannot-reassemble", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL, alert_decode,
     "the device could not read a handshake message: it sent {alert}",
     "a Certificate that is split over records needs a stack that joins them (mbedTLS from 3.6.3), and "
     "a buffer for all of it"},
    {"signature-check-failed", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL, alert_decrypt,
     "a cryptographic check failed on the device: it sent {alert}",
     "check the crypto accelerator's driver, its random source and its memory; compare with the "
     "software implementation"},
    {"no-common-ground", "alert", SURENESS_SURE, ENDED, CHAIN_GOOD, NULL, alert_no_common_ground,
     "device and hub share no TLS version, cipher suite or curve: alert {alert}",
     "enable TLS 1.2 with ECDHE, AES-GCM, P-256 and RSA certificates in the device's TLS build"},
    {"ended-handshake", "alert", SURENESS_LIKELY, ENDED, CHAIN_GOOD, NULL, alert_without_a_row,
     "the device ended the TLS handshake with the alert {alert}",
     "look up the alert in the device's TLS log (RFC 5246 7.2.2)"},

    {"no-tls-at-all", "hub-ended", SURENESS_SURE, "tls.failed -", CHAIN_ANY,
     "tls.failed.why ~ without TLS; tls.failed > tls.established", NULL, "{tls.failed.why}",
     "MQTT to IoT Hub is TLS from the first byte on port 8883; plain MQTT (1883) does not exist there"},
    {"old-tls", "hub-ended", SURENESS_SURE, ENDED, CHAIN_ANY,
     "tls.failed.why ~ does not offer TLS 1.2; tls.failed > tls.established", NULL,
     "the device offers no TLS 1.2 (ClientHello: {tls.client_hello.version})",
     "build TLS 1.2 in; the service refuses TLS 1.0 and 1.1"},
    {"no-tls-13", "hub-ended", SURENESS_SURE, ENDED, CHAIN_ANY,
     "tls.failed.why ~ does not offer TLS 1.3; tls.failed > tls.established", NULL,
     "the device offers no TLS 1.3, and this hub takes nothing older",
     "build TLS 1.3 in beside 1.2: some host names of the service take it, and one day all may ask for it"},
    {"no-common-group", "hub-ended", SURENESS_SURE, ENDED, CHAIN_ANY,
     "tls.failed.why ~ no common cipher suite; tls.offer.suites ~ ECDHE; tls.failed > tls.established",
     offers_one_group,
     "device and hub share no elliptic curve: it offers {tls.offer.groups} alone",
     "offer secp256r1, secp384r1 and x25519 where the library has them"},
    {"no-common-suite", "hub-ended", SURENESS_SURE, ENDED, CHAIN_ANY,
     "tls.failed.why ~ no common cipher suite; tls.failed > tls.established", NULL,
     "device and hub share no cipher suite: {tls.failed.why}",
     "enable ECDHE with AES-GCM; suites with static RSA, DHE or CBC-SHA1 alone are refused by the "
     "service"},
    {"device-key-wrong", "hub-ended", SURENESS_SURE, ENDED, CHAIN_ANY,
     "tls.failed.why ~ key does not fit; tls.failed > tls.established", NULL,
     "the device's private key does not belong to its certificate",
     "compare the public keys of both; a secure element may hold another key than the file says"},
    {"hub-ended-handshake", "hub-ended", SURENESS_LIKELY, ENDED, CHAIN_ANY, NULL,
     hub_ended_handshake, "the hub ended the TLS handshake with the alert {hub_alert}: {tls.failed.why}",
     "look at the ClientHello and the client certificate in the capture"},

    {"left-bundle-unreadable", "left-bundle", SURENESS_LIKELY, LEFT, CHAIN_GOOD, "doctor.bundle",
     facts_handshake_left, "{doctor.bundle.file}: {doctor.bundle.what}", "{doctor.bundle.try}"},
    {"left-handshake-clock", "left", SURENESS_LIKELY, LEFT, CHAIN_GOOD, NULL, left_and_clock_behind,
     "the device left the TLS handshake without an alert; its clock, {device_utc}, is before "
     "notBefore",
     "get the time (SNTP, RTC, the cell network) before the first TLS handshake"},
    {"reads-once", "left", SURENESS_LIKELY, PIECES, CHAIN_GOOD,
     "fault.fired.fault ~ segment; fault.fired > tls.established", NULL,
     "the device leaves when the bytes of the hub come in small TCP segments: it takes what one read "
     "brings for a whole record",
     "read until the 5 bytes of a record's header and then its length are there; recv() may give less"},
    {"left-split-message", "left", SURENESS_LIKELY, PIECES, CHAIN_GOOD,
     "fault.fired.fault ~ slice; fault.fired > tls.established", NULL,
     "the device leaves when a message of the handshake comes in several records",
     "use a stack that joins them (mbedTLS from 3.6.3), or records large enough for the chain"},
    {"left-large-chain", "left", SURENESS_LIKELY, LEFT, CHAIN_GOOD, NULL, left_large_chain,
     "the device closed the TLS handshake without an alert over a Certificate message of "
     "{hub.chain.message_bytes} bytes: its TLS input buffer is smaller",
     "give TLS an input buffer of 16 KB (MBEDTLS_SSL_IN_CONTENT_LEN, MBEDTLS_SSL_MAX_CONTENT_LEN) and the "
     "heap for it; its log may say -0x7100, -0x7080 or -0x7f00"},
    {"left-handshake", "left", SURENESS_LIKELY, LEFT, CHAIN_GOOD, NULL, facts_handshake_left,
     "the device closed the TLS handshake without an alert, as most stacks do when the chain does "
     "not verify or memory is short",
     "check root, host name and clock; a 16 KiB record and RSA-4096 need memory "
     "(MBEDTLS_SSL_IN_CONTENT_LEN, heap)"},
    {"left-for-root", "left-root", SURENESS_POSSIBLE, LEFT, CHAIN_GOOD, "!log.error",
     facts_handshake_left,
     "the device may lack the root of {chain}, and its stack closes without saying so",
     "compare its trust bundle with the chain: hubrig doctor BUNDLE --host HUB; keep DigiCert Global "
     "Root G2 and Microsoft RSA Root 2017"},
    {"left-for-memory", "left-memory", SURENESS_POSSIBLE, LEFT, CHAIN_GOOD, "!log.error",
     facts_handshake_left,
     "the device may lack memory for the certificate chain, and its stack closes without saying so",
     "look for -0x7100, -0x7f00 or a failed allocation in its log; give TLS a 16 KiB input buffer"},
    {"left-after-handshake", "left", SURENESS_LIKELY, "tls.refused tcp.closed - @alert", CHAIN_GOOD,
     "tls.refused.how = close-after-handshake; tls.refused > mqtt.connect", NULL,
     "the device completed the TLS handshake over the good chain {chain} and then closed it",
     "a check behind the handshake failed: the verify flags, the host name, a pinned certificate or "
     "key; pins break when the service renews its leaf or intermediate"},
};

const struct row_table diagnosis_tls_rows = {rows, HR_COUNT_OF(rows)};
