// SPDX-License-Identifier: MIT
#include "simulator/tls/client_hello.h"
#include "base/error.h"
#include "simulator/tls/suite.h"


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

enum { EXTENSION_SERVER_NAME = 0, EXTENSION_SUPPORTED_VERSIONS = 43 };

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
    struct cursor list = take_vector(&body, 1);
    while (list.left.len > 1) {
        uint32_t version = take_number(&list, 2);
        if (!tls_is_grease((uint16_t)version) && version > out->version) {
            out->version = (uint16_t)version;
        }
    }
}

static void read_extensions(struct cursor *c, struct client_hello *out)
{
    struct cursor list = take_vector(c, 2);
    while (list.left.len > 0 && !list.has_failed) {
        uint32_t type = take_number(&list, 2);
        struct cursor body = take_vector(&list, 2);
        if (list.has_failed) {
            break;
        }
        if (type == EXTENSION_SERVER_NAME) {
            read_server_name(body, out);
        } else if (type == EXTENSION_SUPPORTED_VERSIONS) {
            read_supported_versions(body, out);
        }
    }
    c->has_failed |= list.has_failed;
}

static int read_body(struct span body, struct client_hello *out)
{
    struct cursor c = {.left = body};
    out->version = (uint16_t)take_number(&c, 2);
    take_bytes(&c, 32); // random
    take_vector(&c, 1); // session id
    struct cursor suites = take_vector(&c, 2);
    while (suites.left.len > 1) {
        uint16_t suite = (uint16_t)take_number(&suites, 2);
        if (out->suite_count < CLIENT_HELLO_SUITES_MOST) {
            out->suites[out->suite_count] = suite;
        }
        out->suite_count++;
    }
    take_vector(&c, 1); // compression methods
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
