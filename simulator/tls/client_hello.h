// SPDX-License-Identifier: MIT
// What a device offers in its ClientHello (RFC 5246 7.4.1.2, RFC 8446 4.1.2), read from the first
// bytes of the connection without an engine.
#pragma once
#include "base/span.h"

enum {
    CLIENT_HELLO_BYTES_MOST = 17000,
    CLIENT_HELLO_SUITES_MOST = 128,
    CLIENT_HELLO_LIST_MOST = 64,
};

// In the order of the hello; `count` may be more than are kept.
struct client_hello_list {
    uint16_t at[CLIENT_HELLO_LIST_MOST];
    size_t count;
};

struct client_hello {
    uint16_t version;        // highest offered, 0x0303 = TLS 1.2
    uint16_t legacy_version; // of the message itself: TLS 1.3 says 0x0303 there
    char sni[256];           // "" when absent
    uint16_t suites[CLIENT_HELLO_SUITES_MOST];
    size_t suite_count; // offered; may be more than are kept
    struct client_hello_list versions; // of the extension; empty before TLS 1.3
    struct client_hello_list groups;
    struct client_hello_list signatures;
    struct client_hello_list point_formats;
    struct client_hello_list extensions; // their types
    char alpn[128];                      // "mqtt,http/1.1"; what is not printable is left out
    uint16_t max_fragment_bytes;         // 512, 1024, 2048, 4096; 0 = not asked for
    bool has_signatures;
    bool has_groups;
    bool has_ticket;                 // the extension stands there, with or without a ticket
    bool has_extended_master_secret; // RFC 7627
    bool has_renegotiation_info;     // RFC 5746, as extension or as a suite
    bool has_compression;            // another method than none
};

// 1 when read, 0 when more bytes are needed, ERR_PROTOCOL when the bytes are no ClientHello.
int client_hello_read(struct span bytes, struct client_hello *out) HR_NODISCARD;
