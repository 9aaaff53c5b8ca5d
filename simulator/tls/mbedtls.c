// SPDX-License-Identifier: MIT
// The mbedTLS 2.28 engine. A server asks for a client certificate without demanding one and sends
// an empty CA list, as the real hub does; it never verifies the client's chain, because the hub
// judges certificates itself, by thumbprint or from the DER of everything that the device sent.
#include "base/error.h"
#include "base/hash.h"
#include "base/when.h"
#include "simulator/tls/engine.h"

#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_server {
    atomic_int users;
    struct env env;
    char chain_name[96];
    mbedtls_ssl_config config;
    mbedtls_ssl_config renegotiating; // shares what `config` owns; for connections that were asked
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
};

struct tls_connection {
    struct tls_server *server;
    mbedtls_ssl_context ssl;
    struct buf input;
    struct buf output;
    struct buf waiting; // not written while a new handshake is under way
    struct buf plain;
    enum tls_state state;
    struct tls_facts facts;
};

// The suites of the real service, forward secrecy only.
static const int suites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
    0,
};

// Cheap curves first: the library's own order begins with secp521r1.
static const mbedtls_ecp_group_id curves[] = {
    MBEDTLS_ECP_DP_CURVE25519,
    MBEDTLS_ECP_DP_SECP256R1,
    MBEDTLS_ECP_DP_SECP384R1,
    MBEDTLS_ECP_DP_NONE,
};

static int random_bytes(void *context, unsigned char *out, size_t len)
{
    struct tls_server *server = context;
    return server->env.random(server->env.world, out, len) == 0 ? 0
                                                                : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int parse_key(const struct tls_server_settings *settings, mbedtls_pk_context *out)
{
    struct buf text HR_CLEANUP(buf_wipe); // mbedTLS wants a NUL inside the length
    buf_init(&text, 1 << 20);
    TRY(buf_append(&text, settings->key_pem));
    int code = mbedtls_pk_parse_key(out, text.data, text.len + 1, NULL, 0);
    if (code != 0) {
        FAIL(ERR_CRYPTO, "mbedTLS cannot read the key of chain %s (-0x%04x)", settings->chain_name,
             (unsigned)-code);
    }
    return 0;
}

// The certificates are sent as they are and never parsed: a hub must be able to present what no
// library would load, and the library's own rules on key usage must not hold it back. A handshake
// needs only the bytes of each and the public key of the first.
static int load_chain(struct tls_server *server, const struct tls_server_settings *settings)
{
    mbedtls_x509_crt *crt = &server->chain;
    for (size_t i = 0; i < settings->sent_count; i++) {
        if (i > 0) {
            crt->next = calloc(1, sizeof *crt->next);
            ENSURE(crt->next != NULL, ERR_NO_MEMORY);
            crt = crt->next;
            mbedtls_x509_crt_init(crt);
        }
        crt->raw.p = calloc(1, settings->sent_der[i].len + 1);
        ENSURE(crt->raw.p != NULL, ERR_NO_MEMORY);
        memcpy(crt->raw.p, settings->sent_der[i].ptr, settings->sent_der[i].len);
        crt->raw.len = settings->sent_der[i].len;
        crt->own_buffer = 1;
        crt->version = 3;
    }
    TRY(parse_key(settings, &server->chain.pk));
    return parse_key(settings, &server->key);
}

// The library hands the secret to the configuration, not to the connection: this is the connection
// whose step is under way in this thread.
static _Thread_local struct tls_connection *stepping;

static void append_hex(char *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

static int note_secret(void *context, const unsigned char *master, const unsigned char *keys,
                       size_t mac_bytes, size_t key_bytes, size_t iv_bytes,
                       const unsigned char client_random[32], const unsigned char server_random[32],
                       mbedtls_tls_prf_types prf)
{
    (void)context, (void)keys, (void)mac_bytes, (void)key_bytes, (void)iv_bytes;
    (void)server_random, (void)prf;
    char *out = stepping->facts.key_log;
    size_t at = (size_t)snprintf(out, sizeof stepping->facts.key_log, "CLIENT_RANDOM ");
    append_hex(out + at, client_random, 32);
    out[at + 64] = ' ';
    append_hex(out + at + 65, master, 48);
    return 0;
}

static int configure(struct tls_server *server)
{
    mbedtls_ssl_config *config = &server->config;
    ENSURE(mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT) == 0,
           ERR_CRYPTO);
    mbedtls_ssl_conf_rng(config, random_bytes, server);
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_ciphersuites(config, suites);
    mbedtls_ssl_conf_curves(config, curves);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_export_keys_ext_cb(config, note_secret, NULL);
    mbedtls_ssl_conf_cert_req_ca_list(config, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
    ENSURE(mbedtls_ssl_conf_own_cert(config, &server->chain, &server->key) == 0, ERR_CRYPTO);
    server->renegotiating = *config;
    mbedtls_ssl_conf_renegotiation(&server->renegotiating, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    mbedtls_ssl_conf_renegotiation_enforced(&server->renegotiating,
                                            MBEDTLS_SSL_RENEGOTIATION_NOT_ENFORCED);
    return 0;
}

static void server_release(struct tls_server *server)
{
    if (!server || atomic_fetch_sub(&server->users, 1) > 1) {
        return;
    }
    mbedtls_ssl_config_free(&server->config);
    mbedtls_x509_crt_free(&server->chain);
    mbedtls_pk_free(&server->key);
    free(server);
}

static int server_new(const struct tls_server_settings *settings, struct tls_server **out)
{
    struct tls_server *server = calloc(1, sizeof *server);
    ENSURE(server != NULL, ERR_NO_MEMORY);
    atomic_init(&server->users, 1);
    server->env = *settings->env;
    span_copy_text(span_text(settings->chain_name), server->chain_name, sizeof server->chain_name);
    mbedtls_ssl_config_init(&server->config);
    mbedtls_x509_crt_init(&server->chain);
    mbedtls_pk_init(&server->key);
    int code = load_chain(server, settings);
    if (code == 0) {
        code = configure(server);
    }
    if (code < 0) {
        server_release(server);
        return code;
    }
    *out = server;
    return 0;
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
    explicit_bzero(c->facts.key_log, sizeof c->facts.key_log);
    buf_deinit(&c->input);
    buf_deinit(&c->output);
    buf_wipe(&c->plain);
    buf_wipe(&c->waiting);
    server_release(c->server);
    free(c);
}

static int connection_new(struct tls_server *server, struct tls_connection **out)
{
    struct tls_connection *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, ERR_NO_MEMORY);
    atomic_fetch_add(&server->users, 1);
    c->server = server;
    c->facts = (struct tls_facts){.chain_name = server->chain_name, .version = "", .suite = ""};
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
    c->facts.version = mbedtls_ssl_get_version(&c->ssl);
    c->facts.suite = mbedtls_ssl_get_ciphersuite(&c->ssl);
    note_certificate(c);
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
    {MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION, "the device does not offer TLS 1.2"},
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
    note_own_alert(c);
    snprintf(c->facts.why, sizeof c->facts.why, "mbedTLS error -0x%04x", (unsigned)-code);
    for (size_t i = 0; i < HR_COUNT_OF(failures); i++) {
        if (failures[i].code == code) {
            span_copy_text(span_text(failures[i].sentence), c->facts.why, sizeof c->facts.why);
        }
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
    ENSURE(c->state == TLS_OPEN, ERR_PEER_CLOSED);
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
    .send_alert = send_alert,
    .renegotiate = renegotiate,
    .facts = facts,
};
