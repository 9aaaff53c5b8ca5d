// SPDX-License-Identifier: MIT
#include "certs/verify_peer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

void peer_read_pem(struct span pem, struct peer_certs *out)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    out->count = 0;
    while (out->count < PEER_CERTS_MOST) {
        X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!cert) {
            break;
        }
        out->items[out->count++] = cert;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        peer_free(out);
        out->count = -1;
    }
    ERR_clear_error();
    BIO_free(bio);
}

void peer_free(struct peer_certs *certs)
{
    for (int i = 0; i < certs->count; i++) {
        X509_free(certs->items[i]);
    }
    certs->count = 0;
}

int peer_verify(struct span sent_pem, struct span root_pem, const char *host, int64_t utc_s)
{
    struct peer_certs sent, roots;
    peer_read_pem(sent_pem, &sent);
    peer_read_pem(root_pem, &roots);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    for (int i = 0; i < roots.count; i++) {
        X509_STORE_add_cert(store, roots.items[i]);
    }
    for (int i = 1; i < sent.count; i++) {
        sk_X509_push(others, sent.items[i]);
    }
    int result = -1;
    if (sent.count > 0 && roots.count > 0 &&
        X509_STORE_CTX_init(ctx, store, sent.items[0], others) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_STORE_CTX_set_default(ctx, "ssl_server");
        X509_VERIFY_PARAM_set_time(param, (time_t)utc_s);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
        if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1) {
            X509_VERIFY_PARAM_set1_host(param, host, 0);
        }
        X509_verify_cert(ctx);
        result = X509_STORE_CTX_get_error(ctx);
    }
    sk_X509_free(others);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    peer_free(&sent);
    peer_free(&roots);
    ERR_clear_error();
    return result;
}
