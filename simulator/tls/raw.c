// SPDX-License-Identifier: MIT
#include "simulator/tls/raw.h"
#include "base/error.h"
#include "simulator/tls/raw_flight.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    HEADER_BYTES = 5,
    ALERT_FATAL = 2,
    HELLO_BYTES_LEAST = 4 + 2 + RAW_RANDOM_BYTES,
};

struct tls_server {
    atomic_int users;
    struct env env;
    char chain_name[96];
    struct buf der;
    struct span *certs;
    size_t cert_count;
    mbedtls_pk_context key;
};

struct tls_connection {
    struct tls_server *server;
    enum flight flight;
    struct buf input;
    struct buf output;
    struct buf plain; // always empty
    enum tls_state state;
    struct tls_facts facts;
};

static int copy_chain(struct tls_server *server, const struct tls_server_settings *settings)
{
    size_t total = 0;
    for (size_t i = 0; i < settings->sent_count; i++) {
        total += settings->sent_der[i].len;
    }
    buf_init(&server->der, total);
    server->certs = calloc(settings->sent_count + 1, sizeof *server->certs);
    ENSURE(server->certs != NULL, ERR_NO_MEMORY);
    TRY(buf_reserve(&server->der, total)); // so that the spans stay good
    for (size_t i = 0; i < settings->sent_count; i++) {
        size_t at = server->der.len;
        TRY(buf_append(&server->der, settings->sent_der[i]));
        server->certs[i] = span_from(buf_span(&server->der), at);
    }
    server->cert_count = settings->sent_count;
    return 0;
}

static int parse_key(struct tls_server *server, struct span pem)
{
    struct buf text HR_CLEANUP(buf_wipe); // mbedTLS wants a NUL inside the length
    buf_init(&text, 1 << 20);
    TRY(buf_append(&text, pem));
    int code = mbedtls_pk_parse_key(&server->key, text.data, text.len + 1, NULL, 0);
    if (code != 0) {
        FAIL(ERR_CRYPTO, "the key of chain %s cannot sign a hand-made flight (-0x%04x)",
             server->chain_name, (unsigned)-code);
    }
    return 0;
}

static void server_release(struct tls_server *server)
{
    if (!server || atomic_fetch_sub(&server->users, 1) > 1) {
        return;
    }
    buf_deinit(&server->der);
    mbedtls_pk_free(&server->key);
    free(server->certs);
    free(server);
}

static int server_new(const struct tls_server_settings *settings, struct tls_server **out)
{
    struct tls_server *server = calloc(1, sizeof *server);
    ENSURE(server != NULL, ERR_NO_MEMORY);
    atomic_init(&server->users, 1);
    server->env = *settings->env;
    span_copy_text(span_text(settings->chain_name), server->chain_name, sizeof server->chain_name);
    mbedtls_pk_init(&server->key);
    int code = copy_chain(server, settings);
    code = code < 0 ? code : parse_key(server, settings->key_pem);
    if (code < 0) {
        server_release(server);
        return code;
    }
    *out = server;
    return 0;
}

static int connection_new(struct tls_server *server, struct tls_connection **out)
{
    struct tls_connection *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, ERR_NO_MEMORY);
    atomic_fetch_add(&server->users, 1);
    c->server = server;
    c->flight = FLIGHT_GOOD;
    c->facts = (struct tls_facts){
        .chain_name = server->chain_name, .version = "", .suite = "", .key_log = "", .judgement.next = ""};
    buf_init(&c->input, TLS_INPUT_BYTES_MOST);
    buf_init(&c->output, TLS_OUTPUT_BYTES_MOST);
    buf_init(&c->plain, 1);
    *out = c;
    return 0;
}

static void connection_free(struct tls_connection *c)
{
    if (!c) {
        return;
    }
    buf_deinit(&c->input);
    buf_deinit(&c->output);
    server_release(c->server);
    free(c);
}

void raw_choose_flight(struct tls_connection *c, enum flight flight)
{
    c->flight = flight;
}

static int feed(struct tls_connection *c, struct span bytes)
{
    return buf_append(&c->input, bytes);
}

static enum tls_state end(struct tls_connection *c, const char *why)
{
    snprintf(c->facts.why, sizeof c->facts.why, "%s", why);
    return c->state = TLS_FAILED;
}

// ---- the ClientHello

// The handshake bytes of the records at the front of the input, and how many input bytes they took.
// 1: a whole message; 0: the last record is not here to its end.
static int unpack(struct span input, struct buf *message, size_t *used)
{
    size_t wanted = SIZE_MAX;
    *used = 0;
    while (message->len < wanted) {
        struct span rest = span_from(input, *used);
        ENSURE(rest.len >= HEADER_BYTES && rest.ptr[0] == RECORD_HANDSHAKE, ERR_PROTOCOL);
        size_t len = (size_t)(rest.ptr[3] << 8 | rest.ptr[4]);
        if (rest.len < HEADER_BYTES + len) {
            return 0;
        }
        TRY(buf_append(message, span_slice(rest, HEADER_BYTES, len)));
        *used += HEADER_BYTES + len;
        if (message->len >= 4) {
            const uint8_t *head = message->data;
            wanted = 4 + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
        }
    }
    return 1;
}

