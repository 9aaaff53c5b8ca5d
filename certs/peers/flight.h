// SPDX-License-Identifier: MIT
// The server's half of a TLS 1.2 handshake as bare bytes: ServerHello, whatever certificates it is
// given, a ServerKeyExchange with a true signature, ServerHelloDone. Then the client's next message
// tells what it thinks of the certificates. Nothing parses them here, so that damaged and huge ones
// can be served; nothing is ever decrypted.
#pragma once
#include "base/span.h"

#include <openssl/evp.h>

enum flight_end {
    FLIGHT_ACCEPTED, // ClientKeyExchange came
    FLIGHT_ALERT,    // a fatal alert came
    FLIGHT_SILENT,   // closed without a fatal alert
    FLIGHT_STUCK,    // nothing within three seconds
};

struct flight_result {
    enum flight_end end;
    uint8_t alert; // of FLIGHT_ALERT
};

struct flight {
    const struct span *certs; // leaf first
    size_t cert_count;
    EVP_PKEY *key; // the leaf's
};

// Serve one client on the socket `fd`, which stays open. ERR_PROTOCOL: no ClientHello came;
// ERR_CRYPTO: the key cannot sign. A client that closes early is no error.
int flight_serve(int fd, const struct flight *flight, struct flight_result *out) HR_NODISCARD;
