// SPDX-License-Identifier: MIT
#include "certs/doctor/form_peers.h"

#include <bearssl.h>
#include <string.h>

static void ignore_name(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
}

static void decode(void *ctx, const void *data, size_t len)
{
    br_x509_decoder_push(ctx, data, len);
}

int bearssl_loads(struct span text)
{
    br_pem_decoder_context pem;
    br_x509_decoder_context x509;
    bool is_certificate = false;
    int count = 0;
    br_pem_decoder_init(&pem);
    while (text.len) {
        size_t n = br_pem_decoder_push(&pem, text.ptr, text.len);
        text = span_from(text, n);
        switch (br_pem_decoder_event(&pem)) {
        case BR_PEM_BEGIN_OBJ:
            is_certificate = strcmp(br_pem_decoder_name(&pem), "CERTIFICATE") == 0 ||
                             strcmp(br_pem_decoder_name(&pem), "X509 CERTIFICATE") == 0;
            br_x509_decoder_init(&x509, ignore_name, NULL);
            br_pem_decoder_setdest(&pem, decode, &x509);
            break;
        case BR_PEM_END_OBJ:
            if (is_certificate && !br_x509_decoder_get_pkey(&x509)) {
                return -1;
            }
            count += is_certificate;
            break;
        case BR_PEM_ERROR:
            return -1;
        default:
            break;
        }
    }
    return count ? count : -1;
}
