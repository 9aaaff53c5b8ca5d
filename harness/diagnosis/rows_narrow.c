// SPDX-License-Identifier: MIT
// Good chains that ask one thing of a TLS stack, and were refused by a device that was given their
// root and has the right time.
#include "harness/diagnosis/rows.h"

#define ENDED "tls.alert tls.failed tls.refused - @alert"

static bool refused_at_right_time(const struct diagnosis *d)
{
    return facts_has_alert(d) && !facts_clock_is_behind(d) && !facts_clock_is_ahead(d);
}

// One family with the rows about a root that is missing, which it is not.
#define NARROW(id, chains, cause, try_text)                                                        \
    {id, "root", SURENESS_LIKELY, ENDED, CHAIN_GOOD,                                               \
     "doctor.root.missing = ; hub.chain.name = " chains, refused_at_right_time, cause, try_text}

static const struct row rows[] = {
    NARROW("chain-order", "catalogue/p-swap|catalogue/p-dup|catalogue/p-extra-mid",
           "the device wants each certificate to certify the one before it, and those of {chain} do not "
           "come so: it sent {alert}",
           "look for an issuer among all that came, not only at the next one (RFC 8446 4.4.2)"),
    NARROW("first-root-only", "catalogue/p-same-dn-2|catalogue/p-oldroot-exp",
           "the device has the root of {chain}, but not as the first one of its bundle: it does not try "
           "the others",
           "read every certificate of the bundle (PEM_read_bio_X509 reads one), and try each root of a "
           "name, not only the first"),
    NARROW("one-path", "catalogue/p-xsign-new|catalogue/p-xsign-exp-both",
           "the device has a root for {chain}, but follows the cross-signed certificate that was sent and "
           "looks for no other path",
           "prefer a trusted root to a certificate of the same name that was sent: "
           "X509_V_FLAG_TRUSTED_FIRST, the rule in OpenSSL from 1.1.0"),
    NARROW("chain-too-deep", "catalogue/p-depth3|catalogue/p-xsign-old",
           "the device has the root of {chain}, but takes fewer CAs between it and the leaf",
           "allow four at least (SSL_CTX_set_verify_depth, MBEDTLS_X509_MAX_INTERMEDIATE_CA): the chains "
           "of 2026 have two"),
    NARROW("root-in-message", "catalogue/p-with-root",
           "the device refuses a chain that brings its root along, though it has that root",
           "compare a self-signed certificate that was sent with the trusted roots before it is refused"),
    NARROW("unknown-extension", "catalogue/c-unk",
           "the device refuses extensions that it does not know, though none in {chain} is critical",
           "skip what is unknown and not critical (RFC 5280 4.2)"),
    NARROW("name-constraints", "catalogue/c-nc-ok",
           "the device takes no CA with name constraints, though those of {chain} allow the host",
           "use a library that checks them; mbedTLS refuses them wherever they are critical"),
    NARROW("dates-32-bit", "catalogue/t-9999",
           "the device takes {chain} for expired: its leaf ends in 9999, past what 32 bits can hold",
           "read dates into 64 bits, and compare them as year, month and day where time_t has 32"),
    NARROW("name-by-bytes", "catalogue/n-case",
           "the device compares the host name byte by byte: {chain} has it in capitals",
           "compare without regard to case (RFC 5280 7.2)"),
    NARROW("rsa-too-large", "catalogue/k-4096",
           "the device takes no RSA key of 4096 bits, as in {chain}: it sent {alert}",
           "give big numbers 512 bytes and more (MBEDTLS_MPI_MAX_SIZE, FP_MAX_BITS of wolfSSL 8192); an "
           "accelerator may have a limit of its own"),
    NARROW("no-sha-384", "catalogue/k-sha384",
           "the device cannot check the SHA-384 signatures of {chain}: it sent {alert}",
           "build SHA-384 in (MBEDTLS_SHA512_C, WOLFSSL_SHA384): today's hubs have such chains"),
};

const struct row_table diagnosis_narrow_rows = {rows, HR_COUNT_OF(rows)};
