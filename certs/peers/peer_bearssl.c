// SPDX-License-Identifier: MIT
#include "certs/peers/peer.h"

#include <bearssl.h>
#include <unistd.h>

enum { ANCHORS_MOST = 8, FILE_BYTES_MOST = 1 << 16 };

struct bytes {
    unsigned char data[FILE_BYTES_MOST];
    size_t len;
};

static void append(void *ctx, const void *data, size_t len)
{
    struct bytes *out = ctx;
    if (out->len + len <= sizeof out->data) {
        memcpy(out->data + out->len, data, len);
        out->len += len;
    }
}

static unsigned char *copy(const void *data, size_t len)
{
    unsigned char *out = malloc(len + 1);
    if (!out) {
        exit(2);
    }
    memcpy(out, data, len);
    return out;
}

// The memory of an anchor lives as long as the program.
static bool read_anchor(const struct bytes *der, br_x509_trust_anchor *out)
{
    static struct bytes name;
    br_x509_decoder_context decoder;
    name.len = 0;
    br_x509_decoder_init(&decoder, append, &name);
    br_x509_decoder_push(&decoder, der->data, der->len);
    br_x509_pkey *key = br_x509_decoder_get_pkey(&decoder);
    if (!key) {
        return false;
    }
    out->dn.data = copy(name.data, name.len);
    out->dn.len = name.len;
    out->flags = br_x509_decoder_isCA(&decoder) ? BR_X509_TA_CA : 0;
    out->pkey = *key;
    if (key->key_type == BR_KEYTYPE_RSA) {
        out->pkey.key.rsa.n = copy(key->key.rsa.n, key->key.rsa.nlen);
        out->pkey.key.rsa.e = copy(key->key.rsa.e, key->key.rsa.elen);
    } else {
        out->pkey.key.ec.q = copy(key->key.ec.q, key->key.ec.qlen);
    }
    return true;
}

static size_t read_anchors(const char *path, br_x509_trust_anchor *out)
{
    static struct bytes text, der;
    FILE *file = fopen(path, "rb");
    text.len = file ? fread(text.data, 1, sizeof text.data, file) : 0;
    if (file) {
        fclose(file);
    }
    br_pem_decoder_context pem;
    br_pem_decoder_init(&pem);
    size_t count = 0, at = 0;
    while (at < text.len) {
        at += br_pem_decoder_push(&pem, text.data + at, text.len - at);
        int event = br_pem_decoder_event(&pem);
        if (event == BR_PEM_BEGIN_OBJ) {
            der.len = 0;
            br_pem_decoder_setdest(&pem, append, &der);
        } else if (event == BR_PEM_END_OBJ && count < ANCHORS_MOST) {
            count += read_anchor(&der, &out[count]) ? 1 : 0;
        }
    }
    return count;
}

static int socket_read(void *ctx, unsigned char *data, size_t len)
{
    ssize_t got = read(*(int *)ctx, data, len);
    return got > 0 ? (int)got : -1;
}

static int socket_write(void *ctx, const unsigned char *data, size_t len)
{
    ssize_t sent = write(*(int *)ctx, data, len);
    return sent > 0 ? (int)sent : -1;
}

int main(int argc, char **argv)
{
    static br_x509_trust_anchor anchors[ANCHORS_MOST];
    static br_ssl_client_context client;
    static br_x509_minimal_context x509;
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
    struct peer_order order =
        peer_begin(argc, argv, "BearSSL 0.6 (Debian 12; it does not say so itself)");
    size_t count = read_anchors(order.roots, anchors);
    if (count == 0) {
        return 2;
    }
    br_ssl_client_init_full(&client, &x509, anchors, count);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    br_ssl_engine_set_versions(&client.eng, BR_TLS12, BR_TLS12);
    br_ssl_client_reset(&client, order.host, 0);
    br_sslio_context io;
    br_sslio_init(&io, &client.eng, socket_read, &order.fd, socket_write, &order.fd);
    br_sslio_flush(&io);
    printf("error %d\n", br_ssl_engine_last_error(&client.eng));
    return 0;
}
