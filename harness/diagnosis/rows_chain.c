// SPDX-License-Identifier: MIT
// What a device did over a chain, or by its own clock, that it had to refuse; and its end.
#include "harness/diagnosis/rows.h"

#define TRUSTED "mqtt.connect mqtt.early mqtt.connected http.request ws.open dps.connect"
#define VERIFYING                                                                                  \
    "turn verification on (mbedtls_ssl_conf_authmode VERIFY_REQUIRED, SSL_VERIFY_PEER, "           \
    "rejectUnauthorized)"

static const struct row rows[] = {
    {"accepted-expired", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD, "hub.chain.name ~ expired",
     NULL, "the device does not check notAfter: it sent MQTT over the expired chain {chain}",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE and give the device a true clock "
               "before it connects"},
    {"accepted-not-yet-valid", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ not-yet", NULL,
     "the device does not check notBefore: it sent MQTT over {chain}, which is valid only later",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE; do not mask BADCERT_FUTURE in a "
               "verify callback"},
    {"accepted-by-no-time", "accepted", SURENESS_LIKELY, TRUSTED, CHAIN_GOOD,
     "sntp.reply.stratum = 0|16", NULL,
     "the device took the time from a server that has none (stratum {sntp.reply.stratum})",
     "ignore an SNTP answer with leap indicator 3, or with a stratum of 0 or above 15"},
    {"accepted-before-its-time", "accepted", SURENESS_SURE, TRUSTED, CHAIN_GOOD, NULL,
     facts_clock_is_behind,
     "the device does not check notBefore: by its own clock, {device_utc}, no certificate of {chain} "
     "was valid yet",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE; get the time before the first TLS "
               "handshake"},
    {"accepted-wrong-host", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD, "hub.chain.name ~ host",
     NULL, "the device does not compare the host name with the certificate's names (chain {chain})",
     "name the host to the TLS library: mbedtls_ssl_set_hostname, SSL_set1_host, "
     "checkServerIdentity; and " VERIFYING},
    {"accepted-unknown-root", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ root", NULL,
     "the device accepts a chain without its root: {chain} does not end in an anchor it was given",
     VERIFYING " and load only the roots it must trust (mbedtls_ssl_conf_ca_chain, "
               "SSL_CTX_load_verify_locations)"},
    {"accepted-self-signed", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ self-signed", NULL,
     "the device accepts a chain without its root: {chain} is signed by itself alone",
     VERIFYING
     "; a verify callback must not clear BADCERT_NOT_TRUSTED or return 1 for every depth"},
    {"accepted-missing-intermediate", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ intermediate", NULL,
     "the device accepts a chain without its root: in {chain} the intermediate is missing",
     VERIFYING "; the leaf alone proves nothing when its issuer was neither sent nor stored"},
    {"accepted-as-its-library", "accepted", SURENESS_LIKELY, TRUSTED, CHAIN_BAD,
     "hub.chain.accepted_by != ", NULL,
     "the device accepted the chain {chain}, which must be refused; so do, with their usual "
     "settings, {hub.chain.accepted_by}",
     "when the device uses one of these, its application must check what the library does not; else "
     VERIFYING},
    {"accepted-bad-chain", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD, NULL, NULL,
     "the device accepted the chain {chain}, which must be refused", VERIFYING},

    {"exited-by-signal", "exited", SURENESS_SURE, "device.exited -", CHAIN_ANY, NULL,
     facts_has_signal, "the device's program crashed: signal {signal}",
     "run it under a debugger or with AddressSanitizer; its last lines are in the evidence folder"},
    {"exited", "exited", SURENESS_SURE, "device.exited", CHAIN_ANY, NULL, NULL,
     "the device's program ended by itself with code {device.exited.code}",
     "read its last lines in the evidence folder; a device must survive a lost or refused "
     "connection and try again"},
};

const struct row_table diagnosis_chain_rows = {rows, HR_COUNT_OF(rows)};
