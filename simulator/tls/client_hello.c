// SPDX-License-Identifier: MIT
#include "simulator/tls/client_hello.h"
#include "base/error.h"
#include "simulator/tls/suite.h"

#include <stdio.h>


// A cursor over big-endian fields; reading past the end sets has_failed and gives zeroes.
struct cursor {
    struct span left;
    bool has_failed;
};

static uint32_t take_number(struct cursor *c, size_t bytes)
{
    if (c->left.len < bytes) {
        c->has_failed = true;
        return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | c->left.ptr[i];
    }
    c->left = span_from(c->left, bytes);
    return value;
}

static struct span take_bytes(struct cursor *c, size_t len_bytes)
{
    if (c->left.len < len_bytes) {
        c->has_failed = true;
        return SPAN_EMPTY;
    }
    struct span taken = span_slice(c->left, 0, len_bytes);
    c->left = span_from(c->left, len_bytes);
    return taken;
}

// A vector with a length prefix of `prefix` bytes, as a cursor of its own.
static struct cursor take_vector(struct cursor *c, size_t prefix)
{
    struct cursor inner = {.left = take_bytes(c, take_number(c, prefix))};
    inner.has_failed = c->has_failed;
    return inner;
}

enum {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_MAX_FRAGMENT_LENGTH = 1,
    EXTENSION_GROUPS = 10,
    EXTENSION_POINT_FORMATS = 11,
    EXTENSION_SIGNATURES = 13,
    EXTENSION_ALPN = 16,
    EXTENSION_EXTENDED_MASTER_SECRET = 23,
    EXTENSION_SESSION_TICKET = 35,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_RENEGOTIATION_INFO = 0xFF01,
    RENEGOTIATION_SUITE = 0x00FF,
};

static void keep(struct client_hello_list *list, uint32_t value)
{
    if (list->count < CLIENT_HELLO_LIST_MOST) {
        list->at[list->count] = (uint16_t)value;
    }
    list->count++;
}

// A vector of numbers of `bytes` each, behind a length of `prefix` bytes.
static void read_numbers(struct cursor body, size_t prefix, size_t bytes,
                         struct client_hello_list *out)
{
    struct cursor list = take_vector(&body, prefix);
    out->count = 0;
    while (list.left.len >= bytes) {
        keep(out, take_number(&list, bytes));
    }
}

static void read_server_name(struct cursor body, struct client_hello *out)
{
    struct cursor list = take_vector(&body, 2);
    while (list.left.len > 0 && !list.has_failed) {
        uint32_t type = take_number(&list, 1);
        struct cursor name = take_vector(&list, 2);
        if (type == 0 && !list.has_failed) {
            span_copy_text(name.left, out->sni, sizeof out->sni);
        }
    }
}

static void read_supported_versions(struct cursor body, struct client_hello *out)
{
    read_numbers(body, 1, 2, &out->versions);
    for (size_t i = 0; i < out->versions.count && i < CLIENT_HELLO_LIST_MOST; i++) {
        uint16_t version = out->versions.at[i];
        if (!tls_is_grease(version) && version > out->version) {
            out->version = version;
        }
    }
}

static void read_groups(struct cursor body, struct client_hello *out)
{
    out->has_groups = true;
    read_numbers(body, 2, 2, &out->groups);
}

static void read_point_formats(struct cursor body, struct client_hello *out)
{
    read_numbers(body, 1, 1, &out->point_formats);
}

static void read_signatures(struct cursor body, struct client_hello *out)
{
    out->has_signatures = true;
    read_numbers(body, 2, 2, &out->signatures);
}

static bool is_printable(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == ',') {
            return false;
        }
    }
    return s.len > 0;
}

static void read_alpn(struct cursor body, struct client_hello *out)
{
    struct cursor list = take_vector(&body, 2);
    size_t at = 0;
    out->alpn[0] = '\0';
    while (list.left.len > 0 && !list.has_failed) {
        struct span name = take_vector(&list, 1).left;
        if (is_printable(name) && at + name.len + 2 < sizeof out->alpn) {
            at += (size_t)snprintf(out->alpn + at, sizeof out->alpn - at, "%s%.*s", at ? "," : "",
                                   SPAN_ARG(name));
        }
    }
}

static void read_max_fragment_length(struct cursor body, struct client_hello *out)
{
    uint32_t code = take_number(&body, 1); // RFC 6066 4: 1 = 2^9 ... 4 = 2^12
    if (code >= 1 && code <= 4) {
        out->max_fragment_bytes = (uint16_t)(256U << code);
    }
}

static void read_ticket(struct cursor body, struct client_hello *out)
{
    (void)body;
    out->has_ticket = true;
}

