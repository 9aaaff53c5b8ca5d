// SPDX-License-Identifier: MIT
// What raw.c and the writer of flights share.
#pragma once
#include "simulator/faults/flight.h"
#include "simulator/tls/client_hello.h"
#include "simulator/tls/raw.h"

#include <mbedtls/pk.h>

enum { RAW_RANDOM_BYTES = 32 };

struct raw_flight {
    enum flight flight;
    const struct env *env;
    const struct span *certs; // leaf first
    size_t cert_count;
    mbedtls_pk_context *key; // the leaf's
    const struct client_hello *hello;
    struct span hello_message; // header and body, unencrypted
    uint8_t client_random[RAW_RANDOM_BYTES];
    uint8_t server_random[RAW_RANDOM_BYTES];
    struct buf *out;
};

// Append ServerHello to ServerHelloDone as records. ERR_CRYPTO, ERR_NO_MEMORY, ERR_TOO_BIG.
int raw_write_flight(struct raw_flight *f) HR_NODISCARD;
// Whether the ClientHello has an extension of this number.
bool raw_has_extension(struct span hello_message, uint16_t wanted);
