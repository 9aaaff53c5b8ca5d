// SPDX-License-Identifier: MIT
// What a device did over a chain, or by its own clock, that it had to refuse; and its end.
#include "harness/diagnosis/rows.h"

#define TRUSTED "mqtt.connect mqtt.early mqtt.connected http.request ws.open dps.connect"
#define VERIFYING                                                                                  \
    "turn verification on (mbedtls_ssl_conf_authmode VERIFY_REQUIRED, SSL_VERIFY_PEER, "           \
    "rejectUnauthorized)"

static const struct row rows[] = {
    {"accepted-dps-chain", "accepted-dps", SURENESS_SURE, "dps.connect", CHAIN_ANY,
     "dps.chain.name ~ bad/", NULL,
     "the device does not verify the provisioning service: it sent its credentials over "
     "{dps.chain.name}",
     "give the provisioning client the same roots and the same checks as the hub's client"},
    {"accepted-ca-false", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name = catalogue/c-bc-false", NULL,
     "the device takes a certificate that says CA:FALSE for an issuer, in {chain}",
     "read what basicConstraints say, not only whether they are there; whoever owns any certificate "
     "of the same CA can else be the hub"},
    {"accepted-no-cert-sign", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name = catalogue/c-ku", NULL,
     "the device does not look at an issuer's keyUsage: the one in {chain} must not sign certificates",
     "ask for keyCertSign of every issuer that has a keyUsage: MBEDTLS_X509_CHECK_KEY_USAGE, "
     "KU_KEY_CERT_SIGN"},
    {"accepted-leaf-as-ca", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name = catalogue/c-leaf-as-ca", NULL,
     "the device takes the certificate of another server for a CA: in {chain} it has signed the leaf",
     "check basicConstraints of every issuer, not only of the CA below the root; whoever owns any "
     "certificate of the same CA can else be the hub"},
    {"accepted-issuer-no-ca", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name = catalogue/c-no-bc|catalogue/c-v1-int", NULL,
     "the device takes a certificate that does not say that it is a CA for an issuer, in {chain}",
     "demand basicConstraints with CA:TRUE of every issuer; whoever owns any certificate of the "
     "same CA can else be the hub"},
    {"accepted-path-length", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ pathlen", NULL,
     "the device ignores the path length of a CA: {chain} is one CA longer than allowed",
     VERIFYING "; check pathLenConstraint when the chain is walked by own code"},
    {"accepted-unknown-critical", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ c-crit-", NULL,
     "the device ignores a critical extension that it does not know, in {chain}",
     "refuse what is critical and unknown; a callback for unknown extensions must not return 0 for all"},
    {"accepted-outside-constraints", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ c-nc-", NULL,
     "the device ignores a CA's name constraints: the one in {chain} may not speak for this host",
     "use a library that checks name constraints, or pin the CAs that may sign for the hub"},
    {"accepted-wrong-purpose", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name = catalogue/c-eku-client", NULL,
     "the device accepts a certificate that is not for servers: {chain}",
     "check extendedKeyUsage for serverAuth: X509_PURPOSE_SSL_SERVER, "
     "MBEDTLS_X509_CHECK_EXTENDED_KEY_USAGE"},
    {"accepted-bad-signature", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ e-badsig", NULL,
     "the device does not verify the signatures in the chain {chain}",
     VERIFYING "; names that match prove nothing without the signature"},
    {"accepted-weak-hash", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ sha1|md5", NULL,
     "the device accepts a certificate that is signed with a broken hash: {chain}",
     "allow SHA-256 and better only (mbedtls_ssl_conf_cert_profile, security level 2 of OpenSSL)"},
    {"accepted-weak-key", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ k-1024", NULL, "the device accepts an RSA key of 1024 bits: {chain}",
     "ask for 2048 bits (rsa_min_bitlen of the mbedTLS profile, security level 2 of OpenSSL)"},
    {"accepted-common-name", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ n-cn-", NULL,
     "the device takes the subject's common name for the host name ({chain})",
     "compare the subject alternative names alone: X509_CHECK_FLAG_NEVER_CHECK_SUBJECT"},
    {"accepted-loose-name", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ n-part|n-mid|n-multi|n-san-nul", NULL,
     "the device compares the host name too loosely with the certificate's names ({chain})",
     "a wildcard is a whole first label and stands for one label; compare all bytes of a name, "
     "X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS"},
    {"accepted-swapped-dates", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name = catalogue/t-swapped", NULL,
     "the device does not check both dates of a certificate: that of {chain} begins tomorrow and ended "
     "yesterday",
     "compare the time with each date for itself, notBefore <= now and now <= notAfter; with mbedTLS "
     "enable MBEDTLS_HAVE_TIME_DATE"},
    {"accepted-expired", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD, "hub.chain.name ~ expired",
     NULL, "the device does not check notAfter: it sent MQTT over the expired chain {chain}",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE and give the device a true clock "
               "before it connects"},
    {"accepted-not-yet-valid", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ not-yet|-future", NULL,
     "the device does not check notBefore: it sent MQTT over {chain}, which is valid only later",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE; do not mask BADCERT_FUTURE in a "
               "verify callback"},
    {"accepted-by-no-time", "accepted", SURENESS_LIKELY, TRUSTED, CHAIN_GOOD,
     "sntp.reply.stratum = 0|16", NULL,
     "the device took the time from a server that has none (stratum {sntp.reply.stratum})",
     "ignore an SNTP answer with leap indicator 3, or with a stratum of 0 or above 15"},
    {"accepted-before-its-time", "accepted", SURENESS_SURE, TRUSTED, CHAIN_GOOD, NULL,
     facts_clock_is_unset,
     "the device does not check notBefore: by its own clock, {device_utc}, no certificate of {chain} "
     "was valid yet",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE; get the time before the first TLS "
               "handshake"},
    {"accepted-wrong-host", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD, "hub.chain.name ~ host|/n-",
     NULL, "the device does not compare the host name with the certificate's names (chain {chain})",
     "name the host to the TLS library: mbedtls_ssl_set_hostname, SSL_set1_host, "
     "checkServerIdentity; and " VERIFYING},
    {"accepted-unknown-root", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ root|p-unknown|p-same-dn", NULL,
     "the device accepts a chain without its root: {chain} does not end in an anchor it was given",
     VERIFYING " and load only the roots it must trust (mbedtls_ssl_conf_ca_chain, "
               "SSL_CTX_load_verify_locations)"},
    {"accepted-self-signed", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ self-signed|selfsigned", NULL,
     "the device accepts a chain without its root: {chain} is signed by itself alone",
     VERIFYING
     "; a verify callback must not clear BADCERT_NOT_TRUSTED or return 1 for every depth"},
    {"accepted-missing-intermediate", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.name ~ intermediate|p-no-int", NULL,
     "the device accepts a chain without its root: in {chain} the intermediate is missing",
     VERIFYING "; the leaf alone proves nothing when its issuer was neither sent nor stored"},
    {"accepted-as-its-library", "as-its-library", SURENESS_LIKELY, TRUSTED, CHAIN_BAD,
     "hub.chain.accepted_by != ", NULL,
     "the device accepted the chain {chain}, which must be refused; so do, with their usual "
     "settings, {hub.chain.accepted_by}",
     "when the device uses one of these, its application must check what the library does not; else "
     VERIFYING},
    {"accepted-bad-chain", "accepted", SURENESS_SURE, TRUSTED, CHAIN_BAD,
     "hub.chain.accepted_by = ", NULL,
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
