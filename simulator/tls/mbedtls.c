// SPDX-License-Identifier: MIT
// The mbedTLS 2.28 engine: TLS 1.0 to 1.2. A server asks for a client certificate as its policy
// says; it never verifies the client's chain, because the hub judges certificates itself, by
// thumbprint or from the DER of everything that the device sent.
#include "base/error.h"
#include "base/hash.h"
#include "base/when.h"
#include "simulator/tls/mbedtls_private.h"
#include "simulator/tls/suite.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/ssl_internal.h> // the state of a renegotiation

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LOG_BYTES = 13 + 1 + 64 + 1 + 96 + 1 }; // CLIENT_RANDOM, random, master secret

struct tls_connection {
    struct tls_server *server;
    mbedtls_ssl_context ssl;
    struct buf input;
    struct buf output;
    struct buf waiting; // not written while a new handshake is under way
    struct buf plain;
    char *key_log;
    enum tls_state state;
    struct tls_facts facts;
};

static _Thread_local struct tls_connection *stepping;

static void append_hex(char *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

void mbed_note_master_secret(const uint8_t master[48], const uint8_t client_random[32])
{
    char *out = malloc(KEY_LOG_BYTES);
    if (!out) {
        return; // the capture stays encrypted
    }
    size_t at = (size_t)snprintf(out, KEY_LOG_BYTES, "CLIENT_RANDOM ");
    append_hex(out + at, client_random, 32);
    out[at + 64] = ' ';
    append_hex(out + at + 65, master, 48);
    free(stepping->key_log);
    stepping->key_log = out;
    stepping->facts.key_log = out;
    stepping->facts.has_all_secrets = true;
}

void mbed_note_resumed(void)
{
    stepping->facts.is_resumed = true;
}

static int bio_send(void *context, const unsigned char *bytes, size_t len)
{
    struct tls_connection *c = context;
    if (buf_append(&c->output, span_of(bytes, len)) < 0) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    return (int)len;
}

static int bio_recv(void *context, unsigned char *out, size_t len)
{
    struct tls_connection *c = context;
    if (c->input.len == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    size_t n = len < c->input.len ? len : c->input.len;
    memcpy(out, c->input.data, n);
    buf_consume(&c->input, n);
    return (int)n;
}

static void connection_free(struct tls_connection *c)
{
    if (!c) {
        return;
    }
    mbedtls_ssl_free(&c->ssl);
    if (c->key_log) {
        explicit_bzero(c->key_log, KEY_LOG_BYTES);
        free(c->key_log);
    }
    buf_deinit(&c->input);
    buf_deinit(&c->output);
    buf_wipe(&c->plain);
    buf_wipe(&c->waiting);
    mbed_server_release(c->server);
    free(c);
}

static int connection_new(struct tls_server *server, struct tls_connection **out)
{
    struct tls_connection *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, ERR_NO_MEMORY);
    atomic_fetch_add(&server->users, 1);
    c->server = server;
    c->facts = (struct tls_facts){.chain_name = server->chain_name, .version = "", .suite = "", .key_log = ""};
    buf_init(&c->input, TLS_INPUT_BYTES_MOST);
    buf_init(&c->output, TLS_OUTPUT_BYTES_MOST);
    buf_init(&c->plain, TLS_INPUT_BYTES_MOST);
    buf_init(&c->waiting, TLS_INPUT_BYTES_MOST);
    mbedtls_ssl_init(&c->ssl);
    if (mbedtls_ssl_setup(&c->ssl, &server->config) != 0) {
        connection_free(c);
        FAIL(ERR_NO_MEMORY, "no memory for a TLS connection");
    }
    mbedtls_ssl_set_bio(&c->ssl, c, bio_send, bio_recv, NULL);
    *out = c;
    return 0;
}

static int feed(struct tls_connection *c, struct span bytes)
{
    return buf_append(&c->input, bytes);
}

static int64_t seconds_of(const mbedtls_x509_time *t)
{
    struct civil_date d = {t->year, t->mon, t->day, t->hour, t->min, t->sec};
    return utc_from_civil(&d);
}

static void copy_common_name(const mbedtls_x509_crt *crt, char *out, size_t capacity)
{
    for (const mbedtls_x509_name *name = &crt->subject; name; name = name->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0 &&
            !memchr(name->val.p, 0, name->val.len)) {
            span_copy_text(span_of(name->val.p, name->val.len), out, capacity);
        }
    }
}

