// SPDX-License-Identifier: MIT
// TLS towards the upstream: an OpenSSL client over memory BIOs, which trusts what it was told to.
#include "base/error.h"
#include "base/fs.h"
#include "simulator/front/route.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { RECORD_BYTES_MOST = 16384 };

int upstream_tls_new(const struct front_settings *settings, SSL_CTX **out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    ENSURE(context != NULL, ERR_NO_MEMORY);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ERR_clear_error();
    int is_loaded = settings->root ? SSL_CTX_load_verify_file(context, settings->root)
                                   : SSL_CTX_set_default_verify_paths(context);
    if (!is_loaded) {
        ERR_clear_error();
        SSL_CTX_free(context);
        if (settings->root && !fs_exists(settings->root)) {
            FAIL(ERR_NO_FILE, "no trust anchors: there is no file %s", settings->root);
        }
        FAIL(ERR_VALUE, "no trust anchors: %s holds no certificate in PEM",
             settings->root ? settings->root : "the system's folder");
    }
    *out = context;
    return 0;
}

static int name_peer(SSL *ssl, const char *name)
{
    struct in6_addr address;
    if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
    }
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name);
}

// What the library has written goes to the socket.
static void flush(struct route *route)
{
    uint8_t bytes[RECORD_BYTES_MOST];
    int n = 0;
    while (route->phase != ROUTE_OVER &&
           (n = BIO_read(SSL_get_wbio(route->ssl), bytes, sizeof bytes)) > 0) {
        route_write(route, span_of(bytes, (size_t)n));
    }
}

static const char *library_reason(char *out, size_t capacity_bytes)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    snprintf(out, capacity_bytes, "%s", reason ? reason : "the connection ended");
    ERR_clear_error();
    return out;
}

static void fail(struct route *route)
{
    char reason[120];
    long verdict = SSL_get_verify_result(route->ssl);
    flush(route); // the alert that says so
    if (route->phase == ROUTE_OPEN) {
        ERR_clear_error();
        route_upstream_ended(route, "error");
    } else if (verdict != X509_V_OK) {
        ERR_clear_error();
        route_fail(route, "its certificate does not verify: %s",
                   X509_verify_cert_error_string(verdict));
    } else {
        route_fail(route, "the TLS handshake failed: %s", library_reason(reason, sizeof reason));
    }
}

static bool has_to_wait(const struct route *route, int code)
{
    int error = SSL_get_error(route->ssl, code);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void shake_hands(struct route *route)
{
    ERR_clear_error();
    int code = SSL_do_handshake(route->ssl);
    if (code != 1 && !has_to_wait(route, code)) {
        fail(route);
        return;
    }
    flush(route);
    if (code == 1) {
        route_opened(route, SSL_get_version(route->ssl));
    }
}

void upstream_tls_begin(struct route *route)
{
    const struct front_settings *s = &route->front->settings;
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    route->ssl = SSL_new(route->front->tls);
    if (!route->ssl || !in || !out || !name_peer(route->ssl, s->name ? s->name : s->host)) {
        BIO_free(in);
        BIO_free(out);
        route_fail(route, "no memory for TLS");
        return;
    }
    BIO_set_mem_eof_return(in, -1); // empty means: more will come
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(route->ssl, in, out); // takes both
    SSL_set_connect_state(route->ssl);
    shake_hands(route);
}

static void read_plain(struct route *route)
{
    uint8_t record[RECORD_BYTES_MOST];
    while (route->phase == ROUTE_OPEN) {
        ERR_clear_error();
        int n = SSL_read(route->ssl, record, sizeof record);
        if (n > 0) {
            route_to_device(route, span_of(record, (size_t)n));
            continue;
        }
        if (SSL_get_error(route->ssl, n) == SSL_ERROR_ZERO_RETURN) {
            route_upstream_ended(route, "fin");
        } else if (!has_to_wait(route, n)) {
            fail(route);
        } else {
            flush(route); // an answer to a key update
        }
        return;
    }
}

void upstream_tls_take(struct route *route, struct span bytes)
{
    if (BIO_write(SSL_get_rbio(route->ssl), bytes.ptr, (int)bytes.len) != (int)bytes.len) {
        fail(route);
        return;
    }
    if (route->phase == ROUTE_TLS) {
        shake_hands(route);
    }
    read_plain(route);
}

void upstream_tls_write(struct route *route, struct span plain)
{
    while (plain.len > 0 && route->phase == ROUTE_OPEN) {
        size_t written = 0;
        ERR_clear_error();
        if (SSL_write_ex(route->ssl, plain.ptr, plain.len, &written) != 1) {
            fail(route);
            return;
        }
        plain = span_from(plain, written);
    }
    flush(route);
}

void upstream_tls_finish(struct route *route)
{
    ERR_clear_error();
    SSL_shutdown(route->ssl);
    flush(route);
}
