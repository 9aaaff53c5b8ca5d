// SPDX-License-Identifier: MIT
// OpenSSL as the judge of our certificates, for tests.
#pragma once
#include "base/span.h"

#include <openssl/x509.h>

enum { PEER_CERTS_MOST = 32 };

struct peer_certs {
    X509 *items[PEER_CERTS_MOST];
    int count;
};
// All certificates of a PEM text; a count of -1 when one of them cannot be read.
void peer_read_pem(struct span pem, struct peer_certs *out);
void peer_free(struct peer_certs *certs);

// What a TLS client with these roots says about this chain: X509_V_OK or X509_V_ERR_*.
// `host` is a DNS name or an IP address, `utc_s` its clock.
int peer_verify(struct span sent_pem, struct span root_pem, const char *host, int64_t utc_s);