static void note_certificate(struct tls_connection *c)
{
    const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&c->ssl);
    struct peer_certificate *p = &c->facts.certificate;
    if (!crt) {
        return;
    }
    struct span der = span_of(crt->raw.p, crt->raw.len);
    if (hash_sha1(der, p->sha1) < 0 || hash_sha256(der, p->sha256) < 0) {
        return;
    }
    p->not_before_s = seconds_of(&crt->valid_from);
    p->not_after_s = seconds_of(&crt->valid_to);
    p->is_ca = crt->ca_istrue != 0;
    copy_common_name(crt, p->common_name, sizeof p->common_name);
    for (; crt && p->chain_count < PEER_CHAIN_MOST; crt = crt->next) {
        p->chain_der[p->chain_count++] = span_of(crt->raw.p, crt->raw.len);
    }
    c->facts.has_certificate = true;
}

static void note_open(struct tls_connection *c)
{
    const char *suite = mbedtls_ssl_get_ciphersuite(&c->ssl);
    const struct tls_suite *row = tls_suite_find((uint16_t)mbedtls_ssl_get_ciphersuite_id(suite));
    c->facts.version = mbedtls_ssl_get_version(&c->ssl);
    c->facts.suite = row ? row->name : suite;
    c->facts.record_bytes = mbedtls_ssl_get_output_max_frag_len(&c->ssl);
    note_certificate(c);
    if (c->input.len == 0) {
        buf_deinit(&c->input);
    }
    c->state = TLS_OPEN;
}

// An alert of ours that ended the handshake stands unencrypted at the end of the output.
static void note_own_alert(struct tls_connection *c)
{
    if (c->state != TLS_HANDSHAKING || c->output.len < 7) {
        return;
    }
    const uint8_t *last = c->output.data + c->output.len - 7;
    if (last[0] == 21 && last[1] == 3 && last[3] == 0 && last[4] == 2) {
        c->facts.from_hub = (struct tls_alert){true, last[5] == 2, last[6]};
    }
}

struct failure_row {
    int code;
    const char *sentence;
};

static const struct failure_row failures[] = {
    {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, "the device sent a fatal alert"},
    {MBEDTLS_ERR_SSL_INVALID_RECORD, "a record could not be read"},
    {MBEDTLS_ERR_SSL_INVALID_MAC, "a record failed its integrity check"},
    {MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN,
     "no common cipher suite; the hub takes ECDHE with AES-GCM or AES-CBC-SHA256/384"},
    {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE,
     "the device sent no certificate, and this hub demands one"},
    {MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO, "the ClientHello could not be read"},
    {MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE,
     "no common cipher suite, curve or signature hash; the hub takes ECDHE with AES-GCM or "
     "AES-CBC-SHA256/384"},
    {MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE, "the client's Certificate message could not be read"},
    {MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY, "the client's key does not fit its certificate"},
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "a message came out of order"},
    {MBEDTLS_ERR_SSL_CONN_EOF, "the device closed the connection during the handshake"},
};

static enum tls_state fail(struct tls_connection *c, int code)
{
    if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        c->facts.from_device = (struct tls_alert){true, true, c->ssl.in_msg[1]};
    }
    if (code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE) { // the library leaves without a word
        mbedtls_ssl_send_alert_message(&c->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                       MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    }
    note_own_alert(c);
    snprintf(c->facts.why, sizeof c->facts.why, "mbedTLS error -0x%04x", (unsigned)-code);
    for (size_t i = 0; i < HR_COUNT_OF(failures); i++) {
        if (failures[i].code == code) {
            span_copy_text(span_text(failures[i].sentence), c->facts.why, sizeof c->facts.why);
        }
    }
    if (code == MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION) {
        span_copy_text(span_text(c->server->no_version), c->facts.why, sizeof c->facts.why);
    }
    return c->state = TLS_FAILED;
}

