// SPDX-License-Identifier: MIT
// What mbedTLS itself can do: full handshakes in memory, no socket, no loop, and of both sides the
// processor time of the server alone is counted. A server on mbedTLS cannot be faster on one core.
//
//     bench_limit CHAIN.pem KEY.pem COUNT
//
// TLS 1.2, X25519 and AES-128-GCM, as bench_tls asks for.
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIPE_BYTES = 32768 };

struct pipe {
    unsigned char bytes[PIPE_BYTES];
    size_t len;
};

struct side {
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    struct pipe *in, *out;
};

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;

static void check(int code, const char *what)
{
    if (code != 0) {
        fprintf(stderr, "bench_limit: %s (-0x%04x)\n", what, (unsigned)-code);
        exit(3);
    }
}

static int pipe_send(void *context, const unsigned char *bytes, size_t len)
{
    struct pipe *p = ((struct side *)context)->out;
    if (p->len + len > sizeof p->bytes) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    memcpy(p->bytes + p->len, bytes, len);
    p->len += len;
    return (int)len;
}

static int pipe_receive(void *context, unsigned char *bytes, size_t capacity)
{
    struct pipe *p = ((struct side *)context)->in;
    size_t len = p->len < capacity ? p->len : capacity;
    if (len == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(bytes, p->bytes, len);
    memmove(p->bytes, p->bytes + len, p->len - len);
    p->len -= len;
    return (int)len;
}

static void open_side(struct side *s, int endpoint)
{
    static const int suites[] = {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 0};
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_NONE};
    mbedtls_ssl_config_init(&s->config);
    check(mbedtls_ssl_config_defaults(&s->config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT),
          "no configuration");
    mbedtls_ssl_conf_rng(&s->config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_ciphersuites(&s->config, suites);
    mbedtls_ssl_conf_curves(&s->config, curves);
    mbedtls_ssl_conf_authmode(&s->config, MBEDTLS_SSL_VERIFY_NONE); // only the server is measured
}

static double processor_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void step(struct side *s)
{
    int code = mbedtls_ssl_handshake(&s->ssl);
    check(code == MBEDTLS_ERR_SSL_WANT_READ ? 0 : code, "a handshake failed");
}

// The processor time that the server needs for one handshake.
static double shake(struct side *client, struct side *server)
{
    double seconds = 0;
    struct side *sides[] = {client, server};
    for (int i = 0; i < 2; i++) {
        mbedtls_ssl_init(&sides[i]->ssl);
        sides[i]->in->len = 0;
        check(mbedtls_ssl_setup(&sides[i]->ssl, &sides[i]->config), "no memory");
        mbedtls_ssl_set_bio(&sides[i]->ssl, sides[i], pipe_send, pipe_receive, NULL);
    }
    while (client->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER ||
           server->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        step(client);
        double began = processor_s();
        step(server);
        seconds += processor_s() - began;
    }
    mbedtls_ssl_free(&client->ssl);
    mbedtls_ssl_free(&server->ssl);
    return seconds;
}

int main(int argc, char **argv)
{
    static struct pipe up, down;
    static struct side client = {.in = &down, .out = &up};
    static struct side server = {.in = &up, .out = &down};
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
    int count = argc == 4 ? atoi(argv[3]) : 0;
    double seconds = 0;
    if (count < 1) {
        fprintf(stderr, "usage: %s CHAIN.pem KEY.pem COUNT\n", argv[0]);
        return 2;
    }
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_x509_crt_init(&chain);
    mbedtls_pk_init(&key);
    check(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "no randomness");
    check(mbedtls_x509_crt_parse_file(&chain, argv[1]), "the chain cannot be read");
    check(mbedtls_pk_parse_keyfile(&key, argv[2], NULL), "the key cannot be read");
    open_side(&client, MBEDTLS_SSL_IS_CLIENT);
    open_side(&server, MBEDTLS_SSL_IS_SERVER);
    check(mbedtls_ssl_conf_own_cert(&server.config, &chain, &key), "no memory");
    for (int i = 0; i < count; i++) {
        seconds += shake(&client, &server);
    }
    printf("limit_ms_per_handshake=%.2f limit_per_s_and_core=%.1f\n", seconds * 1000 / count,
           count / seconds);
    mbedtls_ssl_config_free(&client.config);
    mbedtls_ssl_config_free(&server.config);
    mbedtls_x509_crt_free(&chain);
    mbedtls_pk_free(&key);
    mbedtls_ctr_drbg_free(&drbg);
    mbedtls_entropy_free(&entropy);
    return 0;
}
