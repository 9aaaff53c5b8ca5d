// SPDX-License-Identifier: MIT
#include "certs/doctor/form_peers.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

int wolfssl_loads(struct span text)
{
    wolfSSL_Init();
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_2_client_method());
    int rc = wolfSSL_CTX_load_verify_buffer(ctx, text.ptr, (long)text.len, WOLFSSL_FILETYPE_PEM);
    wolfSSL_CTX_free(ctx);
    wolfSSL_Cleanup();
    return rc == WOLFSSL_SUCCESS ? 1 : -1;
}
