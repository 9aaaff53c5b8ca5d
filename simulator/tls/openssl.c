// SPDX-License-Identifier: MIT
// The OpenSSL 3 engine: TLS 1.0 to 1.3, and the faster one for many connections. Bytes go through
// a BIO over the connection's own buffers. Randomness is the library's.
#include "base/error.h"
#include "simulator/tls/openssl_private.h"

#include <openssl/err.h>
#include <stdlib.h>

enum { KEY_LOG_BYTES_MOST = 4000, PEER_DER_BYTES_MOST = 1 << 20, RECORD_BYTES_MOST = 16384 };

static void connection_free(struct tls_connection *c)
{
    if (!c) {
        return;
    }
    SSL_free(c->ssl);
    buf_wipe(&c->key_log);
    buf_deinit(&c->peer_der);
    buf_deinit(&c->input);
    buf_deinit(&c->output);
    buf_wipe(&c->plain);
    OPENSSL_cleanse(c->write_secret, sizeof c->write_secret);
    openssl_server_release(c->server);
    free(c);
}

static int connection_new(struct tls_server *server, struct tls_connection **out)
{
    struct tls_connection *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, ERR_NO_MEMORY);
    atomic_fetch_add(&server->users, 1);
    c->server = server;
    c->facts = (struct tls_facts){
        .chain_name = server->chain_name, .version = "", .suite = "", .key_log = ""};
    buf_init(&c->input, TLS_INPUT_BYTES_MOST);
    buf_init(&c->output, TLS_OUTPUT_BYTES_MOST);
    buf_init(&c->plain, TLS_INPUT_BYTES_MOST);
    buf_init(&c->key_log, KEY_LOG_BYTES_MOST);
    buf_init(&c->peer_der, PEER_DER_BYTES_MOST);
    c->ssl = SSL_new(server->context);
    BIO *bio = c->ssl ? BIO_new(server->bio) : NULL;
    if (!bio) {
        ERR_clear_error();
        connection_free(c);
        FAIL(ERR_NO_MEMORY, "no memory for a TLS connection");
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio); // takes it
    SSL_set_app_data(c->ssl, c);
    SSL_set_accept_state(c->ssl);
    *out = c;
    return 0;
}

static int feed(struct tls_connection *c, struct span bytes)
{
    return buf_append(&c->input, bytes);
}

static enum tls_state fail(struct tls_connection *c)
{
    openssl_note_failure(c);
    return c->state = TLS_FAILED;
}

static bool has_to_wait(const struct tls_connection *c, int code)
{
    int error = SSL_get_error(c->ssl, code);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static enum tls_state read_plain(struct tls_connection *c)
{
    uint8_t record[RECORD_BYTES_MOST];
    while (c->plain.cap - c->plain.len >= sizeof record) { // else the caller steps again
        ERR_clear_error();
        int n = SSL_read(c->ssl, record, sizeof record);
        if (n <= 0 && has_to_wait(c, n)) {
            break;
        }
        if (n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN) {
            return c->state = TLS_CLOSED;
        }
        if (n <= 0 || buf_append(&c->plain, span_of(record, (size_t)n)) < 0) {
            return fail(c);
        }
    }
    return c->state;
}

static enum tls_state step(struct tls_connection *c)
{
    if (c->state == TLS_HANDSHAKING) {
        ERR_clear_error();
        int code = SSL_do_handshake(c->ssl);
        if (code != 1) {
            return has_to_wait(c, code) ? c->state : fail(c);
        }
        if (openssl_note_open(c) < 0) {
            return fail(c);
        }
    }
    c->facts.is_renegotiated = SSL_num_renegotiations(c->ssl) > 0;
    return c->state == TLS_OPEN ? read_plain(c) : c->state;
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
    ENSURE(c->state == TLS_OPEN || c->state == TLS_CLOSED, ERR_PEER_CLOSED);
    while (bytes.len > 0) {
        size_t written = 0;
        ERR_clear_error();
        int code = SSL_write_ex(c->ssl, bytes.ptr, bytes.len, &written);
        if (code != 1) {
            FAIL(has_to_wait(c, code) ? ERR_TOO_BIG : ERR_TLS, "TLS write failed");
        }
        bytes = span_from(bytes, written);
    }
    return 0;
}

static void close_connection(struct tls_connection *c)
{
    if (c->state == TLS_OPEN || c->state == TLS_CLOSED) {
        ERR_clear_error();
        SSL_shutdown(c->ssl);
    }
}

// TLS 1.2 and older; a later version has no such message.
static int renegotiate(struct tls_connection *c)
{
    ENSURE(c->state == TLS_OPEN && SSL_version(c->ssl) <= TLS1_2_VERSION, ERR_TLS);
    ERR_clear_error();
    SSL_clear_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
    ENSURE(SSL_renegotiate(c->ssl) == 1, ERR_TLS);
    int code = SSL_do_handshake(c->ssl);
    ENSURE(code == 1 || has_to_wait(c, code), ERR_TLS);
    return 0;
}

static int update_keys(struct tls_connection *c)
{
    ENSURE(c->state == TLS_OPEN && SSL_version(c->ssl) == TLS1_3_VERSION, ERR_TLS);
    ERR_clear_error();
    ENSURE(SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED) == 1, ERR_TLS);
    int code = SSL_do_handshake(c->ssl);
    ENSURE(code == 1 || has_to_wait(c, code), ERR_TLS);
    return 0;
}

static const struct tls_facts *facts(const struct tls_connection *c)
{
    return &c->facts;
}

const struct tls_engine tls_engine_openssl = {
    .name = "openssl",
    .server_new = openssl_server_new,
    .server_release = openssl_server_release,
    .connection_new = connection_new,
    .connection_free = connection_free,
    .feed = feed,
    .step = step,
    .output = output,
    .plain = plain,
    .write = write_plain,
    .close = close_connection,
    .send_alert = openssl_send_alert,
    .renegotiate = renegotiate,
    .update_keys = update_keys,
    .facts = facts,
};
