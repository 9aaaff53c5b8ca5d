// SPDX-License-Identifier: MIT
#include "certs/peers/peer.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

struct client {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt roots;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    mbedtls_net_context net;
};

static int set_up(struct client *c, const struct peer_order *order)
{
    mbedtls_entropy_init(&c->entropy);
    mbedtls_ctr_drbg_init(&c->random);
    mbedtls_x509_crt_init(&c->roots);
    mbedtls_ssl_config_init(&c->config);
    mbedtls_ssl_init(&c->ssl);
    c->net.fd = order->fd;
    int code = mbedtls_ctr_drbg_seed(&c->random, mbedtls_entropy_func, &c->entropy, NULL, 0);
    code = code ? code : mbedtls_x509_crt_parse_file(&c->roots, order->roots);
    code = code ? code
                : mbedtls_ssl_config_defaults(&c->config, MBEDTLS_SSL_IS_CLIENT,
                                              MBEDTLS_SSL_TRANSPORT_STREAM,
                                              MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_ca_chain(&c->config, &c->roots, NULL);
    mbedtls_ssl_conf_authmode(&c->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(&c->config, mbedtls_ctr_drbg_random, &c->random);
    code = code ? code : mbedtls_ssl_setup(&c->ssl, &c->config);
    code = code ? code : mbedtls_ssl_set_hostname(&c->ssl, order->host);
    mbedtls_ssl_set_bio(&c->ssl, &c->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    return code;
}

int main(int argc, char **argv)
{
    char version[64] = "mbedTLS ";
    mbedtls_version_get_string(version + strlen(version));
    struct peer_order order = peer_begin(argc, argv, version);
    static struct client client;
    int code = set_up(&client, &order);
    if (code != 0) {
        fprintf(stderr, "-0x%04x\n", (unsigned)-code);
        return 2;
    }
    do {
        code = mbedtls_ssl_handshake(&client.ssl);
    } while (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE);
    printf("-0x%04x; verify flags 0x%x\n", (unsigned)-code,
           (unsigned)mbedtls_ssl_get_verify_result(&client.ssl));
    mbedtls_ssl_free(&client.ssl);
    mbedtls_ssl_config_free(&client.config);
    mbedtls_x509_crt_free(&client.roots);
    mbedtls_ctr_drbg_free(&client.random);
    mbedtls_entropy_free(&client.entropy);
    return 0;
}
