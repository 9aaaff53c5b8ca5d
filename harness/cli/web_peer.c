// SPDX-License-Identifier: MIT
#include "harness/cli/web_peer.h"
#include "base/test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 1.3
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void use_certificate(struct web_peer *p, const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/device.crt", folder);
    assert_int_equal(SSL_CTX_use_certificate_file(p->context, path, SSL_FILETYPE_PEM), 1);
    snprintf(path, sizeof path, "%s/device.key", folder);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(p->context, path, SSL_FILETYPE_PEM), 1);
}

void web_peer_open(struct web_peer *p, int port, const char *folder)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p->fd >= 0);
    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(p->fd, (struct sockaddr *)&at, sizeof at), 0);
    p->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(p->context);
    use_certificate(p, folder);
    p->ssl = SSL_new(p->context);
    assert_non_null(p->ssl);
    SSL_set_fd(p->ssl, p->fd);
    SSL_set_tlsext_host_name(p->ssl, "localhost");
    assert_int_equal(SSL_connect(p->ssl), 1);
}

void web_peer_close(struct web_peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->context);
    close(p->fd);
}

bool web_peer_try_send(struct web_peer *p, struct span bytes)
{
    return SSL_write(p->ssl, bytes.ptr, (int)bytes.len) == (int)bytes.len;
}

void web_peer_send(struct web_peer *p, struct span bytes)
{
    assert_true(web_peer_try_send(p, bytes));
}

int web_peer_read_head(struct web_peer *p, char *out, size_t capacity_bytes)
{
    size_t len = 0;
    out[0] = '\0';
    while (!strstr(out, "\r\n\r\n")) {
        assert_true(len + 1 < capacity_bytes);
        if (SSL_read(p->ssl, out + len, 1) != 1) {
            fail_msg("the hub closed amid an answer: '%s'", out);
        }
        out[++len] = '\0';
    }
    assert_int_equal(strncmp(out, "HTTP/1.1 ", 9), 0);
    return atoi(out + 9);
}

int web_peer_upgrade(struct web_peer *p, const char *subprotocol)
{
    char text[1000];
    snprintf(text, sizeof text,
             "GET /$iothub/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Protocol: %s\r\n\r\n",
             subprotocol);
    web_peer_send(p, span_text(text));
    int status = web_peer_read_head(p, text, sizeof text);
    if (status == 101) {
        assert_non_null(strstr(text, ACCEPT));
    }
    return status;
}

void web_peer_send_frame(struct web_peer *p, enum ws_opcode opcode, bool is_final,
                         struct span payload)
{
    static const uint8_t mask[4] = {0xde, 0xad, 0xbe, 0xef};
    static uint8_t bytes[70000];
    size_t at = 0;
    assert_true(payload.len < 65536);
    bytes[at++] = (uint8_t)(opcode | (is_final ? 0x80 : 0));
    if (payload.len < 126) {
        bytes[at++] = (uint8_t)(0x80 | payload.len);
    } else {
        bytes[at++] = 0x80 | 126;
        bytes[at++] = (uint8_t)(payload.len >> 8);
        bytes[at++] = (uint8_t)payload.len;
    }
    memcpy(bytes + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < payload.len; i++) {
        bytes[at++] = payload.ptr[i] ^ mask[i % 4];
    }
    web_peer_send(p, span_of(bytes, at));
}

static bool read_all(struct web_peer *p, uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        int n = SSL_read(p->ssl, out + at, (int)(len - at));
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

void web_peer_read_frame(struct web_peer *p, struct web_frame *out)
{
    uint8_t head[4];
    *out = (struct web_frame){.opcode = -1};
    if (!read_all(p, head, 2)) {
        return;
    }
    assert_int_equal(head[1] & 0x80, 0); // a server does not mask
    out->len = head[1];
    if (out->len == 126) {
        assert_true(read_all(p, head + 2, 2));
        out->len = (size_t)(head[2] << 8 | head[3]);
    }
    assert_true(out->len <= sizeof out->bytes);
    assert_true(read_all(p, out->bytes, out->len));
    out->opcode = head[0] & 15;
    out->is_final = head[0] >> 7;
}
