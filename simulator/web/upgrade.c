// SPDX-License-Identifier: MIT
#include "simulator/web/upgrade.h"

#include <ctype.h>
#include <string.h>

enum { KEY_TEXT_BYTES = 24 }; // 16 random bytes in base64

static bool is_token(struct span s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.len; i++) {
        if (!isalnum(s.ptr[i]) && (s.ptr[i] == 0 || !strchr(others, s.ptr[i]))) {
            return false;
        }
    }
    return s.len > 0 && s.len <= UPGRADE_TOKEN_BYTES_MOST;
}

static bool is_list(struct span list)
{
    if (list.len > UPGRADE_LIST_BYTES_MOST) {
        return false;
    }
    do {
        if (!is_token(span_trim(span_cut(list, ',', &list)))) {
            return false;
        }
    } while (list.ptr);
    return true;
}

bool upgrade_list_has(struct span list, struct span word)
{
    while (list.len > 0) {
        if (span_equals_nocase(span_trim(span_cut(list, ',', &list)), word)) {
            return true;
        }
    }
    return false;
}

bool upgrade_spelling(const char *word, unsigned i, char *out, size_t capacity_bytes)
{
    size_t len = strlen(word);
    if (len >= capacity_bytes) {
        return false;
    }
    for (size_t at = 0; at <= len; at++) {
        char c = word[at];
        out[at] = c;
        if (isalpha((unsigned char)c)) {
            out[at] = (char)((i & 1) ? toupper((unsigned char)c) : tolower((unsigned char)c));
            i >>= 1;
        }
    }
    return i == 0;
}

static bool is_key(struct span key)
{
    if (key.len != KEY_TEXT_BYTES || key.ptr[22] != '=' || key.ptr[23] != '=') {
        return false;
    }
    for (size_t i = 0; i < 22; i++) {
        if (!isalnum(key.ptr[i]) && key.ptr[i] != '+' && key.ptr[i] != '/') {
            return false;
        }
    }
    return true;
}

static bool has_any(struct span list, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (upgrade_list_has(list, span_text(names[i]))) {
            return true;
        }
    }
    return false;
}

const char *upgrade_judge(const struct upgrade_request *r, const char *const *names, size_t count)
{
    if (!span_equals_text(r->path, WEB_SOCKET_PATH)) {
        return "WebSocket connections are accepted at " WEB_SOCKET_PATH " alone";
    }
    if (!r->is_get) {
        return "a WebSocket connection begins with GET";
    }
    if (r->host.len == 0) {
        return "the Host header is missing";
    }
    if (!is_list(r->connection) || !upgrade_list_has(r->connection, SPAN_LITERAL("upgrade"))) {
        return "a WebSocket connection needs the header Connection: Upgrade";
    }
    if (!span_equals_text(r->version, "13")) {
        return "Sec-WebSocket-Version must be 13";
    }
    if (!is_key(r->key)) {
        return "Sec-WebSocket-Key must be 16 bytes in base64";
    }
    if (r->subprotocols.len == 0) {
        return "Sec-WebSocket-Protocol is missing; MQTT over WebSocket needs the subprotocol mqtt";
    }
    if (!is_list(r->subprotocols) || !has_any(r->subprotocols, names, count)) {
        return "Sec-WebSocket-Protocol offers no known subprotocol; MQTT needs mqtt";
    }
    return NULL;
}
