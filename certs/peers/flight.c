// SPDX-License-Identifier: MIT
#include "certs/peers/flight.h"
#include "base/error.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum {
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    CLIENT_KEY_EXCHANGE = 16,
    RANDOM_BYTES = 32,
    RECORD_BYTES_MOST = 16384,
    POINT_BYTES = 65,
    WAIT_MS = 3000,
};

struct record {
    uint8_t type;
    uint8_t data[RECORD_BYTES_MOST + 2048];
    size_t len;
};

struct server {
    int fd;
    const struct flight *flight;
    int64_t deadline_ms;
    uint8_t client_random[RANDOM_BYTES], server_random[RANDOM_BYTES];
    // what the client offers: some demand the answer, some refuse one that they did not ask for
    bool has_master_secret, has_renegotiation;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Reading ----------------------------------------------------------------------------------------

// 1: all came; 0: closed before that; ERR_TIMEOUT.
static int read_all(struct server *s, uint8_t *out, size_t len)
{
    size_t have = 0;
    while (have < len) {
        struct pollfd wait = {.fd = s->fd, .events = POLLIN};
        int64_t left = s->deadline_ms - now_ms();
        if (left <= 0 || poll(&wait, 1, (int)left) == 0) {
            return ERR_TIMEOUT;
        }
        ssize_t got = recv(s->fd, out + have, len - have, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return 0;
        }
        have += (size_t)got;
    }
    return 1;
}

static int read_record(struct server *s, struct record *out)
{
    uint8_t head[5];
    int code = read_all(s, head, sizeof head);
    if (code <= 0) {
        return code;
    }
    out->type = head[0];
    out->len = (size_t)(head[3] << 8 | head[4]);
    return out->len > sizeof out->data ? 0 : read_all(s, out->data, out->len);
}

// Skip a vector with a length of `bytes` in front; what is behind it. NULL pointer: too short.
static struct span skip_vector(struct span text, size_t bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < bytes && text.len >= bytes; i++) {
        len = len << 8 | text.ptr[i];
    }
    return text.len >= bytes + len ? span_from(text, bytes + len) : SPAN_EMPTY;
}

// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 3.3) among the cipher suites.
static bool has_scsv(struct span hello)
{
    struct span suites = skip_vector(span_from(hello, 4 + 2 + RANDOM_BYTES), 1);
    size_t len = suites.len - skip_vector(suites, 2).len;
    for (size_t i = 2; i + 1 < len; i += 2) {
        if (suites.ptr[i] == 0x00 && suites.ptr[i + 1] == 0xff) {
            return true;
        }
    }
    return false;
}

static bool has_extension(struct span hello, uint16_t wanted)
{
    struct span rest = span_from(hello, 4 + 2 + RANDOM_BYTES);
    rest = skip_vector(rest, 1);               // session id
    rest = skip_vector(rest, 2);               // cipher suites
    rest = span_from(skip_vector(rest, 1), 2); // compression; then the extensions' length
    while (rest.len >= 4) {
        if ((rest.ptr[0] << 8 | rest.ptr[1]) == wanted) {
            return true;
        }
        rest = skip_vector(span_from(rest, 2), 2);
    }
    return false;
}

static int read_client_hello(struct server *s)
{
    static struct record record;
    int code = read_record(s, &record);
    bool is_hello = code == 1 && record.type == RECORD_HANDSHAKE &&
                    record.len >= 4 + 2 + RANDOM_BYTES && record.data[0] == CLIENT_HELLO;
    if (!is_hello) {
        FAIL(ERR_PROTOCOL, "expected a ClientHello, seen %s",
             code == 1 ? "another message" : "nothing");
    }
    memcpy(s->client_random, record.data + 6, RANDOM_BYTES);
    struct span hello = span_of(record.data, record.len);
    s->has_master_secret = has_extension(hello, 0x0017);
    s->has_renegotiation = has_extension(hello, 0xff01) || has_scsv(hello);
    return 0;
}

// The first message that means anything; warnings do not.
static void read_verdict(struct server *s, struct flight_result *out)
{
    static struct record record;
    int code;
    do {
        code = read_record(s, &record);
    } while (code == 1 && record.type == RECORD_ALERT && record.len == 2 && record.data[0] != 2);
    *out = (struct flight_result){.end = code < 0 ? FLIGHT_STUCK : FLIGHT_SILENT};
    if (code == 1 && record.type == RECORD_ALERT && record.len == 2) {
        out->end = FLIGHT_ALERT;
        out->alert = record.data[1];
    } else if (code == 1 && record.type == RECORD_HANDSHAKE &&
               record.data[0] == CLIENT_KEY_EXCHANGE) {
        out->end = FLIGHT_ACCEPTED;
    }
}

// Writing ----------------------------------------------------------------------------------------

// A client that has seen enough closes; then the rest has nowhere to go.
static void write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes = span_from(bytes, (size_t)sent);
    }
}

static int put_u24(struct buf *out, size_t value)
{
    TRY(buf_append_u8(out, (uint8_t)(value >> 16)));
    return buf_append_u16be(out, (uint16_t)value);
}