static enum tls_state read_plain(struct tls_connection *c)
{
    uint8_t record[MBEDTLS_SSL_MAX_CONTENT_LEN];
    for (;;) {
        if (c->plain.cap - c->plain.len < sizeof record) {
            return c->state; // the caller consumes and steps again
        }
        int n = mbedtls_ssl_read(&c->ssl, record, sizeof record);
        if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return c->state;
        }
        if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || n == 0) {
            c->facts.from_device = (struct tls_alert){true, false, 0};
            return c->state = TLS_CLOSED;
        }
        if (n < 0) {
            return fail(c, n);
        }
        if (buf_append(&c->plain, span_of(record, (size_t)n)) < 0) {
            return fail(c, MBEDTLS_ERR_SSL_ALLOC_FAILED);
        }
    }
}

static enum tls_state work(struct tls_connection *c)
{
    if (c->state == TLS_HANDSHAKING) {
        int code = mbedtls_ssl_handshake(&c->ssl);
        if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return c->state;
        }
        if (code != 0) {
            return fail(c, code);
        }
        note_open(c);
    }
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

// 0 when all is written or waits for the end of a new handshake.
static int write_or_wait(struct tls_connection *c, struct span bytes)
{
    while (bytes.len > 0) {
        int n = mbedtls_ssl_write(&c->ssl, bytes.ptr, bytes.len);
        if (n == MBEDTLS_ERR_SSL_WANT_READ) {
            return buf_append(&c->waiting, bytes);
        }
        if (n <= 0) {
            FAIL(n == MBEDTLS_ERR_SSL_WANT_WRITE ? ERR_TOO_BIG : ERR_TLS,
                 "TLS write failed (-0x%04x)", (unsigned)-n);
        }
        bytes = span_from(bytes, (size_t)n);
    }
    return 0;
}

static int write_plain(struct tls_connection *c, struct span bytes)
{
    ENSURE(c->state == TLS_OPEN || c->state == TLS_CLOSED, ERR_PEER_CLOSED);
    if (c->waiting.len > 0) {
        return buf_append(&c->waiting, bytes);
    }
    stepping = c;
    int code = write_or_wait(c, bytes);
    stepping = NULL;
    return code;
}

static int write_waiting(struct tls_connection *c)
{
    if (c->waiting.len == 0 || c->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        return 0;
    }
    struct buf bytes = c->waiting;
    buf_init(&c->waiting, TLS_INPUT_BYTES_MOST);
    int code = write_or_wait(c, buf_span(&bytes));
    buf_wipe(&bytes);
    return code;
}

static enum tls_state step(struct tls_connection *c)
{
    stepping = c;
    enum tls_state state = work(c);
    c->facts.is_renegotiated = c->ssl.renego_status == MBEDTLS_SSL_RENEGOTIATION_DONE;
    if (state == TLS_OPEN && write_waiting(c) < 0) {
        state = fail(c, MBEDTLS_ERR_SSL_ALLOC_FAILED);
    }
    stepping = NULL;
    return state;
}

static void close_connection(struct tls_connection *c)
{
    if (c->state == TLS_OPEN || c->state == TLS_CLOSED) {
        mbedtls_ssl_close_notify(&c->ssl);
    }
}

static int send_alert(struct tls_connection *c, bool is_fatal, uint8_t code)
{
    ENSURE(c->state == TLS_OPEN, ERR_PEER_CLOSED);
    uint8_t level = is_fatal ? MBEDTLS_SSL_ALERT_LEVEL_FATAL : MBEDTLS_SSL_ALERT_LEVEL_WARNING;
    ENSURE(mbedtls_ssl_send_alert_message(&c->ssl, level, code) == 0, ERR_TLS);
    c->facts.from_hub = (struct tls_alert){true, is_fatal, code};
    return 0;
}

static int renegotiate(struct tls_connection *c)
{
    ENSURE(c->state == TLS_OPEN, ERR_PEER_CLOSED);
    c->ssl.conf = &c->server->renegotiating;
    ENSURE(mbedtls_ssl_renegotiate(&c->ssl) == 0, ERR_TLS);
    return 0;
}

static const struct tls_facts *facts(const struct tls_connection *c)
{
    return &c->facts;
}

const struct tls_engine tls_engine_mbedtls = {
    .name = "mbedtls",
    .server_new = mbed_server_new,
    .server_release = mbed_server_release,
    .connection_new = connection_new,
    .connection_free = connection_free,
    .feed = feed,
    .step = step,
    .output = output,
    .plain = plain,
    .write = write_plain,
    .close = close_connection,
    .send_alert = send_alert,
    .renegotiate = renegotiate,
    .facts = facts,
};
