// SPDX-License-Identifier: MIT
// One chain with its policy, in OpenSSL terms. The library parses what it sends: a chain that does
// not survive that byte for byte is refused with a sentence.
#include "base/error.h"
#include "simulator/tls/ca_name.h"
#include "simulator/tls/openssl_private.h"
#include "simulator/tls/suite.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKET_LIFE_S = 86400 };

static int fail_chain(const struct tls_server_settings *settings, const char *what)
{
    ERR_clear_error();
    FAIL(ERR_VALUE,
         "this chain cannot be parsed by the OpenSSL engine; use mbedtls (%s: %s)",
         settings->chain_name, what);
}

// ---- the chain

// The library writes a certificate anew when it sends it, so that only what comes out as it went in
// is taken.
static X509 *parse_certificate(struct span der)
{
    const uint8_t *at = der.ptr;
    X509 *crt = d2i_X509(NULL, &at, (long)der.len);
    uint8_t *again = NULL;
    int len = crt && at == der.ptr + der.len ? i2d_X509(crt, &again) : -1;
    bool is_same = len >= 0 && span_equals(span_of(again, (size_t)len), der);
    OPENSSL_free(again);
    if (!is_same) {
        X509_free(crt);
        return NULL;
    }
    return crt;
}

static int use_key(struct tls_server *server, const struct tls_server_settings *settings)
{
    BIO *bio = BIO_new_mem_buf(settings->key_pem.ptr, (int)settings->key_pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    bool is_used = key && SSL_CTX_use_PrivateKey(server->context, key) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!is_used) {
        FAIL(ERR_VALUE, "chain %s: the OpenSSL engine takes no key that does not fit the "
                        "certificate; use mbedtls",
             settings->chain_name);
    }
    return 0;
}

static int load_chain(struct tls_server *server, const struct tls_server_settings *settings)
{
    char what[40];
    for (size_t i = 0; i < settings->sent_count; i++) {
        X509 *crt = parse_certificate(settings->sent_der[i]);
        snprintf(what, sizeof what, "certificate %zu", i + 1);
        if (!crt) {
            return fail_chain(settings, what);
        }
        if (i == 0) {
            bool is_taken = SSL_CTX_use_certificate(server->context, crt) == 1;
            X509_free(crt);
            if (!is_taken) {
                return fail_chain(settings, "its public key");
            }
        } else if (SSL_CTX_add0_chain_cert(server->context, crt) != 1) {
            X509_free(crt);
            return fail_chain(settings, what);
        }
    }
    return use_key(server, settings);
}

// ---- the policy

static int print_suite(SSL *ssl, uint16_t id, struct buf *out)
{
    char scratch[16];
    const uint8_t wire[2] = {(uint8_t)(id >> 8), (uint8_t)id};
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, wire);
    if (!cipher) {
        FAIL(ERR_VALUE, "the OpenSSL engine has no %s", tls_suite_name(id, scratch));
    }
    return buf_printf(out, "%s%s", out->len ? ":" : "", SSL_CIPHER_get_name(cipher));
}

static int print_suites(struct tls_server *server, bool is_tls13, struct buf *out)
{
    uint16_t wanted[TLS_POLICY_SUITES_MOST];
    size_t count = tls_policy_suites(&server->policy, is_tls13, wanted);
    SSL *ssl = SSL_new(server->context); // only a connection knows suites by number
    ENSURE(ssl != NULL, ERR_NO_MEMORY);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = print_suite(ssl, wanted[i], out);
    }
    SSL_free(ssl);
    return code;
}

static int choose_suites(struct tls_server *server)
{
    struct buf older HR_CLEANUP(buf_deinit);
    struct buf tls13 HR_CLEANUP(buf_deinit);
    buf_init(&older, 4000);
    buf_init(&tls13, 1000);
    TRY(print_suites(server, false, &older));
    TRY(print_suites(server, true, &tls13));
    if (SSL_CTX_set_cipher_list(server->context, buf_text(&older)) != 1 ||
        SSL_CTX_set_ciphersuites(server->context, buf_text(&tls13)) != 1) {
        ERR_clear_error();
        FAIL(ERR_VALUE, "the OpenSSL engine takes none of the suites %s:%s", buf_text(&older),
             buf_text(&tls13));
    }
    return 0;
}

static int choose_curves(struct tls_server *server)
{
    static const struct {
        uint16_t id;
        int nid;
    } rows[] = {{23, NID_X9_62_prime256v1}, {24, NID_secp384r1}, {25, NID_secp521r1},
                {29, NID_X25519},           {30, NID_X448},      {21, NID_secp224r1},
                {22, NID_secp256k1},        {19, NID_X9_62_prime192v1}};
    char scratch[16];
    uint16_t wanted[TLS_POLICY_GROUPS_MOST];
    int nids[TLS_POLICY_GROUPS_MOST];
    size_t count = tls_policy_groups(&server->policy, wanted);
    for (size_t i = 0; i < count; i++) {
        nids[i] = NID_undef;
        for (size_t k = 0; k < HR_COUNT_OF(rows); k++) {
            nids[i] = rows[k].id == wanted[i] ? rows[k].nid : nids[i];
        }
        if (nids[i] == NID_undef) {
            FAIL(ERR_VALUE, "the OpenSSL engine has no curve %s",
                 tls_group_name(wanted[i], scratch));
        }
    }
    ENSURE(SSL_CTX_set1_groups(server->context, nids, (long)count) == 1, ERR_CRYPTO);
    return 0;
}

