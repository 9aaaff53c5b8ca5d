// SPDX-License-Identifier: MIT
#include "certs/peers/peer.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static void set_name(SSL *ssl, const struct peer_order *order)
{
    if (order->is_address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), order->host);
    } else {
        SSL_set_tlsext_host_name(ssl, order->host);
        SSL_set1_host(ssl, order->host);
    }
}

int main(int argc, char **argv)
{
    char version[64];
    snprintf(version, sizeof version, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
    struct peer_order order = peer_begin(argc, argv, version);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx || SSL_CTX_load_verify_locations(ctx, order.roots, NULL) != 1) {
        ERR_print_errors_fp(stderr);
        return 2;
    }
    SSL_CTX_set_min_proto_version(ctx, order.is_tls13 ? TLS1_3_VERSION : 0);
    SSL_CTX_set_max_proto_version(ctx, order.is_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, order.fd);
    set_name(ssl, &order);
    SSL_connect(ssl); // never gets further than its second flight
    printf("verify %ld (%s); %s\n", SSL_get_verify_result(ssl),
           X509_verify_cert_error_string(SSL_get_verify_result(ssl)),
           ERR_reason_error_string(ERR_peek_error()));
    peer_end(&order);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return 0;
}
