// SPDX-License-Identifier: MIT
#include "certs/peers/peer.h"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

int main(int argc, char **argv)
{
    char version[64];
    snprintf(version, sizeof version, "wolfSSL %s", wolfSSL_lib_version());
    struct peer_order order = peer_begin(argc, argv, version);
    wolfSSL_Init();
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(order.is_tls13 ? wolfTLSv1_3_client_method()
                                                    : wolfTLSv1_2_client_method());
    if (!ctx) {
        return 2;
    }
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER, NULL); // not the default of Debian's build
    // A root that it does not like is left out, as in a device that goes on all the same.
    int loaded = wolfSSL_CTX_load_verify_locations(ctx, order.roots, NULL);
    WOLFSSL *ssl = wolfSSL_new(ctx);
    wolfSSL_set_fd(ssl, order.fd);
    if (!order.is_address) {
        wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, order.host, (unsigned short)strlen(order.host));
    }
    wolfSSL_check_domain_name(ssl, order.host);
    int code = wolfSSL_connect(ssl);
    printf("%d (error %d); roots %d\n", code, wolfSSL_get_error(ssl, code), loaded);
    peer_end(&order);
    wolfSSL_free(ssl);
    wolfSSL_CTX_free(ctx);
    wolfSSL_Cleanup();
    return 0;
}
