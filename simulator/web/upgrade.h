// SPDX-License-Identifier: MIT
// What a WebSocket upgrade to IoT Hub must look like (RFC 6455 4.1, reference of the service:
// path /$iothub/websocket, subprotocol mqtt in any case). Pure: header values in, a verdict out.
#pragma once
#include "base/span.h"

#define WEB_SOCKET_PATH "/$iothub/websocket"

// libwebsockets reads these headers into 128 bytes and drops the connection when they are longer.
enum { UPGRADE_LIST_BYTES_MOST = 126, UPGRADE_TOKEN_BYTES_MOST = 62 };

struct upgrade_request {
    bool is_get;
    struct span path;         // decoded, without query
    struct span host;         // empty = absent, as below
    struct span connection;   // Connection
    struct span version;      // Sec-WebSocket-Version
    struct span key;          // Sec-WebSocket-Key
    struct span subprotocols; // Sec-WebSocket-Protocol
};

// NULL when it may be upgraded to one of `names` (of `count`), else a sentence for the answer's
// body: what was expected and what was seen.
const char *upgrade_judge(const struct upgrade_request *request, const char *const *names,
                          size_t count);
// Whether a list of tokens (RFC 7230 7) holds `word`, letters in any case.
bool upgrade_list_has(struct span list, struct span word);
// All spellings of a word in upper and lower case, 2^letters of them: number `i` goes to `out`
// (capacity_bytes > strlen(word)). False when there is no such number.
bool upgrade_spelling(const char *word, unsigned i, char *out, size_t capacity_bytes);