static int answer(struct tls_connection *c, const struct client_hello *hello)
{
    struct buf message HR_CLEANUP(buf_deinit);
    size_t used = 0;
    buf_init(&message, CLIENT_HELLO_BYTES_MOST);
    int code = unpack(buf_span(&c->input), &message, &used);
    if (code <= 0) {
        return code;
    }
    ENSURE(message.len >= HELLO_BYTES_LEAST, ERR_PROTOCOL);
    struct raw_flight f = {.flight = c->flight,
                           .env = &c->server->env,
                           .certs = c->server->certs,
                           .cert_count = c->server->cert_count,
                           .key = &c->server->key,
                           .hello = hello,
                           .hello_message = buf_span(&message),
                           .out = &c->output};
    memcpy(f.client_random, message.data + 6, RAW_RANDOM_BYTES);
    buf_consume(&c->input, used);
    TRY(raw_write_flight(&f));
    c->facts.judgement.is_possible = true;
    return 0;
}

static enum tls_state read_hello(struct tls_connection *c)
{
    struct client_hello hello;
    int code = client_hello_read(buf_span(&c->input), &hello);
    if (code == 0) {
        return c->state;
    }
    if (code < 0) {
        return end(c, "the ClientHello could not be read");
    }
    code = answer(c, &hello);
    return code < 0 ? end(c, error_text(code)) : c->state;
}

// ---- the judgement

static const char *message_name(uint8_t type)
{
    static const struct {
        uint8_t type;
        const char *name;
    } rows[] = {{1, "client_hello"}, {11, "certificate"}, {16, "client_key_exchange"}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (rows[i].type == type) {
            return rows[i].name;
        }
    }
    return "other";
}

static enum tls_state judge_record(struct tls_connection *c, uint8_t type, struct span body)
{
    struct tls_judgement *j = &c->facts.judgement;
    if (type == RECORD_ALERT && body.len >= 2) {
        c->facts.from_device = (struct tls_alert){true, body.ptr[0] == ALERT_FATAL, body.ptr[1]};
        if (body.ptr[0] != ALERT_FATAL && body.ptr[1] != 0) {
            return c->state; // a warning says nothing yet
        }
        j->next = "alert";
        return end(c, "the device sent an alert");
    }
    if (type == RECORD_HANDSHAKE && body.len > 0) {
        j->next = message_name(body.ptr[0]);
        // Certificate and ClientKeyExchange are the client's own flight.
        j->is_accepted = body.ptr[0] == 11 || body.ptr[0] == 16;
        return end(c, j->is_accepted ? "a hand-made flight ends where the device accepts it"
                                     : "the device sent a message that fits nowhere");
    }
    j->next = "other";
    return end(c, "the device sent a record that fits nowhere");
}

static enum tls_state step(struct tls_connection *c)
{
    if (c->state == TLS_HANDSHAKING && !c->facts.judgement.is_possible) {
        read_hello(c);
    }
    while (c->state == TLS_HANDSHAKING && c->facts.judgement.is_possible &&
           c->input.len >= HEADER_BYTES) {
        const uint8_t *head = c->input.data;
        size_t len = (size_t)(head[3] << 8 | head[4]);
        if (c->input.len < HEADER_BYTES + len) {
            break;
        }
        judge_record(c, head[0], span_slice(buf_span(&c->input), HEADER_BYTES, len));
        buf_consume(&c->input, HEADER_BYTES + len);
    }
    return c->state;
}

static struct buf *output(struct tls_connection *c)
{
    return &c->output;
}

static struct buf *plain(struct tls_connection *c)
{
    return &c->plain;
}

static int write_plain(struct tls_connection *c, struct span bytes)
{
    (void)c, (void)bytes;
    return ERR_PEER_CLOSED; // no handshake completes here
}

static void close_connection(struct tls_connection *c)
{
    (void)c; // nothing to say: no keys were agreed
}

static const struct tls_facts *facts(const struct tls_connection *c)
{
    return &c->facts;
}

const struct tls_engine tls_engine_raw = {
    .name = "raw",
    .server_new = server_new,
    .server_release = server_release,
    .connection_new = connection_new,
    .connection_free = connection_free,
    .feed = feed,
    .step = step,
    .output = output,
    .plain = plain,
    .write = write_plain,
    .close = close_connection,
    .facts = facts,
};