// A handshake message in records of its own.
static int send_message(struct server *s, uint8_t type, struct span body)
{
    struct buf message HR_CLEANUP(buf_deinit);
    struct buf records HR_CLEANUP(buf_deinit);
    buf_init(&message, 1 << 20);
    buf_init(&records, 1 << 20);
    TRY(buf_append_u8(&message, type));
    TRY(put_u24(&message, body.len));
    TRY(buf_append(&message, body));
    for (size_t at = 0; at < message.len; at += RECORD_BYTES_MOST) {
        struct span part = span_slice(buf_span(&message), at, RECORD_BYTES_MOST);
        TRY(buf_append_u8(&records, RECORD_HANDSHAKE));
        TRY(buf_append_u16be(&records, 0x0303));
        TRY(buf_append_u16be(&records, (uint16_t)part.len));
        TRY(buf_append(&records, part));
    }
    write_all(s->fd, buf_span(&records));
    return 0;
}

static bool is_rsa(const struct server *s)
{
    return EVP_PKEY_get_base_id(s->flight->key) == EVP_PKEY_RSA;
}

static int send_server_hello(struct server *s)
{
    struct buf body HR_CLEANUP(buf_deinit);
    buf_init(&body, 200);
    ENSURE(RAND_bytes(s->server_random, RANDOM_BYTES) == 1, ERR_CRYPTO);
    TRY(buf_append_u16be(&body, 0x0303));
    TRY(buf_append(&body, span_of(s->server_random, RANDOM_BYTES)));
    TRY(buf_append_u8(&body, 0));                              // no session id
    TRY(buf_append_u16be(&body, is_rsa(s) ? 0xc02f : 0xc02b)); // ECDHE, AES-128-GCM
    TRY(buf_append_u8(&body, 0));                              // no compression
    struct buf extensions HR_CLEANUP(buf_deinit);
    buf_init(&extensions, 20);
    if (s->has_renegotiation) {
        TRY(buf_append(&extensions, span_of("\xff\x01\x00\x01\x00", 5)));
    }
    if (s->has_master_secret) {
        TRY(buf_append(&extensions, span_of("\x00\x17\x00\x00", 4)));
    }
    TRY(buf_append_u16be(&body, (uint16_t)extensions.len));
    TRY(buf_append(&body, buf_span(&extensions)));
    return send_message(s, SERVER_HELLO, buf_span(&body));
}

static int send_certificate(struct server *s)
{
    struct buf list HR_CLEANUP(buf_deinit);
    struct buf body HR_CLEANUP(buf_deinit);
    buf_init(&list, 1 << 20);
    buf_init(&body, 1 << 20);
    for (size_t i = 0; i < s->flight->cert_count; i++) {
        TRY(put_u24(&list, s->flight->certs[i].len));
        TRY(buf_append(&list, s->flight->certs[i]));
    }
    TRY(put_u24(&body, list.len));
    TRY(buf_append(&body, buf_span(&list)));
    return send_message(s, CERTIFICATE, buf_span(&body));
}

// The hash that goes with the leaf's key, and its SignatureAndHashAlgorithm.
static uint16_t signature_algorithm(const struct server *s, const EVP_MD **md)
{
    int bits = EVP_PKEY_get_bits(s->flight->key);
    if (is_rsa(s) || bits <= 256) {
        *md = EVP_sha256();
        return is_rsa(s) ? 0x0401 : 0x0403;
    }
    *md = bits <= 384 ? EVP_sha384() : EVP_sha512();
    return bits <= 384 ? 0x0503 : 0x0603;
}

static int put_signature(struct server *s, const EVP_MD *md, struct span params, struct buf *out)
{
    struct buf signed_bytes HR_CLEANUP(buf_deinit);
    uint8_t signature[2048];
    size_t len = sizeof signature;
    buf_init(&signed_bytes, 4096);
    TRY(buf_append(&signed_bytes, span_of(s->client_random, RANDOM_BYTES)));
    TRY(buf_append(&signed_bytes, span_of(s->server_random, RANDOM_BYTES)));
    TRY(buf_append(&signed_bytes, params));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_done = ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, s->flight->key) == 1 &&
                   EVP_DigestSign(ctx, signature, &len, signed_bytes.data, signed_bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    ENSURE(is_done, ERR_CRYPTO);
    TRY(buf_append_u16be(out, (uint16_t)len));
    return buf_append(out, span_of(signature, len));
}

static int put_point(struct buf *out)
{
    uint8_t point[POINT_BYTES];
    size_t len = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool is_done = key && EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                          sizeof point, &len) == 1;
    EVP_PKEY_free(key);
    ENSURE(is_done && len == POINT_BYTES, ERR_CRYPTO);
    return buf_append(out, span_of(point, len));
}

static int send_key_exchange(struct server *s)
{
    struct buf body HR_CLEANUP(buf_deinit);
    const EVP_MD *md = NULL;
    buf_init(&body, 4096);
    TRY(buf_append_u8(&body, 3));     // a named curve
    TRY(buf_append_u16be(&body, 23)); // secp256r1
    TRY(buf_append_u8(&body, POINT_BYTES));
    TRY(put_point(&body));
    size_t params_len = body.len;
    TRY(buf_append_u16be(&body, signature_algorithm(s, &md)));
    TRY(put_signature(s, md, span_slice(buf_span(&body), 0, params_len), &body));
    return send_message(s, SERVER_KEY_EXCHANGE, buf_span(&body));
}

int flight_serve(int fd, const struct flight *flight, struct flight_result *out)
{
    struct server s = {.fd = fd, .flight = flight, .deadline_ms = now_ms() + WAIT_MS};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = WAIT_MS / 1000},
               sizeof(struct timeval));
    TRY(read_client_hello(&s));
    TRY(send_server_hello(&s));
    TRY(send_certificate(&s));
    TRY(send_key_exchange(&s));
    TRY(send_message(&s, SERVER_HELLO_DONE, SPAN_EMPTY));
    read_verdict(&s, out);
    return 0;
}