static int choose_versions(struct tls_server *server)
{
    uint16_t least = tls_policy_least(&server->policy);
    uint16_t most = tls_policy_most(&server->policy);
    ENSURE(SSL_CTX_set_min_proto_version(server->context, least) == 1 &&
               SSL_CTX_set_max_proto_version(server->context, most) == 1,
           ERR_CRYPTO);
    return tls_policy_tell_versions(&server->policy, server->no_version);
}

// ---- client certificates

// The hub judges certificates by its own rules.
static int take_any(X509_STORE_CTX *context, void *argument)
{
    (void)context, (void)argument;
    return 1;
}

static int add_ca_names(struct tls_server *server)
{
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    ENSURE(names != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < server->policy.ca_count; i++) {
        struct buf der HR_CLEANUP(buf_deinit);
        buf_init(&der, 200);
        int code = ca_name_make(i + 1, &der);
        const uint8_t *at = der.data;
        X509_NAME *name = code == 0 ? d2i_X509_NAME(NULL, &at, (long)der.len) : NULL;
        if (!name || sk_X509_NAME_push(names, name) <= 0) {
            X509_NAME_free(name);
            sk_X509_NAME_pop_free(names, X509_NAME_free);
            return ERR_NO_MEMORY;
        }
    }
    SSL_CTX_set_client_CA_list(server->context, names); // takes them
    return 0;
}

static int ask_for_certificates(struct tls_server *server)
{
    static const int modes[] = {
        [TLS_CLIENT_CERTIFICATE_OPTIONAL] = SSL_VERIFY_PEER,
        [TLS_CLIENT_CERTIFICATE_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        [TLS_CLIENT_CERTIFICATE_NONE] = SSL_VERIFY_NONE,
    };
    SSL_CTX_set_verify(server->context, modes[server->policy.client_certificate], NULL);
    SSL_CTX_set_cert_verify_callback(server->context, take_any, NULL);
    return add_ca_names(server);
}

// ---- session tickets

static int on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_bytes,
                     SSL_TICKET_STATUS status, void *argument)
{
    struct tls_server *server = argument;
    (void)session, (void)name, (void)name_bytes;
    bool is_good = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    if (!is_good || server->policy.tickets == TLS_TICKETS_REFUSED) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    // a ticket of TLS 1.3 is for one use, one of TLS 1.2 for its whole life
    return SSL_version(ssl) >= TLS1_3_VERSION ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

static int set_up_tickets(struct tls_server *server, struct span secret)
{
    SSL_CTX *context = server->context;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, TICKET_LIFE_S);
    if (server->policy.tickets == TLS_TICKETS_OFF) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
        return 0;
    }
    static const uint8_t id[] = "hubrig"; // the library wants one where certificates are asked for
    uint8_t keys[TLS_TICKET_SECRET_BYTES];
    ENSURE(secret.len >= sizeof keys, ERR_INTERNAL);
    memcpy(keys, secret.ptr, sizeof keys);
    bool is_set = SSL_CTX_set_session_id_context(context, id, sizeof id - 1) == 1 &&
                  SSL_CTX_set_tlsext_ticket_keys(context, keys, sizeof keys) == 1 &&
                  SSL_CTX_set_session_ticket_cb(context, NULL, on_ticket, server) == 1;
    OPENSSL_cleanse(keys, sizeof keys);
    ENSURE(is_set, ERR_CRYPTO);
    return 0;
}

// ---- bytes

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct tls_connection *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (buf_append(&c->output, span_of(bytes, (size_t)len)) < 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    return len;
}

static int bio_read(BIO *bio, char *out, int len)
{
    struct tls_connection *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (c->input.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)len < c->input.len ? (size_t)len : c->input.len;
    memcpy(out, c->input.data, n);
    buf_consume(&c->input, n);
    return (int)n;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int make_bio(struct tls_server *server)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hubrig");
    ENSURE(method != NULL, ERR_NO_MEMORY);
    server->bio = method;
    ENSURE(BIO_meth_set_write(method, bio_write) == 1 && BIO_meth_set_read(method, bio_read) == 1 &&
               BIO_meth_set_ctrl(method, bio_control) == 1,
           ERR_CRYPTO);
    return 0;
}

// ---- the server

static int configure(struct tls_server *server, const struct tls_server_settings *settings)
{
    SSL_CTX *context = server->context;
    // A hub must be able to present weak keys, old hashes and old versions.
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN |
                                  SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_info_callback(context, openssl_note_alert);
    server->wants_key_log = settings->wants_key_log;
    SSL_CTX_set_keylog_callback(context, openssl_note_secret);
    SSL_CTX_set_msg_callback(context, openssl_note_message);
    TRY(load_chain(server, settings));
    TRY(choose_versions(server));
    TRY(choose_suites(server));
    TRY(choose_curves(server));
    TRY(ask_for_certificates(server));
    TRY(set_up_tickets(server, settings->ticket_secret));
    return make_bio(server);
}

void openssl_server_release(struct tls_server *server)
{
    if (!server || atomic_fetch_sub(&server->users, 1) > 1) {
        return;
    }
    SSL_CTX_free(server->context);
    BIO_meth_free(server->bio);
    free(server);
}

int openssl_server_new(const struct tls_server_settings *settings, struct tls_server **out)
{
    struct tls_server *server = calloc(1, sizeof *server);
    ENSURE(server != NULL, ERR_NO_MEMORY);
    atomic_init(&server->users, 1);
    server->policy = settings->policy;
    span_copy_text(span_text(settings->chain_name), server->chain_name, sizeof server->chain_name);
    server->context = SSL_CTX_new(TLS_server_method());
    int code = server->context ? configure(server, settings) : ERR_NO_MEMORY;
    if (code < 0) {
        openssl_server_release(server);
        return code;
    }
    *out = server;
    return 0;
}