static void read_extended_master_secret(struct cursor body, struct client_hello *out)
{
    (void)body;
    out->has_extended_master_secret = true;
}

static void read_renegotiation_info(struct cursor body, struct client_hello *out)
{
    (void)body;
    out->has_renegotiation_info = true;
}

static const struct {
    uint16_t type;
    void (*read)(struct cursor body, struct client_hello *out);
} readers[] = {
    {EXTENSION_SERVER_NAME, read_server_name},
    {EXTENSION_MAX_FRAGMENT_LENGTH, read_max_fragment_length},
    {EXTENSION_GROUPS, read_groups},
    {EXTENSION_POINT_FORMATS, read_point_formats},
    {EXTENSION_SIGNATURES, read_signatures},
    {EXTENSION_ALPN, read_alpn},
    {EXTENSION_EXTENDED_MASTER_SECRET, read_extended_master_secret},
    {EXTENSION_SESSION_TICKET, read_ticket},
    {EXTENSION_SUPPORTED_VERSIONS, read_supported_versions},
    {EXTENSION_RENEGOTIATION_INFO, read_renegotiation_info},
};

static void read_extensions(struct cursor *c, struct client_hello *out)
{
    struct cursor list = take_vector(c, 2);
    while (list.left.len > 0 && !list.has_failed) {
        uint32_t type = take_number(&list, 2);
        struct cursor body = take_vector(&list, 2);
        if (list.has_failed) {
            break;
        }
        keep(&out->extensions, type);
        for (size_t i = 0; i < HR_COUNT_OF(readers); i++) {
            if (readers[i].type == type) {
                readers[i].read(body, out);
            }
        }
    }
    c->has_failed |= list.has_failed;
}

static void read_suites(struct cursor suites, struct client_hello *out)
{
    while (suites.left.len > 1) {
        uint16_t suite = (uint16_t)take_number(&suites, 2);
        if (out->suite_count < CLIENT_HELLO_SUITES_MOST) {
            out->suites[out->suite_count] = suite;
        }
        out->has_renegotiation_info |= suite == RENEGOTIATION_SUITE;
        out->suite_count++;
    }
}

static int read_body(struct span body, struct client_hello *out)
{
    struct cursor c = {.left = body};
    out->version = (uint16_t)take_number(&c, 2);
    out->legacy_version = out->version;
    take_bytes(&c, 32); // random
    take_vector(&c, 1); // session id
    read_suites(take_vector(&c, 2), out);
    struct cursor compressions = take_vector(&c, 1);
    while (compressions.left.len > 0) {
        out->has_compression |= take_number(&compressions, 1) != 0;
    }
    if (c.left.len > 0) {
        read_extensions(&c, out);
    }
    if (c.has_failed) {
        FAIL(ERR_PROTOCOL, "the ClientHello ends too early");
    }
    return 1;
}

// Join the handshake fragments of consecutive records until the message is whole.
static int gather(struct span bytes, struct buf *message, size_t *wanted)
{
    *wanted = 0;
    while (bytes.len > 0) {
        if (bytes.ptr[0] != 0x16 || (bytes.len > 1 && bytes.ptr[1] != 3)) {
            FAIL(ERR_PROTOCOL, "the first bytes are no TLS handshake record");
        }
        if (bytes.len < 5) {
            return 0;
        }
        size_t len = (size_t)bytes.ptr[3] << 8 | bytes.ptr[4];
        TRY(buf_append(message, span_slice(bytes, 5, len)));
        bytes = span_from(bytes, 5 + len);
        if (message->len >= 4) {
            if (message->data[0] != 1) {
                FAIL(ERR_PROTOCOL, "the first handshake message is no ClientHello");
            }
            *wanted = 4 + ((size_t)message->data[1] << 16 | (size_t)message->data[2] << 8 |
                           message->data[3]);
            if (*wanted > CLIENT_HELLO_BYTES_MOST) {
                FAIL(ERR_PROTOCOL, "the ClientHello is larger than %d bytes", CLIENT_HELLO_BYTES_MOST);
            }
            if (message->len >= *wanted) {
                return 0;
            }
        }
    }
    return 0;
}

int client_hello_read(struct span bytes, struct client_hello *out)
{
    *out = (struct client_hello){0};
    struct buf message HR_CLEANUP(buf_deinit);
    buf_init(&message, 4 * CLIENT_HELLO_BYTES_MOST);
    size_t wanted = 0;
    TRY(gather(bytes, &message, &wanted));
    if (wanted == 0 || message.len < wanted) {
        return 0;
    }
    return read_body(span_slice(buf_span(&message), 4, wanted - 4), out);
}
