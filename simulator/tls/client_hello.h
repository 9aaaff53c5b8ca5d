// SPDX-License-Identifier: MIT
// What a device offers in its ClientHello (RFC 5246 7.4.1.2, RFC 8446 4.1.2), read from the first
// bytes of the connection without an engine.
#pragma once
#include "base/span.h"

enum { CLIENT_HELLO_BYTES_MOST = 17000, CLIENT_HELLO_SUITES_MOST = 128 };

struct client_hello {
    uint16_t version; // highest offered, 0x0303 = TLS 1.2
    char sni[256];    // "" when absent
    uint16_t suites[CLIENT_HELLO_SUITES_MOST];
    size_t suite_count; // offered; may be more than are kept
};

// 1 when read, 0 when more bytes are needed, ERR_PROTOCOL when the bytes are no ClientHello.
int client_hello_read(struct span bytes, struct client_hello *out) HR_NODISCARD;
